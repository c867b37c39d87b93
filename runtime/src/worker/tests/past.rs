//! Histories and the tasks made of them.

use durably_proto::{
    Message as _,
    api::{
        common::v1::{ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType},
        enums::v1::{EventType, WorkflowTaskFailedCause},
        history::v1::{history_event::Attributes, *},
        protocol::v1::{Message, message::SequencingId},
        query::v1::WorkflowQuery,
        taskqueue::v1::TaskQueue,
        update::v1 as update,
        workflowservice::v1::{PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse},
    },
    wkt::{Any, Duration, Timestamp},
};

/// The history of one run, written event by event.
#[derive(Clone)]
pub(crate) struct Past {
    workflow: &'static str,
    run_id: String,
    pub(crate) events: Vec<HistoryEvent>,
    /// Where the last two tasks were taken.
    started: [i64; 2],
}

impl Past {
    /// A run of `workflow` that has just begun, with its first task taken.
    pub(crate) fn begin(workflow: &'static str, run_id: &str) -> Self {
        let past = Self {
            workflow,
            run_id: run_id.to_owned(),
            events: Vec::new(),
            started: [0, 0],
        };
        let began = WorkflowExecutionStartedEventAttributes {
            workflow_type: Some(WorkflowType {
                name: workflow.to_owned(),
            }),
            task_queue: Some(TaskQueue {
                name: "queue".to_owned(),
                ..Default::default()
            }),
            original_execution_run_id: run_id.to_owned(),
            first_execution_run_id: run_id.to_owned(),
            workflow_id: "id".to_owned(),
            attempt: 1,
            ..Default::default()
        };
        past.event(
            EventType::WorkflowExecutionStarted,
            Attributes::WorkflowExecutionStartedEventAttributes(began),
        )
        .task()
    }

    /// The arguments that it began with.
    pub(crate) fn with_input(mut self, input: Option<Payloads>) -> Self {
        if let Some(Attributes::WorkflowExecutionStartedEventAttributes(began)) =
            &mut self.events[0].attributes
        {
            began.input = input;
        }
        self
    }

    /// Its tasks have so much time.
    pub(crate) fn task_timeout(mut self, timeout: std::time::Duration) -> Self {
        for event in &mut self.events {
            if let Some(Attributes::WorkflowTaskScheduledEventAttributes(it)) =
                &mut event.attributes
            {
                it.start_to_close_timeout = Some(crate::wire::time::to_duration(timeout));
            }
        }
        self
    }

    /// A signal without arguments came.
    pub(crate) fn signal(self, name: &str) -> Self {
        let signaled = WorkflowExecutionSignaledEventAttributes {
            signal_name: name.to_owned(),
            ..Default::default()
        };
        self.event(
            EventType::WorkflowExecutionSignaled,
            Attributes::WorkflowExecutionSignaledEventAttributes(signaled),
        )
    }

    /// A task that this worker takes.
    pub(crate) fn task(self) -> Self {
        let mut past = self
            .event(
                EventType::WorkflowTaskScheduled,
                Attributes::WorkflowTaskScheduledEventAttributes(Default::default()),
            )
            .event(
                EventType::WorkflowTaskStarted,
                Attributes::WorkflowTaskStartedEventAttributes(Default::default()),
            );
        past.started = [past.started[1], past.last()];
        past
    }

    /// The server gave the task up, because too many events were waiting for its end.
    pub(crate) fn given_up(self) -> Self {
        let failed = WorkflowTaskFailedEventAttributes {
            started_event_id: self.last(),
            cause: WorkflowTaskFailedCause::ForceCloseCommand.into(),
            ..Default::default()
        };
        let before = self.started[0];
        let mut past = self.event(
            EventType::WorkflowTaskFailed,
            Attributes::WorkflowTaskFailedEventAttributes(failed),
        );
        past.started[1] = before;
        past
    }

    /// The task was answered.
    pub(crate) fn answered(self) -> Self {
        let answered = WorkflowTaskCompletedEventAttributes {
            started_event_id: self.last(),
            ..Default::default()
        };
        self.event(
            EventType::WorkflowTaskCompleted,
            Attributes::WorkflowTaskCompletedEventAttributes(answered),
        )
    }

    /// A timer was started.
    pub(crate) fn timer(self, id: &str) -> Self {
        let started = TimerStartedEventAttributes {
            timer_id: id.to_owned(),
            ..Default::default()
        };
        self.event(
            EventType::TimerStarted,
            Attributes::TimerStartedEventAttributes(started),
        )
    }

    /// A timer fired.
    pub(crate) fn fired(self, id: &str) -> Self {
        let fired = TimerFiredEventAttributes {
            started_event_id: self.last(),
            timer_id: id.to_owned(),
        };
        self.event(
            EventType::TimerFired,
            Attributes::TimerFiredEventAttributes(fired),
        )
    }

