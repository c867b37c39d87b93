//! Reading history: slices, and the jobs that each event becomes.

use super::{Carried, Names, Run, Stage};
use crate::commands::Conflict;
use crate::machine::AnyOnce;
use crate::slice::{self, Slice};
use crate::{
    Advance, CommandEvent, EngineError, Event, EventId, EventKind, Fact, Job, Mismatch, Queries,
    RunStarted, SideEffect, StartJob, TaskEvent, random,
};

impl Run {
    /// Reads history up to the next `TaskStarted` that counts, and lines up the jobs.
    pub(super) fn next_slice(&mut self) -> Result<(), EngineError> {
        match slice::next(self.hand.history.as_slice(), self.hand.started) {
            Some(slice) => self.open_slice(slice),
            None => {
                self.read_last_commands()?;
                self.expect_no_task()?;
                self.queue_queries(false);
                Ok(())
            }
        }
    }

    fn open_slice(&mut self, slice: Slice) -> Result<(), EngineError> {
        let live = slice.completed.is_none();
        let started = slice.started;
        let before = self.advance.map(|it| it.now);
        let history = self.hand.history.as_mut_slice();
        let advance = Advance {
            now: before.map_or(started.time, |before| before.max(started.time)),
            replaying: !live,
            history_length: u32::try_from(history[slice.len - 1].id.0).unwrap_or(u32::MAX),
            history_size: started.history_size,
            continue_as_new_suggested: started.continue_as_new_suggested,
            continue_as_new_reasons: started.continue_as_new_reasons,
            target_version_changed: started.target_version_changed,
        };
        self.advance_before = self.advance.replace(advance);
        self.out.begin_slice();
        self.out.job(Job::Advance(advance));
        if live {
            let messages = std::mem::take(&mut self.hand.messages);
            self.arrivals.expect_messages(messages);
        }
        if let Some(at) = slice.completed {
            if let EventKind::Task(TaskEvent::Completed { sdk, version }) = &history[at].kind {
                if let Some(sdk) = sdk {
                    self.flags.record(sdk);
                }
                if self.version != *version {
                    self.version.clone_from(version);
                    self.out.job(Job::WorkerVersion(version.clone()));
                }
            }
            for event in slice::commands_after(history, at) {
                match &mut event.kind {
                    EventKind::Command(CommandEvent::PatchMarked { id, .. }) => {
                        self.patches.record_marker(id);
                        self.out.job(Job::PatchMarked { id: id.clone() });
                    }
                    EventKind::Command(CommandEvent::UpdateAccepted(accepted)) => {
                        self.arrivals.expect_accepted(accepted);
                    }
                    EventKind::Command(CommandEvent::LocalActivityMarked(marked)) => {
                        self.hand.marked.push_back(marked.take_result());
                    }
                    EventKind::Command(CommandEvent::SideEffectMarked(effect)) => {
                        let known = SideEffect {
                            id: effect.id.clone(),
                            data: std::mem::take(&mut effect.data),
                        };
                        self.out.job(Job::SideEffectMarked(Box::new(known)));
                    }
                    _ => {}
                }
            }
        }
        let in_place = live || self.flags.updates_in_place();
        for _ in 0..slice.len {
            if let Some(event) = self.hand.history.next() {
                if in_place {
                    self.queue_updates_before(event.id);
                }
                self.read(event, live)?;
            }
        }
        self.queue_last_updates()?;
        let repeats = live || self.flags.repeats_cancel_requests();
        self.commands.repeat_cancel_requests(repeats);
        self.out.job(Job::Settle);
        self.hand.stage = Stage::Jobs { live };
        Ok(())
    }

    pub(super) fn close_slice(&mut self, live: bool) {
        self.hand.marked.clear();
        if let Some((end, place)) = self.end.take() {
            self.ended = true;
            self.commands.attempt(AnyOnce::EndRun(end), place);
        }
        self.awaits_answer = true;
        if live {
            self.queue_queries(true);
        } else {
            self.hand.stage = Stage::Between;
        }
    }

    fn queue_queries(&mut self, live: bool) {
        self.hand.stage = Stage::Queries { live };
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
            let answers = next.kind.is_task_completed() && self.awaits_answer;
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
            self.expect_no_more_commands(at)?;
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
        let id = event.id;
        self.processed = id;
        match event.kind {
            EventKind::Command(left) => self
                .commands
                .record(id, left)
                .map_err(|conflict| mismatch(&self.names, id, conflict)),
            EventKind::Task(task) => self.read_task(id, task),
            EventKind::Answer { opened, answer } => self
                .commands
                .resolve(opened, answer, &mut self.out)
                .map_err(|answer| EngineError::MalformedHistory {
                    event: id,
                    reason: format!("no open command waits for {answer:?} of event {opened}"),
                }),
            EventKind::Fact(fact) => self.read_fact(id, fact, live),
        }
    }

    fn read_fact(&mut self, id: EventId, fact: Fact, live: bool) -> Result<(), EngineError> {
        match fact {
            Fact::RunStarted(started) => self.start(started),
            Fact::Signaled(signal) => self.out.job(Job::Signal {
                name: signal.name,
                input: signal.input,
                header: signal.header,
                identity: signal.identity,
            }),
            Fact::CancelRequested { reason } => self.out.job(Job::CancelRequested { reason }),
            Fact::UpdateAdmitted(request) => self.arrivals.admit(id, *request, live),
            Fact::Unknown {
                name,
                may_ignore: false,
            } => return Err(EngineError::UnknownEvent { event: id, name }),
            Fact::Unknown {
                may_ignore: true, ..
            }
            | Fact::RunStopped
            | Fact::Ignored => {}
        }
        Ok(())
    }

    fn read_task(&mut self, id: EventId, task: TaskEvent) -> Result<(), EngineError> {
        if let TaskEvent::Completed { sdk, .. } = task {
            if let Some(sdk) = sdk {
                self.flags.record(&sdk);
            }
            self.awaits_answer = false;
            return Ok(());
        }
        self.expect_no_more_commands(id)?;
        if let TaskEvent::Failed {
            reset_to_run: Some(run_id),
        } = task
        {
            self.out.job(Job::Reseed {
                randomness_seed: random::seed(&run_id),
            });
        }
        Ok(())
    }

    /// Checks that history has an event of each command of the tasks before this event.
    fn expect_no_more_commands(&mut self, event: EventId) -> Result<(), EngineError> {
        if self.flags.may_split_after_marker() && self.commands.is_after_marker() {
            return Ok(());
        }
        let checked = self.commands.expect_no_more();
        checked.map_err(|conflict| mismatch(&self.names, event, conflict))
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
        place: conflict.place,
    })
}
