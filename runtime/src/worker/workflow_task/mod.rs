//! Runs workflow tasks: fetches missing history, drives the run on its thread, and answers.

pub(super) mod answer;
mod cache;
pub(super) mod executor;
pub(super) mod failing_runs;
mod history_pages;
pub(super) mod intake;
pub(super) mod lost_threads;
mod ticket;
pub(super) mod unregistered;
pub(super) mod watchdog;
