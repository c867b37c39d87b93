//! Pages of lists.

use std::collections::VecDeque;

/// Some items of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: VecDeque<T>,
    /// Empty on the last page.
    pub(crate) next_page_token: Vec<u8>,
}
