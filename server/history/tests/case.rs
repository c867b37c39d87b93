//! The fixture: one run, a clock that only tests move, and the driver's part played by hand.
//!
//! A test says what happens in domain words and compares the history as text, one line an event.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use durably_history::{
    ActivityRef, ActivityTaskKey, Changes, CompleteActivity, CompleteWorkflowTask,
    CompletedWorkflowTask, Corrupted, Deadline, Effect, EventBatch, EventId, EventLog,
    FailActivity, FailWorkflowTask, Heartbeat, HeartbeatReply, Input, OutgoingKey, PartKey,
    Reapply, Rejection, Reply, RequestId, Reset, Run, RunId, RunNamespace, Signal, Start,
    StartActivity, StartWorkflowTask, StartedActivity, StartedWorkflowTask, TaskQueue, Time,
    Transition, WorkflowTaskKey, WorkflowTaskToken,
};
use durably_proto::api::command::v1::Command;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause;
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::taskqueue::v1::{StickyExecutionAttributes, TaskQueue as TaskQueueMessage};
use durably_proto::api::workflowservice::v1::{
    RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest,
};

use crate::{command, text};

pub const QUEUE: &str = "queue";
pub const STICKY: &str = "sticky";

/// One run and what its driver knows about it.
pub struct Case {
    pub run: Run,
    pub now: Time,
    pub offered: Vec<(WorkflowTaskKey, TaskQueue)>,
    pub activities: Vec<ActivityTaskKey>,
    pub next: Option<Start>,
    /// Messages to other executions, as they were named.
    pub messages: Vec<OutgoingKey>,
    pub effects: Vec<Effect>,
    pub stored: Stored,
    /// What the last input changed.
    pub changes: Changes,
    commits: usize,
    shown: usize,
}

/// What a store keeps of a run.
#[derive(Clone, Default)]
pub struct Stored {
    pub parts: BTreeMap<PartKey, Vec<u8>>,
    pub events: Vec<EventBatch>,
}

