//! Replays one history: the workflow types, and what their runs know of the worker.

use std::{collections::BTreeMap, fmt, sync::Arc};

use durably_engine::{EngineError, EventKind, Fact, Task};

use super::ReplayError;
use crate::{
    codec::{self, Codecs},
    data::{Converter, Format, Text},
    definition::Workflow,
    driver::{
        Driver,
        instance::{TaskFailure, WorkerInfo, WorkflowEntry},
        local::NoLocalActivities,
    },
    instance::{core::WorkerFacts, outbound::OutboundHook, waker::ExecutorWaker},
    interceptor::{WorkflowChain, WorkflowInterceptor},
    transport::message_codecs::MessageCodecs,
    wire::{
        history::{History, HistoryEvent},
        payload_fields::Subject,
        workflow_task::append_history,
    },
};

/// Replays histories of the workflow types that are registered with it, one at a time, on the thread of the
/// caller. [`folder`](super::folder), [`histories`](super::histories) and [`client`](super::client) replay many
/// and say in one error what does not replay.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Greeting;
/// # #[workflow] impl Greeting { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// use durably::{client::History, replay::Replayer};
///
/// # fn check() -> Result<()> {
/// let history = History::from_json(&std::fs::read_to_string("greeting.json")?)?;
/// Replayer::new().workflow::<Greeting>().replay(history)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a replayer replays nothing until `replay` is called"]
pub struct Replayer {
    workflows: BTreeMap<&'static str, WorkflowEntry>,
    /// Replays the types that are not in the map.
    dynamic: Option<WorkflowEntry>,
    worker: Arc<WorkerFacts>,
    /// Decode the payloads of histories.
    codecs: MessageCodecs,
    interceptors: WorkflowChain,
}

impl Default for Replayer {
    fn default() -> Self {
        Self::of_worker("default".to_owned(), Converter::default())
    }
}

impl Replayer {
    /// A replayer without workflow types.
    pub fn new() -> Self {
        Self::default()
    }

    /// That of runs which workers of this namespace and converter made.
    pub(super) fn of_worker(namespace: String, converter: Converter) -> Self {
        Self {
            workflows: BTreeMap::new(),
            dynamic: None,
            worker: Arc::new(WorkerFacts {
                namespace,
                converter,
                measures: Default::default(),
                outbound: OutboundHook::default(),
                version: None,
            }),
            codecs: MessageCodecs::default(),
            interceptors: WorkflowChain::default(),
        }
    }

    /// Adds a workflow type. A dynamic one replays the histories of all types that are not added.
    pub fn workflow<W: Workflow>(mut self) -> Self {
        let entry = WorkflowEntry::of::<W>();
        match W::__IS_DYNAMIC {
            true => self.dynamic = Some(entry),
            false => drop(self.workflows.insert(entry.name, entry)),
        }
        self
    }

    /// Reads values in this format in addition to JSON, as the workers of the workflows did.
    ///
    /// ```
    /// # use durably::{data::Format, replay::Replayer};
    /// # fn example(message_pack: impl Format) -> Replayer {
    /// let replayer = Replayer::new().format(message_pack);
    /// # replayer
    /// # }
    /// ```
    pub fn format(mut self, format: impl Format) -> Self {
        let worker = Arc::make_mut(&mut self.worker);
        worker.converter = worker.converter.with_format(format);
        self
    }

    /// Decodes the payloads of histories with these codecs, as the workers of the workflows did: for histories that were
    /// exported as the server keeps them, without a codec endpoint. They set the keys of
    /// [`Encrypted`](crate::data::Encrypted) values, too.
    ///
    /// ```
    /// # use durably::{codec::{Codecs, PayloadCodec}, replay::Replayer};
    /// # fn example(encryption: impl PayloadCodec) -> Replayer {
    /// let replayer = Replayer::new().codecs(Codecs::new().codec(encryption));
    /// # replayer
    /// # }
    /// ```
    pub fn codecs(mut self, codecs: Codecs) -> Self {
        self.codecs = MessageCodecs::new(&codecs);
        let worker = Arc::make_mut(&mut self.worker);
        worker.converter = worker.converter.with_cipher(codecs.cipher);
        self
    }

    /// The namespace that workflow code reads in `ctx.namespace()`; `default` if not set.
    ///
    /// ```
    /// use durably::replay::Replayer;
    ///
    /// let replayer = Replayer::new().namespace("orders");
    /// # drop(replayer);
    /// ```
    pub fn namespace(mut self, namespace: impl Text) -> Self {
        Arc::make_mut(&mut self.worker).namespace = namespace.into_text();
        self
    }

