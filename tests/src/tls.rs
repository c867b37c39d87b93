//! Certificates of tests, and a proxy that speaks TLS in front of a server that does not.

use std::{path::PathBuf, sync::Arc};

use durably::{Result, client::Tls};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::unique;

/// A folder with an authority and the certificates that it issued, PEM; removed when dropped.
pub struct Certificates(PathBuf);

impl Certificates {
    /// Of an authority of this name, with a certificate for a server at 127.0.0.1 and one for a client.
    pub fn issue(authority: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(unique("durably-certificates"));
        std::fs::create_dir(&folder)?;
        let this = Self(folder);
        let mut params = CertificateParams::new(Vec::new())?;
        params
            .distinguished_name
            .push(DnType::CommonName, authority);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        std::fs::write(this.authority(), issuer.pem())?;
        for (name, usage) in [
            ("server", ExtendedKeyUsagePurpose::ServerAuth),
            ("client", ExtendedKeyUsagePurpose::ClientAuth),
        ] {
            let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
            params.extended_key_usages = vec![usage];
            let key = KeyPair::generate()?;
            std::fs::write(
                this.certificate(name),
                params.signed_by(&key, &issuer)?.pem(),
            )?;
            std::fs::write(this.key(name), key.serialize_pem())?;
        }
        Ok(this)
    }

    /// The file of the authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.0.join("authority.pem")
    }

    /// The file of the certificate of `server` or `client`.
    pub fn certificate(&self, of: &str) -> PathBuf {
        self.0.join(format!("{of}.pem"))
    }

    /// The file of its key.
    pub fn key(&self, of: &str) -> PathBuf {
        self.0.join(format!("{of}.key"))
    }

    /// A client's options: it trusts the authority, and presents its certificate.
    pub fn client(&self) -> Tls {
        Tls::new()
            .roots_file(self.authority())
            .certificate_files(self.certificate("client"), self.key("client"))
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts a proxy in front of the server, which requires certificates of its clients; its `host:port`.
pub async fn proxy(certificates: &Certificates, server: String) -> Result<String> {
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
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                let mut client = acceptor.accept(socket).await?;
                let mut server = TcpStream::connect(server).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    Ok(address)
}
