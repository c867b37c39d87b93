//! One run: owns all state; matches and calls.

use std::time::SystemTime;

use crate::book::{Book, Conflict};
use crate::flags::Flags;
use crate::machine::{
    Activity, AnyMachine, AnyOnce, Finish, OpenUpdate, Outbox, Patches, Timer, Updates,
};
use crate::slice::{self, Slice};
use crate::{
    Command, Completion, ContinueAsNew, EngineError, Event, EventId, EventKind, FailureInfo,
    FailureRecord, Header, Intent, Job, Mismatch, Payload, Queries, QueryAnswer, RetryPolicy,
    RunStarted, Seq, StartJob, Task, TaskCompletion, UpdateMessage, UpdateRequest, random,
};

/// The replay of one run, kept between its tasks.
///
/// Call [`handle_task`](Self::handle_task), then [`poll_job`](Self::poll_job) until it returns
/// `None` while [`issue`](Self::issue) and [`answer`](Self::answer) take in what user code does,
/// then [`finish`](Self::finish). After an error the run must be dropped.
#[derive(Debug, Default)]
pub struct Run {
    /// Names of the run; set by its first task.
    names: Names,
    /// What a continuation takes over; set when the run starts.
    carried: Carried,
    /// The last event that was taken in; moves forward only, but for `reset_to`.
    processed: EventId,
    /// A slice is settled, and history has not yet said that its task was answered.
    awaits_answer: bool,
    /// Workflow time; never moves back.
    now: Option<SystemTime>,
    /// What user code attempted, beside what history records.
    book: Book,
    /// Updates that are not completed.
    updates: Updates,
    /// Updates that history holds and that are not yet told.
    admitted: Vec<(EventId, UpdateRequest)>,
    /// Patches that history or user code named.
    patches: Patches,
    /// What history says of the SDK that wrote it.
    flags: Flags,
    /// How user code ended the run in the slice that is told.
    finish: Option<Finish>,
    /// What is left of the task in hand.
    hand: Hand,
    /// Jobs of the slice that is told.
    out: Outbox,
    /// Why the run is of no use any more.
    failed: Option<EngineError>,
}

#[derive(Debug, Default)]
struct Names {
    workflow_type: String,
    workflow_id: String,
    run_id: String,
}

/// What the next run of a chain takes over from this one.
#[derive(Debug, Default)]
struct Carried {
    task_queue: String,
    retry: Option<RetryPolicy>,
    memo: Header,
    search_attributes: Header,
}

/// The task in hand.
#[derive(Debug, Default)]
struct Hand {
    /// What is left of its history.
    history: std::vec::IntoIter<Event>,
    /// Its `TaskStarted`; 0 if it only asks.
    started: EventId,
    /// Its updates, until its slice is told.
    messages: Vec<UpdateMessage>,
    /// Its queries, until they are asked.
    queries: Queries,
    /// Answers to its queries.
    answers: Vec<QueryAnswer>,
    /// How far it is.
    stage: Stage,
}

/// How far the task in hand is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// There is no task.
    #[default]
    Idle,
    /// The next slice is to be found.
    Between,
    /// A slice is told; `live` if its commands are to be sent.
    Telling { live: bool },
    /// Nothing is left but queries.
    Asking { live: bool },
}

impl Run {
    /// A run that nothing is known of yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the history of `task` goes on where this run stopped.
    ///
    /// If not, drop the run; begin with a new one if the task holds all of history, and ask the
    /// server for all of it otherwise.
    pub fn continues(&self, task: &Task) -> bool {
        self.check(task).is_ok()
    }

    /// Takes the next task in.
    ///
    /// # Errors
    /// [`EngineError::CacheMiss`] if history does not go on where this run stopped.
    pub fn handle_task(&mut self, task: Task) -> Result<(), EngineError> {
        self.check(&task)?;
        self.names = Names {
            workflow_type: task.workflow_type,
            workflow_id: task.workflow_id,
            run_id: task.run_id,
        };
        let mut history = task.history.into_iter();
        let known = position_after(history.as_slice(), self.processed);
        if known > 0 {
            history.nth(known - 1);
        }
        self.hand = Hand {
            history,
            started: task.started,
            messages: task.messages,
            queries: task.queries,
            answers: Vec::new(),
            stage: Stage::Between,
        };
        Ok(())
    }

