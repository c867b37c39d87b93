//! Connections to a server: several addresses, a proxy, a connection that is made later, API keys.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use durably_proto::api::workflowservice::v1::GetSystemInfoRequest;
use http::{HeaderMap, HeaderValue, Response};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tonic::Code;

use crate::{client::Client, error::ConnectError, time::span::secs};

/// As what [`answer_all`] gives the name of the server in a request.
pub(super) const AUTHORITY: &str = "x-authority";
/// As what it gives the method of a request.
pub(super) const PATH: &str = "x-path";

/// Answers every request on the connection with an empty message; gives the headers of each.
pub(super) async fn answer_all<S>(socket: S, headers: mpsc::UnboundedSender<HeaderMap>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Ok(mut connection) = h2::server::handshake(socket).await else {
        return;
    };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let mut sent = request.headers().clone();
        let authority = request.uri().authority().unwrap();
        sent.insert(
            AUTHORITY,
            HeaderValue::from_str(authority.as_str()).unwrap(),
        );
        let path = request.uri().path();
        sent.insert(PATH, HeaderValue::from_str(path).unwrap());
        let _ = headers.send(sent);
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        body.send_data(bytes::Bytes::from_static(&[0; 5]), false)
            .unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        body.send_trailers(trailers).unwrap();
    }
}

/// A server that answers everything, its address, and the headers of its requests.
pub(in crate::client) async fn server() -> (String, mpsc::UnboundedReceiver<HeaderMap>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, headers) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer_all(socket, sender.clone()));
        }
    });
    (address, headers)
}

/// An address at which connections are accepted, and nothing answers.
pub(super) async fn hanging() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            open.push(socket);
        }
    });
    address
}

/// An address at which nothing listens.
pub(super) async fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

pub(super) async fn ask(client: &Client) -> Result<(), Code> {
    let raw = client.raw();
    let answer = raw.get_system_info(GetSystemInfoRequest {}, secs(10)).await;
    answer.map(drop).map_err(|status| status.code())
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let (address, _headers) = server().await;
    let builder = Client::builder(closed().await).add_address(address);
    assert_eq!(ask(&builder.await.unwrap()).await, Ok(()));
    let nowhere = Client::builder(closed().await).add_address(closed().await);
    let error = nowhere.await.expect_err("nothing answers");
    assert!(
        matches!(error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );
    let mixed = Client::builder("http://localhost").add_address("https://localhost");
    let error = mixed.await.expect_err("only one of them is encrypted");
    assert!(error.to_string().contains("one scheme"), "{error}");
}

#[tokio::test]
async fn a_lazy_client_connects_when_it_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = Client::builder(&*address).connect_lazily().unwrap();
    assert_eq!(ask(&client).await, Err(Code::Unavailable));
    let listener = TcpListener::bind(&address).await.unwrap();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        answer_all(socket, mpsc::unbounded_channel().0).await;
    });
    assert_eq!(ask(&client).await, Ok(()));
    let wrong = Client::builder("local host").connect_lazily();
    assert!(matches!(wrong, Err(ConnectError::Address { .. })));
}

