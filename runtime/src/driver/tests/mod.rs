//! The code of one run, driven by scripted jobs: no server, no engine, no async runtime.

mod activities;
mod cancellation;
mod children;
mod combine;
mod costs;
mod dynamic;
mod endings;
mod faults;
mod headers;
mod interceptors;
#[cfg(feature = "encryption")]
mod keys;
mod messages;
mod patches;
pub(crate) mod programs;
mod randomness;
mod reading;
mod replayed_events;
mod semaphore;
mod spans;
mod spawn;
mod speed;
mod surface;
mod texts;
mod timers;
mod unfinished;
mod waits;

use std::time::{Duration, SystemTime};

use durably_engine::{
    ActivityOutcome, Advance, EndRun, FailureInfo, FailureRecord, Header, Intent, Job, Payload,
    Priority, QueryRequest, RunStarted, Seq, StartJob, UpdateRequest,
};
use serde::Serialize;

use super::instance::{Instance, TaskFailure, WorkerInfo, WorkflowEntry};
use crate::{
    data::{ArgList, Args, Data, encode_result},
    definition::{Activity, CallFn, Called, MethodsOf, Signal, TimeoutSet, Unfinished, Workflow},
    error::Result,
    instance::{core::Issued, waker::ExecutorWaker},
    options::ActivityOptions,
    time::span::secs,
    workflow::{ActivityCall, Ctx, View},
};

/// A workflow type with this registration table; its state is the type itself.
macro_rules! table {
    ($type:ident, $($field:ident: $value:expr),+ $(,)?) => {
        impl crate::definition::Workflow for $type {
            const NAME: &'static str = stringify!($type);
            const TASK_QUEUE: Option<&'static str> = None;
            type Output = ();
            fn __output() -> crate::definition::private::PayloadOf<()> {
                crate::definition::private::payload()
            }
            type Queue = crate::definition::NoQueue;
            type Methods<V: crate::definition::Via> = crate::driver::tests::NoMethods;
            fn __definition() -> &'static crate::definition::Definition<Self> {
                static TABLE: crate::definition::Definition<$type> =
                    crate::definition::Definition { $($field: $value,)+ ..crate::driver::tests::nothing() };
                &TABLE
            }
        }
    };
}
use table;

struct NoMethods;

impl<V> MethodsOf<V> for NoMethods {
    fn new(_: V) -> Self {
        Self
    }
}

const fn nothing<W: Default>() -> crate::definition::Definition<W> {
    crate::definition::Definition {
        init: |_: &View, _: Args| Ok(W::default()),
        run: |_, _, _| running(async { Ok(()) }),
        signals: &[],
        queries: &[],
        updates: &[],
        dynamic_signal: &[],
        dynamic_query: &[],
        dynamic_update: &[],
    }
}

/// A signal handler whose end the run does not wait for.
const fn on<W>(name: &'static str, call: CallFn<W>) -> Signal<W> {
    Signal {
        name,
        unfinished: Unfinished::Warn,
        call,
    }
}

/// What an async method expands to.
fn running<T: Data>(body: impl Future<Output = Result<T>> + 'static) -> Result<Called> {
    Ok(Called::Running(Box::pin(async move {
        encode_result(&body.await?)
    })))
}

/// What a sync handler expands to.
fn done<T: Data>(result: Result<T>) -> Result<Called> {
    Ok(Called::Done(result.and_then(|value| encode_result(&value))))
}

/// An activity from a name to a greeting.
struct Greet;

impl Activity for Greet {
    const NAME: &'static str = "greet";
    type Output = String;
    fn __output() -> crate::definition::private::PayloadOf<String> {
        crate::definition::private::payload()
    }
    fn __defaults() -> ActivityOptions {
        ActivityOptions {
            start_to_close: Some(secs(10)),
            ..ActivityOptions::default()
        }
    }
}

