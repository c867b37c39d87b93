//! Errors to failures as history records them.

use std::error::Error as StdError;

use durably_engine::{FailureCategory, FailureInfo, FailureRecord};

use super::{
    ActivityError, AppError, Cancelled, ChildError, DataError, Error, ExternalError, Failure,
    chain, variant,
};
use crate::data::{Converter, type_name};

/// The `source` of the failures that are made here.
pub(super) const SOURCE: &str = "durably";

impl Error {
    /// The failure to record for this error; `converter` encodes the details.
    pub(crate) fn to_record(&self, converter: &Converter) -> FailureRecord {
        Failure::of(self).to_record(converter)
    }

    /// The failure of an activity's attempt. The server takes application failures only, so that a failure
    /// of another kind, one of a workflow that was waited for, is the cause of one.
    pub(crate) fn to_attempt_record(&self, converter: &Converter) -> FailureRecord {
        let record = self.to_record(converter);
        if let FailureInfo::Application { .. } = record.info {
            return record;
        }
        let mut wrapping = AppError::new(self.type_name(), self.to_string()).into_record();
        wrapping.cause = Some(Box::new(record));
        wrapping
    }

    /// The failure to record for an error of durably's own, which has no details.
    pub(crate) fn to_own_record(&self) -> FailureRecord {
        self.to_record(&Converter::JSON)
    }

    /// The failure to record for this error where it is a cancellation: the server's kind of
    /// failure for that, with the text and the causes of an error type of the user's.
    pub(crate) fn to_cancelled_record(&self, converter: &Converter) -> FailureRecord {
        let record = self.to_record(converter);
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

impl Error {
    /// The type under which the error is recorded, and what happened.
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn type_and_message(&self) -> (String, String) {
        let Failure::App(app) = Failure::of(self) else {
            return (self.type_name().to_owned(), self.to_string());
        };
        (app.kind, app.message)
    }

    /// Whether the error is expected, as the program that made it has declared.
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn is_benign(&self) -> bool {
        let Failure::App(app) = Failure::of(self) else {
            return false;
        };
        app.origin.is_some_and(|origin| origin.is_benign())
    }
}

impl Failure {
    /// What an error is to Temporal.
    ///
    /// Temporal's own errors become what they were; every other error becomes an application
    /// error under the name of its type, and its sources become the chain of causes.
    pub(super) fn of(error: &Error) -> Self {
        match error.to_app() {
            Some(app) => Self::App(Box::new(app)),
            None => of(error.as_std(), error.type_name()),
        }
    }
}

impl AppError {
    /// The failure to record for an error of durably's own, which has no details.
    pub(crate) fn into_record(self) -> FailureRecord {
        self.to_record(&Converter::JSON)
    }

    pub(super) fn to_record(&self, converter: &Converter) -> FailureRecord {
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
            None => {
                let cause = self.cause.as_ref();
                cause.map(|cause| Box::new(cause.to_record(converter)))
            }
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
                details: self.details.encode(&self.kind, converter),
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

pub(super) fn of(error: &(dyn StdError + 'static), type_name: &str) -> Failure {
    if let Some(app) = error.downcast_ref::<AppError>() {
        Failure::App(Box::new(app.clone()))
    } else if let Some(activity) = error.downcast_ref::<ActivityError>() {
        Failure::Activity(Box::new(activity.clone()))
    } else if let Some(child) = error.downcast_ref::<ChildError>() {
        Failure::Child(Box::new(child.clone()))
    } else if let Some(failure) = error.downcast_ref::<Failure>() {
        failure.clone()
    } else if let Some(external) = error.downcast_ref::<ExternalError>() {
        external.to_failure()
    } else if error.is::<Cancelled>() {
        Failure::Cancelled
    } else {
        Failure::App(Box::new(foreign(error, type_name)))
    }
}

/// An error that Temporal knows nothing of.
fn foreign(error: &(dyn StdError + 'static), type_name: &str) -> AppError {
    let mut app = AppError::new(type_name, error.to_string());
    app.cause = cause_of(error);
    if let Some(variant) = variant::name(error, type_name) {
        app.details.add(&variant);
    }
    app
}

/// The source of an error. Its type is not known, unless it is our own, so it is called `Error`.
pub(super) fn cause_of(error: &(dyn StdError + 'static)) -> Option<Box<Failure>> {
    let source = chain::cause(error)?;
    let name = match source.is::<DataError>() {
        true => type_name::bare::<DataError>(),
        false => AppError::PLAIN,
    };
    Some(Box::new(of(source, name)))
}
