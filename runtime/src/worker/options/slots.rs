//! How many tasks of one kind are in progress at a time: a number, or as many as the machine has room for.

use std::time::Duration;

use serde::Deserialize;

use super::number_or_table::number_or_table;
use crate::time::{span::Span, text};

/// How many tasks of one kind a worker has in progress at a time.
///
/// A configuration has a number for the one, and a table for the other.
///
/// ```
/// use durably::worker::{ResourceSlots, SlotLimit, WorkerOptions};
///
/// let fixed: WorkerOptions = serde_json::from_str(r#"{ "max_concurrent_activities": 50 }"#)?;
/// assert_eq!(fixed.max_concurrent_activities, Some(SlotLimit::Fixed(50)));
///
/// let by_resources: WorkerOptions =
///     serde_json::from_str(r#"{ "max_concurrent_activities": { "min": 2, "max": 300 } }"#)?;
/// let slots = ResourceSlots::new().min(2).max(300);
/// assert_eq!(by_resources.max_concurrent_activities, Some(SlotLimit::ByResources(slots)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotLimit {
    /// Up to this number.
    Fixed(usize),
    /// As many as the machine has memory and CPU for.
    ByResources(ResourceSlots),
}

impl SlotLimit {
    /// The other limit; if both are tables, what it sets of its table.
    pub(crate) fn replaced_by(self, other: Self) -> Self {
        match (self, other) {
            (Self::ByResources(set), Self::ByResources(other)) => {
                Self::ByResources(set.replaced_by(other))
            }
            (Self::Fixed(_), other) | (Self::ByResources(_), other @ Self::Fixed(_)) => other,
        }
    }
}

/// Slots that a worker hands out while the machine's use of memory and CPU is below its
/// [targets](ResourceTargets). For tasks whose cost is not known before they run.
///
/// `/proc` and the control groups of the process are read, which only Linux has; elsewhere a worker with such
/// slots does not start. In a container the limits of the container count, by either version of control groups.
///
/// ```
/// use durably::{prelude::*, worker::{ResourceSlots, ResourceTargets}};
///
/// # fn example(client: &Client) {
/// let worker = Worker::new(client, "videos")
///     .resource_targets(ResourceTargets::new().memory(0.7).cpu(0.9))
///     .max_concurrent_activities(ResourceSlots::new().min(1).max(200).ramp_throttle(millis(100)));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResourceSlots {
    pub(crate) min: Option<usize>,
    pub(crate) max: Option<usize>,
    #[serde(deserialize_with = "text::optional")]
    pub(crate) ramp_throttle: Option<Duration>,
}

/// [`ResourceSlots`] with their defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResolvedSlots {
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) ramp: Duration,
}

impl ResourceSlots {
    /// With defaults, as other SDKs have them: at least 5 for workflow tasks and 1 for activities, at most 500,
    /// and 50 ms between two activities.
    ///
    /// ```
    /// # use durably::worker::ResourceSlots;
    /// let slots = ResourceSlots::new().max(300);
    /// ```
    pub const fn new() -> Self {
        Self {
            min: None,
            max: None,
            ramp_throttle: None,
        }
    }

    /// Slots that are handed out whatever the machine does.
    ///
    /// ```
    /// # use durably::worker::ResourceSlots;
    /// let slots = ResourceSlots::new().min(2);
    /// ```
    pub const fn min(mut self, n: usize) -> Self {
        self.min = Some(n);
        self
    }

    /// The most slots, however idle the machine is.
    ///
    /// ```
    /// # use durably::worker::ResourceSlots;
    /// let slots = ResourceSlots::new().max(1_000);
    /// ```
    pub const fn max(mut self, n: usize) -> Self {
        self.max = Some(n);
        self
    }

    /// The pause between two slots past the minimum, in which the cost of the first one's task begins to show.
    ///
    /// ```
    /// # use durably::{millis, worker::ResourceSlots};
    /// let slots = ResourceSlots::new().ramp_throttle(millis(200));
    /// ```
    pub fn ramp_throttle(mut self, d: impl Span) -> Self {
        self.ramp_throttle = Some(d.into_duration());
        self
    }

