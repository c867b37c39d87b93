//! The thread that writes. It takes what waits in its queue into one transaction, so that one `fsync`
//! serves every commit that came while the group before was written.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use durably_history::{RunId, Time};
use durably_proto::Message;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{oneshot, watch};
use tracing::warn;

use super::attributes::AttributeNumbers;
use super::commit::PreparedCommit;
use super::connection::{BUSY, open, set_up_writer};
use super::failure::{is_damage, is_of_statement};
use super::queue::{Queue, Refused};
use super::{batches, deployments, namespaces, queue_configs, remove, schedules};
use crate::error::StoreError;
use crate::name::{BatchName, DeploymentName, ExecutionName, RunName, ScheduleName};
use crate::store::{StoredNamespace, StoredQueueConfig, Submitted};

/// The writer's thread and its queue.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue<Job>>,
    /// Until the writer is closed.
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Whether the thread has panicked.
    is_broken: watch::Sender<bool>,
}

#[derive(Debug)]
struct Job {
    work: Work,
    answer: Answer,
}

#[derive(Debug)]
pub(super) enum Work {
    Commit(PreparedCommit),
    PutNamespace(StoredNamespace),
    PutSchedule(ScheduleName, Option<Vec<u8>>),
    PutBatch(BatchName, Option<Vec<u8>>),
    PutDeployment(DeploymentName, Option<Vec<u8>>),
    PutQueueConfig(StoredQueueConfig),
    RemoveClosed {
        namespace: String,
        before: Time,
        limit: usize,
    },
    RemoveRun(RunName),
    DeleteNamespace {
        name: String,
        deleted_name: String,
        delay: Duration,
    },
    ClearNamespace {
        deleted_name: String,
        limit: usize,
    },
    RemoveNamespace(String),
    /// Runs SQL outside of a transaction, to inject failures.
    #[cfg(test)]
    Execute(String),
    /// Reads a setting of the writer's connection.
    #[cfg(test)]
    Setting(String),
    #[cfg(test)]
    Panic,
}

impl Work {
    /// Approximate bytes of queued work; 0 for work whose caller blocks.
    fn bytes(&self) -> usize {
        match self {
            Self::Commit(commit) => commit.bytes(),
            Self::PutSchedule(_, state)
            | Self::PutBatch(_, state)
            | Self::PutDeployment(_, state) => state.as_ref().map_or(0, Vec::len),
            Self::PutQueueConfig(stored) => stored.config.encoded_len(),
            Self::PutNamespace(_)
            | Self::RemoveClosed { .. }
            | Self::RemoveRun(_)
            | Self::DeleteNamespace { .. }
            | Self::ClearNamespace { .. }
            | Self::RemoveNamespace(_) => 0,
            #[cfg(test)]
            Self::Execute(_) | Self::Setting(_) | Self::Panic => 0,
        }
    }
}

/// Where the result goes: the number of runs that were removed, or 0.
#[derive(Debug)]
enum Answer {
    Async(oneshot::Sender<Result<(), StoreError>>),
    Blocking(mpsc::Sender<Result<usize, StoreError>>),
}

