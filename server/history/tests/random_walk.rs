//! Random inputs, good and stale ones, to a run that is restored after each, and to one that never
//! is: they do the same.

use std::time::Duration;

use durably_history::{
    ActivityRef, ActivitySelector, ActivityTaskKey, ActivityTaskToken, Attach, CancelActivity,
    ChildClosed, ChildEnd, CompleteActivity, Delivered, Effect, FailActivity, Heartbeat, Input,
    OptionsChange, OutgoingKey, OutgoingKind, PauseActivities, Reply, RequestCancel,
    ResetActivities, Run, Signal, Start, Terminate, Time, Transition, UnpauseActivities,
    UpdateActivityOptions, UpdateOptions, WorkflowTaskKey, WorkflowTaskToken,
};
use durably_proto::api::activity::v1::ActivityOptions;
use durably_proto::api::command::v1::Command;
use durably_proto::api::common::v1::{FastForwardConfig, TimeSkippingConfig, WorkflowExecution};
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::workflow::v1::WorkflowExecutionOptions;
use durably_proto::wkt::FieldMask;

use crate::case::{self, QUEUE, STICKY, Stored, assert_rebuilt, assert_same};
use crate::command::{self, payloads, seconds, update};
use crate::random::Random;

const WALKS: u64 = 24;
const STEPS: usize = 70;

#[test]
fn a_restored_run_does_what_the_run_would_have_done() {
    let mut closed = 0;
    let mut accepted = 0;
    let mut rebuilt = 0;
    for seed in 0..WALKS {
        let mut walk = Walk::start(seed);
        for _ in 0..STEPS {
            walk.step();
        }
        closed += usize::from(!walk.live.is_running());
        accepted += walk.accepted;
        rebuilt += walk.rebuilt;
    }
    // Most inputs do something, and some runs end early.
    assert!(accepted > STEPS * 8, "{accepted} inputs were accepted");
    // Often nothing is buffered, and the events say all.
    assert!(rebuilt > STEPS * 4, "{rebuilt} comparisons");
    assert!((1..20).contains(&closed), "{closed} runs closed");
}

fn time_skipping(random: &mut Random) -> TimeSkippingConfig {
    let enabled = random.once_in(2);
    let forwards = enabled && random.once_in(2);
    TimeSkippingConfig {
        enabled,
        fast_forward_config: forwards.then(|| FastForwardConfig {
            id: random.below(2).to_string(),
            duration: Some(seconds(random.below(15) as i64 + 1)),
        }),
        disable_propagation: random.once_in(2),
        max_session_skip_count: random.below(4) as i32 + 1,
    }
}

/// The two runs, and what a driver knows about them.
struct Walk {
    random: Random,
    now: Time,
    live: Run,
    restored: Run,
    stored: Stored,
    offered: Vec<WorkflowTaskKey>,
    tokens: Vec<WorkflowTaskToken>,
    activities: Vec<ActivityTaskKey>,
    started: Vec<ActivityTaskToken>,
    /// Messages to other executions, delivered or not.
    messages: Vec<OutgoingKey>,
    accepted: usize,
    /// How often the run was compared with the one that is rebuilt from its events.
    rebuilt: usize,
}

impl Walk {
    fn start(seed: u64) -> Self {
        let mut random = Random(seed);
        let request = durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest {
            workflow_id: "walk".to_owned(),
            workflow_type: Some(command::workflow_type("Walk")),
            task_queue: Some(command::queue(QUEUE)),
            workflow_run_timeout: random.once_in(3).then(|| seconds(60)),
            workflow_start_delay: random.once_in(4).then(|| seconds(5)),
            retry_policy: random.once_in(3).then(|| command::attempts(2)),
            time_skipping_config: random.once_in(3).then(|| time_skipping(&mut random)),
            ..Default::default()
        };
        let start = Start::from_request(request, "run".into(), seed).expect("a good request");
        let now = Time::from_unix_nanos(1_000_000_000_000_000_000);
        let (mut live, transition) = Run::start(start, now);
        let mut stored = Stored::default();
        stored.apply(live.take_changes());
        let restored = stored.restore().expect("all is stored");
        let mut walk = Self {
            random,
            now,
            live,
            restored,
            stored,
            offered: Vec::new(),
            tokens: Vec::new(),
            activities: Vec::new(),
            started: Vec::new(),
            messages: Vec::new(),
            accepted: 0,
            rebuilt: 0,
        };
        walk.drive(transition);
        walk
    }

