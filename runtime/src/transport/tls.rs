//! TLS: whom a client trusts, and as whom it presents itself.

use std::{
    error::Error as StdError,
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName, UnixTime,
        pem::{self, PemObject},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::spawn_blocking,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::text::Text;

/// How a client connects over TLS, for [`ClientBuilder::tls`](crate::client::ClientBuilder::tls).
///
/// By default the client trusts the root certificates of the machine and presents no certificate. The
/// versions are TLS 1.2 and 1.3. Certificates that are given as files are read again for each new
/// connection, so that renewed ones are used without a restart.
///
/// # Example: a server with its own root, which asks for a certificate (mTLS)
/// ```no_run
/// # use durably::{client::Tls, prelude::*};
/// # async fn example() -> Result<()> {
/// let tls = Tls::new()
///     .roots_file("certs/ca.pem")
///     .certificate_files("certs/orders.pem", "certs/orders.key");
/// let client = Client::builder("temporal.acme.com:7233").tls(tls).connect().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Example: certificates from a secret store, and a load balancer that goes by a name of its own
/// ```no_run
/// # use durably::{client::Tls, prelude::*};
/// # async fn example(root: Vec<u8>, certificate: Vec<u8>, key: Vec<u8>) -> Result<()> {
/// let tls = Tls::new()
///     .roots(root)
///     .certificate(certificate, key)
///     .server_name("temporal.acme.com")
///     .sni("eu.temporal.acme.com");
/// let client = Client::builder("10.0.0.7:7233").tls(tls).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "`ClientBuilder::tls` takes it"]
pub struct Tls {
    /// Those of the machine if not set.
    roots: Option<Pem>,
    /// A chain of certificates, and the key of the first.
    certificate: Option<(Pem, Pem)>,
    server_name: Option<String>,
    sni: Option<String>,
    accepts_any: bool,
}

/// Something in the PEM format.
#[derive(Clone)]
pub(crate) enum Pem {
    File {
        path: PathBuf,
        /// The setting that names it, for errors, if it is not the program.
        from: Option<&'static str>,
    },
    Bytes {
        /// Where it is from, for errors.
        from: &'static str,
        bytes: Arc<[u8]>,
    },
}

/// Why the options of TLS are of no use.
#[derive(Debug)]
pub(crate) struct TlsFault(String);

impl Tls {
    /// Trusts the root certificates of the machine, and presents no certificate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the certificates in this PEM file instead of the machine's.
    pub fn roots_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots = Some(Pem::file(path));
        self
    }

    /// Trusts these certificates, PEM, instead of the machine's.
    pub fn roots(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots = Some(Pem::of(pem));
        self
    }

    /// Presents the certificate in this PEM file, which may be followed by its chain, with its private
    /// key in the other one.
    pub fn certificate_files(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.certificate = Some((Pem::file(certificate), Pem::file(key)));
        self
    }

    /// Presents this certificate with its private key, both PEM; the chain may follow the certificate.
    pub fn certificate(mut self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        self.certificate = Some((Pem::of(certificate), Pem::of(key)));
        self
    }

    pub(crate) fn roots_from(mut self, roots: Pem) -> Self {
        self.roots = Some(roots);
        self
    }

    pub(crate) fn certificate_from(mut self, certificate: Pem, key: Pem) -> Self {
        self.certificate = Some((certificate, key));
        self
    }

    /// Verifies that the server's certificate is for this name; the host of the address if not set.
    pub fn server_name(mut self, name: impl Text) -> Self {
        self.server_name = Some(name.into_text());
        self
    }

    /// Asks for the server of this name (SNI), by which load balancers choose one; the
    /// [`server_name`](Self::server_name) if not set.
    pub fn sni(mut self, name: impl Text) -> Self {
        self.sni = Some(name.into_text());
        self
    }

    /// Accepts any certificate of the server. The connection is encrypted, but whoever sits between can
    /// read and change what it carries; for tests only.
    ///
    /// ```no_run
    /// # use durably::{client::Tls, prelude::*};
    /// # async fn example() -> Result<Client> {
    /// let tls = Tls::new().accept_any_certificate();
    /// let client = Client::builder("test-server:7233").tls(tls).connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn accept_any_certificate(mut self) -> Self {
        self.accepts_any = true;
        self
    }

    /// The options that are set, with certificates and keys in full.
    #[cfg(test)]
    pub(crate) fn in_full(&self) -> std::collections::BTreeMap<&'static str, String> {
        let pem = |pem: &Pem| match pem {
            Pem::File { path, .. } => format!("file {}", path.display()),
            Pem::Bytes { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
        };
        let identity = self.certificate.as_ref();
        [
            ("server_name", self.server_name.clone()),
            ("roots", self.roots.as_ref().map(pem)),
            (
                "certificate",
                identity.map(|(certificate, _)| pem(certificate)),
            ),
            ("key", identity.map(|(_, key)| pem(key))),
            (
                "any_certificate",
                self.accepts_any.then(|| "accepted".to_owned()),
            ),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// What can be known to be wrong before there is a connection to one of the hosts.
    ///
    /// Reads files.
    pub(crate) fn check<'a>(
        &self,
        mut hosts: impl Iterator<Item = &'a str>,
    ) -> Result<(), TlsFault> {
        if let Some(first) = hosts.next() {
            self.config(first)?;
        }
        if self.server_name.is_none() {
            for host in hosts {
                name(host)?;
            }
        }
        Ok(())
    }

    /// The name that [`server_name`](Self::server_name) has set.
    pub(crate) fn name_of_server(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// TLS over the connection, to the server at the host; the protocol is what is spoken over it, by its
    /// [registered name](https://www.iana.org/assignments/tls-extensiontype-values#alpn-protocol-ids).
    pub(crate) async fn wrap<S>(
        &self,
        host: &str,
        protocol: &[u8],
        socket: S,
    ) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (this, host) = (self.clone(), host.to_owned());
        let config = spawn_blocking(move || this.config(&host)).await;
        let (mut config, sni) = config
            .map_err(io::Error::other)?
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![protocol.to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(sni, socket).await
    }

    /// The configuration of one connection, and the name it asks for.
    fn config(&self, host: &str) -> Result<(ClientConfig, ServerName<'static>), TlsFault> {
        let verified = name(self.server_name.as_deref().unwrap_or(host))?;
        let sni = match &self.sni {
            Some(sni) => name(sni)?,
            None => verified.clone(),
        };
        let provider = Arc::new(ring::default_provider());
        let trusted = match self.accepts_any {
            true => None,
            false => {
                let roots = Arc::new(self.root_store()?);
                let roots =
                    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                let roots = roots.build().map_err(|error| {
                    TlsFault(format!("the root certificates are of no use: {error}"))
                })?;
                Some((roots, verified))
            }
        };
        let verifier = Arc::new(Verifier {
            provider: Arc::clone(&provider),
            trusted,
        });
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsFault(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificate.certificates("client certificate")?;
                builder
                    .with_client_auth_cert(chain, key.private_key()?)
                    .map_err(|error| match error {
                        rustls::Error::InconsistentKeys(_) => TlsFault(format!(
                            "the private key in {key} is not that of the client certificate in \
                             {certificate}"
                        )),
                        error => TlsFault(format!("the client certificate is of no use: {error}")),
                    })?
            }
        };
        Ok((config, sni))
    }

    fn root_store(&self) -> Result<RootCertStore, TlsFault> {
        let mut store = RootCertStore::empty();
        match &self.roots {
            Some(pem) => {
                for root in pem.certificates("root certificate")? {
                    store.add(root).map_err(|error| {
                        TlsFault(format!("a root certificate in {pem} is of no use: {error}"))
                    })?;
                }
            }
            None => {
                // One certificate that cannot be read, of a hundred of the machine's, is no reason to
                // refuse; that there is none is.
                let found = rustls_native_certs::load_native_certs();
                store.add_parsable_certificates(found.certs);
                if store.is_empty() {
                    let why = found.errors.first().map(|error| format!(" ({error})"));
                    return Err(TlsFault(format!(
                        "this machine has no root certificates{}; install its package \
                         `ca-certificates`, or pass the server's root to `Tls::roots_file(..)`",
                        why.unwrap_or_default()
                    )));
                }
            }
        }
        Ok(store)
    }
}

