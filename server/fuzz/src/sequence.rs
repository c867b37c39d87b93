//! A sequence of requests that clients and workers could send, with the tokens that the server
//! returned, some of them damaged.

use std::time::Duration;

use durably_proto::Message;
use durably_proto::api::common::v1::{Payload, RetryPolicy, SearchAttributes, WorkflowExecution};
use durably_proto::api::operatorservice::v1::*;
use durably_proto::api::query::v1::{WorkflowQuery, WorkflowQueryResult};
use durably_proto::api::taskqueue::v1::StickyExecutionAttributes;
use durably_proto::api::update::v1::WaitPolicy;
use durably_proto::api::workflowservice::v1::execute_multi_operation_request::{
    Operation, operation,
};
use durably_proto::api::workflowservice::v1::*;

use crate::choices::Choices;
use crate::command;
use crate::commands::{commands, id, seconds};
use crate::live_server::{LiveServer, block_on};
use crate::methods::{METHODS, number};
use crate::requests::{NAMESPACE, QUEUE, poll_request, signal, start_request};

pub fn run(input: &[u8]) {
    block_on(async {
        let mut sequence = Sequence {
            live: LiveServer::start().await,
            choices: Choices::new(input),
            tasks: Vec::new(),
            queries: Vec::new(),
            activities: Vec::new(),
            runs: vec![String::new()],
            pages: vec![Vec::new()],
        };
        for _ in 0..MOST_STEPS {
            if sequence.choices.is_exhausted() {
                break;
            }
            sequence.step().await;
        }
        sequence.live.stop().await;
    });
}

/// A server and what its clients and workers know.
struct Sequence<'a> {
    live: LiveServer,
    choices: Choices<'a>,
    /// Tokens of workflow tasks.
    tasks: Vec<Vec<u8>>,
    /// Tokens of tasks with only a query.
    queries: Vec<Vec<u8>>,
    /// Tokens of activity tasks.
    activities: Vec<Vec<u8>>,
    /// Run ids; the first one is empty.
    runs: Vec<String>,
    /// Page tokens; the first one is empty.
    pages: Vec<Vec<u8>>,
}

