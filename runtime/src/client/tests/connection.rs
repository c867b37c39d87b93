//! What a client makes of the connection: one that breaks, one that is silent, a call given up.

use std::{future::poll_fn, net::SocketAddr, time::Duration};

use bytes::Bytes;
use durably_proto::api::workflowservice::v1::GetSystemInfoRequest;
use h2::{
    Reason,
    server::{Connection, SendResponse},
};
use http::{HeaderMap, HeaderValue, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tonic::Code;

use crate::{
    client::Client,
    error::{ConnectError, ResultError, RpcError},
    time::span::{millis, secs},
};

/// A server of whom one sees every frame.
struct Listener(TcpListener);

impl Listener {
    async fn bind() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (Self(listener), address)
    }

    async fn connection(&self) -> Connection<TcpStream, Bytes> {
        let (socket, _) = self.0.accept().await.unwrap();
        h2::server::handshake(socket).await.unwrap()
    }
}

/// Takes one request.
async fn request(connection: &mut Connection<TcpStream, Bytes>) -> SendResponse<Bytes> {
    let (_, respond) = connection.accept().await.unwrap().unwrap();
    respond
}

/// Answers with an empty message.
fn answer(respond: SendResponse<Bytes>) {
    answer_with(respond, &[0; 5]);
}

fn answer_with(mut respond: SendResponse<Bytes>, frame: &'static [u8]) {
    let mut body = respond.send_response(Response::new(()), false).unwrap();
    body.send_data(Bytes::from_static(frame), false).unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    body.send_trailers(trailers).unwrap();
}

async fn ask(client: &Client, timeout: Duration) -> Result<(), Code> {
    let raw = client.raw();
    let answer = raw.get_system_info(GetSystemInfoRequest {}, timeout).await;
    answer.map(drop).map_err(|status| status.code())
}

