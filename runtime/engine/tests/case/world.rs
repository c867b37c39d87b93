//! The server of one run: writes history as a real one does, and hands out tasks.

use std::time::{Duration, SystemTime};

use durably_engine::{
    ActivityCanceled, ActivityFailed, ActivityScheduled, Answer, ChildAnswer, ChildInitiated,
    Command, CommandEvent, Completion, Event, EventId, EventKind, ExternalFault,
    ExternalSignalInitiated, Fact, MessageBody, Priority, Queries, QueryRequest, RetryState,
    RunStarted, SdkMetadata, Signaled, Task, TaskEvent, TaskStarted, UpdateAccepted, UpdateMessage,
    UpdateRequest, WorkerVersion,
};
use durably_engine::{FailureRecord, Header, Payload};

use super::task;

/// The server of one run.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) history: Vec<Event>,
    /// Open timers and activities, by the event that opened them.
    timers: Vec<(EventId, String)>,
    activities: Vec<EventId>,
    /// Open children, signals and requests to cancel, by the event that opened them.
    children: Vec<EventId>,
    signals: Vec<EventId>,
    cancels: Vec<EventId>,
    /// Updates for the next task.
    messages: Vec<UpdateMessage>,
    /// Updates that were sent to the worker, so that their acceptance can be recorded.
    sent: Vec<UpdateMessage>,
    /// The last task that was taken, and the last one that was answered.
    started: EventId,
    previous_started: EventId,
    /// The version of the workers.
    pub(crate) version: Option<WorkerVersion>,
    pub(crate) ended: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self {
            history: Vec::new(),
            timers: Vec::new(),
            activities: Vec::new(),
            children: Vec::new(),
            signals: Vec::new(),
            cancels: Vec::new(),
            messages: Vec::new(),
            sent: Vec::new(),
            started: EventId(0),
            previous_started: EventId(0),
            version: None,
            ended: false,
        };
        world.record(Fact::RunStarted(Box::new(run_started())));
        world
    }

    pub(crate) fn record(&mut self, kind: impl Into<EventKind>) -> EventId {
        let kind = kind.into();
        let id = EventId(self.history.len() as i64 + 1);
        self.history.push(Event { id, kind });
        id
    }

    fn answered(&mut self, opened: EventId, answer: Answer) {
        self.record(EventKind::Answer { opened, answer });
    }

    pub(crate) fn signal(&mut self, name: &str) {
        self.record(Fact::Signaled(Box::new(Signaled {
            name: name.to_owned(),
            ..Signaled::default()
        })));
    }

    pub(crate) fn request_cancel(&mut self) {
        self.record(Fact::CancelRequested {
            reason: "enough".to_owned(),
        });
    }

    /// An update that comes with the next task, after all that history holds.
    pub(crate) fn update(&mut self, id: &str, name: &str) {
        self.update_after(id, name, self.history.len() as i64 + 1);
    }

    /// An update that comes with the next task and happens after the event `sequencing`.
    pub(crate) fn update_after(&mut self, id: &str, name: &str, sequencing: i64) {
        self.messages.push(UpdateMessage {
            message_id: format!("{id}/request"),
            protocol_instance: id.to_owned(),
            sequencing: EventId(sequencing),
            request: UpdateRequest {
                id: id.to_owned(),
                name: name.to_owned(),
                ..UpdateRequest::default()
            },
        });
    }

    /// An update that history holds before a worker sees it, as after a reset.
    pub(crate) fn admit(&mut self, id: &str, name: &str) {
        self.record(Fact::UpdateAdmitted(Box::new(UpdateRequest {
            id: id.to_owned(),
            name: name.to_owned(),
            ..UpdateRequest::default()
        })));
    }

    /// The oldest open timer runs out.
    pub(crate) fn fire(&mut self) {
        let (started, _) = self.timers.remove(0);
        self.answered(started, Answer::TimerFired);
    }

    /// The oldest open activity ends with a result.
    pub(crate) fn complete_activity(&mut self) {
        let scheduled = self.activities.remove(0);
        self.record(Fact::Ignored);
        let result = vec![Payload::json(b"2".to_vec())];
        self.answered(scheduled, Answer::ActivityCompleted { result });
    }

    /// The oldest open activity fails.
    pub(crate) fn fail_activity(&mut self, failure: FailureRecord) {
        let scheduled = self.activities.remove(0);
        let started = self.record(Fact::Ignored);
        let failed = ActivityFailed {
            started,
            identity: "worker".to_owned(),
            failure,
            retry_state: RetryState::MaximumAttemptsReached,
        };
        self.answered(scheduled, Answer::ActivityFailed(Box::new(failed)));
    }

    /// The oldest open activity stops as asked.
    pub(crate) fn cancel_activity(&mut self) {
        let scheduled = self.activities.remove(0);
        let canceled = ActivityCanceled {
            started: EventId(0),
            identity: String::new(),
            details: Vec::new(),
        };
        self.answered(scheduled, Answer::ActivityCanceled(Box::new(canceled)));
    }

    /// The oldest open child does something that does not end it.
    pub(crate) fn start_child(&mut self) {
        let initiated = self.children[0];
        let started = EventId(self.history.len() as i64 + 1);
        let run_id = format!("run-{initiated}");
        self.child_answers(initiated, ChildAnswer::Started { started, run_id });
    }

    /// The oldest open child ends.
    pub(crate) fn end_child(&mut self, how: ChildAnswer) {
        let initiated = self.children.remove(0);
        self.child_answers(initiated, how);
    }

    fn child_answers(&mut self, initiated: EventId, answer: ChildAnswer) {
        self.answered(initiated, Answer::Child(Box::new(answer)));
    }

    /// The oldest open signal to another workflow is delivered, or not.
    pub(crate) fn deliver_signal(&mut self, how: Result<(), ExternalFault>) {
        let initiated = self.signals.remove(0);
        self.answered(initiated, Answer::ExternalSignal(how));
    }

    /// The oldest open request to cancel another workflow is delivered, or not.
    pub(crate) fn deliver_cancel(&mut self, how: Result<(), ExternalFault>) {
        let initiated = self.cancels.remove(0);
        self.answered(initiated, Answer::ExternalCancel(how));
    }

    /// A worker takes a task: all of history.
    pub(crate) fn take_task(&mut self) -> Task {
        self.record(TaskEvent::Scheduled);
        self.start_task()
    }

    /// A worker takes the task that is already on the queue.
    pub(crate) fn start_task(&mut self) -> Task {
        let seconds = 1_000 + self.history.len() as u64;
        self.started = self.record(TaskEvent::Started(TaskStarted {
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            history_size: self.history.len() as u64 * 100,
            continue_as_new_suggested: false,
            continue_as_new_reasons: Default::default(),
            target_version_changed: false,
        }));
        self.sent.extend(self.messages.iter().cloned());
        Task {
            history: self.history.clone(),
            started: self.started,
            previous_started: self.previous_started,
            messages: std::mem::take(&mut self.messages),
            ..self.empty_task()
        }
    }

    /// A task that only asks: nothing of history, as for a worker that has the run cached.
    pub(crate) fn query(&self, name: &str) -> Task {
        Task {
            queries: Queries::Only(QueryRequest {
                name: name.to_owned(),
                ..QueryRequest::default()
            }),
            ..self.empty_task()
        }
    }

    /// All of history, to be replayed and nothing else.
    pub(crate) fn replay(&self) -> Task {
        Task {
            history: self.history.clone(),
            ..self.empty_task()
        }
    }

    /// The worker says that it cannot.
    pub(crate) fn task_failed(&mut self) {
        self.record(TaskEvent::Failed { reset_to_run: None });
    }

    /// Nothing is heard of the worker.
    pub(crate) fn task_timed_out(&mut self) {
        self.record(TaskEvent::TimedOut);
    }

    /// Forgets a task that only rejected updates; returns the task to go on after.
    pub(crate) fn drop_task(&mut self) -> EventId {
        self.history.truncate(self.history.len() - 2);
        self.previous_started
    }

    /// Takes the answer to a task.
    pub(crate) fn answer(&mut self, completion: &Completion) {
        let completion = task(completion);
        self.previous_started = self.started;
        let sdk = completion.sdk.clone();
        let sdk = (sdk != SdkMetadata::default()).then(|| Box::new(sdk));
        let version = self.version.clone().map(Box::new);
        self.record(TaskEvent::Completed { sdk, version });
        for command in &completion.commands {
            let message = match command {
                Command::ProtocolMessage { message_id } => {
                    completion.messages.iter().find(|it| it.id == *message_id)
                }
                _ => None,
            };
            match message {
                Some(message) => self.update_event(&message.body),
                None => self.command_event(command),
            }
        }
    }

    fn update_event(&mut self, body: &MessageBody) {
        match body {
            MessageBody::Accepted {
                message_id,
                sequencing,
            } => {
                let id = message_id.trim_end_matches("/request").to_owned();
                let sent = self.sent.iter().find(|it| it.message_id == *message_id);
                let request = sent.map(|it| it.request.clone());
                self.record(CommandEvent::UpdateAccepted(Box::new(UpdateAccepted {
                    id,
                    message_id: message_id.clone(),
                    sequencing: *sequencing,
                    request,
                })));
            }
            MessageBody::Completed { update_id, .. } => {
                let id = update_id.clone();
                self.record(CommandEvent::UpdateCompleted { id });
            }
            MessageBody::Rejected { .. } => {}
        }
    }

    fn command_event(&mut self, command: &Command) {
        let kind = match command {
            Command::StartTimer {
                timer_id, after, ..
            } => CommandEvent::TimerStarted {
                timer_id: timer_id.clone(),
                after: *after,
            },
            Command::CancelTimer { timer_id } => {
                let at = self.timers.iter().position(|(_, id)| id == timer_id);
                let (started, _) = self
                    .timers
                    .remove(at.expect("only open timers are cancelled"));
                CommandEvent::TimerCanceled { started }
            }
            Command::ScheduleActivity(it) => CommandEvent::ActivityScheduled(ActivityScheduled {
                activity_id: it.activity_id.clone().expect("ids are always given"),
                activity_type: it.activity_type.clone(),
            }),
            Command::CancelActivity { scheduled } => {
                assert!(self.activities.contains(scheduled), "it is still open");
                CommandEvent::ActivityCancelRequested {
                    scheduled: *scheduled,
                }
            }
            Command::StartChild(it) => CommandEvent::ChildInitiated(ChildInitiated {
                workflow_id: it.id.as_str().to_owned(),
                workflow_type: it.workflow_type.clone(),
            }),
            Command::SignalExternal(it) => {
                CommandEvent::ExternalSignalInitiated(Box::new(ExternalSignalInitiated {
                    workflow_id: it.target.workflow_id.clone(),
                    name: it.name.clone(),
                    child: it.target.child,
                }))
            }
            Command::CancelExternal(it) => CommandEvent::ExternalCancelInitiated {
                workflow_id: it.target.workflow_id.clone(),
                child: it.target.child,
            },
            Command::MarkLocalActivity { marked, .. } => {
                CommandEvent::LocalActivityMarked(marked.clone())
            }
            Command::MarkSideEffect { effect, .. } => {
                CommandEvent::SideEffectMarked(effect.clone())
            }
            Command::MarkPatch { id, deprecated } => CommandEvent::PatchMarked {
                id: id.clone(),
                deprecated: *deprecated,
            },
            Command::UpsertSearchAttributes { .. } => CommandEvent::SearchAttributesUpserted {
                only_change_version: false,
            },
            Command::UpsertMemo { .. } => CommandEvent::MemoUpserted,
            Command::UpsertPatches { .. } => CommandEvent::SearchAttributesUpserted {
                only_change_version: true,
            },
            Command::EndRun(end) => CommandEvent::RunEnded(end.ending()),
            other => panic!("the fixture does not know {other:?}"),
        };
        self.ended |= matches!(kind, CommandEvent::RunEnded(_));
        let id = self.record(kind);
        match command {
            Command::StartTimer { timer_id, .. } => self.timers.push((id, timer_id.clone())),
            Command::ScheduleActivity(_) => self.activities.push(id),
            Command::StartChild(_) => self.children.push(id),
            Command::SignalExternal(_) => self.signals.push(id),
            Command::CancelExternal(_) => self.cancels.push(id),
            _ => {}
        }
    }

    fn empty_task(&self) -> Task {
        Task {
            workflow_type: "Case".to_owned(),
            workflow_id: "case-1".to_owned(),
            run_id: "run-1".to_owned(),
            ..Task::default()
        }
    }
}

/// The same task as a worker gets that answered the one before.
pub(crate) fn sticky(task: &Task) -> Task {
    let mut task = task.clone();
    task.history
        .retain(|event| event.id > task.previous_started);
    task
}

fn run_started() -> RunStarted {
    RunStarted {
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000),
        workflow_type: "Case".to_owned(),
        workflow_id: "case-1".to_owned(),
        original_run_id: "run-1".to_owned(),
        first_run_id: "run-1".to_owned(),
        continued_from: String::new(),
        input: Vec::new(),
        header: Header::new(),
        attempt: 1,
        task_queue: "queue".to_owned(),
        execution_timeout: None,
        run_timeout: None,
        task_timeout: None,
        retry: None,
        cron: String::new(),
        parent: None,
        root: None,
        last_completion: Vec::new(),
        last_failure: None,
        memo: Header::from([("note".to_owned(), Payload::json(b"1".to_vec()))]),
        search_attributes: Header::new(),
        identity: String::new(),
        priority: Priority::default(),
    }
}
