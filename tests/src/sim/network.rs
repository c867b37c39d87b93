//! The network of a simulation: requests and responses are late, out of order, lost or doubled.

use std::{fmt, future::Future, pin::Pin, rc::Rc, sync::Arc, time::Duration};

use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use tokio::sync::mpsc;
use tonic::{Code, Request, Response, Status};

use super::world::World;

/// What a call of a server's method returns.
pub(super) type Called<R> = Pin<Box<dyn Future<Output = Result<Response<R>, Status>>>>;

/// How a call ended without a response.
#[derive(Clone, Debug)]
pub(super) enum CallError {
    /// No response came in time, or the connection broke: whether the request had an effect is not known.
    Lost,
    /// The server answered with an error.
    Refused(Status),
}

impl CallError {
    /// Whether the same request can have another answer.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Lost => true,
            Self::Refused(status) => matches!(
                status.code(),
                Code::Unavailable
                    | Code::DeadlineExceeded
                    | Code::ResourceExhausted
                    | Code::Aborted
                    | Code::Cancelled
                    | Code::Internal
            ),
        }
    }

    pub(super) fn code(&self) -> Option<Code> {
        match self {
            Self::Lost => None,
            Self::Refused(status) => Some(status.code()),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("lost"),
            Self::Refused(status) => write!(f, "{:?}: {}", status.code(), status.message()),
        }
    }
}

/// Calls a method of the server that is up, as `call!(world, from, method, timeout, request)`.
macro_rules! call {
    ($world:expr, $from:expr, $method:ident, $timeout:expr, $request:expr) => {
        $crate::sim::network::send(
            $world,
            $from,
            stringify!($method),
            $timeout,
            $request,
            |service, request| Box::pin(async move { service.$method(request).await }),
        )
        .await
    };
}
pub(super) use call;

/// The longest time that a message is on its way, in milliseconds.
const LONGEST_TRAVEL_MS: u64 = 8000;

/// Waits until all requests that were sent before have arrived.
pub(super) async fn settle() {
    tokio::time::sleep(Duration::from_millis(LONGEST_TRAVEL_MS)).await;
}

/// Sends a request over the network.
pub(super) async fn send<Q: Clone + 'static, R: 'static>(
    world: &Rc<World>,
    from: &str,
    name: &'static str,
    timeout: Duration,
    message: Q,
    method: impl Fn(Arc<dyn WorkflowService>, Request<Q>) -> Called<R> + Copy + 'static,
) -> Result<R, CallError> {
    let copies = match world.fault("doubled requests", 40) {
        true => 2,
        false => 1,
    };
    let (answers, mut answer) = mpsc::unbounded_channel();
    for _ in 0..copies {
        let (world, answers, message) = (Rc::clone(world), answers.clone(), message.clone());
        let label = format!("{from} {name}");
        tokio::task::spawn_local(async move {
            let response = deliver(&world, &label, timeout, message, method).await;
            if let Some(response) = response {
                // The sender may have given up.
                let _ = answers.send(response);
            }
        });
    }
    drop(answers);
    let answered = tokio::time::timeout(timeout, async {
        match answer.recv().await {
            Some(answer) => answer,
            // All copies are lost; the sender does not know that.
            None => std::future::pending().await,
        }
    });
    answered.await.unwrap_or(Err(CallError::Lost))
}

/// Brings a request to the server and its response back; `None` if either is lost.
async fn deliver<Q: 'static, R: 'static>(
    world: &Rc<World>,
    label: &str,
    timeout: Duration,
    message: Q,
    method: impl Fn(Arc<dyn WorkflowService>, Request<Q>) -> Called<R>,
) -> Option<Result<R, CallError>> {
    travel(world).await;
    if world.fault("lost requests", 40) {
        world.note(format_args!("{label}: the request is lost"));
        return None;
    }
    let Some(server) = world.server() else {
        return Some(Err(CallError::Lost));
    };
    world.handed.see_request(&message);
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    world.note(format_args!("{label} arrives"));
    let service = Arc::clone(&server.service);
    let answer = server.life.keep(method(service, request)).await;
    let answer = answer.filter(|_| !server.disk.has_crashed());
    let Some(answer) = answer else {
        world.note(format_args!("{label}: the connection breaks"));
        return Some(Err(CallError::Lost));
    };
    if let Ok(response) = &answer {
        world.handed.see_response(response.get_ref());
    }
    match &answer {
        Ok(_) => world.note(format_args!("{label} is answered")),
        Err(status) => world.note(format_args!(
            "{label} is refused: {:?}: {}",
            status.code(),
            status.message()
        )),
    }
    if world.fault("lost responses", 40) {
        world.note(format_args!("{label}: the response is lost"));
        return None;
    }
    travel(world).await;
    Some(answer.map(Response::into_inner).map_err(CallError::Refused))
}

/// The time that a message is on its way; long enough to be overtaken now and then.
async fn travel(world: &World) {
    let longest = match world.fault("late messages", 20) {
        true => LONGEST_TRAVEL_MS,
        false => 20,
    };
    tokio::time::sleep(world.draw(|rng| rng.millis_below(longest))).await;
}
