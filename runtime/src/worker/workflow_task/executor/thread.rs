//! One executor thread: messages in, turns of long replays between them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use super::{
    executors::{Executors, Message},
    messages::Wake,
    shard::Shard,
    watched::Watched,
};
use crate::{instance::panics, telemetry::log, worker::lifecycle::Phase};

/// Messages that are handled between two turns of long replays.
const MESSAGES_BETWEEN_TURNS: usize = 64;

struct Thread {
    watched: Arc<Watched>,
    /// By the keys of their workers.
    shards: HashMap<usize, Shard>,
}

/// Handles the messages of a lane until they end, or the watchdog gives the thread up.
pub(crate) fn run(watched: Arc<Watched>, messages: &Mutex<mpsc::Receiver<Message>>) {
    Arc::clone(&watched.beacon).install();
    let mut thread = Thread {
        watched,
        shards: HashMap::new(),
    };
    loop {
        for _ in 0..MESSAGES_BETWEEN_TURNS {
            let message = {
                let messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
                if thread.has_turns() {
                    messages.try_recv()
                } else {
                    let message = messages.recv();
                    message.map_err(|_| mpsc::TryRecvError::Disconnected)
                }
            };
            match message {
                Ok(Message { executors, wake }) => {
                    thread.guard(executors.key(), |thread| thread.handle(executors, wake));
                }
                Err(mpsc::TryRecvError::Empty) => break,
                Err(mpsc::TryRecvError::Disconnected) => return,
            }
            if thread.watched.is_given_up() {
                return;
            }
        }
        let keys: Vec<_> = thread.shards.keys().copied().collect();
        for key in keys {
            thread.guard(key, |thread| {
                if let Some(shard) = thread.shards.get_mut(&key) {
                    shard.turn();
                }
            });
            if thread.watched.is_given_up() {
                return;
            }
        }
    }
}

impl Thread {
    fn has_turns(&self) -> bool {
        self.shards.values().any(Shard::has_turns)
    }

    /// Keeps a panic from the lane, which other workers share. Workflow code is guarded where it runs; this
    /// is for our own bugs. The worker's runs are dropped: their tasks time out, and are replayed.
    fn guard(&mut self, worker: usize, work: impl FnOnce(&mut Self)) {
        if let Err(panic) = panics::catch(|| work(self)) {
            log::error!(
                error = %panic,
                "an executor thread panicked; a worker's runs on it are dropped, and will be replayed"
            );
            drop(self.watched.end());
            self.shards.remove(&worker);
        }
    }

    fn handle(&mut self, executors: Arc<Executors>, wake: Wake) {
        let key = executors.key();
        if let Wake::Stop = wake {
            self.shards.remove(&key);
            return;
        }
        // Messages that arrive after its stop have no effect: its runs are gone, and its tasks answered.
        if !self.shards.contains_key(&key) {
            let ended = executors.lifecycle.has_reached(Phase::ActivitiesAbandoned);
            if !matches!(wake, Wake::Task(_)) || ended {
                return;
            }
            let shard = Shard::new(executors, Arc::clone(&self.watched));
            self.shards.insert(key, shard);
        }
        if let Some(shard) = self.shards.get_mut(&key) {
            shard.handle(wake);
        }
    }
}
