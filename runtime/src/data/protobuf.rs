//! Protobuf messages: `json/protobuf` and `binary/protobuf`, with the name of the message in the
//! metadata, as the other SDKs write them.

use durably_engine::{
    Payload,
    payload::{BINARY_PROTOBUF, JSON, JSON_PROTOBUF},
};
use prost::{Message, Name};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Converter, EncodingError, Incoming, Outgoing, Spelled, Unencoded,
    encoding::{Item, Own},
    value,
};
use crate::error::DataFault;

/// The metadata key under which a payload names its message.
const MESSAGE_TYPE: &str = "messageType";

/// A message as `json/protobuf`, for functions that take any serde value.
///
/// An argument or a result needs no wrapper: a prost message that has serde's traits, as `pbjson`
/// generates them, is written like this anyway.
///
/// ```
/// # use prost_wkt_types::Duration;
/// use durably::{data::JsonProto, error::AppError};
///
/// let pause = Duration { seconds: 5, nanos: 0 };
/// let error = AppError::new("Busy", "too many orders").details(JsonProto(pause));
/// let pause: JsonProto<Duration> = error.detail(0).unwrap();
/// assert_eq!(pause.0.seconds, 5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonProto<M>(pub M);

/// A message as `binary/protobuf`, wherever it stands.
///
/// A prost message without serde's traits is written like this anyway, as an argument or a result.
/// One that has them is written as `json/protobuf`; in this wrapper it takes less space.
///
/// ```
/// use durably::{data::BinaryProto, prelude::*, raw::api::common::v1::WorkflowExecution};
///
/// #[activity(start_to_close = "10s")]
/// async fn archive(run: BinaryProto<WorkflowExecution>) -> Result<String> {
///     Ok(run.0.workflow_id)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BinaryProto<M>(pub M);

/// A message that other processes identify by its name.
///
/// ```
/// use durably::{data::NamedMessage, raw::api::common::v1::WorkflowExecution};
///
/// fn name<M: NamedMessage>() -> String {
///     M::full_name()
/// }
/// assert_eq!(name::<WorkflowExecution>(), "temporal.api.common.v1.WorkflowExecution");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a protobuf message with a name",
    label = "`prost::Message`, `prost::Name` and `Default` are needed",
    note = "prost-build implements `prost::Name` after `Config::enable_type_names()`"
)]
pub trait NamedMessage: Message + Name + Default + 'static {}
#[diagnostic::do_not_recommend]
impl<M: Message + Name + Default + 'static> NamedMessage for M {}

/// A message with a JSON form.
///
/// ```
/// use durably::{ActivityCtx, data::{JsonMessage, JsonProto}};
/// # use prost_wkt_types::Duration;
///
/// /// Reports progress as other SDKs write messages.
/// fn report<M: JsonMessage>(ctx: &ActivityCtx, progress: M) {
///     ctx.heartbeat(JsonProto(progress));
/// }
///
/// let (ctx, test) = ActivityCtx::for_test("wait");
/// report(&ctx, Duration { seconds: 5, nanos: 0 });
/// assert_eq!(test.heartbeats::<JsonProto<Duration>>().unwrap()[0].0.seconds, 5);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a protobuf message with a JSON form",
    label = "a message with serde's `Serialize` and `Deserialize` is needed",
    note = "`pbjson-build` generates them; `durably::data::BinaryProto` needs none"
)]
pub trait JsonMessage: NamedMessage + Serialize + DeserializeOwned {}
#[diagnostic::do_not_recommend]
impl<M: NamedMessage + Serialize + DeserializeOwned> JsonMessage for M {}

/// A message with `#[durably::data(encoding = "binary/protobuf")]`. [`NamedMessage`] has the same bounds as
/// supertraits, which rustc would report instead where an expansion names a method of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a protobuf message with a name",
    label = "`prost::Message`, `prost::Name` and `Default` are needed",
    note = "prost-build implements `prost::Name` after `Config::enable_type_names()`"
)]
pub trait AsBinaryProto: Sized {
    /// Its payload.
    fn encode(&self) -> Result<Payload, EncodingError>;
    /// The message of a payload.
    fn decode(payload: Payload) -> Result<Self, EncodingError>;
}
#[diagnostic::do_not_recommend]
impl<M: NamedMessage> AsBinaryProto for M {
    fn encode(&self) -> Result<Payload, EncodingError> {
        Ok(encode_binary(self))
    }

    fn decode(payload: Payload) -> Result<Self, EncodingError> {
        Ok(decode_binary(payload)?)
    }
}

/// A message with `#[durably::data(encoding = "json/protobuf")]`; see [`AsBinaryProto`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a protobuf message with a JSON form",
    label = "`prost::Message`, `prost::Name`, `Default` and serde's traits are needed",
    note = "prost-build implements `prost::Name` after `Config::enable_type_names()`, and pbjson-build serde's traits",
    note = "`encoding = \"binary/protobuf\"` requires no serde"
)]
pub trait AsJsonProto: Sized {
    /// Its payload.
    fn encode(&self) -> Result<Payload, EncodingError>;
    /// The message of a payload.
    fn decode(payload: Payload) -> Result<Self, EncodingError>;
}
#[diagnostic::do_not_recommend]
impl<M: JsonMessage> AsJsonProto for M {
    fn encode(&self) -> Result<Payload, EncodingError> {
        Ok(encode_json(self)?)
    }

