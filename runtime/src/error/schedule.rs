//! What can go wrong with schedules.

use std::fmt;

use super::{
    ActivityError, AppError, ChildError, DataError, Failure, RpcError, TypedError,
    chain::{self, links},
    client::{IsRpcTimeout, operations},
};

/// There is no schedule of this id, or it is deleted.
///
/// ```no_run
/// use durably::{error::ScheduleError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.schedule("nightly").delete().await {
///     Err(ScheduleError::NotFound(it)) => println!("no schedule {}", it.schedule_id),
///     deleted => deleted?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleNotFound {
    /// The id that was asked for.
    pub schedule_id: String,
}

/// There is a schedule of this id already.
///
/// ```no_run
/// use durably::{error::CreateScheduleError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let nightly = client.create_schedule("nightly", "Report", ("eu",)).cron("0 2 * * *");
/// match nightly.task_queue("reports").await {
///     Err(CreateScheduleError::AlreadyExists(it)) => println!("{} is there", it.schedule_id),
///     created => println!("{} is new", created?.id()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleAlreadyExists {
    /// The id.
    pub schedule_id: String,
}

/// The schedule was changed by others each time it was about to be updated.
///
/// ```no_run
/// use durably::{error::UpdateScheduleError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.schedule("nightly").update(|schedule| schedule.note = "EU".to_owned()).await {
///     Err(UpdateScheduleError::Conflict(it)) => println!("{} attempts were in vain", it.attempts),
///     updated => updated?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleConflict {
    /// The id.
    pub schedule_id: String,
    /// How often the update was attempted.
    pub attempts: u32,
}

/// The schedule contradicts itself, or has a value that none can have. Nothing was sent.
///
/// ```no_run
/// use durably::{error::CreateScheduleError, prelude::*, schedule::Calendar};
///
/// # async fn example(client: Client) -> Result<()> {
/// let nightly = client.create_schedule("nightly", "Report", ()).calendar(Calendar::daily(25, 0));
/// match nightly.task_queue("reports").await {
///     Err(CreateScheduleError::Invalid(it)) => println!("{:?}", it.problems),
///     created => println!("{}", created?.id()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSchedule {
    /// The id.
    pub schedule_id: String,
    /// All that is wrong, a sentence each.
    pub problems: Vec<String>,
}

impl fmt::Display for ScheduleNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "schedule `{}` not found", self.schedule_id)
    }
}

impl fmt::Display for ScheduleAlreadyExists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "schedule `{}` exists already", self.schedule_id)
    }
}

impl fmt::Display for ScheduleConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            schedule_id,
            attempts,
        } = self;
        write!(
            f,
            "schedule `{schedule_id}` was changed by others during each of {attempts} attempts to update it"
        )
    }
}

impl fmt::Display for InvalidSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            schedule_id,
            problems,
        } = self;
        write!(
            f,
            "schedule `{schedule_id}` is invalid: {}",
            problems.join("; ")
        )
    }
}

impl std::error::Error for ScheduleNotFound {}
impl std::error::Error for ScheduleAlreadyExists {}
impl std::error::Error for ScheduleConflict {}
impl std::error::Error for InvalidSchedule {}

impl IsRpcTimeout for ScheduleNotFound {}
impl IsRpcTimeout for ScheduleAlreadyExists {}
impl IsRpcTimeout for ScheduleConflict {}
impl IsRpcTimeout for InvalidSchedule {}

operations! {
    /// Why a schedule could not be created.
    ///
    /// ```no_run
    /// use durably::{error::CreateScheduleError, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// let nightly = client.create_schedule("nightly", "Report", ("eu",)).cron("0 2 * * *");
    /// match nightly.task_queue("reports").await {
    ///     Ok(nightly) => println!("{} created", nightly.id()),
    ///     Err(CreateScheduleError::AlreadyExists(it)) => println!("{it}"),
    ///     Err(CreateScheduleError::Invalid(it)) => println!("{it}"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    CreateScheduleError {
        /// The id is taken.
        AlreadyExists(ScheduleAlreadyExists),
        /// It contradicts itself; nothing was sent.
        Invalid(InvalidSchedule),
        /// An argument, memo or search attribute could not be encoded.
        Data(DataError),
        /// The request failed; [`RpcError::InvalidArgument`] if the server refuses the schedule.
        Rpc(RpcError),
    }

    /// Why a schedule could not be described, paused, triggered or deleted.
    ///
    /// ```no_run
    /// use durably::{error::ScheduleError, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.schedule("nightly").pause("holidays").await {
    ///     Err(ScheduleError::NotFound(it)) => println!("{it}"),
    ///     paused => paused?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ScheduleError {
        /// There is no schedule of the id.
        NotFound(ScheduleNotFound),
        /// The id or the times of the request are not possible; nothing was sent.
        Invalid(InvalidSchedule),
        /// The request failed.
        Rpc(RpcError),
    }

    /// Why a schedule could not be updated.
    ///
    /// ```no_run
    /// use durably::{error::UpdateScheduleError, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.schedule("nightly").update(|schedule| schedule.spec.end = None).await {
    ///     Err(UpdateScheduleError::NotFound(it)) => println!("{it}"),
    ///     Err(UpdateScheduleError::Invalid(it)) => println!("{it}"),
    ///     updated => updated?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    UpdateScheduleError {
        /// There is no schedule of the id.
        NotFound(ScheduleNotFound),
        /// Others changed it each time.
        Conflict(ScheduleConflict),
        /// The new one contradicts itself; nothing was sent.
        Invalid(InvalidSchedule),
        /// An argument, memo or search attribute could not be encoded.
        Data(DataError),
        /// The request failed.
        Rpc(RpcError),
    }
}
