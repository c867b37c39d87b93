//! Queries and updates of runs that cannot answer them (yet): what is refused at once, and what waits
//! for how long.

use std::time::{Duration, Instant};

use durably::prelude::*;
use durably_proto::api::{
    enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage,
    query::v1::WorkflowQuery,
    update::v1::{UpdateRef, WaitPolicy},
    workflowservice::v1::*,
};
use durably_tests::{
    World, on_both_servers,
    raw::{NAMESPACE, Service, ended, execution, expired, fail_task, terminate, workflow_task},
    raw_update::update_request,
    unique,
};
use tonic::{Response, Status};

on_both_servers! {
    a_run_whose_task_failed_twice_refuses_queries_and_updates
    a_run_that_closed_before_its_first_task_refuses_queries
    a_query_of_a_delayed_run_waits_if_the_first_task_is_due_in_time
    a_query_waits_for_workers_that_polled_recently
    a_query_without_workers_is_refused_near_its_deadline
    an_update_waits_until_the_deadline_of_its_client
    an_update_is_not_awaited_to_its_admission
}

const FAILED_QUERY: &str = "FailedPrecondition: Unable to query workflow due to Workflow Task in \
                            failed state.";
const FAILED_UPDATE: &str = "FailedPrecondition: Unable to perform workflow execution update due to \
                             Workflow Task in failed state.";
const CLOSED: &str =
    "FailedPrecondition: Workflow execution closed before WorkflowTaskStarted event";
const NO_POLLER: &str =
    "FailedPrecondition: no poller seen for task queue recently, worker may be down";

/// A request with a deadline, and how long the client waits for it.
fn timed<T>(wait: Duration, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(wait);
    request
}

type Answer<T> = std::result::Result<Response<T>, Status>;