    fn decode(payload: Payload) -> Result<Self, EncodingError> {
        Ok(decode_json(payload, &Converter::JSON)?)
    }
}

/// Decodes a message that is encoded as `binary/protobuf`, from JSON too: payloads of workflows that
/// started before the message had that encoding, and of SDKs whose default is `json/protobuf`. Only
/// messages with serde's traits can be; an expansion writes `(&&Spelled::<Self>::HERE).decode(..)`, for
/// which rustc chooses [`DecodeBinary`] for the others.
pub trait DecodeBinaryOrJson<M> {
    /// The message of a payload.
    fn decode(&self, payload: Payload, binary: DecodeMessage<M>) -> Result<M, EncodingError>;
}
impl<M: JsonMessage> DecodeBinaryOrJson<M> for &Spelled<M> {
    fn decode(&self, payload: Payload, _: DecodeMessage<M>) -> Result<M, EncodingError> {
        Ok(decode_json(payload, &Converter::JSON)?)
    }
}

/// Decodes any other message that is encoded as `binary/protobuf`. It has no bound, which rustc would
/// report in addition to that of [`AsBinaryProto`].
pub trait DecodeBinary<M> {
    /// The message of a payload.
    fn decode(&self, payload: Payload, binary: DecodeMessage<M>) -> Result<M, EncodingError>;
}
impl<M> DecodeBinary<M> for Spelled<M> {
    fn decode(&self, payload: Payload, binary: DecodeMessage<M>) -> Result<M, EncodingError> {
        binary(payload)
    }
}

type DecodeMessage<M> = fn(Payload) -> Result<M, EncodingError>;

pub(super) fn encode_json<M: JsonMessage>(message: &M) -> Result<Payload, DataFault> {
    let json = value::write_json(message)?;
    Ok(named::<M>(Payload::new(JSON_PROTOBUF, json)))
}

pub(super) fn encode_binary<M: NamedMessage>(message: &M) -> Payload {
    named::<M>(Payload::new(BINARY_PROTOBUF, message.encode_to_vec()))
}

pub(super) fn decode_json<M: JsonMessage>(
    payload: Payload,
    converter: &Converter,
) -> Result<M, DataFault> {
    check_name(&payload, &M::full_name())?;
    match payload.encoding() {
        BINARY_PROTOBUF => read_binary(&payload),
        _ => value::decode(payload, converter),
    }
}

pub(super) fn decode_binary<M: NamedMessage>(payload: Payload) -> Result<M, DataFault> {
    check_name(&payload, &M::full_name())?;
    match payload.encoding() {
        BINARY_PROTOBUF => read_binary(&payload),
        JSON_PROTOBUF | JSON => Err(DataFault::NoJsonForm),
        other => Err(DataFault::NotProtobuf {
            encoding: other.to_owned(),
        }),
    }
}

/// The name of the message that a payload holds, if its writer says.
pub(super) fn name_of(payload: &Payload) -> Option<String> {
    let name = payload.metadata_of(MESSAGE_TYPE)?;
    Some(String::from_utf8_lossy(name).into_owned())
}

fn named<M: Name>(payload: Payload) -> Payload {
    payload.with_metadata(MESSAGE_TYPE, M::full_name().into_bytes())
}

/// Bytes of another message often decode, into nonsense.
pub(super) fn check_name(payload: &Payload, expected: &str) -> Result<(), DataFault> {
    match payload.metadata_of(MESSAGE_TYPE) {
        Some(found) if found != expected.as_bytes() => Err(DataFault::OtherMessage {
            found: String::from_utf8_lossy(found).into_owned(),
            expected: expected.to_owned(),
        }),
        Some(_) | None => Ok(()),
    }
}

fn read_binary<M: Message + Default>(payload: &Payload) -> Result<M, DataFault> {
    M::decode(payload.data()).map_err(|error| DataFault::Unreadable {
        reason: error.to_string(),
        path: String::new(),
    })
}

macro_rules! wrappers {
    ($($wrapper:ident<$message:ident>: $encode:expr, $decode:expr;)*) => { $(
        impl<M: $message> Outgoing for $wrapper<M> {
            fn __encode(&self, _: &Converter) -> Result<Payload, DataFault> {
                $encode(&self.0)
            }

            fn __unencoded(&self) -> Unencoded {
                Unencoded::of_payload($encode(&self.0))
            }
        }

        impl<M: $message> Incoming for $wrapper<M> {
            fn __decode(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
                $decode(payload, converter).map(Self)
            }
        }

        impl<M: $message> Own for $wrapper<M> {
            fn encode_own(&self, converter: &Converter) -> Result<Payload, DataFault> {
                self.__encode(converter)
            }

            fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
                Self::__decode(payload, converter)
            }
        }

        impl<M: $message> Item for $wrapper<M> {}

        impl<M> From<M> for $wrapper<M> {
            fn from(message: M) -> Self {
                Self(message)
            }
        }
    )* };
}
wrappers! {
    JsonProto<JsonMessage>: encode_json, decode_json;
    BinaryProto<NamedMessage>:
        |message: &M| Ok::<_, DataFault>(encode_binary(message)), |payload, _: &Converter| decode_binary(payload);
}