impl Case {
    /// A run of type `Greeting` with no options.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A run of a start request.
    pub fn start_with(change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Self {
        let mut request = StartWorkflowExecutionRequest {
            workflow_id: "greeting".to_owned(),
            workflow_type: Some(command::workflow_type("Greeting")),
            task_queue: Some(command::queue(QUEUE)),
            identity: "client".to_owned(),
            request_id: "start".to_owned(),
            ..Default::default()
        };
        change(&mut request);
        let start = Start::from_request(request, RunId::from("run-1"), 7).expect("a good request");
        Self::run(start, Time::from_unix_nanos(1_000_000_000_000_000_000))
    }

    /// A run, started.
    pub fn run(start: Start, now: Time) -> Self {
        let (run, transition) = Run::start(start, now);
        Self::started(run, &transition, now)
    }

    /// The run that a reset to this event starts.
    pub fn reset(&self, point: i64) -> Result<Self, Rejection> {
        let reset = Reset {
            point: EventId(point),
            run_id: RunId::from("run-2"),
            seed: 8,
            request_id: RequestId::from("reset"),
            reason: "test".to_owned(),
            reapply: Reapply {
                signals: true,
                updates: true,
                options: true,
                children: true,
            },
            namespace: namespace().name,
        };
        let mut reset_run = self.run.reset(reset, self.now)?;
        reset_run.reapply(&self.run, EventId(point));
        let (run, transition) = reset_run.start();
        Ok(Self::started(run, &transition, self.now))
    }

    fn started(run: Run, transition: &Transition, now: Time) -> Self {
        let mut case = Self {
            run,
            now,
            offered: Vec::new(),
            activities: Vec::new(),
            next: None,
            messages: Vec::new(),
            effects: Vec::new(),
            stored: Stored::default(),
            changes: Changes::default(),
            commits: 0,
            shown: 0,
        };
        case.commit();
        case.drive(transition);
        case
    }

    /// The run after this one, started where this one ended.
    pub fn next_run(&mut self) -> Self {
        Self::run(self.next.take().expect("a next run"), self.now)
    }

    pub fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// Applies an input at the current time and does what the driver does.
    pub fn apply(&mut self, input: Input) -> Result<Reply, Rejection> {
        let length = self.run.events().len();
        let before = self.is_checked().then(|| self.events());
        let result = self.run.apply(input, self.now);
        if let Some(before) = before {
            assert_eq!(self.events()[..length], before[..], "history only grows");
        }
        let rest = length..self.run.events().len();
        match result {
            Ok(transition) => {
                assert_eq!(transition.events, rest);
                self.commit();
                self.drive(&transition);
                Ok(transition.reply)
            }
            Err(rejection) => {
                let changes = self.run.take_changes();
                assert!(rest.is_empty(), "a refused input changes nothing");
                assert_eq!(changes.parts, [], "a refused input changes nothing");
                assert_eq!(changes.events, None, "a refused input changes nothing");
                Err(rejection)
            }
        }
    }

    pub fn ok(&mut self, input: Input) -> Reply {
        self.apply(input).expect("an input that is accepted")
    }

    /// Stores what changed, and goes on with the run that is restored from all that is stored.
    fn commit(&mut self) {
        self.changes = self.run.take_changes();
        self.stored.apply(self.changes.clone());
        self.commits += 1;
        if self.is_checked() {
            let restored = self.stored.restore().expect("the store loses nothing");
            assert_same(&restored, &self.run);
            assert_rebuilt(&restored);
            self.run = restored;
        }
    }

    /// Whether the whole run is looked at after this input; to do so again and again takes long.
    fn is_checked(&self) -> bool {
        self.commits < MANY_COMMITS || self.commits.is_multiple_of(MANY_COMMITS)
    }

    fn drive(&mut self, transition: &Transition) {
        self.effects.clone_from(&transition.effects);
        for effect in &transition.effects {
            match effect {
                Effect::DispatchWorkflowTask {
                    task_key, queue, ..
                } => self.offered.push((*task_key, queue.clone())),
                Effect::DispatchActivity { task_key, .. } => self.activities.push(*task_key),
                Effect::StartNext(start) => self.next = Some((**start).clone()),
                Effect::Deliver(key) => self.messages.push(*key),
                Effect::Closed(_)
                | Effect::Remove
                | Effect::TimeSkippingChanged
                | Effect::UpdateReached(_)
                | Effect::VisibilityChanged => {}
            }
        }
    }

    /// Lets time pass until the next deadline and rings it.
    pub fn ring(&mut self) -> Deadline {
        let (at, deadline) = self.run.next_deadline().expect("a deadline");
        self.now = self.now.max(at);
        self.ok(Input::Due(deadline.clone()));
        deadline
    }

    /// The deadline that is due first.
    pub fn deadline(&self) -> Option<Deadline> {
        self.run.next_deadline().map(|(_, deadline)| deadline)
    }

    /// Lets time pass until this deadline and rings it, after all that come before.
    pub fn ring_until(&mut self, wanted: &Deadline) {
        while self.ring() != *wanted {}
    }

    /// A worker polls the queue that the last task was offered to.
    pub fn poll(&mut self) -> StartedWorkflowTask {
        let (_, queue) = self.offered.last().expect("an offered task");
        let queue = queue.name().to_owned();
        self.poll_on(&queue)
    }

    pub fn poll_on(&mut self, queue: &str) -> StartedWorkflowTask {
        let (task_key, _) = self.offered.pop().expect("an offered task");
        match self.ok(poll(task_key, queue)) {
            Reply::WorkflowTask(task) => *task,
            other => panic!("a started task, not {other:?}"),
        }
    }

    /// A worker without a cache completes the task.
    pub fn complete(
        &mut self,
        task: &StartedWorkflowTask,
        commands: Vec<Command>,
    ) -> CompletedWorkflowTask {
        completed(self.ok(completion(task.token, commands, Vec::new(), |_| {})))
    }

    /// A worker with a cache completes the task.
    pub fn complete_sticky(
        &mut self,
        task: &StartedWorkflowTask,
        commands: Vec<Command>,
    ) -> CompletedWorkflowTask {
        completed(self.ok(completion(task.token, commands, Vec::new(), sticky)))
    }

    /// A worker with a cache answers updates.
    pub fn answer(
        &mut self,
        task: &StartedWorkflowTask,
        commands: Vec<Command>,
        messages: Vec<Message>,
    ) -> CompletedWorkflowTask {
        completed(self.ok(completion(task.token, commands, messages, sticky)))
    }

    /// Polls and completes in one go.
    pub fn work(&mut self, commands: Vec<Command>) {
        let task = self.poll();
        self.complete(&task, commands);
    }

    /// Polls and completes in one go, and keeps the run cached.
    pub fn work_sticky(&mut self, commands: Vec<Command>) {
        let task = self.poll();
        self.complete_sticky(&task, commands);
    }

    pub fn fail_task(&mut self, task: &StartedWorkflowTask) {
        self.ok(Input::FailWorkflowTask(Box::new(FailWorkflowTask {
            token: task.token,
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
            failure: Some(command::failure("task", "Boom")),
            identity: "worker".to_owned(),
            binary_checksum: String::new(),
        })));
    }

    pub fn signal(&mut self, name: &str) {
        self.ok(Input::Signal(signal(name)));
    }

    /// A worker takes the activity attempt that was offered last.
    pub fn start_activity(&mut self) -> StartedActivity {
        let task_key = self.activities.pop().expect("an offered activity");
        match self.ok(poll_activity(task_key)) {
            Reply::Activity(activity) => *activity,
            other => panic!("a started activity, not {other:?}"),
        }
    }

    pub fn complete_activity(&mut self, activity: &StartedActivity) {
        self.ok(Input::CompleteActivity(CompleteActivity {
            activity: ActivityRef::Token(activity.token),
            result: Some(command::payloads("done")),
            identity: "worker".to_owned(),
            worker_version: None,
        }));
    }

    pub fn fail_activity(&mut self, activity: &StartedActivity, failure: Failure) {
        self.ok(Input::FailActivity(Box::new(FailActivity {
            activity: ActivityRef::Token(activity.token),
            failure: Some(failure),
            last_heartbeat_details: None,
            identity: "worker".to_owned(),
            worker_version: None,
        })));
    }

    /// What the activity learns.
    pub fn heartbeat(&mut self, activity: &StartedActivity, details: &str) -> HeartbeatReply {
        match self.ok(Input::Heartbeat(Heartbeat {
            activity: ActivityRef::Token(activity.token),
            details: Some(command::payloads(details)),
            identity: "worker".to_owned(),
        })) {
            Reply::Heartbeat(reply) => reply,
            other => panic!("a heartbeat's answer, not {other:?}"),
        }
    }

    /// Compares the events since the last comparison, and that there are no others.
    #[track_caller]
    pub fn expect(&mut self, lines: &[&str]) {
        let events = &self.events()[self.shown..];
        let found: Vec<String> = events.iter().map(text::line).collect();
        assert_eq!(found, lines, "\nfound:\n{}\n", found.join("\n"));
        self.shown = self.run.events().len();
    }

    /// Skips the events so far in comparisons.
    pub fn skip(&mut self) {
        self.shown = self.run.events().len();
    }

    pub fn last(&self) -> HistoryEvent {
        self.run.events().last().expect("a history")
    }

    /// The whole history.
    pub fn events(&self) -> Vec<HistoryEvent> {
        let log = self.run.events();
        log.events(0..log.len()).collect()
    }
}

const MANY_COMMITS: usize = 100;

impl Stored {
    pub fn apply(&mut self, changes: Changes) {
        for part in changes.parts {
            match part.value {
                Some(value) => self.parts.insert(part.key, value),
                None => Some(self.parts.remove(&part.key).expect("a stored part")),
            };
        }
        self.events.extend(changes.events);
    }

