//! Opening a database: whose file it is, its lock, its version.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rusqlite::{Connection, Error, ErrorCode, MAIN_DB};

use super::SqliteStore;
use super::connection::{open, set_up_writer};
use super::failure::is_damage;
use super::lock::{DatabaseLock, LockError};
use super::readers::Readers;
use super::schema::{self, Content};
use super::writer::Writer;
use crate::error::DatabaseProblem;

impl SqliteStore {
    /// Opens the database at `path`, or creates it; a new one gets this cluster id.
    pub(crate) fn open(path: &Path, new_cluster_id: &str) -> Result<Self, DatabaseProblem> {
        let path = existing_file(path)?;
        let lock = DatabaseLock::take(&path).map_err(|error| match error {
            LockError::Held(process) => DatabaseProblem::InUse { process },
            LockError::Io(error) => of_io(error),
        })?;
        let (connection, cluster_id) = ready(&path, new_cluster_id)?;
        Ok(Self {
            cluster_id,
            readers: Readers::new(path.clone()),
            writer: Writer::start(path, connection).map_err(DatabaseProblem::Io)?,
            lock: Mutex::new(Some(lock)),
        })
    }
}

/// The file at `path` without symbolic links, so that it has one name however it is reached. Creates
/// an empty file if there is none.
fn existing_file(path: &Path) -> Result<PathBuf, DatabaseProblem> {
    // An existing file is not opened here: closing it would release the locks that SQLite holds on it
    // in this process (a rule of POSIX).
    match private().create_new(true).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // The folder may be read-only and the file there.
        Err(_) if path.is_file() => {}
        Err(_) if path.is_dir() => return Err(DatabaseProblem::IsFolder),
        Err(error) => return Err(of_io(error)),
    }
    let path = path.canonicalize().map_err(of_io)?;
    let metadata = path.metadata().map_err(of_io)?;
    match () {
        () if metadata.is_dir() => Err(DatabaseProblem::IsFolder),
        () if metadata.permissions().readonly() => Err(DatabaseProblem::ReadOnly),
        () => Ok(path),
    }
}

/// Checks and migrates the database; returns a connection that writes and the cluster's id.
fn ready(path: &Path, new_cluster_id: &str) -> Result<(Connection, String), DatabaseProblem> {
    let mut connection = open(path).map_err(of_sqlite)?;
    match schema::content(&connection).map_err(of_sqlite)? {
        Content::Foreign => return Err(DatabaseProblem::Foreign),
        Content::Version(version) if version > schema::VERSION => {
            return Err(DatabaseProblem::Newer {
                version,
                known: schema::VERSION,
            });
        }
        Content::Nothing | Content::Version(_) => {}
    }
    if connection.is_readonly(MAIN_DB).map_err(of_sqlite)? {
        return Err(DatabaseProblem::ReadOnly);
    }
    set_up_writer(&connection).map_err(of_sqlite)?;
    let journal: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(of_sqlite)?;
    if journal != "wal" {
        return Err(DatabaseProblem::Io(io::Error::other(NO_LOG)));
    }
    schema::migrate(&mut connection, new_cluster_id).map_err(of_sqlite)?;
    let cluster_id = connection
        .query_row("SELECT id FROM cluster", [], |row| row.get(0))
        .map_err(of_sqlite)?;
    Ok((connection, cluster_id))
}

/// Options of a file that only the user of the server may read: it has the data of all workflows.
/// SQLite gives its log the same permissions.
pub(super) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn of_io(error: io::Error) -> DatabaseProblem {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => DatabaseProblem::NoFolder,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            DatabaseProblem::ReadOnly
        }
        io::ErrorKind::IsADirectory => DatabaseProblem::IsFolder,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DatabaseProblem::DiskFull,
        _ => DatabaseProblem::Io(error),
    }
}

fn of_sqlite(error: Error) -> DatabaseProblem {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => DatabaseProblem::NotADatabase,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => DatabaseProblem::ReadOnly,
        Some(ErrorCode::DiskFull) => DatabaseProblem::DiskFull,
        Some(ErrorCode::DatabaseBusy) => DatabaseProblem::InUse { process: None },
        // A table is missing.
        Some(ErrorCode::Unknown) => DatabaseProblem::Damaged(error.to_string()),
        _ if is_damage(&error) || matches!(error, Error::QueryReturnedNoRows) => {
            DatabaseProblem::Damaged(error.to_string())
        }
        _ => DatabaseProblem::Io(io::Error::other(error)),
    }
}

/// SQLite falls back to another journal without an error.
const NO_LOG: &str = "SQLite cannot keep a write-ahead log on this file system, which a network \
                      file system, for example, does not support";