impl Sequence<'_> {
    async fn step(&mut self) {
        match self.choices.below(26) {
            0..=2 => self.start().await,
            3..=5 => self.poll_workflow_task().await,
            6..=9 => self.complete_workflow_task().await,
            10 => self.fail_workflow_task().await,
            11 | 12 => self.poll_activity().await,
            13..=15 => self.report_activity().await,
            16 => self.signal().await,
            17 => self.signal_with_start().await,
            18 => self.update().await,
            19 => self.query().await,
            20 => self.end().await,
            21 => self.read().await,
            22 => self.advance().await,
            23 => self.multi_operation().await,
            24 => self.administer().await,
            _ => {
                let (method, bytes) = (self.choices.below(METHODS.len()), self.choices.bytes());
                self.live.call(method, &bytes).await;
            }
        }
    }

    /// Sends a request, or something like it; none if it is refused.
    async fn send<Response: Message + Default>(
        &mut self,
        method: &str,
        request: &impl Message,
    ) -> Option<Response> {
        let bytes = self.encode(request);
        let answer = self.live.call(number(method), &bytes).await?;
        Some(Response::decode(&*answer.ok()?).expect("it is that method's response"))
    }

    /// Sends a request that may wait for what comes later.
    async fn send_later(&mut self, method: &str, request: &impl Message) {
        let bytes = self.encode(request);
        self.live.call_later(number(method), &bytes).await;
    }

    fn encode(&mut self, request: &impl Message) -> Vec<u8> {
        let mut bytes = request.encode_to_vec();
        if self.choices.once_in(6) {
            self.choices.damage(&mut bytes);
        }
        bytes
    }

    fn execution(&mut self) -> Option<WorkflowExecution> {
        Some(WorkflowExecution {
            workflow_id: self.choices.one_of(&WORKFLOWS).to_owned(),
            run_id: match self.choices.once_in(4) {
                true => self.choices.one_of(&self.runs),
                false => String::new(),
            },
        })
    }

    fn start_request(&mut self) -> StartWorkflowExecutionRequest {
        let choices = &mut self.choices;
        let mut request = start_request(choices.one_of(&WORKFLOWS));
        request.request_id = choices.one_of(&["", "1", "2"]).to_owned();
        request.workflow_execution_timeout = seconds(choices);
        request.workflow_run_timeout = seconds(choices);
        request.workflow_task_timeout = seconds(choices);
        request.workflow_id_reuse_policy = choices.below(6) as i32;
        request.workflow_id_conflict_policy = choices.below(5) as i32;
        request.request_eager_execution = choices.once_in(4);
        if choices.once_in(4) {
            request.workflow_start_delay = seconds(choices);
        } else if choices.once_in(4) {
            let cron = [
                "@every 3s",
                "* * * * *",
                "@every 99999999h",
                "0 0 29 2 *",
                "?",
            ];
            request.cron_schedule = choices.one_of(&cron).to_owned();
        }
        if choices.once_in(4) {
            request.retry_policy = Some(RetryPolicy {
                initial_interval: seconds(choices),
                backoff_coefficient: choices.one_of(&[0.0, 1.0, 1e300, f64::NAN, -1.0]),
                maximum_interval: seconds(choices),
                maximum_attempts: choices.number() as i32,
                ..Default::default()
            });
        }
        if choices.once_in(4) {
            let data = choices.one_of(&["\"a\"", "1", "null", "[", "1e999"]);
            let payload = Payload {
                metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
                data: data.into(),
                ..Default::default()
            };
            request.search_attributes = Some(SearchAttributes {
                indexed_fields: [(choices.one_of(&ATTRIBUTES).to_owned(), payload)].into(),
            });
        }
        request
    }

    async fn start(&mut self) {
        let request = self.start_request();
        let response: Option<StartWorkflowExecutionResponse> =
            self.send("start_workflow_execution", &request).await;
        if let Some(response) = response {
            self.runs.push(response.run_id);
            let eager = response.eager_workflow_task.into_iter();
            self.tasks.extend(eager.map(|task| task.task_token));
        }
    }

    async fn poll_workflow_task(&mut self) {
        let request = PollWorkflowTaskQueueRequest {
            task_queue: Some(command::queue(self.choices.one_of(&[QUEUE, STICKY]))),
            ..poll_request()
        };
        let task: Option<PollWorkflowTaskQueueResponse> =
            self.send("poll_workflow_task_queue", &request).await;
        if let Some(task) = task {
            self.take(task);
        }
    }

    fn take(&mut self, task: PollWorkflowTaskQueueResponse) {
        match task.query {
            Some(_) => self.queries.push(task.task_token),
            None => self.tasks.push(task.task_token),
        }
        self.pages.push(task.next_page_token);
    }

    /// A token, often the last one.
    fn token(choices: &mut Choices<'_>, tokens: &[Vec<u8>]) -> Vec<u8> {
        match tokens.last() {
            None => choices.bytes(),
            Some(last) if !choices.once_in(3) => last.clone(),
            Some(_) => {
                let mut token = choices.one_of(tokens);
                if choices.once_in(4) {
                    choices.damage(&mut token);
                }
                token
            }
        }
    }

    async fn complete_workflow_task(&mut self) {
        let choices = &mut self.choices;
        let (mut commands, messages) = commands(choices);
        for command in &mut commands {
            use durably_proto::api::command::v1::command::Attributes;
            if let Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) =
                &mut command.attributes
            {
                crate::requests::in_queue(activity);
            }
        }
        let result = WorkflowQueryResult {
            result_type: choices.below(4) as i32,
            answer: Some(command::payloads("state")),
            ..Default::default()
        };
        let request = RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: Self::token(choices, &self.tasks),
            commands,
            messages,
            query_results: choices
                .once_in(4)
                .then(|| ("0".to_owned(), result))
                .into_iter()
                .collect(),
            sticky_attributes: choices.once_in(2).then(|| StickyExecutionAttributes {
                worker_task_queue: Some(command::queue(STICKY)),
                schedule_to_start_timeout: Some(command::seconds(10)),
            }),
            return_new_workflow_task: choices.once_in(2),
            force_create_new_workflow_task: choices.once_in(4),
            ..Default::default()
        };
        let response: Option<RespondWorkflowTaskCompletedResponse> =
            self.send("respond_workflow_task_completed", &request).await;
        let Some(response) = response else {
            return;
        };
        if let Some(task) = response.workflow_task {
            self.take(task);
        }
        let eager = response.activity_tasks.into_iter();
        self.activities.extend(eager.map(|task| task.task_token));
    }

    async fn fail_workflow_task(&mut self) {
        let request = RespondWorkflowTaskFailedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: Self::token(&mut self.choices, &self.tasks),
            cause: self.choices.below(40) as i32,
            failure: Some(command::failure("task", "Boom")),
            ..Default::default()
        };
        self.send::<RespondWorkflowTaskFailedResponse>("respond_workflow_task_failed", &request)
            .await;
    }

    async fn poll_activity(&mut self) {
        let request = PollActivityTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: Some(command::queue(QUEUE)),
            identity: "worker".to_owned(),
            ..Default::default()
        };
        let task: Option<PollActivityTaskQueueResponse> =
            self.send("poll_activity_task_queue", &request).await;
        self.activities.extend(task.map(|task| task.task_token));
    }

    async fn report_activity(&mut self) {
        let namespace = NAMESPACE.to_owned();
        let task_token = Self::token(&mut self.choices, &self.activities);
        let details = Some(command::payloads("details"));
        let failure = Some(command::failure("no", "No"));
        match self.choices.below(6) {
            0 => {
                let request = RespondActivityTaskCompletedRequest {
                    namespace,
                    task_token,
                    result: details,
                    ..Default::default()
                };
                self.send::<RespondActivityTaskCompletedResponse>(
                    "respond_activity_task_completed",
                    &request,
                )
                .await;
            }
            1 => {
                let request = RespondActivityTaskFailedRequest {
                    namespace,
                    task_token,
                    failure,
                    last_heartbeat_details: details,
                    ..Default::default()
                };
                self.send::<RespondActivityTaskFailedResponse>(
                    "respond_activity_task_failed",
                    &request,
                )
                .await;
            }
            2 => {
                let request = RespondActivityTaskCanceledRequest {
                    namespace,
                    task_token,
                    details,
                    ..Default::default()
                };
                self.send::<RespondActivityTaskCanceledResponse>(
                    "respond_activity_task_canceled",
                    &request,
                )
                .await;
            }
            3 => {
                let request = RecordActivityTaskHeartbeatRequest {
                    namespace,
                    task_token,
                    details,
                    ..Default::default()
                };
                self.send::<RecordActivityTaskHeartbeatResponse>(
                    "record_activity_task_heartbeat",
                    &request,
                )
                .await;
            }
            4 => {
                let request = RespondActivityTaskCompletedByIdRequest {
                    namespace,
                    workflow_id: self.choices.one_of(&WORKFLOWS).to_owned(),
                    run_id: self.choices.one_of(&self.runs),
                    activity_id: id(&mut self.choices),
                    result: details,
                    ..Default::default()
                };
                self.send::<RespondActivityTaskCompletedByIdResponse>(
                    "respond_activity_task_completed_by_id",
                    &request,
                )
                .await;
            }
            _ => {
                let request = RecordActivityTaskHeartbeatByIdRequest {
                    namespace,
                    workflow_id: self.choices.one_of(&WORKFLOWS).to_owned(),
                    run_id: self.choices.one_of(&self.runs),
                    activity_id: id(&mut self.choices),
                    details,
                    ..Default::default()
                };
                self.send::<RecordActivityTaskHeartbeatByIdResponse>(
                    "record_activity_task_heartbeat_by_id",
                    &request,
                )
                .await;
            }
        }
    }

    async fn signal(&mut self) {
        let request = SignalWorkflowExecutionRequest {
            workflow_execution: self.execution(),
            request_id: self.choices.one_of(&["", "1", "2"]).to_owned(),
            ..signal("")
        };
        self.send::<SignalWorkflowExecutionResponse>("signal_workflow_execution", &request)
            .await;
    }

    async fn signal_with_start(&mut self) {
        let start = self.start_request();
        let request = SignalWithStartWorkflowExecutionRequest {
            namespace: start.namespace,
            workflow_id: start.workflow_id,
            workflow_type: start.workflow_type,
            task_queue: start.task_queue,
            workflow_execution_timeout: start.workflow_execution_timeout,
            workflow_run_timeout: start.workflow_run_timeout,
            workflow_task_timeout: start.workflow_task_timeout,
            request_id: start.request_id,
            workflow_id_reuse_policy: start.workflow_id_reuse_policy,
            workflow_id_conflict_policy: start.workflow_id_conflict_policy,
            signal_name: "go".to_owned(),
            retry_policy: start.retry_policy,
            cron_schedule: start.cron_schedule,
            search_attributes: start.search_attributes,
            workflow_start_delay: start.workflow_start_delay,
            ..Default::default()
        };
        let response: Option<SignalWithStartWorkflowExecutionResponse> = self
            .send("signal_with_start_workflow_execution", &request)
            .await;
        self.runs.extend(response.map(|it| it.run_id));
    }

    fn update_request(&mut self) -> UpdateWorkflowExecutionRequest {
        let id = id(&mut self.choices);
        UpdateWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: self.execution(),
            wait_policy: Some(WaitPolicy {
                lifecycle_stage: self.choices.below(5) as i32,
            }),
            request: Some(command::update(&id).request),
            ..Default::default()
        }
    }

    async fn update(&mut self) {
        let request = self.update_request();
        if self.choices.once_in(3) {
            let request = PollWorkflowExecutionUpdateRequest {
                namespace: NAMESPACE.to_owned(),
                update_ref: Some(durably_proto::api::update::v1::UpdateRef {
                    workflow_execution: request.workflow_execution,
                    update_id: id(&mut self.choices),
                }),
                wait_policy: request.wait_policy,
                ..Default::default()
            };
            self.send_later("poll_workflow_execution_update", &request)
                .await;
        } else {
            self.send_later("update_workflow_execution", &request).await;
        }
    }

    async fn query(&mut self) {
        if self.choices.once_in(2) && !self.queries.is_empty() {
            let request = RespondQueryTaskCompletedRequest {
                namespace: NAMESPACE.to_owned(),
                task_token: Self::token(&mut self.choices, &self.queries),
                completed_type: self.choices.below(4) as i32,
                query_result: Some(command::payloads("state")),
                ..Default::default()
            };
            self.send::<RespondQueryTaskCompletedResponse>(
                "respond_query_task_completed",
                &request,
            )
            .await;
            return;
        }
        let request = QueryWorkflowRequest {
            namespace: NAMESPACE.to_owned(),
            execution: self.execution(),
            query: Some(WorkflowQuery {
                query_type: "state".to_owned(),
                ..Default::default()
            }),
            query_reject_condition: self.choices.below(4) as i32,
        };
        self.send_later("query_workflow", &request).await;
    }

    /// Asks a workflow to end, or ends it.
    async fn end(&mut self) {
        let (namespace, workflow_execution) = (NAMESPACE.to_owned(), self.execution());
        let first_execution_run_id = match self.choices.once_in(4) {
            true => self.choices.one_of(&self.runs),
            false => String::new(),
        };
        if self.choices.once_in(3) {
            let request = TerminateWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                first_execution_run_id,
                ..Default::default()
            };
            self.send::<TerminateWorkflowExecutionResponse>(
                "terminate_workflow_execution",
                &request,
            )
            .await;
        } else {
            let request = RequestCancelWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                first_execution_run_id,
                ..Default::default()
            };
            self.send::<RequestCancelWorkflowExecutionResponse>(
                "request_cancel_workflow_execution",
                &request,
            )
            .await;
        }
    }

    async fn read(&mut self) {
        let namespace = NAMESPACE.to_owned();
        match self.choices.below(4) {
            0 => {
                let request = DescribeWorkflowExecutionRequest {
                    namespace,
                    execution: self.execution(),
                };
                self.send::<DescribeWorkflowExecutionResponse>(
                    "describe_workflow_execution",
                    &request,
                )
                .await;
            }
            1 => {
                let request = GetWorkflowExecutionHistoryRequest {
                    namespace,
                    execution: self.execution(),
                    maximum_page_size: self.choices.number() as i32,
                    next_page_token: Self::token(&mut self.choices, &self.pages),
                    wait_new_event: self.choices.once_in(2),
                    history_event_filter_type: self.choices.below(4) as i32,
                    ..Default::default()
                };
                let page: Option<GetWorkflowExecutionHistoryResponse> =
                    self.send("get_workflow_execution_history", &request).await;
                self.pages.extend(page.map(|page| page.next_page_token));
            }
            2 => {
                let request = ListWorkflowExecutionsRequest {
                    namespace,
                    page_size: self.choices.number() as i32,
                    next_page_token: Self::token(&mut self.choices, &self.pages),
                    query: self.choices.one_of(&QUERIES).to_owned(),
                };
                let page: Option<ListWorkflowExecutionsResponse> =
                    self.send("list_workflow_executions", &request).await;
                self.pages.extend(page.map(|page| page.next_page_token));
            }
            _ => {
                let request = DescribeTaskQueueRequest {
                    namespace,
                    task_queue: Some(command::queue(self.choices.one_of(&[QUEUE, STICKY]))),
                    task_queue_type: self.choices.below(4) as i32,
                    report_stats: true,
                    ..Default::default()
                };
                self.send::<DescribeTaskQueueResponse>("describe_task_queue", &request)
                    .await;
            }
        }
    }

    /// Lets time pass on the server.
    async fn advance(&mut self) {
        let millis = u64::from(self.choices.any::<u16>());
        // Work that hangs ends it.
        let _ = self
            .live
            .server
            .advance(Duration::from_millis(millis))
            .await;
    }

    async fn multi_operation(&mut self) {
        let (start, mut update) = (self.start_request(), self.update_request());
        update.workflow_execution = Some(WorkflowExecution {
            workflow_id: start.workflow_id.clone(),
            ..Default::default()
        });
        let mut operations = vec![
            operation::Operation::StartWorkflow(start),
            operation::Operation::UpdateWorkflow(update),
        ];
        if self.choices.once_in(8) {
            operations.reverse();
        }
        let request = ExecuteMultiOperationRequest {
            namespace: NAMESPACE.to_owned(),
            operations: operations
                .into_iter()
                .map(|operation| Operation {
                    operation: Some(operation),
                })
                .collect(),
            ..Default::default()
        };
        self.send_later("execute_multi_operation", &request).await;
    }

    async fn administer(&mut self) {
        let namespace = NAMESPACE.to_owned();
        match self.choices.below(4) {
            0 => {
                let request = RegisterNamespaceRequest {
                    namespace: self.choices.one_of(&["other", NAMESPACE, ""]).to_owned(),
                    workflow_execution_retention_period: seconds(&mut self.choices),
                    ..Default::default()
                };
                self.send::<RegisterNamespaceResponse>("register_namespace", &request)
                    .await;
            }
            1 => {
                let name = self.choices.one_of(&ATTRIBUTES).to_owned();
                let request = AddSearchAttributesRequest {
                    namespace,
                    search_attributes: [(name, self.choices.below(10) as i32)].into(),
                    ..Default::default()
                };
                self.send::<AddSearchAttributesResponse>("add_search_attributes", &request)
                    .await;
            }
            2 => {
                let request = RemoveSearchAttributesRequest {
                    namespace,
                    search_attributes: vec![self.choices.one_of(&ATTRIBUTES).to_owned()],
                };
                self.send::<RemoveSearchAttributesResponse>("remove_search_attributes", &request)
                    .await;
            }
            _ => {
                let request = ResetStickyTaskQueueRequest {
                    namespace,
                    execution: self.execution(),
                };
                self.send::<ResetStickyTaskQueueResponse>("reset_sticky_task_queue", &request)
                    .await;
            }
        }
    }
}

const MOST_STEPS: usize = 64;
const STICKY: &str = "sticky";
const WORKFLOWS: [&str; 4] = ["a", "b", "c", ""];
const ATTRIBUTES: [&str; 4] = ["City", "Size", "BuildIds", "WorkflowId"];
const QUERIES: [&str; 6] = [
    "",
    "ExecutionStatus = 'Running'",
    "WorkflowId > 'a' OR StartTime > '2000-01-01T00:00:00Z'",
    "City = 'a' OR Size IN (1, 2)",
    "CloseTime IS NULL GROUP BY ExecutionStatus",
    "StartTime BETWEEN '2020-01-01T00:00:00Z' AND '2100-01-01T00:00:00Z'",
];
