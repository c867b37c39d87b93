//! Logs that the server has rejected the response to a workflow task.

use super::task_info::TaskInfo;
use crate::{
    telemetry::log,
    wire::status::{CallError, Kind, with_remedy},
    worker::server::Server,
};

/// The server's text where a task ends a run that something has arrived for meanwhile.
const UNHANDLED_COMMAND: &str = "UnhandledCommand";

/// Logs it. The server gives a task again when it misses the response, so this is worth a line and no more.
pub(crate) fn log_rejected(server: &Server, info: &TaskInfo, what: &str, rejection: &CallError) {
    let (code, error) = (rejection.code(), with_remedy(rejection.message()));
    let ended_too_early = rejection.kind() == Kind::InvalidArgument && error == UNHANDLED_COMMAND;
    if rejection.is_not_found() || ended_too_early {
        log::on_task!(
            tracing::debug,
            server.identity,
            info,
            error,
            "{what} arrived too late"
        );
    } else {
        log::on_task!(
            log::warning,
            server.identity,
            info,
            ?code,
            error,
            "the server refused {what}"
        );
    }
}
