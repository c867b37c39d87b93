//! Random programs do the same, whether all of their tasks are polled in every round or only those to
//! which a poll may mean something.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use futures::{FutureExt as _, StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use serde::{Deserialize, Serialize};

use super::{interceptors::host_with, *};
use crate::{
    instance::{core::Issued, probe},
    instance::{site::Site, state::StateCell},
    interceptor::{WorkflowChain, WorkflowInterceptor},
    workflow::{Either, FutureSet, Scope, Semaphore, join, join_all, race},
};

/// What a branch does next.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Step {
    /// Waits for a condition that captures its operands.
    Until(usize, i32),
    /// Waits for one of the conditions that capture nothing.
    Known(usize),
    /// The same, no longer than a second.
    KnownInTime(usize),
    Add(usize, i32),
    Yield,
    Sleep,
    Call,
    Spawn(Vec<Self>, bool),
    Both(Vec<Self>, Vec<Self>),
    Race(Vec<Self>, Vec<Self>),
    All(Vec<Vec<Self>>),
    Queue(Vec<Vec<Self>>),
    /// At most so many of them at once.
    Bounded(usize, Vec<Vec<Self>>),
    /// A set that grows by one branch when its first one ends.
    Set(Vec<Vec<Self>>),
    /// With so many permits of the semaphore.
    Permits(usize, Vec<Self>),
    Scoped(Vec<Self>),
    CancelScope(usize),
    Cancelled,
    Send(usize),
    Receive(usize),
    Repeat(u32, Vec<Self>),
}

#[derive(Default)]
struct Program {
    numbers: [i32; 3],
    scopes: Vec<Scope>,
    log: Vec<u32>,
    channels: [Rc<Channel>; 2],
    steps: u32,
    slots: Slots,
}

struct Slots(Semaphore);

impl Default for Slots {
    fn default() -> Self {
        Self(Semaphore::new(2))
    }
}

/// Wakes whoever waits, as foreign channels do.
#[derive(Default)]
struct Channel {
    items: Cell<u32>,
    wakers: RefCell<Vec<Waker>>,
}

impl Channel {
    fn send(&self) {
        self.items.set(self.items.get() + 1);
        for waker in self.wakers.take() {
            waker.wake();
        }
    }

    async fn receive(&self) {
        poll_fn(|cx| match self.items.get() {
            0 => {
                self.wakers.borrow_mut().push(cx.waker().clone());
                Poll::Pending
            }
            items => {
                self.items.set(items - 1);
                Poll::Ready(())
            }
        })
        .await;
    }
}

#[derive(Clone)]
struct Env {
    state: StateCell<Program>,
    ctx: Ctx,
    /// The branch, as logs name it.
    name: u32,
}

table!(Program,
    run: |state, ctx, mut args| {
        let steps: Vec<Step> = args.next("steps")?;
        let env = Env { state: state.clone(), ctx, name: 1 };
        running(async move {
            branch(env, steps).await;
            Ok(state.with(|it| it.steps))
        })
    },
    signals: &[
        on("add", |state, _, mut args| {
            let (at, by): (usize, i32) = (args.next("at")?, args.next("by")?);
            done({ state.with(|it| it.numbers[at] += by); Ok(()) })
        }),
        on("send", |state, _, mut args| {
            let at: usize = args.next("at")?;
            done({ state.with(|it| it.channels[at].clone()).send(); Ok(()) })
        }),
        on("run", |state, ctx, mut args| {
            let (name, steps): (u32, Vec<Step>) = (args.next("name")?, args.next("steps")?);
            running(async move {
                branch(Env { state, ctx, name }, steps).await;
                Ok(())
            })
        }),
    ]
);

/// The conditions that capture nothing but the state.
const KNOWN: [fn(&Program) -> bool; 4] = [
    |it| it.numbers[0] > 2,
    |it| it.numbers[1] < 2,
    |it| it.numbers[0] % 2 == 1,
    |it| it.numbers[2] >= 1 && it.numbers[1] > 0,
];

