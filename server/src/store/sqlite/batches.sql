-- Version 6: batch operations. The state has all of a batch operation but its name.
CREATE TABLE batches (
    batch INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    id TEXT NOT NULL,
    state BLOB NOT NULL,
    UNIQUE (namespace, id)
) STRICT;
