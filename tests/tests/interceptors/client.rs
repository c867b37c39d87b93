//! Interceptors of a client: every call passes them, and their errors are errors of the call.

use std::sync::{Arc, Mutex};

use durably::{
    Error,
    client::{IdConflictPolicy, WorkflowDescription},
    error::{HandleError, QueryError, RpcError, StartError},
    interceptor::{
        ActivityReportRequest, CancelRequest, ClientInterceptor, CountRequest,
        CreateScheduleRequest, DescribeRequest, HistoryRequest, ListRequest, Next, Output,
        QueryRequest, ResultRequest, ScheduleRequest, SignalRequest, SignalWithStartRequest,
        StartRequest, Started, TerminateRequest, UpdateRequest, UpdateResponse,
        UpdateWithStartRequest, UpdateWithStartResponse,
    },
    prelude::*,
};
use durably_tests::{World, on_both_servers};

/// Writes down what a client does.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0
            .lock()
            .expect("nobody panics with it")
            .push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics with it"))
    }
}

impl ClientInterceptor for Log {
    async fn start(&self, request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
        self.note(format!("start {}", request.workflow_type));
        next.run(request).await
    }

    async fn signal_with_start(
        &self,
        request: SignalWithStartRequest,
        next: Next<SignalWithStartRequest>,
    ) -> Result<Started> {
        self.note(format!("signal-with-start {}", request.signal));
        next.run(request).await
    }

    async fn update_with_start(
        &self,
        request: UpdateWithStartRequest,
        next: Next<UpdateWithStartRequest>,
    ) -> Result<UpdateWithStartResponse> {
        let name = request.update.name.clone();
        let response = next.run(request).await?;
        let accepted = response.update.is_accepted();
        self.note(format!("update-with-start {name}: {accepted}"));
        Ok(response)
    }

    async fn signal(&self, request: SignalRequest, next: Next<SignalRequest>) -> Result<()> {
        self.note(format!("signal {}", request.name));
        next.run(request).await
    }

    async fn query(&self, request: QueryRequest, next: Next<QueryRequest>) -> Result<Output> {
        let name = request.name.clone();
        let output = next.run(request).await?;
        self.note(format!("query {name}: {}", output.get::<u64>()?));
        Ok(output)
    }

    async fn update(
        &self,
        request: UpdateRequest,
        next: Next<UpdateRequest>,
    ) -> Result<UpdateResponse> {
        let name = request.name.clone();
        let response = next.run(request).await?;
        let result = response.output().map(|output| output.get::<u64>());
        self.note(format!("update {name}: {:?}", result.transpose()?));
        Ok(response)
    }

    async fn cancel(&self, request: CancelRequest, next: Next<CancelRequest>) -> Result<()> {
        self.note("cancel");
        next.run(request).await
    }

    async fn terminate(
        &self,
        mut request: TerminateRequest,
        next: Next<TerminateRequest>,
    ) -> Result<()> {
        let detail = request.detail::<u32>(0).ok();
        self.note(format!("terminate: {} {detail:?}", request.reason));
        request.reason += " (by somebody)";
        next.run(request).await
    }

    async fn describe(
        &self,
        request: DescribeRequest,
        next: Next<DescribeRequest>,
    ) -> Result<WorkflowDescription> {
        let description = next.run(request).await?;
        self.note(format!("describe {}", description.summary.workflow_type));
        Ok(description)
    }

    async fn result(&self, request: ResultRequest, next: Next<ResultRequest>) -> Result<Output> {
        let output = next.run(request).await;
        match &output {
            Ok(output) => self.note(format!("result {}", output.get::<u64>()?)),
            Err(error) => self.note(format!("no result: {error}")),
        }
        output
    }

    async fn history(&self, request: HistoryRequest, next: Next<HistoryRequest>) -> Result<()> {
        self.note("history");
        next.run(request).await
    }

    async fn list(&self, request: ListRequest, next: Next<ListRequest>) -> Result<()> {
        self.note(format!("list {:?}", request.listed));
        next.run(request).await
    }

    async fn count(&self, request: CountRequest, next: Next<CountRequest>) -> Result<()> {
        self.note("count");
        next.run(request).await
    }

