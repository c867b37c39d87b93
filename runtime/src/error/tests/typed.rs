//! Errors with the derive, into failures and back.

use std::{io, time::Duration};

use durably_engine::{FailureInfo, FailureRecord, Payload};

use super::{activity_failure, canceled, child_failure, out_of_stock, python_failure};
use crate::{
    Failure as FailureDerive,
    data::{Bytes, Converter, tests::formats::MessagePack},
    error::{
        ActivityError, AppError, Cancelled, ChildError, ContinueAsNew, Error, Failure,
        IntoFailure as _, Meaning, TypedError,
    },
};

#[derive(Debug, PartialEq, thiserror::Error, FailureDerive)]
enum PayError {
    #[error("card declined: {reason}")]
    #[failure(non_retryable)]
    Declined {
        reason: String,
        #[serde(default)]
        tries: u32,
        advice: Option<String>,
    },
    #[error("gateway busy")]
    #[failure(next_retry_delay = "30s")]
    Busy,
    #[error("{0} of {1} paid")]
    Partly(u64, u64),
    #[error("odd")]
    #[failure(name = "odd")]
    Odd(f64),
    #[error("scanned")]
    Scanned(Bytes, Vec<u8>, Option<String>),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("the ledger is closed")]
    Ledger { day: u32, source: Box<GatewayError> },
}

#[derive(Debug, PartialEq, thiserror::Error, FailureDerive)]
#[error("no answer from {host}")]
#[failure(name = "Gateway", non_retryable)]
struct GatewayError {
    host: String,
}

#[derive(Debug, PartialEq, thiserror::Error, FailureDerive)]
enum Measured {
    #[error("{grams} g")]
    Weight { grams: f64 },
    #[error("length")]
    Length {
        unit: Option<String>,
        #[serde(default)]
        count: u32,
    },
}

#[derive(Debug, PartialEq, thiserror::Error, FailureDerive)]
#[error("refused")]
struct Refused {
    reason: Option<String>,
}

#[derive(Debug, PartialEq, thiserror::Error, FailureDerive)]
#[error("out of {0}")]
struct OutOf(String);

#[derive(Debug, PartialEq, thiserror::Error, FailureDerive)]
#[error("closed")]
#[failure(next_retry_delay = "1m")]
struct Closed;

