//! Requests that name a run of a chain, and repeated requests.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::WorkflowExecution, enums::v1::EventType as Event, workflowservice::v1::*,
};
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, Service, complete, continue_as_new, describe, ended, event_types, execution,
        terminate, workflow_task,
    },
};

on_both_servers! {
    a_request_that_names_the_first_run_reaches_the_current_one
    a_request_that_names_another_first_run_is_refused
    a_closed_chain_is_not_asked_for_its_first_run
    a_workflow_is_cancelled_once_however_often_it_is_asked
}

/// A workflow that continued itself as new twice: its id and its runs.
async fn chain(world: &World, service: &mut Service) -> Result<(String, [String; 3])> {
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let mut runs = [String::new(), String::new(), String::new()];
    for (place, run) in runs.iter_mut().enumerate() {
        let described = describe(service, &workflow_id).await?;
        let info = described.workflow_execution_info.unwrap_or_default();
        *run = info.execution.unwrap_or_default().run_id;
        if place < 2 {
            let task = workflow_task(service, &world.queue).await?;
            let command = continue_as_new(Default::default());
            complete(service, &task, vec![command], vec![]).await?;
        }
    }
    Ok((workflow_id, runs))
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Cancel,
    Terminate,
}

impl Ask {
    async fn send(
        self,
        service: &mut Service,
        workflow_id: &str,
        run_id: &str,
        first_run_id: &str,
    ) -> String {
        let workflow_execution = Some(WorkflowExecution {
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_owned(),
        });
        match self {
            Self::Cancel => ended(
                service
                    .request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest {
                        namespace: NAMESPACE.to_owned(),
                        workflow_execution,
                        first_execution_run_id: first_run_id.to_owned(),
                        ..Default::default()
                    })
                    .await,
            ),
            Self::Terminate => ended(
                service
                    .terminate_workflow_execution(TerminateWorkflowExecutionRequest {
                        namespace: NAMESPACE.to_owned(),
                        workflow_execution,
                        first_execution_run_id: first_run_id.to_owned(),
                        ..Default::default()
                    })
                    .await,
            ),
        }
    }

    fn event(self) -> Event {
        match self {
            Self::Cancel => Event::WorkflowExecutionCancelRequested,
            Self::Terminate => Event::WorkflowExecutionTerminated,
        }
    }
}

const UNKNOWN: &str = "0190b6a2-6d00-7cc3-98c8-0f5b6d3a7b11";

async fn a_request_that_names_the_first_run_reaches_the_current_one(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for ask in [Ask::Cancel, Ask::Terminate] {
        for named in [Some(0), Some(1), Some(2), None] {
            let (workflow_id, runs) = chain(world, &mut service).await?;
            let run_id = named.map_or(UNKNOWN, |place| runs[place].as_str());
            let ended = ask.send(&mut service, &workflow_id, run_id, &runs[0]).await;
            assert_eq!(ended, "OK", "{ask:?} {named:?}");
            let types = event_types(&mut service, &workflow_id).await?;
            assert!(types.contains(&ask.event()), "{ask:?} {named:?}");
            terminate(&mut service, &workflow_id).await.ok();
        }
    }
    Ok(())
}

async fn a_request_that_names_another_first_run_is_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for ask in [Ask::Cancel, Ask::Terminate] {
        let (workflow_id, runs) = chain(world, &mut service).await?;
        for (run_id, first_run_id) in [
            (runs[0].as_str(), runs[1].as_str()),
            (&runs[2], UNKNOWN),
            ("", UNKNOWN),
            ("", "nonsense"),
        ] {
            assert_eq!(
                ask.send(&mut service, &workflow_id, run_id, first_run_id)
                    .await,
                "NotFound: workflow execution not found"
            );
        }
        assert_eq!(
            ask.send(&mut service, &workflow_id, "nonsense", &runs[0])
                .await,
            "InvalidArgument: Invalid RunId."
        );
        let types = event_types(&mut service, &workflow_id).await?;
        assert!(!types.contains(&ask.event()));
        terminate(&mut service, &workflow_id).await?;
    }
    Ok(())
}

async fn a_closed_chain_is_not_asked_for_its_first_run(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for (ask, closed) in [
        (Ask::Cancel, "OK"),
        (
            Ask::Terminate,
            "NotFound: workflow execution already completed",
        ),
    ] {
        let (workflow_id, runs) = chain(world, &mut service).await?;
        // Without the first run it is the named run that counts.
        let old = ask.send(&mut service, &workflow_id, &runs[0], "").await;
        assert_eq!(old, closed);
        terminate(&mut service, &workflow_id).await?;
        for first_run_id in [runs[0].as_str(), UNKNOWN] {
            let sent = ask.send(&mut service, &workflow_id, "", first_run_id);
            assert_eq!(sent.await, closed);
        }
        // A later chain of the same id is another one.
        service
            .start_workflow_execution(StartWorkflowExecutionRequest {
                workflow_id: workflow_id.clone(),
                ..world.start_request()
            })
            .await?;
        let sent = ask.send(&mut service, &workflow_id, &runs[0], &runs[0]);
        assert_eq!(sent.await, "NotFound: workflow execution not found");
        terminate(&mut service, &workflow_id).await?;
    }
    Ok(())
}

async fn a_workflow_is_cancelled_once_however_often_it_is_asked(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for requests in [["", ""], ["a", "a"], ["a", "b"], ["a", ""], ["", "b"]] {
        let request = world.start_request();
        let workflow_id = request.workflow_id.clone();
        service.start_workflow_execution(request).await?;
        let cancel = |request_id: &str| RequestCancelWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(&workflow_id),
            request_id: request_id.to_owned(),
            ..Default::default()
        };
        for request_id in requests {
            let cancelled = service.request_cancel_workflow_execution(cancel(request_id));
            assert_eq!(ended(cancelled.await), "OK", "{requests:?}");
        }
        assert_eq!(
            event_types(&mut service, &workflow_id).await?,
            [
                Event::WorkflowExecutionStarted,
                Event::WorkflowTaskScheduled,
                Event::WorkflowExecutionCancelRequested,
            ],
            "{requests:?}"
        );
        // The start and the first request; the second changes nothing.
        let info = describe(&mut service, &workflow_id)
            .await?
            .workflow_execution_info;
        assert_eq!(info.unwrap_or_default().state_transition_count, 2);
        terminate(&mut service, &workflow_id).await?;
        let late = service.request_cancel_workflow_execution(cancel("late"));
        assert_eq!(ended(late.await), "OK", "{requests:?}");
    }
    Ok(())
}
