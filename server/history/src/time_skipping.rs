//! Time skipping: at the end of a transition, a run that has nothing to do but wait goes on at the time that it
//! waits for.
//!
//! ```text
//!   nothing is pending but timers, backoffs and timeouts
//!     --> WorkflowExecutionTimeSkippingTransitioned to the earliest of them, or to the end of the fast-forward
//!     --> what was waited for is due, and fires as any deadline does
//! ```

use std::ops::Range;
use std::time::Duration;

use durably_proto::api::common::v1::{TimeSkippingConfig, TimeSkippingFastForwardInfo};
use durably_proto::api::history::v1::WorkflowExecutionTimeSkippingTransitionedEventAttributes as Transitioned;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::id::OutgoingKind;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::Run;
use crate::time::Time;
use crate::transition::{Effect, Reply};
use crate::virtual_time::VirtualTime;

/// How a fast-forward stands.
#[derive(Clone, Debug, PartialEq)]
pub enum FastForwardStatus {
    /// It goes on.
    Pending(TimeSkippingFastForwardInfo),
    /// The run has reached its target.
    Reached(TimeSkippingFastForwardInfo),
    /// The run has ended, or it skips no more.
    Ended(TimeSkippingFastForwardInfo, FastForwardEnd),
    /// The run has another one, or none.
    Unknown(Option<TimeSkippingFastForwardInfo>),
}

/// Why a fast-forward ended before its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastForwardEnd {
    /// The run is closed.
    Closed,
    /// It skips no more.
    Disabled,
}

impl Run {
    /// How the fast-forward of this name stands.
    pub fn fast_forward_status(&self, id: &str) -> FastForwardStatus {
        let time = self.virtual_time.as_deref();
        let info = time.and_then(VirtualTime::fast_forward_info);
        match info {
            Some(info) if info.fast_forward_id == id => {
                let is_enabled = time.is_some_and(VirtualTime::is_enabled);
                match info.has_completed {
                    true => FastForwardStatus::Reached(info),
                    false if !self.is_running() => {
                        FastForwardStatus::Ended(info, FastForwardEnd::Closed)
                    }
                    false if !is_enabled => {
                        FastForwardStatus::Ended(info, FastForwardEnd::Disabled)
                    }
                    false => FastForwardStatus::Pending(info),
                }
            }
            other => FastForwardStatus::Unknown(other),
        }
    }

    /// Whether the run is on its way to the target of a fast-forward.
    pub fn is_fast_forwarding(&self) -> bool {
        let time = self.virtual_time.as_ref().filter(|_| self.is_running());
        time.is_some_and(|time| time.pending_target().is_some())
    }

    /// The time of the run when the server has this one.
    pub(crate) fn virtual_time_at(&self, server: Time) -> Time {
        server + self.skipped()
    }

    /// The server's time when the run has this one, if it skips nothing in between.
    pub(crate) fn server_time(&self, of_run: Time) -> Time {
        of_run.before(self.skipped())
    }

    /// By how much the run is ahead of the server.
    pub(crate) fn skipped(&self) -> Duration {
        let time = self.virtual_time.as_ref();
        time.map_or(Duration::ZERO, |time| time.skipped)
    }

    /// Whether the run could skip time: it has nothing to do but wait.
    fn only_waits(&self, now: Time) -> bool {
        let messages = [OutgoingKind::Signal, OutgoingKind::RequestCancel];
        // A paused activity waits for a client, and one that was never tried for a worker.
        let backs_off = |at: Option<Time>| at.is_some_and(|at| at > now);
        self.is_running()
            && !self.has_workflow_task()
            && self.children.len() == 0
            && messages.iter().all(|kind| self.outgoing.count(*kind) == 0)
            && self
                .activities
                .iter()
                .all(|it| backs_off(it.next_attempt_at()))
    }

    /// The time that the run waits for.
    fn awaited_time(&self) -> Option<Time> {
        let timer = self.timers.first().map(|(_, timer)| timer.fires_at);
        let attempts = self.activities.iter();
        let attempts = attempts.filter_map(|activity| activity.next_attempt_at());
        // A run that has not begun may wait for that only: a child begins when its parent has recorded its start.
        let has_begun = self.has_completed_workflow_task();
        let timeout = self.config.run_expires_at.filter(|_| has_begun);
        let earliest = timer
            .into_iter()
            .chain(attempts)
            .chain(self.held_back_until())
            .chain(timeout)
            .min();
        // The server's times end there: nothing fires.
        earliest.filter(|at| *at < Time::MAX)
    }
}

/// Skips the time until the run has something to do; the events of the transition are those at `places`.
pub(crate) fn skip(
    run: &mut Run,
    places: Range<usize>,
    out: &mut OpenTransition,
    reply: &mut Reply,
) {
    let Some(time) = run.virtual_time.as_deref() else {
        return;
    };
    if !time.is_enabled() || !run.only_waits(out.now) {
        return;
    }
    let awaited = run.awaited_time();
    let limit = time.pending_target().filter(|at| *at < Time::MAX);
    let is_limited = limit.is_some_and(|limit| awaited.is_none_or(|awaited| limit <= awaited));
    let target = if is_limited { limit } else { awaited };
    let target = target.filter(|target| *target > out.now);
    // What is due already is about to fire.
    if target.is_none() && !is_limited {
        return;
    }
    let event = Transitioned {
        target_time: target.map(Into::into),
        disabled_after_fast_forward: is_limited,
        wall_clock_time: Some(run.server_time(out.now).into()),
    };
    record(event, run, out);
    run.flush_buffer();
    show_end(run, places, reply);
}

/// Ends the fast-forward because its target is reached while the run is at work.
pub(crate) fn end_fast_forward(run: &mut Run, out: &mut OpenTransition) -> Result<(), Rejection> {
    let time = run.virtual_time.as_deref();
    let target = time.and_then(VirtualTime::pending_target);
    if target.is_none_or(|at| at > out.now) {
        return Err(Rejection::StaleDeadline);
    }
    let event = Transitioned {
        target_time: None,
        disabled_after_fast_forward: true,
        wall_clock_time: Some(run.server_time(out.now).into()),
    };
    record(event, run, out);
    Ok(())
}

fn record(event: Transitioned, run: &mut Run, out: &mut OpenTransition) {
    out.effect(Effect::TimeSkippingChanged);
    if let Some(time) = &mut run.virtual_time {
        time.transition(&event, out.now);
    }
    run.buffer(
        out.now,
        Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(event),
    );
}

/// Shows the end of skipping in what set the configuration, if that was the same transition: as on the real server,
/// its event and its reply have the configuration in force.
fn show_end(run: &mut Run, places: Range<usize>, reply: &mut Reply) {
    let time = run.virtual_time.as_ref();
    let Some(config) = time.and_then(|time| time.config.clone()) else {
        return;
    };
    if config.enabled {
        return;
    }
    for place in places {
        let event = run.events.open_mut(place);
        if let Some(shown) = event.and_then(|event| set_config(event.attributes.as_mut()?)) {
            *shown = config.clone();
        }
    }
    if let Reply::WorkflowOptions { options, .. } = reply {
        options.time_skipping_config = Some(config);
    }
}

/// The configuration that an event has set.
fn set_config(attributes: &mut Attributes) -> Option<&mut TimeSkippingConfig> {
    match attributes {
        Attributes::WorkflowExecutionStartedEventAttributes(event) => {
            event.time_skipping_config.as_mut()
        }
        Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(event) => {
            event.time_skipping_config.as_mut()
        }
        _ => None,
    }
}