#[track_caller]
fn greet(ctx: &Ctx, name: &str) -> ActivityCall<Greet, TimeoutSet> {
    ActivityCall::new(
        ctx,
        (name.to_owned(),).encode(&crate::data::Converter::default()),
    )
}

/// One run, told one job after the other.
struct Case {
    run: Box<dyn Instance>,
    replaying: bool,
    now: SystemTime,
}

impl Case {
    /// A run that has begun, and was not polled yet.
    fn begun<W: Workflow>() -> Self {
        Self::try_begin::<W>(false, &[]).expect("the run begins")
    }

    /// The same, replayed, with history holding the markers of `patches`.
    fn replayed<W: Workflow>(patches: &[&str]) -> Self {
        Self::try_begin::<W>(true, patches).expect("the run begins")
    }

    fn try_begin<W: Workflow>(replaying: bool, patches: &[&str]) -> Result<Self, TaskFailure> {
        let mut case = Self::unborn::<W>();
        case.replaying = replaying;
        for id in patches {
            let id = (*id).to_owned();
            case.try_handle(Job::PatchMarked { id })?;
        }
        case.begin(())?;
        Ok(case)
    }

    /// A run that nothing is known of.
    fn unborn<W: Workflow>() -> Self {
        Self::unborn_in::<W>(host())
    }

    /// The same, on this worker.
    fn unborn_in<W: Workflow>(host: WorkerInfo) -> Self {
        Self::of((WorkflowEntry::of::<W>().start)(host))
    }

    fn of(run: Box<dyn Instance>) -> Self {
        Self {
            run,
            replaying: false,
            now: SystemTime::UNIX_EPOCH + secs(1_000),
        }
    }

    fn begin(&mut self, args: impl ArgList) -> Result<(), TaskFailure> {
        self.try_handle(self.advance())?;
        let mut start = start();
        start.event.input = args
            .encode(&crate::data::Converter::default())
            .0
            .expect("test arguments are data");
        self.try_handle(Job::Start(start))?;
        Ok(())
    }

    /// A run that has begun and waits; also what it asked for.
    fn started<W: Workflow>() -> (Self, Vec<String>) {
        let mut case = Self::begun::<W>();
        let asked = case.settle();
        (case, asked)
    }

    fn advance(&self) -> Job {
        Job::Advance(Advance {
            now: self.now,
            replaying: self.replaying,
            history_length: 3,
            history_size: 300,
            continue_as_new_suggested: false,
            continue_as_new_reasons: Default::default(),
            target_version_changed: false,
        })
    }

    fn try_handle(&mut self, job: Job) -> Result<Vec<String>, TaskFailure> {
        let mut intents = Vec::new();
        self.run.handle(job, &mut intents)?;
        Ok(intents.iter().map(|issued| say(&issued.intent)).collect())
    }

    /// Tells one job, and gives what was asked for at once.
    fn handle(&mut self, job: Job) -> Vec<String> {
        self.try_handle(job).expect("the task does not fail")
    }

    fn settle(&mut self) -> Vec<String> {
        self.handle(Job::Settle)
    }

    /// Tells one job that asks for nothing by itself, then settles.
    fn after(&mut self, job: Job) -> Vec<String> {
        assert_eq!(
            self.handle(job),
            [""; 0],
            "nothing is asked for before all is told"
        );
        self.settle()
    }

    /// Settles, which fails the task; gives the failure's text.
    fn failing(&mut self) -> String {
        let failed = self.try_handle(Job::Settle).expect_err("the task fails");
        failed.failure.message
    }

    fn fire(&mut self, seq: u32) -> Vec<String> {
        self.after(Job::TimerFired { seq: Seq(seq) })
    }

    fn complete(&mut self, seq: u32, result: impl Serialize) -> Vec<String> {
        self.after(completed(seq, result))
    }

    fn fail(&mut self, seq: u32, info: FailureInfo) -> Vec<String> {
        self.after(failed(seq, info))
    }

