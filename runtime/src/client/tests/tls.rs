//! Connections over TLS: whom each side accepts, and what is said when it does not.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use http::HeaderMap;
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
    net::TcpListener,
    sync::{mpsc, watch},
};
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};
use tonic::Code;

use super::connections::{answer_all, ask, closed, proxy};
use crate::{
    client::{Client, Tls},
    error::ConnectError,
};

/// Who issues certificates.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, PEM.
pub(super) struct Issued {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(super) fn root(&self) -> String {
        self.0.pem()
    }

    pub(super) fn issue(&self, name: &str) -> Issued {
        self.issue_with(name, |_| {})
    }

    fn issue_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Issued {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// The type of the first record of TLS.
const HANDSHAKE: u8 = 0x16;

/// A server over TLS; with an authority it requires a certificate of it.
pub(super) struct Server {
    pub(super) address: String,
    /// The names that clients asked for.
    pub(super) asked_for: mpsc::UnboundedReceiver<Option<String>>,
    /// Of each request.
    pub(super) headers: mpsc::UnboundedReceiver<HeaderMap>,
}

pub(super) async fn server(identity: &Issued, clients: Option<&Authority>) -> Server {
    let config = server_config(identity, clients, b"h2");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (names, asked_for) = mpsc::unbounded_channel();
    let (sent, headers) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (names, config, sent) = (names.clone(), Arc::clone(&config), sent.clone());
            tokio::spawn(async move {
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
                let _ = names.send(name);
                if let Ok(socket) = start.into_stream(config).await {
                    answer_all(socket, sent).await;
                }
            });
        }
    });
    Server {
        address,
        asked_for,
        headers,
    }
}

fn server_config(
    identity: &Issued,
    clients: Option<&Authority>,
    protocol: &[u8],
) -> Arc<ServerConfig> {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}

/// Accepts connections over TLS, from anyone, for this protocol.
#[cfg(feature = "remote-codec")]
pub(super) fn acceptor(identity: &Issued, protocol: &[u8]) -> TlsAcceptor {
    server_config(identity, None, protocol).into()
}

async fn refusal(address: &str, tls: Tls) -> String {
    let connected = Client::builder(address).tls(tls).await;
    let error = connected.expect_err("one side does not accept the other");
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn a_server_with_a_trusted_certificate_is_connected_to() {
    let authority = Authority::new();
    let server = server(&authority.issue("127.0.0.1"), None).await;
    let tls = Tls::new().roots(authority.root());
    let client = Client::builder(format!("https://{}", server.address)).tls(tls);
    assert_eq!(ask(&client.await.unwrap()).await, Ok(()));
}

#[tokio::test]
async fn the_name_that_is_asked_for_may_differ_from_the_verified_one() {
    let authority = Authority::new();
    let mut server = server(&authority.issue("temporal.acme.com"), None).await;
    let tls = Tls::new()
        .roots(authority.root())
        .server_name("temporal.acme.com");
    let eu = tls.clone().sni("eu.acme.com");
    for (tls, asked_for) in [(tls, "temporal.acme.com"), (eu, "eu.acme.com")] {
        let client = Client::builder(&*server.address).tls(tls).await.unwrap();
        assert_eq!(ask(&client).await, Ok(()));
        assert_eq!(
            server.asked_for.recv().await.flatten().as_deref(),
            Some(asked_for)
        );
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_explained() {
    let (authority, other) = (Authority::new(), Authority::new());
    let trusted = Tls::new().roots(authority.root());
    let good = server(&authority.issue("127.0.0.1"), None).await;
    let text = refusal(&good.address, Tls::new().roots(other.root())).await;
    assert!(text.contains("no issuer that this client trusts"), "{text}");
    let any = Tls::new().roots(other.root()).accept_any_certificate();
    assert!(Client::builder(&*good.address).tls(any).await.is_ok());

    let named = server(&authority.issue("temporal.acme.com"), None).await;
    let text = refusal(&named.address, trusted.clone()).await;
    assert!(
        text.contains("another name") && text.contains("temporal.acme.com"),
        "{text}"
    );

    let old = authority.issue_with("127.0.0.1", |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let old = server(&old, None).await;
    let text = refusal(&old.address, trusted.clone()).await;
    assert!(text.contains("has expired"), "{text}");

    let new = authority.issue_with("127.0.0.1", |params| {
        params.not_before = date_time_ymd(2120, 1, 1);
        params.not_after = date_time_ymd(2121, 1, 1);
    });
    let new = server(&new, None).await;
    let text = refusal(&new.address, trusted).await;
    assert!(text.contains("not valid yet"), "{text}");
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_explained_for_several_addresses() {
    let authority = Authority::new();
    let (one, other) = (
        server(&authority.issue("127.0.0.1"), None).await.address,
        server(&authority.issue("127.0.0.1"), None).await.address,
    );
    let tls = || Tls::new().roots(Authority::new().root());
    let builder = Client::builder(&*one).add_address(&*other).tls(tls());
    let error = builder.await.expect_err("neither is trusted");
    let ConnectError::Tls { address, reason } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*address, format!("https://{one}, https://{other}"));
    assert!(
        reason.starts_with("the server's certificate is of no issuer"),
        "{reason}"
    );

    let builder = Client::builder(&*one)
        .add_address(closed().await)
        .tls(tls());
    let error = builder.await.expect_err("neither can be used");
    let listed = format!("{one}: the server's certificate is of no issuer that this client trusts");
    assert!(error.to_string().contains(&listed), "{error}");
}

#[tokio::test]
async fn a_server_may_require_a_certificate_of_the_client() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = server(&authority.issue("127.0.0.1"), Some(&authority)).await;
    let tls = Tls::new().roots(authority.root());
    let ours = authority.issue("orders");
    let known = tls.clone().certificate(&ours.certificate, &ours.key);
    let client = Client::builder(&*server.address).tls(known).await.unwrap();
    assert_eq!(ask(&client).await, Ok(()));

    let text = refusal(&server.address, tls.clone()).await;
    assert!(
        text.contains("requires a certificate of the client"),
        "{text}"
    );
    let foreign = other.issue("orders");
    let unknown = tls.clone().certificate(foreign.certificate, foreign.key);
    let text = refusal(&server.address, unknown).await;
    assert!(text.contains("refuses the client's certificate"), "{text}");
    let old = authority.issue_with("orders", |params| {
        params.not_after = date_time_ymd(2021, 1, 1)
    });
    let old = tls.certificate(old.certificate, old.key);
    let text = refusal(&server.address, old).await;
    assert!(text.contains("refuses the client's certificate"), "{text}");
}

#[tokio::test]
async fn only_one_side_speaks_tls() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = plain.accept().await {
            tokio::spawn(answer_all(socket, mpsc::unbounded_channel().0));
        }
    });
    let any = Tls::new().accept_any_certificate();
    let text = refusal(&format!("https://{address}"), any).await;
    assert!(text.contains("does not speak TLS"), "{text}");

    let authority = Authority::new();
    let server = server(&authority.issue("127.0.0.1"), None).await;
    let connected = Client::connect(&*server.address).await;
    let error = connected.expect_err("the server expects TLS");
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("https://"), "{error}");
}

