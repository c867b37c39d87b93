-- Version 1. Ids that are integers exist only in this file; everything outside uses names.

CREATE TABLE cluster (
    id TEXT NOT NULL
) STRICT;

CREATE TABLE namespaces (
    namespace INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,
    description TEXT NOT NULL,
    owner_email TEXT NOT NULL,
    retention_seconds INTEGER NOT NULL,
    retention_nanos INTEGER NOT NULL,
    data TEXT NOT NULL -- a JSON object of texts
) STRICT;

-- The custom search attributes of a namespace. A type has the number of the platform's enum.
CREATE TABLE search_attributes (
    namespace INTEGER NOT NULL,
    name TEXT NOT NULL,
    type INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE executions (
    execution INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    workflow_id TEXT NOT NULL,
    latest TEXT NOT NULL, -- the id of the run that was started last
    version INTEGER NOT NULL, -- number of commits
    UNIQUE (namespace, workflow_id)
) STRICT;

-- Times are nanoseconds since 1970.
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    namespace INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    closed_at INTEGER, -- absent while the run is open
    next_due INTEGER,
    has_tasks INTEGER NOT NULL,
    UNIQUE (execution, run_id)
) STRICT;
CREATE INDEX runs_open ON runs (run) WHERE closed_at IS NULL;
CREATE INDEX runs_closed ON runs (namespace, closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE parts (
    run INTEGER NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    run INTEGER NOT NULL,
    first INTEGER NOT NULL, -- the index of the batch's first event
    batch BLOB NOT NULL,
    PRIMARY KEY (run, first)
) STRICT, WITHOUT ROWID;

-- The row of a run in lists. closed and started are the sort key, in nanoseconds; closed is the
-- largest integer while the run is open. The columns after them hold the values of fields as filters
-- compare them, with times in microseconds. info is the whole row as a message.
CREATE TABLE visibility (
    run INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    started INTEGER NOT NULL,
    run_id TEXT,
    workflow_id TEXT,
    type TEXT,
    status INTEGER,
    task_queue TEXT,
    start_time INTEGER,
    execution_time INTEGER,
    close_time INTEGER,
    duration INTEGER,
    history_length INTEGER,
    history_size INTEGER,
    transitions INTEGER,
    parent_workflow_id TEXT,
    parent_run_id TEXT,
    root_workflow_id TEXT,
    root_run_id TEXT,
    info BLOB NOT NULL
) STRICT;
CREATE INDEX visibility_by_close ON visibility (namespace, closed DESC, started DESC);
CREATE INDEX visibility_by_workflow ON visibility (namespace, workflow_id, closed DESC, started DESC);
CREATE INDEX visibility_by_type ON visibility (namespace, type, closed DESC, started DESC, status);
CREATE INDEX visibility_by_status ON visibility (namespace, status, closed DESC, started DESC);
CREATE INDEX visibility_by_start ON visibility (namespace, start_time);

-- Search attributes that runs carry, by name and by the type that they were written with.
CREATE TABLE attribute_names (
    attribute INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    name TEXT NOT NULL,
    type INTEGER NOT NULL,
    UNIQUE (namespace, name, type)
) STRICT;

-- The values of search attributes: one row each, and one for every item of a list. An empty list is
-- a row without a value. closed and started repeat those of visibility, so that the index has the
-- order of lists.
CREATE TABLE attributes (
    run INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    item INTEGER NOT NULL,
    value ANY,
    closed INTEGER NOT NULL,
    started INTEGER NOT NULL,
    PRIMARY KEY (run, attribute, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX attributes_by_value ON attributes (attribute, value, closed DESC, started DESC);