    async fn create_schedule(
        &self,
        mut request: CreateScheduleRequest,
        next: Next<CreateScheduleRequest>,
    ) -> Result<()> {
        self.note(format!("schedule {}", request.workflow_type));
        request.args.set(0, 3)?;
        next.run(request).await
    }

    async fn schedule(&self, request: ScheduleRequest, next: Next<ScheduleRequest>) -> Result<()> {
        self.note(format!("schedule: {:?}", request.operation));
        next.run(request).await
    }

    async fn report_activity(
        &self,
        request: ActivityReportRequest,
        next: Next<ActivityReportRequest>,
    ) -> Result<()> {
        self.note(format!("{:?} of {:?}", request.report, request.activity_id));
        next.run(request).await
    }
}

#[activity(start_to_close = "10m")]
async fn approve(ctx: &ActivityCtx) -> Result<u64> {
    ctx.complete_later().into()
}

struct Counter {
    total: u64,
    closed: bool,
}

#[workflow]
impl Counter {
    #[init]
    fn new(total: u64) -> Self {
        let closed = false;
        Self { total, closed }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx, total: u64) -> Result<u64> {
        if total == 7 {
            return Ok(approve::call(ctx).id("approve").await?);
        }
        ctx.wait_until(|| self.closed).await?;
        Ok(self.total)
    }

    #[signal]
    fn add(&mut self, number: u64) {
        self.total += number;
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[update]
    fn increase(&mut self, number: u64) -> u64 {
        self.total += number;
        self.total
    }

    #[query]
    fn total(&self) -> u64 {
        self.total
    }
}

on_both_servers! {
    every_call_passes_the_interceptors
    what_an_interceptor_changes_is_what_is_sent
    an_update_has_the_id_and_the_name_that_were_sent
    errors_and_panics_of_interceptors_are_errors_of_the_call
}

async fn every_call_passes_the_interceptors(world: &World) -> Result<()> {
    let log = Log::default();
    let client = world.client.with_interceptor(log.clone());
    let worker = world
        .worker()
        .workflow::<Counter>()
        .activity::<approve>()
        .spawn()
        .await?;
    let id = |name: &str| format!("{}-{name}", world.queue);
    let start = |name: &str, first: u64| {
        Counter::start(&client, first)
            .id(id(name))
            .task_queue(&world.queue)
    };

    let counter = start("a", 1).await?;
    counter.add(2).await?;
    assert_eq!(counter.increase(3).await?, 6);
    assert_eq!(counter.total().await?, 6);
    counter.describe().await?;
    counter.close().await?;
    assert_eq!(counter.result().await?, 6);
    counter.history().await?;
    assert_eq!(
        log.take(),
        [
            "start Counter",
            "signal add",
            "update increase: Some(6)",
            "query total: 6",
            "describe Counter",
            "signal close",
            "result 6",
            "history",
        ]
    );

    let with_signal = start("b", 1).with_signal(|counter| counter.add(4)).await?;
    assert_eq!(with_signal.total().await?, 5);
    with_signal.cancel().await?;
    assert!(with_signal.result().await.is_err());
    let (with_update, update) = start("c", 1)
        .id_conflict_policy(IdConflictPolicy::UseExisting)
        .with_update(|counter| counter.increase(5))
        .await?;
    assert_eq!(update.result().await?, 6);
    with_update.terminate("enough").details(7).await?;
    let ended = with_update.result().await.expect_err("it was terminated");
    assert!(
        ended.to_string().contains("enough (by somebody)"),
        "{ended}"
    );
    let log_of_starts = log.take();
    assert_eq!(
        log_of_starts[..4],
        [
            "signal-with-start add",
            "query total: 5",
            "cancel",
            log_of_starts[3].as_str(),
        ]
    );
    assert!(
        log_of_starts[3].starts_with("no result: "),
        "{log_of_starts:?}"
    );
    assert_eq!(
        log_of_starts[4..6],
        [
            "update-with-start increase: true",
            "terminate: enough Some(7)"
        ]
    );

    let waits = start("d", 7).await?;
    let approval = client.activity(id("d"), "approve").typed::<approve>();
    while approval.complete(8).await.is_err() {
        tokio::time::sleep(millis(20)).await;
    }
    assert_eq!(waits.result().await?, 8);
    let log_of_activity = log.take();
    assert!(log_of_activity.contains(&"Completion of Some(\"approve\")".to_owned()));

    client.list("WorkflowType = 'Nothing'").next().await?;
    client.count("WorkflowType = 'Nothing'").await?;
    let schedule = Counter::schedule(&client, id("s"), 1)
        .workflow_id(id("scheduled"))
        .task_queue(&world.queue)
        .only_triggered()
        .await?;
    schedule.trigger().await?;
    let described = schedule.describe().await?;
    assert_eq!(described.action.workflow_type, "Counter");
    schedule.pause("").await?;
    schedule.delete().await?;
    client.schedules().next().await?;
    assert_eq!(
        log.take(),
        [
            "list Workflows",
            "count",
            "schedule Counter",
            "schedule: Trigger",
            "schedule: Describe",
            "schedule: Pause",
            "schedule: Delete",
            "list Schedules",
        ]
    );
    worker.shutdown().await
}

/// Sends what is started to another workflow id, with another argument.
struct Redirect;

impl ClientInterceptor for Redirect {
    async fn start(&self, mut request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
        request.workflow_id += "-moved";
        let first: u64 = request.args.get(0)?;
        request.args.replace((first * 10,))?;
        request.set_memo("first", first)?;
        next.run(request).await
    }

