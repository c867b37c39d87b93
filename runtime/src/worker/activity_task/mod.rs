//! Runs one attempt of an activity: call, heartbeats, deadline, report to the server.

mod attempt;
mod heartbeats;
mod invocation;
mod report;

use std::sync::Arc;

use durably_engine::FailureRecord;
use durably_proto::api::workflowservice::v1::PollActivityTaskQueueResponse;

use self::{
    attempt::Attempt,
    report::{Ended, Report},
};
use super::{shared::Shared, slots::Permit, workflow_task::unregistered::REGISTER};
use crate::{
    activity::{ActivityCtx, ActivityInfo, cancel::CancelSignal},
    data::{Args, Callee},
    error::{AppError, Error},
};

/// Starts an attempt.
pub(crate) fn start(
    shared: &Arc<Shared>,
    task: Box<PollActivityTaskQueueResponse>,
    permit: Permit,
) {
    let Attempt {
        claim,
        input,
        previous,
    } = Attempt::of(shared, *task);
    let cancel = CancelSignal::default();
    let heart = heartbeats::of(shared, &claim, previous.first().cloned(), &cancel);
    let report = Report::new(shared, Arc::clone(&claim), Arc::clone(&heart), permit);
    // Everything above exists before the runtime of the caller is used: it may have ended, and then
    // drops what it is given, which reports the attempt as failed.
    let shared = Arc::clone(shared);
    shared.clone().runtime.spawn(async move {
        let info = Arc::clone(&claim.info);
        let ended = match shared.registry.activity(&info.activity_type) {
            None => Ended::Failed(unknown(&shared, &info).into()),
            Some(activity) => {
                let callee = Callee::Activity(info.activity_type.clone().into());
                let ctx = ActivityCtx::new(
                    info,
                    previous,
                    cancel.clone(),
                    shared.closing.clone(),
                    heart,
                    shared.timers.clone(),
                );
                let args = Args::new(callee, input);
                let call = invocation::call(activity, ctx, args, &report.permit);
                invocation::run(&shared, &claim, &cancel, call).await
            }
        };
        report.send(ended);
    });
}

fn unknown(shared: &Shared, info: &ActivityInfo) -> FailureRecord {
    let error = AppError::new(
        "NotFoundError",
        format!(
            "activity `{}` of workflow `{}` is not registered on this worker (task queue `{}`); registered: {}. {REGISTER}",
            info.activity_type,
            info.workflow_id,
            shared.task_queue,
            shared.registry.activity_names()
        ),
    );
    Error::from(error).to_record()
}
