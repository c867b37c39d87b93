//! The time skipping of one workflow.

use std::time::{Duration, SystemTime};

use durably_proto::api::{
    common::v1 as proto, enums::v1::FastForwardPollingResult, workflowservice::v1 as pb,
};

use super::{
    WireError,
    request::{Execution, Request, Sender},
    time::{instant, span, to_duration},
};
use crate::{text::Text, time::span::Span};

/// Whether one workflow skips the time in which it only waits, and how far.
///
/// ```no_run
/// use durably::{client::TimeSkipping, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let start = client.start("Reminder", ()).task_queue("reminders").id("reminder-1");
/// let reminder = start.time_skipping(TimeSkipping::fast_forward("a month", days(30))).await?;
/// reminder.fast_forwarded("a month").await?;
///
/// // From here to its end, and its children in the time of the machine.
/// let on = TimeSkipping::on().max_skips(1000).without_children();
/// reminder.update_options().time_skipping(on).await?;
/// reminder.update_options().time_skipping(TimeSkipping::off()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeSkipping {
    /// Whether time is skipped.
    pub is_on: bool,
    /// How far; to the end of the workflow if not set.
    pub fast_forward: Option<FastForward>,
    /// How often time is skipped at most; the server's default is 200.
    pub max_skips: Option<u32>,
    /// Whether children keep the machine's pace. They begin in the time of their parent all the same.
    pub without_children: bool,
}

/// A time ahead of a workflow, at which its time skipping ends.
///
/// ```
/// use durably::{client::{FastForward, TimeSkipping}, prelude::*};
///
/// let skipping = TimeSkipping::fast_forward("a month", days(30));
/// let ahead: FastForward = skipping.fast_forward.expect("it is set");
/// assert_eq!((&*ahead.id, ahead.duration), ("a month", days(30)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FastForward {
    /// Its id, by which a client waits for it.
    pub id: String,
    /// How far it is ahead of the workflow's time when the server takes it.
    pub duration: Duration,
}

impl TimeSkipping {
    /// The workflow skips to its end.
    pub fn on() -> Self {
        Self {
            is_on: true,
            ..Self::default()
        }
    }

    /// The workflow skips no time, or none any more.
    pub fn off() -> Self {
        Self::default()
    }

    /// The workflow skips until this much of its time has passed; a client waits for that with
    /// [`fast_forwarded`](crate::client::DynHandle::fast_forwarded) and the id.
    pub fn fast_forward(id: impl Text, duration: impl Span) -> Self {
        Self {
            fast_forward: Some(FastForward {
                id: id.into_text(),
                duration: duration.into_duration(),
            }),
            ..Self::on()
        }
    }

    /// At most so many skips, which ends a retry without limit.
    #[must_use]
    pub fn max_skips(mut self, max_skips: u32) -> Self {
        self.max_skips = Some(max_skips);
        self
    }

    /// Children begin in the workflow's time, and skip none.
    #[must_use]
    pub fn without_children(mut self) -> Self {
        self.without_children = true;
        self
    }

    /// Adds each value that servers refuse or misread, a sentence each.
    pub(crate) fn check(&self, wrong: &mut Vec<String>) {
        if let Some(ahead) = &self.fast_forward {
            if !self.is_on {
                wrong.push("`time_skipping.fast_forward` has no effect while it is off".to_owned());
            }
            if ahead.id.trim().is_empty() {
                wrong.push("`time_skipping.fast_forward` has no id".to_owned());
            }
            if ahead.duration.is_zero() {
                wrong.push(
                    "`time_skipping.fast_forward` is zero; only a time ahead is reached".to_owned(),
                );
            }
        }
        match self.max_skips {
            Some(0) => wrong.push(
                "`time_skipping.max_skips` is 0, which would mean the default; `TimeSkipping::off()` skips none"
                    .to_owned(),
            ),
            Some(skips) if i32::try_from(skips).is_err() => wrong.push(format!(
                "`time_skipping.max_skips` is {skips}; servers take at most {}",
                i32::MAX
            )),
            Some(_) | None => {}
        }
    }

    pub(super) fn into_proto(self) -> proto::TimeSkippingConfig {
        let ahead = self.fast_forward.map(|ahead| proto::FastForwardConfig {
            id: ahead.id,
            duration: Some(to_duration(ahead.duration)),
        });
        // `check` refuses what does not fit.
        let max_skips = self.max_skips.unwrap_or_default();
        proto::TimeSkippingConfig {
            enabled: self.is_on,
            fast_forward_config: ahead,
            disable_propagation: self.without_children,
            max_session_skip_count: i32::try_from(max_skips).unwrap_or(i32::MAX),
        }
    }

    fn from_proto(config: proto::TimeSkippingConfig) -> Self {
        let max_skips = u32::try_from(config.max_session_skip_count).ok();
        Self {
            is_on: config.enabled,
            fast_forward: config.fast_forward_config.map(|ahead| FastForward {
                id: ahead.id,
                duration: ahead.duration.map(span).unwrap_or_default(),
            }),
            max_skips: max_skips.filter(|skips| *skips > 0),
            without_children: config.disable_propagation,
        }
    }
}

