//! The names of things: one newtype each, so that two ids are never mixed up.

use std::fmt;
use std::sync::Arc;

/// The place of an event in its history, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub i64);

impl EventId {
    /// The first event of every history, `WorkflowExecutionStarted`.
    pub const FIRST: Self = Self(1);
    /// No event: what the platform writes where a link has no target.
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

/// Tells one scheduling of a workflow task from every other of the same run.
///
/// Event ids cannot: a speculative task that vanished leaves its event id to the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

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
    /// What the user calls the execution; shared by all runs of its chain.
    WorkflowId,
    /// One run of an execution.
    RunId,
    /// What the worker calls an activity inside its run.
    ActivityId,
    /// What the worker calls a timer inside its run.
    TimerId,
    /// What the client calls an update.
    UpdateId,
    /// What the client calls a request, so that sending it twice does it once.
    RequestId,
}
