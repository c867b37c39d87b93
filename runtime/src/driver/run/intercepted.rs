//! The run method, handlers and queries inside the interceptors of the worker.
//!
//! Interceptors are async where handlers may be, and handlers that are not async run where their message arrives:
//! before the validator of the next update, for one. So the code around a handler is polled once at that place. An
//! async handler in it is only called there; as without interceptors, it begins when the run settles.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::Poll,
};

use durably_engine::{Intent, Payload};
use futures::future::{LocalBoxFuture, pending};

use super::{
    Live,
    handlers::log_unreadable_signal,
    rounds::{self, HandlerKind},
};
use crate::{
    data::{Args, Output},
    definition::{Called, Definition, QueryFn, Signal, Update, Workflow},
    driver::instance::TaskFailure,
    error::{Error, Result},
    instance::{
        core::{Core, Phase},
        current::{Name, Who},
        state::StateCell,
    },
    interceptor::{ReceivedQuery, ReceivedSignal, ReceivedStart, ReceivedUpdate, WorkflowChain},
    telemetry::spans,
    workflow::Ctx,
};

/// Constructs the state, and calls the run method where the innermost interceptor does.
pub(super) fn begin<W: Workflow>(
    interceptors: &WorkflowChain,
    definition: &'static Definition<W>,
    ctx: &Ctx,
    args: Args,
) -> Result<(StateCell<W>, Called)> {
    let mut start = ReceivedStart {
        args,
        headers: ctx.headers(),
    };
    interceptors.init(ctx, &mut start)?;
    let core = ctx.core();
    let state = (definition.init)(ctx, start.args.clone())?;
    core.phase.set(Phase::Live);
    let cell = StateCell::new(state);
    // Arguments that cannot be read fail the task here, as they do without interceptors. The future that
    // is made of them runs nothing, and is dropped.
    drop((definition.run)(
        cell.clone(),
        ctx.clone(),
        start.args.clone(),
    )?);
    let (run, state, context) = (definition.run, cell.clone(), ctx.clone());
    let last = move |start: ReceivedStart| {
        let converter = start.args.converter().clone();
        let called = run(state, context.clone(), start.args);
        Box::pin(async move {
            let result = match called {
                Ok(Called::Running(running)) => running.await?,
                Ok(Called::Done(result)) => result?,
                Err(error) => {
                    let fault =
                        format!("an interceptor of the worker changed the arguments: {error}");
                    context.core().record_fault(fault);
                    pending().await
                }
            };
            Ok(Output::new(vec![result], &converter))
        }) as LocalBoxFuture<'static, _>
    };
    let executed = interceptors.receive(ctx, start, last);
    let main = Box::pin(async move { Ok(executed.await?.into_payload()) });
    Ok((cell, Called::Running(main)))
}

/// A handler inside interceptors.
#[derive(Clone)]
struct Inside {
    core: Rc<Core>,
    /// Whether the message arrives just now.
    arriving: Rc<Cell<bool>>,
    /// Why the arguments could not be read, if they could not.
    unreadable: Rc<RefCell<Option<Error>>>,
}

impl Inside {
    fn new(core: &Rc<Core>) -> Self {
        Self {
            core: Rc::clone(core),
            arriving: Rc::default(),
            unreadable: Rc::default(),
        }
    }

