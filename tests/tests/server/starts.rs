//! Responses to starts, signals and updates: run, chain, status and links.

use durably::prelude::*;
use durably_proto::Message as _;
use durably_proto::api::{
    common::v1::{
        Link,
        link::{Variant, workflow_event::Reference},
    },
    enums::v1::{
        EventType as Event, WorkflowExecutionStatus as Status, WorkflowIdConflictPolicy,
        WorkflowIdReusePolicy,
    },
    errordetails::v1::WorkflowExecutionAlreadyStartedFailure,
    protocol::v1::Message,
    workflow::v1::OnConflictOptions,
    workflowservice::v1::*,
};
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, Service, cancel_workflow, complete, complete_workflow, continue_as_new,
        execution, fail_workflow, terminate, within, workflow_task,
    },
    raw_update::{accept, ordered, reject, respond, task_with_update, update_request},
    unique,
};

on_both_servers! {
    a_start_names_the_first_run_of_the_chain
    a_repeated_start_returns_the_status_of_the_closed_run
    a_repeated_eager_start_returns_the_task_again
    a_signal_with_start_names_the_first_run_and_the_signal
    a_repeated_signal_with_start_is_no_repeated_start
    an_update_response_links_to_its_event
}

/// A link in short: the run it leads to, and what there.
fn short(link: Option<Link>) -> (String, String) {
    match link.and_then(|link| link.variant) {
        Some(Variant::WorkflowEvent(event)) => {
            assert_eq!(event.namespace, NAMESPACE);
            let what = match event.reference {
                Some(Reference::EventRef(it)) => format!("{:?} {}", it.event_type(), it.event_id),
                Some(Reference::RequestIdRef(it)) => {
                    format!("{:?} {}", it.event_type(), it.request_id)
                }
                None => String::new(),
            };
            (event.run_id, what)
        }
        Some(Variant::Workflow(workflow)) => (workflow.run_id, workflow.reason),
        other => panic!("a link to a workflow, not {other:?}"),
    }
}

const STARTED: &str = "WorkflowExecutionStarted 1";

fn using_existing(start: &StartWorkflowExecutionRequest) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        request_id: unique("request"),
        workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting.into(),
        ..start.clone()
    }
}

async fn a_start_names_the_first_run_of_the_chain(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let start = world.start_request();
    let new = service.start_workflow_execution(start.clone()).await?;
    let new = new.into_inner();
    let first = new.run_id.clone();
    assert!(new.started);
    assert_eq!(new.first_execution_run_id, first);
    assert_eq!(new.status(), Status::Running);
    assert_eq!(short(new.link), (first.clone(), STARTED.to_owned()));
    let task = workflow_task(&mut service, &world.queue).await?;
    let command = continue_as_new(Default::default());
    complete(&mut service, &task, vec![command], vec![]).await?;

    let found = service.start_workflow_execution(using_existing(&start));
    let found = found.await?.into_inner();
    let second = found.run_id.clone();
    assert_ne!(second, first);
    assert!(!found.started);
    assert_eq!(found.first_execution_run_id, first);
    assert_eq!(found.status(), Status::Running);
    assert_eq!(short(found.link), (second.clone(), STARTED.to_owned()));

    let attached = StartWorkflowExecutionRequest {
        on_conflict_options: Some(OnConflictOptions {
            attach_request_id: true,
            ..Default::default()
        }),
        ..using_existing(&start)
    };
    for _ in 0..2 {
        let request = attached.clone();
        let link = format!("WorkflowExecutionOptionsUpdated {}", request.request_id);
        let found = service
            .start_workflow_execution(request)
            .await?
            .into_inner();
        assert!(!found.started);
        assert_eq!(found.first_execution_run_id, first);
        assert_eq!(short(found.link), (second.clone(), link));
    }

    let refused = StartWorkflowExecutionRequest {
        workflow_id_conflict_policy: WorkflowIdConflictPolicy::Fail.into(),
        ..using_existing(&start)
    };
    assert_eq!(
        taken(&mut service, refused).await,
        [second.clone(), first.clone()]
    );
    terminate(&mut service, &start.workflow_id).await?;
    let refused = StartWorkflowExecutionRequest {
        workflow_id_reuse_policy: WorkflowIdReusePolicy::RejectDuplicate.into(),
        ..using_existing(&start)
    };
    assert_eq!(taken(&mut service, refused).await, [second, first]);
    Ok(())
}

/// The run, and the first run of its chain, that have taken the id of a start.
async fn taken(service: &mut Service, start: StartWorkflowExecutionRequest) -> [String; 2] {
    let status = service.start_workflow_execution(start).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::AlreadyExists);
    let status = durably_proto::rpc::Status::decode(status.details()).expect("details");
    let taken = WorkflowExecutionAlreadyStartedFailure::decode(status.details[0].value.as_slice());
    let taken = taken.expect("the details of a taken id");
    [taken.run_id, taken.first_execution_run_id]
}

async fn a_repeated_start_returns_the_status_of_the_closed_run(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for (command, status) in [
        (Some(complete_workflow()), Status::Completed),
        (Some(fail_workflow()), Status::Failed),
        (Some(cancel_workflow()), Status::Canceled),
        (None, Status::Terminated),
    ] {
        let start = world.start_request();
        service.start_workflow_execution(start.clone()).await?;
        let running = service.start_workflow_execution(start.clone()).await?;
        assert_eq!(running.into_inner().status(), Status::Running);
        match command {
            Some(command) => {
                let task = workflow_task(&mut service, &world.queue).await?;
                complete(&mut service, &task, vec![command], vec![]).await?;
            }
            None => terminate(&mut service, &start.workflow_id).await?,
        }
        let again = service.start_workflow_execution(start).await?.into_inner();
        assert!(again.started);
        assert_eq!(again.status(), status);
        assert_eq!(again.first_execution_run_id, again.run_id);
    }
    Ok(())
}

