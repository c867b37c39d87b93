-- Version 3: schedules. The state has all of a schedule but its name.
CREATE TABLE schedules (
    schedule INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    id TEXT NOT NULL,
    state BLOB NOT NULL,
    UNIQUE (namespace, id)
) STRICT;
