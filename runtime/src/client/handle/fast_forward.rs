//! Waits for the end of a fast-forward.

use std::ops::ControlFlow;

use super::target::FromClient;
use crate::{
    client::{
        Client,
        call::{Call, within},
    },
    error::{FastForwardError, FastForwardFailed, RpcError},
    interceptor::FastForwardRequest,
    transport::retry::Patience,
    wire::time_skipping::{FastForwardProgress, PollFastForward},
};

pub(crate) fn call(target: &FromClient, id: String) -> Call<(), FastForwardError> {
    let target = target.clone();
    Call::new(move |timeout| async move {
        let (workflow_id, name) = (target.workflow_id(), id.clone());
        let what = || format!("end of the fast-forward `{name}` of workflow `{workflow_id}`");
        let request = FastForwardRequest {
            workflow_id: workflow_id.to_owned(),
            run_id: target.attached_run_id().map(str::to_owned),
            id,
        };
        let to = target.clone();
        let send = move |request: FastForwardRequest| async move {
            let to = to.at(&request.workflow_id, request.run_id.as_deref());
            completed(&to, request.id).await
        };
        let interceptors = target.client().interceptors();
        within(timeout, what, interceptors.around(request, send)).await
    })
}

/// Polls until the fast-forward has completed, or cannot any more.
async fn completed(to: &FromClient, id: String) -> Result<(), FastForwardError> {
    let request = PollFastForward {
        execution: to.execution(),
        id: id.clone(),
    };
    let settled = |progress| match progress {
        FastForwardProgress::Pending => ControlFlow::Continue(()),
        FastForwardProgress::Completed => ControlFlow::Break(None),
        FastForwardProgress::Failed(reason) => ControlFlow::Break(Some(reason)),
    };
    let caller = to.caller();
    let polled = caller.call_until(request, Patience::until_answered(), settled);
    match polled.await {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(FastForwardFailed {
            workflow_id: to.workflow_id().to_owned(),
            id,
            reason,
        }
        .into()),
        Err(error) => Err(match to.missing(&error.reason()) {
            Some(missing) => missing.into(),
            None => with_advice(error.into()).into(),
        }),
    }
}

/// Asks the server whether it skips the time of workflows.
///
/// One that is older than the feature would ignore the options of a start, and the workflow would wait in the machine's
/// time.
///
/// # Errors
/// [`RpcError::Unimplemented`] if it does not, or if it could not be asked.
pub(crate) async fn check_support(client: &Client, patience: Patience) -> Result<(), RpcError> {
    let probe = PollFastForward::probe();
    match client.caller().call(probe, patience).await {
        Ok(_) => Ok(()),
        Err(error) => match RpcError::from(error) {
            RpcError::InvalidArgument { .. } => Ok(()),
            error => Err(with_advice(error)),
        },
    }
}

/// The error, with what to do about a server without time skipping.
fn with_advice(error: RpcError) -> RpcError {
    match error {
        RpcError::Unimplemented { message } => RpcError::Unimplemented {
            message: format!(
                "this server does not skip the time of single workflows ({message}); a Temporal server does with the \
                 dynamic configuration `frontend.WorkflowTimeSkippingEnabled`, and the embedded one always"
            ),
        },
        error => error,
    }
}
