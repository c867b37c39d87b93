//! An HTTP proxy, as networks have them whose programs may not connect to the outside themselves.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

/// Connects clients by the method `CONNECT`. It goes on when this is dropped.
pub struct ConnectProxy {
    /// `host:port`.
    pub address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    /// One that connects whoever asks.
    pub async fn start() -> std::io::Result<Self> {
        Self::answering(None).await
    }

    /// One that refuses with this status, such as `403 Forbidden`.
    pub async fn refusing(status: &'static str) -> std::io::Result<Self> {
        Self::answering(Some(status)).await
    }

    async fn answering(refusal: Option<&'static str>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let heads = Arc::default();
        let this = Self {
            address: listener.local_addr()?.to_string(),
            heads: Arc::clone(&heads),
        };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, refusal, Arc::clone(&heads)));
            }
        });
        Ok(this)
    }

    /// The requests with their headers.
    pub fn heads(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.clone()
    }
}

async fn serve(
    socket: TcpStream,
    refusal: Option<&'static str>,
    heads: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if socket.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let server = head.split(' ').nth(1).unwrap_or_default().to_owned();
    heads
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(head);
    if let Some(status) = refusal {
        let answer = format!("HTTP/1.1 {status}\r\n\r\n");
        return socket.write_all(answer.as_bytes()).await;
    }
    let mut server = TcpStream::connect(server).await?;
    socket
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    copy_bidirectional(&mut socket, &mut server).await.map(drop)
}
