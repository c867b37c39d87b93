//! The shop's errors, and how they are recorded.

use durably::{ActivityError, AppError, Cancelled, error::ResultError};

/// Why an activity of the shop fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShopError {
    /// Not retryable.
    #[error("no {0} in stock")]
    OutOfStock(String),
    /// Retryable.
    #[error("the warehouse is busy")]
    Busy,
}

/// Why an order ends without a receipt.
///
/// `#[from]` makes `?` work on waits and activities, and keeps the meaning of a cancellation: an
/// order that is cancelled closes as Canceled and not as Failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("nobody approved the order")]
    NotApproved,
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// Has a message of its own, because a transparent variant would omit the activity's error from the
    /// recorded causes.
    #[error("an activity of the order failed")]
    Activity(#[from] ActivityError),
}

const OUT_OF_STOCK: &str = "OutOfStock";

/// Converts the error to its recorded form, on which callers and retry policies decide.
impl From<ShopError> for AppError {
    fn from(error: ShopError) -> Self {
        match &error {
            ShopError::OutOfStock(_) => Self::new(OUT_OF_STOCK, error.to_string()).non_retryable(),
            ShopError::Busy => Self::new("Busy", error.to_string()),
        }
    }
}

/// Whether an order failed because its item was out of stock.
pub(crate) fn is_out_of_stock(error: &ResultError) -> bool {
    let app = error.activity().and_then(ActivityError::app);
    app.is_some_and(|app| app.kind == OUT_OF_STOCK)
}
