//! Who may call the server over gRPC: who has the key, and over TLS.

use std::fmt;
#[cfg(feature = "tls")]
use std::path::{Path, PathBuf};

use tonic::service::Interceptor;
#[cfg(feature = "tls")]
use tonic::transport::{Certificate, Identity, ServerTlsConfig};
use tonic::{Request, Status};

#[cfg(feature = "tls")]
use crate::error::StartError;

/// The key that every request has to send.
#[derive(Clone)]
pub(crate) struct ApiKey(String);

impl ApiKey {
    pub(crate) fn new(key: String) -> Self {
        Self(format!("Bearer {key}"))
    }

    /// Takes as long for a key that differs in the first character as for one that differs in the
    /// last, so that a key cannot be guessed one by one.
    fn is(&self, sent: &[u8]) -> bool {
        let expected = self.0.as_bytes();
        let differences = expected.iter().zip(sent).map(|(one, other)| one ^ other);
        expected.len() == sent.len() && differences.fold(0, |all, one| all | one) == 0
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
    let identity = Identity::from_pem(read(certificate)?, read(key)?);
    let mut tls = ServerTlsConfig::new().identity(identity);
    if let Some(authorities) = &files.client_ca {
        tls = tls.client_ca_root(Certificate::from_pem(read(authorities)?));
    }
    // Tells whether the files hold what they should.
    match tonic::transport::Server::builder().tls_config(tls.clone()) {
        Ok(_) => Ok(Some(tls)),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Err(StartError::Tls {
                problem: format!(
                    "`{}` and `{}` are no certificate with its key in the PEM format, or the CA of \
                     clients is none: {}",
                    certificate.display(),
                    key.display(),
                    cause.unwrap_or_else(|| error.to_string())
                ),
            })
        }
    }
}
