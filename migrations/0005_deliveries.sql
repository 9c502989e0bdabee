-- When something that is held is looked at again. NULL: with the next change around it.
ALTER TABLE delivery ADD COLUMN until INTEGER;
-- When it was first on the screen, and on what; `shown_on` is the bus's name for that.
ALTER TABLE delivery ADD COLUMN shown_at INTEGER;
ALTER TABLE delivery ADD COLUMN service TEXT;
-- When it used up one of the banners that an hour and a day have.
ALTER TABLE delivery ADD COLUMN counted_at INTEGER;
-- Nobody came: due (to be told by the person's program, too), done, waived. NULL: not yet.
ALTER TABLE delivery ADD COLUMN escalation TEXT;
-- The digest that it is part of.
ALTER TABLE delivery ADD COLUMN digest INTEGER REFERENCES delivery (id) ON DELETE SET NULL;

CREATE INDEX delivery_counted ON delivery (counted_at) WHERE counted_at IS NOT NULL;
CREATE INDEX delivery_in_digest ON delivery (digest) WHERE digest IS NOT NULL;
