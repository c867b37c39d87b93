//! An HTTP endpoint for probes: whether the workers of a process are alive, and whether they take tasks.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{
    handle::WorkerHandle,
    health::{WorkerHealth, WorkerState},
    poll::{PollKind, PollStatus},
};
#[cfg(feature = "prometheus")]
use crate::telemetry::Prometheus;
use crate::{
    data::Text,
    telemetry::http_endpoint::{self, HttpEndpoint, fmt_not_bound, is_read, only_reads},
};

/// Serves the health of workers over HTTP, until it is dropped. Needs the feature `health`.
///
/// A worker that has stopped as requested counts no more, unless all of them have:
///
/// - `GET /live` is answered with 200 while all workers are [alive](WorkerHealth::is_live), and with 503 otherwise;
/// - `GET /ready` is answered with 200 while all workers [take tasks](WorkerHealth::is_ready), and with 503
///   otherwise.
///
/// The body is JSON: the state of each worker, its polls and their last success in seconds since 1970. The endpoint
/// runs on the runtime of the caller, as activities do: a runtime that is blocked does not answer, and a probe sees
/// that.
///
/// ```no_run
/// use durably::{prelude::*, worker::HealthEndpoint};
///
/// # async fn example(client: Client, orders: Worker, invoices: Worker) -> Result<()> {
/// let health = HealthEndpoint::bind("0.0.0.0:8080").await?;
/// health.watch(&orders.handle());
/// health.watch(&invoices.handle());
/// let invoices = invoices.spawn().await?;
/// orders.run().await?;
/// invoices.shutdown().await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the endpoint ends when it is dropped"]
pub struct HealthEndpoint {
    watched: Arc<Watched>,
    http: HttpEndpoint,
}

/// What the endpoint answers about.
#[derive(Debug, Default)]
struct Watched {
    workers: Mutex<Vec<WorkerHandle>>,
    #[cfg(feature = "prometheus")]
    metrics: Mutex<Option<Prometheus>>,
}

/// Why the endpoint could not listen.
///
/// ```no_run
/// use durably::worker::{HealthEndpoint, HealthEndpointError};
///
/// # async fn example() -> durably::Result<()> {
/// match HealthEndpoint::bind("0.0.0.0:8080").await {
///     Ok(health) => println!("{}", health.address()),
///     Err(error @ HealthEndpointError { .. }) => eprintln!("{error}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct HealthEndpointError {
    /// The address as it was given.
    pub address: String,
    /// Why the system refused it.
    pub source: io::Error,
}

impl fmt::Display for HealthEndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_not_bound(f, "the health endpoint", &self.address, &self.source)
    }
}

impl std::error::Error for HealthEndpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl HealthEndpoint {
    /// Listens on `address`, `host:port`; port 0 is any free one.
    ///
    /// # Errors
    /// If the address cannot be listened on, for instance because the port is in use.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn bind(address: impl Text) -> Result<Self, HealthEndpointError> {
        let address = address.into_text();
        let watched = Arc::<Watched>::default();
        let answers = Arc::clone(&watched);
        let respond = move |method: &Method, path: &str| answers.respond(method, path);
        let bound = HttpEndpoint::bind(&address, "the health endpoint", Arc::new(respond)).await;
        match bound {
            Ok(http) => Ok(Self { watched, http }),
            Err(source) => Err(HealthEndpointError { address, source }),
        }
    }

    /// Adds a worker. Without any the endpoint is live, and not ready. A worker that has stopped as requested counts
    /// no more, unless all of them have.
    ///
    /// ```no_run
    /// # use durably::{prelude::*, worker::HealthEndpoint};
    /// # async fn example(worker: Worker) -> Result<()> {
    /// let health = HealthEndpoint::bind("127.0.0.1:0").await?;
    /// health.watch(&worker.handle());
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self, worker: &WorkerHandle) {
        let workers = self.watched.workers.lock();
        let mut workers = workers.unwrap_or_else(PoisonError::into_inner);
        workers.retain(|it| !has_stopped(&it.health()));
        workers.push(worker.clone());
    }

    /// Also answers `GET /metrics`, with these metrics. Needs the feature `prometheus`.
    ///
    /// ```no_run
    /// # use durably::{telemetry::Prometheus, worker::HealthEndpoint};
    /// # async fn example(prometheus: Prometheus) -> durably::Result<()> {
    /// let health = HealthEndpoint::bind("127.0.0.1:0").await?;
    /// health.serve_metrics(&prometheus);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "prometheus")]
    pub fn serve_metrics(&self, metrics: &Prometheus) {
        let served = self.watched.metrics.lock();
        *served.unwrap_or_else(PoisonError::into_inner) = Some(metrics.clone());
    }

    /// Where it listens.
    ///
    /// ```no_run
    /// # use durably::worker::HealthEndpoint;
    /// # async fn example() -> durably::Result<()> {
    /// let health = HealthEndpoint::bind("127.0.0.1:0").await?;
    /// println!("http://{}/ready", health.address());
    /// # Ok(())
    /// # }
    /// ```
    pub fn address(&self) -> SocketAddr {
        self.http.address
    }
}

