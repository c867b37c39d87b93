//! What answered where a Temporal server was expected: a web server, a proxy, something that wants TLS.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of an answer is kept: its head, and the beginning of its body.
const KEPT: usize = 2048;
/// How much of a body is shown.
const SHOWN: usize = 100;

/// An answer that is not one of a Temporal server.
#[derive(Clone, Debug)]
pub(crate) enum ForeignAnswer {
    /// Client and server do not agree on TLS: what they do not agree on.
    Tls(String),
    /// Anything else, described.
    Other(String),
}

impl ForeignAnswer {
    /// An HTTP answer.
    pub(super) fn http(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
        Self::of_parts(&format!("HTTP {status}"), content_type, body)
    }

    /// The first bytes of a connection that is not HTTP/2; none if it is, or if there are no bytes.
    fn bytes(bytes: &[u8]) -> Option<Self> {
        // A server's first frame is its settings; a frame begins with its length and its type.
        const SETTINGS: u8 = 4;
        if bytes.is_empty() || bytes.get(3).is_some_and(|kind| *kind == SETTINGS) {
            return None;
        }
        if bytes.starts_with(b"HTTP/") {
            return Some(Self::http_1(bytes));
        }
        // Records of alerts and of handshakes, in any version of TLS.
        if let [0x15 | 0x16, 0x03, ..] = bytes {
            let reason = "the server speaks TLS, which an address with `https://` asks for";
            return Some(Self::Tls(reason.to_owned()));
        }
        Some(Self::Other(format!("`{}`", beginning(bytes))))
    }

    fn http_1(answer: &[u8]) -> Self {
        const END: &[u8] = b"\r\n\r\n";
        let end = answer.windows(END.len()).position(|four| four == END);
        let (head, body) = match end {
            Some(at) => (&answer[..at], &answer[at + END.len()..]),
            None => (answer, &[][..]),
        };
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let status = lines.next().unwrap_or_default().trim();
        let content_type = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-type")
                .then(|| value.trim().as_bytes())
        });
        Self::of_parts(status, content_type, body)
    }

    fn of_parts(status: &str, content_type: Option<&[u8]>, body: &[u8]) -> Self {
        let mut text = status.to_owned();
        if let Some(content_type) = content_type {
            text += &format!(", {}", String::from_utf8_lossy(content_type));
        }
        let body = beginning(body);
        if !body.is_empty() {
            text += &format!(": `{body}`");
        }
        Self::Other(text)
    }
}

/// The beginning of a body, on one line, with what cannot be shown left out.
fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(KEPT)]);
    let words: Vec<_> = text.split_whitespace().collect();
    let line: String = words
        .join(" ")
        .chars()
        .filter(|it| !it.is_control())
        .collect();
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", &line[..end]),
        None => line,
    }
}

impl fmt::Display for ForeignAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(reason) => f.write_str(reason),
            Self::Other(answer) => write!(f, "an answer that is not gRPC: {answer}"),
        }
    }
}

impl Error for ForeignAnswer {}

/// The first bytes that a server sent on one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstBytes(Arc<Mutex<First>>);

#[derive(Debug, Default)]
struct First {
    bytes: Vec<u8>,
    /// Why the server ended TLS after its handshake, as it does for want of a certificate.
    tls_refusal: Option<String>,
}

impl FirstBytes {
    /// What the server sent in place of HTTP/2; `None` if it is HTTP/2, or nothing.
    pub(super) fn foreign_answer(&self) -> Option<ForeignAnswer> {
        let first = self.lock();
        let refusal = first.tls_refusal.clone().map(ForeignAnswer::Tls);
        refusal.or_else(|| ForeignAnswer::bytes(&first.bytes))
    }

    /// The connection, whose first bytes are kept here.
    pub(super) fn of<S>(&self, socket: S) -> Recorded<S> {
        Recorded {
            socket,
            first: Some(self.clone()),
            failed_write: None,
        }
    }

