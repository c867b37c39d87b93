//! Ids: one newtype each, so that two kinds cannot be confused.

use std::fmt;
use std::sync::Arc;

/// Position of an event in its history, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub i64);

impl EventId {
    /// The first event of every history, `WorkflowExecutionStarted`.
    pub const FIRST: Self = Self(1);
    /// No event: the value of a link without a target.
    pub const NONE: Self = Self(0);

    /// The event after this one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of a scheduling of a workflow task, unique in its run.
///
/// An event id does not identify a task: a speculative task that left no event leaves its id to the
/// next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

/// Names a message of a run to another execution. A recovery sends them in the order of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutgoingKey {
    /// The event that it belongs to.
    pub event: EventId,
    /// Its kind.
    pub kind: OutgoingKind,
}

/// Kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutgoingKind {
    /// Starts a child.
    StartChild,
    /// Dispatches the child's first workflow task: its start is recorded here.
    BeginChild,
    /// Signals another workflow.
    Signal,
    /// Requests the cancellation of another workflow.
    RequestCancel,
    /// Applies the close policy of a closed run to a child.
    ClosePolicy,
    /// Reports to the parent or the schedule that the run has closed.
    ReportClose,
}

impl OutgoingKind {
    pub(crate) const ALL: [Self; 6] = [
        Self::StartChild,
        Self::BeginChild,
        Self::Signal,
        Self::RequestCancel,
        Self::ClosePolicy,
        Self::ReportClose,
    ];

    /// The key of the message of this kind that belongs to an event.
    pub(crate) fn of(self, event: EventId) -> OutgoingKey {
        OutgoingKey { event, kind: self }
    }

    /// Whether the sender's close withdraws the message: a closed run records no answer.
    pub(crate) fn ends_with_its_sender(self) -> bool {
        match self {
            Self::StartChild | Self::Signal | Self::RequestCancel => true,
            Self::BeginChild | Self::ClosePolicy | Self::ReportClose => false,
        }
    }
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_id! {
    /// Workflow id; shared by all runs of a chain.
    WorkflowId,
    /// Id of one run of an execution.
    RunId,
    /// Id that the worker gives an activity, unique in its run.
    ActivityId,
    /// Id that the worker gives a timer, unique in its run.
    TimerId,
    /// Id that the client gives an update.
    UpdateId,
    /// Id of a request; makes its repetition idempotent.
    RequestId,
}
