-- Version 5: the state of each namespace: 1 is registered, 2 deprecated, 3 deleted. A deleted one has
-- another name, and its rows are removed in the background.
ALTER TABLE namespaces ADD COLUMN state INTEGER NOT NULL DEFAULT 1;
