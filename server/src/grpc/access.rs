//! Who may call the server over gRPC: who has the key, and over TLS.

use std::fmt;
#[cfg(feature = "tls")]
use std::path::Path;

use tonic::service::Interceptor;
#[cfg(feature = "tls")]
use tonic::transport::{Certificate, Identity, ServerTlsConfig};
use tonic::{Request, Status};

#[cfg(feature = "tls")]
use crate::error::StartError;
#[cfg(feature = "tls")]
use crate::server::builder::ServerBuilder;

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

/// Reads the files of TLS, and checks that a server can start with them.
#[cfg(feature = "tls")]
pub(crate) fn tls(config: &ServerBuilder) -> Result<Option<ServerTlsConfig>, StartError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| StartError::Tls {
            problem: format!("`{}` cannot be read: {error}", path.display()),
        })
    };
    let Some(files) = &config.tls else {
        return match &config.client_ca {
            None => Ok(None),
            Some(_) => Err(StartError::Tls {
                problem: "a CA of clients needs a certificate and a key of the server".to_owned(),
            }),
        };
    };
    let identity = Identity::from_pem(read(&files.certificate)?, read(&files.key)?);
    let mut tls = ServerTlsConfig::new().identity(identity);
    if let Some(authorities) = &config.client_ca {
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
                    files.certificate.display(),
                    files.key.display(),
                    cause.unwrap_or_else(|| error.to_string())
                ),
            })
        }
    }
}