    /// An activity was scheduled, run, and gave `result`.
    pub(crate) fn activity(self, id: &str, kind: &str, result: &str) -> Self {
        let scheduled = ActivityTaskScheduledEventAttributes {
            activity_id: id.to_owned(),
            activity_type: Some(ActivityType {
                name: kind.to_owned(),
            }),
            ..Default::default()
        };
        let past = self.event(
            EventType::ActivityTaskScheduled,
            Attributes::ActivityTaskScheduledEventAttributes(scheduled),
        );
        let scheduled_event_id = past.last();
        let started = ActivityTaskStartedEventAttributes {
            scheduled_event_id,
            attempt: 1,
            ..Default::default()
        };
        let completed = ActivityTaskCompletedEventAttributes {
            result: json(result),
            scheduled_event_id,
            started_event_id: scheduled_event_id + 1,
            ..Default::default()
        };
        past.event(
            EventType::ActivityTaskStarted,
            Attributes::ActivityTaskStartedEventAttributes(started),
        )
        .event(
            EventType::ActivityTaskCompleted,
            Attributes::ActivityTaskCompletedEventAttributes(completed),
        )
    }

    /// The answer ended the run.
    pub(crate) fn ended(self, result: &str) -> Self {
        let ended = WorkflowExecutionCompletedEventAttributes {
            result: json(result),
            workflow_task_completed_event_id: self.last(),
            ..Default::default()
        };
        self.event(
            EventType::WorkflowExecutionCompleted,
            Attributes::WorkflowExecutionCompletedEventAttributes(ended),
        )
    }

    /// The task that begins here, with all of history.
    pub(crate) fn whole(&self) -> PollWorkflowTaskQueueResponse {
        self.polled(self.events.clone())
    }

    /// The task that begins here, with what happened since the last one was answered.
    pub(crate) fn tail(&self) -> PollWorkflowTaskQueueResponse {
        let known = usize::try_from(self.started[0]).unwrap();
        self.polled(self.events[known..].to_vec())
    }

    /// A task that only asks.
    pub(crate) fn query(&self, name: &str) -> PollWorkflowTaskQueueResponse {
        PollWorkflowTaskQueueResponse {
            query: Some(WorkflowQuery {
                query_type: name.to_owned(),
                ..Default::default()
            }),
            started_event_id: 0,
            previous_started_event_id: self.started[1],
            ..self.whole()
        }
    }

    fn polled(&self, events: Vec<HistoryEvent>) -> PollWorkflowTaskQueueResponse {
        PollWorkflowTaskQueueResponse {
            task_token: format!("{}/{}", self.run_id, self.last()).into_bytes(),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: "id".to_owned(),
                run_id: self.run_id.clone(),
            }),
            workflow_type: Some(WorkflowType {
                name: self.workflow.to_owned(),
            }),
            previous_started_event_id: self.started[0],
            started_event_id: self.started[1],
            attempt: 1,
            history: Some(History { events }),
            ..Default::default()
        }
    }

    fn event(mut self, kind: EventType, attributes: Attributes) -> Self {
        self.events.push(HistoryEvent {
            event_id: self.last() + 1,
            event_time: Some(Timestamp {
                seconds: 1_700_000_000,
                nanos: 0,
            }),
            event_type: kind.into(),
            attributes: Some(attributes),
            ..Default::default()
        });
        self
    }

    fn last(&self) -> i64 {
        self.events.last().map_or(0, |event| event.event_id)
    }
}

/// An attempt at an activity, with ten seconds to go.
pub(crate) fn attempt(kind: &str, input: Option<Payloads>) -> PollActivityTaskQueueResponse {
    PollActivityTaskQueueResponse {
        task_token: kind.as_bytes().to_vec(),
        activity_id: "1".to_owned(),
        activity_type: Some(ActivityType {
            name: kind.to_owned(),
        }),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: "id".to_owned(),
            run_id: "run".to_owned(),
        }),
        attempt: 2,
        input,
        start_to_close_timeout: Some(Duration {
            seconds: 10,
            nanos: 0,
        }),
        ..Default::default()
    }
}

/// One JSON value.
pub(crate) fn json(text: &str) -> Option<Payloads> {
    let payload = Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: text.as_bytes().to_vec(),
        ..Default::default()
    };
    Some(Payloads {
        payloads: vec![payload],
    })
}

/// An update that comes with the first task.
pub(crate) fn update(name: &str, args: Option<Payloads>) -> Message {
    let request = update::Request {
        meta: Some(update::Meta {
            update_id: "u".to_owned(),
            ..Default::default()
        }),
        input: Some(update::Input {
            name: name.to_owned(),
            args,
            ..Default::default()
        }),
        ..Default::default()
    };
    Message {
        id: "u/request".to_owned(),
        protocol_instance_id: "u".to_owned(),
        sequencing_id: Some(SequencingId::EventId(2)),
        body: Some(Any {
            type_url: "type.googleapis.com/temporal.api.update.v1.Request".to_owned(),
            value: request.encode_to_vec(),
        }),
    }
}
