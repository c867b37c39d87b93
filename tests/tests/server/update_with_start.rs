//! Update-with-start: when it starts a run, when it uses an existing one, and what it refuses.

use durably::prelude::*;
use durably_proto::{
    api::{
        common::v1::WorkflowType,
        enums::v1::{
            UpdateWorkflowExecutionLifecycleStage as Stage, WorkflowExecutionStatus as Status,
            WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
        },
        workflowservice::v1::{execute_multi_operation_response::response::Response, *},
    },
    wkt::Duration,
};
use durably_tests::{
    World, on_both_servers,
    raw::{Service, complete, complete_workflow, ended, terminate, within},
    raw_update::{
        accept, operations, ordered, respond, task_with_update, update_id, update_request,
        update_with_start,
    },
    unique,
};

on_both_servers! {
    an_unfinished_update_of_a_closed_run_is_not_found
    a_finished_update_of_a_closed_run_is_found
    an_update_whose_run_closes_first_starts_another_one
    a_start_that_would_keep_the_update_waiting_is_refused
    an_update_that_could_not_reach_the_run_is_refused
}

const ABORTED: &str = "Aborted: Operation was aborted.";

/// Starts a workflow, whose first task accepts an update and, if `finished`, completes it: the
/// update, and the request of the start.
async fn with_update(
    world: &World,
    service: &mut Service,
    finished: bool,
) -> Result<(
    UpdateWorkflowExecutionRequest,
    StartWorkflowExecutionRequest,
)> {
    let start = world.start_request();
    service.start_workflow_execution(start.clone()).await?;
    let update = update_request(&start.workflow_id);
    let mut client = service.clone();
    let request = within(30, update.clone());
    let sent = tokio::spawn(async move { ended(client.update_workflow_execution(request).await) });
    let task = task_with_update(service, &world.queue).await?;
    let mut messages = vec![accept(&task.messages[0])];
    messages.extend(finished.then(|| respond(&task.messages[0], None)));
    complete(service, &task, ordered(&messages), messages).await?;
    assert_eq!(sent.await.expect("no panic"), "OK");
    Ok((update, start))
}

/// A start of the same workflow by another request.
fn anew(start: &StartWorkflowExecutionRequest) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        request_id: unique("request"),
        ..start.clone()
    }
}

async fn answers(
    service: &mut Service,
    start: StartWorkflowExecutionRequest,
    update: UpdateWorkflowExecutionRequest,
) -> Result<(
    StartWorkflowExecutionResponse,
    UpdateWorkflowExecutionResponse,
)> {
    let both = within(30, update_with_start(start, update));
    let answered = service.execute_multi_operation(both).await?.into_inner();
    let mut responses = answered.responses.into_iter().map(|it| it.response);
    match (responses.next(), responses.next()) {
        (
            Some(Some(Response::StartWorkflow(start))),
            Some(Some(Response::UpdateWorkflow(update))),
        ) => Ok((start, update)),
        other => panic!("a start and an update, not {other:?}"),
    }
}

async fn refused(
    service: &mut Service,
    start: StartWorkflowExecutionRequest,
    update: UpdateWorkflowExecutionRequest,
) -> (tonic::Code, Vec<String>) {
    let both = within(30, update_with_start(start, update));
    match service.execute_multi_operation(both).await {
        Ok(answered) => panic!("it should be refused: {answered:?}"),
        Err(status) => {
            assert_eq!(status.message(), "Update-with-Start could not be executed.");
            (status.code(), operations(&status))
        }
    }
}