    fn cancel(&mut self) -> Vec<String> {
        self.after(Job::CancelRequested {
            reason: "enough".into(),
        })
    }

    fn signal(&mut self, name: &str, args: impl ArgList) -> Vec<String> {
        self.handle(signal(name, args))
    }

    fn update(&mut self, id: &str, name: &str, args: impl ArgList) -> Vec<String> {
        self.handle(update(id, name, args, false))
    }

    fn query(&mut self, name: &str, args: impl ArgList) -> Result<String, String> {
        let input = args
            .encode(&crate::data::Converter::default())
            .0
            .expect("test arguments are data");
        match self.run.query(QueryRequest {
            name: name.to_owned(),
            input,
            ..QueryRequest::default()
        }) {
            Ok(payload) => Ok(text(&payload)),
            Err(failure) => Err(failure.message),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.handle(self.advance());
    }
}

fn host() -> WorkerInfo {
    WorkerInfo {
        facts: std::sync::Arc::new(crate::instance::core::WorkerFacts {
            namespace: "default".to_owned(),
            converter: crate::data::Converter::JSON,
            measures: Default::default(),
            outbound: Default::default(),
            version: None,
        }),
        local: std::sync::Arc::new(crate::driver::local::NoLocalActivities),
        executor: ExecutorWaker::default(),
        interceptors: Default::default(),
    }
}

fn completed(seq: u32, result: impl Serialize) -> Job {
    let json = serde_json::to_vec(&result).expect("test results are JSON");
    Job::ActivityResolved {
        seq: Seq(seq),
        outcome: ActivityOutcome::Completed(vec![Payload::json(json)]),
    }
}

/// An activity that ended with this as its cause.
fn failed(seq: u32, cause: FailureInfo) -> Job {
    let cancelled = matches!(cause, FailureInfo::Canceled { .. });
    let activity = FailureInfo::Activity {
        scheduled: Default::default(),
        started: Default::default(),
        identity: String::new(),
        activity_type: "greet".into(),
        activity_id: seq.to_string(),
        retry_state: Default::default(),
    };
    let failure = FailureRecord::new("activity failed", activity)
        .caused_by(FailureRecord::new("no greeting", cause));
    Job::ActivityResolved {
        seq: Seq(seq),
        outcome: match cancelled {
            true => ActivityOutcome::Cancelled(failure),
            false => ActivityOutcome::Failed(failure),
        },
    }
}

fn app(kind: &str) -> FailureInfo {
    FailureInfo::Application {
        kind: kind.into(),
        non_retryable: true,
        details: Vec::new(),
        next_retry_delay: None,
        category: Default::default(),
    }
}

fn signal(name: &str, args: impl ArgList) -> Job {
    Job::Signal {
        name: name.into(),
        input: args
            .encode(&crate::data::Converter::default())
            .0
            .expect("test arguments are data"),
        header: Header::new(),
        identity: String::new(),
    }
}

fn update(id: &str, name: &str, args: impl ArgList, replaying: bool) -> Job {
    Job::Update(UpdateRequest {
        id: id.into(),
        name: name.into(),
        input: args
            .encode(&crate::data::Converter::default())
            .0
            .expect("test arguments are data"),
        replaying,
        ..UpdateRequest::default()
    })
}

fn start() -> StartJob {
    let event = RunStarted {
        time: SystemTime::UNIX_EPOCH + secs(1_000),
        workflow_type: "Test".into(),
        input: Vec::new(),
        header: Header::new(),
        workflow_id: "test-1".into(),
        original_run_id: "run-1".into(),
        first_run_id: "run-1".into(),
        continued_from: String::new(),
        attempt: 1,
        task_queue: "tests".into(),
        execution_timeout: None,
        run_timeout: None,
        task_timeout: Some(secs(10)),
        retry: None,
        cron: String::new(),
        parent: None,
        root: None,
        last_completion: Vec::new(),
        last_failure: None,
        memo: Header::new(),
        search_attributes: Header::new(),
        identity: String::new(),
        priority: Priority::default(),
    };
    StartJob {
        randomness_seed: 7,
        run_id: "run-1".into(),
        event: Box::new(event),
    }
}

/// An intent in words.
fn say(intent: &Intent) -> String {
    match intent {
        Intent::StartTimer { seq, after, .. } => format!("timer {seq}: {after:?}"),
        Intent::CancelTimer { seq } => format!("cancel timer {seq}"),
        Intent::SkipTimer => "skip timer".to_owned(),
        Intent::UpsertSearchAttributes { attributes } => {
            let names: Vec<_> = attributes.keys().map(String::as_str).collect();
            format!("search attributes {}", names.join(", "))
        }
        Intent::UpsertMemo { memo } => {
            let names: Vec<_> = memo.keys().map(String::as_str).collect();
            format!("memo {}", names.join(", "))
        }
        Intent::ScheduleActivity(it) => {
            let args: Vec<_> = it.input.iter().map(text).collect();
            format!(
                "activity {}: {}({})",
                it.seq,
                it.activity_type,
                args.join(", ")
            )
        }
        Intent::ScheduleLocalActivity(it) => {
            let args: Vec<_> = it.input.iter().map(text).collect();
            let args = args.join(", ");
            format!("local activity {}: {}({args})", it.seq, it.activity_type)
        }
        Intent::CancelActivity { seq } => format!("cancel activity {seq}"),
        Intent::StartChild(it) => {
            let args: Vec<_> = it.input.iter().map(text).collect();
            let (seq, name) = (it.seq, &it.workflow_type);
            format!("child {seq}: {name}({})", args.join(", "))
        }
        Intent::CancelChild { seq, reason } => {
            format!("cancel child {seq}: {reason}").trim_end().into()
        }
        Intent::SignalExternal(it) => {
            let args: Vec<_> = it.input.iter().map(text).collect();
            let (seq, name, id) = (it.seq, &it.name, &it.target.workflow_id);
            format!("signal {seq} to {id}: {name}({})", args.join(", "))
        }
        Intent::CancelExternal(it) => {
            format!(
                "cancel {} of {}: {}",
                it.seq, it.target.workflow_id, it.reason
            )
        }
        Intent::WithdrawExternal { seq } => format!("withdraw {seq}"),
        Intent::RecordSideEffect(it) => match it.data.first() {
            Some(value) => format!("{}: {}", it.id, text(value)),
            None => it.id.to_string(),
        },
        Intent::SetPatch { id, deprecated } => match deprecated {
            true => format!("deprecated patch {id}"),
            false => format!("patch {id}"),
        },
        Intent::AcceptUpdate { id } => format!("accept {id}"),
        Intent::RejectUpdate { id, failure } => format!("reject {id}: {}", failure.message),
        Intent::CompleteUpdate { id, result } => match result {
            Ok(result) => format!("complete {id}: {}", text(&result[0])),
            Err(failure) => format!("fail {id}: {}", failure.message),
        },
        Intent::EndRun(EndRun::Complete(result)) => format!("done: {}", text(&result[0])),
        Intent::EndRun(EndRun::Fail(failure)) => format!("failed: {}", failure.message),
        Intent::EndRun(EndRun::Cancel(_)) => "cancelled".into(),
        Intent::EndRun(EndRun::ContinueAsNew(next)) => {
            let args: Vec<_> = next.input.iter().map(text).collect();
            let name = next.workflow_type.as_deref().unwrap_or("itself");
            format!("continue as {name}({})", args.join(", "))
        }
    }
}

fn text(payload: &Payload) -> String {
    match payload.encoding() {
        "binary/null" => "null".into(),
        _ => String::from_utf8_lossy(payload.data()).into_owned(),
    }
}
