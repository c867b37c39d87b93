//! Timers, activities, children and the like that have not ended, and how they ended.

use std::{
    borrow::Cow,
    fmt,
    panic::Location,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use durably_engine::{
    ActivityOutcome, ChildOutcome, ChildStarted, ExternalOutcome, FailureRecord, Intent, Payload,
    Seq,
};

use super::{children::ChildState, core::Core, coroutine::Waiter, numbered::Numbered};

/// The operations of a run that have not ended, or whose end user code has not taken, oldest first.
#[derive(Default)]
pub(crate) struct Ops(Numbered<Op>);

/// One operation.
pub(crate) struct Op {
    pub(crate) what: OpKind,
    pub(crate) place: &'static Location<'static>,
    state: State,
}

/// The kind of an operation.
#[derive(Clone, Debug)]
pub(crate) enum OpKind {
    Timer(Duration),
    Activity(Cow<'static, str>),
    LocalActivity(Cow<'static, str>),
    Child(Cow<'static, str>),
    Signal(Cow<'static, str>),
    CancelRequest,
}

enum State {
    /// It has not ended; the waiter is none until it is polled.
    Open(Option<Waiter>),
    /// It ended; user code has not taken the result.
    Ended(OpResult),
    /// A child that has not ended, and all who wait for it.
    Child(Rc<ChildState>),
}

/// How an operation ended.
pub(crate) enum OpResult {
    /// The timer ran out.
    Fired,
    /// The activity gave a result.
    Completed(Vec<Payload>),
    /// The activity failed, or was cancelled.
    Failed(Box<FailureRecord>),
    /// The signal or the request to cancel reached another workflow, or did not.
    External(ExternalOutcome),
}

impl Ops {
    /// Operations that have not ended.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Op> {
        self.0
            .values()
            .filter(|op| matches!(op.state, State::Open(_) | State::Child(_)))
    }

    /// Records how `seq` ended, and returns its waiter; the end of a dropped operation is ignored.
    pub(crate) fn end(&mut self, seq: Seq, ended: OpResult) -> Option<Waiter> {
        let op = self.0.get_mut(seq.0)?;
        match std::mem::replace(&mut op.state, State::Ended(ended)) {
            State::Open(waiter) => waiter,
            State::Ended(_) | State::Child(_) => None,
        }
    }

    /// Begins a child, which more than one future may wait for.
    pub(super) fn begin_child(
        &mut self,
        what: OpKind,
        place: &'static Location<'static>,
    ) -> (Seq, Rc<ChildState>) {
        let child = Rc::<ChildState>::default();
        let state = State::Child(Rc::clone(&child));
        (Seq(self.0.add(Op { what, place, state })), child)
    }

    /// Records that the child `seq` started, and returns who waits for it.
    pub(crate) fn child_started(&mut self, seq: Seq, started: ChildStarted) -> Vec<Waiter> {
        match self.0.get(seq.0) {
            Some(Op {
                state: State::Child(child),
                ..
            }) => {
                child.started.get_or_init(|| started);
                child.take_waiters()
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Records how the child `seq` ended, and returns who waits for it.
    pub(crate) fn child_ended(&mut self, seq: Seq, outcome: ChildOutcome) -> Vec<Waiter> {
        match self.0.remove(seq.0) {
            Some(Op {
                state: State::Child(child),
                ..
            }) => {
                child.ended.get_or_init(|| Box::new(outcome));
                child.take_waiters()
            }
            Some(_) | None => Vec::new(),
        }
    }

    pub(super) fn remove(&mut self, seq: Seq) -> Option<Op> {
        self.0.remove(seq.0)
    }

    /// All waiters, in the order in which the operations began.
    pub(crate) fn take_all(&mut self) -> Vec<Waiter> {
        let mut all = Vec::new();
        for op in self.0.values_mut() {
            match &mut op.state {
                State::Open(waiter) => all.extend(waiter.take()),
                State::Ended(_) => {}
                State::Child(child) => all.append(&mut child.take_waiters()),
            }
        }
        all
    }

    fn begin(&mut self, what: OpKind, place: &'static Location<'static>) -> Seq {
        let state = State::Open(None);
        Seq(self.0.add(Op { what, place, state }))
    }
}

impl From<ActivityOutcome> for OpResult {
    fn from(outcome: ActivityOutcome) -> Self {
        match outcome {
            ActivityOutcome::Completed(result) => Self::Completed(result),
            ActivityOutcome::Failed(failure) | ActivityOutcome::Cancelled(failure) => {
                Self::Failed(Box::new(failure))
            }
        }
    }
}

impl fmt::Display for OpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timer(after) => write!(f, "sleep({after:?})"),
            Self::Activity(name) => write!(f, "activity `{name}`"),
            Self::LocalActivity(name) => write!(f, "local activity `{name}`"),
            Self::Child(name) => write!(f, "child workflow `{name}`"),
            Self::Signal(name) => write!(f, "signal `{name}` to another workflow"),
            Self::CancelRequest => f.write_str("request to cancel another workflow"),
        }
    }
}

/// Owns an operation until its end. Dropped earlier, it cancels the operation.
pub(crate) struct OpGuard {
    core: Rc<Core>,
    seq: Seq,
    place: &'static Location<'static>,
}

impl OpGuard {
    /// Begins an operation, and issues its intent.
    pub(crate) fn begin(
        core: Rc<Core>,
        what: OpKind,
        place: &'static Location<'static>,
        intent: impl FnOnce(Seq) -> Intent,
    ) -> Self {
        core.assert_commands_allowed();
        let seq = core.ops.borrow_mut().begin(what, place);
        core.issue(intent(seq), Some(place));
        Self { core, seq, place }
    }

    /// Resolves to how it ended, once.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<OpResult> {
        self.core.assert_commands_allowed();
        self.core.seen(self.place);
        let mut ops = self.core.ops.borrow_mut();
        let Some(op) = ops.0.get_mut(self.seq.0) else {
            return Poll::Pending;
        };
        if let State::Open(waiter) = &mut op.state {
            *waiter = Some(self.core.park(cx));
            return Poll::Pending;
        }
        match ops.0.remove(self.seq.0).map(|op| op.state) {
            Some(State::Ended(ended)) => {
                self.core.moved.set(true);
                Poll::Ready(ended)
            }
            Some(State::Open(_) | State::Child(_)) | None => Poll::Pending,
        }
    }

    /// Requests that the operation stops; it still resolves to how it ends.
    pub(crate) fn cancel(&self) {
        let ops = self.core.ops.borrow();
        if let Some(Op {
            what,
            state: State::Open(_),
            ..
        }) = ops.0.get(self.seq.0)
        {
            self.core.withdraw(what.cancel(self.seq), Some(self.place));
        }
    }

    /// Lets the operation go on after this is dropped.
    #[track_caller]
    pub(crate) fn detach(self) {
        self.core.assert_commands_allowed();
        self.forget();
    }

    fn dropped(&self) -> String {
        let ops = self.core.ops.borrow();
        let what = match ops.0.get(self.seq.0) {
            Some(op) => op.what.to_string(),
            None => "an operation".to_owned(),
        };
        format!(
            "dropped the handle of {what} from {}, which would cancel it; a query, a validator or a \
             constructor cancels nothing",
            self.place
        )
    }

    fn forget(&self) -> Option<Op> {
        self.core.ops.borrow_mut().remove(self.seq)
    }
}

impl Drop for OpGuard {
    fn drop(&mut self) {
        // An operation whose future a query drops continues: a replay does not repeat the query.
        if self.core.refuses(|| self.dropped()) {
            return;
        }
        self.cancel();
        self.forget();
    }
}

impl OpKind {
    fn cancel(&self, seq: Seq) -> Intent {
        match self {
            Self::Timer(_) => Intent::CancelTimer { seq },
            Self::Activity(_) | Self::LocalActivity(_) => Intent::CancelActivity { seq },
            Self::Child(_) => Intent::CancelChild {
                seq,
                reason: String::new(),
            },
            Self::Signal(_) | Self::CancelRequest => Intent::WithdrawExternal { seq },
        }
    }
}
