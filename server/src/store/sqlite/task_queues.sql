-- Version 8: the configurations of task queues; `config` is an encoded message.
CREATE TABLE task_queue_configs (
    namespace INTEGER NOT NULL,
    name TEXT NOT NULL,
    type INTEGER NOT NULL,
    config BLOB NOT NULL,
    PRIMARY KEY (namespace, name, type)
) STRICT, WITHOUT ROWID;