    pub fn restore(&self) -> Result<Run, Corrupted> {
        Run::restore(
            self.parts.clone(),
            EventLog::from_batches(self.events.clone())?,
        )
    }
}

/// Compares all that is in two values, whatever the order, because the maps of the platform's
/// messages have none.
#[track_caller]
pub fn assert_same(left: &impl Debug, right: &impl Debug) {
    let lines = |value: &dyn Debug| {
        let mut lines: Vec<_> = format!("{value:#?}").lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let (left, right) = (lines(left), lines(right));
    if left != right {
        let without = |lines: &[String], others: &[String]| {
            let lines = lines.iter().filter(|line| !others.contains(line));
            lines.cloned().collect::<Vec<_>>().join("\n")
        };
        let (only_left, only_right) = (without(&left, &right), without(&right, &left));
        panic!("only left:\n{only_left}\nonly right:\n{only_right}");
    }
}

/// Compares a run with the run that is rebuilt from its events; returns whether the events say all.
#[track_caller]
pub fn assert_rebuilt(run: &Run) -> bool {
    let Some(recorded) = run.recorded_facts() else {
        return false;
    };
    let last = EventId(run.next_event_id().0 - 1);
    let rebuilt = run.rebuilt(last, namespace().name, 7);
    assert_same(
        &recorded,
        &rebuilt.recorded_facts().expect("nothing is buffered"),
    );
    true
}

pub fn poll(task_key: WorkflowTaskKey, queue: &str) -> Input {
    Input::StartWorkflowTask(StartWorkflowTask {
        task_key,
        request_id: RequestId::from("poll"),
        queue: Arc::from(queue),
        identity: "worker".to_owned(),
        worker_version: None,
        polled_by: Default::default(),
    })
}

pub fn poll_activity(task_key: ActivityTaskKey) -> Input {
    Input::StartActivity(StartActivity {
        task_key,
        request_id: RequestId::from("poll"),
        identity: "worker".to_owned(),
        worker_version: None,
        polled_by: Default::default(),
    })
}

pub fn signal(name: &str) -> Signal {
    Signal {
        name: name.to_owned(),
        identity: "client".to_owned(),
        ..Default::default()
    }
}

pub fn completion(
    token: WorkflowTaskToken,
    commands: Vec<Command>,
    messages: Vec<Message>,
    change: impl FnOnce(&mut RespondWorkflowTaskCompletedRequest),
) -> Input {
    let mut response = RespondWorkflowTaskCompletedRequest {
        identity: "worker".to_owned(),
        commands,
        messages,
        ..Default::default()
    };
    change(&mut response);
    Input::CompleteWorkflowTask(Box::new(CompleteWorkflowTask {
        token,
        response,
        namespace: namespace(),
        refused: None,
        leaves_version: false,
    }))
}

pub fn namespace() -> RunNamespace {
    RunNamespace {
        name: "home".into(),
        id: "home-id".into(),
    }
}

/// The worker keeps the run in its cache for ten seconds.
pub fn sticky(response: &mut RespondWorkflowTaskCompletedRequest) {
    response.sticky_attributes = Some(StickyExecutionAttributes {
        worker_task_queue: Some(TaskQueueMessage {
            name: STICKY.to_owned(),
            ..Default::default()
        }),
        schedule_to_start_timeout: Some(command::seconds(10)),
    });
}

pub fn completed(reply: Reply) -> CompletedWorkflowTask {
    match reply {
        Reply::WorkflowTaskCompleted(completed) => *completed,
        other => panic!("a completed task, not {other:?}"),
    }
}
