//! Payloads of search attributes, and filters.

use std::time::Duration;

use durably_engine::Payload;

use super::{Filter, Keyword, KeywordList, SearchKey, SearchKind, SearchUpdate, Text};
use crate::{time::Time, wire::describe::WorkflowStatus};

const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
const NOTE: SearchKey<Text> = SearchKey::new("Note");
const ITEMS: SearchKey<KeywordList> = SearchKey::new("Items");
const COUNT: SearchKey<i64> = SearchKey::new("Count");
const AMOUNT: SearchKey<f64> = SearchKey::new("Amount");
const PAID: SearchKey<bool> = SearchKey::new("Paid");
const DUE: SearchKey<Time> = SearchKey::new("Due");

fn payload(update: SearchUpdate) -> Payload {
    update.into_parts().1.expect("it can be written")
}

fn written(update: SearchUpdate) -> (String, String) {
    let payload = payload(update);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is text");
    let kind = payload.metadata_of("type").expect("it names its type");
    (text(kind), text(payload.data()))
}

fn read<K: SearchKind>(key: &SearchKey<K>, payload: &Payload) -> Result<Option<K::Value>, String> {
    key.read(Some(payload)).map_err(|error| error.to_string())
}

fn due() -> Time {
    Time::UNIX_EPOCH + Duration::new(1_700_000_000, 123_000_000)
}

#[test]
fn a_value_is_json_with_the_name_of_its_type() {
    let pair = |kind: &str, json: &str| (kind.to_owned(), json.to_owned());
    assert_eq!(written(CUSTOMER.set("c-1")), pair("Keyword", "\"c-1\""));
    assert_eq!(
        written(NOTE.set("two words")),
        pair("Text", "\"two words\"")
    );
    assert_eq!(
        written(ITEMS.set(["a", "b"])),
        pair("KeywordList", "[\"a\",\"b\"]")
    );
    assert_eq!(written(COUNT.set(-7)), pair("Int", "-7"));
    assert_eq!(written(AMOUNT.set(4.0)), pair("Double", "4.0"));
    assert_eq!(written(PAID.set(true)), pair("Bool", "true"));
    assert_eq!(
        written(DUE.set(due())),
        pair("Datetime", "\"2023-11-14T22:13:20.123Z\"")
    );
    assert_eq!(payload(AMOUNT.unset()).encoding(), "binary/null");
    assert_eq!(written(AMOUNT.unset()).0, "Double");
}

#[test]
fn a_value_is_read_as_what_it_was() {
    assert_eq!(
        read(&CUSTOMER, &payload(CUSTOMER.set("c-1"))),
        Ok(Some("c-1".to_owned()))
    );
    assert_eq!(
        read(&NOTE, &payload(NOTE.set("two"))),
        Ok(Some("two".to_owned()))
    );
    let items = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(read(&ITEMS, &payload(ITEMS.set(&items))), Ok(Some(items)));
    assert_eq!(read(&COUNT, &payload(COUNT.set(-7))), Ok(Some(-7)));
    assert_eq!(read(&AMOUNT, &payload(AMOUNT.set(4.5))), Ok(Some(4.5)));
    assert_eq!(read(&PAID, &payload(PAID.set(false))), Ok(Some(false)));
    assert_eq!(read(&DUE, &payload(DUE.set(due()))), Ok(Some(due())));
    assert_eq!(read(&DUE, &payload(DUE.unset())), Ok(None));
    assert_eq!(
        CUSTOMER.read(None).map_err(|error| error.to_string()),
        Ok(None)
    );
}

#[test]
fn a_value_of_another_type_is_an_error_that_names_both() {
    assert_eq!(
        read(&COUNT, &payload(CUSTOMER.set("7"))),
        Err(
            "cannot read search attribute `Count` as `i64`: it is of the type `Keyword`, not `Int`"
                .to_owned()
        )
    );
    let untyped = Payload::json(b"\"seven\"".to_vec());
    assert_eq!(
        read(&COUNT, &untyped),
        Err(
            "cannot read search attribute `Count` as `i64`: `\"seven\"` is not of the type `Int`"
                .to_owned()
        )
    );
    assert_eq!(read(&CUSTOMER, &untyped), Ok(Some("seven".to_owned())));
    assert_eq!(read(&ITEMS, &untyped), Ok(Some(vec!["seven".to_owned()])));
    assert!(read(&DUE, &untyped).is_err());
}