async fn an_unfinished_update_of_a_closed_run_is_not_found(world: &World) -> Result<()> {
    use WorkflowIdReusePolicy as Reuse;
    let mut service = world.service().await?;
    for (status, reuse, words) in [
        (Status::Completed, Reuse::Unspecified, None),
        (Status::Terminated, Reuse::AllowDuplicate, None),
        (Status::Terminated, Reuse::AllowDuplicateFailedOnly, None),
        (
            Status::Completed,
            Reuse::AllowDuplicateFailedOnly,
            Some("already finished successfully"),
        ),
        (
            Status::Terminated,
            Reuse::RejectDuplicate,
            Some("already finished"),
        ),
    ] {
        let (update, start) = with_update(world, &mut service, false).await?;
        match status {
            Status::Completed => {
                let wake = SignalWorkflowExecutionRequest {
                    namespace: start.namespace.clone(),
                    workflow_execution: update.workflow_execution.clone(),
                    signal_name: "wake".to_owned(),
                    ..Default::default()
                };
                service.signal_workflow_execution(wake).await?;
                let task = durably_tests::raw::workflow_task(&mut service, &world.queue).await?;
                complete(&mut service, &task, vec![complete_workflow()], vec![]).await?;
            }
            _ => terminate(&mut service, &start.workflow_id).await?,
        }
        let again = StartWorkflowExecutionRequest {
            workflow_id_reuse_policy: reuse.into(),
            workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting.into(),
            ..anew(&start)
        };
        if let Some(words) = words {
            let (code, operations) = refused(&mut service, again, update).await;
            assert_eq!(code, tonic::Code::AlreadyExists);
            assert!(operations[0].contains(words), "{operations:?}");
            assert_eq!(operations[1], ABORTED);
            continue;
        }
        let mut client = service.clone();
        let id = update_id(&update);
        let sent = tokio::spawn(async move { answers(&mut client, again, update).await });
        let task = task_with_update(&mut service, &world.queue).await?;
        let messages = vec![accept(&task.messages[0])];
        complete(&mut service, &task, ordered(&messages), messages).await?;
        let (started, updated) = sent.await.expect("no panic")?;
        let run_id = task.workflow_execution.unwrap_or_default().run_id;
        assert!(started.started);
        assert_eq!(started.run_id, run_id);
        assert_eq!(started.first_execution_run_id, run_id);
        assert_eq!(started.status(), Status::Running);
        assert_eq!(updated.update_ref.unwrap_or_default().update_id, id);
        assert_eq!(updated.outcome, None);
        terminate(&mut service, &start.workflow_id).await?;
    }
    // The start itself, sent again, starts no second run that the update could reach.
    let (update, start) = with_update(world, &mut service, false).await?;
    terminate(&mut service, &start.workflow_id).await?;
    let (code, operations) = refused(&mut service, start, update).await;
    assert_eq!(code, tonic::Code::Unavailable);
    assert_eq!(
        operations,
        [
            "Unavailable: Workflow was not started: StartDeduped",
            ABORTED
        ]
    );
    Ok(())
}

async fn a_finished_update_of_a_closed_run_is_found(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let (update, start) = with_update(world, &mut service, true).await?;
    terminate(&mut service, &start.workflow_id).await?;
    let again = StartWorkflowExecutionRequest {
        workflow_id_reuse_policy: WorkflowIdReusePolicy::RejectDuplicate.into(),
        ..anew(&start)
    };
    let (started, updated) = answers(&mut service, again, update).await?;
    assert!(!started.started);
    assert_eq!(started.status(), Status::Terminated);
    assert_eq!((started.link, updated.link), (None, None));
    assert!(updated.outcome.is_some());
    Ok(())
}

async fn an_update_whose_run_closes_first_starts_another_one(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let start = world.start_request();
    service.start_workflow_execution(start.clone()).await?;
    let again = StartWorkflowExecutionRequest {
        workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting.into(),
        ..anew(&start)
    };
    let update = update_request(&start.workflow_id);
    let mut client = service.clone();
    let sent = tokio::spawn(async move { answers(&mut client, again, update).await });
    let first = task_with_update(&mut service, &world.queue).await?;
    terminate(&mut service, &start.workflow_id).await?;
    let second = task_with_update(&mut service, &world.queue).await?;
    assert_ne!(first.workflow_execution, second.workflow_execution);
    let messages = vec![accept(&second.messages[0])];
    complete(&mut service, &second, ordered(&messages), messages).await?;
    let (started, _) = sent.await.expect("no panic")?;
    assert!(started.started);
    // A run that the request has started is not replaced by another one.
    terminate(&mut service, &start.workflow_id).await?;
    let (start, update) = (anew(&start), update_request(&start.workflow_id));
    let workflow_id = start.workflow_id.clone();
    let mut client = service.clone();
    let sent = tokio::spawn(async move { refused(&mut client, start, update).await });
    task_with_update(&mut service, &world.queue).await?;
    terminate(&mut service, &workflow_id).await?;
    let (code, operations) = sent.await.expect("no panic");
    assert_eq!(code, tonic::Code::NotFound);
    assert_eq!(
        operations,
        [
            "Ok: ",
            "NotFound: workflow update was aborted by closing workflow"
        ]
    );
    Ok(())
}

