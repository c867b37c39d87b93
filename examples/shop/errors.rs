//! What can go wrong in the shop.

use std::fmt;

use durably::{AppError, ResultError};

/// Why an activity of the shop fails.
#[derive(Debug)]
pub(crate) enum ShopError {
    /// Trying again does not help.
    OutOfStock(String),
    /// Trying again helps.
    Busy,
}

impl fmt::Display for ShopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfStock(item) => write!(f, "no {item} in stock"),
            Self::Busy => f.write_str("the warehouse is busy"),
        }
    }
}

impl std::error::Error for ShopError {}

const OUT_OF_STOCK: &str = "OutOfStock";

/// How the error is recorded, which is what callers and retry policies see of it.
impl From<ShopError> for AppError {
    fn from(error: ShopError) -> Self {
        match &error {
            ShopError::OutOfStock(_) => Self::new(OUT_OF_STOCK, error.to_string()).non_retryable(),
            ShopError::Busy => Self::new("Busy", error.to_string()),
        }
    }
}

/// Whether an order failed because there was nothing to sell.
pub(crate) fn is_out_of_stock(error: &ResultError) -> bool {
    error.app().is_some_and(|app| app.kind == OUT_OF_STOCK)
}
