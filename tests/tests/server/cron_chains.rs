//! Chains of cron runs: what happens within a slot, and while the next one is awaited.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::Command,
    common::v1::{Payload, Payloads, RetryPolicy},
    enums::v1::{
        ContinueAsNewInitiator as Initiator, EventType, RetryState, WorkflowExecutionStatus,
    },
    history::v1::{HistoryEvent, history_event::Attributes},
    workflowservice::v1::*,
};
use durably_tests::{
    World, eventually, history, on_both_servers,
    raw::{
        NAMESPACE, Service, cancel_workflow, complete, complete_workflow, continue_as_new,
        describe, ended, event_types, execution, fail_workflow, terminate, workflow_task,
    },
};

use super::names::duration;

on_both_servers! {
    a_retry_within_a_slot_has_no_last_result
    a_run_that_continues_as_new_has_left_the_schedule
    a_cancellation_does_not_wait_for_the_slot
    a_termination_ends_the_wait
    a_signal_waits_for_the_slot
    a_run_that_times_out_is_followed_by_the_next
}

/// A chain whose runs are walked from event to event.
struct Chain {
    service: Service,
    queue: String,
    id: String,
    run_id: String,
}

/// What a run knows of the one before.
#[derive(Debug, PartialEq)]
struct Known {
    initiator: Initiator,
    attempt: i32,
    cron: String,
    result: Option<String>,
    failure: String,
}

impl Chain {
    async fn start(
        world: &World,
        cron: &str,
        change: impl FnOnce(&mut StartWorkflowExecutionRequest),
    ) -> Result<Self> {
        let mut service = world.service().await?;
        let mut start = world.start_request();
        start.cron_schedule = cron.to_owned();
        change(&mut start);
        let id = start.workflow_id.clone();
        let started = service.start_workflow_execution(start).await?.into_inner();
        Ok(Self {
            service,
            queue: world.queue.clone(),
            id,
            run_id: started.run_id,
        })
    }

    /// Answers the next task of the current run.
    async fn answer(&mut self, command: Command) -> Result<()> {
        let task = workflow_task(&mut self.service, &self.queue).await?;
        assert_eq!(
            task.workflow_execution.clone().unwrap_or_default().run_id,
            self.run_id
        );
        complete(&mut self.service, &task, vec![command], vec![]).await?;
        Ok(())
    }

    async fn signal(&mut self) -> Result<()> {
        let signal = SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(&self.id),
            signal_name: "go".to_owned(),
            ..Default::default()
        };
        self.service.signal_workflow_execution(signal).await?;
        Ok(())
    }

    async fn events(&mut self) -> Result<Vec<HistoryEvent>> {
        let mut execution = execution(&self.id);
        if let Some(execution) = &mut execution {
            execution.run_id.clone_from(&self.run_id);
        }
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution,
            ..Default::default()
        };
        let history = self.service.get_workflow_execution_history(request).await?;
        Ok(history.into_inner().history.unwrap_or_default().events)
    }

    /// Goes on to the run that the end of this one names; returns that end, and why there is no retry of a failed run.
    async fn follow(&mut self) -> Result<(EventType, RetryState)> {
        let last = self.events().await?.pop().expect("a history has events");
        let event_type = last.event_type();
        let retry_state = match &last.attributes {
            Some(Attributes::WorkflowExecutionFailedEventAttributes(it)) => it.retry_state(),
            Some(Attributes::WorkflowExecutionTimedOutEventAttributes(it)) => it.retry_state(),
            _ => RetryState::Unspecified,
        };
        let next = history::next_run_id(&last).expect("another run follows");
        self.run_id = next.to_owned();
        Ok((event_type, retry_state))
    }

    async fn known(&mut self) -> Result<Known> {
        let started = self.events().await?.remove(0).attributes;
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = started else {
            panic!("a history begins with its start");
        };
        let result = started.last_completion_result.clone();
        let result = result.and_then(|mut it| it.payloads.pop());
        Ok(Known {
            initiator: started.initiator(),
            attempt: started.attempt,
            cron: started.cron_schedule,
            result: result.map(|it| String::from_utf8_lossy(&it.data).into_owned()),
            failure: started.continued_failure.unwrap_or_default().message,
        })
    }
}

