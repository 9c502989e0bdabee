-- What a worker had us do in a turn, with the results, as JSON; most turns have none.
ALTER TABLE turn ADD COLUMN tools TEXT;

-- Files of folders that their person has read and allowed, word for word: one that was changed since is another one.
CREATE TABLE folder_file (
    folder      TEXT    PRIMARY KEY,
    text        TEXT    NOT NULL,
    allowed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