    async fn query(&self, request: QueryRequest, next: Next<QueryRequest>) -> Result<Output> {
        match request.name.as_str() {
            "total" if request.run_id.is_none() => Ok(request.output(1_000)?),
            _ => next.run(request).await,
        }
    }
}

async fn what_an_interceptor_changes_is_what_is_sent(world: &World) -> Result<()> {
    let client = world.client.with_interceptor(Redirect);
    let worker = world.worker().workflow::<Counter>().spawn().await?;
    let id = format!("{}-counter", world.queue);
    let counter = Counter::start(&client, 2)
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(counter.id(), format!("{id}-moved"));
    assert_eq!(counter.increase(1).await?, 21);
    assert_eq!(counter.total().await?, 1_000, "no worker was asked");
    let memo = counter.describe().await?.summary.memo::<u64>("first")?;
    assert_eq!(memo, Some(2));
    counter.close().await?;
    assert_eq!(counter.result().await?, 21);
    worker.shutdown().await
}

/// Sends updates under other ids.
struct Renames;

impl ClientInterceptor for Renames {
    async fn update(
        &self,
        mut request: UpdateRequest,
        next: Next<UpdateRequest>,
    ) -> Result<UpdateResponse> {
        request.update_id += "-renamed";
        next.run(request).await
    }

    async fn update_with_start(
        &self,
        mut request: UpdateWithStartRequest,
        next: Next<UpdateWithStartRequest>,
    ) -> Result<UpdateWithStartResponse> {
        request.update.update_id += "-renamed";
        let response = next.run(request).await?;
        assert_eq!(response.update.update_id(), "second-renamed");
        Ok(response)
    }
}

/// Sends updates under another name.
struct OtherName;

impl ClientInterceptor for OtherName {
    async fn update(
        &self,
        mut request: UpdateRequest,
        next: Next<UpdateRequest>,
    ) -> Result<UpdateResponse> {
        request.name = "decrease".to_owned();
        next.run(request).await
    }

