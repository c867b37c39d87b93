//! Children, signals and cancel requests of workflows, by raw commands.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::{
        Command, RequestCancelExternalWorkflowExecutionCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, command::Attributes,
    },
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::{
        CommandType, EventType as Event, ParentClosePolicy, WorkflowIdReusePolicy,
        WorkflowTaskFailedCause,
    },
    history::v1::history_event,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::*,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{
        NAMESPACE, Service, cancel_workflow, command, complete, complete_workflow, continue_as_new,
        describe, ended, event_types, events, terminate, workflow_task,
    },
};

on_both_servers! {
    a_child_runs_after_its_start_is_recorded
    a_child_that_continues_as_new_is_one_child
    a_child_that_has_continued_as_new_is_cancelled_by_its_workflow_id
    a_closed_parent_ends_a_child_that_has_continued_as_new
    children_of_a_closed_parent_are_described
    a_signal_for_children_reaches_no_other
    a_child_takes_no_id_that_is_in_use
    a_child_may_terminate_the_workflow_of_its_id
    commands_to_another_namespace_are_refused
    more_answers_than_are_buffered_fail_the_task
}

fn child(id: &str) -> StartChildWorkflowExecutionCommandAttributes {
    StartChildWorkflowExecutionCommandAttributes {
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Child".to_owned(),
        }),
        ..Default::default()
    }
}

fn start_child(child: StartChildWorkflowExecutionCommandAttributes) -> Command {
    command(
        CommandType::StartChildWorkflowExecution,
        Attributes::StartChildWorkflowExecutionCommandAttributes(child),
    )
}

fn signal(signal: SignalExternalWorkflowExecutionCommandAttributes) -> Command {
    command(
        CommandType::SignalExternalWorkflowExecution,
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(signal),
    )
}

fn to(id: &str) -> SignalExternalWorkflowExecutionCommandAttributes {
    SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(WorkflowExecution {
            workflow_id: id.to_owned(),
            run_id: String::new(),
        }),
        signal_name: "go".to_owned(),
        ..Default::default()
    }
}

/// Starts a workflow that nobody else has started; returns its id.
async fn start(world: &World, service: &mut Service) -> Result<String> {
    let request = world.start_request();
    let id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    Ok(id)
}

/// Takes tasks until one is of this workflow, and completes all others without commands.
async fn task_of(
    world: &World,
    service: &mut Service,
    id: &str,
) -> Result<PollWorkflowTaskQueueResponse> {
    loop {
        let task = workflow_task(service, &world.queue).await?;
        let execution = task.workflow_execution.clone().unwrap_or_default();
        if execution.workflow_id == id {
            return Ok(task);
        }
        complete(service, &task, vec![], vec![]).await?;
    }
}

async fn work(
    world: &World,
    service: &mut Service,
    id: &str,
    commands: Vec<Command>,
) -> Result<()> {
    let task = task_of(world, service, id).await?;
    complete(service, &task, commands, vec![]).await?;
    Ok(())
}

/// Waits until a workflow has an event.
async fn until(service: &Service, id: &str, event: Event) {
    eventually("the event", || {
        let mut service = service.clone();
        async move {
            let types = event_types(&mut service, id).await.ok()?;
            types.contains(&event).then_some(())
        }
    })
    .await;
}

/// The types of the events without those of workflow tasks.
async fn own_events(service: &mut Service, id: &str) -> Result<Vec<Event>> {
    let mut types = event_types(service, id).await?;
    types.retain(|event| !event.as_str_name().contains("WORKFLOW_TASK"));
    Ok(types)
}

async fn a_child_runs_after_its_start_is_recorded(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let parent = start(world, &mut service).await?;
    let id = format!("{parent}-child");
    let mut from_child = to(&parent);
    from_child.signal_name = "from the child".to_owned();
    work(world, &mut service, &parent, vec![start_child(child(&id))]).await?;
    let commands = vec![signal(from_child)];
    work(world, &mut service, &id, commands).await?;
    until(&service, &id, Event::ExternalWorkflowExecutionSignaled).await;
    work(world, &mut service, &id, vec![complete_workflow()]).await?;
    until(&service, &parent, Event::ChildWorkflowExecutionCompleted).await;
    assert_eq!(
        own_events(&mut service, &parent).await?,
        [
            Event::WorkflowExecutionStarted,
            Event::StartChildWorkflowExecutionInitiated,
            Event::ChildWorkflowExecutionStarted,
            Event::WorkflowExecutionSignaled,
            Event::ChildWorkflowExecutionCompleted,
        ]
    );
    terminate(&mut service, &parent).await
}

