//! Messages that come in: signals, updates, queries.

use durably_engine::{EndRun, FailureRecord, Header, Intent, Payload, UpdateRequest};
use futures::future::LocalBoxFuture;
use tracing::Span;

use super::{
    Live,
    introspect::{self, ENHANCED_STACK_TRACE, METADATA, STACK_TRACE},
    rounds::{Coroutine, Handler, HandlerKind},
};
use crate::{
    data::{Args, Callee, Headers},
    definition::{Called, Unfinished, Update, Workflow, is_reserved},
    driver::instance::TaskFailure,
    error::{AppError, Error, Meaning, Result},
    instance::{
        core::Phase,
        coroutine::CoroutineId,
        current::{self, Name, Who},
        panics,
    },
    interceptor::{ReceivedQuery, ReceivedSignal, ReceivedUpdate},
    telemetry::{log, spans},
    workflow::Ctx,
};

impl<W: Workflow> Live<W> {
    /// A signal is never lost: one without a handler is kept and logged, one that is not of its type is logged.
    /// Neither stops the run. One that another worker can decrypt waits for that worker.
    pub(crate) fn signal(
        &mut self,
        name: String,
        input: Vec<Payload>,
        header: Header,
        sender: String,
    ) -> Result<(), TaskFailure> {
        let signals = self.definition.signals;
        let declared = signals.iter().find(|signal| signal.name == name);
        let (name, signal) = match (declared, self.definition.dynamic_signal.first()) {
            (Some(signal), _) => (Name::Declared(signal.name), signal),
            (None, Some(signal)) if !is_reserved(&name) => (Name::Dynamic(name.into()), signal),
            (None, Some(_) | None) => {
                log::on_run!(
                    log::warning,
                    self,
                    signal = name,
                    "no handler for this signal; known signals: {}",
                    list(signals.iter().map(|signal| signal.name)),
                );
                self.unhandled.push(name);
                return Ok(());
            }
        };
        let args = Args::new(
            Callee::Signal(name.to_cow()),
            input,
            self.core.converter().clone(),
        );
        if !self.interceptors.is_empty() {
            let received = ReceivedSignal {
                name: name.as_str().to_owned(),
                args,
                headers: Headers::new(header, self.core.converter()),
                sender,
            };
            return self.intercepted_signal(name, signal, received);
        }
        let who = Who::Signal(name.clone());
        current::runs(who.clone());
        let span = self.handler_span(|| spans::signal(name.as_str()));
        let called = span
            .in_scope(|| panics::catch(|| (signal.call)(self.cell.clone(), self.ctx.clone(), args)))
            .map_err(|panicked| TaskFailure::panicked(who.clone(), panicked, None))?;
        self.refuse_faults()?;
        match called {
            Ok(Called::Done(result)) => self.signal_ended(who, signal.unfinished, result)?,
            Ok(Called::Running(future)) => {
                let kind = HandlerKind::Signal { name, sender };
                self.begin_handler(kind, signal.unfinished, future, span);
            }
            Err(error) if error.lacks_key() => return Err(self.lacking_key(&error)),
            Err(error) => log_unreadable_signal::<W>(&self.ctx, &name, &error),
        }
        Ok(())
    }

    /// The span of a handler that begins; none in a replay, in which a span would belong to no subscriber.
    pub(super) fn handler_span(&self, span: impl FnOnce() -> Span) -> Span {
        match self.core.facts.get().replaying {
            true => Span::none(),
            false => span(),
        }
    }

    /// The task fails, so that a worker with the key goes on where this one cannot.
    pub(super) fn lacking_key(&self, error: &Error) -> TaskFailure {
        TaskFailure::error(error, self.core.converter())
    }

    /// An error fails the workflow, also one whose end waits for the handler. A handler that only stopped because
    /// the run was asked to stop leaves the end to the run method, which may have to clean up.
    pub(crate) fn signal_ended(
        &mut self,
        who: Who,
        unfinished: Unfinished,
        result: Result<Payload>,
    ) -> Result<(), TaskFailure> {
        let Err(error) = result else {
            return Ok(());
        };
        match error.meaning() {
            Meaning::Cancelled | Meaning::OtherCancelled if self.core.is_cancelled() => {
                return Ok(());
            }
            Meaning::ContinueAsNew(_) => return Err(misplaced_continue_as_new(who)),
            Meaning::Cancelled
            | Meaning::OtherCancelled
            | Meaning::CompleteLater
            | Meaning::Failure => {}
        }
        let failure = self.ending_of(who, Err(error))?;
        match &self.ending {
            Some(EndRun::Fail(_)) => {}
            // An end that waits for no handler is the one that came first.
            Some(_) if !self.is_held && unfinished != Unfinished::Wait => {}
            Some(_) | None => self.ending = Some(failure),
        }
        Ok(())
    }

