//! Warns of activities that workflows call on the worker's own queue and that are not registered.
//!
//! The warning comes with the first call: what a workflow's code calls is known no earlier.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    telemetry::log,
    transport::retry::{ANSWER_TIMEOUT, Patience},
    wire::poll::HasActivityPollers,
    worker::{
        registry::{REGISTER_ACTIVITY, Registry},
        server::Server,
    },
};

/// The calls of unregistered activities that have been logged: activities by workflow type.
#[derive(Default)]
pub(crate) struct UnregisteredCalls(Mutex<BTreeMap<String, BTreeSet<String>>>);

impl UnregisteredCalls {
    /// Warns, once, that `workflow` calls an activity on the worker's own queue that is not registered
    /// here.
    ///
    /// If the worker has other activities this is a mistake: attempts of this one come to it too. A
    /// worker without any leaves them to others, so another worker has to poll the queue.
    pub(crate) fn warn(
        &self,
        server: &Arc<Server>,
        registry: &Registry,
        workflow: &str,
        activity: &str,
    ) {
        if !self.is_first(workflow, activity) {
            return;
        }
        let queue = &server.identity.task_queue;
        let call =
            format!("workflow `{workflow}` calls activity `{activity}` on task queue `{queue}`");
        if registry.has_activities() {
            let known = registry.activity_names();
            log::warning!(
                workflow_type = workflow,
                activity_type = activity,
                task_queue = queue,
                "{call}, and this worker, which polls the queue for activities, has not registered it; \
                 registered: {known}. {REGISTER_ACTIVITY}"
            );
            return;
        }
        let (workflow, activity) = (workflow.to_owned(), activity.to_owned());
        let server = Arc::clone(server);
        server.clone().spawn(async move {
            if has_no_pollers(&server).await {
                log::warning!(
                    workflow_type = workflow,
                    activity_type = activity,
                    task_queue = server.identity.task_queue,
                    "{call}, and no worker polls the queue for activities at the moment. {REGISTER_ACTIVITY}"
                );
            }
        });
    }

    /// Records a call; returns whether it is the first.
    fn is_first(&self, workflow: &str, activity: &str) -> bool {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.get(workflow).is_some_and(|it| it.contains(activity)) {
            return false;
        }
        let activities = logged.entry(workflow.to_owned()).or_default();
        activities.insert(activity.to_owned())
    }
}

/// Whether no worker polls the queue for activities, as far as the server knows.
async fn has_no_pollers(server: &Server) -> bool {
    let request = HasActivityPollers {
        queue: server.identity.normal_task_queue(),
    };
    let patience = Patience::one_attempt(ANSWER_TIMEOUT);
    let has_pollers = server.caller.call(request, patience).await;
    has_pollers.is_ok_and(|has_pollers| !has_pollers)
}
