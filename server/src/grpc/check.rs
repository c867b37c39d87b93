//! Checks of request fields that need no execution, with the real server's texts. Texts that the
//! real server words differently from method to method stay different, because clients show them to
//! users.

use durably_history::DeploymentVersion;
use durably_proto::Message;
use durably_proto::api::common::v1::{Payloads, WorkflowExecution};
use durably_proto::api::taskqueue::v1::TaskQueue;
use uuid::Uuid;

use crate::error::Error;

/// Checks the execution that a request names and normalises its run id.
pub(super) fn execution(named: Option<WorkflowExecution>) -> Result<WorkflowExecution, Error> {
    let mut named = named.ok_or_else(|| invalid("Execution is not set on request."))?;
    if named.workflow_id.is_empty() {
        return Err(invalid("WorkflowId is not set on request."));
    }
    named.run_id = run_id(named.run_id, "Invalid RunId.")?;
    Ok(named)
}

/// As [`execution`], for methods where the real server loads the run before it validates the
/// request, with other texts.
pub(super) fn execution_to_load(
    named: Option<WorkflowExecution>,
) -> Result<WorkflowExecution, Error> {
    let mut named = named.unwrap_or_default();
    if named.workflow_id.is_empty() {
        return Err(invalid(
            "Can't load workflow execution.  WorkflowId not set.",
        ));
    }
    named.run_id = run_id(named.run_id, "RunId is not valid UUID.")?;
    Ok(named)
}

/// Normalises a run id; empty stands for the latest run.
pub(super) fn run_id(run_id: String, otherwise: &str) -> Result<String, Error> {
    if run_id.is_empty() {
        return Ok(run_id);
    }
    match Uuid::parse_str(&run_id) {
        Ok(id) => Ok(id.as_hyphenated().to_string()),
        Err(_) => Err(invalid(otherwise)),
    }
}

/// Checks that a request names its namespace.
pub(super) fn namespace_set(namespace: &str) -> Result<(), Error> {
    match namespace.is_empty() {
        true => Err(invalid("Namespace is not set on request.")),
        false => Ok(()),
    }
}

/// Checks that a field is no longer than any id may be.
pub(super) fn length(value: &str, field: &str) -> Result<(), Error> {
    match value.len() > durably_history::LONGEST_ID {
        true => Err(invalid(&format!("{field} length exceeds limit."))),
        false => Ok(()),
    }
}

/// Checks the name of a worker deployment.
pub(super) fn deployment(name: &str) -> Result<(), Error> {
    for separator in [".", ":"] {
        if name.contains(separator) {
            return Err(Error::Invalid(format!(
                "worker deployment name cannot contain '{separator}'"
            )));
        }
    }
    version_field(name, "WorkerDeploymentName")
}

/// Checks the version of a worker that polls.
pub(super) fn deployment_version(version: &DeploymentVersion) -> Result<(), Error> {
    deployment(&version.deployment)?;
    version_field(&version.build_id, "BuildID")
}

fn version_field(value: &str, field: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(Error::Invalid(format!("{field} cannot be empty")));
    }
    if value.starts_with("__") {
        return Err(Error::Invalid(format!("{field} cannot start with '__'")));
    }
    match value.len() > LONGEST_VERSION_FIELD {
        true => Err(Error::Invalid(format!(
            "size of {field} larger than the maximum allowed"
        ))),
        false => Ok(()),
    }
}

/// On the real server an id is made of a prefix, the deployment and the build.
const LONGEST_VERSION_FIELD: usize = (durably_history::LONGEST_ID - 39) / 2;

/// Checks the task queue of a request and returns its name.
pub(super) fn task_queue(queue: Option<&TaskQueue>) -> Result<&str, Error> {
    durably_history::check_task_queue(queue).map_err(Error::from)?;
    Ok(queue.map_or("", |queue| &queue.name))
}

/// Checks that payloads are no larger than any blob may be.
pub(super) fn blob(payloads: Option<&Payloads>) -> Result<(), Error> {
    match payloads.map_or(0, Message::encoded_len) > durably_history::LARGEST_BLOB {
        true => Err(invalid("Blob data size exceeds limit.")),
        false => Ok(()),
    }
}

pub(super) fn invalid(message: &str) -> Error {
    Error::Invalid(message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_run_id_finds_the_run() {
        let id = "0190b6a2-6d00-7cc3-98c8-0f5b6d3a7b11";
        for written in [
            id,
            "0190B6A2-6D00-7CC3-98C8-0F5B6D3A7B11",
            "{0190b6a2-6d00-7cc3-98c8-0f5b6d3a7b11}",
            "0190b6a26d007cc398c80f5b6d3a7b11",
            "urn:uuid:0190b6a2-6d00-7cc3-98c8-0f5b6d3a7b11",
        ] {
            assert_eq!(run_id(written.to_owned(), "").ok().as_deref(), Some(id));
        }
        assert!(run_id("nonsense".to_owned(), "").is_err());
    }
}