    /// Rejects an update that is not known, not readable or not valid; runs the others.
    pub(crate) fn update(&mut self, request: UpdateRequest) -> Result<(), TaskFailure> {
        let UpdateRequest {
            id,
            name,
            input,
            header,
            identity,
            replaying,
        } = request;
        let updates = self.definition.updates;
        let declared = updates.iter().find(|update| update.name == name);
        let (name, update) = match (declared, self.definition.dynamic_update.first()) {
            (Some(update), _) => (Name::Declared(update.name), update),
            (None, Some(update)) if !is_reserved(&name) => (Name::Dynamic(name.into()), update),
            (None, Some(_) | None) => {
                let error = AppError::new(
                    "UnknownUpdate",
                    format!(
                        "update handler for `{name}` expected but not found; known updates: {}",
                        list(updates.iter().map(|update| update.name)),
                    ),
                );
                return self.reject(id, replaying, &error.into());
            }
        };
        let args = Args::new(
            Callee::Update(name.to_cow()),
            input,
            self.core.converter().clone(),
        );
        if !self.interceptors.is_empty() {
            let received = ReceivedUpdate {
                id,
                name: name.as_str().to_owned(),
                args,
                headers: Headers::new(header, self.core.converter()),
                sender: identity,
            };
            return self.intercepted_update(name, update, received, replaying);
        }
        let span = self.handler_span(|| spans::update(name.as_str(), &id));
        let validate = || span.in_scope(|| self.validate(&name, update, &args));
        if !replaying && let Err(error) = validate() {
            return self.reject(id, replaying, &error);
        }
        self.core
            .issue(Intent::AcceptUpdate { id: id.clone() }, None);
        let who = Who::Update(name.clone());
        current::runs(who.clone());
        let call = || (update.call)(self.cell.clone(), self.ctx.clone(), args);
        let called = span
            .in_scope(|| panics::catch(call))
            .map_err(|panicked| TaskFailure::panicked(who.clone(), panicked, None))?;
        self.refuse_faults()?;
        match called {
            Ok(Called::Done(result)) => self.update_ended(who, id, result),
            Ok(Called::Running(future)) => {
                let kind = HandlerKind::Update { name, id };
                self.begin_handler(kind, update.unfinished, future, span);
                Ok(())
            }
            Err(error) => {
                // The handler was not called, so no intent was issued since.
                self.core.pop_last_intent();
                self.reject(id, replaying, &error)
            }
        }
    }

    /// A validator that panics rejects too: what a client sends must not be able to stop the run.
    fn validate(&self, name: &Name, update: &Update<W>, args: &Args) -> Result<()> {
        let Some(validate) = update.validate else {
            return Ok(());
        };
        let args = args.clone();
        let who = Who::Validator(name.clone());
        self.reading(who, || {
            self.cell.with(|state| validate(state, &self.ctx, args))
        })
    }

    pub(crate) fn reject(
        &self,
        id: String,
        replaying: bool,
        error: &Error,
    ) -> Result<(), TaskFailure> {
        if error.lacks_key() {
            return Err(self.lacking_key(error));
        }
        if replaying {
            return Err(TaskFailure::nondeterminism(format!(
                "history holds an update that was accepted, and now it is not: {error}"
            )));
        }
        let failure = error.to_record(self.core.converter());
        self.core.issue(Intent::RejectUpdate { id, failure }, None);
        Ok(())
    }

    /// A handler that only stopped because the run was asked to stop has not failed: its caller
    /// learns that it was cancelled.
    pub(crate) fn update_ended(
        &self,
        who: Who,
        id: String,
        result: Result<Payload>,
    ) -> Result<(), TaskFailure> {
        let result = match result {
            Ok(payload) => Ok(vec![payload]),
            Err(error) => match error.meaning() {
                Meaning::Cancelled | Meaning::OtherCancelled if self.core.is_cancelled() => {
                    Err(error.to_cancelled_record(self.core.converter()))
                }
                Meaning::ContinueAsNew(_) => return Err(misplaced_continue_as_new(who)),
                Meaning::Failure if error.lacks_key() => return Err(self.lacking_key(&error)),
                Meaning::Cancelled
                | Meaning::OtherCancelled
                | Meaning::CompleteLater
                | Meaning::Failure => Err(error.to_record(self.core.converter())),
            },
        };
        self.core.issue(Intent::CompleteUpdate { id, result }, None);
        Ok(())
    }