macro_rules! known {
    ($env:ident, $which:expr, |$wait:ident| $then:expr) => {{
        let state = $env.state.clone();
        match $which {
            0 => {
                let $wait = $env.ctx.wait_until(known::<0>(state));
                $then
            }
            1 => {
                let $wait = $env.ctx.wait_until(known::<1>(state));
                $then
            }
            2 => {
                let $wait = $env.ctx.wait_until(known::<2>(state));
                $then
            }
            _ => {
                let $wait = $env.ctx.wait_until(known::<3>(state));
                $then
            }
        }
    }};
}

fn known<const N: usize>(state: StateCell<Program>) -> impl FnMut() -> bool {
    static SITES: [Site; 4] = [const { Site::new() }; 4];
    move || {
        SITES[N].is_here();
        state.with(|it| KNOWN[N](it))
    }
}

fn branch(env: Env, steps: Vec<Step>) -> LocalBoxFuture<'static, bool> {
    async move {
        let mut spawned = Vec::new();
        for step in &steps {
            if !one(&env, step, &mut spawned).await {
                return false;
            }
            env.note();
        }
        for handle in spawned {
            handle.await;
            env.note();
        }
        true
    }
    .boxed_local()
}

/// One step; whether the branch goes on.
async fn one(env: &Env, step: &Step, spawned: &mut Vec<crate::workflow::Spawned<()>>) -> bool {
    let state = env.state.clone();
    match step.clone() {
        Step::Until(at, least) => {
            let until = env
                .ctx
                .wait_until(move || state.with(|it| it.numbers[at] >= least));
            return until.await.is_ok();
        }
        Step::Known(which) => return known!(env, which, |wait| wait.await.is_ok()),
        Step::KnownInTime(which) => {
            return known!(env, which, |wait| wait.timeout(secs(1)).await.is_ok());
        }
        Step::Add(at, by) => state.with(|it| it.numbers[at] += by),
        Step::Yield => return env.ctx.sleep(secs(0)).await.is_ok(),
        Step::Sleep => return env.ctx.sleep(secs(1)).await.is_ok(),
        Step::Call => return greet(&env.ctx, &env.name.to_string()).await.is_ok(),
        Step::Spawn(steps, keep) => {
            let future = branch(env.within(1), steps);
            let handle = env.ctx.spawn(async move {
                future.await;
            });
            match keep {
                true => spawned.push(handle),
                false => drop(handle),
            }
        }
        Step::Both(a, b) => {
            join(branch(env.within(1), a), branch(env.within(2), b)).await;
        }
        Step::Race(a, b) => match race(branch(env.within(1), a), branch(env.within(2), b)).await {
            Either::First(on) | Either::Second(on) => return on,
        },
        Step::All(all) => {
            let all = all.into_iter().enumerate();
            join_all(all.map(|(at, steps)| branch(env.within(at as u32), steps))).await;
        }
        Step::Queue(all) => {
            let all = all.into_iter().enumerate();
            let mut queue: FuturesUnordered<_> = all
                .map(|(at, steps)| branch(env.within(at as u32), steps))
                .collect();
            while queue.next().await.is_some() {
                env.note();
            }
        }
        Step::Bounded(limit, all) => {
            let all = all.into_iter().enumerate();
            let all = all.map(|(at, steps)| branch(env.within(at as u32), steps));
            join_all(all).buffered(limit).await;
        }
        Step::Set(mut all) => {
            let added = all.pop();
            let all = all.into_iter().enumerate();
            let mut set: FutureSet<_> = all
                .map(|(at, steps)| branch(env.within(at as u32), steps))
                .collect();
            set.join_next().await;
            env.note();
            set.extend(added.map(|steps| branch(env.within(99), steps)));
            while set.join_next().await.is_some() {
                env.note();
            }
        }
        Step::Permits(wanted, steps) => {
            let slots = state.with(|it| it.slots.0.clone());
            let Ok(_permits) = slots.acquire_many(&env.ctx, wanted).await else {
                return false;
            };
            env.note();
            return branch(env.within(1), steps).await;
        }
        Step::Scoped(steps) => {
            let (scope, ctx) = env.ctx.scope();
            state.with(|it| it.scopes.push(scope));
            let within = Env {
                ctx,
                ..env.within(1)
            };
            branch(within, steps).await;
        }
        Step::CancelScope(at) => {
            let scope = state.with(|it| match it.scopes.len() {
                0 => None,
                scopes => Some(it.scopes.swap_remove(at % scopes)),
            });
            if let Some(scope) = scope {
                scope.cancel();
            }
        }
        Step::Cancelled => env.ctx.cancelled().await,
        Step::Send(at) => state.with(|it| it.channels[at].clone()).send(),
        Step::Receive(at) => state.with(|it| it.channels[at].clone()).receive().await,
        Step::Repeat(times, steps) => {
            for _ in 0..times {
                if !branch(env.within(1), steps.clone()).await {
                    return false;
                }
            }
        }
    }
    true
}

