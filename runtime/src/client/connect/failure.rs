//! Why a client could not connect, by what happened.

use std::{error::Error as StdError, fmt, io, sync::Arc};

use tonic::Status;

use crate::{
    error::ConnectError,
    transport::{channel::Channel, first_bytes::ForeignAnswer, proxy::ProxyFailure},
    wire::status::{CallError, Kind},
};

/// Why there is no connection.
pub(super) fn not_connected(address: String, error: Arc<io::Error>) -> ConnectError {
    let proxy = error
        .get_ref()
        .and_then(|it| it.downcast_ref::<ProxyFailure>());
    if let Some(ProxyFailure { proxy, reason }) = proxy {
        return ConnectError::Proxy {
            proxy: proxy.clone(),
            reason: reason.clone(),
        };
    }
    #[cfg(feature = "tls")]
    if let Some(reason) = crate::transport::tls::refusal(&error) {
        return ConnectError::Tls { address, reason };
    }
    unreachable(address, error)
}

/// Why the first request over the connection failed, by what its first bytes say.
pub(super) fn refused_by(channel: &Channel, address: String, error: ConnectError) -> ConnectError {
    if let Some(reason) = channel.tls_refusal() {
        return ConnectError::Tls { address, reason };
    }
    match channel.foreign_answer() {
        Some(ForeignAnswer::Tls) => ConnectError::Tls {
            address,
            reason: "the server speaks TLS, which an address with `https://` asks for".to_owned(),
        },
        Some(answer @ ForeignAnswer::Other(_)) => not_temporal(address, &answer),
        None => error,
    }
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
