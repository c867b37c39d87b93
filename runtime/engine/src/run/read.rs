//! Reading history: slices, and the jobs that each event becomes.

use super::{Carried, Names, Run, Stage};
use crate::book::Conflict;
use crate::machine::AnyOnce;
use crate::slice::{self, Slice};
use crate::{
    Advance, EngineError, Event, EventId, EventKind, Job, Mismatch, Queries, RunStarted, StartJob,
    random,
};

impl Run {
    /// Reads history up to the next `TaskStarted` that counts, and lines up the jobs.
    pub(super) fn next_slice(&mut self) -> Result<(), EngineError> {
        match slice::next(self.hand.history.as_slice(), self.hand.started) {
            Some(slice) => self.open_slice(slice),
            None => {
                self.read_last_commands()?;
                self.expect_no_task()?;
                self.ask_queries(false);
                Ok(())
            }
        }
    }

    fn open_slice(&mut self, slice: Slice) -> Result<(), EngineError> {
        let live = slice.completed.is_none();
        let started = slice.started;
        let now = self.now.map_or(started.time, |now| now.max(started.time));
        self.now = Some(now);
        let history = self.hand.history.as_mut_slice();
        self.out.job(Job::Advance(Advance {
            now,
            replaying: !live,
            history_length: u32::try_from(history[slice.len - 1].id.0).unwrap_or(u32::MAX),
            history_size: started.history_size,
            continue_as_new_suggested: started.continue_as_new_suggested,
        }));
        if live {
            let messages = std::mem::take(&mut self.hand.messages);
            self.arrivals.expect_messages(messages);
        }
        if let Some(at) = slice.completed {
            if let EventKind::TaskCompleted { sdk: Some(sdk) } = &history[at].kind {
                self.flags.record(sdk);
            }
            for event in slice::commands_after(history, at) {
                if let EventKind::PatchMarked { id, .. } = &event.kind {
                    self.patches.know(id);
                    self.out.job(Job::KnowPatch { id: id.clone() });
                }
                self.arrivals.expect_accepted(&mut event.kind);
            }
        }
        let in_place = live || self.flags.updates_in_place();
        for _ in 0..slice.len {
            if let Some(event) = self.hand.history.next() {
                if in_place {
                    self.tell_updates_before(event.id);
                }
                self.read(event, live)?;
            }
        }
        self.tell_last_updates()?;
        self.out.job(Job::Settle);
        self.hand.stage = Stage::Telling { live };
        Ok(())
    }

    pub(super) fn close_slice(&mut self, live: bool) {
        if let Some(finish) = self.finish.take() {
            self.book.attempt(AnyOnce::Finish(finish));
        }
        self.awaits_answer = true;
        if live {
            self.ask_queries(true);
        } else {
            self.hand.stage = Stage::Between;
        }
    }

    fn ask_queries(&mut self, live: bool) {
        self.hand.stage = Stage::Asking { live };
        let queries = match &mut self.hand.queries {
            Queries::Attached(queries) => std::mem::take(queries),
            Queries::Only(query) => vec![std::mem::take(query)],
        };
        for query in queries {
            self.out.job(Job::Query {
                id: query.id,
                name: query.name,
                input: query.input,
                header: query.header,
            });
        }
    }

    /// After the last slice that counts, history may still say how its task was answered.
    fn read_last_commands(&mut self) -> Result<(), EngineError> {
        while let Some(next) = self.hand.history.as_slice().first() {
            let answers =
                matches!(next.kind, EventKind::TaskCompleted { .. }) && self.awaits_answer;
            if !answers && (self.awaits_answer || !next.kind.is_command()) {
                break;
            }
            if let Some(event) = self.hand.history.next() {
                self.read(event, false)?;
            }
        }
        let rest = self.hand.history.as_slice();
        if !self.awaits_answer && rest.first().is_none_or(|next| next.kind.is_task()) {
            let at = rest.first().map_or(self.processed, |next| next.id);
            self.book
                .expect_no_more()
                .map_err(|conflict| mismatch(&self.names, at, conflict))?;
        }
        Ok(())
    }

    /// A task that does more than ask must have come up in its history, or nothing would be its answer.
    fn expect_no_task(&self) -> Result<(), EngineError> {
        let started = self.hand.started;
        if started.0 == 0 || matches!(self.hand.queries, Queries::Only(_)) {
            return Ok(());
        }
        let unread = self.hand.history.as_slice().last();
        let last = unread.map_or(self.processed, |event| event.id);
        Err(EngineError::IncompleteHistory { last, started })
    }

    /// Takes one event in; `live` if its slice happens now.
    fn read(&mut self, event: Event, live: bool) -> Result<(), EngineError> {
        self.processed = event.id;
        if event.kind.is_command() {
            let id = event.id;
            return self
                .book
                .record(event)
                .map_err(|conflict| mismatch(&self.names, id, conflict));
        }
        if event.kind.is_task() {
            return self.read_task(event);
        }
        if let Some(opened) = event.kind.answers() {
            return self
                .book
                .resolve(opened, event.kind, &mut self.out)
                .map_err(|kind| EngineError::MalformedHistory {
                    event: event.id,
                    reason: format!("nothing that is open waits for {kind:?}"),
                });
        }
        match event.kind {
            EventKind::RunStarted(started) => self.start(started),
            EventKind::Signaled(signal) => self.out.job(Job::Signal {
                name: signal.name,
                input: signal.input,
                header: signal.header,
                identity: signal.identity,
            }),
            EventKind::CancelRequested { reason } => {
                self.out.job(Job::CancelRequested { reason });
            }
            EventKind::UpdateAdmitted(request) => self.arrivals.admit(event.id, *request, live),
            EventKind::Unknown {
                name,
                may_ignore: false,
            } => {
                return Err(EngineError::UnknownEvent {
                    event: event.id,
                    name,
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn read_task(&mut self, event: Event) -> Result<(), EngineError> {
        if let EventKind::TaskCompleted { sdk } = event.kind {
            if let Some(sdk) = sdk {
                self.flags.record(&sdk);
            }
            self.awaits_answer = false;
            return Ok(());
        }
        self.book
            .expect_no_more()
            .map_err(|conflict| mismatch(&self.names, event.id, conflict))?;
        if let EventKind::TaskFailed {
            reset_to_run: Some(run_id),
        } = event.kind
        {
            self.out.job(Job::Reseed {
                randomness_seed: random::seed(&run_id),
            });
        }
        Ok(())
    }

    fn start(&mut self, mut started: Box<RunStarted>) {
        self.carried = Carried {
            task_queue: started.task_queue.clone(),
            retry: started.retry.clone(),
            memo: started.memo.clone(),
            search_attributes: started.search_attributes.clone(),
        };
        started.workflow_id.clone_from(&self.names.workflow_id);
        self.out.job(Job::Start(StartJob {
            randomness_seed: random::seed(&started.original_run_id),
            run_id: self.names.run_id.clone(),
            event: started,
        }));
    }
}

fn mismatch(names: &Names, event: EventId, conflict: Conflict) -> EngineError {
    EngineError::from(Mismatch {
        workflow_type: names.workflow_type.clone(),
        event,
        recorded: conflict.recorded,
        attempted: conflict.attempted,
    })
}
