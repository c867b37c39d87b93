//! Inputs to a restored run: what clients, workers and deadlines could do next, and stale ones.

use std::sync::Arc;
use std::time::Duration;

use durably_history::{
    ActivityRef, ActivityTaskKey, ActivityTaskToken, Attach, CancelActivity, CompleteActivity,
    CompleteWorkflowTask, Deadline, Delivered, Effect, EndForReset, EventId, FailActivity,
    FailWorkflowTask, Heartbeat, Input, OutgoingKey, OutgoingKind, Reply, RequestCancel, Run,
    RunNamespace, Signal, Stamp, StartActivity, StartWorkflowTask, Terminate, Time, Transition,
    WorkflowTaskKey, WorkflowTaskToken,
};
use durably_proto::api::taskqueue::v1::StickyExecutionAttributes;
use durably_proto::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest;

use crate::choices::Choices;
use crate::command;
use crate::commands::{commands, event, id};

/// What a worker knows of the run.
pub(super) struct Worker {
    offered: Vec<WorkflowTaskKey>,
    tokens: Vec<WorkflowTaskToken>,
    activities: Vec<ActivityTaskKey>,
    started: Vec<ActivityTaskToken>,
    messages: Vec<OutgoingKey>,
}

impl Worker {
    /// A worker that gets the tasks of a restored run.
    pub(super) fn new(run: &Run) -> Self {
        let mut worker = Self {
            offered: Vec::new(),
            // The started task of the stored run, and its attempts.
            tokens: vec![WorkflowTaskToken {
                scheduled: EventId(17),
                started: EventId(18),
                attempt: 1,
                stamp: Stamp(3),
            }],
            activities: Vec::new(),
            started: (7..10)
                .map(|event| ActivityTaskToken {
                    scheduled: EventId(event),
                    attempt: 1,
                })
                .collect(),
            messages: Vec::new(),
        };
        worker.take(run.pending_tasks());
        worker
    }

    pub(super) fn drive(&mut self, transition: Transition) {
        self.take(transition.effects);
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

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::DispatchWorkflowTask { task_key, .. } => self.offered.push(task_key),
                Effect::DispatchActivity { task_key, .. } => self.activities.push(task_key),
                Effect::Deliver(key) => self.messages.push(key),
                _ => {}
            }
        }
    }

    /// The next input; time may pass first.
    pub(super) fn input(&self, choices: &mut Choices<'_>, run: &Run, now: &mut Time) -> Input {
        let deadline = run.next_deadline();
        match choices.below(16) {
            0 | 1 => poll(self.task_key(choices), choices),
            2..=4 => self.response(choices),
            5 => Input::StartActivity(StartActivity {
                task_key: self.activity_key(choices),
                request_id: choices.one_of(&["poll", "other"]).into(),
                identity: "worker".to_owned(),
                worker_version: None,
                polled_by: Default::default(),
            }),
            6 | 7 => self.report(choices),
            8 | 9 => {
                let (at, deadline) = deadline.unwrap_or((*now, Deadline::Run));
                if !choices.once_in(4) {
                    *now = (*now).max(at);
                }
                Input::Due(match choices.once_in(4) {
                    true => any_deadline(choices),
                    false => deadline,
                })
            }
            14 | 15 => self.delivered(choices),
            10 => {
                *now = *now + Duration::from_nanos(choices.any::<u32>().into());
                request(choices)
            }
            _ => request(choices),
        }
    }

    fn task_key(&self, choices: &mut Choices<'_>) -> WorkflowTaskKey {
        match self.offered.last() {
            Some(task_key) if !choices.once_in(4) => *task_key,
            _ => WorkflowTaskKey {
                scheduled: event(choices),
                stamp: Stamp(choices.below(8) as u64),
            },
        }
    }

    fn activity_key(&self, choices: &mut Choices<'_>) -> ActivityTaskKey {
        match self.activities.len() {
            0 => attempt_key(choices),
            _ if choices.once_in(4) => attempt_key(choices),
            _ => choices.one_of(&self.activities),
        }
    }

    fn response(&self, choices: &mut Choices<'_>) -> Input {
        let token = match choices.once_in(4) {
            true => choices.one_of(&self.tokens),
            false => *self.tokens.last().expect("there is the first one"),
        };
        if choices.once_in(8) {
            return Input::FailWorkflowTask(Box::new(FailWorkflowTask {
                token,
                cause: Default::default(),
                failure: Some(command::failure("task", "Boom")),
                identity: "worker".to_owned(),
                binary_checksum: String::new(),
            }));
        }
        let (commands, messages) = commands(choices);
        Input::CompleteWorkflowTask(Box::new(CompleteWorkflowTask {
            leaves_version: false,
            token,
            response: RespondWorkflowTaskCompletedRequest {
                identity: "worker".to_owned(),
                commands,
                messages,
                sticky_attributes: choices.once_in(2).then(|| StickyExecutionAttributes {
                    worker_task_queue: Some(command::queue("sticky")),
                    schedule_to_start_timeout: Some(command::seconds(choices.number())),
                }),
                return_new_workflow_task: choices.once_in(2),
                force_create_new_workflow_task: choices.once_in(4),
                ..Default::default()
            },
            namespace: RunNamespace::default(),
            refused: None,
        }))
    }

    /// The answer to a message to another execution.
    fn delivered(&self, choices: &mut Choices<'_>) -> Input {
        let key = match self.messages.last() {
            Some(key) if !choices.once_in(4) => *key,
            _ => OutgoingKey {
                event: event(choices),
                kind: OutgoingKind::StartChild,
            },
        };
        let initiated = key.event;
        let succeeds = choices.once_in(2);
        Input::Delivered(match key.kind {
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
        })
    }

    fn report(&self, choices: &mut Choices<'_>) -> Input {
        let activity = match choices.below(4) {
            0 => ActivityRef::Id(id(choices).as_str().into()),
            1 => ActivityRef::Token(attempt(choices)),
            _ => ActivityRef::Token(choices.one_of(&self.started)),
        };
        let details = Some(command::payloads("details"));
        let identity = "worker".to_owned();
        match choices.below(4) {
            0 => Input::Heartbeat(Heartbeat {
                activity,
                details,
                identity,
            }),
            1 => Input::CompleteActivity(CompleteActivity {
                activity,
                result: details,
                identity,
                worker_version: None,
            }),
            2 => Input::FailActivity(Box::new(FailActivity {
                activity,
                failure: Some(command::failure("no", "No")),
                last_heartbeat_details: details,
                identity,
                worker_version: None,
            })),
            _ => Input::CancelActivity(CancelActivity {
                activity,
                details,
                identity,
                worker_version: None,
            }),
        }
    }
}