#[test]
fn a_number_that_is_not_finite_is_an_error() {
    let (name, payload) = AMOUNT.set(f64::NAN).into_parts();
    assert_eq!(name, "Amount");
    assert_eq!(
        payload.expect_err("it is no number").to_string(),
        "cannot write search attribute `Amount` (`f64`): it is NaN, which JSON cannot hold"
    );
}

#[test]
fn times_of_other_writers_are_read() {
    let seconds = |text| Time::from_rfc3339(text).map(Time::unix_seconds);
    assert_eq!(seconds("2023-11-14T22:13:20Z"), Some(1_700_000_000));
    assert_eq!(seconds("2023-11-15T00:13:20.5+02:00"), Some(1_700_000_000));
    assert_eq!(seconds("2023-11-14 17:43:20-04:30"), Some(1_700_000_000));
    assert_eq!(seconds("1969-12-31T23:59:59Z"), Some(-1));
    assert_eq!(seconds("2000-02-29T00:00:00Z"), Some(951_782_400));
    let nanos = Time::from_rfc3339("2023-11-14T22:13:20.123456789Z").map(|it| it.to_string());
    assert_eq!(nanos.as_deref(), Some("2023-11-14T22:13:20.123456789Z"));
    for wrong in [
        "",
        "2023",
        "2023-11-14",
        "2023-11-14T22:13:20",
        "2023-13-14T22:13:20Z",
        "2023-11-14T24:13:20Z",
        "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20+2:00",
        "2023-11-14T22:13:20+",
        "2o23-11-14T22:13:20Z",
        "2023-11-14T22:13:20\u{e4}",
        "\u{e4}\u{e4}23-11-14T22:13:20Z",
    ] {
        assert_eq!(seconds(wrong), None, "{wrong}");
    }
}

#[test]
fn filters_quote_values_and_bracket_what_they_join() {
    let text = |filter: Filter| filter.to_string();
    assert_eq!(text(CUSTOMER.eq(r"O'Ha\ra")), r"`CustomerId` = 'O\'Ha\\ra'");
    assert_eq!(text(COUNT.ge(3)), "`Count` >= 3");
    assert_eq!(text(PAID.ne(true)), "`Paid` != true");
    assert_eq!(text(DUE.lt(due())), "`Due` < '2023-11-14T22:13:20.123Z'");
    assert_eq!(
        text(CUSTOMER.is_in(["a", "b"])),
        "`CustomerId` IN ('a', 'b')"
    );
    assert_eq!(
        text(CUSTOMER.starts_with("c-")),
        "`CustomerId` STARTS_WITH 'c-'"
    );
    assert_eq!(text(ITEMS.contains("tea")), "`Items` = 'tea'");
    let (a, b, c) = (|| CUSTOMER.is_set(), || PAID.is_unset(), || COUNT.gt(1));
    assert_eq!(
        text(a().and(b()).and(c())),
        "`CustomerId` IS NOT NULL AND `Paid` IS NULL AND `Count` > 1"
    );
    assert_eq!(
        text(a().or(b()).and(c().or(a()))),
        "(`CustomerId` IS NOT NULL OR `Paid` IS NULL) AND (`Count` > 1 OR `CustomerId` IS NOT NULL)"
    );
    assert_eq!(text(b().or("")), "");
    assert_eq!(
        text(Filter::from("A = 1 OR B = 2").and(WorkflowStatus::Cancelled)),
        "(A = 1 OR B = 2) AND `ExecutionStatus` = 'Canceled'"
    );
    assert_eq!(
        text(CUSTOMER.is_in([""; 0]).and(a())),
        "(`CustomerId` IS NULL AND `CustomerId` IS NOT NULL) AND `CustomerId` IS NOT NULL"
    );
}