impl Watched {
    fn respond(&self, method: &Method, path: &str) -> Response<String> {
        #[cfg(feature = "prometheus")]
        if path == "/metrics"
            && let Some(metrics) = self.metrics()
        {
            return match is_read(method) {
                true => metrics.response(),
                false => refused(),
            };
        }
        let predicate = match path {
            "/live" => WorkerHealth::is_live,
            "/ready" => WorkerHealth::is_ready,
            _ => {
                let body = json!({ "error": "there are `/live` and `/ready`" });
                return response(StatusCode::NOT_FOUND, &body);
            }
        };
        if !is_read(method) {
            return refused();
        }
        let workers = self.health();
        // Nothing is ready before there is a worker, and nothing has failed.
        let passes = workers.iter().all(predicate) && (path == "/live" || !workers.is_empty());
        let status = match passes {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        let workers: Vec<_> = workers.iter().map(worker).collect();
        response(status, &json!({ "ok": passes, "workers": workers }))
    }

    fn health(&self) -> Vec<WorkerHealth> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        without_stopped(workers.iter().map(WorkerHandle::health).collect())
    }

    #[cfg(feature = "prometheus")]
    fn metrics(&self) -> Option<Prometheus> {
        let metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.clone()
    }
}

fn has_stopped(health: &WorkerHealth) -> bool {
    health.state == WorkerState::Stopped
}

/// The workers that count: one of several may be stopped on purpose, but a process whose workers have all stopped is
/// of no use.
fn without_stopped(mut workers: Vec<WorkerHealth>) -> Vec<WorkerHealth> {
    if !workers.iter().all(has_stopped) {
        workers.retain(|it| !has_stopped(it));
    }
    workers
}

fn refused() -> Response<String> {
    let body = json!({ "error": "the method is GET" });
    only_reads(response(StatusCode::METHOD_NOT_ALLOWED, &body))
}

fn response(status: StatusCode, body: &Value) -> Response<String> {
    http_endpoint::response(status, "application/json", body.to_string())
}

fn worker(health: &WorkerHealth) -> Value {
    let (state, error) = match &health.state {
        WorkerState::Starting => ("starting", None),
        WorkerState::Polling => ("polling", None),
        WorkerState::Disconnected { error } => ("disconnected", Some(error)),
        WorkerState::Blocked => ("blocked", None),
        WorkerState::Stopping => ("stopping", None),
        WorkerState::Stopped => ("stopped", None),
        WorkerState::Failed { reason } => ("failed", Some(reason)),
    };
    let polls: Vec<_> = health.polls.iter().map(polls).collect();
    json!({
        "task_queue": health.task_queue,
        "state": state,
        "error": error,
        "polls": polls,
    })
}

