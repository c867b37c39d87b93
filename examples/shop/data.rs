//! Arguments and results of the shop's workflows and activities.

use std::fmt;

/// An item that a customer buys, and its price.
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

/// The result of an order.
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
