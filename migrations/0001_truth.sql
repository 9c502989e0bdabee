-- Everything a person may see. Times are milliseconds since 1970, UTC; names of states and reasons are those
-- of the program. Applied files are never edited: a change is a new file.

-- One row is small on purpose: every transition rewrites it. The wide part stands in `work`.
-- `turns`: limits that are not the usual ones. `talk`: what a worker has told; empty for a program that only prints.
-- `seq` is the order of arrival, and lists are pages of it.
CREATE TABLE task (
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    title           TEXT    NOT NULL,
    command         TEXT    NOT NULL,
    cwd             TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    version         INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    holds           INTEGER NOT NULL,
    priority        TEXT    NOT NULL,
    notify          TEXT    NOT NULL,
    timeout_ms      INTEGER,
    retries         INTEGER NOT NULL,
    turns           TEXT,
    -- The folder that each of its runs holds, by its one name.
    lease           TEXT,
    start_at        INTEGER,
    failures        INTEGER NOT NULL,
    runs            INTEGER NOT NULL,
    executed_ms     INTEGER NOT NULL,
    next_question   INTEGER NOT NULL,
    next_timer      INTEGER NOT NULL,
    timers          TEXT    NOT NULL,
    run_id          TEXT,
    run_n           INTEGER,
    run_stage       TEXT,
    run_started_at  INTEGER,
    run_working     INTEGER,
    talk            TEXT,
    reason          TEXT    NOT NULL,
    reason_text     TEXT    NOT NULL,
    outcome         TEXT,
    origin          TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    archived_at     INTEGER,
    -- Of the folder that belongs to the task: none, pending, removed, failed. NULL: it has none.
    cleanup         TEXT,
    cleanup_error   TEXT
) STRICT;

-- Each entry also carries `seq`, so one state is read newest first without sorting. A task stands in one of the two:
-- however many are archived, a list without them does not have to pass them.
CREATE INDEX task_by_state ON task (state) WHERE archived_at IS NULL;
CREATE INDEX task_archived ON task (state) WHERE archived_at IS NOT NULL;
-- What an engine takes up when it starts. Nothing in it changes between the first state and the last.
CREATE INDEX task_unfinished ON task (seq) WHERE ended_at IS NULL OR run_id IS NOT NULL;
CREATE INDEX task_by_folder ON task (cwd);
-- Tasks whose folders were being removed when an engine died.
CREATE INDEX task_in_removal ON task (seq) WHERE cleanup = 'pending';

-- The program with its arguments and its whole environment, as JSON.
CREATE TABLE work (
    task    INTEGER PRIMARY KEY REFERENCES task (seq) ON DELETE CASCADE,
    work    TEXT    NOT NULL
) STRICT;

