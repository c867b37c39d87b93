//! The options of TLS in a profile.

use serde::Deserialize;

use super::{Environment, set, wrong};
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
struct Source {
    /// The key or the variable that has it, for errors.
    from: &'static str,
    value: Value,
}

#[cfg_attr(
    not(feature = "tls"),
    expect(dead_code, reason = "without TLS it is checked and not used")
)]
enum Value {
    Path(String),
    Pem(String),
}

/// A key of the file, and the variable that replaces it.
struct Setting {
    key: &'static str,
    variable: &'static str,
}

impl Setting {
    /// The one of the two that a value is from.
    fn used(&self, environment: &Environment) -> &'static str {
        match environment.get(self.variable) {
            Some(_) => self.variable,
            None => self.key,
        }
    }
}

/// The settings of something in the PEM format, with the name that both begin with.
macro_rules! settings {
    ($key:literal, $variable:literal) => {
        [
            Setting {
                key: concat!("`tls.", $key, "_path`"),
                variable: concat!("TEMPORAL_TLS_", $variable, "_PATH"),
            },
            Setting {
                key: concat!("`tls.", $key, "_data`"),
                variable: concat!("TEMPORAL_TLS_", $variable, "_DATA"),
            },
        ]
    };
}

const ROOTS: [Setting; 2] = settings!("server_ca_cert", "SERVER_CA_CERT");
const CERTIFICATE: [Setting; 2] = settings!("client_cert", "CLIENT_CERT");
const KEY: [Setting; 2] = settings!("client_key", "CLIENT_KEY");

/// That of a path or of data.
fn source(
    settings: &[Setting; 2],
    [path, data]: [Option<String>; 2],
    environment: &Environment,
) -> Result<Option<Source>, ConnectError> {
    let [from_path, from_data] = settings.each_ref().map(|it| it.used(environment));
    let (from, value) = match (set(path), set(data)) {
        (Some(path), None) => (from_path, Value::Path(path)),
        (None, Some(pem)) => (from_data, Value::Pem(pem)),
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(wrong(format!(
                "both {from_path} and {from_data} are set; only one can be used"
            )));
        }
    };
    Ok(Some(Source { from, value }))
}

impl TlsTable {
    pub(super) fn apply(
        self,
        builder: ClientBuilder,
        environment: &Environment,
    ) -> Result<ClientBuilder, ConnectError> {
        let roots = [self.server_ca_cert_path, self.server_ca_cert_data];
        let roots = source(&ROOTS, roots, environment)?;
        let certificate = [self.client_cert_path, self.client_cert_data];
        let certificate = source(&CERTIFICATE, certificate, environment)?;
        let key = [self.client_key_path, self.client_key_data];
        let key = source(&KEY, key, environment)?;
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
        let from = source.from;
        match source.value {
            Value::Path(path) => Self::file_of_setting(from, path),
            Value::Pem(pem) => Self::from_setting(from, pem),
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
