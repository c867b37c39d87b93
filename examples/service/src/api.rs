//! The HTTP API, and the probes of an orchestrator.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use durably::{prelude::*, worker::WorkerHandle};

use crate::{
    orders::Checkout,
    relay::workflow_id,
    store::{Order, Store},
};

/// The port of the API and of the probes.
pub const PORT: u16 = 8080;

/// The path of the probe of liveness: a process that fails it is restarted.
pub const LIVE: &str = "/live";

/// The path of the probe of readiness: a process that fails it gets no requests.
pub const READY: &str = "/ready";

/// What the routes share.
#[derive(Clone)]
pub struct Api {
    pub client: Client,
    pub store: Store,
    pub worker: WorkerHandle,
}

/// The response about an order.
#[durably::data]
pub struct Status {
    pub charged: Option<u32>,
}

impl Api {
    /// The routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/orders", post(place))
            .route("/orders/{id}", get(status))
            .route("/orders/{id}/close", post(close))
            .route(LIVE, get(|State(api): State<Self>| async move { of_probe(api.worker.health().is_live()) }))
            .route(READY, get(|State(api): State<Self>| async move { of_probe(api.worker.health().is_ready()) }))
            .with_state(self)
    }

    fn order(&self, id: &str) -> durably::Handle<Checkout> {
        Checkout::handle(&self.client, workflow_id(id))
    }
}

fn of_probe(is_well: bool) -> StatusCode {
    match is_well {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// An error as a response: what went wrong is for the log.
struct Failed(StatusCode);

impl axum::response::IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        self.0.into_response()
    }
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        let error: Error = error.into();
        eprintln!("a request failed: {error}");
        Self(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Places an order; its workflow starts a moment later, whatever happens to this process.
async fn place(State(api): State<Api>, Json(order): Json<Order>) -> Result<StatusCode, Failed> {
    api.store.place(&order).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn status(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Status>, Failed> {
    use durably::error::QueryError;
    match api.order(&id).charged().await {
        Ok(charged) => Ok(Json(Status { charged })),
        Err(QueryError::NotFound(_)) => Err(Failed(StatusCode::NOT_FOUND)),
        Err(error) => Err(error.into()),
    }
}

/// Closes an order without a letter.
async fn close(State(api): State<Api>, Path(id): Path<String>) -> Result<StatusCode, Failed> {
    api.order(&id).close(false).await?;
    Ok(StatusCode::ACCEPTED)
}
