//! The end of a run that begins the next one.

use std::fmt;

use super::{DataError, Error, Result};
use crate::{
    Outgoing, Retry, Span, Workflow,
    data::{ArgList, EncodedArgs, Text, type_name, value},
};

/// Ends a run and begins the next one of the same workflow, with an empty history.
///
/// Made by `Self::continue_as_new(args..)` and returned from `#[run]`; what is not set here is
/// taken over from this run.
///
/// ```
/// use durably::prelude::*;
///
/// #[derive(Default)]
/// struct Counter;
///
/// #[workflow]
/// impl Counter {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx, count: u64) -> Result<u64> {
///         ctx.sleep(days(1)).await?;
///         if count == 365 {
///             return Ok(count);
///         }
///         Self::continue_as_new(count + 1)
///             .run_timeout(days(2))
///             .into()
///     }
/// }
/// ```
#[derive(Debug)]
#[must_use = "return it from `run`: `Self::continue_as_new(..).into()`"]
pub struct ContinueAsNew {
    next: durably_engine::ContinueAsNew,
    /// The first argument or memo that could not be encoded.
    error: Option<DataError>,
}

impl ContinueAsNew {
    /// The next run of the workflow type of that name.
    #[doc(hidden)]
    pub fn new(workflow: &'static str, args: EncodedArgs) -> Self {
        let mut next = durably_engine::ContinueAsNew {
            workflow_type: Some(workflow.to_owned()),
            ..Default::default()
        };
        let error = match args.0 {
            Ok(payloads) => {
                next.input = payloads;
                None
            }
            Err(error) => Some(error),
        };
        Self { next, error }
    }

    /// Goes on as a workflow of another type, with these arguments.
    pub fn other<W: Workflow>(args: impl ArgList) -> Self {
        Self::new(W::NAME, args.encode())
    }

    /// The task queue of the next run.
    pub fn task_queue(mut self, queue: impl Text) -> Self {
        self.next.task_queue = Some(queue.into_text());
        self
    }

    /// The time the next run may take.
    pub fn run_timeout(mut self, timeout: impl Span) -> Self {
        self.next.run_timeout = Some(timeout.into_duration());
        self
    }

    /// The time one workflow task of the next run may take.
    pub fn task_timeout(mut self, timeout: impl Span) -> Self {
        self.next.task_timeout = Some(timeout.into_duration());
        self
    }

    /// How the next run is retried.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.next.retry = Some(retry.policy());
        self
    }

    /// Sets one note of the next run; the first call drops those of this run.
    pub fn memo<T: Outgoing>(mut self, name: impl Into<String>, note: T) -> Self {
        match encode_named("memo", &note) {
            Ok(payload) => {
                let memo = self.next.memo.get_or_insert_default();
                memo.insert(name.into(), payload);
            }
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// Sets one search attribute of the next run; the first call drops those of this run.
    pub fn search_attribute<T: Outgoing>(mut self, name: impl Into<String>, attribute: T) -> Self {
        match encode_named("search attribute", &attribute) {
            Ok(payload) => {
                let attributes = self.next.search_attributes.get_or_insert_default();
                attributes.insert(name.into(), payload);
            }
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// What the engine is asked to do.
    pub(crate) fn into_intent(self) -> Result<durably_engine::ContinueAsNew, DataError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.next),
        }
    }
}

fn encode_named<T: Outgoing>(what: &str, content: &T) -> Result<crate::Payload, DataError> {
    value::encode(content)
        .map_err(|fault| DataError::write(what.to_owned(), type_name::short::<T>(), fault))
}

impl fmt::Display for ContinueAsNew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("continue as new can only be returned from `run`")
    }
}

impl std::error::Error for ContinueAsNew {}

impl<T> From<ContinueAsNew> for Result<T, Error> {
    fn from(next: ContinueAsNew) -> Self {
        Err(next.into())
    }
}
