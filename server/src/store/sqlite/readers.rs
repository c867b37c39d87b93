//! Connections that read, next to the writer.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::connection::open_reader;
use crate::error::StoreError;

/// Connections that read; one is opened when all others are busy.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    /// None once the readers are closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::new(Some(Vec::new())),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads from one state of the database: what was committed before the first statement.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = match &mut *self.lock() {
            Some(idle) => idle.pop(),
            None => return Err(StoreError::Stopped),
        };
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        // A connection whose work failed is closed, whatever its state.
        let transaction = connection.unchecked_transaction()?;
        let found = work(&transaction)?;
        transaction.finish()?;
        if let Some(idle) = &mut *self.lock()
            && idle.len() < MOST_IDLE
        {
            idle.push(connection);
        }
        Ok(found)
    }

    /// Closes all connections; those that are busy when their work ends.
    pub(super) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections that are kept for the next reads.
const MOST_IDLE: usize = 8;
