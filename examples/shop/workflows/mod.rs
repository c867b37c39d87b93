//! The workflows, each in its file; other modules import them from here.

mod complaint;
mod order;

pub(crate) use complaint::Complaint;
pub(crate) use order::Order;
