//! What is sent, and what is sent again.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use durably_engine::Payload;
use durably_proto::api::{
    common::v1::{Memo, SearchAttributes, WorkflowExecution},
    enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage,
    failure::v1::Failure,
    update::v1::{Outcome, UpdateRef, outcome::Value},
    workflow::v1::WorkflowExecutionInfo,
    workflowservice::v1::{
        DescribeWorkflowExecutionResponse, ListWorkflowExecutionsResponse,
        PollWorkflowExecutionUpdateResponse, QueryWorkflowResponse, StartWorkflowExecutionResponse,
        UpdateWorkflowExecutionResponse,
    },
};
use tonic::Status;

use super::{Account, fake::server};
use crate::search::{Keyword, SearchKey};
use crate::{
    client::StartCall,
    data::{EncodedArgs, tests::formats::MessagePack},
    definition::QueueSet,
    error::{HandleError, UpdateError},
    time::span::{hours, millis, secs},
    transport::eager_starts::{FirstTask, FirstTasks},
    wire::payload,
};

fn started(run_id: &str) -> StartWorkflowExecutionResponse {
    StartWorkflowExecutionResponse {
        run_id: run_id.to_owned(),
        started: true,
        ..Default::default()
    }
}

fn success(result: &str) -> Option<Outcome> {
    let result = Payload::json(result.as_bytes().to_vec());
    Some(Outcome {
        value: Some(Value::Success(
            payload::list_to_proto(vec![result]).expect("one payload is a list"),
        )),
    })
}

#[tokio::test]
async fn a_start_says_what_was_asked_for() {
    let (fake, client) = server().await;
    fake.start_workflow_execution.then(Ok(started("run-1")));
    let handle = client
        .start("Account", ("bob", 5))
        .id("acc-1")
        .task_queue("accounts")
        .run_timeout(hours(1))
        .start_delay(secs(3))
        .memo("note", "new")
        .await
        .expect("the server starts it");
    assert_eq!((handle.id(), handle.run_id()), ("acc-1", Some("run-1")));
    let [asked] = &fake.start_workflow_execution.asked()[..] else {
        panic!("one request");
    };
    assert_eq!(asked.namespace, "default");
    assert_eq!(asked.workflow_id, "acc-1");
    assert_eq!(
        asked.workflow_type.as_ref().map(|it| &*it.name),
        Some("Account")
    );
    assert_eq!(
        asked.task_queue.as_ref().map(|it| &*it.name),
        Some("accounts")
    );
    assert_eq!(asked.workflow_run_timeout.map(|it| it.seconds), Some(3600));
    assert_eq!(asked.workflow_start_delay.map(|it| it.seconds), Some(3));
    let args = payload::list_from_proto(asked.input.clone());
    assert_eq!(
        args,
        [
            Payload::json(b"\"bob\"".to_vec()),
            Payload::json(b"5".to_vec())
        ]
    );
    let memo = payload::memo_from_proto(asked.memo.clone());
    assert_eq!(memo.get("note"), Some(&Payload::json(b"\"new\"".to_vec())));
    assert!(asked.retry_policy.is_none() && asked.search_attributes.is_none());
}

#[tokio::test]
async fn a_repeated_start_is_known_by_its_request_id() {
    let (fake, client) = server().await;
    let start = &fake.start_workflow_execution;
    start.then(Err(Status::unavailable("connection reset")));
    start.then(Ok(started("run-1")));
    let args = EncodedArgs::from_payloads(Vec::new());
    StartCall::<Account, QueueSet>::new(&client, args)
        .task_queue("accounts")
        .await
        .expect("the second attempt arrives");
    let asked = start.asked();
    assert_eq!(asked.len(), 2);
    assert!(!asked[0].request_id.is_empty() && !asked[0].workflow_id.is_empty());
    assert_eq!(asked[0], asked[1]);
}

/// A worker with one slot.
struct OneSlot(Arc<()>);