-- `on_task` is an id and no reference: what a task waited for may be deleted later.
CREATE TABLE dependency (
    task    INTEGER NOT NULL REFERENCES task (seq) ON DELETE CASCADE,
    n       INTEGER NOT NULL,
    on_task TEXT    NOT NULL,
    ended   TEXT,
    waived  INTEGER NOT NULL,
    PRIMARY KEY (task, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX dependency_on ON dependency (on_task);

CREATE TABLE label (
    task    INTEGER NOT NULL REFERENCES task (seq) ON DELETE CASCADE,
    label   TEXT    NOT NULL,
    PRIMARY KEY (task, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX label_by_name ON label (label, task);

-- `stage`: starting, executing, ending, over. A row in `starting` may or may not have a process.
CREATE TABLE run (
    task            INTEGER NOT NULL REFERENCES task (seq) ON DELETE CASCADE,
    n               INTEGER NOT NULL,
    id              TEXT    NOT NULL,
    stage           TEXT    NOT NULL,
    pid             INTEGER,
    start_time      INTEGER,
    boot_id         TEXT,
    started_at      INTEGER NOT NULL,
    executing_at    INTEGER,
    ended_at        INTEGER,
    gone_at         INTEGER,
    exit_code       INTEGER,
    exit_signal     INTEGER,
    cpu_ms          INTEGER,
    max_rss_kib     INTEGER,
    last_output_at  INTEGER,
    PRIMARY KEY (task, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE question (
    task        INTEGER NOT NULL REFERENCES task (seq) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    choices     TEXT    NOT NULL,
    options     TEXT    NOT NULL,
    open        INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    asked_at    INTEGER NOT NULL,
    settled_at  INTEGER,
    choice      TEXT,
    surface     TEXT,
    note        TEXT,
    PRIMARY KEY (task, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX question_open ON question (task) WHERE state = 'open';

CREATE TABLE artifact (
    task    INTEGER NOT NULL REFERENCES task (seq) ON DELETE CASCADE,
    n       INTEGER NOT NULL,
    run     TEXT    NOT NULL,
    report  TEXT    NOT NULL,
    format  TEXT    NOT NULL,
    outcome TEXT    NOT NULL,
    notify  INTEGER NOT NULL,
    -- What was checked, as JSON; most results have none.
    checks  TEXT,
    at      INTEGER NOT NULL,
    PRIMARY KEY (task, n)
) STRICT, WITHOUT ROWID;

-- What is told to later turns of a worker about earlier ones. `run` is the number of its run.
CREATE TABLE turn (
    task        INTEGER NOT NULL REFERENCES task (seq) ON DELETE CASCADE,
    generation  INTEGER NOT NULL,
    turn        INTEGER NOT NULL,
    run         INTEGER NOT NULL,
    exit_code   INTEGER,
    exit_signal INTEGER,
    outcome     TEXT    NOT NULL,
    summary     TEXT    NOT NULL,
    ended_at    INTEGER NOT NULL,
    PRIMARY KEY (task, generation, turn)
) STRICT, WITHOUT ROWID;

-- The outbox: the intent to tell the person something, written before anything is shown.
CREATE TABLE delivery (
    id          INTEGER PRIMARY KEY,
    task        INTEGER REFERENCES task (seq) ON DELETE CASCADE,
    run         TEXT,
    question    INTEGER,
    kind        TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    why         TEXT    NOT NULL,
    attempts    INTEGER NOT NULL,
    shown_on    TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX delivery_of_task ON delivery (task);
CREATE INDEX delivery_unsettled ON delivery (id) WHERE state IN ('pending', 'held', 'showing', 'shown');

-- The durable feed of changes; `seq` is the cursor. Only the oldest rows are ever removed, so the next number
-- is always new without the bookkeeping of AUTOINCREMENT. `task_seq` is taken back when its task is removed; unlike
-- ids, these numbers stand beside one another in the index for tasks that are at work at the same time.
CREATE TABLE transition (
    seq         INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    subject     TEXT    NOT NULL,
    task        TEXT,
    task_seq    INTEGER,
    subject_id  TEXT    NOT NULL,
    from_state  TEXT    NOT NULL,
    to_state    TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    text        TEXT    NOT NULL
) STRICT;

CREATE INDEX transition_of_task ON transition (task_seq) WHERE task_seq IS NOT NULL;

-- An idempotency key lives until 30 days after its task ended, which `task.ended_at` says.
CREATE TABLE task_key (
    origin      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    task        INTEGER NOT NULL REFERENCES task (seq) ON DELETE CASCADE,
    fingerprint TEXT    NOT NULL,
    PRIMARY KEY (origin, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX task_key_of_task ON task_key (task);

CREATE TABLE setting (
    name    TEXT PRIMARY KEY,
    value   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- `rowid` is `task.seq`, so matches come newest first by themselves. The texts stand elsewhere already.
CREATE VIRTUAL TABLE search USING fts5 (
    title, command, brief, report,
    content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);

-- Tasks whose words are not in `search` yet. It is brought up to date in larger pieces, and before it is asked.
CREATE TABLE unindexed (
    task    INTEGER PRIMARY KEY
) STRICT;
