//! Workflow and activity tasks.

pub(crate) mod activity_task;
pub(crate) mod report;
pub(crate) mod task_end;
pub(crate) mod termination;
pub(crate) mod workflow_task;