#[tokio::test]
async fn a_connection_that_broke_is_made_again() {
    let (listener, address) = Listener::bind().await;
    let server = tokio::spawn(async move {
        let mut first = listener.connection().await;
        answer(request(&mut first).await);
        first.graceful_shutdown();
        while first.accept().await.is_some() {}
        drop(first);
        let mut second = listener.connection().await;
        answer(request(&mut second).await);
        while second.accept().await.is_some() {}
    });
    let client = Client::connect(address.to_string()).await.unwrap();
    // A request that crosses the end of the connection is lost with it, and says so.
    while let Err(code) = ask(&client, secs(10)).await {
        assert_eq!(code, Code::Unavailable);
    }
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_silent_server_is_waited_for_as_long_as_the_call_may_take() {
    let (listener, address) = Listener::bind().await;
    tokio::spawn(async move {
        let mut connection = listener.connection().await;
        answer(request(&mut connection).await);
        let _unanswered = request(&mut connection).await;
        connection.accept().await;
    });
    let client = Client::connect(address.to_string()).await.unwrap();
    let asked = ask(&client, millis(20)).await;
    assert_eq!(asked, Err(Code::DeadlineExceeded));
}

/// A field of a wrong type, half a frame, and nothing.
const MALFORMED: [&[u8]; 3] = [&[0, 0, 0, 0, 1, 0xff], &[0, 0, 0, 0, 9, 1], &[]];

#[tokio::test]
async fn a_frame_that_cannot_be_decoded_is_not_asked_for_again() {
    let (listener, address) = Listener::bind().await;
    tokio::spawn(async move {
        let mut connection = listener.connection().await;
        answer(request(&mut connection).await);
        for frame in MALFORMED {
            answer_with(request(&mut connection).await, frame);
        }
        connection.accept().await;
    });
    let client = Client::connect(address.to_string()).await.unwrap();
    for frame in MALFORMED {
        let result = client.handle("acc-1").result::<u64>().timeout(secs(10));
        let error = result.await.expect_err("the frame is malformed");
        assert!(
            matches!(&error, ResultError::Rpc(RpcError::MalformedResponse { .. })),
            "{frame:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_by_its_announced_length() {
    let (listener, address) = Listener::bind().await;
    let server = tokio::spawn(async move {
        let mut connection = listener.connection().await;
        answer(request(&mut connection).await);
        let mut respond = request(&mut connection).await;
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        // The prefix comes in two parts, and no more is ever sent.
        body.send_data(Bytes::from_static(&[0, 0xff]), false)
            .unwrap();
        body.send_data(Bytes::from_static(&[0, 0, 2, 7]), false)
            .unwrap();
        // The connection is of use all the same.
        answer(request(&mut connection).await);
        while connection.accept().await.is_some() {}
        let reason = poll_fn(|cx| body.poll_reset(cx)).await;
        assert_eq!(reason.unwrap(), Reason::CANCEL);
    });
    let client = Client::connect(address.to_string()).await.unwrap();
    let raw = client.raw();
    let refused = raw
        .get_system_info(GetSystemInfoRequest {}, secs(10))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let length = 0xff00_0002_u32 + 5;
    assert!(refused.message().contains(&length.to_string()), "{refused}");
    assert_eq!(ask(&client, secs(10)).await, Ok(()));
    drop((client, raw));
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_query_waits_for_its_answer_though_the_caller_s_clock_is_paused() {
    let (sender, address) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        crate::definition::private::block_on(async move {
            let (listener, address) = Listener::bind().await;
            sender.send(address).unwrap();
            let mut connection = listener.connection().await;
            answer(request(&mut connection).await);
            let query = request(&mut connection).await;
            tokio::time::sleep(millis(50)).await;
            answer(query);
            connection.accept().await;
        });
    });
    let address = address.await.unwrap();
    let client = Client::connect(address.to_string()).await.unwrap();
    let error = client.handle("acc-1").query::<u64>("balance", ()).await;
    let error = error.expect_err("the answer is empty");
    assert!(!error.is_timeout(), "{error}");
}

#[tokio::test]
async fn awaiting_the_options_of_a_connection_connects() {
    let (listener, address) = Listener::bind().await;
    tokio::spawn(async move {
        let mut connection = listener.connection().await;
        answer(request(&mut connection).await);
        connection.accept().await;
    });
    let client = Client::builder(address.to_string()).namespace("shop").await;
    assert_eq!(client.unwrap().namespace(), "shop");
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled_at_the_server() {
    let (listener, address) = Listener::bind().await;
    let server = tokio::spawn(async move {
        let mut connection = listener.connection().await;
        answer(request(&mut connection).await);
        let mut unanswered = request(&mut connection).await;
        tokio::select! {
            reason = poll_fn(|cx| unanswered.poll_reset(cx)) => reason.unwrap(),
            _ = connection.accept() => panic!("the connection is used for nothing else"),
        }
    });
    let client = Client::connect(address.to_string()).await.unwrap();
    let given_up = tokio::time::timeout(millis(20), ask(&client, secs(10))).await;
    assert!(given_up.is_err());
    assert_eq!(server.await.unwrap(), Reason::CANCEL);
}

#[tokio::test]
async fn an_answer_that_says_it_went_well_without_a_message_is_an_error() {
    let (listener, address) = Listener::bind().await;
    tokio::spawn(async move {
        let mut connection = listener.connection().await;
        answer(request(&mut connection).await);
        let mut respond = request(&mut connection).await;
        let empty = Response::builder().header("grpc-status", "0").body(());
        respond.send_response(empty.unwrap(), true).unwrap();
        connection.accept().await;
    });
    let client = Client::connect(address.to_string()).await.unwrap();
    assert_eq!(ask(&client, secs(10)).await, Err(Code::Internal));
}

/// What connecting says where each connection is answered with these bytes.
async fn refusal(answer: &'static [u8]) -> ConnectError {
    let (listener, address) = Listener::bind().await;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.0.accept().await {
            let mut preface = [0; 24];
            socket.read_exact(&mut preface).await.unwrap();
            socket.write_all(answer).await.unwrap();
            // Only a connection that was read to its end is closed without being reset.
            socket.shutdown().await.unwrap();
            let mut rest = Vec::new();
            socket.read_to_end(&mut rest).await.ok();
        }
    });
    let refused = Client::connect(address.to_string()).await;
    refused.expect_err("it is not a Temporal server")
}

#[tokio::test]
async fn what_answers_in_place_of_a_server_is_described() {
    let cases: [(&[u8], &str); 3] = [
        (
            b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Type: text/html\r\n\r\n\
              <html>\r\n<head><title>502 Bad Gateway</title></head>\r\n",
            "(HTTP/1.1 502 Bad Gateway, text/html: `<html> <head><title>502 Bad Gateway</title></head>`)",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "(HTTP/1.1 400 Bad Request)",
        ),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "(`SSH-2.0-OpenSSH_9.6`)"),
    ];
    for (answer, expected) in cases {
        let error = refusal(answer).await;
        assert!(
            matches!(error, ConnectError::NotTemporal { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = refusal(b"\x15\x03\x01\x00\x02\x02\x46").await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    let error = refusal(b"").await;
    assert!(
        matches!(error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_proxy_that_speaks_http_2_is_described() {
    for status in [200, 403, 503] {
        let (listener, address) = Listener::bind().await;
        tokio::spawn(async move {
            let mut connection = listener.connection().await;
            let mut respond = request(&mut connection).await;
            let page = Response::builder()
                .status(status)
                .header("content-type", "text/html")
                .body(());
            let mut body = respond.send_response(page.unwrap(), false).unwrap();
            body.send_data(Bytes::from_static(b"<h1>no\nupstream</h1>"), true)
                .unwrap();
            while connection.accept().await.is_some() {}
        });
        let error = Client::connect(address.to_string()).await.unwrap_err();
        assert!(
            matches!(error, ConnectError::NotTemporal { .. }),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(
            text.contains(&format!("(HTTP {status} "))
                && text.contains(", text/html: `<h1>no upstream</h1>`)"),
            "{text}"
        );
    }
}