fn polls(polls: &PollStatus) -> Value {
    let kind = match polls.kind {
        PollKind::Workflows => "workflows",
        PollKind::CachedWorkflows => "cached_workflows",
        PollKind::Activities => "activities",
    };
    let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).ok().map(|it| it.as_secs());
    json!({
        "kind": kind,
        "open": polls.open,
        "last_success": polls.last_success.and_then(seconds),
        "error": polls.error,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;
    use crate::worker::{health::Health, lifecycle::Lifecycle, lifecycle::Phase};

    fn handle(task_queue: &str) -> WorkerHandle {
        WorkerHandle {
            task_queue: task_queue.into(),
            lifecycle: Arc::new(Lifecycle::default()),
            health: Arc::new(Health::default()),
        }
    }

    async fn send(health: &HealthEndpoint, request: &str) -> String {
        let mut connection = TcpStream::connect(health.address()).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).await.unwrap();
        response
    }

    async fn get(health: &HealthEndpoint, path: &str) -> (String, Value) {
        let response = send(health, &format!("GET {path} HTTP/1.1\r\nHost: me\r\n\r\n")).await;
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().to_owned();
        (status, serde_json::from_str(body).unwrap())
    }

    #[tokio::test]
    async fn a_probe_sees_each_state_of_its_workers() {
        let health = HealthEndpoint::bind("127.0.0.1:0").await.unwrap();
        assert_eq!(get(&health, "/live").await.0, "200");
        assert_eq!(get(&health, "/ready").await.0, "503", "without a worker");

        let (one, other) = (handle("one"), handle("other"));
        health.watch(&one);
        health.watch(&other);
        one.lifecycle.advance(Phase::Running);
        assert_eq!(get(&health, "/live").await.0, "200");
        let (status, body) = get(&health, "/ready").await;
        assert_eq!(status, "503");
        let expected = json!({
            "ok": false,
            "workers": [
                { "task_queue": "one", "state": "polling", "error": null, "polls": [] },
                { "task_queue": "other", "state": "starting", "error": null, "polls": [] },
            ],
        });
        assert_eq!(body, expected);

        other.lifecycle.advance(Phase::Running);
        let (status, body) = get(&health, "/ready").await;
        assert_eq!((status.as_str(), &body["ok"]), ("200", &json!(true)));

        let third = handle("third");
        health.watch(&third);
        third.lifecycle.end(None);
        let (status, body) = get(&health, "/ready").await;
        assert_eq!(status, "200", "it stopped on purpose");
        assert_eq!(body["workers"].as_array().map(Vec::len), Some(2));

        other.lifecycle.end(Some("no such namespace".to_owned()));
        let (status, body) = get(&health, "/live").await;
        assert_eq!(status, "503");
        assert_eq!(body["workers"][1]["state"], "failed");
        assert_eq!(body["workers"][1]["error"], "no such namespace");
    }

    #[tokio::test]
    async fn a_process_whose_workers_have_all_stopped_is_not_live() {
        let health = HealthEndpoint::bind("127.0.0.1:0").await.unwrap();
        let workers = [handle("one"), handle("other")];
        for worker in &workers {
            health.watch(worker);
            worker.lifecycle.end(None);
        }
        assert_eq!(get(&health, "/live").await.0, "503");
        health.watch(&handle("next"));
        assert_eq!(get(&health, "/live").await.0, "200");
        assert_eq!(
            health.watched.workers.lock().unwrap().len(),
            1,
            "none is kept"
        );
    }

    #[tokio::test]
    async fn other_requests_are_refused() {
        let health = HealthEndpoint::bind("127.0.0.1:0").await.unwrap();
        assert_eq!(get(&health, "/health").await.0, "404");
        let post = "POST /live HTTP/1.1\r\nHost: me\r\nContent-Length: 0\r\n\r\n";
        let refused = send(&health, post).await;
        assert!(refused.starts_with("HTTP/1.1 405 "), "{refused}");
        assert!(refused.contains("allow: GET, HEAD"), "{refused}");
        let malformed = send(&health, "what?\r\n\r\n").await;
        assert!(malformed.starts_with("HTTP/1.1 400 "), "{malformed}");
    }

    #[cfg(feature = "prometheus")]
    #[tokio::test]
    async fn the_metrics_are_beside_the_probes_when_they_are_given() {
        let health = HealthEndpoint::bind("127.0.0.1:0").await.unwrap();
        assert_eq!(get(&health, "/metrics").await.0, "404");
        health.serve_metrics(&Prometheus::new());
        let request = "GET /metrics HTTP/1.1\r\nHost: me\r\n\r\n";
        let served = send(&health, request).await;
        assert!(served.starts_with("HTTP/1.1 200 "), "{served}");
        assert!(served.contains("text/plain; version=0.0.4"), "{served}");
    }

    #[tokio::test]
    async fn an_address_that_cannot_be_listened_on_is_an_error_with_words() {
        let health = HealthEndpoint::bind("127.0.0.1:0").await.unwrap();
        let address = health.address().to_string();
        let error = HealthEndpoint::bind(&address).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the health endpoint cannot listen on `{address}`: another program, or another endpoint of this one, uses the port; choose another, or 0 for any free one"
            )
        );
        let error = HealthEndpoint::bind("8080").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the health endpoint cannot listen on `8080`: invalid socket address; write `host:port`, such as `0.0.0.0:8080`"
        );
    }

    #[tokio::test]
    async fn an_endpoint_that_is_dropped_frees_its_port() {
        let health = HealthEndpoint::bind("127.0.0.1:0").await.unwrap();
        let address = health.address();
        drop(health);
        // The task ends at its next turn.
        let free = async {
            while TcpStream::connect(address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), free)
            .await
            .unwrap();
    }
}
