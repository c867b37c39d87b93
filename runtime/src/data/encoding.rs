//! Types with an encoding of their own, which no format writes.

use std::collections::BTreeMap;

use durably_engine::{
    Payload,
    payload::{BINARY_PROTOBUF, BYTES, JSON_PROTOBUF, NULL},
};

use super::{Bytes, Converter, Incoming, Outgoing, Unencoded, protobuf, value};
use crate::{error::DataFault, wire::payload};

/// An error of an [`Encoding`]: any error type, by `?`, or a text, by `.into()`.
///
/// ```
/// use durably::data::EncodingError;
///
/// fn cents(text: &str) -> Result<u64, EncodingError> {
///     match text.strip_suffix(" ct") {
///         Some(number) => Ok(number.parse()?),
///         None => Err(format!("`{text}` is not an amount of money").into()),
///     }
/// }
/// assert_eq!(cents("12 ct").unwrap(), 12);
/// ```
pub type EncodingError = Box<dyn std::error::Error + Send + Sync>;

/// A type that is written as a payload of its own making, whatever format the client or the worker
/// writes.
///
/// Such a type is an argument or a result of workflows, activities, signals, queries and updates, by
/// itself, in an `Option` (whose `None` is `binary/null`) and in a `Vec`. A `Vec` of them is one
/// payload: the message `temporal.api.common.v1.Payloads`, which every SDK can read.
///
/// A function that takes any serde value, as [`ActivityCtx::heartbeat`](crate::ActivityCtx::heartbeat)
/// does, takes it in [`Encoded`]. A field of a [`data`](macro@crate::data) type needs serde.
///
/// # Example: an amount of money as text
///
/// ```
/// use durably::{
///     Encoding,
///     data::{EncodingError, Payload},
///     prelude::*,
/// };
///
/// struct Money {
///     cents: i64,
/// }
///
/// impl Encoding for Money {
///     fn encode(&self) -> Result<Payload, EncodingError> {
///         Ok(Payload::new("text/cents", self.cents.to_string().into_bytes()))
///     }
///
///     fn decode(payload: Payload) -> Result<Self, EncodingError> {
///         match payload.encoding() {
///             "text/cents" => Ok(Self { cents: std::str::from_utf8(payload.data())?.parse()? }),
///             other => Err(format!("`{other}` is not an amount of money").into()),
///         }
///     }
/// }
///
/// #[activity(start_to_close = "10s")]
/// async fn charge(amount: Money, tips: Vec<Money>) -> Result<Money> {
///     let tips: i64 = tips.iter().map(|tip| tip.cents).sum();
///     Ok(Money { cents: amount.cents + tips })
/// }
/// ```
///
/// # Example: the encoding of a prost message
///
/// A message with serde's traits is encoded as `json/protobuf`, any other as `binary/protobuf`. The option
/// `encoding` of [`data`](macro@crate::data) names another one of the two, and implements this trait. A message
/// with serde's traits is still decoded from `json/protobuf`, which running workflows have in their histories,
/// and which other SDKs send by default:
///
/// ```
/// use durably::prelude::*;
///
/// #[durably::data(encoding = "binary/protobuf")]
/// #[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
/// struct Quote {
///     #[prost(uint64, tag = "1")]
///     cents: u64,
/// }
///
/// impl prost::Name for Quote {
///     const NAME: &'static str = "Quote";
///     const PACKAGE: &'static str = "shop.v1";
/// }
///
/// #[activity(start_to_close = "10s")]
/// async fn double(quote: Quote) -> Quote {
///     Quote { cents: 2 * quote.cents }
/// }
/// ```
pub trait Encoding: Sized + 'static {
    /// The payload of this value.
    ///
    /// # Errors
    /// The value cannot be written. The error names the argument or result it is.
    fn encode(&self) -> Result<Payload, EncodingError>;

    /// The value of a payload, which may be of any encoding: check
    /// [`Payload::encoding`].
    ///
    /// # Errors
    /// The payload is not of this type. In an argument of a workflow or a handler this fails the
    /// workflow task, which the server retries.
    fn decode(payload: Payload) -> Result<Self, EncodingError>;
}

/// A payload as it is: neither written nor read by a format.
impl Encoding for Payload {
    fn encode(&self) -> Result<Payload, EncodingError> {
        Ok(self.clone())
    }