async fn a_child_that_continues_as_new_is_one_child(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let parent = start(world, &mut service).await?;
    let id = format!("{parent}-child");
    work(world, &mut service, &parent, vec![start_child(child(&id))]).await?;
    work(
        world,
        &mut service,
        &id,
        vec![continue_as_new(Default::default())],
    )
    .await?;
    let described = describe(&mut service, &parent).await?;
    assert_eq!(described.pending_children.len(), 1);
    let task = task_of(world, &mut service, &id).await?;
    let last_run = task.workflow_execution.clone().unwrap_or_default();
    complete(&mut service, &task, vec![cancel_workflow()], vec![]).await?;
    until(&service, &parent, Event::ChildWorkflowExecutionCanceled).await;
    let ended = events(&mut service, &parent).await?;
    let ended = ended.into_iter().find_map(|event| match event.attributes {
        Some(history_event::Attributes::ChildWorkflowExecutionCanceledEventAttributes(a)) => {
            a.workflow_execution
        }
        _ => None,
    });
    assert_eq!(ended, Some(last_run));
    assert!(
        describe(&mut service, &parent)
            .await?
            .pending_children
            .is_empty()
    );
    terminate(&mut service, &parent).await
}

/// As the runtime cancels a child.
async fn a_child_that_has_continued_as_new_is_cancelled_by_its_workflow_id(
    world: &World,
) -> Result<()> {
    let mut service = world.service().await?;
    let parent = start(world, &mut service).await?;
    let id = format!("{parent}-child");
    work(world, &mut service, &parent, vec![start_child(child(&id))]).await?;
    work(
        world,
        &mut service,
        &id,
        vec![continue_as_new(Default::default())],
    )
    .await?;
    let signal = SignalWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: parent.clone(),
            ..Default::default()
        }),
        signal_name: "cancel the child".to_owned(),
        ..Default::default()
    };
    service.signal_workflow_execution(signal).await?;
    let cancel = RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: id.clone(),
        child_workflow_only: true,
        ..Default::default()
    };
    let cancel = command(
        CommandType::RequestCancelExternalWorkflowExecution,
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(cancel),
    );
    work(world, &mut service, &parent, vec![cancel]).await?;
    until(&service, &id, Event::WorkflowExecutionCancelRequested).await;
    until(
        &service,
        &parent,
        Event::ExternalWorkflowExecutionCancelRequested,
    )
    .await;
    terminate(&mut service, &parent).await
}

async fn a_closed_parent_ends_a_child_that_has_continued_as_new(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for policy in [
        ParentClosePolicy::Terminate,
        ParentClosePolicy::RequestCancel,
    ] {
        let parent = start(world, &mut service).await?;
        let id = format!("{parent}-child");
        let attributes = StartChildWorkflowExecutionCommandAttributes {
            parent_close_policy: policy.into(),
            ..child(&id)
        };
        work(world, &mut service, &parent, vec![start_child(attributes)]).await?;
        work(
            world,
            &mut service,
            &id,
            vec![continue_as_new(Default::default())],
        )
        .await?;
        work(world, &mut service, &id, vec![]).await?;
        terminate(&mut service, &parent).await?;
        let event = match policy {
            ParentClosePolicy::Terminate => Event::WorkflowExecutionTerminated,
            _ => Event::WorkflowExecutionCancelRequested,
        };
        until(&service, &id, event).await;
        terminate(&mut service, &id).await.ok();
    }
    Ok(())
}

