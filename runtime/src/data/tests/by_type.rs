//! Which encoding each type has as an argument or a result, and that it is read back.

use std::fmt::Debug;

use durably_engine::Payload;
use prost_wkt_types::{Duration, ListValue};

use super::payload;
use crate::{
    data::{
        Args, BinaryProto, Bytes, Callee, Converter, Encoded, Encoding, EncodingError, Incoming,
        JsonProto, Outgoing, PayloadOf,
    },
    error::Result,
};

/// Cents as a text.
#[derive(Clone, Debug, PartialEq)]
struct Money(i64);

impl Encoding for Money {
    fn encode(&self) -> Result<Payload, EncodingError> {
        if self.0 < 0 {
            return Err("a debt is no money".into());
        }
        Ok(Payload::new("text/cents", self.0.to_string().into_bytes()))
    }

    fn decode(payload: Payload) -> Result<Self, EncodingError> {
        match payload.encoding() {
            "text/cents" => Ok(Self(std::str::from_utf8(payload.data())?.parse()?)),
            other => Err(format!("`{other}` is not an amount of money").into()),
        }
    }
}

/// A message that serde does not know.
#[derive(Clone, PartialEq, prost::Message)]
struct Item {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(uint32, tag = "2")]
    count: u32,
}

impl prost::Name for Item {
    const NAME: &'static str = "Item";
    const PACKAGE: &'static str = "shop.v1";
}

const ITEM: &[u8] = b"\x0a\x02ab\x10\x03";

fn item() -> Item {
    Item {
        name: "ab".to_owned(),
        count: 3,
    }
}

/// A message with serde's traits that is encoded as `binary/protobuf` all the same.
#[crate::data(encoding = "binary/protobuf")]
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
struct Packed {
    #[prost(string, tag = "1")]
    name: String,
}

impl prost::Name for Packed {
    const NAME: &'static str = "Packed";
    const PACKAGE: &'static str = "shop.v1";
}

/// The same in JSON.
#[crate::data(encoding = "json/protobuf")]
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
struct Shown {
    #[prost(double, tag = "1")]
    price: f64,
}

impl prost::Name for Shown {
    const NAME: &'static str = "Shown";
    const PACKAGE: &'static str = "shop.v1";
}

/// A message without serde's traits, for which the attribute names the default.
#[crate::data(encoding = "binary/protobuf")]
#[derive(Clone, PartialEq, prost::Message)]
struct Page {
    #[prost(message, repeated, tag = "1")]
    items: Vec<Item>,
}

impl prost::Name for Page {
    const NAME: &'static str = "Page";
    const PACKAGE: &'static str = "shop.v1";
}

fn duration() -> Duration {
    Duration {
        seconds: 1,
        nanos: 500_000_000,
    }
}

#[track_caller]
fn encoded<T: PartialEq + Debug>(conversions: PayloadOf<T>, value: &T) -> Payload {
    let converter = Converter::default();
    let payload = conversions
        .value(value, &converter)
        .expect("it can be written");
    let mut args = Args::new(
        Callee::Signal("put".into()),
        vec![payload.clone()],
        converter,
    );
    let back = conversions.next(&mut args, "it").expect("it can be read");
    assert_eq!(back, *value);
    payload
}

/// Each type with its value, encoding and data.
macro_rules! written {
    ($($type:ty, $value:expr => $encoding:literal, $data:expr;)*) => { $(
        let payload = encoded::<$type>(payload!($type), &$value);
        let expected: &[u8] = $data;
        assert_eq!(
            (payload.encoding(), payload.data()),
            ($encoding, expected),
            stringify!($type)
        );
    )* };
}

#[test]
fn bytes_are_plain_by_themselves_and_json_in_a_list() {
    written! {
        Vec<u8>, vec![0, 255] => "binary/plain", &[0, 255];
        Vec<u8>, vec![] => "binary/plain", b"";
        Bytes, Bytes(vec![7]) => "binary/plain", &[7];
        Option<Vec<u8>>, Some(vec![7]) => "binary/plain", &[7];
        Option<Bytes>, Some(Bytes(vec![])) => "binary/plain", b"";
        Option<Bytes>, None => "binary/null", b"";
        Vec<Bytes>, vec![Bytes(vec![7])] => "json/plain", br#"["Bw=="]"#;
        Vec<Vec<u8>>, vec![vec![7]] => "json/plain", b"[[7]]";
        Option<Vec<Vec<u8>>>, Some(vec![vec![7]]) => "json/plain", b"[[7]]";
    }
}

