//! Why a client could not connect, by what happened.

use std::{error::Error as StdError, fmt};

use tonic::Status;

use crate::{
    error::ConnectError,
    transport::first_bytes::ForeignAnswer,
    wire::status::{CallError, Kind},
};

pub(super) fn unreachable(
    address: String,
    source: impl StdError + Send + Sync + 'static,
) -> ConnectError {
    ConnectError::Unreachable {
        address,
        source: Box::new(source),
    }
}

pub(super) fn not_temporal(address: String, message: &impl fmt::Display) -> ConnectError {
    ConnectError::NotTemporal {
        address,
        message: message.to_string(),
    }
}

/// Why a server that took our connection did not tell what it is.
pub(super) fn refused(address: String, error: CallError) -> ConnectError {
    let kind = error.kind();
    let status = error.into_status();
    if let Some(answer) = status.source().and_then(<dyn StdError>::downcast_ref) {
        let answer: &ForeignAnswer = answer;
        return not_temporal(address, answer);
    }
    match kind {
        Kind::Unreachable | Kind::Timeout if !is_foreign_protocol(&status) => {
            unreachable(address, status)
        }
        Kind::PermissionDenied | Kind::Busy | Kind::TooLarge => ConnectError::Refused {
            address,
            source: CallError::from(status).into(),
        },
        _ => not_temporal(address, &innermost(&status)),
    }
}

/// Whether what came back is not HTTP/2 at all.
fn is_foreign_protocol(status: &Status) -> bool {
    innermost(status).contains("frame") || innermost(status).contains("protocol")
}

fn innermost(status: &Status) -> String {
    std::iter::successors(status.source(), |&error| error.source())
        .last()
        .map_or_else(|| status.message().to_owned(), ToString::to_string)
}
