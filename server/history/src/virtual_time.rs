//! The time of one run: the server's, and what the run has skipped of it.
//!
//! A run that skips time records the later time in its events, and its deadlines are in that time, too. Only
//! where a time enters or leaves the core is it converted (`Run::virtual_time_at`, `Run::server_time`).

use std::fmt::Debug;
use std::time::Duration;

use durably_proto::api::common::v1::{
    TimeSkippingConfig, TimeSkippingFastForwardInfo, TimeSkippingInfo, TimeSkippingStatePropagation,
};
use durably_proto::api::history::v1::{
    WorkflowExecutionStartedEventAttributes,
    WorkflowExecutionTimeSkippingTransitionedEventAttributes,
};
use durably_proto::wkt;

use crate::rejection::Invalid;
use crate::time::{LONGEST, Time, to_proto};

/// What a run has skipped, and whether it skips on. A run that was never configured to skip has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct VirtualTime {
    /// The configuration in force: `enabled` is false once skipping has ended by itself. None after it was taken
    /// away, and for a child that has only the time of its parent.
    pub config: Option<TimeSkippingConfig>,
    /// By how much the run is ahead of the server.
    pub skipped: Duration,
    /// How much of that was skipped before the run started.
    pub initial: Duration,
    /// How often the run and those before it have skipped since the configuration was set.
    pub skips: i32,
    /// Set as long as the configuration has a fast-forward.
    pub fast_forward: Option<FastForward>,
}

/// A fast-forward: at its target, skipping ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FastForward {
    pub target: Time,
    pub reached: bool,
}

/// The skipped time that a run takes over, from the run before it or from its parent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InheritedTime {
    /// What was skipped.
    pub(crate) skipped: Duration,
    /// How often.
    pub(crate) skips: i32,
    /// Where the fast-forward ends.
    pub(crate) target: Option<Time>,
}

impl VirtualTime {
    /// Of a run that starts with this event.
    pub(crate) fn started(
        event: &WorkflowExecutionStartedEventAttributes,
        at: Time,
    ) -> Option<Box<Self>> {
        let inherited = event.time_skipping_state_propagation.as_ref();
        let inherited = inherited.map(InheritedTime::from_proto).unwrap_or_default();
        if event.time_skipping_config.is_none() && inherited.skipped.is_zero() {
            return None;
        }
        let mut time = Self {
            config: event.time_skipping_config.clone(),
            skipped: inherited.skipped,
            initial: inherited.skipped,
            skips: inherited.skips,
            fast_forward: None,
        };
        time.begin_fast_forward(inherited.target, at);
        Some(Box::new(time))
    }

    /// Sets the configuration, which begins to count the skips anew.
    pub(crate) fn set(time: &mut Option<Box<Self>>, config: Option<TimeSkippingConfig>, at: Time) {
        if time.is_none() && config.is_none() {
            return;
        }
        let time = time.get_or_insert_default();
        time.config = config;
        time.skips = 0;
        time.begin_fast_forward(None, at);
    }

    /// Applies the event that time was skipped or that skipping has ended.
    pub(crate) fn transition(
        &mut self,
        event: &WorkflowExecutionTimeSkippingTransitionedEventAttributes,
        at: Time,
    ) {
        if let Some(target) = event.target_time {
            let target = Time::from(target);
            assert!(target >= at, "time is skipped forwards");
            self.skipped += target.since(at);
        }
        self.skips = self.skips.saturating_add(1);
        let is_last = self
            .config
            .as_ref()
            .is_some_and(|config| self.skips >= config.max_session_skip_count);
        if let Some(fast_forward) = &mut self.fast_forward
            && event.disabled_after_fast_forward
        {
            fast_forward.reached = true;
            self.disable();
        }
        if is_last {
            self.disable();
        }
    }

