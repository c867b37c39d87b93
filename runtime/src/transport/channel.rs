//! Connection to a server, which callers share: made when it is needed, and again when it broke.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::runtime::Handle;
use tonic::Status;

use super::{
    connection::{Connection, connect},
    net::Net,
    target::{Address, Target},
};

/// Connection to a server; its clones share it.
#[derive(Clone)]
pub(crate) struct Channel(Arc<Inner>);

struct Inner {
    target: Target,
    /// Its own `Arc`: tasks on the network thread hold it, and must not keep that thread alive.
    state: Arc<Mutex<State>>,
    net: Net,
}

#[derive(Default)]
struct State {
    /// The connection in use: none before the first call.
    current: Option<Connection>,
    /// The attempt in progress. It continues after its callers are cancelled, so that the next ones find its result.
    attempt: Option<Attempt>,
    /// The place of the address that answered last.
    first: usize,
}

/// An attempt to connect, which callers wait for together.
type Attempt = Shared<BoxFuture<'static, Result<Connection, Arc<io::Error>>>>;

impl Channel {
    /// Connects when it is first used.
    pub(crate) fn lazy(target: Target) -> io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            target,
            state: Arc::default(),
            net: Net::start("durably-net")?,
        })))
    }

    /// Connects now, so that a wrong address is known now.
    pub(crate) async fn connect(&self) -> Result<(), Arc<io::Error>> {
        self.attempt().await.map(drop)
    }

    /// The address that was connected to last; the first one before there was a connection.
    pub(crate) fn address(&self) -> &Address {
        &self.0.target.addresses[lock(&self.0.state).first]
    }

    /// The thread the connection lives on.
    pub(crate) fn net(&self) -> &Handle {
        self.0.net.handle()
    }

    /// Whether the caller is on that thread.
    pub(crate) fn is_here(&self) -> bool {
        Handle::try_current().is_ok_and(|here| here.id() == self.net().id())
    }

    /// A connection that takes a request, made anew if the last one broke or is being closed.
    pub(super) async fn ready(&self) -> Result<Connection, Status> {
        if let Some(ready) = self.current().await {
            return Ok(ready);
        }
        self.attempt().await.map_err(unreachable)
    }

    /// The connection in use, if it still takes requests.
    async fn current(&self) -> Option<Connection> {
        let Connection { sender, uri } = lock(&self.0.state).current.clone()?;
        let sender = sender.ready().await.ok()?;
        Some(Connection { sender, uri })
    }

    /// The attempt in progress, or a new one.
    fn attempt(&self) -> Attempt {
        let mut state = lock(&self.0.state);
        // One that panicked has not removed itself.
        if let Some(attempt) = &state.attempt
            && attempt.peek().is_none()
        {
            return attempt.clone();
        }
        let (target, first) = (self.0.target.clone(), state.first);
        let shared = Arc::clone(&self.0.state);
        let connecting = self.net().spawn(async move {
            let connected = connect(&target, first).await;
            let mut state = lock(&shared);
            state.attempt = None;
            let (place, connection) = connected?;
            state.first = place;
            state.current = Some(connection.clone());
            Ok(connection)
        });
        let attempt = connecting.map(|ended| {
            let connected = ended.unwrap_or_else(|ended| Err(io::Error::other(ended)));
            connected.map_err(Arc::new)
        });
        let attempt = attempt.boxed().shared();
        state.attempt = Some(attempt.clone());
        attempt
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unreachable(error: Arc<io::Error>) -> Status {
    let mut status = Status::unavailable(error.to_string());
    status.set_source(error);
    status
}
