//! Matching: pairs the tasks of a task queue with the polls of its workers.
//!
//! [`matcher`] decides which task goes to which poll, without time, locks or IO; [`queue`] puts a
//! matcher behind a lock and lets polls wait; [`queues`] finds the queues of a namespace by name.

mod advice;
mod backlog;
pub(crate) mod fairness;
mod key_rate;
mod limits;
pub(crate) mod matcher;
pub(crate) mod offer;
mod pace;
pub(crate) mod poller;
pub(crate) mod priority;
pub(crate) mod query;
pub(crate) mod queue;
pub(crate) mod queues;
pub(crate) mod rate;
mod shut_down_workers;
mod statistics;
mod sweep;
mod weight;
