//! What the programs in `programs/` share: the peer's names, and a run on a real server that tells
//! whether anybody said anything about the mistake.
//!
//! The last line a program prints is `said: ...` (an error from the SDK: at the worker's start, at
//! a call, or as a failed workflow task or activity in the history) or `silent: ...` (what the
//! caller got instead, or that nothing came).

mod history;

pub use std::{sync::Arc, time::Duration};
pub use temporalio_client::{
    Client, WorkflowGetResultOptions, WorkflowHandle, WorkflowStartOptions,
};
pub use temporalio_macros::{activities, activity_definitions, workflow, workflow_methods};
pub use temporalio_sdk::{
    ActivityCloseTimeouts, ActivityOptions, ChildWorkflowOptions, LocalActivityOptions,
    SyncWorkflowContext, WorkerOptions, WorkflowContext, WorkflowContextView, WorkflowResult,
    activities::{ActivityContext, ActivityError},
};

pub use temporalio_workflow::RetryPolicy;

use std::{cell::RefCell, error::Error};
use temporalio_client::{
    ClientOptions, Connection, UntypedSignal, UntypedWorkflow,
    envconfig::LoadClientConfigProfileOptions,
};
use temporalio_common::{HasWorkflowDefinition, data_converters::RawValue};
use temporalio_sdk::{Runtime, Worker};

pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// How long a program waits for somebody to say something.
const PATIENCE: Duration = Duration::from_secs(8);

/// The peer's default: its detector of foreign wakes needs a run that stays in memory.
const CACHE: usize = 1000;

/// Each workflow task replays the run from its start, which gives replay its best chance to notice.
const NO_CACHE: usize = 0;

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A timeout, and one attempt: a failure is told to the caller, not retried for ever.
pub fn once() -> ActivityOptions {
    let retry = RetryPolicy::builder().maximum_attempts(1).build();
    ActivityOptions::with_start_to_close_timeout(secs(5))
        .retry_policy(retry)
        .build()
}

/// The real server, and a task queue of this program's own.
pub struct Server {
    pub client: Client,
    pub queue: String,
    started: RefCell<Vec<String>>,
}

impl Server {
    /// Starts a workflow on the queue that this program's worker polls.
    pub async fn start<W>(&self, workflow: W, input: W::Input) -> Result<WorkflowHandle<Client, W>>
    where
        W: HasWorkflowDefinition,
        W::Input: Send,
    {
        let id = format!("{}-{}", self.queue, self.started.borrow().len());
        self.started.borrow_mut().push(id.clone());
        let options = WorkflowStartOptions::new(self.queue.clone(), id).build();
        Ok(self.client.start_workflow(workflow, input, options).await?)
    }

    /// Sends a signal that nobody handles to what is still running, once: the peer reports a foreign
    /// wake on the next workflow task, and a run that only waits for that wake has none.
    async fn nudge(&self) -> Result<std::convert::Infallible> {
        tokio::time::sleep(NUDGE).await;
        let ids = self.started.borrow().clone();
        for id in ids {
            let handle = self.client.get_workflow_handle::<UntypedWorkflow>(id);
            let signal = UntypedSignal::new("nudge");
            // A run that has ended takes no signal, and needs none.
            let _ = handle
                .signal(signal, RawValue::empty(), Default::default())
                .await;
        }
        std::future::pending().await
    }

    /// Starts it and waits for its result.
    pub async fn outcome<W>(&self, workflow: W, input: W::Input) -> Result<String>
    where
        W: HasWorkflowDefinition,
        W::Input: Send,
        W::Output: std::fmt::Debug,
    {
        let handle = self.start(workflow, input).await?;
        let result = handle
            .get_result(WorkflowGetResultOptions::default())
            .await?;
        Ok(format!("the result is {result:?}"))
    }
}

/// How long a run may keep still before it gets a workflow task that nobody asked for.
const NUDGE: Duration = Duration::from_secs(4);

/// Runs a worker with what `register` registers, and the scenario beside it; prints what was said.
pub fn run(
    register: impl Fn(&mut WorkerOptions) -> Result<()>,
    scenario: impl AsyncFn(&Server) -> Result<String>,
) -> ! {
    let outcome = tokio::runtime::Runtime::new()
        .map_err(Into::into)
        .and_then(|runtime| {
            runtime.block_on(observe(CACHE, &register, &scenario))?;
            runtime.block_on(observe(NO_CACHE, &register, &scenario))
        });
    match outcome {
        Err(error) => println!("said: {}", one_line(&chain(&*error))),
        Ok(text) => println!("silent: {}", one_line(&text)),
    }
    // The worker may be blocked by the mistake: nothing waits for it.
    std::process::exit(0)
}

async fn observe(
    cached_workflows: usize,
    register: impl Fn(&mut WorkerOptions) -> Result<()>,
    scenario: impl AsyncFn(&Server) -> Result<String>,
) -> Result<String> {
    let (connection, client) =
        ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())?;
    let client = Client::new(Connection::connect(connection).await?, client)?;
    let queue = format!("mistake-{}", uuid::Uuid::new_v4());
    let mut options = WorkerOptions::new(queue.clone())
        .max_cached_workflows(cached_workflows)
        .build();
    register(&mut options)?;
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let mut worker = Worker::new(&runtime, client.clone(), options)?;
    let server = Server {
        client,
        queue,
        started: RefCell::default(),
    };
    let outcome = tokio::select! {
        ended = worker.run() => match ended {
            Ok(()) => Err("the worker stopped".into()),
            Err(error) => Err(error.into()),
        },
        never = server.nudge() => match never? {},
        outcome = tokio::time::timeout(PATIENCE, scenario(&server)) => outcome
            .unwrap_or_else(|_| Ok(format!("nothing came in {PATIENCE:?}"))),
    };
    let outcome = outcome?;
    match history::failures(&server).await? {
        said if said.is_empty() => Ok(outcome),
        said => Err(said.into()),
    }
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
