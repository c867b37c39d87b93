//! What activities and workflows hand to each other.

use std::fmt;

/// What a customer wants.
#[durably::data]
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    pub(crate) item: String,
    pub(crate) cents: u64,
}

impl Purchase {
    pub(crate) fn new(item: &str, cents: u64) -> Self {
        Self {
            item: item.to_owned(),
            cents,
        }
    }
}

/// What a customer gets.
#[durably::data]
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) payment: String,
    pub(crate) parcel: String,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parcel {}, paid by {}", self.parcel, self.payment)
    }
}
