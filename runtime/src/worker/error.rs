//! Why a worker did not start, or ended.

use std::{fmt, io};

use tonic::Status;

use crate::{error::no_namespace, wire::status::is_about_a_missing_namespace};

/// Why [`Worker::run`](crate::worker::Worker::run) ended with an error.
///
/// An unreachable server does not end a worker, which retries until the server answers.
///
/// ```no_run
/// use durably::{prelude::*, worker::WorkerError};
///
/// # async fn example(client: Client) -> Result<()> {
/// let Err(error) = Worker::new(&client, "").run().await else {
///     return Ok(());
/// };
/// match error.downcast_ref() {
///     Some(WorkerError::Setup { mistakes, .. }) => println!("{}", mistakes.join("\n")),
///     Some(WorkerError::Refused { status, .. }) => println!("{}", status.message()),
///     Some(_) | None => println!("{error}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkerError {
    /// Registrations or options that cannot work; all of them, one sentence each.
    Setup {
        /// The task queue of the worker.
        task_queue: String,
        /// What is wrong.
        mistakes: Vec<String>,
    },
    /// The server refuses to give tasks: the namespace does not exist, access is denied to a worker that was never
    /// allowed to poll, or it does not understand the request.
    Refused {
        /// The task queue of the worker.
        task_queue: String,
        /// The namespace of its client.
        namespace: String,
        /// The status of the server's response.
        status: Box<Status>,
    },
    /// The operating system refused a thread to run workflow code on.
    Thread(io::Error),
    /// The worker was shut down before the future of
    /// [`run_until`](crate::worker::Worker::run_until) was ready.
    Stopped {
        /// The task queue of the worker.
        task_queue: String,
    },
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup {
                task_queue,
                mistakes,
            } => write!(
                f,
                "worker for task queue `{task_queue}` cannot start:\n  - {}",
                mistakes.join("\n  - ")
            ),
            Self::Refused {
                task_queue,
                namespace,
                status,
            } => {
                write!(
                    f,
                    "the server gives no tasks of queue `{task_queue}` in namespace `{namespace}`: "
                )?;
                match is_about_a_missing_namespace(status) {
                    true => f.write_str(&no_namespace(namespace)),
                    false => write!(f, "{} ({:?})", status.message(), status.code()),
                }
            }
            Self::Thread(_) => f.write_str("no thread to run workflow code on"),
            Self::Stopped { task_queue } => write!(
                f,
                "the worker for task queue `{task_queue}` was shut down before the future that it ran for was ready"
            ),
        }
    }
}

impl std::error::Error for WorkerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // What the server said stands in the text.
            Self::Setup { .. } | Self::Refused { .. } | Self::Stopped { .. } => None,
            Self::Thread(error) => Some(error),
        }
    }
}