impl FirstTasks for OneSlot {
    fn reserve(&self, _: &str, _: &str) -> Option<FirstTask> {
        let slot = (Arc::strong_count(&self.0) == 1).then(|| Arc::clone(&self.0))?;
        Some(Box::new(move |_| drop(slot)))
    }
}

#[tokio::test(start_paused = true)]
async fn the_retry_of_an_eager_start_holds_no_slot_and_requests_no_task() {
    let (fake, client) = server().await;
    let worker = Arc::new(OneSlot(Arc::default()));
    let workers = client.caller().eager_starts();
    workers.add(Arc::downgrade(&worker) as Weak<dyn FirstTasks>);
    let sent = &fake.start_workflow_execution;
    sent.then(Err(Status::unavailable("connection reset")));
    sent.then_silence();
    let start = client.start("Account", ()).id("acc-1");
    let start = tokio::spawn(start.task_queue("accounts").eager());
    while sent.asked().len() < 2 {
        tokio::time::sleep(millis(10)).await;
    }
    // The second attempt waits for its response.
    assert!(!start.is_finished());
    assert_eq!(Arc::strong_count(&worker.0), 1);
    start.abort();
    let [first, second] = &sent.asked()[..] else {
        panic!("two requests");
    };
    assert!(first.request_eager_execution);
    let mut expected = first.clone();
    expected.request_eager_execution = false;
    assert_eq!(*second, expected);
}

#[tokio::test]
async fn a_worker_takes_no_first_tasks_of_another_namespace() {
    let (fake, client) = server().await;
    let worker = Arc::new(OneSlot(Arc::default()));
    let workers = client.caller().eager_starts();
    workers.add(Arc::downgrade(&worker) as Weak<dyn FirstTasks>);
    for (namespace, is_eager) in [("default", true), ("shop", false)] {
        let start = &fake.start_workflow_execution;
        start.then(Ok(started("run-1")));
        let client = client.in_namespace(namespace);
        let call = client.start("Account", ()).task_queue("accounts").eager();
        call.await.expect("the workflow starts");
        let asked = start.asked();
        let last = asked.last().expect("it was sent");
        assert_eq!(
            (&*last.namespace, last.request_eager_execution),
            (namespace, is_eager)
        );
    }
}

#[tokio::test]
async fn an_argument_that_cannot_be_encoded_is_not_sent() {
    let (fake, client) = server().await;
    let map = std::collections::BTreeMap::from([(vec![1], 1)]);
    let error = client
        .start("Account", (map,))
        .task_queue("accounts")
        .await
        .expect_err("JSON has no such keys");
    assert!(error.to_string().starts_with("cannot write argument 1"));
    assert!(fake.start_workflow_execution.asked().is_empty());
}

#[tokio::test]
async fn an_update_is_asked_again_until_it_is_accepted_and_then_polled() {
    let (fake, client) = server().await;
    let update = &fake.update_workflow_execution;
    update.then(Ok(UpdateWorkflowExecutionResponse {
        stage: Stage::Admitted.into(),
        ..Default::default()
    }));
    update.then(Ok(UpdateWorkflowExecutionResponse {
        stage: Stage::Accepted.into(),
        ..Default::default()
    }));
    let poll = &fake.poll_workflow_execution_update;
    poll.then(Ok(PollWorkflowExecutionUpdateResponse::default()));
    poll.then(Ok(PollWorkflowExecutionUpdateResponse {
        outcome: success("105"),
        ..Default::default()
    }));
    let balance: u64 = client
        .handle("acc-1")
        .update("deposit", (5,))
        .await
        .expect("the update completes");
    assert_eq!(balance, 105);
    let asked = update.asked();
    assert_eq!(asked[0], asked[1]);
    let ids: Vec<_> = poll
        .asked()
        .into_iter()
        .filter_map(|asked| Some(asked.update_ref?.update_id))
        .collect();
    let sent = asked[0].request.clone().and_then(|request| request.meta);
    let sent = sent.expect("an update has an id").update_id;
    assert_eq!(ids, [sent.clone(), sent]);
}

