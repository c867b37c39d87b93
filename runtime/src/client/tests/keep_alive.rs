//! Probes of a connection whose peer has vanished without closing it.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use durably_proto::api::workflowservice::v1::GetSystemInfoRequest;
use http::HeaderMap;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tonic::Code;

use super::connections::{ask, server};
use crate::{
    client::Client,
    data::Converter,
    interceptor::ClientChain,
    time::span::secs,
    transport::{
        caller::Caller,
        channel::Channel,
        target::{Address, KeepAlive, Target},
    },
};

/// A network between the client and the server.
struct Network {
    port: u16,
    /// Ends what is forwarded over the first connection, which stays open.
    unplug: oneshot::Sender<()>,
    connections: Arc<AtomicUsize>,
}

async fn network(server: String) -> Network {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (unplug, unplugged) = oneshot::channel();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        let mut unplugged = Some(unplugged);
        while let Ok((mut client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let mut server = TcpStream::connect(&server).await.unwrap();
            let unplugged = unplugged.take();
            tokio::spawn(async move {
                let unplugged = async {
                    match unplugged {
                        Some(unplugged) => unplugged.await.unwrap_or_default(),
                        None => pending().await,
                    }
                };
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => {}
                    () = unplugged => pending().await,
                }
            });
        }
    });
    Network {
        port,
        unplug,
        connections,
    }
}

/// A client as the builder makes it, except for probes that follow each other sooner than servers allow.
fn client(port: u16) -> Client {
    let target = Target {
        uri: format!("http://127.0.0.1:{port}").parse().unwrap(),
        addresses: vec![Address {
            host: "127.0.0.1".to_owned(),
            port,
        }],
        authority: None,
        connect_timeout: Duration::from_secs(10),
        keep_alive: Some(KeepAlive {
            interval: Duration::from_millis(20),
            timeout: Duration::from_secs(3),
        }),
        proxy: None,
        #[cfg(feature = "tls")]
        tls: None,
    };
    let channel = Channel::lazy(target).unwrap();
    let caller = Caller::grpc(channel, HeaderMap::new(), None, "default", "test");
    Client(Arc::new(caller), Converter::JSON, ClientChain::default())
}

#[tokio::test]
async fn a_call_over_a_connection_whose_peer_is_silent_fails_and_the_next_one_connects_again() {
    let (address, _headers) = server().await;
    let network = network(address).await;
    let client = client(network.port);
    assert_eq!(ask(&client).await, Ok(()));
    network.unplug.send(()).unwrap();
    // It may take an hour, so what ends it is the probe.
    let waiting = client
        .raw()
        .get_system_info(GetSystemInfoRequest {}, secs(3600))
        .await;
    let status = waiting.expect_err("nothing comes back");
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(network.connections.load(Ordering::Relaxed), 1);
    assert_eq!(ask(&client).await, Ok(()));
    assert_eq!(network.connections.load(Ordering::Relaxed), 2);
}