#[test]
fn what_prost_takes_for_a_message_is_none() {
    written! {
        (), () => "binary/null", b"";
        bool, true => "json/plain", b"true";
        u64, 5 => "json/plain", b"5";
        f64, 1.5 => "json/plain", b"1.5";
        String, "a".to_owned() => "json/plain", br#""a""#;
        Option<String>, Some("a".to_owned()) => "json/plain", br#""a""#;
        Option<u32>, None => "binary/null", b"";
        Vec<String>, vec!["a".to_owned()] => "json/plain", br#"["a"]"#;
        Option<Vec<u64>>, Some(vec![1]) => "json/plain", b"[1]";
        Box<u32>, Box::new(5) => "json/plain", b"5";
        bytes::Bytes, bytes::Bytes::from_static(&[7]) => "binary/plain", &[7];
        Option<bytes::Bytes>, Some(bytes::Bytes::from_static(&[7])) => "binary/plain", &[7];
        Option<bytes::Bytes>, None => "binary/null", b"";
        Vec<bytes::Bytes>, vec![bytes::Bytes::from_static(&[7])] => "json/plain", br#"["Bw=="]"#;
        (u64, Vec<u8>), (1, vec![2]) => "json/plain", b"[1,[2]]";
    }
}

#[test]
fn a_type_with_an_encoding_keeps_it_in_options_and_lists() {
    written! {
        Money, Money(5) => "text/cents", b"5";
        Option<Money>, Some(Money(5)) => "text/cents", b"5";
        Option<Money>, None => "binary/null", b"";
        Payload, Payload::new("image/png", vec![1]) => "image/png", &[1];
    }
    let list = vec![Money(5), Money(6)];
    let packed = encoded(payload!(Vec<Money>), &list);
    assert_eq!(packed.encoding(), "binary/protobuf");
    assert_eq!(
        packed.metadata_of("messageType"),
        Some(&b"temporal.api.common.v1.Payloads"[..])
    );
    encoded(payload!(Option<Vec<Money>>), &Some(list));
    encoded(payload!(Vec<Option<Money>>), &vec![None, Some(Money(1))]);
    encoded(payload!(Vec<Payload>), &vec![Payload::bytes(vec![1])]);
}

fn packed() -> Packed {
    Packed {
        name: "ab".to_owned(),
    }
}

#[test]
fn a_message_has_the_encoding_that_its_attribute_names() {
    let shown = || Shown { price: 1.5 };
    let page = Page {
        items: vec![item()],
    };
    written! {
        Packed, packed() => "binary/protobuf", b"\x0a\x02ab";
        Option<Packed>, Some(packed()) => "binary/protobuf", b"\x0a\x02ab";
        Option<Packed>, None => "binary/null", b"";
        Shown, shown() => "json/protobuf", br#"{"price":1.5}"#;
        Option<Shown>, Some(shown()) => "json/protobuf", br#"{"price":1.5}"#;
        Option<Shown>, None => "binary/null", b"";
        Page, page.clone() => "binary/protobuf", b"\x0a\x06\x0a\x02ab\x10\x03";
    }
    for (payload, message) in [
        (encoded(payload!(Packed), &packed()), "shop.v1.Packed"),
        (encoded(payload!(Shown), &shown()), "shop.v1.Shown"),
        (encoded(payload!(Page), &page), "shop.v1.Page"),
    ] {
        assert_eq!(payload.metadata_of("messageType"), Some(message.as_bytes()));
    }
    let lists = [
        (
            encoded(payload!(Vec<Packed>), &vec![packed()]),
            "binary/protobuf",
        ),
        (
            encoded(payload!(Vec<Shown>), &vec![shown()]),
            "json/protobuf",
        ),
    ];
    for (list, encoding) in lists {
        assert_eq!(
            list.metadata_of("messageType"),
            Some(&b"temporal.api.common.v1.Payloads"[..])
        );
        let mut args = Args::new(
            Callee::Signal("put".into()),
            vec![list],
            Converter::default(),
        );
        let items = payload!(Vec<Payload>).next(&mut args, "it");
        assert_eq!(items.expect("it is a list")[0].encoding(), encoding);
    }
}