fn completed(result: &str) -> Command {
    use durably_proto::api::command::v1::command::Attributes as Of;
    let mut command = complete_workflow();
    if let Some(Of::CompleteWorkflowExecutionCommandAttributes(complete)) = &mut command.attributes
    {
        complete.result = Some(Payloads {
            payloads: vec![Payload {
                metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
                data: result.as_bytes().to_vec(),
                ..Default::default()
            }],
        });
    }
    command
}

async fn a_retry_within_a_slot_has_no_last_result(world: &World) -> Result<()> {
    const CRON: &str = "@every 2s";
    let mut chain = Chain::start(world, CRON, |start| {
        start.retry_policy = Some(RetryPolicy {
            initial_interval: Some(duration(0, 100_000_000)),
            maximum_attempts: 2,
            ..Default::default()
        });
    })
    .await?;
    let known = |initiator, attempt, result: Option<&str>, failure: &str| Known {
        initiator,
        attempt,
        cron: CRON.to_owned(),
        result: result.map(str::to_owned),
        failure: failure.to_owned(),
    };
    let (cron, retry) = (Initiator::CronSchedule, Initiator::Retry);
    let done = (
        EventType::WorkflowExecutionCompleted,
        RetryState::Unspecified,
    );
    let failed = |retry_state| (EventType::WorkflowExecutionFailed, retry_state);
    for (before, command, end) in [
        (known(cron, 1, None, ""), completed("1"), done),
        (
            known(cron, 1, Some("1"), ""),
            fail_workflow(),
            failed(RetryState::InProgress),
        ),
        (known(retry, 2, None, "busy"), completed("2"), done),
        (
            known(cron, 1, Some("2"), ""),
            fail_workflow(),
            failed(RetryState::InProgress),
        ),
        (
            known(retry, 2, None, "busy"),
            fail_workflow(),
            failed(RetryState::MaximumAttemptsReached),
        ),
        // The retry had none to pass on.
        (known(cron, 1, None, "busy"), completed("3"), done),
        (known(cron, 1, Some("3"), ""), completed("4"), done),
    ] {
        assert_eq!(chain.known().await?, before);
        chain.answer(command).await?;
        assert_eq!(chain.follow().await?, end);
    }
    terminate(&mut chain.service, &chain.id).await
}

async fn a_run_that_continues_as_new_has_left_the_schedule(world: &World) -> Result<()> {
    let mut chain = Chain::start(world, "@every 1s", |_| {}).await?;
    for _ in 0..2 {
        chain.answer(continue_as_new(Default::default())).await?;
        let end = (
            EventType::WorkflowExecutionContinuedAsNew,
            RetryState::Unspecified,
        );
        assert_eq!(chain.follow().await?, end);
        assert_eq!(
            chain.known().await?,
            Known {
                initiator: Initiator::Workflow,
                attempt: 1,
                cron: String::new(),
                result: None,
                failure: String::new(),
            }
        );
    }
    // It begins at once, and nothing follows.
    chain.answer(completed("1")).await?;
    let described = describe(&mut chain.service, &chain.id).await?;
    let info = described.workflow_execution_info.unwrap_or_default();
    assert_eq!(info.status(), WorkflowExecutionStatus::Completed);
    assert_eq!(info.execution.unwrap_or_default().run_id, chain.run_id);
    Ok(())
}