async fn a_start_that_would_keep_the_update_waiting_is_refused(world: &World) -> Result<()> {
    type Change = fn(&mut StartWorkflowExecutionRequest);
    let mut service = world.service().await?;
    let table: [(Change, &str); 9] = [
        (
            |start| start.cron_schedule = "* * * * *".to_owned(),
            "InvalidArgument: CronSchedule is not allowed.",
        ),
        (
            |start| start.workflow_start_delay = seconds(5),
            "InvalidArgument: WorkflowStartDelay is not supported.",
        ),
        (
            |start| start.request_eager_execution = true,
            "InvalidArgument: RequestEagerExecution is not supported.",
        ),
        // The mistakes of any start come first.
        (
            |start| start.cron_schedule = "nonsense".to_owned(),
            "InvalidArgument: invalid CronSchedule.",
        ),
        (
            |start| {
                start.cron_schedule = "* * * * *".to_owned();
                start.workflow_start_delay = seconds(5);
            },
            "InvalidArgument: CronSchedule and WorkflowStartDelay may not be used together.",
        ),
        (
            |start| start.workflow_start_delay = seconds(-1),
            "InvalidArgument: An invalid WorkflowStartDelaySeconds is set on request. cause: negative duration",
        ),
        (
            |start| start.workflow_type = Some(WorkflowType::default()),
            "InvalidArgument: WorkflowType is not set on request.",
        ),
        (
            |start| start.namespace = "other".to_owned(),
            "InvalidArgument: Operation namespace did not match request's namespace.",
        ),
        (
            |start| start.namespace.clear(),
            "NotFound: Namespace  is not found.",
        ),
    ];
    for (change, refusal) in table {
        let mut start = world.start_request();
        let update = update_request(&start.workflow_id);
        change(&mut start);
        let (_, operations) = refused(&mut service, start, update).await;
        assert_eq!(operations, [refusal, ABORTED]);
    }
    Ok(())
}

fn seconds(seconds: i64) -> Option<Duration> {
    Some(Duration { seconds, nanos: 0 })
}

async fn an_update_that_could_not_reach_the_run_is_refused(world: &World) -> Result<()> {
    type Change = fn(&mut UpdateWorkflowExecutionRequest);
    const RUN: &str = "0190b6a2-6d00-7cc3-98c8-0f5b6d3a7b11";
    let mut service = world.service().await?;
    let table: [(Change, &str); 8] = [
        (
            |update| named(update, |it| it.run_id = RUN.to_owned()),
            "InvalidArgument: RunId is not allowed.",
        ),
        (
            |update| named(update, |it| it.run_id = "nonsense".to_owned()),
            "InvalidArgument: Invalid RunId.",
        ),
        (
            |update| update.first_execution_run_id = RUN.to_owned(),
            "InvalidArgument: FirstExecutionRunId is not allowed.",
        ),
        (
            |update| named(update, |it| it.workflow_id = "other".to_owned()),
            "InvalidArgument: WorkflowId is not consistent with previous operation(s).",
        ),
        (
            |update| update.namespace = "other".to_owned(),
            "InvalidArgument: Operation namespace did not match request's namespace.",
        ),
        (
            |update| update.workflow_execution = None,
            "InvalidArgument: Execution is not set on request.",
        ),
        (
            |update| update.request = None,
            "InvalidArgument: Update meta is not set on request.",
        ),
        (
            waiting_for_admission,
            "PermissionDenied: UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported.",
        ),
    ];
    for (change, refusal) in table {
        let start = world.start_request();
        let mut update = update_request(&start.workflow_id);
        change(&mut update);
        let (code, operations) = refused(&mut service, start.clone(), update.clone()).await;
        assert!(refusal.starts_with(&format!("{code:?}: ")), "{code:?}");
        assert_eq!(operations, [ABORTED, refusal]);
        // Both mistakes are told, but for one that only two good operations can make.
        if !refusal.contains("consistent") {
            let start = StartWorkflowExecutionRequest {
                cron_schedule: "* * * * *".to_owned(),
                ..start
            };
            let (_, operations) = refused(&mut service, start, update).await;
            assert_eq!(
                operations,
                ["InvalidArgument: CronSchedule is not allowed.", refusal]
            );
        }
    }
    Ok(())
}

fn waiting_for_admission(update: &mut UpdateWorkflowExecutionRequest) {
    let policy = update.wait_policy.get_or_insert_default();
    policy.lifecycle_stage = Stage::Admitted.into();
}

fn named(
    update: &mut UpdateWorkflowExecutionRequest,
    change: impl FnOnce(&mut durably_proto::api::common::v1::WorkflowExecution),
) {
    change(update.workflow_execution.get_or_insert_default());
}
