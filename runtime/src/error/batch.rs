//! What can go wrong with batches.

use std::fmt;

use super::{
    ActivityError, AppError, ChildError, DataError, Failure, RpcError, TypedError,
    chain::{self, links},
    client::{IsRpcTimeout, operations},
};

/// There is no batch of this id.
///
/// ```no_run
/// use durably::{error::BatchError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.batch_operation("spring-cleaning").describe().await {
///     Err(BatchError::NotFound(it)) => println!("no batch {}", it.batch_id),
///     batch => println!("{:?}", batch?.summary.state),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchNotFound {
    /// The id that was asked for.
    pub batch_id: String,
}

/// There is a batch of this id, or there was one that the server still knows.
///
/// ```no_run
/// use durably::{error::BatchError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.batch("WorkflowType = 'Order'").cancel("recall").id("recall-1").await {
///     Err(BatchError::AlreadyExists(it)) => println!("{} was started before", it.batch_id),
///     started => println!("{} is new", started?.id()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchAlreadyExists {
    /// The id.
    pub batch_id: String,
}

/// The batch was not sent: its filter is empty, so that it would be about all workflows.
///
/// ```no_run
/// use durably::{error::BatchError, prelude::*};
///
/// # async fn example(client: Client, filter: &str) -> Result<()> {
/// match client.batch(filter).terminate("spring cleaning").await {
///     Err(BatchError::NoFilter(it)) => println!("{it}"),
///     started => println!("{}", started?.id()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoFilter;

impl fmt::Display for BatchNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch `{}` not found", self.batch_id)
    }
}

impl fmt::Display for BatchAlreadyExists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch `{}` exists already", self.batch_id)
    }
}

impl fmt::Display for NoFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the filter of the batch is empty, which would be all workflows; if you mean them, write \
             `WorkflowId STARTS_WITH ''`",
        )
    }
}

impl std::error::Error for BatchAlreadyExists {}
impl std::error::Error for BatchNotFound {}
impl std::error::Error for NoFilter {}
impl IsRpcTimeout for BatchAlreadyExists {}
impl IsRpcTimeout for BatchNotFound {}
impl IsRpcTimeout for NoFilter {}

operations! {
    /// Why a batch could not be started, described or stopped.
    ///
    /// ```no_run
    /// use durably::{error::{BatchError, RpcError}, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.batch("WorkflowType = 'Order'").cancel("recall").await {
    ///     Err(BatchError::Rpc(RpcError::InvalidArgument { message })) => println!("{message}"),
    ///     started => println!("{}", started?.id()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    BatchError {
        /// There is no batch of the id.
        NotFound(BatchNotFound),
        /// There is a batch of the id already.
        AlreadyExists(BatchAlreadyExists),
        /// The filter is empty; nothing was sent.
        NoFilter(NoFilter),
        /// An argument of the signal could not be encoded.
        Data(DataError),
        /// The request failed; [`RpcError::InvalidArgument`] if the filter is invalid.
        Rpc(RpcError),
    }
}
