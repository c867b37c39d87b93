//! Wire forms and error texts.

mod by_type;
mod captured;
pub(crate) mod formats;

use std::collections::BTreeMap;

use durably_engine::Payload;
use serde::{Deserialize, Serialize};

use super::{ArgList, Args, ArgsEncoder, Bytes, Callee, Converter, Data, encode_result, value};
use crate::error::{DataError, DataFault};

/// The conversions of a type, as an expansion chooses them.
macro_rules! payload {
    ($type:ty) => {{
        #[allow(unused_imports)]
        use crate::__private::{
            ByEncoding as _, ByJsonMessage as _, ByJsonMessages as _, ByMessage as _,
            ByMessages as _, ByOptionalJsonMessage as _, ByOptionalMessage as _, ByScalar as _,
            Plain as _,
        };
        <$type as crate::__private::Serialisable<_>>::payload(
            (&&&&&crate::__private::Spelled::<$type>::HERE).payload(),
        )
    }};
}
use payload;

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Order {
    id: String,
    items: Vec<Item>,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Item {
    cents: u64,
}

#[track_caller]
fn travels<T: Data + PartialEq + std::fmt::Debug>(it: T, encoding: &str, data: &[u8]) {
    let payload = encode_result(&it).expect("the value is serialisable");
    assert_eq!((payload.encoding(), payload.data()), (encoding, data));
    assert!(payload.metadata().is_empty());
    assert_eq!(T::__decode(payload, &Converter::default()), Ok(it));
}

#[test]
fn nothing_is_binary_null() {
    travels((), "binary/null", b"");
    travels(None::<u32>, "binary/null", b"");
    travels(serde_json::Value::Null, "binary/null", b"");
    travels(None::<Bytes>, "binary/null", b"");
}

#[test]
fn bytes_are_binary_plain() {
    travels(Bytes(vec![0, 255]), "binary/plain", &[0, 255]);
    travels(Some(Bytes(vec![])), "binary/plain", b"");
}

#[test]
fn everything_else_is_json() {
    travels("a \"b\"".to_owned(), "json/plain", br#""a \"b\"""#);
    travels(true, "json/plain", b"true");
    travels(vec![1_u16, 2], "json/plain", b"[1,2]");
    travels(Some(1.5), "json/plain", b"1.5");
    travels((1, "x".to_owned()), "json/plain", br#"[1,"x"]"#);
    let order = Order {
        id: "o1".to_owned(),
        items: vec![Item { cents: 5 }],
    };
    travels(order, "json/plain", br#"{"id":"o1","items":[{"cents":5}]}"#);
}

#[test]
fn bytes_inside_a_value_are_base64() {
    let picture = BTreeMap::from([("png", Bytes(vec![1, 2, 3]))]);
    let json = serde_json::to_string(&picture).expect("bytes are serialisable");
    assert_eq!(json, r#"{"png":"AQID"}"#);
    let back: BTreeMap<String, Bytes> =
        serde_json::from_str(r#"{"a":"AQID","b":[1,2,3]}"#).expect("both forms are understood");
    assert_eq!(back["a"], back["b"]);
}

#[test]
fn protobuf_in_json_form_is_read_as_json() {
    let payload = Payload::new("json/protobuf", b"{\"cents\":3}".to_vec())
        .with_metadata("messageType", b"shop.Item".to_vec());
    assert_eq!(
        value::decode(payload, &Converter::default()),
        Ok(Item { cents: 3 })
    );
}

fn update(payloads: Vec<Payload>) -> Args {
    Args::new(
        Callee::Update("deposit".into()),
        payloads,
        Converter::default(),
    )
}

fn text<T: Data>(args: &mut Args, name: &'static str) -> String {
    match args.next::<T>(name) {
        Ok(_) => "decoded".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_argument_of_another_type_is_named_with_its_place() {
    let mut args = update(vec![
        Payload::json(b"5".to_vec()),
        Payload::json(br#"{"id":"o","items":[{"cents":1},{"cents":"2"}]}"#.to_vec()),
    ]);
    assert_eq!(
        text::<String>(&mut args, "to"),
        "cannot read argument 1 `to` of update `deposit` as `String`: invalid type: integer `5`, \
         expected a string"
    );
    assert_eq!(
        text::<Vec<Order>>(&mut args, "orders"),
        "cannot read argument 2 `orders` of update `deposit` as `Vec<Order>`: invalid type: map, \
         expected a sequence"
    );
}

#[test]
fn the_place_inside_a_value_is_told() {
    let json = br#"{"id":"o","items":[{"cents":1},{"cents":"2"}]}"#;
    let mut args = update(vec![Payload::json(json.to_vec())]);
    assert_eq!(
        text::<Order>(&mut args, "order"),
        "cannot read argument 1 `order` of update `deposit` as `Order`: invalid type: string \
         \"2\", expected u64 at `.items[1].cents`"
    );
}

#[test]
fn a_place_after_line_breaks_is_found() {
    let json = "{\n  \"id\": \"o\",\n  \"items\": [\n    {\"cents\": null}\n  ]\n}";
    let fault = value::decode::<Order>(Payload::json(json.into()), &Converter::default())
        .expect_err("null is no u64");
    let DataFault::Unreadable { path, .. } = fault else {
        panic!("{fault:?}");
    };
    assert_eq!(path, ".items[0].cents");
}

#[test]
fn a_missing_argument_is_none_or_an_error() {
    let mut args = update(vec![Payload::json(b"5".to_vec())]);
    assert_eq!(text::<u64>(&mut args, "cents"), "decoded");
    assert!(matches!(args.next::<Option<u64>>("limit"), Ok(None)));
    assert_eq!(
        text::<u64>(&mut args, "fee"),
        "argument 3 `fee` of update `deposit` is missing: expected `u64`"
    );
}

#[test]
fn surplus_arguments_are_left_alone() {
    let mut args = update(vec![Payload::null(), Payload::json(b"1".to_vec())]);
    assert_eq!(text::<()>(&mut args, "nothing"), "decoded");
    assert_eq!(args.into_payloads(), [Payload::json(b"1".to_vec())]);
}

#[test]
fn what_cannot_be_read_at_all_says_so() {
    let mut args = update(vec![
        Payload::bytes(vec![1]),
        Payload::new("binary/encrypted", vec![1]),
        Payload::json(b"{oops".to_vec()),
    ]);
    assert!(text::<u64>(&mut args, "a").ends_with("take `durably::Bytes` or `Vec<u8>`"));
    assert!(
        text::<u64>(&mut args, "b")
            .ends_with("encoding `binary/encrypted` is not known here; is a codec missing?")
    );
    assert!(text::<Item>(&mut args, "c").contains("key must be a string"));
}

#[test]
fn an_undecodable_argument_is_a_data_error() {
    let error = update(vec![])
        .next::<u64>("cents")
        .expect_err("it is missing");
    let error = error
        .downcast_ref::<DataError>()
        .expect("it keeps its type");
    assert_eq!(error.fault, DataFault::Missing);
    assert_eq!(error.type_name, "u64");
}

#[test]
fn arguments_are_encoded_one_by_one() {
    let mut encoder = ArgsEncoder::default();
    payload!(String).add_text(&mut encoder, "to", "bob");
    payload!(u64).add(&mut encoder, "cents", &5);
    let encoded = encoder.finish().0.expect("both are serialisable");
    let json: Vec<&[u8]> = encoded.iter().map(Payload::data).collect();
    assert_eq!(json, [&b"\"bob\""[..], b"5"]);
    assert_eq!(("bob", 5_u64).encode(&Converter::default()).0, Ok(encoded));
    assert_eq!(().encode(&Converter::default()).0, Ok(vec![]));
}

#[test]
fn the_first_argument_that_cannot_be_encoded_is_reported() {
    let key = BTreeMap::from([(vec![1], 1)]);
    let mut encoder = ArgsEncoder::default();
    payload!(i32).add(&mut encoder, "ok", &1);
    payload!(BTreeMap<Vec<i32>, i32>).add(&mut encoder, "map", &key);
    let error = encoder.finish().0.expect_err("JSON has no such keys");
    assert_eq!(
        error.to_string(),
        "cannot write argument 2 `map` (`BTreeMap<Vec<i32>, i32>`): key must be a string"
    );
}

/// Each shape that serde knows, with a number in it.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Number(f64),
    Single(f32),
    Option(Option<f64>),
    Tuple(u8, f64),
    Fields { x: f64 },
    List(Vec<f64>),
    Map(BTreeMap<&'static str, f64>),
    Nested(Box<Self>),
    Tagged(Tagged),
    Untagged(Untagged),
    Flat(Flat),
    Wrapped(Wrapped),
    Pair(Pair),
}

#[derive(Serialize)]
struct Wrapped(f64);

#[derive(Serialize)]
struct Pair(u8, f64);

#[derive(Serialize)]
#[serde(tag = "kind")]
enum Tagged {
    A { x: f64 },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Untagged {
    A { x: f64 },
}

#[derive(Serialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Serialize)]
struct Rest {
    y: u8,
    x: f64,
}

fn shapes(x: f64) -> Vec<(Shape, &'static str)> {
    let rest = Rest { y: 1, x };
    let nested = Shape::List(vec![1.0, x]);
    vec![
        (Shape::Number(x), ".number"),
        (Shape::Single(x as f32), ".single"),
        (Shape::Option(Some(x)), ".option"),
        (Shape::Tuple(1, x), ".tuple[1]"),
        (Shape::Fields { x }, ".fields.x"),
        (Shape::List(vec![1.0, 2.0, x]), ".list[2]"),
        (Shape::Map([("a", 1.0), ("b", x)].into()), ".map.b"),
        (Shape::Nested(nested.into()), ".nested.list[1]"),
        (Shape::Tagged(Tagged::A { x }), ".tagged.x"),
        (Shape::Untagged(Untagged::A { x }), ".untagged.x"),
        (Shape::Flat(Flat { id: 1, rest }), ".flat.x"),
        (Shape::Wrapped(Wrapped(x)), ".wrapped"),
        (Shape::Pair(Pair(1, x)), ".pair[1]"),
    ]
}

#[test]
fn a_number_that_json_cannot_hold_is_refused_with_its_path() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (shape, path) in shapes(number) {
            let fault = value::encode(&shape, &Converter::default()).expect_err(path);
            let expected = DataFault::NotFinite {
                number: number.to_string(),
                path: path.to_owned(),
            };
            assert_eq!(fault, expected);
            assert_eq!(
                fault.to_string(),
                format!("`{path}` is {number}, which JSON cannot hold")
            );
        }
        let fault = value::encode(&number, &Converter::default()).expect_err("it is all there is");
        assert_eq!(
            fault.to_string(),
            format!("it is {number}, which JSON cannot hold")
        );
    }
}

#[test]
fn what_json_can_hold_is_written_as_serde_json_does() {
    for (shape, path) in shapes(0.1) {
        let payload = value::encode(&shape, &Converter::default()).expect(path);
        let expected = serde_json::to_vec(&shape).expect(path);
        assert_eq!(payload.data(), expected);
    }
    travels(f64::MAX, "json/plain", b"1.7976931348623157e+308");
    travels(i128::MAX, "json/plain", i128::MAX.to_string().as_bytes());
    travels(u128::MAX, "json/plain", u128::MAX.to_string().as_bytes());
    travels('\u{e9}', "json/plain", "\"\u{e9}\"".as_bytes());
    travels(
        uuid::Uuid::nil(),
        "json/plain",
        b"\"00000000-0000-0000-0000-000000000000\"",
    );
}

#[test]
fn whatever_else_cannot_be_written_is_named_with_its_path() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not today"))
        }
    }
    let text = |fault: DataFault| fault.to_string();
    let refuses = value::encode(
        &BTreeMap::from([("a", (1, Refuses))]),
        &Converter::default(),
    );
    assert_eq!(
        refuses.map_err(text),
        Err("not today at `.a[1]`".to_owned())
    );
    let keys = value::encode(&vec![BTreeMap::from([(vec![1], 1)])], &Converter::default());
    assert_eq!(
        keys.map_err(text),
        Err("key must be a string at `[0]`".to_owned())
    );
}
