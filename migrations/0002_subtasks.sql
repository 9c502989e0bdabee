-- Tasks that a worker has handed on. `parent` is the number of the task that asked for it, and `depth` how many are
-- above it; a person's task has neither. A parent is never removed before its sub-tasks.
ALTER TABLE task ADD COLUMN parent INTEGER;
ALTER TABLE task ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;

CREATE INDEX task_by_parent ON task (parent) WHERE parent IS NOT NULL;

-- What a task knows of its sub-tasks, in the order in which it asked for them. `task` is an id and no reference: a
-- sub-task may be removed alone. `ended` follows its state when the parent has heard of it; what it has missed is
-- found out by comparing the two.
CREATE TABLE subtask (
    parent      INTEGER NOT NULL REFERENCES task (seq) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    task        TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    -- The same key in the same generation is the same sub-task; `fingerprint` says whether it is the same work.
    key         TEXT,
    fingerprint INTEGER NOT NULL,
    ended       TEXT,
    PRIMARY KEY (parent, n)
) STRICT, WITHOUT ROWID;
