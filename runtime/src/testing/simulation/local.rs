//! The local activities of a simulated worker: the simulation runs them, and reports their ends.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use durably_engine::{LocalActivityEnd, LocalActivityResult, Payload};

use crate::{
    activity::cancel::CancelSignal,
    driver::{
        instance::TaskFailure,
        local::{self, LocalActivities},
    },
    error::{AppError, Error},
};

/// Collects the calls of the task in hand.
#[derive(Default)]
pub(super) struct Calls(Mutex<Vec<LocalCall>>);

/// A call of a local activity that the simulation is to run.
pub struct LocalCall {
    call: local::LocalCall,
    cancel: CancelSignal,
}

/// How an attempt of a local activity ended.
#[derive(Clone, Debug)]
pub enum LocalEnd {
    /// With this JSON.
    Completed(Vec<u8>),
    /// With a failure, after which it is not tried again.
    Failed(String),
    /// With a failure, after which a timer in history comes before the next attempt.
    Backoff(String, Duration),
}

impl Calls {
    pub(super) fn take(&self) -> Vec<LocalCall> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl LocalActivities for Calls {
    fn start(
        self: Arc<Self>,
        call: local::LocalCall,
        cancel: &CancelSignal,
    ) -> Result<(), TaskFailure> {
        let cancel = cancel.clone();
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(LocalCall { call, cancel });
        Ok(())
    }
}

impl LocalCall {
    /// Type of the activity.
    pub fn activity_type(&self) -> &str {
        &self.call.task.activity_type
    }

    /// The JSON of an argument.
    pub fn argument(&self, nth: usize) -> Option<&[u8]> {
        self.call.task.input.get(nth).map(Payload::data)
    }

    /// The number of the next attempt, from 1; attempts before timers in history count.
    pub fn attempt(&self) -> u32 {
        self.call.task.attempt
    }

    /// Whether the workflow has cancelled it, or is gone.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.reason().is_some()
    }

    /// Reports the end of its last attempt, at this time.
    pub fn end(self, attempt: u32, end: LocalEnd, took: Duration, at: SystemTime) {
        let failure = |text| Error::from(AppError::new("Simulated", text)).to_own_record();
        let task = &self.call.task;
        let requested = at.checked_sub(took).unwrap_or(at);
        self.call.results.send(LocalActivityResult {
            seq: task.seq,
            attempt,
            took,
            first_scheduled: task.first_scheduled.unwrap_or(requested),
            end: match end {
                LocalEnd::Completed(json) => LocalActivityEnd::Completed(vec![Payload::json(json)]),
                LocalEnd::Failed(text) => LocalActivityEnd::Failed(failure(text)),
                LocalEnd::Backoff(text, pause) => LocalActivityEnd::Backoff {
                    failure: failure(text),
                    pause,
                },
            },
        });
    }
}

impl fmt::Debug for LocalCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCall")
            .field("activity_type", &self.activity_type())
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}