#[test]
fn a_message_encoded_as_binary_is_decoded_from_json_where_serde_knows_it() {
    let json = |encoding: &str, text: &str| {
        let payload = Payload::new(encoding.to_owned(), text.as_bytes().to_vec());
        let mut args = Args::new(
            Callee::Signal("put".into()),
            vec![payload],
            Converter::default(),
        );
        payload!(Packed).next(&mut args, "it")
    };
    for encoding in ["json/protobuf", "json/plain"] {
        let read = json(encoding, r#"{"name":"ab"}"#);
        assert_eq!(read.expect("serde reads it"), packed());
    }
    let page = Payload::new("json/protobuf", b"{}".to_vec());
    assert_eq!(
        refused(payload!(Page), page),
        "cannot read argument 1 `it` of signal `put` as `Page`: it is JSON, and this message cannot \
         be read from JSON without serde's traits; generate them with pbjson, or send `binary/protobuf`"
    );
}

#[test]
fn a_fault_of_a_message_with_an_encoding_says_where_it_is() {
    let converter = Converter::default();
    let shown = |price| Shown { price };
    let endless = payload!(Vec<Shown>).value(&vec![shown(1.0), shown(f64::NAN)], &converter);
    assert_eq!(
        endless.expect_err("it is not a number").to_string(),
        "cannot write the result (`Vec<Shown>`): `[1].price` is NaN, which JSON cannot hold"
    );
    let read = "cannot read argument 1 `it` of signal `put` as";
    assert_eq!(
        refused(payload!(Shown), Payload::json(br#"{"price":"x"}"#.to_vec())),
        format!("{read} `Shown`: invalid type: string \"x\", expected f64 at `.price`")
    );
    assert_eq!(
        refused(payload!(Shown), encoded(payload!(Packed), &packed())),
        format!("{read} `Shown`: it is the protobuf message `shop.v1.Packed`, not `shop.v1.Shown`")
    );
}

#[test]
fn a_list_of_payloads_is_read_from_json_as_other_sdks_write_it() {
    let json = br#"{"payloads":[{"metadata":{"encoding":"dGV4dC9jZW50cw=="},"data":"NQ=="}]}"#;
    let payload = Payload::new("json/protobuf", json.to_vec());
    let mut args = Args::new(
        Callee::Signal("put".into()),
        vec![payload],
        Converter::default(),
    );
    let list = payload!(Vec<Money>).next(&mut args, "it");
    assert_eq!(list.expect("it is a list"), [Money(5)]);
}

#[test]
fn messages_are_protobuf_with_their_name() {
    let name = |payload: &Payload| {
        let name = payload.metadata_of("messageType").expect("it is named");
        String::from_utf8_lossy(name).into_owned()
    };
    written! {
        Item, item() => "binary/protobuf", ITEM;
        Option<Item>, Some(item()) => "binary/protobuf", ITEM;
        Option<Item>, None => "binary/null", b"";
        Duration, duration() => "json/protobuf", br#""1.500000000s""#;
        Option<Duration>, Some(duration()) => "json/protobuf", br#""1.500000000s""#;
        Vec<Duration>, vec![duration()] => "json/plain", br#"["1.500000000s"]"#;
        BinaryProto<Item>, BinaryProto(item()) => "binary/protobuf", ITEM;
        BinaryProto<Duration>, BinaryProto(duration()) => "binary/protobuf", b"\x08\x01\x10\x80\xca\xb5\xee\x01";
        JsonProto<Duration>, JsonProto(duration()) => "json/protobuf", br#""1.500000000s""#;
    }
    assert_eq!(name(&encoded(payload!(Item), &item())), "shop.v1.Item");
    assert_eq!(
        name(&encoded(payload!(Duration), &duration())),
        "google.protobuf.Duration"
    );
    encoded(payload!(Vec<Item>), &vec![item(), item()]);
    encoded(payload!(Vec<BinaryProto<Item>>), &vec![BinaryProto(item())]);
    encoded(payload!(ListValue), &ListValue::default());
}

#[test]
fn wrappers_carry_other_encodings_through_generic_functions() {
    fn through<T: Outgoing + Incoming + PartialEq + Debug>(value: T) -> String {
        let converter = Converter::default();
        let payload = value.__encode(&converter).expect("it can be written");
        let encoding = payload.encoding().to_owned();
        assert_eq!(T::__decode(payload, &converter), Ok(value));
        encoding
    }
    assert_eq!(through(Bytes(vec![1])), "binary/plain");
    assert_eq!(through(Some(Bytes(vec![1]))), "binary/plain");
    assert_eq!(through(vec![1_u8]), "json/plain");
    assert_eq!(through(Encoded(Money(1))), "text/cents");
    assert_eq!(through(Encoded(None::<Money>)), "binary/null");
    assert_eq!(through(Encoded(vec![Money(1)])), "binary/protobuf");
    assert_eq!(through(Encoded(vec![1_u8])), "binary/plain");
    assert_eq!(through(Encoded(packed())), "binary/protobuf");
    assert_eq!(through(JsonProto(duration())), "json/protobuf");
    assert_eq!(through(BinaryProto(item())), "binary/protobuf");
}

#[track_caller]
fn refused<T>(conversions: PayloadOf<T>, payload: Payload) -> String {
    let callee = Callee::Signal("put".into());
    let mut args = Args::new(callee, vec![payload], Converter::default());
    match conversions.next(&mut args, "it") {
        Ok(_) => "it was read".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_of_another_kind_is_refused_with_its_place() {
    let named = |payload: Payload, name: &str| payload.with_metadata("messageType", name.into());
    let json = |text: &str| Payload::json(text.as_bytes().to_vec());
    let binary = |data: &[u8]| Payload::new("binary/protobuf", data.to_vec());
    let read = "cannot read argument 1 `it` of signal `put` as";
    let cases = [
        (
            refused(payload!(u64), named(binary(ITEM), "shop.v1.Item")),
            "`u64`: it is the protobuf message `shop.v1.Item`; take its prost type",
        ),
        (
            refused(payload!(u64), binary(ITEM)),
            "`u64`: it is a protobuf message; take its prost type",
        ),
        (
            refused(payload!(Item), json("{}")),
            "`Item`: it is JSON, and this message cannot be read from JSON without serde's traits; \
             generate them with pbjson, or send `binary/protobuf`",
        ),
        (
            refused(payload!(Item), Payload::bytes(vec![1])),
            "`Item`: it is `binary/plain`, not a protobuf message",
        ),
        (
            refused(payload!(Item), named(binary(ITEM), "shop.v2.Item")),
            "`Item`: it is the protobuf message `shop.v2.Item`, not `shop.v1.Item`",
        ),
        (
            refused(payload!(Item), binary(&ITEM[..3])),
            "`Item`: failed to decode Protobuf message: Item.name: buffer underflow",
        ),
        (
            refused(payload!(Duration), json("5")),
            "`Duration`: invalid type: integer `5`, expected A duration ending in 's'",
        ),
        (
            refused(payload!(Duration), named(binary(ITEM), "shop.v1.Item")),
            "`Duration`: it is the protobuf message `shop.v1.Item`, not `google.protobuf.Duration`",
        ),
        (
            refused(payload!(Money), json("5")),
            "`Money`: `json/plain` is not an amount of money",
        ),
        (
            refused(payload!(Vec<Money>), json("[5]")),
            "`Vec<Money>`: it is `json/plain`, not a protobuf message",
        ),
        (
            refused(
                payload!(Vec<Money>),
                encoded(payload!(Vec<Payload>), &vec![json("5")]),
            ),
            "`Vec<Money>`: `json/plain` is not an amount of money at `[0]`",
        ),
        (
            refused(payload!(String), Payload::bytes(b"abc".to_vec())),
            "`String`: it is bytes; take `durably::Bytes` or `Vec<u8>`",
        ),
        (
            refused(payload!(Vec<u32>), Payload::bytes(vec![1])),
            "`Vec<u32>`: it is bytes; take `durably::Bytes` or `Vec<u8>`",
        ),
        (
            refused(payload!(Bytes), json("5")),
            "`Bytes`: invalid type: integer `5`, expected bytes: a base64 string or an array of numbers",
        ),
        (
            refused(payload!(Option<Vec<u8>>), Payload::new("x/y", vec![])),
            "`Option<Vec<u8>>`: encoding `x/y` is not known here; is a codec missing?",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(text, format!("{read} {expected}"));
    }
    let error = payload!(Vec<Money>).value(&vec![Money(1), Money(-1)], &Converter::default());
    assert_eq!(
        error.expect_err("a debt").to_string(),
        "cannot write the result (`Vec<Money>`): a debt is no money at `[1]`"
    );
}