    fn decode(payload: Payload) -> Result<Self, EncodingError> {
        Ok(payload)
    }
}

/// A value with an [`Encoding`] of its own, for functions that take any serde value.
///
/// The macros choose the encoding by the type of each argument. A generic function cannot: it takes
/// serde values, and these in this wrapper.
///
/// ```
/// use durably::{
///     ActivityCtx,
///     data::{Encoded, Payload},
/// };
///
/// let (ctx, test) = ActivityCtx::for_test("resize");
/// ctx.heartbeat(Encoded(Payload::new("image/png", vec![1, 2])));
/// let beats = test.heartbeats::<Encoded<Payload>>().unwrap();
/// assert_eq!(beats[0].0.encoding(), "image/png");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoded<T>(pub T);

impl<T: Own> Outgoing for Encoded<T> {
    fn __encode(&self, converter: &Converter) -> Result<Payload, DataFault> {
        self.0.encode_own(converter)
    }

    fn __unencoded(&self) -> Unencoded {
        self.0.unencoded_own()
    }
}

impl<T: Own> Incoming for Encoded<T> {
    fn __decode(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
        T::decode_own(payload, converter).map(Self)
    }
}

/// Every type that no format writes: those with an [`Encoding`], bytes, `()`, and options and lists
/// of them.
///
/// ```
/// use durably::{ActivityCtx, Bytes, data::{Encoded, Own}};
///
/// /// Reports progress that is not serde's.
/// fn report<T: Own>(ctx: &ActivityCtx, progress: T) {
///     ctx.heartbeat(Encoded(progress));
/// }
///
/// let (ctx, test) = ActivityCtx::for_test("scan");
/// report(&ctx, Some(Bytes::from(vec![1, 2])));
/// assert_eq!(test.heartbeats::<Bytes>().unwrap(), [Bytes::from(vec![1, 2])]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no encoding of its own",
    label = "`durably::Encoding` is not implemented",
    note = "serde's types need no wrapper here"
)]
pub trait Own: Sized + 'static {
    #[doc(hidden)]
    fn encode_own(&self, converter: &Converter) -> Result<Payload, DataFault>;
    #[doc(hidden)]
    fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault>;

    /// The value for a converter that is not known yet: encoded already, unless a format writes a part
    /// of it.
    #[doc(hidden)]
    fn unencoded_own(&self) -> Unencoded {
        Unencoded::of_payload(self.encode_own(&Converter::JSON))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Encoding> Own for T {
    fn encode_own(&self, _: &Converter) -> Result<Payload, DataFault> {
        self.encode().map_err(|error| match error.downcast() {
            Ok(fault) => *fault,
            Err(error) => DataFault::NotSerialisable {
                reason: error.to_string(),
                path: String::new(),
            },
        })
    }

    fn decode_own(payload: Payload, _: &Converter) -> Result<Self, DataFault> {
        Self::decode(payload).map_err(|error| match error.downcast() {
            Ok(fault) => *fault,
            Err(error) => DataFault::Unreadable {
                reason: error.to_string(),
                path: String::new(),
            },
        })
    }
}

impl Own for () {
    fn encode_own(&self, _: &Converter) -> Result<Payload, DataFault> {
        Ok(Payload::null())
    }

    fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
        value::decode(payload, converter)
    }
}

macro_rules! bytes {
    ($($type:ty)*) => { $(
        impl Own for $type {
            fn encode_own(&self, _: &Converter) -> Result<Payload, DataFault> {
                Ok(Payload::bytes(self.to_vec()))
            }

            fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
                match payload.encoding() {
                    BYTES => Ok(payload.into_data().into()),
                    // A list of numbers, or base64.
                    _ => value::decode(payload, converter),
                }
            }
        }
    )* };
}
bytes! { Bytes Vec<u8> }

/// Those of the `bytes` crate are bytes, too, although prost implements `Message` for them.
impl Own for ::bytes::Bytes {
    fn encode_own(&self, _: &Converter) -> Result<Payload, DataFault> {
        Ok(Payload::bytes(self.to_vec()))
    }

    fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
        Bytes::decode_own(payload, converter).map(|bytes| bytes.0.into())
    }
}

