//! A proxy in front of a server, whose connections break when a test says so.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Passes connections on to a server. It can withhold the responses, and break all connections.
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    /// Connections that were passed on.
    connections: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, Default)]
struct State {
    withholds: bool,
    refuses: bool,
    /// How often all connections were broken.
    broken: u32,
}

impl Proxy {
    /// In front of the server at this address.
    pub async fn start(server: String) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = watch::Sender::new(State::default());
        let of_connections = state.subscribe();
        let connections = Arc::new(AtomicUsize::new(0));
        let passed = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if of_connections.borrow().refuses {
                    continue;
                }
                passed.fetch_add(1, Ordering::Relaxed);
                if let Ok(server) = TcpStream::connect(&server).await {
                    tokio::spawn(pass(client, server, of_connections.clone()));
                }
            }
        });
        Ok(Self {
            address,
            state,
            connections,
        })
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many connections it has passed on.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Breaks all connections, and refuses new ones until they are allowed again.
    pub fn refuse_connections(&self) {
        self.state.send_modify(|state| {
            state.refuses = true;
            state.broken += 1;
        });
    }

    /// Allows connections again.
    pub fn allow_connections(&self) {
        self.state.send_modify(|state| state.refuses = false);
    }

    /// Passes requests on, and no responses, until the connections are broken.
    pub fn withhold_responses(&self) {
        self.state.send_modify(|state| state.withholds = true);
    }

    /// Breaks all connections, with the responses that were withheld. New connections work.
    pub fn break_connections(&self) {
        self.state.send_modify(|state| {
            state.withholds = false;
            state.broken += 1;
        });
    }
}

/// Passes one connection on until one side ends or it is broken.
async fn pass(client: TcpStream, server: TcpStream, mut state: watch::Receiver<State>) {
    let broken_before = state.borrow().broken;
    let mut withheld = state.clone();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let responses = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = from_server.read(&mut buffer).await.unwrap_or(0);
            let passes = withheld.wait_for(|state| !state.withholds).await.is_ok();
            if length == 0 || !passes || to_client.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        _ = state.wait_for(|state| state.broken > broken_before) => {}
        () = responses => {}
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
    }
}
