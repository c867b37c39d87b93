//! Which tasks are with workers: no task may be with two of them, unless it timed out.

use std::{
    any::Any,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use durably_proto::api::workflowservice::v1::{
    PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse,
    RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
};
use tokio::time::Instant;

/// The tasks that servers have handed to workers.
#[derive(Default)]
pub(super) struct HandedTasks {
    /// The last workflow task of each run.
    open: RefCell<BTreeMap<String, OpenTask>>,
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

impl HandedTasks {
    /// A request reaches a server.
    pub(super) fn see_request(&self, request: &dyn Any) {
        if let Some(it) = request.downcast_ref::<RespondWorkflowTaskCompletedRequest>() {
            self.answer(&it.task_token);
        }
    }

    /// A response leaves a server.
    pub(super) fn see_response(&self, response: &dyn Any) {
        if let Some(task) = response.downcast_ref::<PollWorkflowTaskQueueResponse>() {
            self.hand_workflow_task(task);
        }
        if let Some(it) = response.downcast_ref::<RespondWorkflowTaskCompletedResponse>()
            && let Some(task) = &it.workflow_task
        {
            self.hand_workflow_task(task);
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
        if !task.task_token.is_empty() {
            self.check_token(&task.task_token);
        }
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
