//! The shop's errors, which keep their type on the way from an activity to a client.

use durably::{ActivityError, Cancelled, error::ResultError};

/// Why an activity of the shop fails.
#[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
pub(crate) enum ShopError {
    /// Another attempt finds no more of it.
    #[error("no {item} in stock")]
    #[failure(non_retryable)]
    OutOfStock { item: String },
    #[error("the warehouse is busy")]
    #[failure(next_retry_delay = "200ms")]
    Busy,
}

/// Why an order ends without a receipt.
///
/// `#[from]` makes `?` work on waits and activities, and keeps the meaning of a cancellation: an
/// order that is cancelled closes as Canceled and not as Failed.
#[derive(Debug, thiserror::Error, durably::Failure)]
pub(crate) enum OrderError {
    #[error("nobody approved the order")]
    NotApproved,
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("an activity of the order failed")]
    Activity(#[from] ActivityError),
}

/// The item that was out of stock, if an order failed because of that.
pub(crate) fn out_of_stock(error: &ResultError) -> Option<String> {
    match error.failed()? {
        ShopError::OutOfStock { item } => Some(item),
        ShopError::Busy => None,
    }
}
