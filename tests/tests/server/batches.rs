//! Batch operations: what they do with each workflow, their progress, and their end.

use durably::prelude::*;
use durably_proto::api::{
    batch::v1::{
        BatchOperationDeletion, BatchOperationReset, BatchOperationSignal,
        BatchOperationTermination,
    },
    common::v1::{ResetOptions, WorkflowExecution, reset_options::Target},
    enums::v1::{BatchOperationState, EventType},
    workflowservice::v1::{start_batch_operation_request::Operation, *},
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{
        NAMESPACE, Service, complete, complete_workflow, describe, ended, event_types, terminate,
        workflow_task,
    },
    unique,
};

on_both_servers! {
    a_batch_signals_all_workflows_that_match
    a_batch_over_nothing_completes
    a_batch_of_named_workflows_counts_those_that_are_gone
    a_batch_resets_and_deletes_closed_workflows
    a_wrong_batch_is_refused
}

/// Starts this many workflows on the world's queue, and waits until they are listed.
async fn started(world: &World, service: &mut Service, count: i64) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let start = world.start_request();
        ids.push(start.workflow_id.clone());
        service.start_workflow_execution(start).await?;
    }
    eventually("the workflows are listed", || {
        let mut service = service.clone();
        let request = CountWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: of_queue(world),
        };
        async move {
            let counted = service.count_workflow_executions(request).await.ok()?;
            (counted.into_inner().count == count).then_some(())
        }
    })
    .await;
    Ok(ids)
}

fn of_queue(world: &World) -> String {
    format!("TaskQueue = '{}'", world.queue)
}

fn request(operation: Operation) -> StartBatchOperationRequest {
    StartBatchOperationRequest {
        namespace: NAMESPACE.to_owned(),
        job_id: unique("batch"),
        reason: "the test".to_owned(),
        operation: Some(operation),
        ..Default::default()
    }
}

fn signal() -> Operation {
    Operation::SignalOperation(BatchOperationSignal {
        signal: "go".to_owned(),
        identity: "tester".to_owned(),
        ..Default::default()
    })
}

fn termination() -> Operation {
    Operation::TerminationOperation(BatchOperationTermination {
        identity: "tester".to_owned(),
        ..Default::default()
    })
}

/// Starts a batch when no other one is running, which is one at a time in a namespace.
async fn start(service: &Service, request: &StartBatchOperationRequest) {
    eventually("the batch is started", || {
        let (mut service, request) = (service.clone(), request.clone());
        async move {
            match service.start_batch_operation(request).await {
                Ok(_) => Some(()),
                Err(busy) if busy.code() == tonic::Code::ResourceExhausted => None,
                Err(refused) => panic!("{refused:?}"),
            }
        }
    })
    .await;
}

async fn described(
    service: &mut Service,
    job_id: &str,
) -> std::result::Result<DescribeBatchOperationResponse, tonic::Status> {
    let request = DescribeBatchOperationRequest {
        namespace: NAMESPACE.to_owned(),
        job_id: job_id.to_owned(),
    };
    Ok(service
        .describe_batch_operation(request)
        .await?
        .into_inner())
}

/// Waits for the end of a batch.
async fn finished(service: &Service, job_id: &str) -> DescribeBatchOperationResponse {
    eventually("the batch has ended", || {
        let mut service = service.clone();
        async move {
            let described = described(&mut service, job_id).await.ok()?;
            (described.state() != BatchOperationState::Running).then_some(described)
        }
    })
    .await
}

fn numbers(batch: &DescribeBatchOperationResponse) -> [i64; 3] {
    [
        batch.total_operation_count,
        batch.complete_operation_count,
        batch.failure_operation_count,
    ]
}

async fn stop(
    service: &mut Service,
    job_id: &str,
) -> std::result::Result<tonic::Response<StopBatchOperationResponse>, tonic::Status> {
    let request = StopBatchOperationRequest {
        namespace: NAMESPACE.to_owned(),
        job_id: job_id.to_owned(),
        reason: "enough".to_owned(),
        ..Default::default()
    };
    service.stop_batch_operation(request).await
}