async fn children_of_a_closed_parent_are_described(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let parent = start(world, &mut service).await?;
    let id = format!("{parent}-child");
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        parent_close_policy: ParentClosePolicy::Abandon.into(),
        ..child(&id)
    };
    work(world, &mut service, &parent, vec![start_child(attributes)]).await?;
    work(world, &mut service, &id, vec![]).await?;
    terminate(&mut service, &parent).await?;
    let described = describe(&mut service, &parent).await?.pending_children;
    let of_child = describe(&mut service, &id).await?;
    let info = of_child.workflow_execution_info.unwrap_or_default();
    assert_eq!(described.len(), 1);
    assert_eq!(described[0].workflow_id, id);
    assert_eq!(
        described[0].run_id,
        info.execution.unwrap_or_default().run_id
    );
    assert_eq!(described[0].workflow_type_name, "Child");
    assert_eq!(
        described[0].parent_close_policy(),
        ParentClosePolicy::Abandon
    );
    assert_eq!(
        info.parent_execution.unwrap_or_default().workflow_id,
        parent
    );
    assert_eq!(info.root_execution.unwrap_or_default().workflow_id, parent);
    terminate(&mut service, &id).await
}

async fn a_signal_for_children_reaches_no_other(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let other = start(world, &mut service).await?;
    work(world, &mut service, &other, vec![]).await?;
    let parent = start(world, &mut service).await?;
    let mut for_children = to(&other);
    for_children.child_workflow_only = true;
    let cancel = command(
        CommandType::RequestCancelExternalWorkflowExecution,
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(
            RequestCancelExternalWorkflowExecutionCommandAttributes {
                workflow_id: other.clone(),
                child_workflow_only: true,
                ..Default::default()
            },
        ),
    );
    let commands = vec![signal(for_children), cancel];
    work(world, &mut service, &parent, commands).await?;
    let failed = Event::RequestCancelExternalWorkflowExecutionFailed;
    until(&service, &parent, failed).await;
    until(
        &service,
        &parent,
        Event::SignalExternalWorkflowExecutionFailed,
    )
    .await;
    assert_eq!(
        own_events(&mut service, &other).await?,
        [Event::WorkflowExecutionStarted]
    );
    terminate(&mut service, &other).await?;
    terminate(&mut service, &parent).await
}

async fn a_child_takes_no_id_that_is_in_use(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let other = start(world, &mut service).await?;
    work(world, &mut service, &other, vec![]).await?;
    let parent = start(world, &mut service).await?;
    work(
        world,
        &mut service,
        &parent,
        vec![start_child(child(&other))],
    )
    .await?;
    let failed = Event::StartChildWorkflowExecutionFailed;
    until(&service, &parent, failed).await;
    // One that has closed may be used again, unless the policy says otherwise.
    terminate(&mut service, &other).await?;
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id_reuse_policy: WorkflowIdReusePolicy::RejectDuplicate.into(),
        ..child(&other)
    };
    work(world, &mut service, &parent, vec![start_child(attributes)]).await?;
    eventually("the second failure", || {
        let mut service = service.clone();
        let parent = parent.clone();
        async move {
            let types = event_types(&mut service, &parent).await.ok()?;
            let failures = types.iter().filter(|event| **event == failed).count();
            (failures == 2).then_some(())
        }
    })
    .await;
    work(
        world,
        &mut service,
        &parent,
        vec![start_child(child(&other))],
    )
    .await?;
    until(&service, &parent, Event::ChildWorkflowExecutionStarted).await;
    terminate(&mut service, &parent).await?;
    until(&service, &other, Event::WorkflowExecutionTerminated).await;
    Ok(())
}

async fn a_child_may_terminate_the_workflow_of_its_id(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let other = start(world, &mut service).await?;
    work(world, &mut service, &other, vec![]).await?;
    let first = describe(&mut service, &other).await?;
    let first = first.workflow_execution_info.unwrap_or_default();
    let parent = start(world, &mut service).await?;
    #[expect(deprecated, reason = "workers still send it")]
    let policy = WorkflowIdReusePolicy::TerminateIfRunning;
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id_reuse_policy: policy.into(),
        ..child(&other)
    };
    work(world, &mut service, &parent, vec![start_child(attributes)]).await?;
    until(&service, &parent, Event::ChildWorkflowExecutionStarted).await;
    let second = describe(&mut service, &other).await?;
    let second = second.workflow_execution_info.unwrap_or_default();
    assert_ne!(first.execution, second.execution);
    terminate(&mut service, &parent).await
}

