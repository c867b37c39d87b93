//! The codec endpoint, by which the `temporal` CLI and the UI decode payloads.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::post,
};

use super::{Batch, Chain, CodecContext, Codecs, Direction};
use crate::{data::Text, wire::payload};

/// A request has the payloads of a page of events.
const MAX_BODY: usize = 64 * 1024 * 1024;
const NAMESPACE: &str = "x-namespace";
/// Of a request that does not name its namespace.
const DEFAULT_NAMESPACE: &str = "default";

/// The codec endpoint of these codecs: an HTTP server that encodes and decodes payloads for the `temporal` CLI
/// (`temporal workflow show --codec-endpoint http://localhost:8081`) and the UI.
///
/// `POST /encode` and `POST /decode` take and return payloads as JSON, as the codec servers of the other SDKs
/// do; `X-Namespace` names the namespace. A body that cannot be read, and payloads that the codecs cannot
/// transform, are answered with 400 and the reason.
///
/// Whoever reaches it can decrypt everything: put a layer in front of it that checks who asks.
///
/// ```no_run
/// use durably::codec::{Codecs, Encryption, Endpoint, Keys};
///
/// # async fn example(key: [u8; 32]) -> std::io::Result<()> {
/// let codecs = Codecs::new().codec(Encryption::aes256_gcm(Keys::new("2026-11", key)));
/// let router = Endpoint::new(codecs).allow_origin("https://temporal.acme.com").into_router();
/// # mod axum {
/// #     pub async fn serve<L, R>(_: L, _: R) -> std::io::Result<()> { Ok(()) }
/// # }
/// let listener = tokio::net::TcpListener::bind("localhost:8081").await?;
/// axum::serve(listener, router).await
/// # }
/// ```
#[derive(Debug)]
pub struct Endpoint {
    codecs: Codecs,
    origins: Vec<String>,
}

impl Endpoint {
    /// An endpoint that no browser may call from other pages.
    pub fn new(codecs: Codecs) -> Self {
        Self {
            codecs,
            origins: Vec::new(),
        }
    }

    /// Lets pages of this origin call the endpoint, with the credentials of their user: the address of the
    /// Temporal UI, as the browser shows it, without a path. May be repeated.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Text) -> Self {
        self.origins.push(origin.into_text());
        self
    }

    /// The router, for a server of its own or to be nested in another one.
    pub fn into_router(self) -> Router {
        let origins: Arc<[String]> = self.origins.into();
        Router::new()
            .route("/encode", post(encode))
            .route("/decode", post(decode))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(middleware::from_fn_with_state(origins, cross_origin))
            .with_state(self.codecs.chain())
    }
}

async fn encode(State(chain): State<Chain>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&chain, Direction::Encode, &headers, &body).await
}

async fn decode(State(chain): State<Chain>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&chain, Direction::Decode, &headers, &body).await
}

async fn answer(chain: &Chain, direction: Direction, headers: &HeaderMap, body: &[u8]) -> Response {
    match transformed(chain, direction, headers, body).await {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
    }
}

async fn transformed(
    chain: &Chain,
    direction: Direction,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<u8>, String> {
    let namespace = match headers.get(NAMESPACE).map(HeaderValue::to_str) {
        Some(Ok(namespace)) => namespace,
        Some(Err(_)) => return Err(format!("`{NAMESPACE}` is not the name of a namespace")),
        None => DEFAULT_NAMESPACE,
    };
    let payloads = payload::list_from_json(body)
        .map_err(|reason| format!("the body is not a list of payloads as JSON: {reason}"))?;
    let batch = Batch {
        context: CodecContext::of_namespace(namespace),
        payloads,
    };
    match chain.transform(direction, vec![batch]).await {
        Ok(batches) => Ok(payload::list_to_json(
            batches.into_iter().flatten().collect(),
        )),
        Err(fault) => {
            let payload = match fault.payload {
                Some(index) => format!("payload {index}"),
                None => "the payloads".to_owned(),
            };
            Err(fault.describe(direction, &payload))
        }
    }
}

/// Answers CORS preflight requests and sets the `Access-Control-*` headers.
async fn cross_origin(
    State(origins): State<Arc<[String]>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed =
        origin.filter(|origin| origins.iter().any(|it| it.as_bytes() == origin.as_bytes()));
    let mut response = match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type, x-namespace",
            ),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