    /// Answers from the state as it is now.
    pub(crate) fn query(
        &self,
        name: &str,
        input: Vec<Payload>,
        header: Header,
    ) -> Result<Payload, Box<FailureRecord>> {
        match name {
            STACK_TRACE => {
                let whereabouts = self.whereabouts();
                let coroutines = self.coroutines();
                return Ok(introspect::stack_trace(
                    &self.core,
                    self.held_end(),
                    &coroutines,
                    &whereabouts,
                ));
            }
            ENHANCED_STACK_TRACE => {
                let coroutines = self.coroutines();
                return Ok(introspect::enhanced_stack_trace(&self.core, &coroutines));
            }
            METADATA => {
                let workflow_type = match W::__IS_DYNAMIC {
                    true => self.ctx.workflow_type(),
                    false => W::NAME,
                };
                return Ok(introspect::metadata(
                    workflow_type,
                    self.definition,
                    &self.core.current_details(),
                ));
            }
            _ => {}
        }
        let queries = self.definition.queries;
        let declared = queries.iter().find(|(known, _)| *known == name);
        let (name, answer) = match (declared, self.definition.dynamic_query.first()) {
            (Some(&(name, answer)), _) => (Name::Declared(name), answer),
            (None, Some(&answer)) if !is_reserved(name) => (Name::Dynamic(name.into()), answer),
            (None, Some(_) | None) => {
                let text = format!(
                    "query handler for `{name}` expected but not found; known queries: {}",
                    list(queries.iter().map(|(known, _)| *known)),
                );
                return Err(Box::new(AppError::new("UnknownQuery", text).into_record()));
            }
        };
        let args = Args::new(
            Callee::Query(name.to_cow()),
            input,
            self.core.converter().clone(),
        );
        if let Name::Dynamic(_) = name {
            let failed = |error: Error| Box::new(error.to_record(self.core.converter()));
            args.check_decoded().map_err(failed)?;
        }
        // Made inside of the run's, whose part it is.
        let span = super::span(&self.core).in_scope(|| spans::query(name.as_str()));
        let answered = span.in_scope(|| match self.interceptors.is_empty() {
            true => self.reading(Who::Query(name), || {
                self.cell.with(|state| answer(state, &self.ctx, args))
            }),
            false => {
                let received = ReceivedQuery {
                    name: name.as_str().to_owned(),
                    args,
                    headers: Headers::new(header, self.core.converter()),
                };
                self.intercepted_query(name, answer, received)
            }
        });
        answered.map_err(|error| Box::new(error.to_record(self.core.converter())))
    }

    /// Runs user code that may only look. A panic is its error.
    pub(crate) fn reading<T>(&self, who: Who, look: impl FnOnce() -> Result<T>) -> Result<T> {
        current::runs(who.clone());
        let phase = self.core.phase.replace(Phase::Reading);
        let looked = current::enter(self.wake.id(), self.core.converter().clone(), || {
            panics::catch(look)
        });
        self.core.phase.set(phase);
        let refused = self.core.take_refusal();
        let looked = looked.unwrap_or_else(|panicked| {
            let text = format!("{who} {panicked}");
            Err(AppError::new("Panic", text).into())
        });
        match (looked, refused) {
            (Ok(_), Some(refused)) => {
                Err(AppError::new("ReadOnly", format!("{who} {refused}")).into())
            }
            (looked, _) => looked,
        }
    }

    /// Returns the number of the handler.
    pub(crate) fn begin_handler(
        &mut self,
        kind: HandlerKind,
        unfinished: Unfinished,
        future: LocalBoxFuture<'static, Result<Payload>>,
        span: Span,
    ) -> u32 {
        self.last_handler += 1;
        let id = CoroutineId::Handler(self.last_handler);
        let coroutine = Coroutine::new(future, id, &self.core, &self.wake);
        let handler = Handler {
            kind,
            unfinished,
            coroutine,
            span,
        };
        self.handlers.insert(self.last_handler, handler);
        self.core.open_handlers.set(self.handlers.len() as u32);
        self.fresh = true;
        self.last_handler
    }

    fn refuse_faults(&self) -> Result<(), TaskFailure> {
        match self.core.take_fault() {
            Some(fault) => Err(TaskFailure::fault(fault)),
            None => Ok(()),
        }
    }
}

fn misplaced_continue_as_new(who: Who) -> TaskFailure {
    TaskFailure::fault(format!(
        "{who} returned a continue-as-new; only `run` can return it. Set a field of the state that \
         `run` waits for with `ctx.wait_until`, and return it there"
    ))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

pub(super) fn log_unreadable_signal<W: Workflow>(ctx: &Ctx, name: &Name, error: &Error) {
    log::error!(
        parent: None,
        workflow_type = W::NAME,
        workflow_id = ctx.workflow_id(),
        run_id = ctx.run_id(),
        task_queue = ctx.task_queue(),
        signal = name.as_str(),
        %error,
        "a signal could not be read and is skipped"
    );
}
