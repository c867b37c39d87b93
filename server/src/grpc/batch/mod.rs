//! Batch operations: requests, and what one does with each workflow.

mod perform;
mod request;
mod reset;
mod target;
mod validate;

pub(crate) use self::perform::perform;
pub(super) use self::request::{describe, list, start, stop};
pub(crate) use self::target::{Target, page};
use super::check;
use crate::error::Error;

fn unsupported() -> Error {
    check::invalid("The operation type is not supported by the embedded server")
}

const NO_ID: &str = "JobId is not set on request.";
