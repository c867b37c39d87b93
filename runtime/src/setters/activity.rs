//! The options of activity calls: of one call, and of all calls of a stub.

use super::setters;
use crate::{
    data::Text,
    definition::TimeoutSet,
    options::Retry,
    time::span::Span,
    workflow::{ActivityCall, stub::Stub},
};

setters! {
    for {
        [A, T] ActivityCall<A, T> => ActivityCall<A, TimeoutSet>;
        [T] Stub<T> => Stub<TimeoutSet>;
    }
    decide {
        /// The longest one attempt may take.
        fn start_to_close(duration: impl Span) = duration.into_duration();
        /// The longest all attempts together may take, with the pauses between them.
        fn schedule_to_close(duration: impl Span) = duration.into_duration();
    }
}

setters! {
    for {
        [A, T] ActivityCall<A, T>;
        [T] Stub<T>;
    }
    set {
        /// The longest an attempt may wait for a worker; no limit by default.
        fn schedule_to_start(duration: impl Span) = duration.into_duration();
        /// The longest pause between two heartbeats of an attempt; by default it need not send any.
        fn heartbeat(duration: impl Span) = duration.into_duration();
        /// How failed attempts are retried; without a limit by default.
        fn retry(retry: Retry /* as in `Retry::attempts(3)` */) = retry;
        /// The task queue of the workers that run the activity; the workflow's own by default.
        fn task_queue(queue: impl Text) = queue.into_text();
    }
}