    async fn update_with_start(
        &self,
        mut request: UpdateWithStartRequest,
        next: Next<UpdateWithStartRequest>,
    ) -> Result<UpdateWithStartResponse> {
        request.update.name = "decrease".to_owned();
        next.run(request).await
    }
}

async fn an_update_has_the_id_and_the_name_that_were_sent(world: &World) -> Result<()> {
    let client = world.client.with_interceptor(Renames);
    let worker = world.worker().workflow::<Counter>().spawn().await?;
    let start = |name: &str| {
        Counter::start(&client, 1)
            .id(format!("{}-{name}", world.queue))
            .task_queue(&world.queue)
    };
    let counter = start("a").await?;
    let update = counter.increase(1).id("first").accepted().await?;
    assert_eq!(update.id(), "first-renamed");
    assert_eq!(update.result().await?, 2);
    let attached = counter.untyped().update_handle::<u64>(update.id());
    assert_eq!(attached.result().await?, 2);
    counter.terminate("enough").await?;

    let (counter, update) = start("b")
        .id_conflict_policy(IdConflictPolicy::UseExisting)
        .with_update(|counter| counter.increase(2).id("second"))
        .await?;
    assert_eq!(update.id(), "second-renamed");
    let attached = counter.untyped().update_handle::<u64>(update.id());
    assert_eq!(attached.result().await?, 3);

    let client = world.client.with_interceptor(OtherName);
    let refused = Counter::handle(&client, counter.id()).increase(1).await;
    let refused = refused.expect_err("it has no such update").to_string();
    counter.terminate("enough").await?;
    let with_start = Counter::start(&client, 1)
        .id(format!("{}-c", world.queue))
        .task_queue(&world.queue)
        .id_conflict_policy(IdConflictPolicy::UseExisting)
        .with_update(|counter| counter.increase(2));
    let with_start = with_start.await.expect_err("it has no such update");
    for error in [refused, with_start.to_string()] {
        assert!(
            error.starts_with("update `decrease` was rejected"),
            "{error}"
        );
    }
    worker.shutdown().await
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is forbidden")]
struct Forbidden(&'static str);

/// Fails in one way for each call.
struct Fails;

impl ClientInterceptor for Fails {
    async fn start(&self, _: StartRequest, _: Next<StartRequest>) -> Result<Started> {
        Err(Forbidden("a start").into())
    }

    async fn signal(&self, _: SignalRequest, _: Next<SignalRequest>) -> Result<()> {
        let message = "no signals".to_owned();
        Err(RpcError::PermissionDenied { message }.into())
    }

    async fn query(&self, _: QueryRequest, _: Next<QueryRequest>) -> Result<Output> {
        panic!("the interceptor has a bug")
    }

    async fn cancel(&self, request: CancelRequest, next: Next<CancelRequest>) -> Result<()> {
        let error = next.run(request).await.expect_err("nobody has this id");
        assert!(matches!(
            error.downcast_ref(),
            Some(HandleError::NotFound(_))
        ));
        Err(error)
    }

    async fn list(&self, _: ListRequest, _: Next<ListRequest>) -> Result<()> {
        Ok(())
    }
}

async fn errors_and_panics_of_interceptors_are_errors_of_the_call(world: &World) -> Result<()> {
    let client = world.client.with_interceptor(Fails);
    let id = format!("{}-nobody", world.queue);

    let start = Counter::start(&client, 1).id(&id).task_queue(&world.queue);
    let error = start.await.expect_err("it is forbidden");
    assert_eq!(
        Error::from_boxed(error.to_string()).to_string(),
        "an interceptor of the client failed the call: a start is forbidden"
    );
    let StartError::Rpc(RpcError::Interceptor { error }) = error else {
        panic!("{error}");
    };
    assert!(error.is::<Forbidden>());

    let counter = Counter::handle(&client, &id);
    let error = counter.add(1).await.expect_err("it is forbidden");
    assert_eq!(error.to_string(), "permission denied: no signals");

    let error = counter.total().await.expect_err("the interceptor panics");
    let QueryError::Rpc(RpcError::Interceptor { error }) = error else {
        panic!("{error}");
    };
    let app = error.app().expect("a panic is an application error");
    assert_eq!(app.kind, "Panic");
    assert!(app.message.contains("the interceptor has a bug"), "{app}");
    assert!(app.message.contains("client.rs"), "{app}");

    let error = counter.cancel().await.expect_err("nobody has this id");
    assert!(matches!(error, HandleError::NotFound(_)), "{error}");

    let error = client.list("").next().await.expect_err("no response came");
    assert_eq!(
        error.to_string(),
        "an interceptor of the client failed the call: NotSent: an interceptor neither made the call nor \
         failed it; call `next.run(request)`, or return an error"
    );
    Ok(())
}
