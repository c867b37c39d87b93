//! Why a database cannot be opened.

use std::fmt;
use std::io;

/// Why a database cannot be opened. What is stored in it is unchanged.
///
/// ```
/// use durably_server::{DatabaseProblem, StartError};
///
/// fn is_in_use(error: &StartError) -> bool {
///     let StartError::Database { problem, .. } = error else {
///         return false;
///     };
///     matches!(problem, DatabaseProblem::InUse { .. })
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum DatabaseProblem {
    /// Another server uses the file. One database has one server; stop the other, or choose another
    /// file. A server that was killed does not count: its lock ended with it.
    InUse {
        /// The process of the other server, if it is known.
        process: Option<u32>,
    },
    /// A newer version of durably wrote the file. Use that version.
    Newer {
        /// The version of the file's schema.
        version: usize,
        /// The last version that this program knows.
        known: usize,
    },
    /// The file is an SQLite database of another program. Choose another file.
    Foreign,
    /// The file is not an SQLite database. Choose another file.
    NotADatabase,
    /// The file is damaged: truncated, or overwritten. Restore it from a backup.
    Damaged(String),
    /// The path is a folder. Name a file in it.
    IsFolder,
    /// The folder of the file does not exist. Create it first.
    NoFolder,
    /// The file or its folder cannot be written to. SQLite needs both: it keeps its log next to the
    /// file.
    ReadOnly,
    /// The disk is full.
    DiskFull,
    /// The server was given a [clock](crate::Clock) that skips. What is stored must find the time to
    /// go on after a restart, so a server with a database runs on the machine's clock.
    SkippingClock,
    /// Another error of the operating system or of SQLite.
    Io(io::Error),
}

impl fmt::Display for DatabaseProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { process: None } => {
                f.write_str("another program uses it; stop that program, or choose another file")
            }
            Self::InUse {
                process: Some(process),
            } => write!(
                f,
                "another server uses it (process {process}); stop that server, or choose another file"
            ),
            Self::Newer { version, known } => write!(
                f,
                "a newer durably wrote it (schema version {version}, this one knows {known}); \
                 use that version"
            ),
            Self::Foreign => {
                f.write_str("it is an SQLite database of another program; choose another file")
            }
            Self::NotADatabase => f.write_str("it is not an SQLite database; choose another file"),
            Self::Damaged(how) => write!(f, "it is damaged ({how}); restore it from a backup"),
            Self::IsFolder => f.write_str("it is a folder; name a file in it"),
            Self::NoFolder => f.write_str("its folder does not exist; create the folder first"),
            Self::ReadOnly => f.write_str("the file or its folder cannot be written to"),
            Self::DiskFull => f.write_str("the disk is full"),
            Self::SkippingClock => f.write_str(
                "a server with a database runs on the machine's clock and cannot skip time",
            ),
            Self::Io(error) => error.fmt(f),
        }
    }
}
