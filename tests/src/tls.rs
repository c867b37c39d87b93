//! Certificates of tests, and a proxy that speaks TLS in front of a server that does not.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use durably::{Result, client::Tls};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{Acceptor, WebPkiClientVerifier},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::unique;

/// A folder with an authority and the certificates that it issued, PEM; removed when dropped.
pub struct Certificates {
    folder: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// How long a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Longer than any test.
    Good,
    /// Until the end of 2020.
    Expired,
}

impl Certificates {
    /// Of an authority of this name, with a certificate for a server at 127.0.0.1 and one for a client.
    pub fn issue(authority: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(unique("durably-certificates"));
        std::fs::create_dir(&folder)?;
        let issuer = self_signed(authority)?;
        let this = Self { folder, issuer };
        this.write()?;
        Ok(this)
    }

    /// Replaces all files by those of a new authority.
    pub fn replace(&mut self, authority: &str) -> Result<()> {
        self.issuer = self_signed(authority)?;
        self.write()
    }

    fn write(&self) -> Result<()> {
        std::fs::write(self.authority(), self.issuer.pem())?;
        self.renew("server", Validity::Good)?;
        self.renew("client", Validity::Good)
    }

    /// Replaces the certificate of `server` or `client`, and its key.
    pub fn renew(&self, of: &str, validity: Validity) -> Result<()> {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        params.extended_key_usages = vec![match of {
            "server" => ExtendedKeyUsagePurpose::ServerAuth,
            _ => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        if validity == Validity::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate()?;
        std::fs::write(
            self.certificate(of),
            params.signed_by(&key, &self.issuer)?.pem(),
        )?;
        std::fs::write(self.key(of), key.serialize_pem())?;
        Ok(())
    }

    /// The file of the authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// The file of the certificate of `server` or `client`.
    pub fn certificate(&self, of: &str) -> PathBuf {
        self.folder.join(format!("{of}.pem"))
    }

    /// The file of its key.
    pub fn key(&self, of: &str) -> PathBuf {
        self.folder.join(format!("{of}.key"))
    }

    /// A client's options: it trusts the authority, and presents its certificate.
    pub fn client(&self) -> Tls {
        Tls::new()
            .roots_file(self.authority())
            .certificate_files(self.certificate("client"), self.key("client"))
    }
}

fn self_signed(authority: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, authority);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A proxy in front of a server, which speaks TLS and requires certificates of its clients. It goes on when this is
/// dropped.
pub struct TlsProxy {
    /// `host:port`.
    pub address: String,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    config: Mutex<Arc<ServerConfig>>,
    /// The names that clients asked for.
    asked_for: Mutex<Vec<Option<String>>>,
    /// How many handshakes failed.
    refused: AtomicUsize,
    /// Closes the connections that are open.
    close: watch::Sender<()>,
}

impl TlsProxy {
    /// In front of this server, with the certificates for it.
    pub async fn start(certificates: &Certificates, server: String) -> Result<Self> {
        Self::at("127.0.0.1:0", certificates, server).await
    }

    /// As [`start`](Self::start), at this address.
    pub async fn at(address: &str, certificates: &Certificates, server: String) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let this = Self {
            address: listener.local_addr()?.to_string(),
            shared: Arc::new(Shared {
                server,
                config: Mutex::new(config(certificates)?),
                asked_for: Mutex::default(),
                refused: AtomicUsize::new(0),
                close: watch::Sender::new(()),
            }),
        };
        let shared = Arc::clone(&this.shared);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&shared).serve(socket));
            }
        });
        Ok(this)
    }

    /// Closes all connections; new ones get the certificates that the files have now.
    pub fn renew(&self, certificates: &Certificates) -> Result<()> {
        *locked(&self.shared.config) = config(certificates)?;
        self.close_connections();
        Ok(())
    }

    /// Closes all connections.
    pub fn close_connections(&self) {
        self.shared.close.send_replace(());
    }

    /// The names that clients asked for (SNI), one a connection.
    pub fn asked_for(&self) -> Vec<Option<String>> {
        locked(&self.shared.asked_for).clone()
    }

    /// How many connections it has refused, or the other side has.
    pub fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, socket: TcpStream) {
        let mut closed = self.close.subscribe();
        let config = Arc::clone(&locked(&self.config));
        // What is no TLS gets the alert that `TlsAcceptor` sends.
        let mut first = [0; 1];
        if socket.peek(&mut first).await.is_ok() && first != [HANDSHAKE] {
            let _ = TlsAcceptor::from(config).accept(socket).await;
            return;
        }
        let Ok(start) = LazyConfigAcceptor::new(Acceptor::default(), socket).await else {
            return;
        };
        let name = start.client_hello().server_name().map(str::to_owned);
        locked(&self.asked_for).push(name);
        let Ok(mut client) = start.into_stream(config).await else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let Ok(mut server) = TcpStream::connect(&self.server).await else {
            return;
        };
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => {}
            _ = closed.changed() => {}
        }
    }
}

/// The type of the first record of TLS.
const HANDSHAKE: u8 = 0x16;

fn config(certificates: &Certificates) -> Result<Arc<ServerConfig>> {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates.authority())?)?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()?;
    let certificate = CertificateDer::from_pem_file(certificates.certificate("server"))?;
    let key = PrivateKeyDer::from_pem_file(certificates.key("server"))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
