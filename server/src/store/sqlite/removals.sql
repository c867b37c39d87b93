-- Version 9: when a deleted namespace is removed: so many nanoseconds after its last workflow, or, once
-- that is removed, at that time.
ALTER TABLE namespaces ADD COLUMN removal_delay INTEGER NOT NULL DEFAULT 0;
ALTER TABLE namespaces ADD COLUMN removal_time INTEGER;