impl Writer {
    /// Starts the thread with a connection that [`set_up_writer`] has set up.
    pub(super) fn start(path: PathBuf, connection: Connection) -> io::Result<Self> {
        let queue = Arc::new(Queue::new());
        let is_broken = watch::Sender::new(false);
        let mut database = Database {
            path,
            connection: Some(connection),
            is_broken: is_broken.clone(),
            numbers: AttributeNumbers::default(),
            moved_pages: 0,
            checkpoint_failed: false,
        };
        let thread = thread::Builder::new().name("durably-sqlite".to_owned());
        let thread = thread.spawn({
            let queue = Arc::clone(&queue);
            move || {
                if database.run(&queue) == Ended::Panicked {
                    for job in queue.close_and_take() {
                        job.answer.send(Err(StoreError::Broken));
                    }
                }
            }
        })?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
            is_broken,
        })
    }

    /// Submits work whose result is awaited.
    pub(super) fn submit(&self, work: Work) -> Submitted {
        let (answer, answered) = oneshot::channel();
        let (bytes, answer) = (work.bytes(), Answer::Async(answer));
        match self.queue.add(bytes, Job { work, answer }) {
            Ok(()) => Submitted::Pending(answered),
            Err(refused) => Submitted::Done(Err(self.refusal(&refused))),
        }
    }

    pub(super) fn is_broken(&self) -> watch::Receiver<bool> {
        self.is_broken.subscribe()
    }

    fn refusal(&self, refused: &Refused) -> StoreError {
        match refused {
            Refused::Closed => self.ended(),
            Refused::Full => {
                StoreError::Failed("too much waits to be written; try again".to_owned())
            }
        }
    }

    /// Why the thread takes nothing.
    fn ended(&self) -> StoreError {
        match *self.is_broken.borrow() {
            true => StoreError::Broken,
            false => StoreError::Stopped,
        }
    }

    pub(super) fn put_namespace(&self, namespace: StoredNamespace) -> Result<(), StoreError> {
        self.call(Work::PutNamespace(namespace)).map(|_| ())
    }

    /// Removes closed runs in one small transaction; commits take their turn between two.
    pub(super) fn remove_closed(
        &self,
        namespace: &str,
        before: Time,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.call(Work::RemoveClosed {
            namespace: namespace.to_owned(),
            before,
            limit: limit.min(REMOVED_AT_ONCE),
        })
    }

    pub(super) fn delete_namespace(
        &self,
        name: &str,
        deleted_name: &str,
        delay: Duration,
    ) -> Result<(), StoreError> {
        let work = Work::DeleteNamespace {
            name: name.to_owned(),
            deleted_name: deleted_name.to_owned(),
            delay,
        };
        self.call(work).map(|_| ())
    }

    /// Removes runs in one small transaction; commits take their turn between two.
    pub(super) fn clear_namespace(
        &self,
        deleted_name: &str,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.call(Work::ClearNamespace {
            deleted_name: deleted_name.to_owned(),
            limit: limit.min(REMOVED_AT_ONCE),
        })
    }

    pub(super) fn remove_namespace(&self, deleted_name: &str) -> Result<(), StoreError> {
        let work = Work::RemoveNamespace(deleted_name.to_owned());
        self.call(work).map(|_| ())
    }

    pub(super) fn remove_run(
        &self,
        name: &ExecutionName,
        run_id: &RunId,
    ) -> Result<(), StoreError> {
        let run = RunName {
            execution: name.clone(),
            run_id: run_id.clone(),
        };
        self.call(Work::RemoveRun(run)).map(|_| ())
    }

    /// Writes what waits and ends the thread.
    pub(super) fn close(&self) {
        self.queue.close();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // A panic of the thread was reported by the panic hook.
            let _ = thread.join();
        }
    }

    #[cfg(test)]
    pub(super) fn execute(&self, sql: &str) {
        self.call(Work::Execute(sql.to_owned())).expect("it is SQL");
    }

    #[cfg(test)]
    pub(super) fn setting(&self, name: &str) -> usize {
        self.call(Work::Setting(name.to_owned()))
            .expect("it is set")
    }

    /// Makes the thread panic.
    #[cfg(test)]
    pub(super) fn panic(&self) -> StoreError {
        self.call(Work::Panic).expect_err("it panics")
    }

    fn call(&self, work: Work) -> Result<usize, StoreError> {
        let (answer, answered) = mpsc::channel();
        let (bytes, answer) = (work.bytes(), Answer::Blocking(answer));
        let added = self.queue.add(bytes, Job { work, answer });
        added.map_err(|refused| self.refusal(&refused))?;
        answered.recv().map_err(|_| self.ended())?
    }
}

/// Why the thread ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Closed,
    Panicked,
}

