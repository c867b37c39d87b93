//! Checked and complete declarations. Defaults are decided only here; what is left out of a model
//! was reported.

pub(crate) mod activities;
pub(crate) mod activity;
pub(crate) mod arguments;
pub(crate) mod data;
pub(crate) mod fields;
pub(crate) mod generated_name;
pub(crate) mod handler;
pub(crate) mod main;
pub(crate) mod name;
pub(crate) mod output;
pub(crate) mod payload_type;
pub(crate) mod workflow;
