//! Queries of lists, counts and scans, and their page tokens.
//!
//! An input is the kind of list, the page size, the length of the page token, the token, and the
//! query.

use std::cell::RefCell;

use durably_proto::Message;
use durably_proto::api::common::v1::{Payload, SearchAttributes};
use durably_proto::api::operatorservice::v1::*;
use durably_proto::api::workflowservice::v1::*;
use tokio::runtime::Runtime;

use crate::command;
use crate::live_server::LiveServer;
use crate::methods::number;
use crate::requests::{NAMESPACE, poll_request, start_request};

pub fn run(input: &[u8]) {
    let Some(([kind, page_size, length], rest)) = input.split_first_chunk() else {
        return;
    };
    let Some((token, query)) = rest.split_at_checked(usize::from(*length)) else {
        return;
    };
    let Ok(query) = str::from_utf8(query) else {
        return;
    };
    ROWS.with_borrow(|rows| match kind % 4 {
        0 => list(rows, i32::from(*page_size), token, query),
        1 => {
            let request = CountWorkflowExecutionsRequest {
                namespace: NAMESPACE.to_owned(),
                query: query.to_owned(),
            };
            rows.call::<CountWorkflowExecutionsResponse>("count_workflow_executions", &request);
        }
        2 => {
            let request = ScanWorkflowExecutionsRequest {
                namespace: NAMESPACE.to_owned(),
                page_size: i32::from(*page_size),
                next_page_token: token.to_owned(),
                query: query.to_owned(),
            };
            rows.call::<ScanWorkflowExecutionsResponse>("scan_workflow_executions", &request);
        }
        _ => {
            let request = ListOpenWorkflowExecutionsRequest {
                namespace: NAMESPACE.to_owned(),
                maximum_page_size: i32::from(*page_size),
                next_page_token: token.to_owned(),
                ..Default::default()
            };
            rows.call::<ListOpenWorkflowExecutionsResponse>(
                "list_open_workflow_executions",
                &request,
            );
        }
    });
}

/// Lists all pages. From the first page on they have as many rows as are counted.
fn list(rows: &Rows, page_size: i32, token: &[u8], query: &str) {
    let mut request = ListWorkflowExecutionsRequest {
        namespace: NAMESPACE.to_owned(),
        page_size,
        next_page_token: token.to_owned(),
        query: query.to_owned(),
    };
    let mut listed = 0;
    for _ in 0..=WORKFLOWS {
        let Some(page) =
            rows.call::<ListWorkflowExecutionsResponse>("list_workflow_executions", &request)
        else {
            return;
        };
        listed += page.executions.len();
        assert!(listed <= WORKFLOWS, "a row is listed twice");
        request.next_page_token = page.next_page_token;
        if request.next_page_token.is_empty() {
            let count = CountWorkflowExecutionsRequest {
                namespace: NAMESPACE.to_owned(),
                query: request.query,
            };
            let count: Option<CountWorkflowExecutionsResponse> =
                rows.call("count_workflow_executions", &count);
            if let Some(count) = count.filter(|_| token.is_empty()) {
                assert_eq!(usize::try_from(count.count), Ok(listed));
            }
            return;
        }
    }
    panic!("the pages do not end");
}

/// A server with workflows, which requests of this target do not change.
struct Rows {
    runtime: Runtime,
    live: LiveServer,
}

impl Rows {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("the thread has no runtime yet");
        let live = runtime.block_on(start());
        Self { runtime, live }
    }

    fn call<Response: Message + Default>(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Option<Response> {
        let request = request.encode_to_vec();
        let answer = self
            .runtime
            .block_on(self.live.call(number(method), &request));
        let bytes = answer.expect("it is a request").ok()?;
        Some(Response::decode(&*bytes).expect("it is that method's response"))
    }
}

/// Starts workflows with search attributes of every type; some are closed.
async fn start() -> LiveServer {
    let live = LiveServer::start().await;
    let types = (1..=7).map(|number| (format!("Custom{number}"), number));
    let attributes = AddSearchAttributesRequest {
        namespace: NAMESPACE.to_owned(),
        search_attributes: types.collect(),
        ..Default::default()
    };
    live.ok::<AddSearchAttributesResponse>("add_search_attributes", &attributes)
        .await;
    for place in 0..WORKFLOWS {
        let json = [
            format!("\"text {place}\""),
            format!("\"keyword-{}\"", place % 3),
            format!("{}", place as i64 - 3),
            format!("{place}.5"),
            format!("{}", place % 2 == 0),
            format!("\"2026-01-0{}T00:00:00Z\"", place + 1),
            format!("[\"a\", \"b{place}\"]"),
        ];
        let fields = json
            .into_iter()
            .zip(1..)
            .skip(place % 3)
            .map(|(json, number)| {
                let payload = Payload {
                    metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
                    data: json.into_bytes(),
                    ..Default::default()
                };
                (format!("Custom{number}"), payload)
            });
        let request = StartWorkflowExecutionRequest {
            search_attributes: Some(SearchAttributes {
                indexed_fields: fields.collect(),
            }),
            ..start_request(&format!("workflow-{place}"))
        };
        live.ok::<StartWorkflowExecutionResponse>("start_workflow_execution", &request)
            .await;
        if place % 3 == 0 {
            let task: PollWorkflowTaskQueueResponse =
                live.ok("poll_workflow_task_queue", &poll_request()).await;
            let completion = RespondWorkflowTaskCompletedRequest {
                namespace: NAMESPACE.to_owned(),
                task_token: task.task_token,
                commands: vec![command::complete("done")],
                ..Default::default()
            };
            live.ok::<RespondWorkflowTaskCompletedResponse>(
                "respond_workflow_task_completed",
                &completion,
            )
            .await;
        }
    }
    live
}

thread_local! {
    static ROWS: RefCell<Rows> = RefCell::new(Rows::new());
}

const WORKFLOWS: usize = 8;
