-- Version 2: closed runs whose messages to other executions are not delivered. A message counts as a
-- task, also of a run that has closed.
CREATE INDEX runs_undelivered ON runs (run) WHERE closed_at IS NOT NULL AND has_tasks;
