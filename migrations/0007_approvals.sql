-- What is to be decided before it is done, as JSON; only questions that ask for that have it.
ALTER TABLE question ADD COLUMN approval TEXT;

-- What a person allows in a folder for a while.
CREATE TABLE person_grant (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    folder     TEXT    NOT NULL,
    rule       TEXT    NOT NULL,
    -- The very program that is meant. NULL: whichever has that name.
    program    TEXT,
    until      INTEGER NOT NULL,
    -- How often it may be used. NULL: as often as it is needed.
    uses       INTEGER,
    used       INTEGER NOT NULL,
    last_used  INTEGER,
    made_at    INTEGER NOT NULL,
    surface    TEXT    NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE INDEX person_grant_of_folder ON person_grant (folder) WHERE revoked_at IS NULL;
