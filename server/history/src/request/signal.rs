//! A signal: records it and schedules a workflow task.

use durably_proto::api::history::v1::WorkflowExecutionSignaledEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::input::Signal;
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::rejection::{LimitExceeded, Rejection};
use crate::state::Run;
use crate::transition::Reply;

/// Records the signal, unless its request id was seen before. It does not end a start delay.
pub(crate) fn apply(
    signal: Signal,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let is_delayed = run.is_delayed();
    let reply = record_once(signal, run, out)?;
    if !is_delayed && matches!(reply, Reply::Done) {
        run.ensure_workflow_task(out);
    }
    Ok(reply)
}

/// As [`apply`], but ends a start delay.
pub(crate) fn apply_with_start(
    signal: Signal,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let reply = record_once(signal, run, out)?;
    if matches!(reply, Reply::Done) {
        run.ensure_workflow_task(out);
    }
    Ok(reply)
}

fn record_once(
    signal: Signal,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    if run.requests.has_signal(&signal.request_id) {
        return Ok(Reply::AlreadyDone);
    }
    if run.requests.signals_received() >= limits::SIGNALS {
        return Err(Rejection::LimitExceeded(LimitExceeded::Signals));
    }
    if signal.child_only {
        run.check_parent(signal.external.as_ref())?;
    }
    // A workflow that receives signals faster than it can close would never close.
    if run.close_attempted && run.has_started_workflow_task() {
        return Err(Rejection::Closing);
    }
    record(signal, run, out);
    Ok(Reply::Done)
}

/// Records a signal of another run, whose request id may be one that was seen.
pub(crate) fn record_again(signal: Signal, run: &mut Run, out: &mut OpenTransition) {
    run.requests.record_any_signal(signal.request_id.clone());
    buffer(signal, run, out);
}

/// Records the signal and its request id.
pub(crate) fn record(signal: Signal, run: &mut Run, out: &mut OpenTransition) {
    run.requests.record_signal(signal.request_id.clone());
    buffer(signal, run, out);
}

fn buffer(signal: Signal, run: &mut Run, out: &mut OpenTransition) {
    let event = WorkflowExecutionSignaledEventAttributes {
        signal_name: signal.name,
        input: signal.input,
        identity: signal.identity,
        header: signal.header,
        external_workflow_execution: signal.external,
        request_id: signal.request_id.to_string(),
        ..Default::default()
    };
    run.buffer_with_links(
        out.now,
        Attributes::WorkflowExecutionSignaledEventAttributes(event),
        signal.links,
    );
}