    fn step(&mut self) {
        let input = self.input();
        let live = self.live.apply(input.clone(), self.now);
        let restored = self.restored.apply(input, self.now);
        assert_same(&live, &restored);
        assert_same(&self.live, &self.restored);
        self.live.take_changes();
        self.stored.apply(self.restored.take_changes());
        self.restored = self.stored.restore().expect("all is stored");
        assert_same(&self.live, &self.restored);
        self.rebuilt += usize::from(assert_rebuilt(&self.restored));
        if let Ok(transition) = live {
            self.accepted += 1;
            self.drive(transition);
        }
    }

    fn drive(&mut self, transition: Transition) {
        for effect in transition.effects {
            match effect {
                Effect::DispatchWorkflowTask { task_key, .. } => self.offered.push(task_key),
                Effect::DispatchActivity { task_key, .. } => self.activities.push(task_key),
                Effect::Deliver(key) => self.messages.push(key),
                _ => {}
            }
        }
        match transition.reply {
            Reply::WorkflowTask(task) => self.tokens.push(task.token),
            Reply::WorkflowTaskCompleted(completed) => {
                self.tokens.extend(completed.next.map(|task| task.token));
                let eager = completed.activities.into_iter();
                self.started.extend(eager.map(|activity| activity.token));
            }
            Reply::Activity(activity) => self.started.push(activity.token),
            _ => {}
        }
    }

    /// An input, or time that passes until the next deadline.
    fn input(&mut self) -> Input {
        loop {
            let input = match self.random.below(21) {
                19..=20 => Some(self.operation()),
                0..=4 => self.workflow_task(),
                5..=8 => self.activity(),
                9..=10 => self.deadline(),
                11..=13 => self.delivered(),
                _ => Some(self.request()),
            };
            if let Some(input) = input {
                return input;
            }
        }
    }

    /// Polls a task or completes it, newer ones rather than older ones.
    fn workflow_task(&mut self) -> Option<Input> {
        if self.random.once_in(2) {
            let place = self.recent(self.offered.len())?;
            let queue = *self.one_of(&[QUEUE, STICKY]);
            return Some(case::poll(self.offered[place], queue));
        }
        let place = self.recent(self.tokens.len())?;
        let token = self.tokens[place];
        if self.random.once_in(8) {
            return Some(Input::FailWorkflowTask(Box::new(
                durably_history::FailWorkflowTask {
                    token,
                    cause: Default::default(),
                    failure: Some(command::failure("task", "Boom")),
                    identity: "worker".to_owned(),
                    binary_checksum: String::new(),
                },
            )));
        }
        let (commands, messages) = self.answer();
        let (is_sticky, returns_new, forces_new) = (
            self.random.once_in(2),
            self.random.once_in(3),
            self.random.once_in(6),
        );
        Some(case::completion(token, commands, messages, |response| {
            if is_sticky {
                case::sticky(response);
            }
            response.return_new_workflow_task = returns_new;
            response.force_create_new_workflow_task = forces_new;
        }))
    }

