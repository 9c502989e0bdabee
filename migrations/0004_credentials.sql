-- Names alone: the values are in the keychain, or in the memory of the engine (`session`).
CREATE TABLE credential (
    name        TEXT    PRIMARY KEY,
    kind        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    used_at     INTEGER
) STRICT, WITHOUT ROWID;
