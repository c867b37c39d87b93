//! Pages of lists.

use std::{collections::VecDeque, num::NonZeroU16};

/// Some items of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: VecDeque<T>,
    /// Empty on the last page.
    pub(crate) next_page_token: Vec<u8>,
}

/// A page size as messages have it: zero for the server's own.
pub(super) fn size(most: Option<NonZeroU16>) -> i32 {
    most.map_or(0, |most| most.get().into())
}