#[tokio::test]
async fn an_outcome_that_came_with_the_answer_is_not_polled_for() {
    let (fake, client) = server().await;
    fake.update_workflow_execution
        .then(Ok(UpdateWorkflowExecutionResponse {
            stage: Stage::Completed.into(),
            outcome: success("105"),
            ..Default::default()
        }));
    let handle = client
        .handle("acc-1")
        .update::<u64>("deposit", (5,))
        .id("deposit-7")
        .accepted()
        .await
        .expect("it is accepted");
    assert_eq!(handle.id(), "deposit-7");
    for _ in 0..2 {
        assert_eq!(handle.result().await.expect("it is known"), 105);
    }
    assert!(fake.poll_workflow_execution_update.asked().is_empty());
}

#[tokio::test]
async fn an_update_that_ended_with_a_failure_is_looked_up_once() {
    let at = |stage: Stage| {
        Ok(PollWorkflowExecutionUpdateResponse {
            stage: stage.into(),
            ..Default::default()
        })
    };
    for (known, expected) in [
        (
            Err(Status::not_found("update \"u-1\" not found")),
            "was rejected",
        ),
        (at(Stage::Admitted), "was rejected"),
        (at(Stage::Accepted), "failed"),
        (at(Stage::Completed), "failed"),
        // Which one it was cannot be told; the failure itself is.
        (Err(Status::permission_denied("no polls")), "failed"),
    ] {
        let (fake, client) = server().await;
        let failure = Failure {
            message: "no".to_owned(),
            ..Default::default()
        };
        fake.update_workflow_execution
            .then(Ok(UpdateWorkflowExecutionResponse {
                stage: Stage::Completed.into(),
                outcome: Some(Outcome {
                    value: Some(Value::Failure(failure)),
                }),
                ..Default::default()
            }));
        fake.poll_workflow_execution_update.then(known);
        let update = client.handle("acc-1").update::<u64>("deposit", (0,));
        let error = update.await.expect_err("it gives no result");
        assert_eq!(
            error.to_string(),
            format!("update `deposit` {expected}: no")
        );
        let asked = fake.poll_workflow_execution_update.asked();
        let [asked] = &asked[..] else {
            panic!("{asked:?}");
        };
        let stage = asked.wait_policy.map(|it| it.lifecycle_stage());
        assert_eq!(stage, Some(Stage::Unspecified), "it does not wait");
    }
}

#[tokio::test]
async fn an_update_that_was_attached_to_is_looked_up_in_the_run_that_had_it() {
    let (fake, client) = server().await;
    let run = |run_id: &str| {
        Some(WorkflowExecution {
            workflow_id: "acc-1".to_owned(),
            run_id: run_id.to_owned(),
        })
    };
    let poll = &fake.poll_workflow_execution_update;
    poll.then(Ok(PollWorkflowExecutionUpdateResponse {
        stage: Stage::Completed.into(),
        outcome: Some(Outcome {
            value: Some(Value::Failure(Failure::default())),
        }),
        update_ref: Some(UpdateRef {
            workflow_execution: run("run-1"),
            update_id: "u-1".to_owned(),
        }),
    }));
    poll.then(Ok(PollWorkflowExecutionUpdateResponse {
        stage: Stage::Completed.into(),
        ..Default::default()
    }));
    let update = client.handle("acc-1").update_handle::<u64>("u-1");
    let error = update.result().await.expect_err("it gives no result");
    assert!(matches!(error, UpdateError::Failed(_)), "{error:?}");
    let asked = poll.asked().into_iter();
    let runs: Vec<_> = asked
        .map(|asked| asked.update_ref.and_then(|it| it.workflow_execution))
        .collect();
    assert_eq!(runs, [run(""), run("run-1")]);
}

