//! How many long polls of one kind there are at a time: a number, or as many as the server advises.

use serde::Deserialize;

use super::number_or_table::number_or_table;

/// How many long polls of one kind a worker holds at a time.
///
/// A configuration has a number for the one, and a table for the other.
///
/// ```
/// use durably::worker::{PollerLimit, ScaledPollers, WorkerOptions};
///
/// let up_to: WorkerOptions = serde_json::from_str(r#"{ "activity_pollers": 10 }"#)?;
/// assert_eq!(up_to.activity_pollers, Some(PollerLimit::UpTo(10)));
///
/// let scaled: WorkerOptions =
///     serde_json::from_str(r#"{ "activity_pollers": { "min": 1, "max": 40, "initial": 4 } }"#)?;
/// let pollers = ScaledPollers::new().min(1).max(40).initial(4);
/// assert_eq!(scaled.activity_pollers, Some(PollerLimit::Scaled(pollers)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollerLimit {
    /// One while no tasks come, and up to this number while they do.
    UpTo(usize),
    /// As many as the server advises.
    Scaled(ScaledPollers),
}

impl PollerLimit {
    /// The other limit; if both are tables, what it sets of its table.
    pub(crate) fn replaced_by(self, other: Self) -> Self {
        match (self, other) {
            (Self::Scaled(set), Self::Scaled(other)) => Self::Scaled(set.replaced_by(other)),
            (Self::UpTo(_), other) | (Self::Scaled(_), other @ Self::UpTo(_)) => other,
        }
    }
}

/// Pollers whose number follows the advice that the server adds to its answers: more while tasks wait for
/// workers, fewer while polls wait for tasks: an idle worker holds the minimum. With a server that gives no advice the
/// number stays as it is at the start.
///
/// ```
/// use durably::{prelude::*, worker::ScaledPollers};
///
/// # fn example(client: &Client) {
/// let worker = Worker::new(client, "orders")
///     .workflow_pollers(ScaledPollers::new())
///     .activity_pollers(ScaledPollers::new().min(2).max(50).initial(10));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScaledPollers {
    min: Option<usize>,
    max: Option<usize>,
    initial: Option<usize>,
}

/// [`ScaledPollers`] with their defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResolvedPollers {
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) initial: usize,
}

impl ScaledPollers {
    /// From 1 to 100, and 5 at the start, as other SDKs have it.
    ///
    /// ```
    /// # use durably::worker::ScaledPollers;
    /// // From 1 to 20.
    /// let pollers = ScaledPollers::new().max(20);
    /// ```
    pub const fn new() -> Self {
        Self {
            min: None,
            max: None,
            initial: None,
        }
    }

    /// The fewest pollers, however quiet the queue is.
    ///
    /// ```
    /// # use durably::worker::ScaledPollers;
    /// let pollers = ScaledPollers::new().min(2);
    /// ```
    pub const fn min(mut self, n: usize) -> Self {
        self.min = Some(n);
        self
    }

    /// The most pollers, whatever the server advises.
    ///
    /// ```
    /// # use durably::worker::ScaledPollers;
    /// let pollers = ScaledPollers::new().max(20);
    /// ```
    pub const fn max(mut self, n: usize) -> Self {
        self.max = Some(n);
        self
    }

    /// The pollers at the start of the worker.
    ///
    /// ```
    /// # use durably::worker::ScaledPollers;
    /// let pollers = ScaledPollers::new().initial(1);
    /// ```
    pub const fn initial(mut self, n: usize) -> Self {
        self.initial = Some(n);
        self
    }

    /// What `other` sets, and the rest of these.
    fn replaced_by(self, other: Self) -> Self {
        Self {
            min: other.min.or(self.min),
            max: other.max.or(self.max),
            initial: other.initial.or(self.initial),
        }
    }

    pub(crate) fn resolved(self) -> ResolvedPollers {
        ResolvedPollers {
            min: self.min.unwrap_or(1),
            max: self.max.unwrap_or(100),
            initial: self.initial.unwrap_or(5),
        }
    }
}

/// What is taken where a number of pollers is due: a number, or [`ScaledPollers`].
///
/// ```
/// use durably::{prelude::*, worker::{IntoPollerLimit, ScaledPollers}};
///
/// fn worker_of(client: &Client, pollers: impl IntoPollerLimit) -> Worker {
///     Worker::new(client, "shop").activity_pollers(pollers)
/// }
/// # fn example(client: &Client) {
/// let workers = [worker_of(client, 5), worker_of(client, ScaledPollers::new())];
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "expected a number of pollers, found `{Self}`",
    label = "write a number, `5`, or `ScaledPollers::new()` for as many as the server advises"
)]
pub trait IntoPollerLimit {
    #[doc(hidden)]
    fn into_poller_limit(self) -> PollerLimit;
}

#[diagnostic::do_not_recommend]
impl IntoPollerLimit for usize {
    fn into_poller_limit(self) -> PollerLimit {
        PollerLimit::UpTo(self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoPollerLimit for ScaledPollers {
    fn into_poller_limit(self) -> PollerLimit {
        PollerLimit::Scaled(self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoPollerLimit for PollerLimit {
    fn into_poller_limit(self) -> PollerLimit {
        self
    }
}

number_or_table! {
    PollerLimit, UpTo, Scaled(ScaledPollers),
    "a number of pollers, or a table of `min`, `max` and `initial`"
}