#[tokio::test]
async fn an_api_key_is_sent_without_tls_only_if_that_is_allowed() {
    let (address, mut headers) = server().await;
    let refused = Client::builder(format!("http://{address}"))
        .api_key("s3cret")
        .await;
    let error = refused.expect_err("others could read the key");
    assert!(
        matches!(error, ConnectError::PlainApiKey { .. }),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    let allowed = Client::builder(&*address)
        .api_key("s3cret")
        .allow_plain_api_key();
    let client = allowed.await.unwrap();
    let sent = headers.recv().await.unwrap();
    assert_eq!(sent["authorization"], "Bearer s3cret");
    assert_eq!(sent["temporal-namespace"], "default");
    assert_eq!(ask(&client.in_namespace("shop")).await, Ok(()));
    let sent = headers.recv().await.unwrap();
    assert_eq!(sent["authorization"], "Bearer s3cret");
    assert_eq!(sent["temporal-namespace"], "shop");
}

#[tokio::test]
async fn a_function_gives_the_api_key_of_each_request() {
    let (address, mut headers) = server().await;
    let count = Arc::new(AtomicU32::new(0));
    let key = move || match count.fetch_add(1, Ordering::Relaxed) {
        1 => "a\nb".to_owned(),
        2 => panic!("there is no key"),
        n => format!("key-{n}"),
    };
    let builder = Client::builder(address)
        .api_key_from(key)
        .allow_plain_api_key();
    assert!(!format!("{builder:?}").contains("key-"));
    let client = builder.await.unwrap();
    assert_eq!(
        headers.recv().await.unwrap()["authorization"],
        "Bearer key-0"
    );
    // Neither is sent, neither costs the connection, and a call that is retried may get a better one.
    assert_eq!(ask(&client).await, Err(Code::Unavailable));
    assert_eq!(ask(&client).await, Err(Code::Unavailable));
    assert_eq!(ask(&client).await, Ok(()));
    assert_eq!(
        headers.recv().await.unwrap()["authorization"],
        "Bearer key-3"
    );
}

/// A proxy that answers with this, and connects if that is a success; gives the heads of its requests.
pub(super) async fn proxy(answer: &'static str) -> (String, mpsc::UnboundedReceiver<String>) {
    proxy_to(answer, None).await
}

/// As [`proxy`]; connects to this server, whichever is asked for.
pub(super) async fn proxy_to(
    answer: &'static str,
    server: Option<String>,
) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, heads) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let mut socket = BufReader::new(socket);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if socket.read_line(&mut head).await.unwrap() == 0 {
                    return;
                }
            }
            let asked_for = head.split(' ').nth(1).unwrap();
            let target = server.clone().unwrap_or_else(|| asked_for.to_owned());
            let _ = sender.send(head);
            if !answer.contains(" 200 ") {
                // The client need not read all of it.
                let _ = socket.write_all(answer.as_bytes()).await;
                continue;
            }
            let mut server = TcpStream::connect(target).await.unwrap();
            socket.write_all(answer.as_bytes()).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut socket, &mut server).await });
        }
    });
    (address, heads)
}

#[tokio::test]
async fn a_proxy_connects_to_the_server() {
    let (address, _headers) = server().await;
    let (proxy, mut heads) = proxy("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n").await;
    let builder = Client::builder(&*address).proxy(format!("http://me:s3cre%74@{proxy}"));
    assert!(!format!("{builder:?}").contains("s3cret"), "{builder:?}");
    assert_eq!(ask(&builder.await.unwrap()).await, Ok(()));
    let head = heads.recv().await.unwrap();
    assert!(
        head.starts_with(&format!("CONNECT {address} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.contains("Proxy-Authorization: Basic bWU6czNjcmV0\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn a_proxy_that_does_not_connect_is_named() {
    let refusing = proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        .await
        .0;
    let silent = proxy("").await.0;
    let foreign = proxy("SSH-2.0-OpenSSH_9.6\r\n\r\n").await.0;
    let endless = proxy(Box::leak(vec!["x"; 9000].concat().into_boxed_str()))
        .await
        .0;
    for (proxy, reason) in [
        (refusing, "407 Proxy Authentication Required"),
        (silent, "closes the connection"),
        (foreign, "SSH-2.0"),
        (endless, "longer than"),
        (hanging().await, "does not answer in time"),
        (closed().await, "refused"),
    ] {
        let builder = Client::builder("temporal.internal").proxy(format!("me:s3cret@{proxy}"));
        let error = builder
            .connect_timeout(secs(2))
            .await
            .expect_err("there is no way through");
        let text = format!("{error} {error:?}");
        assert!(matches!(error, ConnectError::Proxy { .. }), "{error:?}");
        assert!(text.contains(&proxy) && text.contains(reason), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
