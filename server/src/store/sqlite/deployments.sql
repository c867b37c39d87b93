-- Version 4: the worker deployments of each namespace; `state` is an encoded message.
CREATE TABLE worker_deployments (
    namespace INTEGER NOT NULL,
    name TEXT NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;
