//! What the parts of one simulation share: the seed's random numbers, the trace, the counts of faults, and
//! the server that is up.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt::Write as _,
    future::Future,
    rc::Rc,
};

use durably_server::simulation::Database;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{host::Incarnation, tasks::HandedTasks};
use crate::rng::Rng;

/// One simulation.
pub(super) struct World {
    pub(super) seed: u64,
    rng: RefCell<Rng>,
    trace: RefCell<String>,
    counts: RefCell<BTreeMap<&'static str, u64>>,
    pub(super) start: Instant,
    pub(super) database: Database,
    /// The server that is up.
    pub(super) server: RefCell<Option<Rc<Incarnation>>>,
    /// Whether faults happen; false once everything is to end.
    faulty: watch::Sender<bool>,
    pub(super) handed: HandedTasks,
}

/// A part that can be killed: futures that run under it are dropped then.
#[derive(Default)]
pub(super) struct Life {
    over: Cell<bool>,
    /// A `watch` would wake those that wait in an order of tokio's own random numbers.
    ended: Notify,
}

impl World {
    pub(super) fn new(seed: u64) -> Rc<Self> {
        Rc::new(Self {
            seed,
            rng: RefCell::new(Rng::new(seed)),
            trace: RefCell::default(),
            counts: RefCell::default(),
            start: Instant::now(),
            database: Database::new(),
            server: RefCell::default(),
            faulty: watch::Sender::new(true),
            handed: HandedTasks::default(),
        })
    }

    /// Draws from the seed's random numbers.
    pub(super) fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.rng.borrow_mut())
    }

    /// Whether faults happen.
    pub(super) fn is_faulty(&self) -> bool {
        *self.faulty.borrow()
    }

    /// Ends the faults.
    pub(super) fn calm_down(&self) {
        self.faulty.send_replace(false);
    }

    /// Waits until there are no more faults.
    pub(super) async fn calm(&self) {
        let mut faulty = self.faulty.subscribe();
        // The sender is this world's own, so it cannot be gone.
        let _ = faulty.wait_for(|faulty| !faulty).await;
    }

    /// Draws whether a fault happens, and counts it.
    pub(super) fn fault(&self, kind: &'static str, one_in: u64) -> bool {
        let happens = self.is_faulty() && self.draw(|rng| rng.one_in(one_in));
        if happens {
            self.count(kind);
        }
        happens
    }

    pub(super) fn count(&self, kind: &'static str) {
        *self.counts.borrow_mut().entry(kind).or_default() += 1;
    }

    /// Adds a line to the trace.
    pub(super) fn note(&self, line: impl std::fmt::Display) {
        let micros = self.start.elapsed().as_micros();
        let mut trace = self.trace.borrow_mut();
        writeln!(trace, "{micros:>12} {line}").expect("a string takes everything");
    }

    pub(super) fn trace(&self) -> String {
        self.trace.borrow().clone()
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.borrow().clone()
    }

    pub(super) fn server(&self) -> Option<Rc<Incarnation>> {
        self.server.borrow().clone()
    }
}

/// Ends a life when it is dropped.
pub(super) struct EndOnDrop(pub(super) Rc<Life>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Life {
    pub(super) fn new() -> Rc<Self> {
        Rc::default()
    }

    pub(super) fn end(&self) {
        self.over.set(true);
        self.ended.notify_waiters();
    }

    /// Runs the future until this life ends; `None` if it ends first.
    pub(super) async fn keep<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let ended = self.ended.notified();
        if self.over.get() {
            return None;
        }
        tokio::select! {
            biased;
            () = ended => None,
            output = future => Some(output),
        }
    }

    /// Runs the future in the background until this life ends.
    pub(super) fn spawn(self: &Rc<Self>, future: impl Future<Output = ()> + 'static) {
        let this = Rc::clone(self);
        tokio::task::spawn_local(async move {
            this.keep(future).await;
        });
    }
}
