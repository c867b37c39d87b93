//! The lock of a database: one server at a time uses it.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

use super::open::private;

/// Held while a store uses the database. The operating system ends it with the process, so that a
/// killed server leaves none behind; the file itself stays, because removing it would let two servers
/// lock two files of the same name.
#[derive(Debug)]
pub(super) struct DatabaseLock {
    _file: File,
}

/// Error of locking.
#[derive(Debug)]
pub(super) enum LockError {
    /// Another server has the lock; with its process id if it is known.
    Held(Option<u32>),
    Io(io::Error),
}

impl DatabaseLock {
    /// Locks the database at `path`, which has no symbolic links.
    pub(super) fn take(path: &Path) -> Result<Self, LockError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let mut file = private()
            .create(true)
            .truncate(false)
            .open(name)
            .map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder);
                return Err(LockError::Held(
                    read.ok().and_then(|_| holder.trim().parse().ok()),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        file.set_len(0).map_err(LockError::Io)?;
        // For people and for the error above; a full disk need not stop the server.
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Self { _file: file })
    }
}
