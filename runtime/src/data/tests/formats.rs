//! Another serde format than JSON.

use std::collections::BTreeMap;

use durably_engine::Payload;
use serde::{Deserialize, Serialize, de::value::SeqDeserializer};

use super::payload;
use crate::{
    data::{
        ArgList, Args, ArgsEncoder, Bytes, Callee, Converter, EncodingError, Format, FormatReader,
        FormatValue, Incoming, Outgoing,
    },
    error::{DataFault, Result},
};

/// MessagePack, as a user writes it.
pub(crate) struct MessagePack;

impl Format for MessagePack {
    fn encoding(&self) -> &'static str {
        "binary/msgpack"
    }

    fn write(&self, value: FormatValue<'_>) -> Result<Vec<u8>, EncodingError> {
        Ok(rmp_serde::to_vec_named(&value)?)
    }

    fn read(&self, data: &[u8], reader: FormatReader<'_>) -> Result<(), EncodingError> {
        reader.read(&mut rmp_serde::Deserializer::new(data))
    }
}

/// Forgets to read.
struct Forgetful;

impl Format for Forgetful {
    fn encoding(&self) -> &'static str {
        "x/forgetful"
    }

    fn write(&self, _: FormatValue<'_>) -> Result<Vec<u8>, EncodingError> {
        Err("not today".into())
    }

    fn read(&self, _: &[u8], _: FormatReader<'_>) -> Result<(), EncodingError> {
        Ok(())
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u32,
    price: f64,
    scan: Bytes,
}

fn order() -> Order {
    Order {
        id: 7,
        price: f64::INFINITY,
        scan: Bytes(vec![1, 2]),
    }
}

/// `{"id": 7, "price": inf, "scan": bytes}`
const ORDER: &[u8] = b"\x83\xa2id\x07\xa5price\xcb\x7f\xf0\0\0\0\0\0\0\xa4scan\xc4\x02\x01\x02";