fn name(name: &str) -> Result<ServerName<'static>, TlsFault> {
    let parsed = ServerName::try_from(name.to_owned());
    parsed.map_err(|_| TlsFault(format!("`{name}` is not the name of a server")))
}

impl Pem {
    pub(crate) fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self::from_setting("the text that was passed", bytes)
    }

    fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::File { path, from: None }
    }

    /// The file that a setting of the configuration names.
    pub(crate) fn file_of_setting(from: &'static str, path: impl Into<PathBuf>) -> Self {
        Self::File {
            path: path.into(),
            from: Some(from),
        }
    }

    /// That of a setting of the configuration.
    pub(crate) fn from_setting(from: &'static str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().into();
        Self::Bytes { from, bytes }
    }

    fn read(&self) -> Result<Arc<[u8]>, TlsFault> {
        match self {
            Self::File { path, .. } => match std::fs::read(path) {
                Ok(bytes) => Ok(bytes.into()),
                Err(error) => Err(TlsFault(format!("{self} cannot be read: {error}"))),
            },
            Self::Bytes { bytes, .. } => Ok(Arc::clone(bytes)),
        }
    }

    fn certificates(&self, what: &str) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
        let bytes = self.read()?;
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        match parsed {
            Ok(found) if found.is_empty() => {
                Err(TlsFault(format!("{self} has no {what} in the PEM format")))
            }
            Ok(found) => Ok(found),
            Err(error) => Err(TlsFault(format!(
                "{self} is not in the PEM format: {error}"
            ))),
        }
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsFault> {
        let bytes = self.read()?;
        PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsFault(format!(
                "{self} has no private key in the PEM format (an encrypted one cannot be read)"
            )),
            error => TlsFault(format!("{self} is not in the PEM format: {error}")),
        })
    }
}

