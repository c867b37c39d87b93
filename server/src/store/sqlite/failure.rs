//! Errors of SQLite as errors of the store.

use rusqlite::{Error, ErrorCode};

use crate::error::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        if is_damage(&error) {
            return Self::Corrupted(error.to_string());
        }
        Self::Failed(match (error.sqlite_error_code(), error) {
            (Some(ErrorCode::DiskFull), error) => format!("{error}; free space on the disk"),
            (Some(ErrorCode::DatabaseBusy), error) => {
                format!("{error}; another program is writing to the file")
            }
            // Its text has the whole statement, too.
            (_, Error::SqlInputError { msg, .. }) => msg,
            (_, error) => error.to_string(),
        })
    }
}

/// Whether the file does not contain what it should.
pub(super) fn is_damage(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    ) || matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
    )
}

/// Whether a statement is to blame, so that the same transaction without it may succeed.
pub(super) fn is_of_statement(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
    )
}
