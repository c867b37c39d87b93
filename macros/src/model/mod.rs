//! Model stage: checks parsed declarations and completes them with defaults, which are decided only
//! here. A model omits only declarations whose mistakes are reported.

pub(crate) mod activities;
pub(crate) mod activity;
pub(crate) mod arguments;
pub(crate) mod data;
pub(crate) mod failure;
pub(crate) mod fields;
pub(crate) mod generated_name;
pub(crate) mod handler;
pub(crate) mod main;
pub(crate) mod name;
pub(crate) mod output;
pub(crate) mod payload_type;
pub(crate) mod workflow;
