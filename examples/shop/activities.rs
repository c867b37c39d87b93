//! The shop's activities, `pub(crate)` so that the workflows can call them.

use std::{collections::BTreeSet, sync::Mutex};

use durably::prelude::*;

use crate::{data::Purchase, errors::ShopError};

/// Charges the customer's card.
#[activity(start_to_close = "10s")]
pub(crate) async fn charge(purchase: Purchase) -> String {
    format!("card ending in {:04}", purchase.cents % 10_000)
}

/// The warehouse; all attempts share one.
pub(crate) struct Warehouse {
    stock: Mutex<BTreeSet<String>>,
}

impl Warehouse {
    pub(crate) fn new(items: &[&str]) -> Self {
        Self {
            stock: Mutex::new(items.iter().map(|item| (*item).to_owned()).collect()),
        }
    }
}

#[activities]
impl Warehouse {
    /// Takes an item off the shelf.
    #[activity(start_to_close = "10s")]
    pub(crate) async fn reserve(&self, item: String) -> Result<String, ShopError> {
        let mut stock = self.stock.try_lock().map_err(|_| ShopError::Busy)?;
        match stock.remove(&item) {
            true => Ok(item),
            false => Err(ShopError::OutOfStock { item }),
        }
    }

    /// Puts an item back onto the shelf.
    #[activity(start_to_close = "10s")]
    pub(crate) async fn put_back(&self, item: String) -> Result<(), ShopError> {
        let mut stock = self.stock.try_lock().map_err(|_| ShopError::Busy)?;
        stock.insert(item);
        Ok(())
    }

    /// Hands a parcel to the carrier.
    #[activity(start_to_close = "1m")]
    pub(crate) async fn ship(&self, item: String) -> String {
        format!("{item}-1")
    }
}