#[derive(Debug, thiserror::Error, FailureDerive)]
enum TripError {
    #[error(transparent)]
    Pay(#[from] PayError),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Activity(#[from] ActivityError),
    #[error("the child failed")]
    Child(#[from] Box<ChildError>),
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    ContinueAsNew(#[from] ContinueAsNew),
    #[error("no file")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Any(#[from] anyhow::Error),
    #[error("perhaps a file")]
    Perhaps { source: Option<io::Error> },
    #[error("boxed")]
    Boxed(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("again")]
    Again(#[from] Box<Self>),
}

fn declined() -> PayError {
    PayError::Declined {
        reason: "stolen".to_owned(),
        tries: 2,
        advice: None,
    }
}

fn gateway() -> GatewayError {
    GatewayError {
        host: "bank".to_owned(),
    }
}

fn record(error: impl TypedError) -> FailureRecord {
    Error::from_typed(error).to_record(&Converter::JSON)
}

/// The type, the texts of the details, whether it is not retried, and the next retry delay.
fn application(record: &FailureRecord) -> (&str, Vec<&str>, bool, Option<Duration>) {
    let FailureInfo::Application {
        kind,
        details,
        non_retryable,
        next_retry_delay,
        ..
    } = &record.info
    else {
        panic!("it is an application failure: {record:?}");
    };
    let text = |it: &'_ Payload| std::str::from_utf8(it.data()).expect("it is JSON").len();
    assert!(
        details
            .iter()
            .all(|it| text(it) > 0 || it.encoding() == "binary/null")
    );
    let texts = details
        .iter()
        .map(|it| std::str::from_utf8(it.data()).expect("it is JSON"));
    (kind, texts.collect(), *non_retryable, *next_retry_delay)
}

fn failure(record: FailureRecord) -> Failure {
    Failure::from_record(record, &Converter::JSON)
}

/// The error after it was recorded and received.
fn received<E: TypedError>(error: E) -> Option<E> {
    failure(record(error)).failed()
}

/// An application failure as another SDK writes it.
fn foreign(kind: &str, details: &[&str]) -> FailureRecord {
    let info = FailureInfo::Application {
        kind: kind.to_owned(),
        non_retryable: false,
        details: details
            .iter()
            .map(|it| Payload::json(it.as_bytes().to_vec()))
            .collect(),
        next_retry_delay: None,
        category: durably_engine::FailureCategory::Unspecified,
    };
    FailureRecord::new("declined", info)
}

#[test]
fn each_part_of_an_error_has_its_place_in_the_failure() {
    let declined = record(declined());
    assert_eq!(declined.message, "card declined: stolen");
    let data = "{\"reason\":\"stolen\",\"tries\":2,\"advice\":null}";
    assert_eq!(
        application(&declined),
        ("PayError", vec!["\"Declined\"", data], true, None)
    );
    let pause = Some(Duration::from_secs(30));
    assert_eq!(
        application(&record(PayError::Busy)),
        ("PayError", vec!["\"Busy\""], false, pause)
    );
    let partly = record(PayError::Partly(3, 4));
    assert_eq!(
        application(&partly),
        ("PayError", vec!["\"Partly\"", "3", "4"], false, None)
    );
    let odd = record(PayError::Odd(1.5));
    assert_eq!(
        application(&odd),
        ("PayError", vec!["\"odd\"", "1.5"], false, None)
    );
    let out_of = record(OutOf("tea".to_owned()));
    assert_eq!(
        application(&out_of),
        ("OutOf", vec!["\"tea\""], false, None)
    );
    let minute = Some(Duration::from_secs(60));
    assert_eq!(
        application(&record(Closed)),
        ("Closed", vec![], false, minute)
    );
}

#[test]
fn an_error_is_received_as_what_it_was() {
    assert_eq!(received(declined()), Some(declined()));
    assert_eq!(received(PayError::Busy), Some(PayError::Busy));
    assert_eq!(
        received(PayError::Partly(3, 4)),
        Some(PayError::Partly(3, 4))
    );
    assert_eq!(received(PayError::Odd(1.5)), Some(PayError::Odd(1.5)));
    let scanned = || PayError::Scanned(Bytes(vec![1]), vec![2], None);
    assert_eq!(received(scanned()), Some(scanned()));
    assert_eq!(
        received(PayError::Gateway(gateway())),
        Some(PayError::Gateway(gateway()))
    );
    let ledger = || PayError::Ledger {
        day: 3,
        source: Box::new(gateway()),
    };
    assert_eq!(received(ledger()), Some(ledger()));
    assert_eq!(
        received(OutOf("tea".to_owned())),
        Some(OutOf("tea".to_owned()))
    );
    assert_eq!(received(Closed), Some(Closed));
}

#[test]
fn fields_without_names_are_encoded_by_their_types() {
    let scanned = PayError::Scanned(Bytes(vec![1]), vec![2], Some("ok".to_owned()));
    let FailureInfo::Application { details, .. } = record(scanned).info else {
        panic!("it is an application failure");
    };
    let encodings: Vec<&str> = details.iter().map(Payload::encoding).collect();
    assert_eq!(
        encodings,
        ["json/plain", "binary/plain", "binary/plain", "json/plain"]
    );
}

#[test]
fn the_sender_and_the_receiver_use_their_format() {
    let converter = Converter::of(MessagePack);
    let error = || PayError::Odd(f64::INFINITY);
    let record = Error::from_typed(error()).to_record(&converter);
    assert_eq!(
        Failure::from_record(record, &converter).failed(),
        Some(error())
    );
    let record = Error::from_typed(declined()).to_record(&converter);
    assert_eq!(
        Failure::from_record(record, &converter).failed(),
        Some(declined())
    );
}

#[test]
fn a_field_that_cannot_be_encoded_leaves_the_rest() {
    let record = record(PayError::Odd(f64::NAN));
    let error = failure(record);
    assert_eq!(error.failed::<PayError>(), None);
    assert_eq!(error.to_string(), "PayError: odd");
    let app = error.app().expect("it is an application error");
    assert_eq!(app.detail::<String>(0).as_deref(), Ok("odd"));
    assert_eq!(
        app.detail::<String>(1).as_deref(),
        Ok("cannot write a detail of error `PayError` (`f64`): it is NaN, which JSON cannot hold")
    );
}

#[test]
fn a_named_field_that_cannot_be_encoded_is_reported_by_the_name_of_its_variant() {
    let error = failure(record(Measured::Weight { grams: f64::NAN }));
    let app = error.app().expect("it is an application error");
    assert_eq!(
        app.detail::<String>(1).as_deref(),
        Ok(
            "cannot write a detail of error `Measured` (`Measured::Weight`): `.grams` is NaN, which JSON cannot hold"
        )
    );
}

#[test]
fn the_first_named_field_can_be_added_and_removed() {
    let optional = failure(foreign("Measured", &["\"Length\""]));
    let length = Measured::Length {
        unit: None,
        count: 0,
    };
    assert_eq!(optional.failed(), Some(length));
    let required = failure(foreign("Measured", &["\"Weight\""]));
    assert_eq!(required.failed::<Measured>(), None);
    let of_struct = failure(foreign("Refused", &[]));
    assert_eq!(of_struct.failed(), Some(Refused { reason: None }));
    // A reader without the field finds the variant and the type.
    let newer = failure(foreign("PayError", &["\"Busy\"", "{\"host\":\"bank\"}"]));
    assert_eq!(newer.failed(), Some(PayError::Busy));
    let newer = failure(foreign("Closed", &["{\"host\":\"bank\"}"]));
    assert_eq!(newer.failed(), Some(Closed));
}

#[test]
fn a_cause_keeps_its_type_where_it_is_said_to_have_the_derive() {
    let outer = || AppError::new("Outer", "");
    let typed = Error::from(outer().caused_by_typed(gateway()));
    let typed = failure(typed.to_record(&Converter::JSON));
    assert_eq!(typed.failed(), Some(gateway()));
    let plain = Error::from(outer().caused_by(gateway()));
    let plain = failure(plain.to_record(&Converter::JSON));
    assert_eq!(plain.failed::<GatewayError>(), None);
}

#[test]
fn other_sdks_write_the_same() {
    let error = failure(foreign(
        "PayError",
        &["\"Declined\"", "{\"reason\":\"stolen\",\"tries\":2}"],
    ));
    assert_eq!(error.failed(), Some(declined()));
    // A field with `#[serde(default)]`, and options, may be missing.
    let error = failure(foreign(
        "PayError",
        &["\"Declined\"", "{\"reason\":\"stolen\"}"],
    ));
    assert!(matches!(
        error.failed(),
        Some(PayError::Declined { tries: 0, .. })
    ));
    let error = failure(foreign("PayError", &["\"Busy\""]));
    assert_eq!(error.failed(), Some(PayError::Busy));
}

#[test]
fn what_the_reader_does_not_know_is_no_error_of_its_type() {
    for (kind, details) in [
        ("PayError", &["\"Frozen\""][..]),
        ("PayError", &["\"Declined\""]),
        ("PayError", &["\"Declined\"", "{\"cause\":\"stolen\"}"]),
        ("PayError", &["\"Partly\"", "3"]),
        ("PayError", &["7"]),
        ("PayError", &[]),
        ("Declined", &["\"Busy\""]),
    ] {
        let error = failure(foreign(kind, details));
        assert_eq!(error.failed::<PayError>(), None, "{details:?}");
        assert_eq!(error.to_string(), format!("{kind}: declined"));
    }
    assert_eq!(failure(canceled()).failed::<PayError>(), None);
    assert_eq!(Error::from(out_of_stock()).failed::<PayError>(), None);
}

#[test]
fn it_is_found_wherever_it_stands_in_the_chain() {
    let activity = activity_failure(record(declined()));
    let child = child_failure(activity_failure(record(declined())));
    let activity = ActivityError::from_record(activity, &Converter::JSON);
    let child = ChildError::from_record(child, &Converter::JSON);
    assert_eq!(activity.failed(), Some(declined()));
    assert_eq!(child.failed(), Some(declined()));
    let outer = AppError::new("Outer", "").caused_by(child);
    assert_eq!(outer.failed(), Some(declined()));
    assert_eq!(Error::from(outer).failed(), Some(declined()));
    // The outermost one counts.
    let trip = Error::from_typed(TripError::Activity(activity));
    assert_eq!(trip.failed(), Some(declined()));
    assert!(matches!(trip.failed(), Some(TripError::Activity(_))));
}

#[test]
fn it_is_found_before_it_is_recorded() {
    let typed = Error::from_typed(declined());
    assert_eq!(typed.failed(), Some(declined()));
    assert_eq!(typed.downcast_ref(), Some(&declined()));
    assert_eq!(typed.to_string(), "card declined: stolen");
    assert_eq!(typed.downcast::<PayError>().ok(), Some(declined()));
    // `?` does not know that it has the derive.
    let by_question_mark = Error::from(declined());
    assert_eq!(by_question_mark.failed(), Some(declined()));
    let record = by_question_mark.to_record(&Converter::JSON);
    assert_eq!(
        application(&record),
        ("PayError", vec!["\"Declined\""], false, None)
    );
    // A transparent wrapper hides what it wraps, the derive does not.
    let wrapped = Error::from_typed(TripError::from(declined()));
    assert_eq!(wrapped.failed(), Some(declined()));
}

#[test]
fn a_transparent_variant_is_retried_as_what_it_wraps() {
    let gateway = record(PayError::Gateway(gateway()));
    assert_eq!(
        application(&gateway),
        ("PayError", vec!["\"Gateway\""], true, None)
    );
    let busy = record(TripError::Pay(PayError::Busy));
    let pause = Some(Duration::from_secs(30));
    assert_eq!(
        application(&busy),
        ("TripError", vec!["\"Pay\""], false, pause)
    );
    let app = record(TripError::App(AppError::new("Odd", "").non_retryable()));
    assert_eq!(
        application(&app),
        ("TripError", vec!["\"App\""], true, None)
    );
    // A text of its own is an error of its own.
    let ledger = PayError::Ledger {
        day: 3,
        source: Box::new(super::typed::gateway()),
    };
    assert_eq!(
        application(&record(ledger)),
        ("PayError", vec!["\"Ledger\"", "{\"day\":3}"], false, None)
    );
}

#[test]
fn sources_are_causes_and_are_made_again_if_they_can_be() {
    let received = |error: TripError| failure(record(error)).failed::<TripError>();
    let activity =
        ActivityError::from_record(activity_failure(python_failure("no tea")), &Converter::JSON);
    assert!(matches!(
        received(TripError::Activity(activity)),
        Some(TripError::Activity(error)) if error.activity == "reserve"
    ));
    let child = ChildError::from_record(child_failure(python_failure("no tea")), &Converter::JSON);
    assert!(matches!(
        received(TripError::Child(Box::new(child))),
        Some(TripError::Child(error)) if error.workflow == "Shipment"
    ));
    assert!(matches!(
        received(TripError::Cancelled(Cancelled)),
        Some(TripError::Cancelled(_))
    ));
    assert!(matches!(
        received(TripError::App(AppError::new("Odd", "no"))),
        Some(TripError::App(error)) if error.kind == "Odd"
    ));
    let again = TripError::Again(Box::new(TripError::Pay(PayError::Busy)));
    let Some(TripError::Again(inner)) = received(again) else {
        panic!("it is made again");
    };
    assert!(matches!(*inner, TripError::Pay(PayError::Busy)));
    // Their text alone is recorded.
    assert!(received(TripError::Io(io::Error::other("disk"))).is_none());
    assert!(received(TripError::Any(anyhow::Error::from(PayError::Busy))).is_none());
}

#[test]
fn a_source_of_another_type_is_recorded_with_its_name_or_as_source_returns_it() {
    let io = record(TripError::Io(io::Error::other("disk")));
    let cause = io.cause.expect("it has a source");
    assert_eq!((application(&cause).0, &*cause.message), ("Error", "disk"));
    let any = anyhow::Error::from(out_of_stock()).context("on the way");
    let any = record(TripError::Any(any));
    assert_eq!(any.message, "on the way");
    let cause = any.cause.expect("anyhow has a cause");
    assert_eq!(cause.message, "no unicorn left");
}

#[test]
fn the_text_of_a_transparent_variant_is_written_once() {
    let error = failure(record(PayError::Gateway(gateway())));
    assert_eq!(error.to_string(), "PayError: Gateway: no answer from bank");
}

#[test]
fn what_it_wraps_keeps_its_meaning() {
    let cancelled_activity =
        || ActivityError::from_record(activity_failure(canceled()), &Converter::JSON);
    let meaning = |error: TripError| match error.into_failure().meaning() {
        Meaning::Cancelled => "cancelled",
        Meaning::OtherCancelled => "other cancelled",
        Meaning::ContinueAsNew(_) => "next run",
        Meaning::CompleteLater => "complete later",
        Meaning::Failure => "failure",
    };
    assert_eq!(meaning(Cancelled.into()), "cancelled");
    assert_eq!(meaning(cancelled_activity().into()), "other cancelled");
    let again = TripError::Again(Box::new(Cancelled.into()));
    assert_eq!(meaning(again), "cancelled");
    assert_eq!(meaning(PayError::Busy.into()), "failure");
    let typed_meaning = |error: TripError| match Error::from_typed(error).meaning() {
        Meaning::Failure => "failure",
        other => panic!("it is a failure: {other:?}"),
    };
    // The derive knows the application error that a transparent variant hides.
    let refused = || AppError::new("Refused", "no seat").caused_by(cancelled_activity());
    assert_eq!(typed_meaning(refused().into()), "failure");
    let again = TripError::Again(Box::new(refused().into()));
    assert_eq!(typed_meaning(again), "failure");
    let typed = Error::from_typed(TripError::from(Cancelled));
    assert!(typed.is_cancelled());
    let record = typed.to_cancelled_record(&Converter::JSON);
    assert!(matches!(record.info, FailureInfo::Canceled { .. }));
}

#[test]
fn other_errors_hold_it_as_itself() {
    let any: anyhow::Error = Error::from_typed(PayError::Busy).into();
    assert_eq!(any.downcast_ref(), Some(&PayError::Busy));
    let boxed: Box<dyn std::error::Error + Send + Sync> = Error::from_typed(PayError::Busy).into();
    assert_eq!(boxed.downcast_ref(), Some(&PayError::Busy));
}