async fn commands_to_another_namespace_are_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let other = durably_tests::unique("namespace");
    service
        .register_namespace(RegisterNamespaceRequest {
            namespace: other.clone(),
            workflow_execution_retention_period: Some(durably_proto::wkt::Duration {
                seconds: 86_400,
                nanos: 0,
            }),
            ..Default::default()
        })
        .await?;
    for (namespace, answer) in [
        (NAMESPACE, "OK".to_owned()),
        (
            "nowhere",
            "NotFound: Namespace nowhere is not found.".to_owned(),
        ),
        (
            &other,
            "InvalidArgument: BadStartChildExecutionAttributes: cross namespace commands are not allowed"
                .to_owned(),
        ),
    ] {
        let answered = eventually("a namespace that was registered is known", || {
            let mut service = service.clone();
            let answer = answer.clone();
            async move {
                let parent = start(world, &mut service).await.ok()?;
                let task = task_of(world, &mut service, &parent).await.ok()?;
                let mut attributes = child(&format!("{parent}-child"));
                #[expect(deprecated, reason = "workers still send it")]
                {
                    attributes.namespace = namespace.to_owned();
                }
                let commands = vec![start_child(attributes)];
                let found = ended(complete(&mut service, &task, commands, vec![]).await);
                terminate(&mut service, &parent).await.ok()?;
                (found == answer).then_some(())
            }
        });
        answered.await;
    }
    Ok(())
}

async fn more_answers_than_are_buffered_fail_the_task(world: &World) -> Result<()> {
    // On a busy machine the children start before the task that is to be with the worker meanwhile.
    for _ in 0..5 {
        if answers_of_many_children_fail_the_task(world).await? {
            return Ok(());
        }
    }
    panic!("no task has failed");
}

/// Whether more than a hundred children start while the parent's task is with a worker.
async fn answers_of_many_children_fail_the_task(world: &World) -> Result<bool> {
    const CHILDREN: usize = 300;
    let mut service = world.service().await?;
    let parent = start(world, &mut service).await?;
    let first = task_of(world, &mut service, &parent).await?;
    service
        .signal_workflow_execution(SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: to(&parent).execution,
            signal_name: "next".to_owned(),
            ..Default::default()
        })
        .await?;
    let children = (0..CHILDREN).map(|number| {
        start_child(StartChildWorkflowExecutionCommandAttributes {
            task_queue: Some(TaskQueue {
                name: format!("{}-children", world.queue),
                ..Default::default()
            }),
            ..child(&format!("{parent}-{number}"))
        })
    });
    // The signal is not among the events of the task, so the next task comes at once.
    complete(&mut service, &first, children.collect(), vec![]).await?;
    let _started = task_of(world, &mut service, &parent).await?;
    let types = eventually("all starts", || {
        let mut service = service.clone();
        let parent = &parent;
        async move {
            let types = event_types(&mut service, parent).await.ok()?;
            let is_start = |event: &&Event| **event == Event::ChildWorkflowExecutionStarted;
            (types.iter().filter(is_start).count() == CHILDREN).then_some(types)
        }
    })
    .await;
    // The next task is a repetition, which is not recorded before it starts.
    let mut places = types.iter();
    let Some(failed) = places.position(|event| *event == Event::WorkflowTaskFailed) else {
        terminate(&mut service, &parent).await?;
        return Ok(false);
    };
    let after = &types[failed..];
    assert!(after.len() > 101, "{after:?}");
    let mut after = after[1..].iter();
    assert!(after.all(|event| *event == Event::ChildWorkflowExecutionStarted));
    let again = task_of(world, &mut service, &parent).await?;
    assert_eq!(again.attempt, 1, "more events have followed");
    complete(&mut service, &again, vec![], vec![]).await?;
    let events = events(&mut service, &parent).await?;
    let causes: Vec<_> = events
        .into_iter()
        .filter_map(|event| match event.attributes? {
            history_event::Attributes::WorkflowTaskFailedEventAttributes(failed) => {
                Some(failed.cause())
            }
            _ => None,
        })
        .collect();
    assert_eq!(causes, [WorkflowTaskFailedCause::ForceCloseCommand]);
    terminate(&mut service, &parent).await?;
    Ok(true)
}
