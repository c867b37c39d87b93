//! The names, the token and the time limit of a workflow task in progress.

use std::time::{Duration, Instant};

use crate::wire::{payload_fields::Subject, workflow_task::PolledTask};

/// The names, the token and the time limit of a workflow task in progress: what responses and log lines
/// need of it.
#[derive(Clone, Debug)]
pub(crate) struct TaskInfo {
    /// Identifies the task to the server.
    pub(crate) token: Vec<u8>,
    pub(crate) workflow_type: String,
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    /// Which attempt at this task this is, from 1.
    pub(crate) attempt: u32,
    /// The task consists of a query; nothing it does is recorded.
    pub(crate) query_only: bool,
    /// When it arrived.
    pub(crate) since: Instant,
    /// How long the server waits for the response, from the arrival on.
    pub(crate) timeout: Duration,
}

/// The server's default, for a task without the event that scheduled it.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// As good as for ever.
const FAR: Duration = Duration::from_secs(365 * 24 * 3_600);

impl TaskInfo {
    /// Of this task, whose token is moved out.
    pub(crate) fn take(task: &mut PolledTask) -> Self {
        let token = task.take_token();
        Self::new(task, token)
    }

    /// Of this task, whose token is copied.
    pub(crate) fn of(task: &PolledTask) -> Self {
        Self::new(task, task.token().to_owned())
    }

    fn new(task: &PolledTask, token: Vec<u8>) -> Self {
        let execution = task.execution();
        Self {
            token,
            workflow_type: task.workflow_type().to_owned(),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            attempt: task.attempt(),
            query_only: task.is_query_only(),
            since: task.arrived(),
            timeout: task.timeout().unwrap_or(DEFAULT_TIMEOUT),
        }
    }

    /// For the codecs of payloads in a response.
    pub(crate) fn about(&self) -> Subject {
        Subject::workflow(&self.workflow_id)
    }
}

impl TaskInfo {
    /// When a task that is still open is prolonged: after 80 % of its time, as in other SDKs. The rest is for
    /// the request and its retries.
    pub(crate) fn heartbeat_due(&self) -> Instant {
        self.after(self.timeout / 5 * 4)
    }

    /// When the server stops waiting for the response.
    pub(crate) fn deadline(&self) -> Instant {
        self.after(self.timeout)
    }

    /// A server may give a task more time than a clock can count.
    fn after(&self, time: Duration) -> Instant {
        let after = self.since.checked_add(time);
        after.unwrap_or_else(|| self.since + FAR)
    }
}

#[cfg(test)]
mod tests {
    use durably_proto::{
        api::{
            history::v1::{
                History, HistoryEvent, WorkflowTaskScheduledEventAttributes,
                history_event::Attributes,
            },
            workflowservice::v1::PollWorkflowTaskQueueResponse,
        },
        wkt,
    };

    use super::*;

    /// A task with so many seconds.
    fn polled(seconds: i64) -> PolledTask {
        let start_to_close_timeout = Some(wkt::Duration { seconds, nanos: 0 });
        let scheduled = WorkflowTaskScheduledEventAttributes {
            start_to_close_timeout,
            ..Default::default()
        };
        let attributes = Attributes::WorkflowTaskScheduledEventAttributes(scheduled);
        let event = HistoryEvent {
            attributes: Some(attributes),
            ..Default::default()
        };
        let task = PollWorkflowTaskQueueResponse {
            task_token: b"token".to_vec(),
            history: Some(History {
                events: vec![event],
            }),
            ..Default::default()
        };
        PolledTask::new(task).expect("it has a token")
    }

    #[test]
    fn the_time_of_a_task_begins_with_its_arrival() {
        let mut task = polled(10);
        let arrived = task.arrived();
        std::thread::sleep(Duration::from_millis(2));
        let info = TaskInfo::take(&mut task.clone());
        assert_eq!(info.heartbeat_due(), arrived + Duration::from_secs(8));
        assert_eq!(info.deadline(), arrived + Duration::from_secs(10));
        assert_eq!(TaskInfo::take(&mut task).since, arrived);
    }

    #[test]
    fn a_task_with_more_time_than_a_clock_counts_has_a_deadline() {
        let info = TaskInfo::take(&mut polled(i64::MAX));
        let now = Instant::now();
        assert!(info.heartbeat_due() > now + Duration::from_secs(3_600));
        assert!(info.deadline() > now + Duration::from_secs(3_600));
    }
}
