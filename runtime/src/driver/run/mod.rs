//! What drives the code of one run: jobs come in, futures are polled, intents go out.
//!
//! ```text
//!   Unborn --Start--> Live --run method ends--> Live, over
//!            |          '-- signals, updates, resolutions: state changes, handlers begin
//!            |          '-- Settle: everything is polled until nothing moves
//!            '-- constructor or arguments fail: the task fails, the run stays unborn
//! ```

mod ending;
mod handlers;
mod intercepted;
mod introspect;
mod rounds;

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use tracing::Span;

use durably_engine::{Advance, EndRun, FailureRecord, Job, Payload, QueryRequest, StartJob};

use self::rounds::{Coroutine, Handler, Spawned};
use super::instance::{Instance, TaskFailure, WorkerInfo};
use crate::{
    data::{Args, Callee},
    definition::{Called, Definition, Workflow},
    error::Result,
    instance::{
        core::{Core, Facts, Issued, Known, Phase},
        coroutine::{CoroutineId, Waiter},
        current::{self, Who},
        ops::OpResult,
        panics,
        state::StateCell,
        waker::RunWaker,
    },
    interceptor::WorkflowChain,
    telemetry::{
        log,
        replayed::suppressed_if,
        spans::{self, WorkflowIds},
    },
    workflow::Ctx,
};

/// The code of one run of a `W`.
pub(crate) enum RunCode<W: Workflow> {
    /// Only the circumstances are known.
    Unborn {
        host: WorkerInfo,
        facts: Option<Facts>,
        known: Known,
    },
    /// The state exists.
    Live(Live<W>),
}

/// The code of a run that has begun.
pub(crate) struct Live<W: Workflow> {
    definition: &'static Definition<W>,
    cell: StateCell<W>,
    ctx: Ctx,
    core: Rc<Core>,
    /// Code around the run method and the handlers.
    interceptors: WorkflowChain,
    /// Who woke the run.
    wake: Arc<RunWaker>,
    /// The run method, until it ends.
    main: Option<Coroutine<Result<Payload>>>,
    /// Async handlers that did not end, in the order in which they began.
    handlers: BTreeMap<u32, Handler>,
    /// Spawned futures that did not end, in the order in which they were spawned.
    spawned: BTreeMap<u32, Spawned>,
    /// How many handlers began.
    last_handler: u32,
    /// How many futures were spawned.
    last_spawned: u32,
    /// Set when a future was added that has not been polled yet.
    fresh: bool,
    /// How the run ends; issued once nothing moves any more, and no handler runs that the end waits for.
    ending: Option<EndRun>,
    /// Whether handlers hold the end of the run back.
    is_held: bool,
    /// Signals without a handler, in order of arrival.
    unhandled: Vec<String>,
    /// Around the code in the activation in progress; none between two, and while the run is replayed.
    span: Option<Span>,
}

impl<W: Workflow> RunCode<W> {
    pub(crate) fn new(host: WorkerInfo) -> Self {
        Self::Unborn {
            host,
            facts: None,
            known: Known::default(),
        }
    }
}

impl<W: Workflow> Instance for RunCode<W> {
    fn handle(&mut self, job: Job, intents: &mut Vec<Issued>) -> Result<(), TaskFailure> {
        match self {
            Self::Live(live) => {
                let id = live.wake.id();
                let replaying = live.core.facts.get().replaying;
                let converter = live.core.converter().clone();
                let span = match replaying {
                    true => Span::none(),
                    false => live.span.take().unwrap_or_else(|| span(&live.core)),
                };
                let settles = matches!(job, Job::Settle);
                let handled = suppressed_if(replaying, || {
                    span.in_scope(|| current::enter(id, converter, || live.handle(job)))
                });
                // An activation ends as it settles; the span is one of work, and not of the time between.
                live.span = (!settles && !replaying).then_some(span);
                live.core.drain_intents(intents);
                handled
            }
            Self::Unborn { host, facts, known } => {
                match job {
                    Job::WorkerVersion(version) => known.version = version,
                    Job::PatchMarked { id } => known.patches.record_marker(id),
                    Job::SideEffectMarked(effect) => known.side_effects.record_marker(*effect),
                    Job::Start(start) => {
                        let Some(facts) = *facts else {
                            return Err(TaskFailure::out_of_order("Start"));
                        };
                        let host = host.clone();
                        let live = Live::begin(host, facts, std::mem::take(known), start)?;
                        *self = Self::Live(live);
                    }
                    Job::Advance(advance) => *facts = Some(advance.into()),
                    Job::Reseed { .. }
                    | Job::Signal { .. }
                    | Job::Update(_)
                    | Job::TimerFired { .. }
                    | Job::ActivityResolved { .. }
                    | Job::ChildStarted { .. }
                    | Job::ChildResolved { .. }
                    | Job::ExternalResolved { .. }
                    | Job::CancelRequested { .. }
                    | Job::Settle
                    | Job::Query { .. } => {
                        return Err(TaskFailure::out_of_order("a job before Start"));
                    }
                }
                Ok(())
            }
        }
    }

    fn query(&mut self, query: QueryRequest) -> Result<Payload, Box<FailureRecord>> {
        match self {
            Self::Live(live) => live.query(&query.name, query.input, query.header),
            Self::Unborn { .. } => Err(TaskFailure::out_of_order("a query before Start").failure),
        }
    }

    fn log_foreign_wake(&self) {
        if let Self::Live(live) = self
            && live.wake.take_unlogged()
        {
            log::on_run!(
                log::error,
                live,
                error = live.foreign_wake(),
                "the run's next workflow task will fail"
            );
        }
    }
}

