//! Resets: a new run that repeats a run up to a point, and goes on from there.

use std::time::Duration;

use super::{description::describe, history, target::FromClient};
use crate::{
    client::call::{Call, within},
    error::HandleError,
    interceptor::ResetRequest,
    transport::retry::Patience,
    wire::{history::History, reset::ResetWorkflow},
};

/// The point to which [`Handle::reset`](crate::Handle::reset) goes back: the end of a workflow task.
///
/// ```no_run
/// use durably::{client::ResetPoint, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let order = client.handle("order-1");
/// println!("{}", order.history().await?);
/// let again = order.reset(ResetPoint::Event(17), "the gateway is back").await?;
/// println!("goes on as run {:?}", again.run_id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResetPoint {
    /// The end of the first workflow task that was completed: nearly everything is done again.
    FirstTask,
    /// The end of the last workflow task that was completed.
    LastTask,
    /// The event of this number, which ended or started a workflow task.
    Event(i64),
}

/// Resets the run of `target`, its latest one unless it has one of its own.
pub(crate) fn call<H: 'static>(
    target: &FromClient,
    point: ResetPoint,
    reason: String,
    handle: fn(FromClient) -> H,
) -> Call<H, HandleError> {
    let target = target.clone();
    Call::new(move |timeout| async move {
        let what = || format!("response to the reset of `{}`", target.workflow_id());
        let request = ResetRequest::new(target.workflow_id(), target.run_id(), point, reason);
        let sender = target.clone();
        let send = move |request: ResetRequest| async move {
            let target = sender.at(&request.workflow_id, request.run_id.as_deref());
            let run_id = reset(&target, request.point, request.reason, timeout).await?;
            let client = target.client();
            Ok::<_, HandleError>(FromClient::attached(
                client,
                request.workflow_id,
                Some(run_id),
            ))
        };
        let interceptors = target.client().interceptors();
        let sent = interceptors.around(request, send);
        Ok(handle(within(timeout, what, sent).await?))
    })
}

async fn reset(
    target: &FromClient,
    point: ResetPoint,
    reason: String,
    timeout: Option<Duration>,
) -> Result<String, HandleError> {
    // The run is named in all requests: it may not be the latest any more when the reset arrives.
    let run = match target.run_id() {
        Some(run) => run.to_owned(),
        None => {
            let found = describe(target, "", Patience::at_once(timeout)).await?;
            found.summary.run_id
        }
    };
    let event = match point {
        ResetPoint::Event(event) => event,
        ResetPoint::FirstTask | ResetPoint::LastTask => {
            let history = history::fetch(target, &run, timeout).await?;
            completed_task(&history, point)
        }
    };
    let request = ResetWorkflow {
        execution: target.execution_of_run(&run),
        event,
        reason,
    };
    target.send(request, timeout).await
}

/// The end of the first or last workflow task that was completed; 0, which the server refuses, if none was.
fn completed_task(history: &History, point: ResetPoint) -> i64 {
    let mut completed = history
        .events()
        .iter()
        .filter(|event| event.name() == "WorkflowTaskCompleted");
    let event = match point {
        ResetPoint::FirstTask => completed.next(),
        ResetPoint::LastTask | ResetPoint::Event(_) => completed.next_back(),
    };
    event.map_or(0, |event| event.id())
}