#[tokio::test]
async fn options_that_are_of_no_use_are_refused_before_there_is_a_connection() {
    let authority = Authority::new();
    let (ours, theirs) = (authority.issue("orders"), authority.issue("orders"));
    let folder = Folder::new();
    let missing = folder.path("missing.pem");
    let tls = || Tls::new().roots(authority.root());
    for (tls, reason) in [
        (
            Tls::new().roots_file(&missing),
            "missing.pem` cannot be read",
        ),
        (
            Tls::new().roots("x"),
            "has no root certificate in the PEM format",
        ),
        (
            tls().certificate_files(&missing, &missing),
            "missing.pem` cannot be read",
        ),
        (
            tls().certificate(&ours.certificate, &theirs.key),
            "is not that of the client certificate",
        ),
        (
            tls().certificate(&ours.certificate, &ours.certificate),
            "has no private key in the PEM format",
        ),
        (
            tls().server_name("temporal acme"),
            "`temporal acme` is not the name of a server",
        ),
        (tls().sni(""), "`` is not the name of a server"),
    ] {
        let shown = format!("{tls:?}");
        let error = Client::builder("localhost").tls(tls).connect_lazily();
        let error = error.expect_err("the options are of no use");
        assert!(
            matches!(error, ConnectError::TlsOptions { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!shown.contains("PRIVATE"), "{shown}");
    }
    let contradiction = Client::builder("http://localhost")
        .tls(tls())
        .connect_lazily();
    let error = contradiction.expect_err("`http://` is without TLS");
    assert!(
        error.to_string().contains("`http://` is without TLS"),
        "{error}"
    );
}

#[tokio::test]
async fn an_api_key_asks_for_tls() {
    let authority = Authority::new();
    let server = server(&authority.issue("127.0.0.1"), None).await;
    let plain = Client::builder(&*server.address).api_key("s3cret").await;
    let error = plain.expect_err("the machine does not trust the authority");
    assert!(error.to_string().contains("no issuer"), "{error}");
    let tls = Tls::new().roots(authority.root());
    let client = Client::builder(&*server.address)
        .tls(tls)
        .api_key("s3cret")
        .await;
    assert_eq!(ask(&client.unwrap()).await, Ok(()));
}

/// A server that requires certificates of one authority, until it is renewed.
struct Renewed {
    address: String,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    /// Closes the connections that are open.
    close: watch::Sender<()>,
    connections: Arc<AtomicU32>,
}

impl Renewed {
    async fn start(authority: &Authority) -> Self {
        let identity = authority.issue("127.0.0.1");
        let config = server_config(&identity, Some(authority), b"h2");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let this = Self {
            address: listener.local_addr().unwrap().to_string(),
            config: Arc::new(Mutex::new(config)),
            close: watch::Sender::new(()),
            connections: Arc::default(),
        };
        let (config, connections) = (Arc::clone(&this.config), Arc::clone(&this.connections));
        let closed = this.close.subscribe();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(Arc::clone(&config.lock().unwrap()));
                let (connections, mut closed) = (Arc::clone(&connections), closed.clone());
                closed.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(socket) = acceptor.accept(socket).await else {
                        return;
                    };
                    connections.fetch_add(1, Ordering::Relaxed);
                    tokio::select! {
                        () = answer_all(socket, mpsc::unbounded_channel().0) => {}
                        _ = closed.changed() => {}
                    }
                });
            }
        });
        this
    }

    /// Accepts certificates of this authority only, and shows one of it.
    fn renew(&self, authority: &Authority) {
        let identity = authority.issue("127.0.0.1");
        *self.config.lock().unwrap() = server_config(&identity, Some(authority), b"h2");
        self.close.send(()).unwrap();
    }
}

