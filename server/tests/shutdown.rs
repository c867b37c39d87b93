//! Workers that shut down: what happens to their polls. The real server does the same with
//! `frontend.enableCancelWorkerPollsOnShutdown`, which it says by a capability of the namespace.

use durably_proto::api::workflowservice::v1::*;
use tonic::Request;

use crate::case::{Case, NAMESPACE, QUEUE, normal, ok};

#[derive(Clone, Copy, Debug)]
enum Tasks {
    Workflow,
    Activity,
    Nexus,
}

/// Polls a queue; whether there was no task.
async fn polled_nothing(case: &Case, tasks: Tasks, queue: &str) -> bool {
    let (namespace, task_queue) = (NAMESPACE.to_owned(), Some(normal(queue)));
    let worker_instance_key = "worker".to_owned();
    match tasks {
        Tasks::Workflow => {
            let poll = PollWorkflowTaskQueueRequest {
                namespace,
                task_queue,
                worker_instance_key,
                ..Default::default()
            };
            let polled = case.service.poll_workflow_task_queue(Request::new(poll));
            ok(polled.await).task_token.is_empty()
        }
        Tasks::Activity => {
            let poll = PollActivityTaskQueueRequest {
                namespace,
                task_queue,
                worker_instance_key,
                ..Default::default()
            };
            let polled = case.service.poll_activity_task_queue(Request::new(poll));
            ok(polled.await).task_token.is_empty()
        }
        Tasks::Nexus => {
            let poll = PollNexusTaskQueueRequest {
                namespace,
                task_queue,
                worker_instance_key,
                ..Default::default()
            };
            let polled = case.service.poll_nexus_task_queue(Request::new(poll));
            ok(polled.await).task_token.is_empty()
        }
    }
}

async fn shut_down(case: &Case) {
    ok(case
        .service
        .shutdown_worker(Request::new(ShutdownWorkerRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: QUEUE.to_owned(),
            worker_instance_key: "worker".to_owned(),
            ..Default::default()
        }))
        .await);
}

#[tokio::test(start_paused = true)]
async fn an_open_poll_ends_with_its_worker() {
    for tasks in [Tasks::Workflow, Tasks::Activity, Tasks::Nexus] {
        let case = Case::new().await;
        let begin = tokio::time::Instant::now();
        let (nothing, ()) = tokio::join!(polled_nothing(&case, tasks, QUEUE), async {
            // The poll is first, as futures of a `join` are polled in order.
            tokio::task::yield_now().await;
            shut_down(&case).await;
        });
        assert!(nothing, "{tasks:?}");
        assert!(begin.elapsed().is_zero(), "{tasks:?} waited");
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_arrives_after_its_worker_shut_down_is_answered_at_once() {
    for tasks in [Tasks::Workflow, Tasks::Activity, Tasks::Nexus] {
        let case = Case::new().await;
        case.start("waits").await;
        shut_down(&case).await;
        let begin = tokio::time::Instant::now();
        assert!(polled_nothing(&case, tasks, QUEUE).await, "{tasks:?}");
        assert!(begin.elapsed().is_zero(), "{tasks:?} waited");
        assert!(
            !case.task().await.task_token.is_empty(),
            "a worker that goes on gets the task"
        );
    }
}