    fn answer(&mut self) -> (Vec<Command>, Vec<Message>) {
        let mut commands = Vec::new();
        let mut messages = Vec::new();
        for _ in 0..self.random.below(3) {
            let id = self.random.below(4).to_string();
            match self.random.below(11) {
                7..=8 => commands.push(self.start_child(&id)),
                9 => commands.push(command::signal_external(&id)),
                10 => commands.push(command::cancel_external(&id)),
                0..=1 => {
                    commands.push(command::start_timer(&id, self.random.below(20) as i64));
                }
                2 => commands.push(command::cancel_timer(&id)),
                3..=4 => commands.push(self.schedule_activity(&id)),
                5 => {
                    let event = self.random.below(self.live.events().len()) + 1;
                    commands.push(command::cancel_activity(event as i64));
                }
                _ => {
                    let message = match self.random.below(3) {
                        0 => command::accept(&id),
                        1 => command::respond(&id, "result"),
                        _ => command::reject(&id),
                    };
                    commands.push(command::protocol(&message.id));
                    messages.push(message);
                }
            }
        }
        if self.random.once_in(12) {
            commands.push(match self.random.below(4) {
                0 => command::complete("done"),
                1 => command::fail(command::failure("no", "No")),
                2 => command::cancel_workflow(),
                _ => command::continue_as_new(|_| {}),
            });
        }
        (commands, messages)
    }

    fn schedule_activity(&mut self, id: &str) -> Command {
        let random = &mut self.random;
        command::schedule_activity_with(id, |activity| {
            activity.request_eager_execution = random.once_in(4);
            activity.heartbeat_timeout = random.once_in(2).then(|| seconds(3));
            activity.schedule_to_start_timeout = random.once_in(4).then(|| seconds(8));
            activity.schedule_to_close_timeout = random.once_in(3).then(|| seconds(25));
            activity.retry_policy = random.once_in(2).then(|| command::attempts(3));
        })
    }

    fn start_child(&mut self, id: &str) -> Command {
        let policy = *self.one_of(&[1, 2, 3]);
        command::start_child_with(id, |child| child.parent_close_policy = policy)
    }

    /// The answer to a message, or the end of a child.
    fn delivered(&mut self) -> Option<Input> {
        let place = self.recent(self.messages.len())?;
        let key = self.messages[place];
        let initiated = key.event;
        let succeeds = self.random.once_in(2);
        if key.kind == OutgoingKind::BeginChild && succeeds {
            let child = WorkflowExecution {
                workflow_id: self.random.below(4).to_string(),
                run_id: "child".to_owned(),
            };
            return Some(Input::ChildClosed(Box::new(ChildClosed {
                initiated,
                child,
                first_run_id: "child".into(),
                end: ChildEnd::Completed(None),
            })));
        }
        let delivered = match key.kind {
            OutgoingKind::StartChild if succeeds => Delivered::ChildStarted {
                initiated,
                run_id: "child".into(),
            },
            OutgoingKind::StartChild => Delivered::StartChildFailed {
                initiated,
                cause: Default::default(),
            },
            OutgoingKind::Signal if succeeds => Delivered::Signaled { initiated },
            OutgoingKind::Signal => Delivered::SignalFailed {
                initiated,
                cause: Default::default(),
            },
            OutgoingKind::RequestCancel if succeeds => Delivered::CancelRequested { initiated },
            OutgoingKind::RequestCancel => Delivered::RequestCancelFailed {
                initiated,
                cause: Default::default(),
            },
            OutgoingKind::BeginChild | OutgoingKind::ClosePolicy | OutgoingKind::ReportClose => {
                Delivered::Done(key)
            }
        };
        Some(Input::Delivered(delivered))
    }

    fn activity(&mut self) -> Option<Input> {
        if self.random.once_in(2) {
            let place = self.recent(self.activities.len())?;
            return Some(case::poll_activity(self.activities[place]));
        }
        let place = self.recent(self.started.len())?;
        let activity = match self.random.once_in(4) {
            true => ActivityRef::Id(self.random.below(4).to_string().into()),
            false => ActivityRef::Token(self.started[place]),
        };
        let details = Some(payloads("details"));
        let identity = "worker".to_owned();
        Some(match self.random.below(5) {
            0..=1 => Input::Heartbeat(Heartbeat {
                activity,
                details,
                identity,
            }),
            2 => Input::CompleteActivity(CompleteActivity {
                activity,
                result: details,
                identity,
                worker_version: None,
            }),
            3 => Input::FailActivity(Box::new(FailActivity {
                activity,
                failure: Some(command::failure("no", "No")),
                last_heartbeat_details: self.random.once_in(2).then_some(details).flatten(),
                identity,
                worker_version: None,
            })),
            _ => Input::CancelActivity(CancelActivity {
                activity,
                details,
                identity,
                worker_version: None,
            }),
        })
    }

