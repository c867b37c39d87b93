//! Updates of a run that closes: accepted by the closing task, or not accepted at all.

use durably::prelude::*;
use durably_proto::api::{
    enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage,
    protocol::v1::Message,
    update::v1::{Outcome, UpdateRef, WaitPolicy, outcome::Value},
    workflowservice::v1::*,
};
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, cancel_workflow, complete, complete_workflow, continue_as_new, ended,
        fail_workflow, terminate, within,
    },
    raw_update::{accept, ordered, respond, task_with_update, update_id, update_request},
};

on_both_servers! {
    an_update_accepted_by_the_closing_task_fails
    an_update_completed_by_the_task_that_accepts_it_is_answered_at_once
    an_update_that_no_task_accepted_is_aborted
}

/// What a client is told whose update was accepted and then overtaken by the end of the run.
const OVERTAKEN: &str = "AcceptedUpdateCompletedWorkflow";

fn said(outcome: Option<Outcome>) -> Option<String> {
    use durably_proto::api::failure::v1::failure::FailureInfo;
    match outcome?.value? {
        Value::Success(_) => Some("success".to_owned()),
        Value::Failure(failure) => match failure.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) => Some(info.r#type),
            _ => Some(failure.message),
        },
    }
}

/// Sends an update to a new workflow, whose first task answers it and ends with this command: what
/// the client is told, and what a client is told that asks for the update afterwards.
async fn updated(
    world: &World,
    until: Stage,
    answers: impl FnOnce(&Message) -> Vec<Message>,
    closing: Option<durably_proto::api::command::v1::Command>,
) -> Result<[(Stage, Option<String>); 2]> {
    let mut service = world.service().await?;
    let start = world.start_request();
    let workflow_id = start.workflow_id.clone();
    service.start_workflow_execution(start).await?;
    let mut update = update_request(&workflow_id);
    let wait_policy = Some(WaitPolicy {
        lifecycle_stage: until.into(),
    });
    update.wait_policy = wait_policy;
    let update_id = update_id(&update);
    let mut client = service.clone();
    let sent =
        tokio::spawn(async move { client.update_workflow_execution(within(30, update)).await });
    let task = task_with_update(&mut service, &world.queue).await?;
    let messages = answers(&task.messages[0]);
    let mut commands = ordered(&messages);
    commands.extend(closing);
    complete(&mut service, &task, commands, messages).await?;
    let sent = sent.await.expect("no panic")?.into_inner();
    let later = PollWorkflowExecutionUpdateRequest {
        namespace: NAMESPACE.to_owned(),
        update_ref: Some(UpdateRef {
            workflow_execution: task.workflow_execution,
            update_id,
        }),
        wait_policy,
        ..Default::default()
    };
    let later = service
        .poll_workflow_execution_update(within(30, later))
        .await?
        .into_inner();
    terminate(&mut service, &workflow_id).await.ok();
    Ok([
        (sent.stage(), said(sent.outcome)),
        (later.stage(), said(later.outcome)),
    ])
}

async fn an_update_accepted_by_the_closing_task_fails(world: &World) -> Result<()> {
    for closing in [
        complete_workflow(),
        fail_workflow(),
        cancel_workflow(),
        continue_as_new(Default::default()),
    ] {
        for until in [Stage::Accepted, Stage::Completed] {
            let answers = |update: &Message| vec![accept(update)];
            let told = updated(world, until, answers, Some(closing.clone())).await?;
            let failed = (Stage::Completed, Some(OVERTAKEN.to_owned()));
            assert_eq!(told, [failed.clone(), failed], "{closing:?} {until:?}");
        }
    }
    Ok(())
}

async fn an_update_completed_by_the_task_that_accepts_it_is_answered_at_once(
    world: &World,
) -> Result<()> {
    for closing in [None, Some(complete_workflow())] {
        for until in [Stage::Accepted, Stage::Completed] {
            let answers = |update: &Message| vec![accept(update), respond(update, None)];
            let told = updated(world, until, answers, closing.clone()).await?;
            let done = (Stage::Completed, Some("success".to_owned()));
            assert_eq!(told, [done.clone(), done], "{closing:?} {until:?}");
        }
    }
    Ok(())
}

async fn an_update_that_no_task_accepted_is_aborted(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let start = world.start_request();
    let workflow_id = start.workflow_id.clone();
    service.start_workflow_execution(start).await?;
    let mut client = service.clone();
    let update = within(30, update_request(&workflow_id));
    let sent = tokio::spawn(async move { ended(client.update_workflow_execution(update).await) });
    task_with_update(&mut service, &world.queue).await?;
    terminate(&mut service, &workflow_id).await?;
    assert_eq!(
        sent.await.expect("no panic"),
        "NotFound: workflow update was aborted by closing workflow"
    );
    let late = service.update_workflow_execution(within(30, update_request(&workflow_id)));
    assert_eq!(
        ended(late.await),
        "NotFound: workflow execution already completed"
    );
    Ok(())
}