async fn a_batch_signals_all_workflows_that_match(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let ids = started(world, &mut service, 4).await?;
    // One that is closed takes no signal, and does not count.
    terminate(&mut service, &ids[3]).await?;
    eventually("the closed one is listed so", || {
        let mut service = service.clone();
        let request = CountWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: format!("{} AND ExecutionStatus = 'Running'", of_queue(world)),
        };
        async move {
            let counted = service.count_workflow_executions(request).await.ok()?;
            (counted.into_inner().count == 3).then_some(())
        }
    })
    .await;
    let request = StartBatchOperationRequest {
        visibility_query: of_queue(world),
        ..request(signal())
    };
    start(&service, &request).await;
    let batch = finished(&service, &request.job_id).await;
    assert_eq!(batch.state(), BatchOperationState::Completed);
    assert_eq!(numbers(&batch), [3, 3, 0]);
    assert_eq!(
        (&*batch.identity, &*batch.reason, &batch.job_id),
        ("tester", "the test", &request.job_id)
    );
    assert!(batch.start_time.is_some() && batch.close_time.is_some());
    for id in &ids[..3] {
        let types = event_types(&mut service, id).await?;
        assert_eq!(
            types,
            [
                EventType::WorkflowExecutionStarted,
                EventType::WorkflowTaskScheduled,
                EventType::WorkflowExecutionSignaled,
            ]
        );
        terminate(&mut service, id).await?;
    }
    // It is in the list, on one of its pages.
    let info = eventually("the batch is listed", || {
        let (mut service, job_id) = (service.clone(), request.job_id.clone());
        async move {
            let mut token = Vec::new();
            loop {
                let request = ListBatchOperationsRequest {
                    namespace: NAMESPACE.to_owned(),
                    page_size: 2,
                    next_page_token: token,
                };
                let page = service.list_batch_operations(request).await.ok()?;
                let page = page.into_inner();
                assert!(page.operation_info.len() <= 2);
                let mut infos = page.operation_info.into_iter();
                if let Some(found) = infos.find(|info| info.job_id == job_id) {
                    return (found.state() == BatchOperationState::Completed).then_some(found);
                }
                token = page.next_page_token;
                if token.is_empty() {
                    return None;
                }
            }
        }
    })
    .await;
    // The list of the real server has microseconds.
    let seconds = |time: Option<durably_proto::wkt::Timestamp>| time.map(|time| time.seconds);
    assert_eq!(seconds(info.start_time), seconds(batch.start_time));
    // A second one with its id is refused.
    let code = eventually("batches of other tests end", || {
        let (mut service, request) = (service.clone(), request.clone());
        async move {
            let again = service.start_batch_operation(request).await;
            let code = again.expect_err("the id is taken").code();
            (code != tonic::Code::ResourceExhausted).then_some(code)
        }
    })
    .await;
    assert_eq!(code, tonic::Code::AlreadyExists);
    Ok(())
}

async fn a_batch_over_nothing_completes(world: &World) -> Result<()> {
    let service = world.service().await?;
    let request = StartBatchOperationRequest {
        visibility_query: of_queue(world),
        ..request(termination())
    };
    start(&service, &request).await;
    let batch = finished(&service, &request.job_id).await;
    assert_eq!(batch.state(), BatchOperationState::Completed);
    assert_eq!(numbers(&batch), [0, 0, 0]);
    Ok(())
}

#[expect(deprecated, reason = "clients still send it")]
async fn a_batch_of_named_workflows_counts_those_that_are_gone(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let ids = started(world, &mut service, 2).await?;
    let named = [&*ids[0], &*ids[1], "nowhere"];
    let request = StartBatchOperationRequest {
        executions: named
            .map(|id| WorkflowExecution {
                workflow_id: id.to_owned(),
                run_id: String::new(),
            })
            .to_vec(),
        ..request(termination())
    };
    start(&service, &request).await;
    let batch = finished(&service, &request.job_id).await;
    assert_eq!(batch.state(), BatchOperationState::Completed);
    assert_eq!(numbers(&batch), [3, 3, 0]);
    for id in &ids {
        let types = event_types(&mut service, id).await?;
        assert_eq!(types.last(), Some(&EventType::WorkflowExecutionTerminated));
    }
    Ok(())
}

/// The real server has done all thirty before a request can stop it, whatever rate it was given.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_stopped_leaves_the_rest_alone() -> Result<()> {
    let world = &World::embedded().await?;
    let mut service = world.service().await?;
    let ids = started(world, &mut service, 30).await?;
    let request = StartBatchOperationRequest {
        visibility_query: of_queue(world),
        max_operations_per_second: 1.0,
        ..request(termination())
    };
    start(&service, &request).await;
    let running = || async {
        let mut running = 0;
        for id in &ids {
            let described = describe(&mut service.clone(), id).await.ok()?;
            let info = described.workflow_execution_info?;
            running += usize::from(info.close_time.is_none());
        }
        Some(running)
    };
    eventually("the first workflow is terminated", || async {
        (running().await? < 30).then_some(())
    })
    .await;
    let mut stops = service.clone();
    stop(&mut stops, &request.job_id).await?;
    let batch = finished(&service, &request.job_id).await;
    assert_eq!(batch.state(), BatchOperationState::Failed);
    let left = running().await.expect("they are there");
    assert!(left > 0, "it was stopped before the last one");
    let again = ended(stop(&mut stops, &request.job_id).await);
    assert_eq!(again, "NotFound: workflow execution already completed");
    for id in &ids {
        terminate(&mut stops, id).await.ok();
    }
    Ok(())
}