/// Verifies that the server has the key of its certificate and, unless any is accepted, that the
/// certificate is trusted.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// By whose roots, and for which name, which need not be the one that was asked for.
    trusted: Option<(Arc<WebPkiServerVerifier>, ServerName<'static>)>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _asked_for: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.trusted {
            Some((roots, name)) => roots.verify_server_cert(certificate, chain, name, ocsp, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let schemes = &self.provider.signature_verification_algorithms;
        schemes.supported_schemes()
    }
}

/// What is wrong between the two sides of TLS, if that is why the connection failed.
pub(crate) fn refusal(error: &io::Error) -> Option<String> {
    let error: &rustls::Error = error.get_ref()?.downcast_ref()?;
    Some(match error {
        rustls::Error::InvalidCertificate(why) => untrusted(why),
        rustls::Error::AlertReceived(alert) => alerted(*alert),
        rustls::Error::InvalidMessage(_) => {
            "what answers does not speak TLS; a server without TLS is reached by `http://`"
                .to_owned()
        }
        error => error.to_string(),
    })
}

fn untrusted(why: &CertificateError) -> String {
    match why {
        // The second: an authority of the same name as a trusted one, and of another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the server's certificate is of no issuer that this client trusts; pass its root to \
             `Tls::roots_file(..)`"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!(
                "the server's certificate is for another name; set the right one by \
             `Tls::server_name(..)` ({why})"
            )
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the server's certificate has expired ({why})")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the server's certificate is not valid yet ({why})")
        }
        why => format!("the server's certificate is refused: {why}"),
    }
}

fn alerted(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "the server requires a certificate of the client; present one by \
             `Tls::certificate_files(..)`"
                .to_owned()
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => {
            format!("the server refuses the client's certificate, or the lack of one ({alert:?})")
        }
        AlertDescription::UnrecognisedName => {
            "the server knows no such name; set the right one by `Tls::sni(..)`".to_owned()
        }
        AlertDescription::NoApplicationProtocol => {
            "the server does not speak HTTP/2, which gRPC needs".to_owned()
        }
        alert => format!("the server ends the handshake ({alert:?})"),
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for TlsFault {}

/// Where it is from; what was passed as bytes is not shown.
impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, from } => {
                write!(f, "`{}`", path.display())?;
                match from {
                    Some(from) => write!(f, " of {from}"),
                    None => Ok(()),
                }
            }
            Self::Bytes { from, .. } => f.write_str(from),
        }
    }
}

/// The key is not shown.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            roots,
            certificate,
            server_name,
            sni,
            accepts_any,
        } = self;
        let shown = |pem: &Pem| match pem {
            Pem::File { path, .. } => format!("{}", Path::display(path)),
            Pem::Bytes { .. } => "<hidden>".to_owned(),
        };
        f.debug_struct("Tls")
            .field("roots", &roots.as_ref().map(shown))
            .field(
                "certificate",
                &certificate
                    .as_ref()
                    .map(|(certificate, _)| shown(certificate)),
            )
            .field("key", &certificate.as_ref().map(|(_, key)| shown(key)))
            .field("server_name", server_name)
            .field("sni", sni)
            .field("accepts_any", accepts_any)
            .finish()
    }
}
