//! The way a worker ends: polls, workflow tasks, activities, threads, in this order.

use std::{sync::Arc, time::Duration};

use durably_proto::api::{enums::v1::TaskQueueType, workflowservice::v1::ShutdownWorkerRequest};
use tokio::sync::mpsc;

use super::{
    deliver::ANSWER_TIMEOUT,
    shared::{Phase, Shared},
    workflow_task::executor,
};
use crate::{activity::CancelReason, telemetry::log};

/// How long polls on their way may take to come back after the server was told; a server that can
/// end them does so at once.
const POLLS_END: Duration = Duration::from_secs(2);
/// How long workflow tasks may take to be answered; the server gives them again after ten seconds.
const TASKS_END: Duration = Duration::from_secs(10);
/// How long the reports on abandoned activities may take.
const REPORTS_END: Duration = Duration::from_secs(10);

/// Ends the worker once [`Phase::Stopping`] is reached.
///
/// It runs on the thread for timers, so that it also completes when the future of `Worker::run` is
/// dropped or the runtime of the caller ends.
pub(crate) async fn drain(
    shared: Arc<Shared>,
    mut polls_ended: mpsc::Receiver<()>,
    polls_come_back: bool,
) {
    shared.reached(Phase::Stopping).await;
    // Calls belong next to the connection; if its runtime has ended, so has the conversation.
    let telling = Arc::clone(&shared);
    let _ = shared
        .net
        .spawn(async move { tell_server(&telling).await })
        .await;
    if polls_come_back {
        let _ = tokio::time::timeout(POLLS_END, polls_ended.recv()).await;
    }
    shared.advance(Phase::PollsAbandoned);
    polls_ended.recv().await;

    shared.lost_threads.release_slots();
    if !shared.workflow_slots.all_free(TASKS_END).await {
        log::warning!(
            task_queue = shared.task_queue,
            "workflow tasks are still in progress; the server will give them to another worker"
        );
    }

    shared.closing.set(CancelReason::WorkerShutdown);
    let grace = shared.options.shutdown_grace;
    shared.activity_slots.all_free(grace).await;
    shared.advance(Phase::ActivitiesAbandoned);
    // A function that blocks keeps its slot; its attempt is reported all the same.
    shared.unreported.all_free(REPORTS_END).await;
    if !shared.activity_slots.are_free() {
        log::warning!(
            task_queue = shared.task_queue,
            "activities that block are still running; their attempts are reported as failed, and are retried"
        );
    }
    executor::stop(&shared);
}

/// The server gives no more tasks to this worker's own queue, and ends its polls.
async fn tell_server(shared: &Shared) {
    let (workflows, activities) = (
        shared.registry.has_workflows(),
        shared.registry.has_activities(),
    );
    let kinds = [
        (workflows, TaskQueueType::Workflow),
        (activities, TaskQueueType::Activity),
    ];
    let request = ShutdownWorkerRequest {
        namespace: shared.namespace.clone(),
        sticky_task_queue: if workflows && shared.caches() {
            shared.sticky_queue.clone()
        } else {
            String::new()
        },
        identity: shared.options.identity.clone(),
        reason: "graceful shutdown".to_owned(),
        worker_instance_key: shared.instance_key.clone(),
        task_queue: shared.task_queue.clone(),
        task_queue_types: kinds
            .iter()
            .filter(|(used, _)| *used)
            .map(|(_, kind)| i32::from(*kind))
            .collect(),
        ..Default::default()
    };
    if let Err(status) = shared.rpc.shutdown_worker(request, ANSWER_TIMEOUT).await {
        // A courtesy: without it tasks of cached runs wait until the sticky timeout.
        tracing::debug!(
            code = ?status.code(),
            error = status.message(),
            "the server was not told of the worker's end"
        );
    }
}