#[tokio::test]
async fn a_list_reads_its_pages_as_it_goes() {
    let (fake, client) = server().await;
    let page = |types: &[&str], token: &str| ListWorkflowExecutionsResponse {
        executions: types
            .iter()
            .map(|name| WorkflowExecutionInfo {
                execution: Some(Default::default()),
                r#type: Some((*name).into()),
                ..Default::default()
            })
            .collect(),
        next_page_token: token.as_bytes().to_vec(),
    };
    let list = &fake.list_workflow_executions;
    list.then(Ok(page(&["a", "b"], "more")));
    list.then(Ok(page(&[], "even more")));
    list.then(Ok(page(&["c"], "")));
    let mut workflows = client.list("");
    let mut types = Vec::new();
    while let Some(workflow) = workflows.next().await.expect("all pages come") {
        types.push(workflow.workflow_type);
    }
    assert_eq!(types, ["a", "b", "c"]);
    let tokens: Vec<_> = list
        .asked()
        .into_iter()
        .map(|asked| asked.next_page_token)
        .collect();
    assert_eq!(tokens, [&b""[..], b"more", b"even more"]);
}

#[tokio::test]
async fn memos_are_read_in_the_format_of_the_client_and_search_attributes_as_json() {
    let (fake, client) = server().await;
    let client = client.with_format(MessagePack);
    let found = || WorkflowExecutionInfo {
        execution: Some(Default::default()),
        r#type: Some("a".into()),
        memo: Some(Memo {
            fields: [
                ("by", Payload::new("binary/msgpack", b"\xa3Ada".to_vec())),
                ("for", Payload::json(br#""Bob""#.to_vec())),
            ]
            .map(|(name, note)| (name.to_owned(), payload::to_proto(note)))
            .into(),
        }),
        search_attributes: Some(SearchAttributes {
            indexed_fields: [("City", Payload::json(br#""Rome""#.to_vec()))]
                .map(|(name, city)| (name.to_owned(), payload::to_proto(city)))
                .into(),
        }),
        ..Default::default()
    };
    fake.list_workflow_executions
        .then(Ok(ListWorkflowExecutionsResponse {
            executions: vec![found()],
            ..Default::default()
        }));
    fake.describe_workflow_execution
        .then(Ok(DescribeWorkflowExecutionResponse {
            workflow_execution_info: Some(found()),
            ..Default::default()
        }));
    let listed = client.list("").next().await.expect("the page comes");
    let described = client.handle("a").describe().await.expect("it is found");
    for summary in [&listed.expect("there is one"), &described.summary] {
        let memo = |name| summary.memo::<String>(name).expect("it is a text");
        assert_eq!(memo("by").as_deref(), Some("Ada"));
        assert_eq!(memo("for").as_deref(), Some("Bob"));
        assert_eq!(memo("to"), None);
        let city = summary.search(SearchKey::<Keyword>::new("City"));
        assert_eq!(city.expect("it is a text").as_deref(), Some("Rome"));
    }
}

#[tokio::test]
async fn a_query_may_wait_for_ever() {
    let (fake, client) = server().await;
    fake.query_workflow.then(Ok(QueryWorkflowResponse {
        query_result: payload::list_to_proto(vec![Payload::json(b"7".to_vec())]),
        ..Default::default()
    }));
    let balance = client.handle("acc-1").query::<u64>("balance", ());
    assert_eq!(balance.timeout(Duration::MAX).await.unwrap(), 7);
}

#[tokio::test]
async fn a_repeated_termination_finds_the_workflow_closed_by_the_first() {
    let (fake, client) = server().await;
    let closed = || Status::not_found("workflow execution already completed");
    let handle = client.handle("acc-1");

    fake.terminate_workflow_execution
        .then(Err(Status::unavailable("connection reset")));
    fake.terminate_workflow_execution.then(Err(closed()));
    handle.terminate("enough").await.expect("it is terminated");

    fake.terminate_workflow_execution.then(Err(closed()));
    let error = handle.terminate("enough").await;
    let error = error.expect_err("it was closed before");
    assert!(
        matches!(&error, HandleError::NotFound(missing) if missing.closed),
        "{error:?}"
    );
}