async fn a_cancellation_does_not_wait_for_the_slot(world: &World) -> Result<()> {
    let mut chain = Chain::start(world, "0 0 1 1 *", |_| {}).await?;
    let request = RequestCancelWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution(&chain.id),
        ..Default::default()
    };
    chain
        .service
        .request_cancel_workflow_execution(request)
        .await?;
    chain.answer(cancel_workflow()).await?;
    assert_eq!(
        event_types(&mut chain.service, &chain.id).await?,
        [
            EventType::WorkflowExecutionStarted,
            EventType::WorkflowExecutionCancelRequested,
            EventType::WorkflowTaskScheduled,
            EventType::WorkflowTaskStarted,
            EventType::WorkflowTaskCompleted,
            EventType::WorkflowExecutionCanceled,
        ]
    );
    Ok(())
}

async fn a_termination_ends_the_wait(world: &World) -> Result<()> {
    let mut chain = Chain::start(world, "0 0 1 1 *", |_| {}).await?;
    terminate(&mut chain.service, &chain.id).await?;
    assert_eq!(
        event_types(&mut chain.service, &chain.id).await?,
        [
            EventType::WorkflowExecutionStarted,
            EventType::WorkflowExecutionTerminated
        ]
    );
    let described = describe(&mut chain.service, &chain.id).await?;
    let info = described.workflow_execution_info.unwrap_or_default();
    assert_eq!(info.status(), WorkflowExecutionStatus::Terminated);
    let again = TerminateWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution(&chain.id),
        ..Default::default()
    };
    assert_eq!(
        ended(chain.service.terminate_workflow_execution(again).await),
        "NotFound: workflow execution already completed"
    );
    Ok(())
}

async fn a_signal_waits_for_the_slot(world: &World) -> Result<()> {
    let mut distant = Chain::start(world, "0 0 1 1 *", |_| {}).await?;
    distant.signal().await?;
    assert_eq!(
        event_types(&mut distant.service, &distant.id).await?,
        [
            EventType::WorkflowExecutionStarted,
            EventType::WorkflowExecutionSignaled,
        ]
    );
    terminate(&mut distant.service, &distant.id).await?;
    let mut chain = Chain::start(world, "@every 2s", |_| {}).await?;
    chain.signal().await?;
    chain.answer(completed("1")).await?;
    let events = chain.events().await?;
    let mut types: Vec<_> = events.iter().map(HistoryEvent::event_type).collect();
    // It came before a worker took the task, and may have come after the slot began.
    let signalled = types
        .iter()
        .position(|it| *it == EventType::WorkflowExecutionSignaled);
    assert!(matches!(signalled, Some(1 | 2)), "{types:?}");
    types.retain(|it| *it != EventType::WorkflowExecutionSignaled);
    assert_eq!(
        types,
        [
            EventType::WorkflowExecutionStarted,
            EventType::WorkflowTaskScheduled,
            EventType::WorkflowTaskStarted,
            EventType::WorkflowTaskCompleted,
            EventType::WorkflowExecutionCompleted,
        ]
    );
    terminate(&mut chain.service, &chain.id).await
}

async fn a_run_that_times_out_is_followed_by_the_next(world: &World) -> Result<()> {
    let mut chain = Chain::start(world, "@every 1s", |start| {
        start.workflow_run_timeout = Some(duration(1, 0));
    })
    .await?;
    // No worker takes its task.
    let (service, id) = (chain.service.clone(), chain.id.clone());
    eventually("the next run", || {
        let (mut service, id, first) = (service.clone(), id.clone(), chain.run_id.clone());
        async move {
            let described = describe(&mut service, &id).await.ok()?;
            let run_id = described.workflow_execution_info?.execution?.run_id;
            (run_id != first).then_some(())
        }
    })
    .await;
    let end = (
        EventType::WorkflowExecutionTimedOut,
        RetryState::RetryPolicyNotSet,
    );
    assert_eq!(chain.follow().await?, end);
    assert_eq!(
        chain.known().await?,
        Known {
            initiator: Initiator::CronSchedule,
            attempt: 1,
            cron: "@every 1s".to_owned(),
            result: None,
            failure: "workflow timeout".to_owned(),
        }
    );
    terminate(&mut chain.service, &chain.id).await
}
