//! Who may call the server over gRPC: who has the key, and over TLS.

use std::fmt;
#[cfg(feature = "tls")]
use std::path::{Path, PathBuf};
#[cfg(feature = "tls")]
use std::time::Duration;

#[cfg(feature = "tls")]
use rustls::crypto::{CryptoProvider, ring};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
#[cfg(feature = "tls")]
use tonic::transport::{Certificate, Identity, ServerTlsConfig};
use tonic::{Request, Status};

use crate::error::StartError;

/// A key as it was given; not shown.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

/// The key that every request has to send.
#[derive(Clone)]
pub(crate) struct ApiKey(String);

impl ApiKey {
    /// # Errors
    /// The key is empty, which would let everybody in, or no request could have it as a header.
    pub(crate) fn new(Secret(key): Secret) -> Result<Self, StartError> {
        if key.is_empty() {
            return Err(StartError::ApiKey("it is empty"));
        }
        if MetadataValue::<Ascii>::try_from(&*key).is_err() || key.trim() != key {
            return Err(StartError::ApiKey(
                "it has characters that a header cannot have, such as a line break at its end",
            ));
        }
        Ok(Self(format!("Bearer {key}")))
    }

    /// Takes as long for a key that differs in the first character as for one that differs in the
    /// last, so that a key cannot be guessed one by one.
    fn is(&self, sent: &[u8]) -> bool {
        let expected = self.0.as_bytes();
        let differences = expected.iter().zip(sent).map(|(one, other)| one ^ other);
        expected.len() == sent.len() && differences.fold(0, |all, one| all | one) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

/// The key is not shown.
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

/// Refuses requests without the key, if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Access(pub(crate) Option<ApiKey>);

impl Interceptor for Access {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(key) = &self.0 else {
            return Ok(request);
        };
        match request.metadata().get("authorization") {
            Some(sent) if key.is(sent.as_bytes()) => Ok(request),
            Some(_) => Err(Status::unauthenticated("the API key is not the server's")),
            None => Err(Status::unauthenticated(
                "the server requires an API key, in the header `authorization: Bearer <key>`",
            )),
        }
    }
}

/// The PEM files of a server over TLS.
#[cfg(feature = "tls")]
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsFiles {
    /// The server's certificate and its private key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// Who issued the certificates of clients.
    pub(crate) client_ca: Option<PathBuf>,
}

/// Reads the files, and checks that a server can start with them.
#[cfg(feature = "tls")]
pub(crate) fn tls(files: &TlsFiles) -> Result<Option<ServerTlsConfig>, StartError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| StartError::Tls {
            problem: format!("`{}` cannot be read: {error}", path.display()),
        })
    };
    let Some((certificate, key)) = &files.identity else {
        return match &files.client_ca {
            None => Ok(None),
            Some(_) => Err(StartError::Tls {
                problem: "a CA of clients needs a certificate and a key of the server".to_owned(),
            }),
        };
    };
    // tonic takes the provider of the process. Where a program is built with two of them there is none, and rustls
    // panics.
    if CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster.
        let _ = ring::default_provider().install_default();
    }
    let identity = Identity::from_pem(read(certificate)?, read(key)?);
    let mut tls = ServerTlsConfig::new()
        .identity(identity)
        .timeout(HANDSHAKE_TIMEOUT);
    if let Some(authorities) = &files.client_ca {
        tls = tls.client_ca_root(Certificate::from_pem(read(authorities)?));
    }
    // Checks that the files hold what they should.
    match tonic::transport::Server::builder().tls_config(tls.clone()) {
        Ok(_) => Ok(Some(tls)),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Err(StartError::Tls {
                problem: format!(
                    "`{}` and `{}` are no certificate with its key in the PEM format{}: {}",
                    certificate.display(),
                    key.display(),
                    files.client_ca.as_ref().map_or_else(String::new, |file| {
                        format!(", or `{}`, the CA of clients, is none", file.display())
                    }),
                    cause.unwrap_or_else(|| error.to_string())
                ),
            })
        }
    }
}

/// Whoever opens a connection and is silent keeps it no longer.
#[cfg(feature = "tls")]
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