    /// The next thing to tell user code; none when the task is done, or has failed, which
    /// [`finish`](Self::finish) tells.
    ///
    /// A resolution may be told after user code stopped to wait for it, when both happened in one
    /// slice; it is to be passed over.
    pub fn poll_job(&mut self) -> Option<Job> {
        loop {
            if self.failed.is_some() {
                return None;
            }
            if let Some(job) = self.out.poll() {
                return Some(job);
            }
            let step = match self.hand.stage {
                Stage::Between => self.next_slice(),
                Stage::Telling { live } => {
                    self.close_slice(live);
                    Ok(())
                }
                Stage::Idle | Stage::Asking { .. } => return None,
            };
            if let Err(error) = step {
                self.fail(error);
            }
        }
    }

    /// Takes in what user code asked for.
    pub fn issue(&mut self, intent: Intent) {
        if let Err(error) = self.take_in(intent) {
            self.fail(error);
        }
    }

    /// Takes in the answer to a query.
    pub fn answer(&mut self, id: String, result: Result<Payload, FailureRecord>) {
        self.hand.answers.push(QueryAnswer { id, result });
    }

    /// What to answer the server.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] if replay took another path than history,
    /// [`EngineError::UnknownEvent`] and [`EngineError::MalformedHistory`] if history cannot be
    /// understood, the other kinds if the driver broke the contract.
    pub fn finish(&mut self) -> Result<Completion, EngineError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let hand = std::mem::take(&mut self.hand);
        let mut answers = hand.answers;
        if let Queries::Only(_) = hand.queries {
            let answer = answers.pop().unwrap_or_else(unanswered);
            return Ok(Completion::Query(answer));
        }
        let mut completion = TaskCompletion {
            answers,
            ..TaskCompletion::default()
        };
        if hand.stage == (Stage::Asking { live: true }) {
            self.book.send(&mut completion);
            self.fill_in_task_queues(&mut completion.commands);
            completion.sdk = self.flags.unrecorded();
        }
        self.book.shrink();
        self.out.shrink();
        Ok(Completion::Task(completion))
    }

    /// The server dropped the last task from history, as it does when all that the task did was to
    /// reject updates; go on after the task that was taken by the event `started`.
    pub fn reset_to(&mut self, started: EventId) {
        if started < self.processed && self.awaits_answer {
            // The dropped task left nothing but its `TaskScheduled` and its `TaskStarted`.
            self.processed = EventId(self.processed.0 - 2);
            self.awaits_answer = false;
        }
    }

    fn check(&self, task: &Task) -> Result<(), EngineError> {
        let miss = |found| EngineError::CacheMiss {
            expected: EventId(self.processed.0 + 1),
            found,
        };
        let Some(first) = task.history.first() else {
            let asks_only = matches!(task.queries, Queries::Only(_)) && self.processed.0 > 0;
            return if asks_only {
                Ok(())
            } else {
                Err(miss(EventId(0)))
            };
        };
        if first.id.0 > self.processed.0 + 1 {
            return Err(miss(first.id));
        }
        let rest = &task.history[position_after(&task.history, self.processed)..];
        let dropped = self.awaits_answer
            && rest
                .iter()
                .find(|event| event.kind.is_task())
                .is_some_and(|event| !matches!(event.kind, EventKind::TaskCompleted { .. }));
        if dropped {
            return Err(miss(first.id));
        }
        Ok(())
    }

    /// Reads history up to the next `TaskStarted` that counts, and lines up the jobs.
    fn next_slice(&mut self) -> Result<(), EngineError> {
        match slice::next(self.hand.history.as_slice(), self.hand.started) {
            Some(slice) => self.open_slice(slice),
            None => {
                self.read_last_commands()?;
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

    fn close_slice(&mut self, live: bool) {
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
        if let EventKind::TaskCompleted { .. } = event.kind {
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

    fn take_in(&mut self, intent: Intent) -> Result<(), EngineError> {
        match intent {
            Intent::StartTimer {
                seq,
                after,
                summary,
            } => {
                let timer = AnyMachine::Timer(Timer::new(seq, after, summary));
                self.open("start timer", seq, timer)
            }
            Intent::ScheduleActivity(asked) => {
                let seq = asked.seq;
                let activity = AnyMachine::Activity(Activity::new(asked));
                self.open("schedule activity", seq, activity)
            }
            Intent::CancelTimer { seq } => self.cancel("cancel timer", seq),
            Intent::CancelActivity { seq } => self.cancel("cancel activity", seq),
            Intent::SetPatch { id, deprecated } => {
                let replaying = self.hand.stage != (Stage::Telling { live: true });
                for once in self.patches.set(id, deprecated, replaying) {
                    self.book.attempt(once);
                }
                Ok(())
            }
            Intent::AcceptUpdate { id } => {
                let step = self.updates.accept(id)?;
                self.book.attempt(AnyOnce::UpdateStep(step));
                Ok(())
            }
            Intent::RejectUpdate { id, failure } => {
                let step = self.updates.reject(id, failure)?;
                self.book.attempt(AnyOnce::UpdateStep(step));
                Ok(())
            }
            Intent::CompleteUpdate { id, result } => {
                let step = self.updates.complete(id, result)?;
                self.book.attempt(AnyOnce::UpdateStep(step));
                Ok(())
            }
            Intent::CompleteRun { result } => self.end(Finish::Complete(result)),
            Intent::FailRun { failure } => self.end(Finish::Fail(failure)),
            Intent::CancelRun { details } => self.end(Finish::Cancel(details)),
            Intent::ContinueAsNew(next) => {
                let next = self.fill_in(next);
                self.end(Finish::ContinueAsNew(next))
            }
        }
    }

    fn open(
        &mut self,
        intent: &'static str,
        seq: Seq,
        machine: AnyMachine,
    ) -> Result<(), EngineError> {
        if self.book.open(seq, machine) {
            Ok(())
        } else {
            Err(EngineError::DuplicateCommand { intent, seq })
        }
    }

    fn cancel(&mut self, intent: &'static str, seq: Seq) -> Result<(), EngineError> {
        if self.book.cancel(seq, &mut self.out) {
            Ok(())
        } else {
            Err(EngineError::UnknownCommand { intent, seq })
        }
    }

    /// The first end counts; its command is sent after all others of the slice.
    fn end(&mut self, finish: Finish) -> Result<(), EngineError> {
        self.finish.get_or_insert(finish);
        Ok(())
    }

    /// The server does not take these over by itself.
    fn fill_in(&self, mut next: Box<ContinueAsNew>) -> Box<ContinueAsNew> {
        let carried = &self.carried;
        next.workflow_type
            .get_or_insert_with(|| self.names.workflow_type.clone());
        next.task_queue
            .get_or_insert_with(|| carried.task_queue.clone());
        next.memo.get_or_insert_with(|| carried.memo.clone());
        next.search_attributes
            .get_or_insert_with(|| carried.search_attributes.clone());
        if next.retry.is_none() {
            next.retry.clone_from(&carried.retry);
        }
        next
    }

    /// An activity without a task queue of its own runs on the run's.
    fn fill_in_task_queues(&self, commands: &mut [Command]) {
        for command in commands {
            if let Command::ScheduleActivity(asked) = command {
                asked
                    .task_queue
                    .get_or_insert_with(|| self.carried.task_queue.clone());
            }
        }
    }

    fn fail(&mut self, error: EngineError) {
        self.out.clear();
        self.failed.get_or_insert(error);
    }
}

/// Where what follows `processed` begins.
fn position_after(history: &[Event], processed: EventId) -> usize {
    history.partition_point(|event| event.id <= processed)
}

fn mismatch(names: &Names, event: EventId, conflict: Conflict) -> EngineError {
    EngineError::from(Mismatch {
        workflow_type: names.workflow_type.clone(),
        event,
        recorded: conflict.recorded,
        attempted: conflict.attempted,
    })
}

fn unanswered() -> QueryAnswer {
    let info = FailureInfo::Server {
        non_retryable: true,
    };
    QueryAnswer {
        id: String::new(),
        result: Err(FailureRecord::new("the query was not answered", info)),
    }
}
