//! Small pieces of workflow code: real futures on the smallest context that drives the engine.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use durably_engine::{
    ActivityOutcome, CancelExternal, CancellationType, ChildCancellationType, ChildId,
    ChildOutcome, ChildStarted, ExternalOutcome, Intent, Payload, Place, RecordSideEffect,
    ScheduleActivity, ScheduleLocalActivity, Seq, SideEffectId, SignalExternal, StartChild, Target,
};

/// A piece of workflow code.
pub(crate) type Code = fn(Cx) -> Pin<Box<dyn Future<Output = End>>>;

/// How a piece of workflow code ends.
#[derive(Debug)]
pub(crate) enum End {
    Complete(String),
    Fail(String),
    Cancel,
    ContinueAsNew,
}

/// What workflow code holds.
#[derive(Clone, Default)]
pub(crate) struct Cx(pub(crate) Rc<RefCell<State>>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) next: u32,
    pub(crate) replaying: bool,
    pub(crate) intents: VecDeque<(Intent, Place)>,
    pub(crate) timers: BTreeSet<Seq>,
    pub(crate) activities: BTreeMap<Seq, ActivityOutcome>,
    pub(crate) started: BTreeMap<Seq, ChildStarted>,
    pub(crate) children: BTreeMap<Seq, ChildOutcome>,
    pub(crate) externals: BTreeMap<Seq, ExternalOutcome>,
    pub(crate) signals: VecDeque<String>,
    pub(crate) cancelled: bool,
    pub(crate) patches: BTreeMap<String, bool>,
    pub(crate) now: Option<SystemTime>,
    /// How often the code called a side effect, and how often it took its value from outside.
    side_effects: u64,
    pub(crate) taken: u64,
    pub(crate) known: BTreeMap<SideEffectId, Vec<Payload>>,
    /// Grows whenever something happens, so that the worker sees when nothing moves any more.
    pub(crate) moves: usize,
    pub(crate) said: String,
}

impl Cx {
    #[track_caller]
    pub(crate) fn intend(&self, intent: Intent) {
        let mut state = self.0.borrow_mut();
        state.moves += 1;
        state.intents.push_back((intent, Location::caller()));
    }

    pub(crate) fn seq(&self) -> Seq {
        let mut state = self.0.borrow_mut();
        state.next += 1;
        Seq(state.next)
    }

    /// What queries answer from now on.
    pub(crate) fn say(&self, text: &str) {
        self.0.borrow_mut().said = text.to_owned();
    }

    pub(crate) fn start_timer(&self, seconds: u64) -> Seq {
        let seq = self.seq();
        self.intend(Intent::StartTimer {
            seq,
            after: Duration::from_secs(seconds),
            summary: None,
        });
        seq
    }

    /// A wait with a limit that ends at once.
    pub(crate) fn skip_timer(&self) {
        self.intend(Intent::SkipTimer);
    }

    pub(crate) fn cancel_timer(&self, seq: Seq) {
        self.intend(Intent::CancelTimer { seq });
    }

    pub(crate) async fn fired(&self, seq: Seq) {
        until(self, |state| state.timers.remove(&seq).then_some(())).await;
    }

    pub(crate) async fn sleep(&self, seconds: u64) {
        self.fired(self.start_timer(seconds)).await;
    }

    pub(crate) fn start_activity(&self, name: &str, cancellation: CancellationType) -> Seq {
        let seq = self.seq();
        self.intend(Intent::ScheduleActivity(Box::new(ScheduleActivity {
            seq,
            activity_type: name.to_owned(),
            input: vec![Payload::json(b"1".to_vec())],
            cancellation,
            ..ScheduleActivity::default()
        })));
        seq
    }

    pub(crate) fn cancel_activity(&self, seq: Seq) {
        self.intend(Intent::CancelActivity { seq });
    }

    pub(crate) async fn resolved(&self, seq: Seq) -> ActivityOutcome {
        until(self, |state| state.activities.remove(&seq)).await
    }

    pub(crate) async fn activity(&self, name: &str) -> ActivityOutcome {
        self.resolved(self.start_activity(name, CancellationType::TryCancel))
            .await
    }

    /// Starts a child whose id is made up.
    pub(crate) fn start_child(&self, name: &str, cancellation: ChildCancellationType) -> Seq {
        let seq = Seq(self.0.borrow().next + 1);
        let id = ChildId::Generated(format!("child-{seq}"));
        self.start_child_as(name, id, cancellation)
    }

