//! Threads with an inbox each, which can be replaced.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use super::watched::Watched;
use crate::telemetry::log;

/// Executor threads, each of which receives messages `M`.
pub(crate) struct Pool<M> {
    lanes: Vec<Lane<M>>,
    run: ThreadMain<M>,
}

/// Handles the messages of a lane until the lane closes or the watchdog abandons the thread.
pub(crate) type ThreadMain<M> = fn(Arc<Watched>, &Mutex<mpsc::Receiver<M>>);

/// The inbox of the thread that owns a share of the runs. The thread can be replaced.
struct Lane<M> {
    inbox: mpsc::Sender<M>,
    /// Locked by the thread while it waits; a thread that is blocked by a run leaves it to its
    /// replacement, with all that has arrived.
    messages: Arc<Mutex<mpsc::Receiver<M>>>,
    /// The state of its thread; none if the operating system refused a replacement.
    thread: Mutex<Option<Arc<Watched>>>,
}

impl<M: Send + 'static> Pool<M> {
    /// A pool of so many threads, which end when it is dropped.
    pub(crate) fn new(threads: usize, run: ThreadMain<M>) -> io::Result<Self> {
        let lanes = (0..threads).map(|number| {
            let (inbox, messages) = mpsc::channel();
            let messages = Arc::new(Mutex::new(messages));
            let thread = start(number, &messages, run)?;
            Ok(Lane {
                inbox,
                messages,
                thread: Mutex::new(Some(thread)),
            })
        });
        let lanes = lanes.collect::<io::Result<_>>()?;
        Ok(Self { lanes, run })
    }

    /// Number of threads that work.
    pub(crate) fn size(&self) -> usize {
        self.lanes.len()
    }

    pub(crate) fn send(&self, lane: usize, message: M) {
        if let Some(lane) = self.lanes.get(lane) {
            // The receiver lives in the lane.
            let _ = lane.inbox.send(message);
        }
    }

    /// Whether the condition holds for one of the threads.
    pub(crate) fn any_thread(&self, condition: impl Fn(&Watched) -> bool) -> bool {
        let mut threads = self.lanes.iter().map(Lane::thread);
        threads.any(|thread| thread.as_deref().is_some_and(&condition))
    }

    /// Replaces each thread for which `overdue` returns a task: a run blocks it. Returns those tasks.
    pub(crate) fn replace_threads<T>(&self, overdue: impl Fn(&Watched) -> Option<T>) -> Vec<T> {
        let mut given_up = Vec::new();
        for (number, lane) in self.lanes.iter().enumerate() {
            let mut thread = lane.thread();
            if let Some(task) = thread.as_deref().and_then(&overdue) {
                *thread = None;
                given_up.push(task);
            }
            if thread.is_some() {
                continue;
            }
            match start(number, &lane.messages, self.run) {
                Ok(replacement) => *thread = Some(replacement),
                Err(error) => log::error!(
                    %error,
                    "a thread that workflow code blocks cannot be replaced now; its other runs wait"
                ),
            }
        }
        given_up
    }
}

impl<M> Lane<M> {
    fn thread(&self) -> MutexGuard<'_, Option<Arc<Watched>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread of a lane; returns the part of it that the watchdog sees.
fn start<M: Send + 'static>(
    lane: usize,
    messages: &Arc<Mutex<mpsc::Receiver<M>>>,
    run: ThreadMain<M>,
) -> io::Result<Arc<Watched>> {
    let watched = Arc::new(Watched::default());
    let (of_thread, messages) = (Arc::clone(&watched), Arc::clone(messages));
    thread::Builder::new()
        .name(format!("durably-{lane}"))
        .spawn(move || run(of_thread, &messages))?;
    Ok(watched)
}