/// The database, as the thread has it.
struct Database {
    path: PathBuf,
    /// None after a failure; the next group gets another one.
    connection: Option<Connection>,
    is_broken: watch::Sender<bool>,
    numbers: AttributeNumbers,
    /// Pages of the log that are in the database.
    moved_pages: i32,
    /// Whether the last attempt to move the log failed, which is logged once.
    checkpoint_failed: bool,
}

/// What became of one job in a transaction that was committed.
type Written = Result<usize, StoreError>;

impl Database {
    /// Writes what waits until the queue is closed. The panic hook reports a panic.
    fn run(&mut self, queue: &Queue<Job>) -> Ended {
        loop {
            let group = queue.take();
            if group.is_empty() {
                return Ended::Closed;
            }
            let (work, answers): (Vec<_>, Vec<_>) =
                group.into_iter().map(|job| (job.work, job.answer)).unzip();
            let Ok(written) = catch_unwind(AssertUnwindSafe(|| self.write(&work))) else {
                let ended = self.panicked();
                for answer in answers {
                    answer.send(Err(StoreError::Broken));
                }
                return ended;
            };
            for (answer, written) in answers.into_iter().zip(written) {
                answer.send(written);
            }
            let checkpoint = || self.checkpoint(queue.is_empty());
            if catch_unwind(AssertUnwindSafe(checkpoint)).is_err() {
                return self.panicked();
            }
        }
    }

    /// Says so before any answer, so that nobody is told that the server merely stops.
    fn panicked(&self) -> Ended {
        self.is_broken.send_replace(true);
        Ended::Panicked
    }

    /// Writes a group in one transaction. If one of them cannot be written at all, also because it
    /// meets a damaged page, each of the others gets a transaction of its own, so that it does not fail
    /// with it.
    fn write(&mut self, group: &[Work]) -> Vec<Written> {
        match self.try_write(group) {
            Ok(written) => written,
            Err(error) if group.len() > 1 && (is_of_statement(&error) || is_damage(&error)) => {
                group
                    .chunks(1)
                    .flat_map(|alone| {
                        let written = self.try_write(alone);
                        written.unwrap_or_else(|error| vec![Err(error.into())])
                    })
                    .collect()
            }
            Err(error) => {
                let error = StoreError::from(error);
                group.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    fn try_write(&mut self, group: &[Work]) -> rusqlite::Result<Vec<Written>> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connection = open(&self.path)?;
                set_up_writer(&connection)?;
                connection
            }
        };
        let written = in_transaction(&connection, || {
            group
                .iter()
                .map(|work| work.write(&connection, &mut self.numbers))
                .collect()
        });
        match &written {
            Ok(_) => self.connection = Some(connection),
            // What the connection remembers may be what was not written; closing it rolls back.
            Err(_) => self.numbers.clear(),
        }
        written
    }