    #[track_caller]
    pub(crate) fn start_child_as(
        &self,
        name: &str,
        id: ChildId,
        cancellation: ChildCancellationType,
    ) -> Seq {
        let seq = self.seq();
        self.intend(Intent::StartChild(Box::new(StartChild {
            seq,
            id,
            workflow_type: name.to_owned(),
            namespace: "default".to_owned(),
            input: vec![Payload::json(b"1".to_vec())],
            cancellation,
            ..StartChild::default()
        })));
        seq
    }

    pub(crate) fn cancel_child(&self, seq: Seq) {
        let reason = "enough".to_owned();
        self.intend(Intent::CancelChild { seq, reason });
    }

    pub(crate) async fn started(&self, seq: Seq) -> ChildStarted {
        until(self, |state| state.started.remove(&seq)).await
    }

    pub(crate) async fn ended(&self, seq: Seq) -> ChildOutcome {
        until(self, |state| state.children.remove(&seq)).await
    }

    pub(crate) async fn child(&self, name: &str) -> ChildOutcome {
        self.ended(self.start_child(name, ChildCancellationType::WaitCompleted))
            .await
    }

    pub(crate) fn send_signal(&self, name: &str, target: Target) -> Seq {
        let seq = self.seq();
        self.intend(Intent::SignalExternal(Box::new(SignalExternal {
            seq,
            target,
            name: name.to_owned(),
            ..SignalExternal::default()
        })));
        seq
    }

    pub(crate) fn request_cancel(&self, target: Target) -> Seq {
        let seq = self.seq();
        self.intend(Intent::CancelExternal(Box::new(CancelExternal {
            seq,
            target,
            reason: "enough".to_owned(),
        })));
        seq
    }

    pub(crate) fn withdraw(&self, seq: Seq) {
        self.intend(Intent::WithdrawExternal { seq });
    }

    pub(crate) async fn delivered(&self, seq: Seq) -> ExternalOutcome {
        until(self, |state| state.externals.remove(&seq)).await
    }

    pub(crate) fn start_local(&self, name: &str, cancellation: CancellationType) -> Seq {
        let seq = self.seq();
        let asked = ScheduleLocalActivity {
            seq,
            activity_type: name.to_owned(),
            cancellation,
            ..ScheduleLocalActivity::default()
        };
        self.intend(Intent::ScheduleLocalActivity(Box::new(asked)));
        seq
    }

    pub(crate) async fn local(&self, name: &str) -> ActivityOutcome {
        let seq = self.start_local(name, CancellationType::TryCancel);
        self.resolved(seq).await
    }

    /// A side effect; its value is ten times its number.
    pub(crate) fn side_effect(&self) -> String {
        let mut state = self.0.borrow_mut();
        state.side_effects += 1;
        let id = SideEffectId::Once(state.side_effects);
        let known = state.known.remove(&id);
        let data = match (&known, state.replaying) {
            (Some(_), _) | (None, true) => Vec::new(),
            (None, false) => {
                state.taken += 1;
                vec![Payload::json(
                    (10 * state.side_effects).to_string().into_bytes(),
                )]
            }
        };
        drop(state);
        let value = known.unwrap_or_else(|| data.clone());
        self.intend(Intent::RecordSideEffect(Box::new(RecordSideEffect {
            id,
            data,
            summary: None,
        })));
        value.first().map_or_else(String::new, |value| {
            String::from_utf8_lossy(value.data()).into_owned()
        })
    }

    pub(crate) async fn signal(&self) -> String {
        until(self, |state| state.signals.pop_front()).await
    }

    pub(crate) async fn cancelled(&self) {
        until(self, |state| state.cancelled.then_some(())).await;
    }

    pub(crate) fn patched(&self, id: &str) -> bool {
        let (replaying, known) = {
            let state = self.0.borrow();
            (state.replaying, state.patches.get(id).copied())
        };
        let answer = known.unwrap_or(!replaying);
        self.0.borrow_mut().patches.insert(id.to_owned(), answer);
        if answer {
            self.intend(Intent::SetPatch {
                id: id.to_owned(),
                deprecated: false,
            });
        }
        answer
    }

    pub(crate) fn deprecate_patch(&self, id: &str) {
        self.intend(Intent::SetPatch {
            id: id.to_owned(),
            deprecated: true,
        });
    }
}

/// Waits until `look` finds something.
async fn until<T>(cx: &Cx, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
    std::future::poll_fn(|_: &mut Context<'_>| {
        let mut state = cx.0.borrow_mut();
        match look(&mut state) {
            Some(found) => {
                state.moves += 1;
                Poll::Ready(found)
            }
            None => Poll::Pending,
        }
    })
    .await
}
