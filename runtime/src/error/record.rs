//! Errors to failures as history records them.

use std::error::Error as StdError;

use durably_engine::{FailureCategory, FailureInfo, FailureRecord};

use super::{ActivityError, AppError, Cancelled, ChildError, DataError, Error, Failure, chain};
use crate::data::type_name;

/// How our failures sign themselves.
const SOURCE: &str = "durably";

impl Error {
    /// The failure to record for this error.
    ///
    /// Temporal's own errors become what they were; every other error becomes an application
    /// failure under the name of its type, and its sources become the chain of causes.
    pub(crate) fn to_record(&self) -> FailureRecord {
        to_record(self.as_std(), self.type_name())
    }

    /// The failure to record for this error where it is a cancellation: the server's kind of
    /// failure for that, with the text and the causes of an error type of the user's.
    pub(crate) fn to_cancelled_record(&self) -> FailureRecord {
        let record = self.to_record();
        match record.info {
            FailureInfo::Application { .. } => FailureRecord {
                info: FailureInfo::Canceled {
                    details: Vec::new(),
                },
                ..record
            },
            _ => record,
        }
    }
}

impl AppError {
    pub(super) fn to_record(&self) -> FailureRecord {
        let (category, stack_trace, encoded_attributes) = match &self.origin {
            Some(origin) => (
                category(&origin.info),
                origin.stack_trace.clone(),
                origin.encoded_attributes.clone(),
            ),
            None => Default::default(),
        };
        let cause = match self.origin.as_ref().and_then(|it| it.cause.as_ref()) {
            Some(recorded) => Some(recorded.clone()),
            None => self.cause.as_ref().map(|cause| Box::new(cause.to_record())),
        };
        FailureRecord {
            message: self.message.clone(),
            source: match &self.origin {
                Some(origin) => origin.source.clone(),
                None => SOURCE.to_owned(),
            },
            stack_trace,
            encoded_attributes,
            cause,
            info: FailureInfo::Application {
                kind: self.kind.clone(),
                non_retryable: self.non_retryable,
                details: self.details.clone(),
                next_retry_delay: self.next_retry_delay,
                category,
            },
        }
    }
}

fn category(info: &FailureInfo) -> FailureCategory {
    match info {
        FailureInfo::Application { category, .. } => *category,
        _ => FailureCategory::Unspecified,
    }
}

fn to_record(error: &(dyn StdError + 'static), type_name: &str) -> FailureRecord {
    let signed = |mut record: FailureRecord| {
        SOURCE.clone_into(&mut record.source);
        record
    };
    if let Some(app) = error.downcast_ref::<AppError>() {
        app.to_record()
    } else if let Some(activity) = error.downcast_ref::<ActivityError>() {
        activity.to_record()
    } else if let Some(child) = error.downcast_ref::<ChildError>() {
        child.to_record()
    } else if let Some(failure) = error.downcast_ref::<Failure>() {
        failure.to_record()
    } else if error.is::<Cancelled>() {
        signed(Failure::Cancelled.to_record())
    } else {
        foreign(error, type_name)
    }
}

/// An error that Temporal knows nothing of. The types of its sources are not known either, but for
/// our own, so they are all called `Error`.
fn foreign(error: &(dyn StdError + 'static), type_name: &str) -> FailureRecord {
    let cause = chain::cause(error).map(|source| {
        let name = if source.is::<DataError>() {
            type_name::bare::<DataError>()
        } else {
            AppError::PLAIN
        };
        Box::new(to_record(source, name))
    });
    FailureRecord {
        message: error.to_string(),
        source: SOURCE.to_owned(),
        cause,
        info: FailureInfo::Application {
            kind: type_name.to_owned(),
            non_retryable: false,
            details: Vec::new(),
            next_retry_delay: None,
            category: FailureCategory::Unspecified,
        },
        ..FailureRecord::default()
    }
}