#[tokio::test]
async fn a_client_goes_on_with_the_certificates_that_replace_its_own() {
    let (before, after) = (Authority::new(), Authority::new());
    let server = Renewed::start(&before).await;
    let folder = Folder::new();
    let [roots, certificate, key] =
        ["roots.pem", "orders.pem", "orders.key"].map(|it| folder.path(it));
    let write = |authority: &Authority| {
        let issued = authority.issue("orders");
        std::fs::write(&roots, authority.root()).unwrap();
        std::fs::write(&certificate, issued.certificate).unwrap();
        std::fs::write(&key, issued.key).unwrap();
    };
    write(&before);
    let tls = Tls::new()
        .roots_file(&roots)
        .certificate_files(&certificate, &key);
    let client = Client::builder(&*server.address).tls(tls).await.unwrap();
    assert_eq!(ask(&client).await, Ok(()));
    write(&after);
    // The connection that stands goes on.
    assert_eq!(ask(&client).await, Ok(()));
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
    server.renew(&after);
    // A request that is sent before the client notices that its connection is closed fails.
    while let Err(code) = ask(&client).await {
        assert_eq!(code, Code::Unavailable);
    }
    assert_eq!(server.connections.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn tls_through_a_proxy_is_between_the_client_and_the_server() {
    let authority = Authority::new();
    let mut server = server(&authority.issue("localhost"), None).await;
    let (proxy, mut heads) = proxy("HTTP/1.1 200 Connection established\r\n\r\n").await;
    let port = server.address.rsplit(':').next().unwrap();
    let address = format!("localhost:{port}");
    let through = |root: String| {
        let tls = Tls::new().roots(root);
        Client::builder(&*address)
            .tls(tls)
            .proxy(format!("http://{proxy}"))
    };
    let client = through(authority.root()).await.unwrap();
    assert_eq!(ask(&client).await, Ok(()));
    assert_eq!(
        server.asked_for.recv().await,
        Some(Some("localhost".to_owned()))
    );
    let head = heads.recv().await.unwrap();
    assert!(
        head.starts_with(&format!("CONNECT {address} HTTP/1.1\r\n")),
        "{head}"
    );
    let error = through(Authority::new().root()).await;
    let error = error.expect_err("the server's issuer is another one");
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn renewed_files_are_used_by_the_next_connection() {
    let (before, after) = (Authority::new(), Authority::new());
    let folder = Folder::new();
    let roots = folder.path("roots.pem");
    std::fs::write(&roots, before.root()).unwrap();
    let first = server(&before.issue("127.0.0.1"), None).await;
    let second = server(&after.issue("127.0.0.1"), None).await;
    let tls = Tls::new().roots_file(&roots);
    let client = Client::builder(&*first.address)
        .tls(tls.clone())
        .await
        .unwrap();
    assert_eq!(ask(&client).await, Ok(()));
    std::fs::write(&roots, after.root()).unwrap();
    // The connection that stands goes on.
    assert_eq!(ask(&client).await, Ok(()));
    let client = Client::builder(&*second.address).tls(tls).await.unwrap();
    assert_eq!(ask(&client).await, Ok(()));
}

/// A folder that is removed at the end of a test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("durably-tls-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