impl Env {
    fn within(&self, at: u32) -> Self {
        Self {
            name: self.name.wrapping_mul(31).wrapping_add(at + 1),
            ..self.clone()
        }
    }

    fn note(&self) {
        self.state.with(|it| {
            it.steps += 1;
            it.log.push(self.name);
            let text = format!("{:x} {:?}", self.name, it.numbers);
            LOG.with_borrow_mut(|log| log.push(text));
        });
    }
}

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Numbers that look random and are the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }

    fn of(&mut self, sides: usize) -> usize {
        (self.roll() % sides as u64) as usize
    }

    fn branches(&mut self, depth: u32, many: bool) -> Vec<Vec<Step>> {
        let count = if many {
            31 + self.of(15)
        } else {
            2 + self.of(4)
        };
        let kinds: Vec<_> = (0..1 + self.of(3)).map(|_| self.steps(depth - 1)).collect();
        (0..count)
            .map(|_| kinds[self.of(kinds.len())].clone())
            .collect()
    }

    fn steps(&mut self, depth: u32) -> Vec<Step> {
        (0..1 + self.of(5)).map(|_| self.step(depth)).collect()
    }

    fn step(&mut self, depth: u32) -> Step {
        match self.of(if depth == 0 { 13 } else { 26 }) {
            0 => Step::Until(self.of(3), self.of(6) as i32),
            1 | 2 => Step::Known(self.of(4)),
            3 => Step::KnownInTime(self.of(4)),
            4 | 5 => Step::Add(self.of(3), [1, 1, 1, 2, -1, -2][self.of(6)]),
            6 => Step::Yield,
            7 => Step::Sleep,
            8 => Step::Call,
            9 => Step::Send(self.of(2)),
            10 => Step::Receive(self.of(2)),
            11 => {
                if self.of(3) == 0 {
                    Step::CancelScope(self.of(4))
                } else {
                    Step::Add(0, 1)
                }
            }
            12 => {
                if self.of(6) == 0 {
                    Step::Cancelled
                } else {
                    Step::Add(1, 1)
                }
            }
            13..=15 => Step::Spawn(self.steps(depth - 1), self.of(2) == 0),
            16 => Step::Both(self.steps(depth - 1), self.steps(depth - 1)),
            17 => Step::Race(self.steps(depth - 1), self.steps(depth - 1)),
            18 => {
                let many = self.of(3) == 0;
                Step::All(self.branches(depth, many))
            }
            19 => {
                let many = self.of(3) == 0;
                Step::Queue(self.branches(depth, many))
            }
            20 => Step::Scoped(self.steps(depth - 1)),
            21 => Step::Bounded(1 + self.of(3), self.branches(depth, false)),
            22 => Step::Set(self.branches(depth, false)),
            23 | 24 => Step::Permits(1 + self.of(2), self.steps(depth - 1)),
            _ => Step::Repeat(2 + self.of(4) as u32, self.steps(depth - 1)),
        }
    }
}

/// All that a random program does and asks for, job by job.
fn actions_of(seed: u64) -> Vec<String> {
    actions_in(seed, host())
}