async fn a_repeated_eager_start_returns_the_task_again(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let start = StartWorkflowExecutionRequest {
        request_eager_execution: true,
        ..world.start_request()
    };
    let mut started = async || -> Result<_> {
        let answered = service.start_workflow_execution(start.clone()).await?;
        Ok(answered.into_inner().eager_workflow_task)
    };
    let first = started().await?.expect("an eager task");
    let again = started()
        .await?
        .expect("the task that the client may have missed");
    assert_eq!(first.started_event_id, again.started_event_id);
    let mut service = world.service().await?;
    complete(&mut service, &again, vec![], vec![]).await?;
    assert_eq!(started().await?, None);
    terminate(&mut service, &start.workflow_id).await?;
    assert_eq!(started().await?, None);
    Ok(())
}

fn signal_with_start(
    start: &StartWorkflowExecutionRequest,
) -> SignalWithStartWorkflowExecutionRequest {
    SignalWithStartWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_id: start.workflow_id.clone(),
        workflow_type: start.workflow_type.clone(),
        task_queue: start.task_queue.clone(),
        request_id: unique("request"),
        signal_name: "signal".to_owned(),
        ..Default::default()
    }
}

async fn a_signal_with_start_names_the_first_run_and_the_signal(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let start = world.start_request();
    let signaled = |request_id: &str| format!("WorkflowExecutionSignaled {request_id}");
    let new = signal_with_start(&start);
    let answered = service
        .signal_with_start_workflow_execution(new.clone())
        .await?;
    let answered = answered.into_inner();
    let first = answered.run_id;
    assert!(answered.started);
    assert_eq!(answered.first_execution_run_id, first);
    assert_eq!(
        short(answered.signal_link),
        (first.clone(), signaled(&new.request_id))
    );
    let task = workflow_task(&mut service, &world.queue).await?;
    let command = continue_as_new(Default::default());
    complete(&mut service, &task, vec![command], vec![]).await?;

    let existing = signal_with_start(&start);
    let answered = service
        .signal_with_start_workflow_execution(existing.clone())
        .await?;
    let answered = answered.into_inner();
    let second = answered.run_id;
    assert!(!answered.started);
    assert_eq!(answered.first_execution_run_id, first);
    assert_eq!(
        short(answered.signal_link),
        (second.clone(), signaled(&existing.request_id))
    );
    // A plain signal is told as much; without a request there is none to name.
    for request_id in ["own", ""] {
        let answered = service
            .signal_workflow_execution(SignalWorkflowExecutionRequest {
                namespace: NAMESPACE.to_owned(),
                workflow_execution: execution(&start.workflow_id),
                signal_name: "signal".to_owned(),
                request_id: request_id.to_owned(),
                ..Default::default()
            })
            .await?
            .into_inner();
        assert_eq!(short(answered.link), (second.clone(), signaled(request_id)));
    }
    terminate(&mut service, &start.workflow_id).await
}

async fn a_repeated_signal_with_start_is_no_repeated_start(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let request = signal_with_start(&world.start_request());
    let mut sent = async || -> Result<_> {
        let answered = service.signal_with_start_workflow_execution(request.clone());
        let answered = answered.await?.into_inner();
        Ok((answered.run_id, answered.started))
    };
    let mut other = world.service().await?;
    let (first, started) = sent().await?;
    assert!(started);
    // It reaches the run that has its signal already.
    assert_eq!(sent().await?, (first.clone(), false));
    let types = durably_tests::raw::event_types(&mut other, &request.workflow_id).await?;
    let signals = types
        .iter()
        .filter(|it| **it == Event::WorkflowExecutionSignaled);
    assert_eq!(signals.count(), 1);
    // Once that has closed, it starts another one.
    terminate(&mut other, &request.workflow_id).await?;
    let (second, started) = sent().await?;
    assert!(started);
    assert_ne!(second, first);
    terminate(&mut other, &request.workflow_id).await
}

async fn an_update_response_links_to_its_event(world: &World) -> Result<()> {
    type Answers = fn(&Message) -> Vec<Message>;
    let mut service = world.service().await?;
    let start = world.start_request();
    let workflow_id = start.workflow_id.clone();
    let run_id = service
        .start_workflow_execution(start)
        .await?
        .into_inner()
        .run_id;
    let accepted = |request_id: &str| format!("WorkflowExecutionUpdateAccepted {request_id}");
    for request_id in ["own", ""] {
        let table: [(Answers, String); 4] = [
            (|update| vec![accept(update)], accepted(request_id)),
            (
                |update| vec![accept(update), respond(update, None)],
                accepted(request_id),
            ),
            (|update| vec![reject(update)], "Update rejected".to_owned()),
            // The real server does not tell this from a rejection, either.
            (
                |update| vec![accept(update), respond(update, Some("broken"))],
                "Update rejected".to_owned(),
            ),
        ];
        for (answers, link) in table {
            let mut update = update_request(&workflow_id);
            let request = update.request.get_or_insert_default();
            request.request_id = request_id.to_owned();
            let mut client = service.clone();
            let sent =
                tokio::spawn(
                    async move { client.update_workflow_execution(within(30, update)).await },
                );
            let task = task_with_update(&mut service, &world.queue).await?;
            let messages = answers(&task.messages[0]);
            complete(&mut service, &task, ordered(&messages), messages).await?;
            let answered = sent.await.expect("no panic")?.into_inner();
            assert_eq!(short(answered.link), (run_id.clone(), link));
        }
    }
    terminate(&mut service, &workflow_id).await
}
