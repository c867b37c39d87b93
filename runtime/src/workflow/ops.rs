//! Timers and activities on their way.

use std::{
    borrow::Cow,
    collections::VecDeque,
    fmt,
    panic::Location,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use durably_engine::{FailureRecord, Intent, Outcome, Payload, Seq};

use super::core::Core;

/// All operations of a run that did not come to their end, oldest first.
///
/// Numbers only grow, so the queue is sorted by them; a run that does one thing after another
/// keeps one entry and never allocates for it.
#[derive(Default)]
pub(super) struct Ops {
    last: u32,
    open: VecDeque<Op>,
}

/// One operation.
pub(super) struct Op {
    seq: Seq,
    pub(super) what: What,
    pub(super) place: &'static Location<'static>,
    state: State,
}

/// What an operation does.
#[derive(Clone, Debug)]
pub(super) enum What {
    Timer(Duration),
    Activity(Cow<'static, str>),
}

enum State {
    /// Nothing is known yet; the waker is kept only if it is not the run's own.
    Open(Option<Waker>),
    /// It ended, and nobody fetched how.
    Ended(Ended),
}

/// How an operation ended.
pub(super) enum Ended {
    /// The timer ran out.
    Fired,
    /// The activity gave a result.
    Completed(Vec<Payload>),
    /// The activity failed, or was cancelled.
    Failed(Box<FailureRecord>),
}

impl Ops {
    /// Operations that somebody waits for.
    pub(super) fn pending(&self) -> impl Iterator<Item = &Op> {
        self.open
            .iter()
            .filter(|op| matches!(op.state, State::Open(_)))
    }

    /// Takes in how `seq` ended; what nobody waits for any more is dropped.
    pub(super) fn end(&mut self, seq: Seq, ended: Ended) -> Option<Waker> {
        let at = self.find(seq)?;
        match std::mem::replace(&mut self.open[at].state, State::Ended(ended)) {
            State::Open(waker) => waker,
            State::Ended(_) => None,
        }
    }

    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        let wakers = self.open.iter_mut().filter_map(|op| match &mut op.state {
            State::Open(waker) => waker.take(),
            State::Ended(_) => None,
        });
        wakers.collect()
    }

    fn begin(&mut self, what: What, place: &'static Location<'static>) -> Seq {
        self.last += 1;
        let seq = Seq(self.last);
        self.open.push_back(Op {
            seq,
            what,
            place,
            state: State::Open(None),
        });
        seq
    }

    /// After a burst the memory is given back: many runs are cached, and most of them idle.
    fn remove(&mut self, at: usize) -> Option<Op> {
        let op = self.open.remove(at);
        if self.open.is_empty() && self.open.capacity() > 32 {
            self.open = VecDeque::new();
        }
        op
    }

    fn find(&self, seq: Seq) -> Option<usize> {
        self.open.binary_search_by_key(&seq, |op| op.seq).ok()
    }
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed(result) => Self::Completed(result),
            Outcome::Failed(failure) | Outcome::Cancelled(failure) => {
                Self::Failed(Box::new(failure))
            }
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timer(after) => write!(f, "sleep({after:?})"),
            Self::Activity(name) => write!(f, "activity `{name}`"),
        }
    }
}

/// The right to an operation's end. Dropped before, it cancels the operation.
pub(super) struct Ticket {
    core: Rc<Core>,
    seq: Seq,
    place: &'static Location<'static>,
}

impl Ticket {
    /// Asks for an operation.
    pub(super) fn begin(
        core: Rc<Core>,
        what: What,
        place: &'static Location<'static>,
        intent: impl FnOnce(Seq) -> Intent,
    ) -> Self {
        core.assert_commands_allowed();
        let seq = core.ops.borrow_mut().begin(what, place);
        core.issue(intent(seq), Some(place));
        Self { core, seq, place }
    }

    /// How it ended, once.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Ended> {
        self.core.assert_commands_allowed();
        self.core.seen(self.place);
        let mut ops = self.core.ops.borrow_mut();
        let Some(at) = ops.find(self.seq) else {
            return Poll::Pending;
        };
        if let State::Open(waker) = &mut ops.open[at].state {
            *waker = self.core.park(cx);
            return Poll::Pending;
        }
        match ops.remove(at).map(|op| op.state) {
            Some(State::Ended(ended)) => {
                self.core.moved.set(true);
                Poll::Ready(ended)
            }
            Some(State::Open(_)) | None => Poll::Pending,
        }
    }

    /// Asks the operation to stop; how it ends is still told.
    pub(super) fn cancel(&self) {
        let ops = self.core.ops.borrow();
        if let Some(at) = ops.find(self.seq)
            && let Op {
                what,
                state: State::Open(_),
                ..
            } = &ops.open[at]
        {
            self.core.withdraw(what.cancel(self.seq), Some(self.place));
        }
    }

    /// Lets the operation go on unattended.
    #[track_caller]
    pub(super) fn detach(self) {
        self.core.assert_commands_allowed();
        self.forget();
    }

    fn dropped(&self) -> String {
        let ops = self.core.ops.borrow();
        let what = match ops.find(self.seq) {
            Some(at) => ops.open[at].what.to_string(),
            None => "an operation".to_owned(),
        };
        format!(
            "dropped the handle of {what} from {}, which would cancel it; a query, a validator or a \
             constructor cancels nothing",
            self.place
        )
    }

    fn forget(&self) -> Option<Op> {
        let mut ops = self.core.ops.borrow_mut();
        let at = ops.find(self.seq)?;
        ops.remove(at)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // What a query drops goes on: a replay does not repeat the query.
        if self.core.refuses(|| self.dropped()) {
            return;
        }
        self.cancel();
        self.forget();
    }
}

impl What {
    fn cancel(&self, seq: Seq) -> Intent {
        match self {
            Self::Timer(_) => Intent::CancelTimer { seq },
            Self::Activity(_) => Intent::CancelActivity { seq },
        }
    }
}
