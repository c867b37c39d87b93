//! Fixtures of the end-to-end tests: a server, a client, a task queue.
//!
//! Every body runs twice: on an embedded server of its own, and on the real Temporal server that
//! `DURABLY_REAL_ADDRESS` names. Without that variable the second run says that it is skipped;
//! with `DURABLY_REAL=required` it fails instead, so that a full check cannot skip it unnoticed. `DURABLY_REAL=ours`
//! says that the server is durably-server, where both differ on purpose.

use std::{
    ffi::OsStr,
    future::Future,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use durably::{Client, Result, Server, Worker, server::ServerBuilder};

use crate::process::{Process, free_port, real_server_with, tool};

pub mod cli;
pub mod connect_proxy;
pub mod crunch;
pub mod history;
pub mod ledger;
pub mod message_pack;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod raw_update;
pub mod recording;
pub mod rng;
#[cfg(test)]
mod sim;
pub mod soak;
pub mod spans;
pub mod stubborn;
pub mod tally;
pub mod tls;
pub mod told;
pub mod trip;

/// Where a test body runs.
pub struct World {
    /// A client of the server, in namespace `default`.
    pub client: Client,
    /// A task queue nobody else uses.
    pub queue: String,
    host: Host,
}

enum Host {
    Embedded(Server),
    /// The real server of all tests.
    Shared,
    /// A real server of one test.
    Own {
        address: String,
        _process: Process,
    },
}

impl World {
    /// On an embedded server of its own.
    pub async fn embedded() -> Result<Self> {
        Self::on(Server::builder()).await
    }

    /// On an embedded server that keeps its data in a database.
    pub async fn on_database(path: &Path) -> Result<Self> {
        Self::on(Server::builder().database(path)).await
    }

    /// On an embedded server with these options.
    pub async fn on(server: ServerBuilder) -> Result<Self> {
        let server = server.start().await?;
        Ok(Self {
            client: server.client().await?,
            queue: unique("queue"),
            host: Host::Embedded(server),
        })
    }

    /// Stops the embedded server; a real one goes on.
    pub async fn stop(self) {
        drop(self.client);
        if let Host::Embedded(server) = self.host {
            server.shutdown().await;
        }
    }

    /// On an embedded server whose clock skips ahead while a result is awaited.
    pub async fn skipping() -> Result<Self> {
        Self::on(Server::builder().skip_time()).await
    }

    /// On the real server; `None` (and a line that says so) if there is none.
    pub async fn real(test: &str) -> Result<Option<Self>> {
        let Ok(address) = std::env::var("DURABLY_REAL_ADDRESS") else {
            assert!(
                std::env::var("DURABLY_REAL").as_deref() != Ok("required"),
                "DURABLY_REAL=required, but DURABLY_REAL_ADDRESS names no server"
            );
            println!("skipped: {test} on a real server (set DURABLY_REAL_ADDRESS=host:port)");
            return Ok(None);
        };
        Ok(Some(Self {
            client: Client::connect(address).await?,
            queue: unique("queue"),
            host: Host::Shared,
        }))
    }

    /// On a real server of its own with these dynamic configuration values; `None` (and a line that says so) if there is
    /// none.
    pub async fn own_real(test: &str, settings: &[&str]) -> Result<Option<Self>> {
        let Some(cli) = tool("DURABLY_TEMPORAL_CLI", test) else {
            return Ok(None);
        };
        let settings = settings.iter().map(|it| ["--dynamic-config-value", it]);
        let arguments: Vec<_> = settings.flatten().map(OsStr::new).collect();
        let port = free_port();
        let process = real_server_with(&cli, port, &arguments).await;
        let address = format!("127.0.0.1:{port}");
        Ok(Some(Self {
            client: Client::connect(&address).await?,
            queue: unique("queue"),
            host: Host::Own {
                address,
                _process: process,
            },
        }))
    }

    /// A client of a new namespace, named as this world's queue, once all of the server knows it.
    pub async fn own_namespace(&self) -> Result<Client> {
        self.client.register_namespace(&self.queue).await?;
        let client = self.client.in_namespace(&self.queue);
        eventually("the namespace is known", || async {
            client.count("").await.ok()
        })
        .await;
        Ok(client)
    }

    /// A worker on this world's queue, with nothing registered.
    pub fn worker(&self) -> Worker {
        Worker::new(&self.client, &self.queue)
    }

    /// `host:port` of the server, for clients that are not ours.
    pub fn address(&self) -> String {
        match &self.host {
            Host::Embedded(server) => server
                .address()
                .expect("an embedded server of a test listens")
                .to_string(),
            Host::Shared => {
                std::env::var("DURABLY_REAL_ADDRESS").expect("this world is on a real server")
            }
            Host::Own { address, .. } => address.clone(),
        }
    }

    /// Whether the server is durably's: an embedded one, or a process of its own, which `DURABLY_REAL=ours` tells.
    pub fn is_ours(&self) -> bool {
        match self.host {
            Host::Embedded(_) => true,
            Host::Shared => std::env::var("DURABLY_REAL").as_deref() == Ok("ours"),
            Host::Own { .. } => false,
        }
    }

    /// The embedded server, if this world has one.
    pub fn server(&self) -> Option<&Server> {
        match &self.host {
            Host::Embedded(server) => Some(server),
            Host::Shared | Host::Own { .. } => None,
        }
    }
}

/// A name that no other test, and no earlier run on the same server, has used.
pub fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let at = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("the clock is past 1970")
        .as_nanos();
    format!(
        "{what}-{}-{at}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Waits until `condition` gives a value; panics after two minutes with `what` it waited for: the real server deletes
/// and lists late when many tests are at it.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "waited two minutes for: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs each named body on the embedded and on the real server.
#[macro_export]
macro_rules! on_both_servers {
    ($($name:ident)*) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() -> ::durably::Result<()> {
                super::$name(&$crate::World::embedded().await?).await
            })*
        }
        $crate::on_the_real_server!(in real: $($name)*);
    };
}

/// Runs each named body on the real server only, which the embedded one cannot do yet.
#[macro_export]
macro_rules! on_the_real_server {
    ($($name:ident)*) => {
        $crate::on_the_real_server!(in on_real_only: $($name)*);
    };
    (in $module:ident: $($name:ident)*) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() -> ::durably::Result<()> {
                match $crate::World::real(concat!(module_path!(), "::", stringify!($name))).await? {
                    Some(world) => super::$name(&world).await,
                    None => Ok(()),
                }
            })*
        }
    };
}
