//! Callbacks for the end of a workflow or an update. The embedded server calls none, so it accepts none.

use durably_proto::api::common::v1::{Callback, callback::Variant};
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;

use super::check::invalid;
use crate::error::Error;

/// Refuses the callbacks of a start request.
pub(super) fn check_start(request: &StartWorkflowExecutionRequest) -> Result<(), Error> {
    let options = request.on_conflict_options.unwrap_or_default();
    if options.attach_completion_callbacks && !options.attach_request_id {
        return Err(invalid(
            "attaching request ID is required for attaching completion callbacks",
        ));
    }
    check(&request.completion_callbacks)
}

/// Refuses callbacks, in the words of a real server without addresses for callbacks.
pub(super) fn check(callbacks: &[Callback]) -> Result<(), Error> {
    match callbacks.first() {
        Some(callback) => Err(refusal(callback)),
        None => Ok(()),
    }
}

fn refusal(callback: &Callback) -> Error {
    let url = match &callback.variant {
        Some(Variant::Nexus(nexus)) => nexus.url.as_str(),
        Some(Variant::Internal(_)) => {
            return invalid("unsupported callback variant: *common.Callback_Internal_");
        }
        // The real server's library does not know this one yet.
        Some(Variant::NexusHandler(_)) | None => {
            return Error::Unimplemented("unknown callback variant: <nil>".to_owned());
        }
    };
    if url.len() > LONGEST_URL {
        return invalid(&format!(
            "invalid url: url length longer than max length allowed of {LONGEST_URL}"
        ));
    }
    if SYSTEM_URLS.contains(&url) {
        return Error::Unimplemented(format!(
            "callbacks to {url} are not implemented by the embedded server"
        ));
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return invalid(&format!("invalid url: unknown scheme: {url}"));
    }
    match rest.split(['/', '?', '#']).next() {
        None | Some("") => invalid("invalid url: missing host"),
        Some(_) => invalid(&format!(
            "invalid url: url does not match any configured callback address: {url}"
        )),
    }
}

/// The real server's value, in bytes.
const LONGEST_URL: usize = 1000;
/// Callback URLs that the real server uses for Nexus operations.
const SYSTEM_URLS: [&str; 2] = ["temporal://system", "temporal://internal"];
