//! What happened in a run.

use std::{fmt, time::SystemTime};

use durably_proto::api::{
    enums::v1::EventType, history::v1 as proto,
    workflowservice::v1::GetWorkflowExecutionHistoryRequest,
};

use super::{
    target::{AT_ONCE, FromClient},
    timeline,
};
use crate::{
    client::call::{Call, within},
    error::HandleError,
    wire::time::instant,
};

/// All that happened so far in a run; printed, it is a timeline.
///
/// ```text
/// Greeting greeting-1, run 0199b6f4-…
///    1  +0.000s  WorkflowExecutionStarted  Greeting("Hello") on queue `greetings`
///    2  +0.000s  WorkflowTaskScheduled
///    3  +0.004s  WorkflowTaskStarted
/// ```
#[derive(Clone, Debug)]
pub struct History {
    workflow_id: String,
    run_id: String,
    events: Vec<HistoryEvent>,
}

/// One thing that happened in a run.
#[derive(Clone, Debug)]
pub struct HistoryEvent(proto::HistoryEvent);

impl History {
    /// Reads a history that `temporal workflow show -o json` or the Temporal UI exported.
    ///
    /// # Errors
    /// The text is no history.
    #[cfg(feature = "replay")]
    pub fn from_json(json: &str) -> Result<Self, crate::testing::replay::ReplayError> {
        Ok(Self::from_raw(crate::wire::json::history(json)?))
    }

    /// A history as the server sends it.
    pub fn from_raw(history: proto::History) -> Self {
        use proto::history_event::Attributes;

        let workflow_id = match history.events.first().and_then(|it| it.attributes.as_ref()) {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                started.workflow_id.clone()
            }
            _ => String::new(),
        };
        let events: Vec<_> = history.events.into_iter().map(HistoryEvent).collect();
        Self {
            workflow_id,
            run_id: timeline::run_id(&events).unwrap_or_default().to_owned(),
            events,
        }
    }

    /// The workflow id.
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// The run; empty if it was not told and the history has no first event.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[HistoryEvent] {
        &self.events
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The events as the server sent them, for what is not shown here.
    pub fn into_raw(self) -> proto::History {
        proto::History {
            events: self.events.into_iter().map(|event| event.0).collect(),
        }
    }
}

impl HistoryEvent {
    /// Its number; the first is 1.
    pub fn id(&self) -> i64 {
        self.0.event_id
    }

    /// When it was recorded.
    pub fn time(&self) -> Option<SystemTime> {
        self.0.event_time.and_then(instant)
    }

    /// The name of its type: `ActivityTaskScheduled`.
    pub fn name(&self) -> String {
        match EventType::try_from(self.0.event_type) {
            Ok(known) => format!("{known:?}"),
            Err(_) => format!("EventType{}", self.0.event_type),
        }
    }

    /// What is interesting about it, in a few words; may be empty.
    pub fn summary(&self) -> String {
        timeline::summary(&self.0)
    }

    /// The event as the server sent it.
    pub fn raw(&self) -> &proto::HistoryEvent {
        &self.0
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        timeline::write(self, f)
    }
}

pub(crate) fn call(target: &FromClient) -> Call<History, HandleError> {
    let target = target.clone();
    Call::new(|timeout| async move {
        let what = || format!("history of workflow `{}`", target.workflow_id());
        within(timeout, what, fetch(&target)).await
    })
}

/// Reads all pages of a run's history.
async fn fetch(target: &FromClient) -> Result<History, HandleError> {
    let run = target.run_id().unwrap_or_default();
    let mut request = GetWorkflowExecutionHistoryRequest {
        namespace: target.namespace(),
        execution: target.execution_of_run(run.to_owned()),
        ..Default::default()
    };
    let mut events = Vec::new();
    loop {
        let page = target
            .rpc()
            .get_workflow_execution_history(request.clone(), AT_ONCE);
        let page = page
            .await
            .map_err(|status| target.refused::<HandleError>(status))?;
        let fetched = page.history.unwrap_or_default().events;
        events.extend(fetched.into_iter().map(HistoryEvent));
        if page.next_page_token.is_empty() {
            break;
        }
        request.next_page_token = page.next_page_token;
    }
    Ok(History {
        workflow_id: target.workflow_id().to_owned(),
        run_id: timeline::run_id(&events).unwrap_or(run).to_owned(),
        events,
    })
}
