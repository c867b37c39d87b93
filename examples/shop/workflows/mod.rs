//! The workflows, one a file. Whoever starts one imports it from here.

mod complaint;
mod order;

pub(crate) use complaint::Complaint;
pub(crate) use order::Order;