async fn a_batch_resets_and_deletes_closed_workflows(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let ids = started(world, &mut service, 2).await?;
    for _ in &ids {
        let task = workflow_task(&mut service, &world.queue).await?;
        complete(&mut service, &task, vec![complete_workflow()], vec![]).await?;
    }
    eventually("they are listed as closed", || {
        let mut service = service.clone();
        let request = CountWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: format!("{} AND ExecutionStatus = 'Completed'", of_queue(world)),
        };
        async move {
            let counted = service.count_workflow_executions(request).await.ok()?;
            (counted.into_inner().count == 2).then_some(())
        }
    })
    .await;
    let reset = Operation::ResetOperation(BatchOperationReset {
        options: Some(ResetOptions {
            target: Some(Target::LastWorkflowTask(())),
            ..Default::default()
        }),
        ..Default::default()
    });
    let request_reset = StartBatchOperationRequest {
        visibility_query: of_queue(world),
        ..request(reset)
    };
    start(&service, &request_reset).await;
    let batch = finished(&service, &request_reset.job_id).await;
    assert_eq!(numbers(&batch), [2, 2, 0]);
    for id in &ids {
        let types = event_types(&mut service, id).await?;
        assert_eq!(
            types,
            [
                EventType::WorkflowExecutionStarted,
                EventType::WorkflowTaskScheduled,
                EventType::WorkflowTaskStarted,
                EventType::WorkflowTaskFailed,
                EventType::WorkflowTaskScheduled,
            ]
        );
    }
    let deletion = Operation::DeletionOperation(BatchOperationDeletion::default());
    let request = StartBatchOperationRequest {
        visibility_query: of_queue(world),
        ..request(deletion)
    };
    start(&service, &request).await;
    let batch = finished(&service, &request.job_id).await;
    assert_eq!(batch.failure_operation_count, 0);
    for id in &ids {
        eventually("the workflow is deleted", || {
            let mut service = service.clone();
            async move { describe(&mut service, id).await.err() }
        })
        .await;
    }
    Ok(())
}

async fn a_wrong_batch_is_refused(world: &World) -> Result<()> {
    type Change = fn(&mut StartBatchOperationRequest);
    const INCOMPLETE: &str = "InvalidArgument: must provide required parameters: BatchType,Reason,Namespace, AND one of (Query OR Executions OR TargetExecutions)";
    let mut service = world.service().await?;
    let table: &[(Change, &str)] = &[
        (|r| r.operation = None, INCOMPLETE),
        (|r| r.reason.clear(), INCOMPLETE),
        (|r| r.visibility_query.clear(), INCOMPLETE),
        (
            |r| r.job_id.clear(),
            "InvalidArgument: JobId is not set on request.",
        ),
        (
            |r| r.namespace = "nowhere".to_owned(),
            "NotFound: Namespace nowhere is not found.",
        ),
        (
            |r| r.operation = Some(Operation::SignalOperation(Default::default())),
            "InvalidArgument: must provide signal name",
        ),
        (
            |r| {
                r.operation = Some(Operation::ResetOperation(BatchOperationReset {
                    options: Some(ResetOptions::default()),
                    ..Default::default()
                }));
            },
            "InvalidArgument: batch reset missing target",
        ),
    ];
    for (change, answer) in table {
        let mut request = StartBatchOperationRequest {
            visibility_query: of_queue(world),
            ..request(signal())
        };
        change(&mut request);
        assert_eq!(ended(service.start_batch_operation(request).await), *answer);
    }
    let mangled = StartBatchOperationRequest {
        visibility_query: "WorkflowType = ".to_owned(),
        ..request(signal())
    };
    let mangled = service.start_batch_operation(mangled).await;
    let mangled = mangled.expect_err("it is no query");
    assert_eq!(mangled.code(), tonic::Code::InvalidArgument);
    let unknown = "NotFound: workflow not found for ID: nowhere";
    assert_eq!(ended(stop(&mut service, "nowhere").await), unknown);
    let unknown = described(&mut service, "nowhere").await;
    let unknown = unknown.expect_err("there is none");
    assert_eq!(unknown.message(), "workflow not found for ID: nowhere");
    let no_id = described(&mut service, "").await.expect_err("no id");
    assert_eq!(no_id.message(), "JobId is not set on request.");
    let stop = StopBatchOperationRequest {
        namespace: NAMESPACE.to_owned(),
        job_id: "batch".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        ended(service.stop_batch_operation(stop).await),
        "InvalidArgument: Reason is not set on request."
    );
    Ok(())
}
