//! One executor thread: messages in, turns of long replays between them.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use super::{Executor, Wake};
use crate::worker::{
    shared::{Phase, Shared},
    workflow_task::watchdog::Watched,
};

/// Messages that are handled between two turns of long replays.
const MESSAGES_BETWEEN_TURNS: usize = 64;

/// A message to the thread, with the worker that it is about: any thread can begin to work for it.
pub(crate) struct Message {
    shared: Arc<Shared>,
    wake: Wake,
}

impl Message {
    pub(crate) fn new(shared: &Arc<Shared>, wake: Wake) -> Self {
        let shared = Arc::clone(shared);
        Self { shared, wake }
    }
}

pub(crate) struct Thread {
    lane: usize,
    watched: Arc<Watched>,
    /// By the keys of their workers.
    executors: HashMap<usize, Executor>,
}

impl Thread {
    /// Starts the thread of a lane; returns what the watchdog sees of it.
    pub(crate) fn start(
        lane: usize,
        messages: &Arc<Mutex<mpsc::Receiver<Message>>>,
    ) -> io::Result<Arc<Watched>> {
        let watched = Arc::new(Watched::default());
        let (shown, messages) = (Arc::clone(&watched), Arc::clone(messages));
        thread::Builder::new()
            .name(format!("durably-{lane}"))
            .spawn(move || {
                let thread = Self {
                    lane,
                    watched: shown,
                    executors: HashMap::new(),
                };
                thread.run(&messages);
            })?;
        Ok(watched)
    }

    fn run(mut self, messages: &Mutex<mpsc::Receiver<Message>>) {
        Arc::clone(&self.watched.beacon).install();
        loop {
            for _ in 0..MESSAGES_BETWEEN_TURNS {
                let message = {
                    let messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
                    if self.has_turns() {
                        messages.try_recv()
                    } else {
                        let message = messages.recv();
                        message.map_err(|_| mpsc::TryRecvError::Disconnected)
                    }
                };
                match message {
                    Ok(message) => self.take(message),
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
                if self.watched.is_given_up() {
                    return;
                }
            }
            for executor in self.executors.values_mut() {
                executor.turn();
                if self.watched.is_given_up() {
                    return;
                }
            }
        }
    }

    fn has_turns(&self) -> bool {
        self.executors.values().any(Executor::has_turns)
    }

    fn take(&mut self, Message { shared, wake }: Message) {
        let key = shared.key();
        if let Wake::Stop = wake {
            self.executors.remove(&key);
            return;
        }
        // After its stop a worker is sent only what nobody waits for.
        if !self.executors.contains_key(&key) {
            if !matches!(wake, Wake::Task(_)) || shared.has_reached(Phase::ActivitiesAbandoned) {
                return;
            }
            let executor = Executor::new(shared, Arc::clone(&self.watched), self.lane);
            self.executors.insert(key, executor);
        }
        if let Some(executor) = self.executors.get_mut(&key) {
            executor.wake(wake);
        }
    }
}