/// As a list of [`Bytes`]; serde is an option of the `bytes` crate.
impl Own for Vec<::bytes::Bytes> {
    fn encode_own(&self, converter: &Converter) -> Result<Payload, DataFault> {
        value::encode(&serde_bytes(self), converter)
    }

    fn unencoded_own(&self) -> Unencoded {
        Unencoded::of_serde(&serde_bytes(self))
    }

    fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
        let list: Vec<Bytes> = value::decode(payload, converter)?;
        Ok(list.into_iter().map(|bytes| bytes.0.into()).collect())
    }
}

fn serde_bytes(list: &[::bytes::Bytes]) -> Vec<Bytes> {
    list.iter().map(|bytes| Bytes(bytes.to_vec())).collect()
}

impl<T: Own> Own for Option<T> {
    fn encode_own(&self, converter: &Converter) -> Result<Payload, DataFault> {
        match self {
            Some(value) => value.encode_own(converter),
            None => Ok(Payload::null()),
        }
    }

    fn unencoded_own(&self) -> Unencoded {
        match self {
            Some(value) => value.unencoded_own(),
            None => Unencoded::of_payload(Ok(Payload::null())),
        }
    }

    fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
        match payload.encoding() {
            NULL => Ok(None),
            _ => T::decode_own(payload, converter).map(Some),
        }
    }
}

/// What a list of payloads holds. Bytes are not among it: a list of them is a list of serde's.
pub trait Item: Own {}
#[diagnostic::do_not_recommend]
impl<T: Encoding> Item for T {}
impl<T: Encoding> Item for Option<T> {}

impl<T: Item> Own for Vec<T> {
    fn encode_own(&self, converter: &Converter) -> Result<Payload, DataFault> {
        encode_list(self, |item| item.encode_own(converter))
    }

    fn unencoded_own(&self) -> Unencoded {
        Unencoded::of_list(self.iter().map(Own::unencoded_own).collect())
    }

    fn decode_own(payload: Payload, converter: &Converter) -> Result<Self, DataFault> {
        decode_list(payload, |item| T::decode_own(item, converter))
    }
}

/// One payload that holds the payloads of a list.
pub(super) fn encode_list<T>(
    list: &[T],
    encode: impl Fn(&T) -> Result<Payload, DataFault>,
) -> Result<Payload, DataFault> {
    let each = list.iter().enumerate();
    let payloads: Result<Vec<Payload>, DataFault> = each
        .map(|(index, item)| encode(item).map_err(|fault| fault.inside(index)))
        .collect();
    Ok(payload::pack(payloads?))
}

/// The list in a payload of payloads.
pub(super) fn decode_list<T>(
    packed: Payload,
    decode: impl Fn(Payload) -> Result<T, DataFault>,
) -> Result<Vec<T>, DataFault> {
    let each = unpack(packed)?.into_iter().enumerate();
    each.map(|(index, item)| decode(item).map_err(|fault| fault.inside(index)))
        .collect()
}

fn unpack(packed: Payload) -> Result<Vec<Payload>, DataFault> {
    protobuf::check_name(&packed, payload::PAYLOADS)?;
    match packed.encoding() {
        BINARY_PROTOBUF => payload::unpack(packed.data()).map_err(|reason| DataFault::Unreadable {
            reason,
            path: String::new(),
        }),
        JSON_PROTOBUF => {
            let list: JsonList = value::decode(packed, &Converter::default())?;
            Ok(list.payloads.into_iter().map(Payload::from).collect())
        }
        other => Err(DataFault::NotProtobuf {
            encoding: other.to_owned(),
        }),
    }
}

/// The JSON form of the list, which other SDKs write by default.
#[derive(serde::Deserialize)]
struct JsonList {
    #[serde(default)]
    payloads: Vec<JsonItem>,
}

#[derive(serde::Deserialize)]
struct JsonItem {
    #[serde(default)]
    metadata: BTreeMap<String, Bytes>,
    #[serde(default)]
    data: Bytes,
}

impl From<JsonItem> for Payload {
    fn from(item: JsonItem) -> Self {
        let mut metadata = item.metadata;
        let encoding = metadata.remove("encoding").unwrap_or_default();
        let mut payload = Self::from_encoding_bytes(&encoding, item.data.0);
        for (name, value) in metadata {
            payload.set_metadata(name, value.0);
        }
        payload
    }
}
