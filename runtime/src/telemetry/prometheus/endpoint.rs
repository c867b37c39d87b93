//! The HTTP endpoint that Prometheus scrapes.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use hyper::{Method, Response, StatusCode};

use super::{Prometheus, text::CONTENT_TYPE};
use crate::{
    telemetry::http_endpoint::{HttpEndpoint, fmt_not_bound, is_read, only_reads, response},
    text::Text,
};

/// Serves the metrics at `/metrics`, until it is dropped.
///
/// ```no_run
/// use durably::telemetry::{Prometheus, PrometheusEndpoint};
///
/// # async fn example() -> durably::Result<()> {
/// let endpoint: PrometheusEndpoint = Prometheus::new().serve("127.0.0.1:0").await?;
/// println!("http://{}/metrics", endpoint.address());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the endpoint ends when it is dropped"]
pub struct PrometheusEndpoint(HttpEndpoint);

/// Why the endpoint could not listen.
///
/// ```no_run
/// use durably::telemetry::{Prometheus, PrometheusError};
///
/// # async fn example() {
/// match Prometheus::new().serve("0.0.0.0:9464").await {
///     Ok(endpoint) => println!("{}", endpoint.address()),
///     Err(error @ PrometheusError { .. }) => eprintln!("{error}"),
/// }
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct PrometheusError {
    /// The address as it was given.
    pub address: String,
    /// Why the system refused it.
    pub source: io::Error,
}

impl fmt::Display for PrometheusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_not_bound(f, "the metrics endpoint", &self.address, &self.source)
    }
}

impl std::error::Error for PrometheusError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl PrometheusEndpoint {
    /// Where it listens.
    ///
    /// ```no_run
    /// # async fn example() -> durably::Result<()> {
    /// let endpoint = durably::telemetry::Prometheus::new().serve("127.0.0.1:0").await?;
    /// assert_ne!(endpoint.address().port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }
}

impl Prometheus {
    /// Listens on `address`, `host:port`, where port 0 is any free one, and answers `GET /metrics`.
    ///
    /// ```no_run
    /// # use durably::telemetry::Prometheus;
    /// # async fn example() -> durably::Result<()> {
    /// let prometheus = Prometheus::new();
    /// let endpoint = prometheus.serve("0.0.0.0:9464").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the address cannot be listened on, for instance because the port is in use.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn serve(&self, address: impl Text) -> Result<PrometheusEndpoint, PrometheusError> {
        let address = address.into_text();
        let this = self.clone();
        let respond = move |method: &Method, path: &str| this.respond(method, path);
        let bound = HttpEndpoint::bind(&address, "the metrics endpoint", Arc::new(respond)).await;
        match bound {
            Ok(endpoint) => Ok(PrometheusEndpoint(endpoint)),
            Err(source) => Err(PrometheusError { address, source }),
        }
    }

    fn respond(&self, method: &Method, path: &str) -> Response<String> {
        let plain = "text/plain; charset=utf-8";
        if path != "/metrics" {
            return response(StatusCode::NOT_FOUND, plain, "there is `/metrics`\n".into());
        }
        if !is_read(method) {
            let body = "the method is GET\n".into();
            return only_reads(response(StatusCode::METHOD_NOT_ALLOWED, plain, body));
        }
        self.response()
    }

    /// The metrics as a response.
    pub(crate) fn response(&self) -> Response<String> {
        response(StatusCode::OK, CONTENT_TYPE, self.render())
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;
    use crate::telemetry::meter::{Meter, Metric, MetricKind};

    async fn send(endpoint: &PrometheusEndpoint, head: &str) -> String {
        let mut connection = TcpStream::connect(endpoint.address()).await.unwrap();
        let request = format!("{head} HTTP/1.1\r\nHost: me\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).await.unwrap();
        response
    }

    #[tokio::test]
    async fn metrics_are_served_as_they_are_at_the_request() {
        let prometheus = Prometheus::new();
        let endpoint = prometheus.serve("127.0.0.1:0").await.unwrap();
        let open = Metric::new("open", MetricKind::Gauge);
        let open = prometheus.series(&open, &[]).unwrap();
        for value in [3.0, 4.0] {
            open.record(value);
            let served = send(&endpoint, "GET /metrics").await;
            let line = format!("open{{service_name=\"durably\"}} {value}\n");
            assert!(served.ends_with(&line), "{served}");
        }
        let other = send(&endpoint, "GET /").await;
        assert!(other.starts_with("HTTP/1.1 404 "), "{other}");
        let post = send(&endpoint, "POST /metrics").await;
        assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
    }

    #[tokio::test]
    async fn a_port_in_use_is_an_error_with_words() {
        let endpoint = Prometheus::new().serve("127.0.0.1:0").await.unwrap();
        let address = endpoint.address().to_string();
        let error = Prometheus::new().serve(address.clone()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the metrics endpoint cannot listen on `{address}`: another program, or another endpoint of this one, uses the port; choose another, or 0 for any free one"
            )
        );
    }
}