    /// Moves the log into the database when it is long, sooner if nothing waits. Its commits were
    /// answered before. What another program still reads of the log stays in it.
    fn checkpoint(&mut self, is_idle: bool) {
        let Some(connection) = &self.connection else {
            return;
        };
        let limit = if is_idle { IDLE_LOG_PAGES } else { LOG_PAGES };
        let log = |mode| connection.wal_checkpoint_v2(None::<&str>, mode);
        let done = log(CheckpointMode::NOOP).and_then(|(pages, _)| {
            // A log that is shorter than what was moved has begun anew.
            let moved = match self.moved_pages {
                moved if moved > pages => 0,
                moved => moved,
            };
            match pages - moved >= limit {
                // While some reader always reads, the log never begins anew by itself. This waits for
                // those that are there; new ones read the database.
                true if pages >= LARGEST_LOG_PAGES => {
                    connection.busy_timeout(RESTART_WAIT)?;
                    let restarted = log(CheckpointMode::RESTART);
                    connection.busy_timeout(BUSY)?;
                    match restarted {
                        Err(error) if is_busy(&error) => Ok(moved),
                        restarted => restarted.map(|(_, moved)| moved),
                    }
                }
                true => log(CheckpointMode::PASSIVE).map(|(_, moved)| moved),
                false => Ok(moved),
            }
        });
        match done {
            Ok(moved) => {
                self.moved_pages = moved;
                self.checkpoint_failed = false;
            }
            // Nothing is lost: the log has it.
            Err(error) if !self.checkpoint_failed => {
                self.checkpoint_failed = true;
                warn!(%error, "cannot move the write-ahead log into the database");
            }
            Err(_) => {}
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// After an error the transaction is still open.
fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let execute = |sql| {
        let mut statement = connection.prepare_cached(sql)?;
        statement.execute([]).map(drop)
    };
    execute("BEGIN IMMEDIATE")?;
    let done = work()?;
    execute("COMMIT")?;
    Ok(done)
}

impl Work {
    fn write(
        &self,
        connection: &Connection,
        numbers: &mut AttributeNumbers,
    ) -> rusqlite::Result<Written> {
        match self {
            Self::Commit(commit) => {
                let written = commit.write(connection, numbers)?;
                Ok(written.map(|()| 0))
            }
            Self::PutNamespace(namespace) => namespaces::put(connection, namespace).map(|()| Ok(0)),
            Self::PutSchedule(name, state) => {
                let written = schedules::put(connection, name, state.as_deref())?;
                Ok(written.map(|()| 0))
            }
            Self::PutBatch(name, state) => {
                let written = batches::put(connection, name, state.as_deref())?;
                Ok(written.map(|()| 0))
            }
            Self::PutQueueConfig(config) => {
                let written = queue_configs::put(connection, config)?;
                Ok(written.map(|()| 0))
            }
            Self::PutDeployment(name, state) => {
                let written = deployments::put(connection, name, state.as_deref())?;
                Ok(written.map(|()| 0))
            }
            Self::RemoveClosed {
                namespace,
                before,
                limit,
            } => remove::closed(connection, namespace, *before, *limit).map(Ok),
            Self::RemoveRun(run) => remove::run(connection, run).map(|()| Ok(0)),
            Self::DeleteNamespace {
                name,
                deleted_name,
                delay,
            } => namespaces::delete(connection, name, deleted_name, *delay).map(|()| Ok(0)),
            Self::ClearNamespace {
                deleted_name,
                limit,
            } => remove::of_namespace(connection, deleted_name, *limit).map(Ok),
            Self::RemoveNamespace(deleted_name) => {
                // The numbers of its search attributes go with it.
                numbers.clear();
                namespaces::remove(connection, deleted_name).map(|()| Ok(0))
            }
            #[cfg(test)]
            Self::Execute(sql) => connection.execute_batch(sql).map(|()| Ok(0)),
            #[cfg(test)]
            Self::Setting(name) => connection
                .pragma_query_value(None, name, |row| row.get(0))
                .map(Ok),
            #[cfg(test)]
            Self::Panic => panic!("a bug of the writer"),
        }
    }
}

impl Answer {
    /// A caller that was dropped needs no answer.
    fn send(self, written: Written) {
        match self {
            Self::Async(answer) => drop(answer.send(written.map(|_| ()))),
            Self::Blocking(answer) => drop(answer.send(written)),
        }
    }
}

/// Runs that one transaction removes: a few milliseconds of work.
const REMOVED_AT_ONCE: usize = 100;
/// Pages of the log at which it is moved into the database: 16 MiB while commits wait, which are
/// delayed by it, 4 MiB otherwise.
const LOG_PAGES: i32 = 4096;
const IDLE_LOG_PAGES: i32 = 1024;
/// Pages of the log, 256 MiB, at which commits wait until it begins anew.
const LARGEST_LOG_PAGES: i32 = 65_536;
/// How long they wait for readers at a time.
const RESTART_WAIT: Duration = Duration::from_millis(250);
