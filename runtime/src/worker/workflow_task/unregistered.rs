//! Activities that workflows call, and nobody here runs.
//!
//! They are told when they are called for the first time: what a workflow's code calls is known no
//! earlier.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use durably_proto::api::{enums::v1::TaskQueueType, workflowservice::v1::DescribeTaskQueueRequest};

use crate::{
    telemetry::log,
    worker::{deliver::ANSWER_TIMEOUT, shared::Shared},
};

/// What to do about an activity that a worker lacks.
pub(crate) const REGISTER: &str = "Register it (`.activity::<..>()` or `.activities(..)`), or name \
    the queue of the workers that run it in the call: `.task_queue(\"..\")`";

/// The calls that have been told: activities by workflow type.
#[derive(Default)]
pub(crate) struct Missing(Mutex<BTreeMap<String, BTreeSet<String>>>);

/// Tells that `workflow` calls an activity on the worker's own queue that is not registered here.
///
/// Beside other activities this is a mistake: its attempts come to this worker too. A worker without
/// any leaves them to others, so somebody else has to poll the queue.
pub(crate) fn tell(shared: &Arc<Shared>, workflow: &str, activity: &str) {
    if !shared.missing.is_first(workflow, activity) {
        return;
    }
    let queue = &shared.task_queue;
    let call = format!("workflow `{workflow}` calls activity `{activity}` on task queue `{queue}`");
    if shared.registry.has_activities() {
        let known = shared.registry.activity_names();
        log::warning!(
            workflow_type = workflow,
            activity_type = activity,
            task_queue = queue,
            "{call}, and this worker, which polls the queue for activities, has not registered it; \
             registered: {known}. {REGISTER}"
        );
        return;
    }
    let (shared, workflow, activity) =
        (Arc::clone(shared), workflow.to_owned(), activity.to_owned());
    shared.clone().net.spawn(async move {
        if nobody_polls(&shared).await {
            log::warning!(
                workflow_type = workflow,
                activity_type = activity,
                task_queue = shared.task_queue,
                "{call}, and no worker polls the queue for activities at the moment. {REGISTER}"
            );
        }
    });
}

impl Missing {
    /// Notes a call; whether it is the first.
    fn is_first(&self, workflow: &str, activity: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(workflow).is_some_and(|it| it.contains(activity)) {
            return false;
        }
        let activities = told.entry(workflow.to_owned()).or_default();
        activities.insert(activity.to_owned())
    }
}

/// Whether the queue has no worker for activities, as far as the server knows.
async fn nobody_polls(shared: &Shared) -> bool {
    let request = DescribeTaskQueueRequest {
        namespace: shared.namespace.clone(),
        task_queue: Some(shared.normal_task_queue()),
        task_queue_type: TaskQueueType::Activity.into(),
        ..Default::default()
    };
    let answer = shared.rpc.describe_task_queue(request, ANSWER_TIMEOUT);
    answer.await.is_ok_and(|queue| queue.pollers.is_empty())
}