/// The span around the code of a run.
fn span(core: &Core) -> Span {
    let start = &core.start.event;
    spans::workflow(WorkflowIds {
        workflow_type: &start.workflow_type,
        workflow_id: &start.workflow_id,
        run_id: &core.start.run_id,
        attempt: start.attempt,
        task_queue: &start.task_queue,
        namespace: &core.worker.namespace,
    })
}

impl From<Advance> for Facts {
    fn from(advance: Advance) -> Self {
        Self {
            now: advance.now.into(),
            replaying: advance.replaying,
            history_length: advance.history_length,
            history_size: advance.history_size,
            continue_as_new_suggested: advance.continue_as_new_suggested,
            continue_as_new_reasons: advance.continue_as_new_reasons,
            target_version_changed: advance.target_version_changed,
        }
    }
}

impl<W: Workflow> Live<W> {
    /// Constructs the state and calls the run method, which does nothing until it is polled.
    fn begin(
        host: WorkerInfo,
        facts: Facts,
        known: Known,
        mut start: StartJob,
    ) -> Result<Self, TaskFailure> {
        let definition = W::__definition();
        let wake = Arc::new(RunWaker::new(host.executor));
        let input = std::mem::take(&mut start.event.input);
        let core = Core::new(start, host.facts, facts, known);
        let args = |input| {
            let callee = Callee::Workflow(W::NAME.into());
            Args::new(callee, input, core.converter().clone())
        };
        let ctx = Ctx::of_run(&core);
        current::runs(Who::Start(W::NAME));
        let interceptors = host.interceptors;
        let begin = || {
            if !interceptors.is_empty() {
                return intercepted::begin(&interceptors, definition, &ctx, args(input));
            }
            let state = (definition.init)(&ctx, args(input.clone()))?;
            core.phase.set(Phase::Live);
            let cell = StateCell::new(state);
            let main = (definition.run)(cell.clone(), ctx.clone(), args(input))?;
            Ok((cell, main))
        };
        let span = match facts.replaying {
            true => Span::none(),
            false => span(&core),
        };
        let began = suppressed_if(facts.replaying, || {
            span.in_scope(|| {
                current::enter(wake.id(), core.converter().clone(), || panics::catch(begin))
            })
        });
        let (cell, main) = began
            .map_err(|panicked| TaskFailure::panicked(Who::Start(W::NAME), panicked, None))?
            .map_err(|error| TaskFailure::error(&error, core.converter()))?;
        let main = match main {
            Called::Running(main) => main,
            Called::Done(result) => Box::pin(std::future::ready(result)),
        };
        let main = Coroutine::new(main, CoroutineId::Run, &core, &wake);
        Ok(Self {
            definition,
            cell,
            ctx,
            core,
            interceptors,
            wake,
            main: Some(main),
            handlers: BTreeMap::new(),
            spawned: BTreeMap::new(),
            last_handler: 0,
            last_spawned: 0,
            fresh: true,
            ending: None,
            is_held: false,
            unhandled: Vec::new(),
            span: (!facts.replaying).then_some(span),
        })
    }

    fn handle(&mut self, job: Job) -> Result<(), TaskFailure> {
        if let Job::Advance(advance) = job {
            self.core.facts.set(advance.into());
            return Ok(());
        }
        if self.core.phase.get() == Phase::Over {
            return Ok(());
        }
        match job {
            Job::WorkerVersion(version) => *self.core.replayed_version.borrow_mut() = version,
            Job::PatchMarked { id } => self.core.patches.record_marker(id),
            Job::SideEffectMarked(effect) => self.core.side_effects.record_marker(*effect),
            Job::Reseed { randomness_seed } => self.core.random.reseed(randomness_seed),
            Job::Signal {
                name,
                input,
                header,
                identity,
            } => self.signal(name, input, header, identity)?,
            Job::Update(request) => self.update(request)?,
            Job::TimerFired { seq } => self.end(seq, OpResult::Fired),
            Job::ActivityResolved { seq, outcome } => self.end(seq, outcome.into()),
            Job::ChildStarted { seq, started } => {
                let waiters = self.core.ops.borrow_mut().child_started(seq, started);
                self.wake(waiters);
            }
            Job::ChildResolved { seq, outcome } => {
                let waiters = self.core.ops.borrow_mut().child_ended(seq, outcome);
                self.wake(waiters);
            }
            Job::ExternalResolved { seq, outcome } => self.end(seq, OpResult::External(outcome)),
            Job::CancelRequested { reason } => self.core.cancel(reason),
            Job::Settle => self.settle()?,
            Job::Advance(_) | Job::Start(_) | Job::Query { .. } => {
                return Err(TaskFailure::out_of_order(&format!("{job:?}")));
            }
        }
        Ok(())
    }

    fn end(&self, seq: durably_engine::Seq, ended: OpResult) {
        let waiter = self.core.ops.borrow_mut().end(seq, ended);
        self.wake(waiter);
    }

    fn wake(&self, waiters: impl IntoIterator<Item = Waiter>) {
        for waiter in waiters {
            self.core.wake(waiter);
        }
    }
}

/// Futures of user code may panic when they are dropped; the executor's thread must survive that.
impl<W: Workflow> Drop for Live<W> {
    fn drop(&mut self) {
        self.core.phase.set(Phase::Over);
        self.wake.retire();
        let dropped = current::enter(self.wake.id(), self.core.converter().clone(), || {
            panics::catch(|| {
                self.handlers.clear();
                self.main = None;
                self.spawned.clear();
                let spawned = self.core.spawned.take();
                drop(spawned);
            })
        });
        if let Err(panicked) = dropped {
            log::on_run!(
                log::error,
                self,
                error = %panicked,
                "a workflow panicked in a `Drop`"
            );
        }
    }
}
