//! The result of a call, as interceptors see it.

use durably_engine::Payload;

use super::{Converter, Incoming, Outgoing, args::decode_or_missing, type_name};
use crate::error::DataError;

/// The result of a workflow, a handler or an activity, which an interceptor reads and may replace.
///
/// ```
/// use durably::{interceptor::{ActivityInterceptor, Next, Output, ReceivedActivity}, prelude::*};
///
/// /// Rounds the results of one activity.
/// struct Rounded;
///
/// impl ActivityInterceptor for Rounded {
///     async fn execute(&self, request: ReceivedActivity, next: Next<ReceivedActivity>) -> Result<Output> {
///         let is_price = request.info().activity_type == "price";
///         let mut output = next.run(request).await?;
///         if is_price {
///             let cents: u64 = output.get()?;
///             output.set(cents / 100 * 100)?;
///         }
///         tracing::info!("{} bytes", output.payload().map_or(0, |result| result.data().len()));
///         Ok(output)
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Output {
    payloads: Vec<Payload>,
    converter: Converter,
}

impl Output {
    pub(crate) fn new(payloads: Vec<Payload>, converter: &Converter) -> Self {
        Self {
            payloads,
            converter: converter.clone(),
        }
    }

    /// A result of this value.
    pub(crate) fn of<T: Outgoing>(value: &T, converter: &Converter) -> Result<Self, DataError> {
        let mut output = Self::new(Vec::new(), converter);
        output.replace(value)?;
        Ok(output)
    }

    pub(crate) fn into_payloads(self) -> Vec<Payload> {
        self.payloads
    }

    /// The one payload that a workflow, handler or activity returns.
    pub(crate) fn into_payload(self) -> Payload {
        self.payloads
            .into_iter()
            .next()
            .unwrap_or_else(Payload::null)
    }

    /// The value.
    ///
    /// # Errors
    /// It cannot be deserialised as a `T`.
    pub fn get<T: Incoming>(&self) -> Result<T, DataError> {
        let payload = self.payloads.first().cloned();
        decode_or_missing(payload, &self.converter, T::__decode)
            .map_err(|fault| DataError::read::<T>("the result".to_owned(), fault))
    }

    /// Replaces the value.
    ///
    /// # Errors
    /// The value cannot be serialised; the result is as it was.
    pub fn set<T: Outgoing>(&mut self, value: T) -> Result<(), DataError> {
        self.replace(&value)
    }

    /// The value as it is encoded; `None` if a worker of another SDK returned none.
    pub fn payload(&self) -> Option<&Payload> {
        self.payloads.first()
    }

    fn replace<T: Outgoing>(&mut self, value: &T) -> Result<(), DataError> {
        let payload = value.__encode(&self.converter).map_err(|fault| {
            DataError::write("the result".to_owned(), type_name::short::<T>(), fault)
        })?;
        self.payloads = vec![payload];
        Ok(())
    }
}
