//! The values that an error or a cancellation has besides its text.

use std::fmt;

use durably_engine::{FailureInfo, FailureRecord, Payload};

use super::{DataError, DataFault};
use crate::{
    data::{Converter, Data, Outgoing, Unencoded, type_name},
    telemetry::log,
};

/// Values that an [`AppError`](super::AppError) or a
/// [`WorkflowCancelled`](super::WorkflowCancelled) has besides its text.
///
/// Those of a new error are encoded when the error is sent, by the client or worker that sends it; those
/// of a received one are decoded by the client or worker that received it.
///
/// ```
/// use durably::AppError;
///
/// let error = AppError::new("SoldOut", "no seat is left").details("12A").details(3);
/// assert!(!error.details.is_empty());
/// assert_eq!(error.details.len(), 2);
/// assert_eq!(error.detail::<u32>(1).unwrap(), 3);
/// ```
#[derive(Clone, Default)]
pub struct Details {
    list: Vec<Detail>,
    /// Decodes them: that of the client or worker that received them.
    converter: Converter,
}

#[derive(Clone)]
enum Detail {
    /// Of an error that was made here.
    New { type_name: String, value: Unencoded },
    /// Of an error that was received.
    Received(Payload),
}

/// Their number alone: they are bytes, and may be secret.
impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Details")
            .field("len", &self.list.len())
            .finish_non_exhaustive()
    }
}

impl Details {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn received(payloads: Vec<Payload>, converter: &Converter) -> Self {
        Self {
            list: payloads.into_iter().map(Detail::Received).collect(),
            converter: converter.clone(),
        }
    }

    /// Those of the cause of a failure: of an error, of a cancellation, or of the last heartbeat before a timeout.
    pub(super) fn of_the_cause(record: &FailureRecord, converter: &Converter) -> Self {
        let details = match record.cause.as_ref().map(|cause| &cause.info) {
            Some(
                FailureInfo::Application { details, .. }
                | FailureInfo::Canceled { details }
                | FailureInfo::Timeout {
                    last_heartbeat_details: details,
                    ..
                },
            ) => details.clone(),
            _ => Vec::new(),
        };
        Self::received(details, converter)
    }

    pub(super) fn add<T: Outgoing>(&mut self, detail: &T) {
        self.add_unencoded::<T>(detail.__unencoded());
    }

    pub(super) fn add_unencoded<T>(&mut self, value: Unencoded) {
        self.add_named(type_name::short::<T>(), value);
    }

    /// Adds a detail with the name that errors about it have.
    pub(super) fn add_named(&mut self, type_name: String, value: Unencoded) {
        self.list.push(Detail::New { type_name, value });
    }

    /// The one at `index`; `owner` names what has it.
    pub(crate) fn read<T: Data>(
        &self,
        index: usize,
        owner: impl Fn() -> String,
    ) -> Result<T, DataError> {
        let what = || format!("detail {index} of {}", owner());
        let payload = match self.list.get(index) {
            None => return Err(DataError::read::<T>(what(), DataFault::Missing)),
            Some(Detail::Received(payload)) => payload.clone(),
            Some(Detail::New { type_name, value }) => {
                let encoded = value.encode(&self.converter);
                encoded.map_err(|fault| DataError::write(what(), type_name.clone(), fault))?
            }
        };
        DataError::decode(&payload, &self.converter, what)
    }

    /// The one at `index`, if there is one that is a `T`. A `T` that can be nothing may be missing.
    pub(super) fn find<T>(
        &self,
        index: usize,
        decode: impl Fn(Payload, &Converter) -> Result<T, DataFault>,
    ) -> Option<T> {
        let payload = match self.list.get(index) {
            None => Payload::null(),
            Some(Detail::Received(payload)) => payload.clone(),
            Some(Detail::New { value, .. }) => value.encode(&self.converter).ok()?,
        };
        decode(payload, &self.converter).ok()
    }

    /// Their payloads for a failure of type `kind`. One that cannot be encoded is replaced by a text that
    /// says so, because losing the failure itself would be worse.
    pub(crate) fn encode(&self, kind: &str, converter: &Converter) -> Vec<Payload> {
        let encode = |detail: &Detail| match detail {
            Detail::Received(payload) => payload.clone(),
            Detail::New { type_name, value } => value.encode(converter).unwrap_or_else(|fault| {
                let what = format!("a detail of error `{kind}`");
                let error = DataError::write(what, type_name.clone(), fault);
                log::warning!(%error, "a detail of an error is replaced by a text");
                let text = serde_json::Value::String(error.to_string());
                Payload::json(text.to_string().into_bytes())
            }),
        };
        self.list.iter().map(encode).collect()
    }
}