    /// What an operator does to activities.
    fn operation(&mut self) -> Input {
        let selected = match self.random.below(4) {
            0 => ActivitySelector::All,
            1 => ActivitySelector::Type("Fetch".to_owned()),
            _ => ActivitySelector::Id(self.random.below(4).to_string().into()),
        };
        let jitter = Duration::from_secs(self.random.below(3) as u64);
        let mut flag = || self.random.once_in(2);
        let (first, second, third) = (flag(), flag(), flag());
        match self.random.below(6) {
            5 => Input::UpdateOptions(Box::new(UpdateOptions {
                options: WorkflowExecutionOptions {
                    time_skipping_config: first.then(|| time_skipping(&mut self.random)),
                    ..Default::default()
                },
                mask: FieldMask {
                    paths: vec!["time_skipping_config".to_owned()],
                },
                identity: "operator".to_owned(),
            })),
            0..=1 => Input::PauseActivities(PauseActivities {
                selected,
                identity: "operator".to_owned(),
                reason: "random".to_owned(),
                request_id: self.random.below(2).to_string().into(),
            }),
            2 => Input::UnpauseActivities(UnpauseActivities {
                selected,
                reset_attempts: first,
                reset_heartbeat: second,
                jitter,
            }),
            3 => Input::ResetActivities(ResetActivities {
                selected,
                reset_heartbeat: first,
                keep_paused: second,
                restore_options: third,
                jitter,
            }),
            _ => {
                let options = ActivityOptions {
                    heartbeat_timeout: Some(seconds(self.random.below(5) as i64)),
                    schedule_to_close_timeout: Some(seconds(self.random.below(40) as i64)),
                    ..Default::default()
                };
                let mask = FieldMask {
                    paths: vec![
                        "heartbeat_timeout".to_owned(),
                        "schedule_to_close_timeout".to_owned(),
                    ],
                };
                let change = match first {
                    true => OptionsChange::Restore,
                    false => OptionsChange::Replace {
                        options: Some(Box::new(options)),
                        mask: Some(mask),
                    },
                };
                Input::UpdateActivityOptions(Box::new(UpdateActivityOptions { selected, change }))
            }
        }
    }

    /// Lets time pass: until the next deadline, or to a time before it.
    fn deadline(&mut self) -> Option<Input> {
        let (at, deadline) = self.live.next_deadline()?;
        let left = at.since(self.now);
        if self.random.once_in(3) {
            self.now = self.now + left / 2;
        } else {
            self.now = self.now + left;
        }
        Some(Input::Due(deadline))
    }

    fn request(&mut self) -> Input {
        self.now = self.now + Duration::from_millis(self.random.below(1500) as u64);
        let id = self.random.below(6).to_string();
        let signal = Signal {
            request_id: id.as_str().into(),
            ..case::signal("go")
        };
        match self.random.below(14) {
            0..=3 => Input::Signal(signal),
            4 => Input::Signal(case::signal("go")),
            5 => Input::SignalWithStart(signal),
            6..=9 => Input::Update(update(&id)),
            10 => Input::Attach(Attach {
                request_id: Some(id.into()),
                ..Attach::default()
            }),
            11 => Input::ResetStickiness,
            12 => Input::RequestCancel(RequestCancel::default()),
            _ if self.random.once_in(6) => match self.random.once_in(2) {
                true => Input::Delete,
                false => Input::Terminate(Terminate::default()),
            },
            _ => Input::RepeatEagerStart,
        }
    }

    /// A place among the last few of a list.
    fn recent(&mut self, len: usize) -> Option<usize> {
        len.checked_sub(1 + self.random.below(len.clamp(1, 3)))
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.random.below(all.len())]
    }
}