    /// Adds an interceptor, as the workers of the workflows have it: what it changes in requests is in their
    /// histories.
    ///
    /// ```
    /// # use durably::{interceptor::WorkflowInterceptor, replay::Replayer};
    /// # fn example(tenant: impl WorkflowInterceptor) -> Replayer {
    /// let replayer = Replayer::new().workflow_interceptor(tenant);
    /// # replayer
    /// # }
    /// ```
    pub fn workflow_interceptor(mut self, interceptor: impl WorkflowInterceptor) -> Self {
        self.interceptors = self.interceptors.with(interceptor);
        Arc::make_mut(&mut self.worker).outbound = self.interceptors.outbound();
        self
    }

    /// Runs the code of today along a history, to its end.
    ///
    /// # Errors
    /// [`ReplayError::Mismatch`] if the code took another path than the history; the other kinds if
    /// it could not be tried.
    pub fn replay(&self, history: History) -> Result<(), ReplayError> {
        let task = self.task(history)?;
        let found = self.workflows.get(task.workflow_type.as_str());
        let Some(entry) = found.or(self.dynamic.as_ref()) else {
            return Err(ReplayError::UnknownType {
                found: task.workflow_type,
                registered: self
                    .workflows
                    .keys()
                    .map(|name| (*name).to_owned())
                    .collect(),
            });
        };
        let host = WorkerInfo {
            facts: Arc::clone(&self.worker),
            local: Arc::new(NoLocalActivities),
            executor: ExecutorWaker::default(),
            interceptors: self.interceptors.clone(),
        };
        let mut driver = Driver::new(entry, host);
        driver.begin(task)?;
        match driver.advance::<Stopped>(|| true) {
            Ok(_) => Ok(()),
            Err(Stopped::Engine(error)) => Err(error.into()),
            Err(Stopped::Code(failure)) => Err(ReplayError::Code {
                event: driver.last_event(),
                message: failure.failure.message,
            }),
        }
    }

    /// A task that replays a history and asks for nothing more. The history itself names the run.
    fn task(&self, history: History) -> Result<Task, ReplayError> {
        require_all_events(history.events())?;
        let mut task = Task {
            // The first event names the run that it was recorded in: after a reset, another one.
            run_id: history.run_id().to_owned(),
            workflow_id: history.workflow_id().to_owned(),
            ..Task::default()
        };
        // One that a client with codecs fetched is decoded already.
        let mut raw = match self.codecs.is_empty() {
            true => history.into_raw(),
            false => history.stored(),
        };
        if !self.codecs.is_empty() {
            let namespace = self.worker.namespace.as_str().into();
            let about = Subject::workflow(&task.workflow_id);
            let decoding = self.codecs.decode(&mut raw, &namespace, about);
            codec::block_on(decoding)
                .map_err(ReplayError::unreadable)?
                .map_err(|fault| ReplayError::unreadable(fault.to_string()))?;
        }
        append_history(&mut task, raw.events)?;
        if let Some(EventKind::Fact(Fact::RunStarted(started))) =
            task.history.first().map(|event| &event.kind)
        {
            task.workflow_type.clone_from(&started.workflow_type);
        }
        Ok(task)
    }
}

impl fmt::Debug for Replayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayer")
            .field("workflows", &self.workflows.keys())
            .field("codecs", &self.codecs)
            .finish()
    }
}

/// Why the replay did not come to its end.
enum Stopped {
    Engine(EngineError),
    Code(TaskFailure),
}

impl From<EngineError> for Stopped {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<TaskFailure> for Stopped {
    fn from(failure: TaskFailure) -> Self {
        Self::Code(failure)
    }
}

/// Refuses a history that lacks events: its code would seem to take another path.
fn require_all_events(events: &[HistoryEvent]) -> Result<(), ReplayError> {
    let Some(first) = events.first() else {
        return Err(ReplayError::unreadable("it has no events"));
    };
    if first.id() != 1 || first.name() != "WorkflowExecutionStarted" {
        return Err(ReplayError::unreadable(format!(
            "it does not begin with the start of a run, but with event {}, `{}`",
            first.id(),
            first.name()
        )));
    }
    for pair in events.windows(2) {
        let (before, after) = (pair[0].id(), pair[1].id());
        if after != before + 1 {
            return Err(ReplayError::unreadable(format!(
                "event {after} follows event {before}: events are missing, or not in their order"
            )));
        }
    }
    Ok(())
}