/// The same, on this worker.
fn actions_in(seed: u64, host: WorkerInfo) -> Vec<String> {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for _ in 0..8 {
        dice.roll();
    }
    LOG.take();
    let mut case = Case::unborn_in::<Program>(host);
    let mut main = dice.steps(3);
    main.extend(dice.steps(3));
    main.push(Step::Cancelled);
    case.begin((main,)).expect("the run begins");
    let mut actions = Vec::new();
    let mut open: Vec<(u32, bool)> = Vec::new();
    let mut cancelled = false;
    for round in 0..40 {
        let jobs = dice.of(3);
        for _ in 0..jobs {
            let job = match dice.of(9) {
                0 => signal("add", (dice.of(3), [1, 2, -1][dice.of(3)])),
                1 => signal("send", (dice.of(2),)),
                2 => {
                    let steps = dice.steps(2);
                    signal("run", (1_000 + round, steps))
                }
                3 if round > 30 && !cancelled => {
                    cancelled = true;
                    Job::CancelRequested {
                        reason: "enough".into(),
                    }
                }
                _ if open.is_empty() => signal("add", (0, 1)),
                _ => match open.swap_remove(dice.of(open.len())) {
                    (seq, true) => Job::TimerFired { seq: Seq(seq) },
                    (seq, false) => completed(seq, "done"),
                },
            };
            match case.try_handle(job) {
                Ok(asked) => actions.extend(asked),
                Err(failed) => {
                    actions.push(failed.failure.message);
                    return actions;
                }
            }
        }
        let mut asked = Vec::new();
        let _ = case.handle(case.advance());
        let settled = case.run.handle(Job::Settle, &mut asked);
        actions.append(&mut LOG.take());
        for Issued { intent, .. } in &asked {
            actions.push(say(intent));
            match intent {
                Intent::StartTimer { seq, .. } => open.push((seq.0, true)),
                Intent::ScheduleActivity(it) => open.push((it.seq.0, false)),
                Intent::CancelTimer { seq } | Intent::CancelActivity { seq } => {
                    open.retain(|(open, _)| *open != seq.0);
                }
                _ => {}
            }
        }
        if let Err(failed) = settled {
            actions.push(failed.failure.message);
            return actions;
        }
        actions.extend(waiting(&mut case));
        actions.push("settled".into());
    }
    actions
}

/// Where the program waits. With no wait left, the trace names the one that was polled last, which is not
/// always the same.
fn waiting(case: &mut Case) -> Option<String> {
    let trace = case.query("__stack_trace", ()).expect("it is known");
    (!trace.contains("waits for nothing")).then_some(trace)
}

/// What a program does if tasks and waits are polled in this way.
fn actions_with(seed: u64, everything: bool, window: Option<usize>) -> Vec<String> {
    probe::EVERYTHING.set(everything);
    probe::WINDOW.set(window);
    let actions = actions_of(seed);
    probe::EVERYTHING.set(false);
    probe::WINDOW.set(None);
    actions
}

/// Changes nothing.
struct Through;

impl WorkflowInterceptor for Through {}

#[test]
fn interceptors_that_change_nothing_leave_the_order_of_everything_as_it_is() {
    for seed in 1..=60 {
        let through = host_with(WorkflowChain::default().with(Through).with(Through));
        assert_eq!(
            actions_in(seed, through),
            actions_of(seed),
            "program {seed}"
        );
    }
}

#[test]
fn polls_that_are_left_out_would_change_nothing() {
    let mut few = 0;
    for seed in 1..=60 {
        let wanted = actions_with(seed, true, Some(usize::MAX));
        assert_eq!(
            actions_with(seed, false, Some(usize::MAX)),
            wanted,
            "program {seed}"
        );
        // More waits in combinators than are woken at once may end in another order.
        probe::CUT.set(false);
        let actions = actions_with(seed, false, None);
        if !probe::CUT.get() {
            assert_eq!(actions, wanted, "program {seed}");
            few += 1;
        }
    }
    assert!(few > 45, "{few}");
}
