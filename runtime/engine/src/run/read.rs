//! Reading history: slices, and the jobs that each event becomes.

use super::{Carried, Names, Run, Stage};
use crate::book::Conflict;
use crate::machine::{AnyOnce, OpenUpdate};
use crate::slice::{self, Slice};
use crate::{
    EngineError, Event, EventId, EventKind, Job, Mismatch, Queries, RunStarted, StartJob,
    UpdateRequest, random,
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
        self.out.job(Job::Advance {
            now,
            replaying: !live,
            history_length: u32::try_from(history[slice.len - 1].id.0).unwrap_or(u32::MAX),
            history_size: started.history_size,
            continue_as_new_suggested: started.continue_as_new_suggested,
        });
        let mut accepted = Vec::new();
        if let Some(at) = slice.completed {
            if let EventKind::TaskCompleted { sdk: Some(sdk) } = &history[at].kind {
                self.flags.record(sdk);
            }
            for event in slice::commands_after(history, at) {
                match &mut event.kind {
                    EventKind::PatchMarked { id, .. } => {
                        self.patches.know(id);
                        self.out.job(Job::KnowPatch { id: id.clone() });
                    }
                    EventKind::UpdateAccepted(it) => {
                        accepted.push((
                            it.id.clone(),
                            it.message_id.clone(),
                            it.sequencing,
                            it.request.take(),
                        ));
                    }
                    _ => {}
                }
            }
        }
        for _ in 0..slice.len {
            if let Some(event) = self.hand.history.next() {
                self.read(event)?;
            }
        }
        if live {
            self.tell_new_updates();
        } else {
            for (id, message_id, sequencing, request) in accepted {
                self.tell_accepted_update(id, message_id, sequencing, request)?;
            }
        }
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
                self.read(event)?;
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
        Err(EngineError::MalformedHistory {
            event: self.processed,
            reason: format!("it ends before event {started}, by which the task was taken"),
        })
    }

    /// Takes one event in.
    fn read(&mut self, event: Event) -> Result<(), EngineError> {
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
            EventKind::RunStarted(started) => self.start(*started),
            EventKind::Signaled(signal) => self.out.job(Job::Signal {
                name: signal.name,
                input: signal.input,
                header: signal.header,
                identity: signal.identity,
            }),
            EventKind::CancelRequested { reason } => {
                self.out.job(Job::CancelRequested { reason });
            }
            EventKind::UpdateAdmitted(request) => self.admitted.push((event.id, *request)),
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

    fn start(&mut self, started: RunStarted) {
        self.carried = Carried {
            task_queue: started.task_queue.clone(),
            retry: started.retry.clone(),
            memo: started.memo.clone(),
            search_attributes: started.search_attributes.clone(),
        };
        self.out.job(Job::Start(Box::new(StartJob {
            randomness_seed: random::seed(&started.original_run_id),
            workflow_type: started.workflow_type,
            input: started.input,
            header: started.header,
            workflow_id: self.names.workflow_id.clone(),
            run_id: self.names.run_id.clone(),
            original_run_id: started.original_run_id,
            first_run_id: started.first_run_id,
            continued_from: started.continued_from,
            attempt: started.attempt,
            task_queue: started.task_queue,
            started_at: started.time,
            execution_timeout: started.execution_timeout,
            run_timeout: started.run_timeout,
            task_timeout: started.task_timeout,
            retry: started.retry,
            cron: started.cron,
            parent: started.parent,
            root: started.root,
            last_completion: started.last_completion,
            last_failure: started.last_failure,
            memo: started.memo,
            search_attributes: started.search_attributes,
            identity: started.identity,
            priority: started.priority,
        })));
    }

    /// Updates that happen now: those that history holds, then those of the task.
    fn tell_new_updates(&mut self) {
        for (sequencing, request) in std::mem::take(&mut self.admitted) {
            let update = OpenUpdate {
                message_id: format!("{}/request", request.id),
                protocol_instance: request.id.clone(),
                sequencing,
                identity: request.identity.clone(),
            };
            self.tell_update(update, request, false);
        }
        for message in std::mem::take(&mut self.hand.messages) {
            let update = OpenUpdate {
                message_id: message.message_id,
                protocol_instance: message.protocol_instance,
                sequencing: message.sequencing,
                identity: message.request.identity.clone(),
            };
            self.tell_update(update, message.request, false);
        }
    }

    /// An update that history says was accepted in the slice that is told.
    fn tell_accepted_update(
        &mut self,
        id: String,
        message_id: String,
        sequencing: EventId,
        request: Option<UpdateRequest>,
    ) -> Result<(), EngineError> {
        let admitted = self.admitted.iter().position(|(_, held)| held.id == id);
        let held = admitted.map(|at| self.admitted.remove(at).1);
        let Some(request) = request.or(held) else {
            return Err(EngineError::MalformedHistory {
                event: self.processed,
                reason: format!("update `{id}` is accepted, but nowhere requested"),
            });
        };
        let update = OpenUpdate {
            message_id,
            protocol_instance: id,
            sequencing,
            identity: request.identity.clone(),
        };
        self.tell_update(update, request, true);
        Ok(())
    }

    fn tell_update(&mut self, update: OpenUpdate, mut request: UpdateRequest, replaying: bool) {
        request.replaying = replaying;
        self.updates.open(request.id.clone(), update);
        self.out.job(Job::Update(request));
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
