//! One run: owns all state.

mod intents;
mod local;
mod read;
mod updates;

use std::collections::VecDeque;

use self::updates::Arrivals;
use crate::commands::Commands;
use crate::flags::{self, Flags};
use crate::machine::{Outbox, Patches, Updates};
use crate::{
    Advance, Completion, EndRun, EngineError, Event, EventId, FailureInfo, FailureRecord, Header,
    Intent, Job, LocalActivityMarked, LocalActivityResult, LocalRequest, Payload, Place, Queries,
    QueryAnswer, RetryPolicy, Seq, Task, TaskCompletion, UpdateMessage, WorkerVersion,
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
    /// The facts of the slice in hand, with workflow time, which never moves back.
    advance: Option<Advance>,
    /// Those of the slice before.
    advance_before: Option<Advance>,
    /// The commands that user code issued, paired with the events that history records.
    commands: Commands,
    /// Updates that are not completed.
    updates: Updates,
    /// Updates whose job is not out yet.
    arrivals: Arrivals,
    /// Patches that history or user code named.
    patches: Patches,
    /// What history says of the SDK that wrote it.
    flags: Flags,
    /// The version of the worker that completed the last replayed task.
    version: Option<Box<WorkerVersion>>,
    /// How user code ended the run in the slice in hand.
    end: Option<(EndRun, Option<Place>)>,
    /// User code has ended the run.
    ended: bool,
    /// What is left of the task in hand.
    hand: Hand,
    /// Jobs of the slice in hand.
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
    /// The markers of local activities that the commands of the slice in hand hold, until the activities end.
    marked: VecDeque<LocalActivityMarked>,
    /// Its updates, until its slice is read.
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
    /// The jobs of a slice are polled; `live` if its commands are to be sent.
    Jobs { live: bool },
    /// Nothing is left but queries.
    Queries { live: bool },
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

    /// Whether this run has handled a later task of its workflow.
    ///
    /// The server hands a later task out only when it has given the earlier one up: it timed out, or too
    /// many events were waiting for it to end. Polls return in any order, so the earlier task may arrive
    /// last. Its answer would be refused.
    pub fn is_past(&self, task: &Task) -> bool {
        task.started.0 > 0 && task.started < self.processed
    }

    /// Takes the next task in.
    ///
    /// # Errors
    /// [`EngineError::CacheMiss`] if history does not continue where this run stopped.
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
            marked: VecDeque::new(),
            messages: task.messages,
            queries: task.queries,
            answers: Vec::new(),
            stage: Stage::Between,
        };
        Ok(())
    }

    /// The next job for user code; none when the task is done, or has failed, which
    /// [`finish`](Self::finish) returns.
    ///
    /// A resolution may come after user code stopped to wait for it, when both happened in one
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
                Stage::Jobs { live } => {
                    if !self.end_next_marked() {
                        self.close_slice(live);
                    }
                    Ok(())
                }
                Stage::Idle | Stage::Queries { .. } => return None,
            };
            if let Err(error) = step {
                self.fail(error);
            }
        }
    }

    /// Whether the next [`poll_job`](Self::poll_job) begins a slice: a place at which a long replay
    /// can be interrupted, and where [`prolong`](Self::prolong) may be called.
    pub fn is_between_slices(&self) -> bool {
        let replayed = Stage::Jobs { live: false };
        self.out.is_empty() && (self.hand.stage == Stage::Between || self.hand.stage == replayed)
    }

    /// Whether user code has handled the last slice of the task in hand: the next call is
    /// [`finish`](Self::finish).
    pub fn is_live(&self) -> bool {
        self.failed.is_none() && self.hand.stage == (Stage::Queries { live: true })
    }

    /// Takes the requests to the worker about local activities, once the run [`is_live`](Self::is_live); a run that
    /// has ended requests none to run.
    pub fn take_local_requests(&mut self) -> Vec<LocalRequest> {
        let mut requests = self.out.take_requests();
        if !self.ended {
            let now = self.advance.map(|it| it.now);
            requests.extend(self.commands.request_local(now));
        }
        requests
    }

    /// Takes the result of a local activity into the last slice of a run that [`is_live`](Self::is_live): the
    /// next jobs hand it to user code. Nothing follows if the run has gone on without it, or has ended.
    pub fn resolve_local(&mut self, result: LocalActivityResult) {
        assert!(
            self.is_live(),
            "local activities end in a task that is live"
        );
        if self.ended {
            return;
        }
        let seq = result.seq;
        if let Some(resolution) = self.commands.end_local(result, self.out.settled()) {
            self.hand.stage = Stage::Jobs { live: true };
            self.queue_local_end(seq, resolution);
        }
    }

    /// Whether the run waits for the local activity, which its worker runs.
    pub fn awaits_local(&self, seq: Seq) -> bool {
        self.commands.awaits_local(seq)
    }

    /// Type of the workflow, once the first task is in.
    pub fn workflow_type(&self) -> &str {
        &self.names.workflow_type
    }

    /// Id of the workflow, once the first task is in.
    pub fn workflow_id(&self) -> &str {
        &self.names.workflow_id
    }

    /// Id of the run, once the first task is in.
    pub fn run_id(&self) -> &str {
        &self.names.run_id
    }

    /// The last event that was read. While user code runs, it ends the slice that the code is in.
    pub fn last_event(&self) -> EventId {
        self.processed
    }

    /// Whether the run has ended, with the task in hand or before.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether queries of the task in hand have been answered.
    pub fn has_answers(&self) -> bool {
        !self.hand.answers.is_empty()
    }

    /// What to answer the server when a replay takes longer than its task may: the task is completed
    /// without commands, and the server gives another for [`prolong`](Self::prolong).
    ///
    /// The completion says of itself that user code has not seen the facts of its task. A completion
    /// without commands alone does not: user code may have had nothing to do.
    pub fn heartbeat() -> TaskCompletion {
        TaskCompletion {
            sdk: flags::replay_heartbeat(),
            ..TaskCompletion::default()
        }
    }

    /// Replaces the task in hand, which was answered with a [`heartbeat`](Self::heartbeat), by the
    /// one that the server returned.
    ///
    /// # Errors
    /// [`EngineError::CacheMiss`] if its history does not follow that of the task in hand, or if user
    /// code has seen the last slice of it.
    pub fn prolong(&mut self, task: Task) -> Result<(), EngineError> {
        let last = self.hand.history.as_slice().last();
        let last = last.map_or(self.processed, |event| event.id);
        let found = task.history.first().map_or(EventId(0), |event| event.id);
        let follows = found.0 > 0 && found.0 <= last.0 + 1;
        if !follows || !self.is_between_slices() {
            let expected = EventId(last.0 + 1);
            return Err(EngineError::CacheMiss { expected, found });
        }
        let hand = &mut self.hand;
        let mut prolonged = Task {
            history: std::mem::take(&mut hand.history).collect(),
            messages: std::mem::take(&mut hand.messages),
            queries: std::mem::take(&mut hand.queries),
            ..Task::default()
        };
        prolonged.prolong(task, last);
        hand.history = prolonged.history.into_iter();
        hand.started = prolonged.started;
        hand.messages = prolonged.messages;
        hand.queries = prolonged.queries;
        Ok(())
    }

    /// Takes in an intent of user code, and the line that issued it, which a mismatch names.
    pub fn issue(&mut self, intent: Intent, place: Option<Place>) {
        if let Err(error) = self.apply_intent(intent, place) {
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
    /// understood, [`EngineError::IncompleteHistory`] if it ends before the task, the other kinds if the driver broke the contract.
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
        if hand.stage == (Stage::Queries { live: true }) {
            self.commands.send(&mut completion);
            self.fill_in_task_queues(&mut completion.commands);
            completion.sdk = self.flags.unrecorded();
        }
        self.commands.shrink();
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
            // A replay will not know of it, nor when it was started.
            self.advance = self.advance_before;
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
        // A task that this run has passed, or answered: it is replayed from the beginning, if at all.
        let taken = task.started.0 > 0 && task.started <= self.processed;
        if taken || first.id.0 > self.processed.0 + 1 {
            return Err(miss(first.id));
        }
        let rest = &task.history[position_after(&task.history, self.processed)..];
        let dropped = self.awaits_answer
            && rest
                .iter()
                .find(|event| event.kind.is_task())
                .is_some_and(|event| !event.kind.is_task_completed());
        if dropped {
            return Err(miss(first.id));
        }
        Ok(())
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

fn unanswered() -> QueryAnswer {
    let info = FailureInfo::Server {
        non_retryable: true,
    };
    QueryAnswer {
        id: String::new(),
        result: Err(FailureRecord::new("the query was not answered", info)),
    }
}
