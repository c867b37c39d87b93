//! Why a client could not connect, by what happened.

use std::{error::Error as StdError, fmt, io, sync::Arc};

use tonic::Status;

use crate::{
    error::ConnectError,
    transport::{
        connection::NoAddress, first_bytes::ForeignAnswer, proxy::ProxyFailure, target::Address,
    },
    wire::status::{CallError, Kind},
};

/// Why there is no connection to any of the addresses, which `address` names.
pub(super) fn not_connected(address: String, error: Arc<io::Error>) -> ConnectError {
    let found = match inner::<NoAddress>(&error) {
        None => recognized(&error),
        Some(NoAddress(failures)) => common(failures),
    };
    match found {
        Some((Recognized::Proxy(proxy), reason)) => ConnectError::Proxy { proxy, reason },
        Some((Recognized::Tls, reason)) => ConnectError::Tls { address, reason },
        Some((Recognized::NotTemporal, message)) => ConnectError::NotTemporal { address, message },
        None => unreachable(address, error),
    }
}

/// A kind of failure that has an error of its own.
#[derive(Clone, PartialEq, Eq)]
enum Recognized {
    /// `host:port` of the proxy.
    Proxy(String),
    Tls,
    NotTemporal,
}

/// The kind of a failure, and its reason.
fn recognized(error: &io::Error) -> Option<(Recognized, String)> {
    if let Some(ProxyFailure { proxy, reason }) = inner(error) {
        return Some((Recognized::Proxy(proxy.clone()), reason.clone()));
    }
    inner(error).map(|answer| match answer {
        ForeignAnswer::Tls(reason) => (Recognized::Tls, reason.clone()),
        ForeignAnswer::Other(answer) => (Recognized::NotTemporal, answer.clone()),
    })
}

/// The kind that the failures of all addresses have, and their reasons.
fn common(failures: &[(Address, io::Error)]) -> Option<(Recognized, String)> {
    let mut common = None;
    let mut reasons: Vec<(&Address, String)> = Vec::new();
    for (address, error) in failures {
        let (kind, reason) = recognized(error)?;
        if *common.get_or_insert_with(|| kind.clone()) != kind {
            return None;
        }
        reasons.push((address, reason));
    }
    let (_, first) = reasons.first()?;
    let reason = match reasons.iter().all(|(_, reason)| reason == first) {
        true => first.clone(),
        false => {
            let reasons = reasons
                .iter()
                .map(|(address, reason)| format!("{address}: {reason}"));
            reasons.collect::<Vec<_>>().join("; ")
        }
    };
    Some((common?, reason))
}

fn inner<T: StdError + 'static>(error: &io::Error) -> Option<&T> {
    error.get_ref()?.downcast_ref()
}

fn unreachable(address: String, source: impl StdError + Send + Sync + 'static) -> ConnectError {
    ConnectError::Unreachable {
        address,
        source: Box::new(source),
    }
}

fn not_temporal(address: String, message: &impl fmt::Display) -> ConnectError {
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
        let (ForeignAnswer::Tls(answer) | ForeignAnswer::Other(answer)) = answer;
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
