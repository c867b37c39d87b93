//! An SQLite file whose bytes are changed: the server refuses it, or starts and answers.
//!
//! Written below the folder for temporary files, which is best in memory.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use durably_proto::Message;
use durably_proto::api::workflowservice::v1::*;
use durably_server::{Server, ServerBuilder};
use tonic::Code;

use crate::choices::Choices;
use crate::command;
use crate::live_server::LiveServer;
use crate::methods::number;
use crate::requests::{NAMESPACE, execution, poll_request, signal, start_request};

pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut bytes = DATABASE.clone();
    for _ in 0..MOST_CHANGES {
        if choices.is_exhausted() {
            break;
        }
        change(&mut bytes, &mut choices);
    }
    write(&bytes);
    block_on(async {
        let Ok(server) = builder().start().await else {
            return;
        };
        // Damage that is found late is the answer to a request.
        let live = LiveServer::of(server, &[Code::Internal, Code::Unknown]);
        use_it(&live).await;
        live.stop().await;
    });
}

/// Changes bytes of a page, exchanges or removes pages, or cuts the file.
fn change(bytes: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let pages = bytes.len() / PAGE;
    if pages == 0 {
        return;
    }
    let page = choices.below(pages) * PAGE;
    match choices.below(8) {
        0 => {
            let other = choices.below(pages) * PAGE;
            let copy = bytes[other..other + PAGE].to_vec();
            bytes[page..page + PAGE].copy_from_slice(&copy);
        }
        1 => bytes.truncate(page + choices.below(PAGE)),
        2 => bytes[page..page + PAGE].fill(choices.any()),
        3 => {
            // The header of a page.
            let place = page + choices.below(16);
            bytes[place] = choices.any();
        }
        4 => {
            let place = page + choices.below(PAGE);
            let change = choices.bytes();
            let end = (place + change.len()).min(bytes.len());
            bytes.splice(place..end, change);
        }
        _ => {
            let place = page + choices.below(PAGE);
            bytes[place] ^= 1 << choices.below(8);
        }
    }
}

/// Does what clients and workers do.
async fn use_it(live: &LiveServer) {
    let namespace = NAMESPACE.to_owned();
    let list = ListWorkflowExecutionsRequest {
        namespace: namespace.clone(),
        query: "WorkflowType = 'Fuzzed' AND StartTime > '2000-01-01T00:00:00Z'".to_owned(),
        ..Default::default()
    };
    let mut calls = vec![("list_workflow_executions", list.encode_to_vec())];
    for id in ["open", "closed", "new", "another"] {
        let describe = DescribeWorkflowExecutionRequest {
            namespace: namespace.clone(),
            execution: execution(id),
        };
        let history = GetWorkflowExecutionHistoryRequest {
            namespace: namespace.clone(),
            execution: execution(id),
            ..Default::default()
        };
        calls.extend([
            ("describe_workflow_execution", describe.encode_to_vec()),
            ("get_workflow_execution_history", history.encode_to_vec()),
            ("signal_workflow_execution", signal(id).encode_to_vec()),
            (
                "start_workflow_execution",
                start_request(id).encode_to_vec(),
            ),
        ]);
    }
    calls.push(("poll_workflow_task_queue", poll_request().encode_to_vec()));
    for (method, request) in calls {
        live.call(number(method), &request).await;
    }
}

/// The bytes of a database with three workflows.
static DATABASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    write(&[]);
    block_on(async {
        let server = builder().start().await.expect("an empty file");
        let live = LiveServer::of(server, &[Code::Internal, Code::DataLoss, Code::Unknown]);
        for (id, commands) in [
            ("closed", vec![command::complete("done")]),
            (
                "open",
                vec![
                    command::start_timer("t1", 100),
                    command::schedule_activity("a1"),
                ],
            ),
        ] {
            let start = start_request(id);
            live.ok::<StartWorkflowExecutionResponse>("start_workflow_execution", &start)
                .await;
            let task: PollWorkflowTaskQueueResponse =
                live.ok("poll_workflow_task_queue", &poll_request()).await;
            let completion = RespondWorkflowTaskCompletedRequest {
                namespace: NAMESPACE.to_owned(),
                task_token: task.task_token,
                commands,
                ..Default::default()
            };
            live.ok::<RespondWorkflowTaskCompletedResponse>(
                "respond_workflow_task_completed",
                &completion,
            )
            .await;
        }
        let start = start_request("new");
        live.ok::<StartWorkflowExecutionResponse>("start_workflow_execution", &start)
            .await;
        live.stop().await;
    });
    fs::read(path()).expect("the server wrote it")
});

fn builder() -> ServerBuilder {
    Server::builder().grpc(false).database(path())
}

/// Replaces the database by these bytes, without a write-ahead log of its own.
fn write(bytes: &[u8]) {
    let path = path();
    for suffix in ["-wal", "-shm", "-journal", ".lock"] {
        // It may not be there.
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
    fs::write(path, bytes).expect("the folder for temporary files can be written to");
}

fn path() -> PathBuf {
    std::env::temp_dir().join(format!("durably-fuzz-{}.db", std::process::id()))
}

/// The store works on threads of its own, so the clock cannot be paused.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime
        .expect("the thread has no runtime yet")
        .block_on(future)
}

const MOST_CHANGES: usize = 6;
/// Bytes of a page of SQLite.
const PAGE: usize = 4096;
