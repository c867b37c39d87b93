//! The options of TLS in a profile.

use serde::Deserialize;

use super::{set, wrong};
#[cfg(not(feature = "tls"))]
use crate::client::connect::address::without_credentials;
use crate::{client::ClientBuilder, error::ConnectError};

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsTable {
    pub(super) disabled: Option<bool>,
    pub(super) client_cert_path: Option<String>,
    pub(super) client_cert_data: Option<String>,
    pub(super) client_key_path: Option<String>,
    pub(super) client_key_data: Option<String>,
    pub(super) server_ca_cert_path: Option<String>,
    pub(super) server_ca_cert_data: Option<String>,
    pub(super) server_name: Option<String>,
    #[serde(default)]
    pub(super) disable_host_verification: bool,
}

/// Something in the PEM format, in a file or in place.
#[cfg_attr(
    not(feature = "tls"),
    expect(dead_code, reason = "without TLS it is checked and not used")
)]
enum Source {
    Path(String),
    Data {
        /// Its key, for errors.
        key: &'static str,
        pem: String,
    },
}

fn source(
    path: (&'static str, Option<String>),
    data: (&'static str, Option<String>),
) -> Result<Option<Source>, ConnectError> {
    match (set(path.1), set(data.1)) {
        (Some(path), None) => Ok(Some(Source::Path(path))),
        (None, Some(pem)) => Ok(Some(Source::Data { key: data.0, pem })),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(wrong(format!(
            "both {} and {} are set, by the file or by TEMPORAL_TLS_*; only one can be used",
            path.0, data.0
        ))),
    }
}

impl TlsTable {
    pub(super) fn apply(self, builder: ClientBuilder) -> Result<ClientBuilder, ConnectError> {
        let roots = source(
            ("`tls.server_ca_cert_path`", self.server_ca_cert_path),
            ("`tls.server_ca_cert_data`", self.server_ca_cert_data),
        )?;
        let certificate = source(
            ("`tls.client_cert_path`", self.client_cert_path),
            ("`tls.client_cert_data`", self.client_cert_data),
        )?;
        let key = source(
            ("`tls.client_key_path`", self.client_key_path),
            ("`tls.client_key_data`", self.client_key_data),
        )?;
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (certificate, _) => {
                let (set, missing) = match certificate {
                    Some(_) => ("client_cert", "client_key"),
                    None => ("client_key", "client_cert"),
                };
                return Err(wrong(format!(
                    "a client certificate and its key belong together: `tls.{set}_path` or \
                     `tls.{set}_data` is set, by the file or by TEMPORAL_TLS_*, and \
                     `tls.{missing}_path` or `tls.{missing}_data` is not"
                )));
            }
        };
        let name = set(self.server_name);
        with_tls(
            builder,
            roots,
            identity,
            name,
            self.disable_host_verification,
        )
    }
}

#[cfg(feature = "tls")]
fn with_tls(
    builder: ClientBuilder,
    roots: Option<Source>,
    identity: Option<(Source, Source)>,
    server_name: Option<String>,
    accepts_any: bool,
) -> Result<ClientBuilder, ConnectError> {
    use crate::transport::tls::Tls;

    let mut tls = Tls::new();
    if let Some(roots) = roots {
        tls = tls.roots_from(roots.into());
    }
    if let Some((certificate, key)) = identity {
        tls = tls.certificate_from(certificate.into(), key.into());
    }
    if let Some(name) = server_name {
        tls = tls.server_name(name);
    }
    if accepts_any {
        tls = tls.accept_any_certificate();
    }
    Ok(builder.tls(tls))
}

#[cfg(feature = "tls")]
impl From<Source> for crate::transport::tls::Pem {
    fn from(source: Source) -> Self {
        match source {
            Source::Path(path) => Self::File(path.into()),
            Source::Data { key, pem } => Self::from_setting(key, pem),
        }
    }
}

#[cfg(not(feature = "tls"))]
fn with_tls(
    builder: ClientBuilder,
    _: Option<Source>,
    _: Option<(Source, Source)>,
    _: Option<String>,
    _: bool,
) -> Result<ClientBuilder, ConnectError> {
    Err(ConnectError::TlsMissing {
        // No address has been parsed yet, which refuses one with a password.
        address: without_credentials(&builder.addresses[0]).into_owned(),
    })
}