#[test]
fn values_are_written_in_the_format_and_read_by_their_encoding() {
    let converter = Converter::of(MessagePack);
    let payload = order().__encode(&converter).expect("it can be written");
    assert_eq!(
        (payload.encoding(), payload.data()),
        ("binary/msgpack", ORDER)
    );
    assert_eq!(Order::__decode(payload, &converter), Ok(order()));
    let json = Payload::json(br#"{"id":7,"price":1.5,"scan":"AQI="}"#.to_vec());
    let read = Order::__decode(json, &converter).expect("JSON is read as before");
    assert_eq!((read.price, read.scan), (1.5, Bytes(vec![1, 2])));
}

#[test]
fn nothing_bytes_and_messages_keep_their_encodings() {
    let converter = Converter::of(MessagePack);
    let encoding = |payload: Result<Payload>| payload.unwrap().encoding().to_owned();
    let value = payload!(Option<u32>).value(&None, &converter);
    assert_eq!(encoding(value), "binary/null");
    let value = payload!(Vec<u8>).value(&vec![1], &converter);
    assert_eq!(encoding(value), "binary/plain");
    let value = payload!(prost_wkt_types::Duration).value(&Default::default(), &converter);
    assert_eq!(encoding(value), "json/protobuf");
    let value = payload!(serde_json::Value).value(&serde_json::Value::Null, &converter);
    assert_eq!(encoding(value), "binary/null");
    let value = payload!(Vec<u32>).value(&vec![1], &converter);
    assert_eq!(encoding(value), "binary/msgpack");
}

/// A newtype of the user's.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Photo(Bytes);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note(Option<u32>);

#[test]
fn a_newtype_of_bytes_has_the_same_encoding_everywhere() {
    let photo = || Photo(Bytes(vec![1, 2]));
    for (converter, encoding, data) in [
        (Converter::JSON, "json/plain", &br#""AQI=""#[..]),
        (
            Converter::of(MessagePack),
            "binary/msgpack",
            b"\xc4\x02\x01\x02",
        ),
    ] {
        let typed = payload!(Photo).value(&photo(), &converter).unwrap();
        let generic = photo().__encode(&converter).unwrap();
        assert_eq!((generic.encoding(), generic.data()), (encoding, data));
        assert_eq!(typed, generic);
        let optional = Some(photo()).__encode(&converter).unwrap();
        assert_eq!(optional, generic);
        assert_eq!(Photo::__decode(generic, &converter), Ok(photo()));
        let bytes = Some(Bytes(vec![1])).__encode(&converter).unwrap();
        assert_eq!(bytes.encoding(), "binary/plain");
        let note = Note(None).__encode(&converter).unwrap();
        assert_eq!(note.encoding(), "binary/null");
    }
}

#[test]
fn memory_for_bytes_is_not_reserved_by_what_a_sender_says() {
    // An array32 of 4 Gi numbers, of which none is there.
    let short = Payload::new("binary/msgpack", b"\xdd\xff\xff\xff\xff".to_vec());
    assert!(Bytes::__decode(short, &Converter::of(MessagePack)).is_err());
    let endless = (0..usize::MAX).map(|_| "no number");
    let endless = SeqDeserializer::<_, serde::de::value::Error>::new(endless);
    let error = Bytes::deserialize(endless).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid type: string \"no number\", expected u8"
    );
}

#[test]
fn arguments_are_written_by_the_converter_of_the_caller() {
    let converter = Converter::of(MessagePack);
    let mut encoder = ArgsEncoder::new(&converter);
    payload!(String).add_text(&mut encoder, "to", "bob");
    payload!(Option<String>).add_text(&mut encoder, "from", Some("ada"));
    payload!(Option<String>).add_text(&mut encoder, "via", None);
    payload!(Vec<String>).add_text(&mut encoder, "copies", ["eve"]);
    let encoded = encoder.finish().0.expect("all can be written");
    let data: Vec<_> = encoded
        .iter()
        .map(|it| (it.encoding(), it.data()))
        .collect();
    assert_eq!(
        data,
        [
            ("binary/msgpack", &b"\xa3bob"[..]),
            ("binary/msgpack", b"\xa3ada"),
            ("binary/null", b""),
            ("binary/msgpack", b"\x91\xa3eve"),
        ]
    );
    let by_name = ("bob", Some("ada"), None::<String>, ["eve"]).encode(&converter);
    assert_eq!(by_name.0, Ok(encoded));
}

#[test]
fn what_the_format_refuses_is_named_with_its_place() {
    let converter = Converter::of(MessagePack);
    let mut args = Args::new(
        Callee::Signal("put".into()),
        vec![
            Payload::new("binary/msgpack", ORDER[..4].to_vec()),
            Payload::new("binary/msgpack", b"\xa3bob".to_vec()),
            Payload::new("binary/cbor", vec![]),
        ],
        converter,
    );
    let mut text = || {
        payload!(Order)
            .next(&mut args, "order")
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        text(),
        "cannot read argument 1 `order` of signal `put` as `Order`: IO error while reading marker: \
         failed to fill whole buffer"
    );
    assert_eq!(
        text(),
        "cannot read argument 2 `order` of signal `put` as `Order`: invalid type: string \"bob\", \
         expected struct Order"
    );
    assert_eq!(
        text(),
        "cannot read argument 3 `order` of signal `put` as `Order`: encoding `binary/cbor` is not \
         known here; is a codec missing?"
    );
    let without = Payload::new("binary/msgpack", ORDER.to_vec());
    assert_eq!(
        Order::__decode(without, &Converter::default()),
        Err(DataFault::UnknownEncoding {
            encoding: "binary/msgpack".to_owned()
        })
    );
}

#[test]
fn a_format_that_does_not_do_its_part_is_told_apart() {
    let converter = Converter::of(Forgetful);
    let written = payload!(BTreeMap<String, u32>).value(&BTreeMap::new(), &converter);
    assert_eq!(
        written.unwrap_err().to_string(),
        "cannot write the result (`BTreeMap<String, u32>`): not today"
    );
    let read = u32::__decode(Payload::new("x/forgetful", vec![]), &converter);
    assert_eq!(
        read.unwrap_err().to_string(),
        "format `x/forgetful` read no value"
    );
}
