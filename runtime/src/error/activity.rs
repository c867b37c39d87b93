//! The error of an activity that returned no result.

use std::fmt;

use durably_engine::{FailureInfo, FailureRecord, RetryState, TimeoutKind};

use super::{
    AppError, DataError, Details, Failure, TypedError,
    chain::{self, links},
};
use crate::data::{Converter, Data};

/// An activity failed, timed out or was cancelled.
///
/// ```
/// # use durably::prelude::*;
/// use durably::error::{RetryState, TimeoutKind};
///
/// # #[activity(start_to_close = "10m", heartbeat = "10s")]
/// # async fn copy(ctx: &ActivityCtx, pages: u32) { ctx.heartbeat(pages); }
/// # async fn example(ctx: &Ctx, pages: u32) -> Result<u32> {
/// match copy::call(ctx, pages).retry(Retry::attempts(3)).await {
///     Ok(()) => Ok(pages),
///     Err(error) if error.is_cancelled() => Err(error.into()),
///     Err(error) if error.timeout() == Some(TimeoutKind::Heartbeat) => {
///         // Its last heartbeat had the number of pages that were copied.
///         println!("{} stopped: {:?}", error.activity_id(), error.last_failure());
///         Ok(error.last_heartbeat::<u32>()?.unwrap_or(0))
///     }
///     Err(error) if error.retry_state() == RetryState::MaximumAttemptsReached => Ok(0),
///     Err(error) => Err(error.into()),
/// }
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ActivityError {
    /// The name of the activity.
    pub activity: String,
    /// Why.
    pub cause: Failure,
    /// The failure as history records it.
    record: Box<FailureRecord>,
    /// That of the worker or client that received it.
    converter: Converter,
}

/// As its public fields, without the record that it was read from, which repeats them as bytes.
impl fmt::Debug for ActivityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityError")
            .field("activity", &self.activity)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl ActivityError {
    /// The activity that a failure of kind `Activity` is about.
    ///
    /// A record of another kind is taken for the cause, so that nothing the server says is lost.
    pub(crate) fn from_record(record: FailureRecord, converter: &Converter) -> Self {
        let activity = match &record.info {
            FailureInfo::Activity { activity_type, .. } => activity_type.clone(),
            _ => String::new(),
        };
        let cause = Failure::cause_of(&record, converter);
        Self {
            activity,
            cause,
            record: Box::new(record),
            converter: converter.clone(),
        }
    }

    pub(super) fn to_record(&self) -> FailureRecord {
        (*self.record).clone()
    }

    /// Which timeout ran out, if one did.
    pub fn timeout(&self) -> Option<TimeoutKind> {
        self.cause.timeout()
    }

    /// Whether the activity was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cause.is_cancelled()
    }

    /// Why the activity was not tried again.
    pub fn retry_state(&self) -> RetryState {
        match self.record.info {
            FailureInfo::Activity { retry_state, .. } => retry_state,
            _ => RetryState::Unspecified,
        }
    }

    /// The id the activity was scheduled under.
    pub fn activity_id(&self) -> &str {
        match &self.record.info {
            FailureInfo::Activity { activity_id, .. } => activity_id,
            _ => "",
        }
    }

    /// What the attempt before a timeout failed with, if one did.
    pub fn last_failure(&self) -> Option<Failure> {
        let timeout = self.record.cause.as_ref()?;
        let FailureInfo::Timeout { .. } = timeout.info else {
            return None;
        };
        let before = timeout.cause.as_deref()?;
        Some(Failure::from_record(before.clone(), &self.converter))
    }

    /// The details of the activity's last heartbeat before a timeout; the first of them, if its SDK sends several,
    /// which [`detail`](Self::detail) reads.
    ///
    /// # Errors
    /// It cannot be deserialised as a `T`.
    pub fn last_heartbeat<T: Data>(&self) -> Result<Option<T>, DataError> {
        let Some(FailureInfo::Timeout {
            last_heartbeat_details,
            ..
        }) = self.record.cause.as_ref().map(|cause| &cause.info)
        else {
            return Ok(None);
        };
        let Some(details) = last_heartbeat_details.first() else {
            return Ok(None);
        };
        let what = || format!("the last heartbeat of activity `{}`", self.activity);
        DataError::decode(details, &self.converter, what).map(Some)
    }

    /// What came with the cause, at `index` from 0: the details of the activity's error, those of its cancellation,
    /// or those of its last heartbeat before a timeout.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # #[activity(start_to_close = "10m", remote)]
    /// # async fn copy(pages: u32) -> u32;
    /// # async fn example(ctx: &Ctx, pages: u32) -> Result<u32> {
    /// match copy::call(ctx, pages).await {
    ///     // An activity that is completed elsewhere says it by `report_cancelled(done)`.
    ///     Err(error) if error.is_cancelled() => Ok(error.detail::<u32>(0)?),
    ///     copied => Ok(copied?),
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such detail, or it cannot be deserialised as a `T`.
    pub fn detail<T: Data>(&self, index: usize) -> Result<T, DataError> {
        let details = Details::of_the_cause(&self.record, &self.converter);
        details.read(index, || format!("the end of activity `{}`", self.activity))
    }
}

links!(ActivityError);

impl fmt::Display for ActivityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.cause {
            Failure::Timeout(_) => "timed out",
            Failure::Cancelled => "was cancelled",
            _ => "failed",
        };
        write!(f, "activity `{}` {what}", self.activity)?;
        chain::because(f, &self.cause)
    }
}

impl std::error::Error for ActivityError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}
