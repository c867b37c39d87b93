//! Requests of clients.

pub(crate) mod attach;
pub(crate) mod begin;
pub(crate) mod cancel;
pub(crate) mod delete;
mod describe;
pub(crate) mod parse;
pub(crate) mod signal;
pub(crate) mod start;
pub(crate) mod terminate;
pub(crate) mod update;
