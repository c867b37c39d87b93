//! What the deterministic simulation of durably-tests (`tests/src/sim`) needs of a server: a clock that
//! follows tokio's paused time, and a disk that is slow, fails and survives crashes. For no other use.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use crate::clock::Clock;
use crate::error::StartError;
use crate::ids::Ids;
use crate::server::Server;
use crate::server::builder::ServerBuilder;
use crate::store::faulty::{FaultyStore, Mode};
use crate::store::memory::MemoryStore;

/// What is stored: it outlives the servers that use it, one after the other.
#[derive(Clone)]
pub struct Database(Arc<MemoryStore>);

/// The way of one server to its database.
#[derive(Clone)]
pub struct Disk(Arc<FaultyStore>);

impl Database {
    /// An empty database.
    pub fn new() -> Self {
        Self(Arc::new(MemoryStore::new("simulation".to_owned())))
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::new()
    }
}

impl Disk {
    /// A disk that commits at once.
    pub fn new(database: &Database) -> Self {
        Self(Arc::new(FaultyStore::new(Arc::clone(&database.0))))
    }

    /// Holds commits back from now on, until [`Self::flush`].
    pub fn hold(&self) {
        self.0.set(Mode::Held);
    }

    /// Refuses commits from now on, until [`Self::hold`].
    pub fn refuse(&self) {
        self.0.set(Mode::Refused);
    }

    /// Makes the first held commits durable, at most that many, and confirms them.
    pub fn flush(&self, commits: usize) {
        self.0.flush(commits);
    }

    /// Fails the first held commit.
    pub fn fail_first(&self) {
        self.0.fail_first();
    }

    /// Number of held commits.
    pub fn held(&self) -> usize {
        self.0.held()
    }

    /// Crashes at the commit with this number from now on, and holds it. After a crash nothing is
    /// committed, confirmed or read.
    pub fn crash_in(&self, commits: u64) {
        self.0.crash_in(commits);
    }

    /// Crashes, if it has not crashed; the first `kept` held commits become durable all the same.
    pub fn crash(&self, kept: usize) {
        self.0.crash(kept);
    }

    /// Whether it has crashed.
    pub fn has_crashed(&self) -> bool {
        self.0.has_crashed()
    }

    /// Waits until the disk has crashed.
    pub async fn crashed(&self) {
        self.0.crashed().await;
    }

    /// Waits until a commit is held, or the disk has crashed.
    pub async fn changed(&self) {
        self.0.changed().await;
    }
}

/// A clock that follows tokio's time; servers of one simulation share its `start`.
pub fn clock(start: Instant) -> Clock {
    Clock::simulated(start)
}

/// Starts a server that goes on with what the database has. The seed is that of its ids.
///
/// # Errors
/// As [`ServerBuilder::start`].
pub async fn start(
    disk: &Disk,
    seed: u64,
    configuration: ServerBuilder,
) -> Result<Server, StartError> {
    let store = Arc::clone(&disk.0);
    Server::launch_on(store, Ids::seeded(seed), configuration).await
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("held", &self.held())
            .field("has_crashed", &self.has_crashed())
            .finish_non_exhaustive()
    }
}