    /// Whether the run skips time.
    pub(crate) fn is_enabled(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.enabled)
    }

    /// The target of a fast-forward that goes on.
    pub(crate) fn pending_target(&self) -> Option<Time> {
        let pending = self.fast_forward.filter(|it| !it.reached)?;
        self.is_enabled().then_some(pending.target)
    }

    /// What the next run of the chain takes over. As on the real server, a run that skips no more passes only the
    /// time on.
    pub(crate) fn of_next_run(&self) -> (Option<TimeSkippingConfig>, InheritedTime) {
        if !self.is_enabled() {
            return (None, self.skipped_only());
        }
        let inherited = InheritedTime {
            skipped: self.skipped,
            skips: self.skips,
            target: self.fast_forward.map(|it| it.target),
        };
        (self.config.clone(), inherited)
    }

    /// What a child takes over: the time, and the configuration without the fast-forward.
    pub(crate) fn of_child(&self) -> (Option<TimeSkippingConfig>, InheritedTime) {
        let config = self.config.as_ref();
        let config = config.filter(|config| config.enabled && !config.disable_propagation);
        let config = config.map(|config| TimeSkippingConfig {
            fast_forward_config: None,
            ..config.clone()
        });
        (config, self.skipped_only())
    }

    /// The description.
    pub(crate) fn info(&self, now: Time) -> TimeSkippingInfo {
        TimeSkippingInfo {
            current_time: Some(now.into()),
            effective_config: self.config.clone(),
            fast_forward_info: self.fast_forward_info(),
            // As on the real server, which does not set it yet.
            current_session_skip_count: 0,
        }
    }

    /// The description of the fast-forward.
    pub(crate) fn fast_forward_info(&self) -> Option<TimeSkippingFastForwardInfo> {
        let fast_forward = self.fast_forward?;
        let config = self.config.as_ref()?.fast_forward_config.as_ref()?;
        Some(TimeSkippingFastForwardInfo {
            fast_forward_duration: config.duration,
            fast_forward_id: config.id.clone(),
            target_time: Some(fast_forward.target.into()),
            has_completed: fast_forward.reached,
        })
    }

    /// What events record of it: all but what a reset run has skipped before its start.
    pub(crate) fn recorded(&self) -> impl Debug + '_ {
        let Self {
            config,
            skipped,
            initial: _,
            skips,
            fast_forward,
        } = self;
        (config, skipped, skips, fast_forward)
    }

    /// What holds between inputs; an error names what does not.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let config = self.config.as_ref();
        let has_fast_forward = config.is_some_and(|it| it.fast_forward_config.is_some());
        if has_fast_forward != self.fast_forward.is_some() {
            return Err("a fast-forward is there as long as it is configured");
        }
        if self.is_enabled() && self.fast_forward.is_some_and(|it| it.reached) {
            return Err("skipping ends when its fast-forward is reached");
        }
        if self.initial > self.skipped {
            return Err("time is skipped forwards");
        }
        if self.skips < 0 {
            return Err("skips are counted from zero");
        }
        Ok(())
    }

    /// Begins the fast-forward of the configuration; one of an earlier run goes on to its target.
    fn begin_fast_forward(&mut self, target: Option<Time>, now: Time) {
        let config = self.config.as_ref();
        let Some(fast_forward) = config.and_then(|it| it.fast_forward_config.as_ref()) else {
            self.fast_forward = None;
            return;
        };
        let duration = positive(fast_forward.duration.as_ref());
        let new = || now + duration.unwrap_or_default().min(LONGEST);
        let reached = target.is_some_and(|target| target <= now);
        let target = target.unwrap_or_else(new);
        self.fast_forward = Some(FastForward { target, reached });
        if reached {
            self.disable();
        }
    }

    fn disable(&mut self) {
        if let Some(config) = &mut self.config {
            config.enabled = false;
        }
    }

    fn skipped_only(&self) -> InheritedTime {
        InheritedTime {
            skipped: self.skipped,
            ..InheritedTime::default()
        }
    }
}

impl InheritedTime {
    pub(crate) fn from_proto(message: &TimeSkippingStatePropagation) -> Self {
        let skipped = positive(message.initial_skipped_duration.as_ref());
        Self {
            skipped: skipped.unwrap_or_default(),
            skips: message.initial_skip_count.max(0),
            target: message.fast_forward_target_time.map(Time::from),
        }
    }

    /// As events record it; none if there is nothing to take over.
    pub(crate) fn to_proto(&self) -> Option<TimeSkippingStatePropagation> {
        if *self == Self::default() {
            return None;
        }
        Some(TimeSkippingStatePropagation {
            initial_skipped_duration: (!self.skipped.is_zero()).then(|| to_proto(self.skipped)),
            fast_forward_target_time: self.target.map(Into::into),
            initial_skip_count: self.skips,
        })
    }
}

/// Checks the configuration of a request, and sets what it leaves to the server.
///
/// # Errors
/// What is wrong with it, in the platform's words.
pub fn check_time_skipping(config: Option<&mut TimeSkippingConfig>) -> Result<(), Invalid> {
    let Some(config) = config else {
        return Ok(());
    };
    if config.max_session_skip_count <= 0 {
        config.max_session_skip_count = MAX_SKIPS;
    }
    let Some(fast_forward) = &config.fast_forward_config else {
        return Ok(());
    };
    if positive(fast_forward.duration.as_ref()).is_none() {
        return Err(invalid(
            "Time skipping config invalid: fast_forward duration must be positive",
        ));
    }
    check_fast_forward_id(&fast_forward.id)?;
    if !config.enabled {
        return Err(invalid(
            "time_skipping_config: cannot set fast_forward when enabled is false",
        ));
    }
    Ok(())
}

/// Checks the name of a fast-forward.
///
/// # Errors
/// What is wrong with it, in the platform's words.
pub fn check_fast_forward_id(id: &str) -> Result<(), Invalid> {
    match id.trim() {
        "" => Err(invalid(
            "Time skipping config invalid: fast_forward_id must be set",
        )),
        _ => Ok(()),
    }
}

/// The duration; none if it is not positive. Its two fields may have different signs.
fn positive(duration: Option<&wkt::Duration>) -> Option<Duration> {
    let duration = duration?;
    let nanos = i128::from(duration.seconds) * 1_000_000_000 + i128::from(duration.nanos);
    let nanos = u128::try_from(nanos).ok()?;
    let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
    Some(Duration::from_nanos(nanos)).filter(|it| !it.is_zero())
}

fn invalid(message: &str) -> Invalid {
    Invalid(message.to_owned())
}

/// The number of skips after which a run stops to skip, if its configuration has none; the real server's default.
const MAX_SKIPS: i32 = 200;