/// How far a workflow's time is, and how it goes on.
///
/// ```no_run
/// use durably::{client::TimeSkippingState, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let found = client.handle("reminder-1").describe().await?;
/// let state: Option<TimeSkippingState> = found.time_skipping;
/// if let Some(state) = state {
///     println!("it is {:?} there; {:?}", state.now, state.options);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeSkippingState {
    /// The workflow's time.
    pub now: Option<SystemTime>,
    /// The options that hold: off as soon as a fast-forward is reached, or the last skip done.
    pub options: TimeSkipping,
    /// The last fast-forward, from servers that report it.
    pub fast_forward: Option<FastForwardState>,
}

/// How far a fast-forward is.
///
/// ```no_run
/// use durably::{client::FastForwardState, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let found = client.handle("reminder-1").describe().await?;
/// let ahead: Option<FastForwardState> = found.time_skipping.and_then(|it| it.fast_forward);
/// if let Some(ahead) = ahead {
///     println!("{} ends at {:?}: {}", ahead.id, ahead.target, ahead.is_completed);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FastForwardState {
    /// Its id.
    pub id: String,
    /// Its length.
    pub duration: Duration,
    /// The workflow's time at which it ends.
    pub target: Option<SystemTime>,
    /// Whether the workflow's time has reached its end.
    pub is_completed: bool,
}

impl TimeSkippingState {
    pub(super) fn from_proto(info: proto::TimeSkippingInfo) -> Self {
        let options = info.effective_config.map(TimeSkipping::from_proto);
        let ahead = info.fast_forward_info.map(|ahead| FastForwardState {
            id: ahead.fast_forward_id,
            duration: ahead.fast_forward_duration.map(span).unwrap_or_default(),
            target: ahead.target_time.and_then(instant),
            is_completed: ahead.has_completed,
        });
        Self {
            now: info.current_time.and_then(instant),
            options: options.unwrap_or_default(),
            fast_forward: ahead,
        }
    }
}

/// Waits until a fast-forward has ended, as long as the server holds a request.
#[derive(Clone, Debug)]
pub(crate) struct PollFastForward {
    pub(crate) execution: Execution,
    pub(crate) id: String,
}

impl PollFastForward {
    /// A request that every server with time skipping refuses for its empty id, before it looks for the workflow.
    pub(crate) fn probe() -> Self {
        let execution = Execution {
            workflow_id: "any".to_owned(),
            run_id: String::new(),
        };
        Self {
            execution,
            id: String::new(),
        }
    }
}

/// What has become of a fast-forward.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FastForwardProgress {
    Pending,
    Completed,
    /// It cannot complete any more, for this reason.
    Failed(String),
}

impl Request for PollFastForward {
    type Message = pb::PollWorkflowExecutionTimeSkippingRequest;
    type Reply = pb::PollWorkflowExecutionTimeSkippingResponse;
    type Response = FastForwardProgress;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::PollWorkflowExecutionTimeSkippingRequest {
            namespace: sender.namespace(),
            workflow_execution: Some(self.execution.into_proto()),
            fast_forward_id: self.id,
        }
    }

    fn read(reply: Self::Reply) -> Result<FastForwardProgress, WireError> {
        Ok(match reply.fast_forward_polling_result() {
            FastForwardPollingResult::FastForwardCompleted => FastForwardProgress::Completed,
            FastForwardPollingResult::FastForwardFailed => {
                FastForwardProgress::Failed(reply.failed_reason)
            }
            FastForwardPollingResult::PollTimeout => FastForwardProgress::Pending,
            FastForwardPollingResult::Unspecified => {
                let place = "response to the poll of a fast-forward";
                return Err(WireError::missing(place, "fast_forward_polling_result"));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span::{days, secs};

    fn wrong(skipping: &TimeSkipping) -> Vec<String> {
        let mut wrong = Vec::new();
        skipping.check(&mut wrong);
        wrong
    }

    #[test]
    fn options_come_back_as_they_were_sent() {
        let all = TimeSkipping::fast_forward("a month", days(30))
            .max_skips(7)
            .without_children();
        for given in [all, TimeSkipping::on(), TimeSkipping::off()] {
            assert_eq!(wrong(&given), [""; 0]);
            let sent = given.clone().into_proto();
            assert_eq!(TimeSkipping::from_proto(sent), given);
        }
    }

    #[test]
    fn what_servers_refuse_or_misread_is_refused_at_once() {
        let mut given = TimeSkipping::fast_forward(" ", secs(0)).max_skips(0);
        given.is_on = false;
        assert_eq!(
            wrong(&given),
            [
                "`time_skipping.fast_forward` has no effect while it is off",
                "`time_skipping.fast_forward` has no id",
                "`time_skipping.fast_forward` is zero; only a time ahead is reached",
                "`time_skipping.max_skips` is 0, which would mean the default; `TimeSkipping::off()` skips none",
            ]
        );
        assert_eq!(
            wrong(&TimeSkipping::on().max_skips(u32::MAX)),
            ["`time_skipping.max_skips` is 4294967295; servers take at most 2147483647"]
        );
    }
}
