//! Futures that run concurrently with the run method.

use std::{
    cell::RefCell,
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use crate::instance::{
    core::{Core, NewCoroutine},
    current::{Place, Who},
    waits::{Entry, Kind},
};

/// The handle of a spawned future; awaited, it returns the future's output.
///
/// The output is moved to the first await that returns. Another await, which `&mut handle` makes
/// possible, fails the workflow task, because it could never return: keep the output instead.
///
/// ```
/// # use durably::prelude::*;
/// # async fn example(ctx: &Ctx) -> Result<()> {
/// let inner = ctx.clone();
/// let mut reminder = ctx.spawn(async move { inner.sleep(mins(5)).await });
/// match race(&mut reminder, ctx.sleep(mins(1))).await {
///     Either::First(reminded) => reminded?,
///     Either::Second(_) => assert!(!reminder.is_finished()),
/// }
/// # Ok(())
/// # }
/// ```
pub struct Spawned<T> {
    core: Rc<Core>,
    output: Rc<RefCell<Output<T>>>,
    place: Place,
    entry: Entry,
}

/// What there is of a spawned future's output.
enum Output<T> {
    /// The future runs; the number of the wait for it, if there is one.
    Pending(Option<u32>),
    /// The future has ended.
    Ready(T),
    /// An await has returned it.
    Taken,
}

#[track_caller]
pub(crate) fn spawn<F: Future<Output: 'static> + 'static>(
    core: &Rc<Core>,
    future: F,
    place: Place,
) -> Spawned<F::Output> {
    core.assert_commands_allowed();
    let output = Rc::new(RefCell::new(Output::Pending(None)));
    let spawned = Spawned {
        core: core.clone(),
        output: output.clone(),
        place,
        entry: Entry::default(),
    };
    let of_run = core.clone();
    let future = Box::pin(async move {
        let value = future.await;
        let before = output.replace(Output::Ready(value));
        if let Output::Pending(Some(wait)) = before {
            of_run.wait_ended(wait);
        }
    });
    core.spawned
        .borrow_mut()
        .push(NewCoroutine { future, place });
    core.moved.set(true);
    spawned
}

impl<T> Spawned<T> {
    /// Whether the future has ended, also after its output was awaited.
    pub fn is_finished(&self) -> bool {
        !matches!(*self.output.borrow(), Output::Pending(_))
    }
}

/// What the future gave is moved out, never pinned.
impl<T> Unpin for Spawned<T> {}

impl<T> Future for Spawned<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        this.core.assert_commands_allowed();
        let mut output = this.output.borrow_mut();
        if let Output::Pending(wait) = &mut *output {
            let (what, kind) = ("a spawned future", Kind::Event);
            *wait = Some(this.entry.park(&this.core, what, this.place, kind, cx));
            return Poll::Pending;
        }
        match std::mem::replace(&mut *output, Output::Taken) {
            Output::Ready(value) => {
                drop(output);
                this.entry.leave();
                Poll::Ready(value)
            }
            Output::Pending(_) | Output::Taken => {
                this.core
                    .record_fault(awaited_again(&Who::Spawned(this.place)));
                Poll::Pending
            }
        }
    }
}

/// The fault of awaiting a handle whose output an earlier await has returned.
pub(crate) fn awaited_again(what: &impl fmt::Display) -> String {
    format!("{what} was awaited again after an await had returned its output; keep the output")
}
