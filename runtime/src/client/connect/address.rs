//! Addresses of servers and of proxies.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::{
    error::ConnectError,
    transport::{proxy::Proxy, target::Address},
};

/// Where a server listens unless it is told otherwise.
pub(super) const DEFAULT_PORT: u16 = 7233;
/// Domains of Temporal Cloud, whose servers speak TLS only.
const CLOUD: [&str; 2] = [".tmprl.cloud", ".api.temporal.io"];

/// An address as a user writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) address: Address,
    /// Whether it says `https://` or `http://`; `None` if it has no scheme.
    pub(super) tls: Option<bool>,
}

impl Written {
    pub(super) fn is_cloud(&self) -> bool {
        let host = self.address.host.to_ascii_lowercase();
        CLOUD.iter().any(|domain| host.ends_with(domain))
    }
}

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
pub(super) fn parse(address: &str) -> Result<Written, ConnectError> {
    let wrong = |reason: &str| ConnectError::Address {
        address: without_credentials(address).into_owned(),
        reason: reason.to_owned(),
    };
    if address.contains('@') {
        return Err(wrong(
            "it has a user name or a password, which a server does not take; use `.api_key(..)` or \
             `.header(..)`",
        ));
    }
    let (tls, rest) = match address.split_once("://") {
        Some(("http", rest)) => (Some(false), rest),
        Some(("https", rest)) => (Some(true), rest),
        Some((scheme, _)) => {
            return Err(wrong(&format!(
                "`{scheme}` is not a scheme that a client can use"
            )));
        }
        None => (None, address),
    };
    let (host, port) = host_and_port(rest).map_err(|reason| wrong(&reason))?;
    Ok(Written {
        address: Address {
            host,
            port: port.unwrap_or(DEFAULT_PORT),
        },
        tls,
    })
}

/// Reads `http://host:port`, which may have a user and a password.
pub(super) fn parse_proxy(url: &str) -> Result<Proxy, ConnectError> {
    let wrong = |reason: &str| ConnectError::Proxy {
        proxy: without_credentials(url).into_owned(),
        reason: reason.to_owned(),
    };
    let rest = match url.split_once("://") {
        Some(("http", rest)) => rest,
        Some((scheme, _)) => {
            return Err(wrong(&format!(
                "`{scheme}` is not a scheme of a proxy that a client can use; write \
                 `http://host:port`"
            )));
        }
        None => url,
    };
    let (credentials, rest) = match rest.rsplit_once('@') {
        Some((credentials, rest)) => {
            let decoded = percent_decode_str(credentials).decode_utf8();
            let decoded = decoded.map_err(|_| wrong("its user or password is not UTF-8"))?;
            (Some(decoded.into_owned()), rest)
        }
        None => (None, rest),
    };
    let (host, port) = host_and_port(rest).map_err(|reason| wrong(&reason))?;
    let port = port.ok_or_else(|| wrong("it has no port; write `http://host:port`"))?;
    Ok(Proxy {
        address: Address { host, port },
        credentials,
    })
}

/// The host and the port of `host:port`.
pub(super) fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    let uri: Uri = format!("http://{text}")
        .parse()
        .map_err(|error: http::uri::InvalidUri| error.to_string())?;
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return Err("it has no host".to_owned());
    };
    let port = match uri.authority().map(|it| &it.as_str()[host.len()..]) {
        Some(rest) if rest.starts_with(':') => match uri.port_u16() {
            Some(port) => Some(port),
            None => return Err("the port is a number up to 65535".to_owned()),
        },
        _ => None,
    };
    // The brackets of an IPv6 address belong to the URI, not to the address.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_proxy};

    fn parsed(address: &str) -> String {
        match parse(address) {
            Ok(written) => format!("{} {:?}", written.address, written.tls),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_address_is_a_host_and_maybe_a_port() {
        assert_eq!(parsed("localhost:7234"), "localhost:7234 None");
        assert_eq!(parsed("temporal.internal"), "temporal.internal:7233 None");
        assert_eq!(parsed("http://127.0.0.1:80"), "127.0.0.1:80 Some(false)");
        assert_eq!(parsed("https://[::1]"), "[::1]:7233 Some(true)");
        assert_eq!(parsed("[::1]:7234"), "[::1]:7234 None");
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        assert!(parsed("local host:7233").starts_with("`local host:7233` is not a server address"));
        assert!(parsed("").contains("is not a server address"));
        assert!(
            parsed("grpc://localhost:7233")
                .contains("`grpc` is not a scheme that a client can use")
        );
        assert!(parsed("localhost:99999").contains("not a server address"));
    }

    #[test]
    fn the_addresses_of_temporal_cloud_are_known() {
        let is_cloud = |address| parse(address).expect("it is an address").is_cloud();
        assert!(is_cloud("shop.a1b2c.tmprl.cloud:7233"));
        assert!(is_cloud("us-east-1.aws.api.temporal.io:7233"));
        assert!(!is_cloud("tmprl.cloud.acme.com:7233"));
    }

    #[test]
    fn a_proxy_has_a_port_and_maybe_credentials() {
        let proxy = parse_proxy("http://me:s3cret@proxy:3128").expect("it is a proxy");
        assert_eq!(proxy.address.to_string(), "proxy:3128");
        assert_eq!(proxy.credentials.as_deref(), Some("me:s3cret"));
        assert!(!format!("{proxy:?}").contains("s3cret"), "{proxy:?}");
        for wrong in [
            "proxy",
            "socks5://me:s3cret@proxy:1080",
            "http://me:s3cret@",
        ] {
            let error = parse_proxy(wrong).expect_err("it is none").to_string();
            assert!(
                error.contains("proxy") && !error.contains("s3cret"),
                "{error}"
            );
        }
    }
}