    /// What `other` sets, and the rest of this.
    fn replaced_by(self, other: Self) -> Self {
        Self {
            min: other.min.or(self.min),
            max: other.max.or(self.max),
            ramp_throttle: other.ramp_throttle.or(self.ramp_throttle),
        }
    }

    pub(crate) fn resolved(self, default_min: usize, default_ramp: Duration) -> ResolvedSlots {
        ResolvedSlots {
            least: self.min.unwrap_or(default_min),
            most: self.max.unwrap_or(500),
            ramp: self.ramp_throttle.unwrap_or(default_ramp),
        }
    }
}

/// The parts of the machine's memory and CPU up to which [`ResourceSlots`] are handed out: from 0 to 1, by
/// default 0.8 of the memory and 0.9 of the CPU.
///
/// ```
/// use durably::worker::ResourceTargets;
///
/// let targets = ResourceTargets::new().memory(0.6);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResourceTargets {
    memory: Option<f64>,
    cpu: Option<f64>,
}

/// [`ResourceTargets`] with their defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResolvedTargets {
    pub(crate) memory: f64,
    pub(crate) cpu: f64,
}

impl ResourceTargets {
    /// 0.8 of the memory and 0.9 of the CPU.
    ///
    /// ```
    /// # use durably::worker::ResourceTargets;
    /// // 0.8 of the memory.
    /// let targets = ResourceTargets::new().cpu(0.7);
    /// ```
    pub const fn new() -> Self {
        Self {
            memory: None,
            cpu: None,
        }
    }

    /// The part of the memory.
    ///
    /// ```
    /// # use durably::worker::ResourceTargets;
    /// let targets = ResourceTargets::new().memory(0.5);
    /// ```
    pub const fn memory(mut self, part: f64) -> Self {
        self.memory = Some(part);
        self
    }

    /// The part of the CPU time of all cores.
    ///
    /// ```
    /// # use durably::worker::ResourceTargets;
    /// let targets = ResourceTargets::new().cpu(0.75);
    /// ```
    pub const fn cpu(mut self, part: f64) -> Self {
        self.cpu = Some(part);
        self
    }

    /// What `other` sets, and the rest of these.
    pub(crate) fn replaced_by(self, other: Self) -> Self {
        Self {
            memory: other.memory.or(self.memory),
            cpu: other.cpu.or(self.cpu),
        }
    }

    pub(crate) fn resolved(self) -> ResolvedTargets {
        ResolvedTargets {
            memory: self.memory.unwrap_or(0.8),
            cpu: self.cpu.unwrap_or(0.9),
        }
    }
}

/// What is taken where a number of slots is due: a number, or [`ResourceSlots`].
///
/// ```
/// use durably::{prelude::*, worker::{IntoSlotLimit, ResourceSlots}};
///
/// fn worker_of(client: &Client, slots: impl IntoSlotLimit) -> Worker {
///     Worker::new(client, "shop").max_concurrent_activities(slots)
/// }
/// # fn example(client: &Client) {
/// let workers = [worker_of(client, 50), worker_of(client, ResourceSlots::new())];
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "expected a number of slots, found `{Self}`",
    label = "write a number, `50`, or `ResourceSlots::new()` for as many as the machine has room for"
)]
pub trait IntoSlotLimit {
    #[doc(hidden)]
    fn into_slot_limit(self) -> SlotLimit;
}

#[diagnostic::do_not_recommend]
impl IntoSlotLimit for usize {
    fn into_slot_limit(self) -> SlotLimit {
        SlotLimit::Fixed(self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoSlotLimit for ResourceSlots {
    fn into_slot_limit(self) -> SlotLimit {
        SlotLimit::ByResources(self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoSlotLimit for SlotLimit {
    fn into_slot_limit(self) -> SlotLimit {
        self
    }
}

number_or_table! {
    SlotLimit, Fixed, ByResources(ResourceSlots),
    "a number of slots, or a table of `min`, `max` and `ramp_throttle`"
}
