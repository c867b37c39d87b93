//! A worker of a simulation: the real engine and driver, with polls over the simulated network. Its crash
//! loses its cache and all that it does.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, SystemTime},
};

use durably::__simulation::{Answer, LocalCall, LocalEnd, Names, Suspended, Workflows};
use durably_proto::api::{
    command::v1::command::Attributes,
    common::v1::{Payload, Payloads},
    enums::v1::WorkflowTaskFailedCause,
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    history::v1::HistoryEvent,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::*,
};
use tokio::{sync::Notify, time::Instant};

use super::{
    desk,
    network::{CallError, call},
    relatives::{Child, Parent},
    workflows::{Ledger, Pipeline, Retried, Stoppable, Tick},
    world::{EndOnDrop, Life, World},
};
use crate::{
    raw::{NAMESPACE, task_queue},
    rng::mix,
};

/// One worker, from its start to its crash.
struct Worker {
    world: Rc<World>,
    names: Names,
    workflows: RefCell<Workflows>,
    life: Rc<Life>,
    /// Whether it keeps runs between their tasks.
    caches: bool,
}

/// Keeps a worker up until the simulation ends; crashes it while there are faults.
pub(super) async fn run(world: Rc<World>, number: u64) {
    for start in 0_u64.. {
        let identity = format!("worker {number}.{start}");
        let names = Names {
            sticky_queue: format!("{identity} sticky"),
            queue: QUEUE.to_owned(),
            identity,
        };
        let life = Life::new();
        let alive = EndOnDrop(Rc::clone(&life));
        let worker = Rc::new(Worker {
            workflows: RefCell::new(workflows(names.clone())),
            life: Rc::clone(&life),
            caches: world.draw(|rng| !rng.one_in(4)),
            world: Rc::clone(&world),
            names,
        });
        world.note(format_args!("{} starts", worker.names.identity));
        for _ in 0..2 {
            life.spawn(Rc::clone(&worker).poll_workflow_tasks(false));
            life.spawn(Rc::clone(&worker).poll_activity_tasks());
        }
        life.spawn(Rc::clone(&worker).poll_workflow_tasks(true));
        let age = world.draw(|rng| rng.millis_below(60_000));
        tokio::time::sleep(age).await;
        while !world.fault("worker crashes", 2) {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        world.note(format_args!("{} crashes", worker.names.identity));
        drop(alive);
        tokio::time::sleep(world.draw(|rng| rng.millis_below(5000))).await;
    }
}

/// The workflows of every worker.
pub(super) fn workflows(names: Names) -> Workflows {
    Workflows::new(names)
        .workflow::<Child>()
        .workflow::<Ledger>()
        .workflow::<Parent>()
        .workflow::<Pipeline>()
        .workflow::<Retried>()
        .workflow::<Stoppable>()
        .workflow::<Tick>()
}

impl Worker {
    async fn poll_workflow_tasks(self: Rc<Self>, sticky: bool) {
        let queue = match sticky {
            false => task_queue(QUEUE),
            true => Some(TaskQueue {
                name: self.names.sticky_queue.clone(),
                normal_name: QUEUE.to_owned(),
                kind: 2,
            }),
        };
        loop {
            let request = PollWorkflowTaskQueueRequest {
                namespace: NAMESPACE.to_owned(),
                task_queue: queue.clone(),
                identity: self.names.identity.clone(),
                ..Default::default()
            };
            let (world, from) = (&self.world, &self.names.identity);
            match call!(world, from, poll_workflow_task_queue, POLL, request) {
                Ok(task) if task.task_token.is_empty() => {}
                Ok(task) => self.work(task).await,
                Err(_) => self.pause().await,
            }
        }
    }

    /// Works on a task, and on those that come with the responses.
    async fn work(self: &Rc<Self>, first: PollWorkflowTaskQueueResponse) {
        let mut next = Some(first);
        while let Some(mut task) = next.take() {
            let run = task.workflow_execution.clone().unwrap_or_default().run_id;
            if self.world.fault("evictions", 20) {
                self.workflows.borrow_mut().evict(&run);
            }
            tokio::time::sleep(self.world.draw(|rng| rng.millis_below(5))).await;
            if self.world.fault("failed workflow tasks", 40) && task.query.is_none() {
                self.workflows.borrow_mut().evict(&run);
                self.fail(task.task_token).await;
                continue;
            }
            if !task.next_page_token.is_empty() {
                let pages = self.history(&task, task.next_page_token.clone()).await;
                let Some(pages) = pages else { return };
                let events = &mut task.history.get_or_insert_default().events;
                let last = events.last().map_or(0, |event| event.event_id);
                events.extend(pages.into_iter().filter(|event| event.event_id > last));
            }
            let mut answer = self.handle(&task);
            if let Answer::NotCached = answer {
                let Some(pages) = self.history(&task, Vec::new()).await else {
                    return;
                };
                let tail = &mut task.history.get_or_insert_default().events;
                let first = tail.first().map_or(i64::MAX, |event| event.event_id);
                let before = pages.into_iter().take_while(|it| it.event_id < first);
                *tail = before.chain(std::mem::take(tail)).collect();
                answer = self.handle(&task);
            }
            if let Answer::Suspended(suspended) = answer {
                answer = match self.finish_local(*suspended).await {
                    Ok(answer) => answer,
                    Err(again) => {
                        next = again.map(|task| *task);
                        continue;
                    }
                };
            }
            match answer {
                Answer::Completed(mut request) => {
                    self.request_eager_activities(&mut request);
                    next = self.complete(*request, &run).await;
                }
                Answer::Query(request) => {
                    let (world, from) = (&self.world, &self.names.identity);
                    // The client asks again.
                    let _ = call!(world, from, respond_query_task_completed, REPLY, *request);
                }
                Answer::Failed(_, text) => {
                    panic!("a workflow task of run {run} failed: {text}")
                }
                Answer::NotCached => panic!("a history lacks its beginning"),
                Answer::Suspended(_) => panic!("its local activities have ended"),
                Answer::Overtaken => {}
            }
        }
    }

    /// Runs the local activities of a task until it is done, and prolongs it meanwhile.
    ///
    /// # Errors
    /// The run has to be replayed, for this task if there is one.
    async fn finish_local(
        self: &Rc<Self>,
        mut suspended: Suspended,
    ) -> Result<Answer, Option<Box<PollWorkflowTaskQueueResponse>>> {
        let ended = Rc::new(Notify::new());
        let mut due = Instant::now() + HEARTBEAT;
        loop {
            for call in suspended.take_calls() {
                let local = Rc::clone(self).run_local(call, Rc::clone(&ended));
                self.life.spawn(local);
            }
            let is_due = tokio::select! {
                biased;
                () = ended.notified() => false,
                () = tokio::time::sleep_until(due) => true,
            };
            let answer = match is_due {
                false => self.workflows.borrow_mut().resume(suspended),
                true => {
                    self.world.count("prolonged tasks");
                    let request = self.workflows.borrow().heartbeat(&mut suspended);
                    let Some(reply) = self.reply_to(request).await else {
                        return Err(None);
                    };
                    due = Instant::now() + HEARTBEAT;
                    let again = reply.workflow_task.clone().map(Box::new);
                    if reply.reset_history_event_id > 0 {
                        return Err(again);
                    }
                    let mut workflows = self.workflows.borrow_mut();
                    match workflows.prolonged(suspended, reply.workflow_task) {
                        Answer::NotCached => return Err(again),
                        answer => answer,
                    }
                }
            };
            match answer {
                Answer::Suspended(again) => suspended = *again,
                answer => return Ok(answer),
            }
        }
    }

    /// Runs a local activity, with its retries, until it has ended or a timer comes before its next attempt.
    async fn run_local(self: Rc<Self>, call: LocalCall, ended: Rc<Notify>) {
        let began = Instant::now();
        let mut attempt = call.attempt();
        let input = |nth: usize| -> u64 {
            let json = call.argument(nth).expect("it is called with its arguments");
            serde_json::from_slice(json).expect("the arguments are numbers")
        };
        let end = loop {
            let time = match self.world.fault("slow local activities", 20) {
                true => Duration::from_secs(12),
                false => self.world.draw(|rng| rng.millis_below(1500)),
            };
            tokio::time::sleep(time).await;
            if call.is_cancelled() {
                self.world.count("cancelled local activities");
                break LocalEnd::Failed("it was cancelled".to_owned());
            }
            let failed = || format!("attempt {attempt} of {}", call.activity_type());
            match call.activity_type() {
                "flaky" if u64::from(attempt) <= input(1) => {
                    if self.world.draw(|rng| rng.one_in(2)) {
                        break LocalEnd::Backoff(failed(), Duration::from_secs(1));
                    }
                    attempt += 1;
                }
                "step" | "flaky" => {
                    let result = serde_json::to_vec(&mix(input(0)));
                    break LocalEnd::Completed(result.expect("a number is JSON"));
                }
                "broken" => break LocalEnd::Failed(failed()),
                other => panic!("no local activity {other}"),
            }
        };
        self.world.count("local activities");
        let at = SystemTime::UNIX_EPOCH + self.world.start.elapsed();
        call.end(attempt, end, began.elapsed(), at);
        ended.notify_one();
    }

    /// Asks the server to return some of the activities with its response instead of queueing them.
    fn request_eager_activities(&self, request: &mut RespondWorkflowTaskCompletedRequest) {
        for command in &mut request.commands {
            if let Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) =
                &mut command.attributes
            {
                activity.request_eager_execution = self.world.draw(|rng| rng.one_in(2));
            }
        }
    }

    /// Fails a workflow task, as a worker does whose code panics.
    async fn fail(&self, task_token: Vec<u8>) {
        let request = RespondWorkflowTaskFailedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token,
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure.into(),
            identity: self.names.identity.clone(),
            ..Default::default()
        };
        let (world, from) = (&self.world, &self.names.identity);
        // One that does not arrive times out.
        let _ = call!(world, from, respond_workflow_task_failed, REPLY, request);
    }

    fn handle(&self, task: &PollWorkflowTaskQueueResponse) -> Answer {
        let mut workflows = self.workflows.borrow_mut();
        workflows.handle(task.clone(), self.caches)
    }

    /// Sends the response to a task until it arrives; returns the next task.
    async fn complete(
        self: &Rc<Self>,
        request: RespondWorkflowTaskCompletedRequest,
        run: &str,
    ) -> Option<PollWorkflowTaskQueueResponse> {
        match self.reply_to(request).await {
            Some(reply) => {
                if reply.reset_history_event_id > 0 {
                    let mut workflows = self.workflows.borrow_mut();
                    workflows.reset_to(run, reply.reset_history_event_id);
                }
                for task in reply.activity_tasks {
                    self.world.count("eager activities");
                    let worker = Rc::clone(self);
                    self.life
                        .spawn(async move { worker.run_activity(task).await });
                }
                reply.workflow_task
            }
            None => {
                self.workflows.borrow_mut().evict(run);
                None
            }
        }
    }

    /// Sends the response to a task until it arrives.
    async fn reply_to(
        &self,
        request: RespondWorkflowTaskCompletedRequest,
    ) -> Option<RespondWorkflowTaskCompletedResponse> {
        self.retried(|| {
            let (world, request) = (&self.world, request.clone());
            let from = &self.names.identity;
            async move { call!(world, from, respond_workflow_task_completed, REPLY, request) }
        })
        .await
    }

    /// The pages of a task's history from a token on; `None` if the task is to be given up.
    async fn history(
        &self,
        task: &PollWorkflowTaskQueueResponse,
        mut token: Vec<u8>,
    ) -> Option<Vec<HistoryEvent>> {
        let mut events = Vec::new();
        loop {
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: NAMESPACE.to_owned(),
                execution: task.workflow_execution.clone(),
                next_page_token: token,
                maximum_page_size: 20,
                ..Default::default()
            };
            let page = self
                .retried(|| {
                    let (world, request) = (&self.world, request.clone());
                    let from = &self.names.identity;
                    async move { call!(world, from, get_workflow_execution_history, REPLY, request) }
                })
                .await?;
            events.extend(page.history.unwrap_or_default().events);
            token = page.next_page_token;
            if token.is_empty() {
                return Some(events);
            }
        }
    }

    async fn poll_activity_tasks(self: Rc<Self>) {
        loop {
            let request = PollActivityTaskQueueRequest {
                namespace: NAMESPACE.to_owned(),
                task_queue: task_queue(QUEUE),
                identity: self.names.identity.clone(),
                ..Default::default()
            };
            let (world, from) = (&self.world, &self.names.identity);
            match call!(world, from, poll_activity_task_queue, POLL, request) {
                Ok(task) if task.task_token.is_empty() => {}
                Ok(task) => self.run_activity(task).await,
                Err(_) => self.pause().await,
            }
        }
    }

    async fn run_activity(&self, task: PollActivityTaskQueueResponse) {
        if self.world.fault("hanging activities", 30) {
            tokio::time::sleep(Duration::from_secs(7)).await;
        }
        let name = task.activity_type.clone().unwrap_or_default().name;
        if name == "later" {
            return desk::take(&self.world, task);
        }
        let inputs = task.input.unwrap_or_default().payloads;
        let input = |nth: usize| -> u64 {
            serde_json::from_slice(&inputs[nth].data).expect("the arguments are numbers")
        };
        let result = match name.as_str() {
            "step" => Ok(mix(input(0))),
            "flaky" if i64::from(task.attempt) <= input(1) as i64 => Err(false),
            "flaky" => Ok(mix(input(0))),
            "broken" => Err(true),
            "long" => {
                for _ in 0..input(1) {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    let request = RecordActivityTaskHeartbeatRequest {
                        namespace: NAMESPACE.to_owned(),
                        task_token: task.task_token.clone(),
                        identity: self.names.identity.clone(),
                        ..Default::default()
                    };
                    let (world, from) = (&self.world, &self.names.identity);
                    // The next one may arrive.
                    let reply = call!(world, from, record_activity_task_heartbeat, REPLY, request);
                    if reply.is_ok_and(|reply| reply.cancel_requested) {
                        return self.cancel_activity(task.task_token).await;
                    }
                }
                Ok(mix(input(0) + input(1)))
            }
            other => panic!("no activity {other}"),
        };
        let token = task.task_token;
        match result {
            Ok(number) => {
                let request = RespondActivityTaskCompletedRequest {
                    namespace: NAMESPACE.to_owned(),
                    task_token: token,
                    identity: self.names.identity.clone(),
                    result: Some(payloads(&number)),
                    ..Default::default()
                };
                self.retried(|| {
                    let (world, request) = (&self.world, request.clone());
                    let from = &self.names.identity;
                    async move {
                        call!(world, from, respond_activity_task_completed, REPLY, request)
                    }
                })
                .await;
            }
            Err(non_retryable) => {
                let request = RespondActivityTaskFailedRequest {
                    namespace: NAMESPACE.to_owned(),
                    task_token: token,
                    identity: self.names.identity.clone(),
                    failure: Some(Failure {
                        message: "it failed".to_owned(),
                        failure_info: Some(FailureInfo::ApplicationFailureInfo(
                            ApplicationFailureInfo {
                                non_retryable,
                                ..Default::default()
                            },
                        )),
                        ..Default::default()
                    }),
                    ..Default::default()
                };
                self.retried(|| {
                    let (world, request) = (&self.world, request.clone());
                    let from = &self.names.identity;
                    async move { call!(world, from, respond_activity_task_failed, REPLY, request) }
                })
                .await;
            }
        }
    }

    /// Reports that an activity has ended as its workflow requested.
    async fn cancel_activity(&self, task_token: Vec<u8>) {
        self.world.count("cancelled activities");
        let request = RespondActivityTaskCanceledRequest {
            namespace: NAMESPACE.to_owned(),
            task_token,
            identity: self.names.identity.clone(),
            ..Default::default()
        };
        self.retried(|| {
            let (world, request) = (&self.world, request.clone());
            let from = &self.names.identity;
            async move { call!(world, from, respond_activity_task_canceled, REPLY, request) }
        })
        .await;
    }

    /// Repeats a call until it is answered; `None` if it is refused, or nobody answers for long.
    async fn retried<R, F>(&self, mut attempt: impl FnMut() -> F) -> Option<R>
    where
        F: Future<Output = Result<R, CallError>>,
    {
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            match attempt().await {
                Ok(reply) => return Some(reply),
                Err(error) if error.is_transient() && Instant::now() < patience => {
                    self.pause().await;
                }
                Err(_) => return None,
            }
        }
    }

    async fn pause(&self) {
        let pause = self.world.draw(|rng| rng.millis_below(200));
        tokio::time::sleep(pause).await;
    }
}

/// One value as the payloads of its JSON.
pub(super) fn payloads(value: &impl serde::Serialize) -> Payloads {
    Payloads {
        payloads: vec![payload(value)],
    }
}

pub(super) fn payload(value: &impl serde::Serialize) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: serde_json::to_vec(value).expect("it is a value of JSON"),
        ..Default::default()
    }
}

/// The task queue of all workflows.
pub(super) const QUEUE: &str = "queue";
const POLL: Duration = Duration::from_secs(20);
const REPLY: Duration = Duration::from_secs(3);
/// When a task that waits for local activities is prolonged: before its timeout of ten seconds.
const HEARTBEAT: Duration = Duration::from_secs(5);
