//! The setters that several kinds of calls have: what each does is said once, here.
//!
//! A type lists the signatures of its setters in its own module, and [`setters`] adds their
//! documentation and their bodies. The signatures are not in this table because rustc quotes the line
//! of one, and the path of its `impl`, where a call does not fit it.

/// The options: the name of the setter and of its field, what makes the field's value of an argument,
/// and the documentation.
macro_rules! table {
    ($dollar:tt $($name:ident, $convert:path, $doc:literal;)*) => {
        /// The documentation of the setter of this name.
        macro_rules! doc_of {
            $( ($name) => { $doc }; )*
        }
        /// The value of the field of this name.
        macro_rules! value_of {
            $( ($name $dollar argument:ident) => { $convert($dollar argument) }; )*
        }
    };
}

table! { $
    start_to_close, crate::time::span::Span::into_duration,
        "The longest one attempt may take; by default as long as `schedule_to_close`.";
    schedule_to_close, crate::time::span::Span::into_duration,
        "The longest all attempts together may take, with the pauses between them; no limit by default.";
    schedule_to_start, crate::time::span::Span::into_duration,
        "The longest an attempt may wait for a worker; no limit by default.";
    heartbeat, crate::time::span::Span::into_duration,
        "The longest pause between two heartbeats of an attempt; by default it need not send any.";
    task_queue, crate::data::Text::into_text,
        "The task queue of the workers that run the activity; the workflow's own by default.";
    id, crate::data::Text::into_text,
        "The workflow id; a random one by default.";
    id_reuse_policy, std::convert::identity,
        "Whether the id of a closed workflow may be used again; by default it may.";
    execution_timeout, crate::time::span::Span::into_duration,
        "The longest all runs together may take, retries and continue-as-new included; no limit by default.";
    run_timeout, crate::time::span::Span::into_duration,
        "The longest one run may take; no limit by default. A continue-as-new keeps that of its run.";
    task_timeout, crate::time::span::Span::into_duration,
        "The longest one workflow task may take; the server's default is ten seconds.";
    priority, std::convert::identity,
        "How urgent its tasks are, and with whom they share a task queue; by default as those of the workflow that starts \
         it, or else the server's default.";
    retry, std::convert::identity,
        "How failures are retried. By default an activity is retried without limit, and a workflow is not.";
}

/// Writes the setters with these signatures into an `impl`.
///
/// The type has a method `set`, which takes what changes its options. A setter that returns another type
/// than `Self` gets it from a method `decided`.
macro_rules! setters {
    () => {};
    (fn $name:ident($argument:ident: $type:ty) -> Self; $($rest:tt)*) => {
        #[doc = doc_of!($name)]
        pub fn $name(mut self, $argument: $type) -> Self {
            let value = value_of!($name $argument);
            self.set(|options| options.$name = Some(value.into()));
            self
        }
        setters! { $($rest)* }
    };
    (fn $name:ident($argument:ident: $type:ty) -> $decided:ty; $($rest:tt)*) => {
        #[doc = doc_of!($name)]
        pub fn $name(mut self, $argument: $type) -> $decided {
            let value = value_of!($name $argument);
            self.set(|options| options.$name = Some(value.into()));
            self.decided()
        }
        setters! { $($rest)* }
    };
}
#[expect(
    clippy::single_component_path_imports,
    reason = "clippy does not see that `table` defines these macros"
)]
pub(crate) use {doc_of, setters, value_of};