    /// Keeps what fits; whether there is room for more.
    fn keep(&self, bytes: &[u8]) -> bool {
        let kept = &mut self.lock().bytes;
        let room = KEPT - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        kept.len() < KEPT
    }

    fn keep_refusal(&self, error: &io::Error) {
        #[cfg(feature = "tls")]
        if let Some(refusal) = super::tls::refusal(error) {
            self.lock().tls_refusal = Some(refusal);
        }
        #[cfg(not(feature = "tls"))]
        let _ = error;
    }

    fn lock(&self) -> MutexGuard<'_, First> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection whose first bytes are kept.
pub(super) struct Recorded<S> {
    socket: S,
    /// None once enough is kept.
    first: Option<FirstBytes>,
    /// Returned once all is read.
    failed_write: Option<io::Error>,
}

impl<S: AsyncRead + Unpin> Recorded<S> {
    /// A server that does not accept our certificate says so and closes the connection. What is written
    /// after that fails for another reason: before that error is returned, all that the server said is
    /// read.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let error = match (self.failed_write.take(), written) {
            (None, Poll::Ready(Err(error))) | (Some(error), _) => error,
            (None, written) => return written,
        };
        let mut bytes = [0; KEPT];
        while let Some(first) = &self.first {
            let mut bytes = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.socket).poll_read(cx, &mut bytes) {
                Poll::Pending => {
                    self.failed_write = Some(error);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) if !bytes.filled().is_empty() => {}
                Poll::Ready(Ok(())) => break,
                Poll::Ready(Err(refusal)) => {
                    first.keep_refusal(&refusal);
                    break;
                }
            }
        }
        Poll::Ready(Err(error))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.socket).poll_read(cx, buffer));
        if let (Err(error), Some(first)) = (&read, &self.first) {
            first.keep_refusal(error);
        }
        read?;
        if let Some(first) = &self.first
            && !first.keep(&buffer.filled()[before..])
        {
            self.first = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bytes);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = Pin::new(&mut self.socket).poll_flush(cx);
        self.written(cx, written)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> String {
        match ForeignAnswer::bytes(bytes) {
            Some(ForeignAnswer::Other(answer) | ForeignAnswer::Tls(answer)) => answer,
            None => String::new(),
        }
    }

    #[test]
    fn an_answer_of_http_1_is_its_status_type_and_beginning() {
        let page = "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-type: text/html; charset=utf-8\r\n\r\n\
                    <!doctype html>\n<title>Hello</title>";
        assert_eq!(
            of(page.as_bytes()),
            "HTTP/1.1 200 OK, text/html; charset=utf-8: `<!doctype html> <title>Hello</title>`"
        );
        assert_eq!(
            of(b"HTTP/1.0 400 Bad Request\r\n\r\n"),
            "HTTP/1.0 400 Bad Request"
        );
        assert_eq!(of(b"HTTP/1.1 505"), "HTTP/1.1 505");
    }

    #[test]
    fn other_protocols_are_shown_by_their_first_bytes() {
        assert_eq!(of(b"SSH-2.0-OpenSSH_9.6\r\n"), "`SSH-2.0-OpenSSH_9.6`");
        let tls = of(&[0x15, 0x03, 0x01, 0, 2, 2, 70]);
        assert!(tls.starts_with("the server speaks TLS"), "{tls}");
    }

    #[test]
    fn http_2_and_silence_are_not_foreign() {
        assert_eq!(of(&[0, 0, 18, 4, 0, 0, 0, 0, 0]), "");
        assert_eq!(of(b""), "");
    }

    #[test]
    fn a_long_body_is_cut() {
        let long = "é".repeat(500);
        assert_eq!(beginning(long.as_bytes()), format!("{}..", "é".repeat(100)));
        assert_eq!(beginning(b"a\0\x1b[31mb"), "a[31mb");
    }
}