    /// Runs a handler to its end; nothing if its arguments cannot be read.
    async fn run(self, called: Result<Called>) -> Option<Result<Payload>> {
        let running = match called {
            Ok(Called::Done(result)) => return Some(result),
            Ok(Called::Running(running)) => running,
            Err(error) if error.lacks_key() => {
                self.core.record_fault(error.to_string());
                return pending().await;
            }
            Err(error) => {
                *self.unreadable.borrow_mut() = Some(error);
                return None;
            }
        };
        // Until the run settles.
        poll_fn(|cx| match self.arriving.get() {
            false => Poll::Ready(()),
            true => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await;
        Some(running.await)
    }
}

impl<W: Workflow> Live<W> {
    pub(super) fn intercepted_signal(
        &mut self,
        name: Name,
        signal: &'static Signal<W>,
        received: ReceivedSignal,
    ) -> Result<(), TaskFailure> {
        let inside = Inside::new(&self.core);
        let sender = received.sender.clone();
        let (cell, ctx, handler) = (self.cell.clone(), self.ctx.clone(), inside.clone());
        let called_name = name.clone();
        let last = move |received: ReceivedSignal| {
            let called = (signal.call)(cell, ctx.clone(), received.args);
            // Here, because an interceptor may wait before it calls the handler.
            if let Err(error) = &called
                && !error.lacks_key()
            {
                log_unreadable_signal::<W>(&ctx, &called_name, error);
            }
            Box::pin(async move {
                match handler.run(called).await {
                    Some(result) => result.map(drop),
                    None => Ok(()),
                }
            }) as LocalBoxFuture<'static, _>
        };
        let handled = self.interceptors.receive(&self.ctx, received, last);
        let future = Box::pin(async move {
            handled.await?;
            Ok(Payload::null())
        });
        let kind = HandlerKind::Signal {
            name: name.clone(),
            sender,
        };
        let span = self.handler_span(|| spans::signal(name.as_str()));
        let number = self.begin_handler(kind, signal.unfinished, future, span);
        inside.arriving.set(true);
        let polled = self.poll_handler(number);
        inside.arriving.set(false);
        polled
    }

    pub(super) fn intercepted_update(
        &mut self,
        name: Name,
        update: &'static Update<W>,
        received: ReceivedUpdate,
        replaying: bool,
    ) -> Result<(), TaskFailure> {
        let id = received.id.clone();
        let span = self.handler_span(|| spans::update(name.as_str(), &id));
        let validate = || span.in_scope(|| self.intercepted_validation(&name, update, &received));
        if !replaying && let Err(error) = validate() {
            return self.reject(id, replaying, &error);
        }
        self.core
            .issue(Intent::AcceptUpdate { id: id.clone() }, None);
        let traces = self.core.traces();
        let inside = Inside::new(&self.core);
        let (cell, ctx, handler) = (self.cell.clone(), self.ctx.clone(), inside.clone());
        let last = move |update_received: ReceivedUpdate| {
            let converter = update_received.args.converter().clone();
            let called = (update.call)(cell, ctx, update_received.args);
            Box::pin(async move {
                let unreadable = Rc::clone(&handler.unreadable);
                match handler.run(called).await {
                    Some(result) => Ok(Output::new(vec![result?], &converter)),
                    None => {
                        let text = unreadable.borrow().as_ref().map(ToString::to_string);
                        Err(Error::message(text.unwrap_or_default()))
                    }
                }
            }) as LocalBoxFuture<'static, _>
        };
        let handled = self.interceptors.receive(&self.ctx, received, last);
        let future = Box::pin(async move { Ok(handled.await?.into_payload()) });
        let who = Who::Update(name.clone());
        let kind = HandlerKind::Update {
            name,
            id: id.clone(),
        };
        let number = self.begin_handler(kind, update.unfinished, future, span.clone());
        let Some(handler) = self.handlers.get_mut(&number) else {
            return Ok(());
        };
        inside.arriving.set(true);
        let coroutine = &mut handler.coroutine;
        let polled = span.in_scope(|| rounds::poll(&self.core, &self.cell, coroutine, who.clone()));
        inside.arriving.set(false);
        let Poll::Ready(result) = polled? else {
            return Ok(());
        };
        self.handlers.remove(&number);
        self.core.open_handlers.set(self.handlers.len() as u32);
        // As without interceptors, an update that cannot be read is rejected, which leaves no event; unless an
        // interceptor has given the update a result of its own, or has left traces before that a replay must
        // repeat: commands, spawned futures, random numbers.
        match inside.unreadable.take() {
            Some(error) if result.is_err() && self.core.traces() == traces => {
                self.core.pop_last_intent();
                self.reject(id, replaying, &error)
            }
            Some(_) | None => self.update_ended(who, id, result),
        }
    }

    fn intercepted_validation(
        &self,
        name: &Name,
        update: &Update<W>,
        received: &ReceivedUpdate,
    ) -> Result<()> {
        self.reading(Who::Validator(name.clone()), || {
            let validate = |update_received: ReceivedUpdate| match update.validate {
                None => Ok(()),
                Some(validate) => self
                    .cell
                    .with(|state| validate(state, &self.ctx, update_received.args)),
            };
            self.interceptors
                .read(&self.ctx, received.clone(), validate)
        })
    }

    pub(super) fn intercepted_query(
        &self,
        name: Name,
        answer: QueryFn<W>,
        received: ReceivedQuery,
    ) -> Result<Payload> {
        self.reading(Who::Query(name), || {
            let converter = received.args.converter().clone();
            let answer = |query: ReceivedQuery| {
                let answered = self
                    .cell
                    .with(|state| answer(state, &self.ctx, query.args))?;
                Ok(Output::new(vec![answered], &converter))
            };
            let output = self.interceptors.read(&self.ctx, received, answer)?;
            Ok(output.into_payload())
        })
    }
}
