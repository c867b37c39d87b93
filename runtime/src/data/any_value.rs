//! A value of any type.

use durably_engine::Payload;

use super::{Converter, Incoming, Outgoing, Own, Unencoded};
use crate::error::{DataError, DataFault};

/// A value of any type, as the result of a dynamic handler or activity, or where the type is decided at run
/// time.
///
/// It is an argument or a result like any other. A value that is made here is written in the format of the
/// client or worker that sends it; one that was received is read by the worker or client that received it.
///
/// ```
/// use durably::{data::{Encoded, Payload, Value}, prelude::*};
///
/// #[activity(start_to_close = "10s")]
/// async fn setting(name: String) -> Result<Value> {
///     match name.as_str() {
///         "retries" => Ok(Value::of(3)),
///         "owner" => Ok(Value::of("ann")),
///         "logo" => Ok(Value::of(Encoded(Payload::new("image/png", vec![1, 2])))),
///         other => bail!("no setting {other}"),
///     }
/// }
///
/// async fn retries(ctx: &Ctx) -> Result<u32> {
///     let value = setting::call(ctx, "retries").await?;
///     Ok(value.get::<u32>()?)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Value(Content);

#[derive(Clone, Debug)]
enum Content {
    Made(Unencoded),
    Received(Payload, Converter),
}

impl Value {
    /// Any serde value, and the wrappers of what serde does not write.
    pub fn of<T: Outgoing>(value: T) -> Self {
        Self(Content::Made(value.__unencoded()))
    }

    /// The value as a `T`.
    ///
    /// # Errors
    /// It is not a `T`. A value that was not sent yet passes JSON here.
    pub fn get<T: Incoming>(&self) -> Result<T, DataError> {
        let what = || "a value of any type".to_owned();
        let (payload, converter) = match &self.0 {
            Content::Received(payload, converter) => (payload.clone(), converter.clone()),
            Content::Made(value) => {
                let payload = value.encode(&Converter::JSON);
                let payload =
                    payload.map_err(|fault| DataError::write(what(), "Value".to_owned(), fault));
                (payload?, Converter::JSON)
            }
        };
        T::__decode(payload, &converter).map_err(|fault| DataError::read::<T>(what(), fault))
    }
}

/// A payload as it is.
impl From<Payload> for Value {
    fn from(payload: Payload) -> Self {
        Self(Content::Received(payload, Converter::JSON))
    }
}

impl Own for Value {
    fn encode_own(&self, converter: &Converter) -> Result<Payload, DataFault> {
        match &self.0 {
            Content::Made(value) => value.encode(converter),
            Content::Received(payload, _) => Ok(payload.clone()),
        }
    }

    fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
        Ok(Self(Content::Received(payload, converter.clone())))
    }

    fn unencoded_own(&self) -> Unencoded {
        match &self.0 {
            Content::Made(value) => value.clone(),
            Content::Received(payload, _) => Unencoded::of_payload(Ok(payload.clone())),
        }
    }
}
