//! Which tasks are with workers: no task may be with two of them, unless it timed out.

use std::{
    any::Any,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use durably_proto::api::workflowservice::v1::{
    PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse,
    RecordActivityTaskHeartbeatRequest, RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedRequest,
    RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
    RespondWorkflowTaskFailedRequest,
};
use tokio::time::Instant;

/// The tasks that servers have handed to workers.
#[derive(Default)]
pub(super) struct HandedTasks {
    /// The last workflow task of each run.
    open: RefCell<BTreeMap<String, OpenTask>>,
    /// The last attempt at each activity, by run and activity id.
    attempts: RefCell<BTreeMap<(String, String), OpenAttempt>>,
    tokens: RefCell<BTreeSet<Vec<u8>>>,
}

struct OpenTask {
    token: Vec<u8>,
    handed: Instant,
    /// A response to it has reached a server, which may have recorded it.
    answered: bool,
    /// It may leave no trace when a server forgets it, because it only brings an update.
    unrecorded: bool,
}

struct OpenAttempt {
    token: Vec<u8>,
    attempt: i32,
    handed: Instant,
    /// After which a server may give the activity to another worker.
    timeout: Duration,
    /// A report of its end has reached a server, which may have recorded it.
    answered: bool,
}

impl HandedTasks {
    /// A request reaches a server.
    pub(super) fn see_request(&self, request: &dyn Any) {
        if let Some(it) = request.downcast_ref::<RespondWorkflowTaskCompletedRequest>() {
            self.answer(&it.task_token);
        }
        if let Some(it) = request.downcast_ref::<RespondWorkflowTaskFailedRequest>() {
            self.answer(&it.task_token);
        }
        if let Some(it) = request.downcast_ref::<RespondActivityTaskCompletedRequest>() {
            self.end_attempt(&it.task_token);
        }
        if let Some(it) = request.downcast_ref::<RespondActivityTaskFailedRequest>() {
            self.end_attempt(&it.task_token);
        }
        if let Some(it) = request.downcast_ref::<RespondActivityTaskCanceledRequest>() {
            self.end_attempt(&it.task_token);
        }
        if let Some(it) = request.downcast_ref::<RespondActivityTaskCompletedByIdRequest>() {
            self.end_attempt_by_id(&it.run_id, &it.activity_id);
        }
        if let Some(it) = request.downcast_ref::<RespondActivityTaskFailedByIdRequest>() {
            self.end_attempt_by_id(&it.run_id, &it.activity_id);
        }
        if let Some(it) = request.downcast_ref::<RecordActivityTaskHeartbeatRequest>() {
            self.check_heartbeat(&it.task_token);
        }
    }

    /// A response leaves a server.
    pub(super) fn see_response(&self, response: &dyn Any) {
        if let Some(task) = response.downcast_ref::<PollWorkflowTaskQueueResponse>() {
            self.hand_workflow_task(task);
        }
        if let Some(it) = response.downcast_ref::<RespondWorkflowTaskCompletedResponse>() {
            it.workflow_task
                .iter()
                .for_each(|task| self.hand_workflow_task(task));
            it.activity_tasks
                .iter()
                .for_each(|task| self.hand_activity(task));
        }
        if let Some(task) = response.downcast_ref::<PollActivityTaskQueueResponse>() {
            self.hand_activity(task);
        }
    }

    /// A server hands a workflow task out.
    fn hand_workflow_task(&self, task: &PollWorkflowTaskQueueResponse) {
        if task.task_token.is_empty() || task.query.is_some() {
            return;
        }
        self.check_token(&task.task_token);
        let run = task.workflow_execution.clone().unwrap_or_default().run_id;
        let mut open = self.open.borrow_mut();
        let next = OpenTask {
            token: task.task_token.clone(),
            handed: Instant::now(),
            answered: false,
            unrecorded: !task.messages.is_empty(),
        };
        if let Some(before) = open.insert(run.clone(), next) {
            let timed_out = before.handed.elapsed() + SLACK >= TASK_TIMEOUT;
            assert!(
                before.answered || timed_out,
                "a workflow task of run {run} is handed out while another worker has one"
            );
        }
    }

    /// A server hands an attempt at an activity out.
    fn hand_activity(&self, task: &PollActivityTaskQueueResponse) {
        if task.task_token.is_empty() {
            return;
        }
        self.check_token(&task.task_token);
        let run = task.workflow_execution.clone().unwrap_or_default().run_id;
        let activity = (run, task.activity_id.clone());
        let timeouts = [&task.start_to_close_timeout, &task.heartbeat_timeout];
        let timeouts = timeouts.into_iter().flatten();
        let timeouts = timeouts.map(|it| Duration::from_secs(it.seconds.unsigned_abs()));
        let next = OpenAttempt {
            token: task.task_token.clone(),
            attempt: task.attempt,
            handed: Instant::now(),
            timeout: timeouts
                .filter(|it| !it.is_zero())
                .min()
                .unwrap_or(Duration::MAX),
            answered: false,
        };
        let mut attempts = self.attempts.borrow_mut();
        if let Some(before) = attempts.insert(activity, next) {
            assert!(
                task.attempt > before.attempt,
                "attempt {} at an activity follows attempt {}",
                task.attempt,
                before.attempt
            );
            let timed_out = before.handed.elapsed() + SLACK >= before.timeout;
            assert!(
                before.answered || timed_out,
                "an activity is handed out while another worker has it"
            );
        }
    }

    /// The end of an attempt at an activity reaches a server.
    fn end_attempt(&self, token: &[u8]) {
        for attempt in self.attempts.borrow_mut().values_mut() {
            attempt.answered |= attempt.token == token;
        }
    }

    fn end_attempt_by_id(&self, run_id: &str, activity_id: &str) {
        let activity = (run_id.to_owned(), activity_id.to_owned());
        if let Some(attempt) = self.attempts.borrow_mut().get_mut(&activity) {
            attempt.answered = true;
        }
    }

    /// A heartbeat is of a task that was handed out.
    fn check_heartbeat(&self, token: &[u8]) {
        assert!(self.tokens.borrow().contains(token), "an unknown task");
    }

    /// A response to a workflow task reaches a server.
    fn answer(&self, token: &[u8]) {
        for task in self.open.borrow_mut().values_mut() {
            task.answered |= task.token == token;
        }
    }

    /// A server may have forgotten what is not recorded.
    pub(super) fn forget_unrecorded(&self) {
        for task in self.open.borrow_mut().values_mut() {
            task.answered |= task.unrecorded;
        }
    }

    fn check_token(&self, token: &[u8]) {
        let is_new = self.tokens.borrow_mut().insert(token.to_vec());
        assert!(is_new, "a task is handed out twice");
    }
}

/// That of a workflow task.
const TASK_TIMEOUT: Duration = Duration::from_secs(10);
/// The time between the start of a task and its handover, while its commit is held.
const SLACK: Duration = Duration::from_secs(3);
