//! The options of runs: of one that a client starts, and of the next one of a continue-as-new.

use super::setters;
use crate::{
    client::{StartCall, Startable},
    data::Text,
    definition::Workflow,
    error::ContinueAsNew,
    options::Retry,
    time::span::Span,
    workflow::ChildCall,
};

setters! {
    for {
        [W: Startable, Q] StartCall<W, Q>;
        [] ContinueAsNew;
    }
    set {
        /// The longest one run may take; no limit by default, and a continue-as-new keeps that of this run.
        fn run_timeout(timeout: impl Span) = timeout.into_duration();
        /// The longest one workflow task may take; the server's default is ten seconds.
        fn task_timeout(timeout: impl Span) = timeout.into_duration();
        /// How failed runs are retried; by default they are not.
        fn retry(retry: Retry /* as in `Retry::attempts(3)` */) = retry;
    }
}

setters! {
    for {
        [W: Startable, Q] StartCall<W, Q>;
        [W: Workflow] ChildCall<W>;
    }
    set {
        /// The workflow id; a random one by default.
        fn id(id: impl Text) = id.into_text();
    }
}