async fn query(
    service: &mut Service,
    workflow_id: &str,
    wait: Duration,
) -> Answer<QueryWorkflowResponse> {
    let query = QueryWorkflowRequest {
        namespace: NAMESPACE.to_owned(),
        execution: execution(workflow_id),
        query: Some(WorkflowQuery {
            query_type: "state".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    service.query_workflow(timed(wait, query)).await
}

async fn update(
    service: &mut Service,
    workflow_id: &str,
    update_id: &str,
    stage: Stage,
    wait: Duration,
) -> Answer<UpdateWorkflowExecutionResponse> {
    let mut update = update_request(workflow_id);
    update.wait_policy = Some(WaitPolicy {
        lifecycle_stage: stage.into(),
    });
    let request = update.request.get_or_insert_default();
    request.meta.get_or_insert_default().update_id = update_id.to_owned();
    service.update_workflow_execution(timed(wait, update)).await
}

async fn started(world: &World, service: &mut Service) -> Result<String> {
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    Ok(workflow_id)
}

async fn complete_task(service: &mut Service, task_token: Vec<u8>, again: bool) -> Result<()> {
    let completed = RespondWorkflowTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token,
        force_create_new_workflow_task: again,
        ..Default::default()
    };
    service.respond_workflow_task_completed(completed).await?;
    Ok(())
}

const SOON: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_secs(20);

async fn a_run_whose_task_failed_twice_refuses_queries_and_updates(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for completed_before in [false, true] {
        let id = started(world, &mut service).await?;
        if completed_before {
            let task = workflow_task(&mut service, &world.queue).await?;
            complete_task(&mut service, task.task_token, true).await?;
        }
        let task = workflow_task(&mut service, &world.queue).await?;
        fail_task(&mut service, task).await?;
        assert!(expired(query(&mut service, &id, SOON).await));
        let task = workflow_task(&mut service, &world.queue).await?;
        let known = update(&mut service, &id, "known", Stage::Accepted, SOON).await;
        assert!(expired(known));
        fail_task(&mut service, task).await?;
        for taken in [false, true] {
            if taken {
                workflow_task(&mut service, &world.queue).await?;
            }
            assert_eq!(ended(query(&mut service, &id, LATE).await), FAILED_QUERY);
            for update_id in ["known", "new"] {
                let answer = update(&mut service, &id, update_id, Stage::Accepted, LATE).await;
                assert_eq!(ended(answer), FAILED_UPDATE);
            }
        }
        terminate(&mut service, &id).await?;
        let closed = ended(query(&mut service, &id, LATE).await);
        assert_eq!(
            closed,
            if completed_before {
                FAILED_QUERY
            } else {
                CLOSED
            }
        );
    }
    Ok(())
}

async fn a_run_that_closed_before_its_first_task_refuses_queries(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for (polled, failed) in [(false, false), (true, false), (true, true)] {
        let id = started(world, &mut service).await?;
        if polled {
            let task = workflow_task(&mut service, &world.queue).await?;
            if failed {
                fail_task(&mut service, task).await?;
            }
        }
        terminate(&mut service, &id).await?;
        assert_eq!(ended(query(&mut service, &id, LATE).await), CLOSED);
    }
    Ok(())
}

async fn a_query_of_a_delayed_run_waits_if_the_first_task_is_due_in_time(
    world: &World,
) -> Result<()> {
    let mut service = world.service().await?;
    for (delay, wait) in [(3600, LATE), (1, Duration::from_millis(2500))] {
        let mut request = world.start_request();
        let id = request.workflow_id.clone();
        request.workflow_start_delay = Some(durably_proto::wkt::Duration {
            seconds: delay,
            nanos: 0,
        });
        service.start_workflow_execution(request).await?;
        let began = Instant::now();
        let answer = query(&mut service, &id, wait).await;
        if delay == 1 {
            assert!(expired(answer));
            assert!(began.elapsed() >= wait - Duration::from_millis(100));
        } else {
            assert_eq!(
                ended(answer),
                "FailedPrecondition: Workflow task is not scheduled yet."
            );
        }
        terminate(&mut service, &id).await?;
    }
    Ok(())
}

async fn a_query_waits_for_workers_that_polled_recently(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    // Nobody has taken the first task.
    let id = started(world, &mut service).await?;
    assert!(expired(query(&mut service, &id, SOON).await));
    let task = workflow_task(&mut service, &world.queue).await?;
    complete_task(&mut service, task.task_token, false).await?;
    for _closed in [false, true] {
        let began = Instant::now();
        let wait = Duration::from_millis(1500);
        assert!(expired(query(&mut service, &id, wait).await));
        assert!(began.elapsed() >= Duration::from_millis(1400));
        terminate(&mut service, &id).await.ok();
    }
    Ok(())
}

async fn a_query_without_workers_is_refused_near_its_deadline(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let mut request = world.start_request();
    let id = request.workflow_id.clone();
    request.request_eager_execution = true;
    let started = service.start_workflow_execution(request).await?;
    let task = started.into_inner().eager_workflow_task;
    let task = task.expect("the server starts eagerly");
    complete_task(&mut service, task.task_token, false).await?;
    // A second before the deadline; at once if less is left.
    for (wait, least) in [(950, 0), (3000, 1900)].map(|(a, b)| {
        let millis = Duration::from_millis;
        (millis(a), millis(b))
    }) {
        let began = Instant::now();
        let answer = query(&mut service, &id, wait).await;
        assert_eq!(ended(answer), NO_POLLER, "{wait:?}");
        assert!(began.elapsed() >= least, "{wait:?}");
    }
    Ok(())
}

async fn an_update_waits_until_the_deadline_of_its_client(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let id = started(world, &mut service).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    complete_task(&mut service, task.task_token, false).await?;
    let update_id = unique("update");
    for stage in [Stage::Accepted, Stage::Completed, Stage::Unspecified] {
        let began = Instant::now();
        let answer = update(&mut service, &id, &update_id, stage, SOON).await;
        assert!(expired(answer), "{stage:?}");
        assert!(began.elapsed() >= Duration::from_millis(950), "{stage:?}");
    }
    for (stage, waits) in [
        (Stage::Accepted, true),
        (Stage::Completed, true),
        (Stage::Unspecified, false),
        (Stage::Admitted, false),
    ] {
        let poll = PollWorkflowExecutionUpdateRequest {
            namespace: NAMESPACE.to_owned(),
            update_ref: Some(UpdateRef {
                workflow_execution: execution(&id),
                update_id: update_id.clone(),
            }),
            wait_policy: Some(WaitPolicy {
                lifecycle_stage: stage.into(),
            }),
            ..Default::default()
        };
        let poll = service.poll_workflow_execution_update(timed(SOON, poll));
        match poll.await {
            Ok(answer) => {
                assert!(!waits, "{stage:?}");
                assert_eq!(answer.into_inner().stage(), Stage::Admitted);
            }
            answer => assert!(waits && expired(answer), "{stage:?}"),
        }
    }
    Ok(())
}

async fn an_update_is_not_awaited_to_its_admission(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let id = started(world, &mut service).await?;
    let answer = update(&mut service, &id, "update", Stage::Admitted, LATE).await;
    assert_eq!(
        ended(answer),
        "PermissionDenied: UpdateWorkflowExecution issued asynchronously and waiting on update \
         admitted is not supported."
    );
    Ok(())
}
