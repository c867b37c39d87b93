//! Requests of clients.

pub(crate) mod activity_options;
pub(crate) mod attach;
pub(crate) mod begin;
pub(crate) mod cancel;
pub(crate) mod delete;
mod describe;
pub(crate) mod parse;
pub(crate) mod pause_activities;
pub(crate) mod reset_activities;
mod selected_activities;
pub(crate) mod signal;
pub(crate) mod start;
pub(crate) mod terminate;
pub(crate) mod unpause_activities;
pub(crate) mod update;
pub(crate) mod workflow_options;