fn poll(task_key: WorkflowTaskKey, choices: &mut Choices<'_>) -> Input {
    Input::StartWorkflowTask(StartWorkflowTask {
        task_key,
        request_id: choices.one_of(&["poll", "other"]).into(),
        queue: Arc::from(choices.one_of(&["queue", "sticky", ""])),
        identity: "worker".to_owned(),
        worker_version: None,
        polled_by: Default::default(),
    })
}

fn request(choices: &mut Choices<'_>) -> Input {
    let id = id(choices);
    let signal = Signal {
        request_id: choices.one_of(&["", "request", "start", "1"]).into(),
        name: "go".to_owned(),
        ..Signal::default()
    };
    match choices.below(10) {
        0 | 1 => Input::Signal(signal),
        2 => Input::SignalWithStart(signal),
        3..=5 => Input::Update(command::update(&id)),
        6 => Input::Attach(Attach {
            request_id: Some(id.as_str().into()),
            ..Attach::default()
        }),
        7 => Input::ResetStickiness,
        8 => Input::RequestCancel(RequestCancel::default()),
        _ if choices.once_in(6) => match choices.once_in(2) {
            true => Input::EndForReset(EndForReset {
                reason: "again".to_owned(),
                reset_run: choices.once_in(2).then(|| "next".into()),
            }),
            false => Input::Terminate(Terminate::default()),
        },
        _ => Input::RepeatEagerStart,
    }
}

fn any_deadline(choices: &mut Choices<'_>) -> Deadline {
    match choices.below(6) {
        0 => Deadline::FirstWorkflowTask,
        1 => Deadline::WorkflowTask(Stamp(choices.below(8) as u64)),
        2 => Deadline::Timer(id(choices).as_str().into()),
        3 => Deadline::Activity(event(choices)),
        4 => Deadline::FastForward,
        _ => Deadline::Run,
    }
}

fn attempt_key(choices: &mut Choices<'_>) -> ActivityTaskKey {
    ActivityTaskKey {
        scheduled: event(choices),
        attempt: choices.below(4) as u32,
        stamp: Stamp(0),
    }
}

fn attempt(choices: &mut Choices<'_>) -> ActivityTaskToken {
    ActivityTaskToken {
        scheduled: event(choices),
        attempt: choices.below(4) as u32,
    }
}
