//! Changes of the options of a workflow.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::{fast_forward, target::FromClient};
use crate::{
    client::call::{Request, within},
    error::{HandleError, RpcError},
    interceptor::UpdateOptionsRequest,
    options::{InvalidOptions, Priority},
    time::span::Span,
    transport::retry::Patience,
    wire::{
        deployment::VersioningOverride,
        time_skipping::TimeSkipping,
        workflow_options::{OverrideChange, UpdateWorkflowOptions, WorkflowOptions},
    },
};

/// A change of the options of a workflow about to be sent: `.await` sends it. What is not set stays.
///
/// ```no_run
/// use durably::{client::{TimeSkipping, UpdateOptionsCall, VersioningOverride}, prelude::*, worker::DeploymentVersion, Priority};
///
/// # async fn example(client: Client) -> Result<()> {
/// let order = client.handle("order-1");
/// let update: UpdateOptionsCall = order.update_options();
/// update.priority(Priority::key(1)).timeout(secs(5)).await?;
///
/// // The version that is not current yet, and back to what the workflow declares.
/// let next = VersioningOverride::Pinned(DeploymentVersion::of("orders").build("2.0"));
/// order.update_options().versioning_override(next).await?;
/// order.update_options().clear_versioning_override().await?;
///
/// // A day of its time.
/// let day = TimeSkipping::fast_forward("a day", days(1));
/// order.update_options().time_skipping(day).await?;
/// order.fast_forwarded("a day").await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the request is sent when this is awaited"]
pub struct UpdateOptionsCall {
    request: Request<Box<Prepared>, Result<(), HandleError>>,
}

struct Prepared {
    target: FromClient,
    options: WorkflowOptions,
    /// What contradicts itself in the options, a sentence each.
    wrong: Vec<String>,
    timeout: Option<Duration>,
}

impl UpdateOptionsCall {
    pub(crate) fn new(target: &FromClient) -> Self {
        Self {
            request: Request::new(Box::new(Prepared {
                target: target.clone(),
                options: WorkflowOptions::default(),
                wrong: Vec::new(),
                timeout: None,
            })),
        }
    }

    /// How urgent the tasks of the workflow are, and of those of its activities and children that set nothing
    /// themselves. Tasks that wait in a queue have it, too. Servers do not take a priority away: a default one changes
    /// nothing.
    pub fn priority(mut self, priority: Priority) -> Self {
        let prepared = self.request.new_mut();
        priority.check(&mut prepared.wrong);
        prepared.options.priority = Some(priority.into_engine());
        self
    }

    /// Sends the workflow to a version of its workers, whatever it declares itself. A workflow task that is running
    /// completes on its present worker.
    pub fn versioning_override(mut self, instead: VersioningOverride) -> Self {
        self.request.new_mut().options.versioning = Some(OverrideChange::Set(instead));
        self
    }

    /// Takes the override away: what the workflow declares holds again.
    pub fn clear_versioning_override(mut self) -> Self {
        self.request.new_mut().options.versioning = Some(OverrideChange::Clear);
        self
    }

    /// Skips the time of the workflow from now on, or skips none any more; see
    /// [`StartCall::time_skipping`](crate::client::StartCall::time_skipping). It replaces what was set before, and the
    /// count of skips begins again.
    pub fn time_skipping(mut self, skipping: TimeSkipping) -> Self {
        let prepared = self.request.new_mut();
        skipping.check(&mut prepared.wrong);
        prepared.options.time_skipping = Some(skipping);
        self
    }

    /// How long to wait for the server's response, retries included; about ten seconds if not set.
    ///
    /// After it the error is [`RpcError::Timeout`](crate::error::RpcError::Timeout), and `error.is_timeout()` holds. The
    /// server may have received the request all the same.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }
}

impl Future for UpdateOptionsCall {
    type Output = Result<(), HandleError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |prepared| Box::pin(update(prepared)) as _;
        self.get_mut().request.poll(cx, send)
    }
}

async fn update(prepared: Box<Prepared>) -> Result<(), HandleError> {
    let (target, timeout) = (prepared.target, prepared.timeout);
    InvalidOptions::check(
        format_args!("workflow `{}`", target.workflow_id()),
        prepared.wrong,
    )
    .map_err(RpcError::from)?;
    let request = UpdateWorkflowOptions {
        execution: target.execution(),
        options: prepared.options,
    };
    let what = || {
        let id = target.workflow_id();
        format!("response to the change of options of `{id}`")
    };
    let sender = target.clone();
    let send = move |request: UpdateOptionsRequest| async move {
        let target = sender.at(&request.workflow_id, request.run_id.as_deref());
        let mut wrong = Vec::new();
        if let Some(priority) = &request.priority {
            priority.check(&mut wrong);
        }
        if let Some(skipping) = &request.time_skipping {
            skipping.check(&mut wrong);
        }
        InvalidOptions::check(format_args!("workflow `{}`", request.workflow_id), wrong)
            .map_err(RpcError::from)?;
        if request.time_skipping.is_some() {
            fast_forward::check_support(target.client(), Patience::at_once(timeout)).await?;
        }
        target.send(request.into_wire(), timeout).await
    };
    let interceptors = target.client().interceptors();
    let sent = interceptors.around(UpdateOptionsRequest::new(request), send);
    within(timeout, what, sent).await
}
