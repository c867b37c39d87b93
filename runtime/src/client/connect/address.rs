//! Addresses of servers.

use std::borrow::Cow;

use http::Uri;

use crate::error::ConnectError;

/// Where a server listens unless it is told otherwise.
pub(super) const DEFAULT_PORT: u16 = 7233;

/// An address as it may be shown: without the `user:password@` that a URL can have.
pub(super) fn without_credentials(address: &str) -> Cow<'_, str> {
    match address.rsplit_once('@') {
        None => Cow::Borrowed(address),
        Some((before, host)) => {
            let scheme = match before.split_once("://") {
                Some((scheme, _)) => &before[..scheme.len() + 3],
                None => "",
            };
            Cow::Owned(format!("{scheme}<hidden>@{host}"))
        }
    }
}

/// Reads `host:port`, `host`, or a URL of either.
pub(super) fn parse(address: &str) -> Result<Uri, ConnectError> {
    let shown = without_credentials(address);
    let wrong = |reason: &str| ConnectError::Address {
        address: shown.clone().into_owned(),
        reason: reason.to_owned(),
    };
    if matches!(shown, Cow::Owned(_)) {
        return Err(wrong(
            "it has a user name or a password, which a server does not take; use `.api_key(..)` or \
             `.header(..)`",
        ));
    }
    let url = match address.split_once("://") {
        Some(("http", _)) => address.to_owned(),
        Some(("https", _)) => {
            return Err(ConnectError::TlsMissing {
                address: address.to_owned(),
            });
        }
        Some((scheme, _)) => {
            return Err(wrong(&format!(
                "`{scheme}` is not a scheme that a client can use"
            )));
        }
        None => format!("http://{address}"),
    };
    let uri: Uri = url
        .parse()
        .map_err(|error: http::uri::InvalidUri| wrong(&error.to_string()))?;
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return Err(wrong("it has no host"));
    };
    let port = match uri.authority().map(|it| &it.as_str()[host.len()..]) {
        Some(rest) if rest.starts_with(':') => uri
            .port_u16()
            .ok_or_else(|| wrong("the port is a number up to 65535"))?,
        _ => DEFAULT_PORT,
    };
    format!("http://{host}:{port}")
        .parse()
        .map_err(|_| wrong("host and port do not make a URL"))
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn parsed(address: &str) -> String {
        match parse(address) {
            Ok(uri) => uri.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_address_is_a_host_and_maybe_a_port() {
        assert_eq!(parsed("localhost:7234"), "http://localhost:7234/");
        assert_eq!(
            parsed("temporal.internal"),
            "http://temporal.internal:7233/"
        );
        assert_eq!(parsed("http://127.0.0.1:80"), "http://127.0.0.1:80/");
        assert_eq!(parsed("[::1]:7233"), "http://[::1]:7233/");
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        assert!(parsed("local host:7233").starts_with("`local host:7233` is not a server address"));
        assert!(parsed("").contains("is not a server address"));
        assert!(
            parsed("grpc://localhost:7233")
                .contains("`grpc` is not a scheme that a client can use")
        );
        assert!(parsed("https://my.tmprl.cloud:7233").contains("asks for TLS"));
        assert!(parsed("localhost:99999").contains("not a server address"));
    }
}
