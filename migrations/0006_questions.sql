-- What a question asks for at once, as JSON; most ask for one thing.
ALTER TABLE question ADD COLUMN fields TEXT;
