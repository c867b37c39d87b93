//! A codec endpoint as the codec of a client: its requests, its connections, and what is said when it refuses.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use durably_engine::Payload;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use super::connections::closed;
use crate::{
    client::RemoteCodec,
    codec::{CodecContext, PayloadCodec},
};

/// A request as the endpoint receives it: its first line and its headers, in small letters, and its body.
#[derive(Clone, Debug)]
struct Received {
    head: Vec<String>,
    body: String,
}

impl Received {
    fn has(&self, line: &str) -> bool {
        self.head.iter().any(|it| it == line)
    }
}

/// What an endpoint does after an answer.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    KeepOpen,
    Close,
}

/// A codec endpoint that gives every request one answer.
struct Endpoint {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
}

impl Endpoint {
    async fn start(status: &'static str, body: &'static str, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (received, connections) = (Arc::default(), Arc::default());
        let this = Self {
            url,
            received: Arc::clone(&received),
            connections: Arc::clone(&connections),
        };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                let received = Arc::clone(&received);
                tokio::spawn(serve(socket, status, body, then, received));
            }
        });
        this
    }

    fn codec(&self) -> RemoteCodec {
        RemoteCodec::new(&self.url).expect("it is a URL")
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    socket: S,
    status: &str,
    answer: &str,
    then: Then,
    received: Arc<Mutex<Vec<Received>>>,
) {
    let mut socket = BufReader::new(socket);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            match line.trim() {
                "" => break,
                line => head.push(line.to_ascii_lowercase()),
            }
        }
        let length = head
            .iter()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.expect("a request has a length").parse().unwrap();
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        received.lock().unwrap().push(Received { head, body });
        let length = answer.len();
        let response = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{answer}");
        socket.write_all(response.as_bytes()).await.unwrap();
        if then == Then::Close {
            return;
        }
    }
}

fn context() -> CodecContext {
    CodecContext::of_namespace("shop")
}

/// Two payloads, of the data `1` and `2`.
fn payloads() -> Vec<Payload> {
    vec![
        Payload::new("", b"1".to_vec()),
        Payload::new("", b"2".to_vec()),
    ]
}

/// The data `MQ==` is `1`, and `Mg==` is `2`.
const SWAPPED: &str = r#"{"payloads": [{"data": "Mg=="}, {"data": "MQ=="}]}"#;

#[tokio::test]
async fn payloads_are_sent_as_json_with_the_namespace_and_the_headers() {
    let endpoint = Endpoint::start("200 OK", SWAPPED, Then::KeepOpen).await;
    let codec = RemoteCodec::new(format!("{}/codecs/{{namespace}}/", endpoint.url)).unwrap();
    let codec = codec.header("Authorization", "Bearer s3cret").unwrap();
    assert!(!format!("{codec:?}").contains("s3cret"), "{codec:?}");
    let swapped: Vec<_> = payloads().into_iter().rev().collect();
    let encoded = codec.encode(payloads(), &context()).await;
    assert_eq!(encoded.expect("it is encoded"), swapped);
    let decoded = codec.decode(payloads(), &context()).await;
    assert_eq!(decoded.expect("it is decoded"), swapped);
    let received = endpoint.received();
    for (request, operation) in received.iter().zip(["encode", "decode"]) {
        for line in [
            &*format!("post /codecs/shop/{operation} http/1.1"),
            "x-namespace: shop",
            "authorization: bearer s3cret",
            "content-type: application/json",
            &format!("host: {}", &endpoint.url["http://".len()..]),
        ] {
            assert!(request.has(line), "{line}: {request:?}");
        }
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["payloads"][0]["data"], "MQ==");
        assert_eq!(body["payloads"][1]["data"], "Mg==");
    }
    assert_eq!(received.len(), 2);
    assert_eq!(endpoint.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_connection_that_the_endpoint_closed_is_replaced() {
    let endpoint = Endpoint::start("200 OK", SWAPPED, Then::Close).await;
    let codec = endpoint.codec();
    for _ in 0..3 {
        let decoded = codec.decode(payloads(), &context()).await;
        decoded.expect("it is decoded");
    }
    assert_eq!(endpoint.connections.load(Ordering::Relaxed), 3);
    assert_eq!(endpoint.received().len(), 3);
}

#[tokio::test]
async fn requests_side_by_side_have_connections_of_their_own() {
    let endpoint = Endpoint::start("200 OK", SWAPPED, Then::KeepOpen).await;
    let codec = endpoint.codec();
    let context = context();
    let pairs = (0..4).map(|_| codec.encode(payloads(), &context));
    for encoded in futures::future::join_all(pairs).await {
        encoded.expect("it is encoded");
    }
    assert_eq!(endpoint.received().len(), 4);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status_and_reason() {
    for (status, body, words) in [
        (
            "401 Unauthorized",
            "no key\n",
            "/decode`: it answers 401 Unauthorized: no key",
        ),
        (
            "200 OK",
            "<html>",
            "/decode`: it does not answer payloads as JSON",
        ),
    ] {
        let endpoint = Endpoint::start(status, body, Then::KeepOpen).await;
        let refused = endpoint.codec().decode(payloads(), &context()).await;
        let error = refused.expect_err("it refuses").to_string();
        assert!(error.starts_with(&format!("`{}", endpoint.url)), "{error}");
        assert!(error.contains(words), "{error}");
    }
    let nowhere = RemoteCodec::new(format!("http://{}", closed().await)).unwrap();
    let refused = nowhere.encode(payloads(), &context()).await;
    let error = refused.expect_err("nothing listens").to_string();
    assert!(error.contains("refused"), "{error}");
}

#[test]
fn what_is_wrong_with_a_url_or_a_header_is_said() {
    for (url, words) in [
        (
            "codecs.acme.com",
            "`codecs.acme.com` is not the URL of a codec endpoint: it begins with",
        ),
        ("ftp://x", "it begins with `http://` or `https://`"),
        ("http://", "is not the URL"),
        (
            "http://me:s3cret@x",
            "`http://<hidden>@x` is not the URL of a codec endpoint: it has a user",
        ),
    ] {
        let error = RemoteCodec::new(url).expect_err(url).to_string();
        assert!(error.contains(words), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    let codec = RemoteCodec::new("http://[::1]:8081").unwrap();
    let error = codec
        .header("x-token", "s3cret\n")
        .expect_err("it has a line break");
    assert!(error.to_string().contains("x-token"), "{error}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn an_endpoint_over_tls_names_the_feature() {
    let error = RemoteCodec::new("https://codecs.acme.com").expect_err("there is no TLS");
    assert!(error.to_string().contains("feature `tls`"), "{error}");
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn an_endpoint_over_tls_is_verified() {
    use super::tls::{Authority, acceptor};
    use crate::client::Tls;

    let authority = Authority::new();
    let acceptor = acceptor(&authority.issue("127.0.0.1"), b"http/1.1");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let received = Arc::default();
    let seen = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(socket) = acceptor.accept(socket).await {
                serve(socket, "200 OK", SWAPPED, Then::Close, Arc::clone(&seen)).await;
            }
        }
    });
    let codec = RemoteCodec::new(url).unwrap();
    let trusting = codec.clone().tls(Tls::new().roots(authority.root()));
    let decoded = trusting.decode(payloads(), &context()).await;
    decoded.expect("the endpoint is trusted");
    let codec = codec.tls(Tls::new().roots(Authority::new().root()));
    let error = codec.decode(payloads(), &context()).await;
    let error = error.expect_err("the issuer is another one").to_string();
    assert!(error.contains("issuer"), "{error}");
    assert_eq!(received.lock().unwrap().len(), 1);
}
