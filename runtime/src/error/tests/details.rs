//! Details are encoded by who sends the error, and decoded by who received it.

use durably_engine::{FailureInfo, FailureRecord, Payload, TimeoutKind};

use super::{activity_failure, child_failure, out_of_stock};
use crate::{
    data::{Bytes, Converter, tests::formats::MessagePack},
    error::{ActivityError, AppError, ChildError, DataError, Error, Failure, Result},
};

/// `[1.5, inf]` in MessagePack.
const PRICES: &[u8] = b"\x92\xcb\x3f\xf8\0\0\0\0\0\0\xcb\x7f\xf0\0\0\0\0\0\0";

fn prices() -> Payload {
    Payload::new("binary/msgpack", PRICES.to_vec())
}

fn message_pack() -> Converter {
    Converter::of(MessagePack)
}

fn details_of(record: &FailureRecord) -> &[Payload] {
    match &record.info {
        FailureInfo::Application { details, .. } => details,
        _ => panic!("it is an application failure: {record:?}"),
    }
}

#[test]
fn each_sender_encodes_them_in_its_format() {
    let scan = Bytes(vec![1]);
    let error = AppError::new("Odd", "see the details")
        .details([1.5, f64::INFINITY])
        .details(&scan)
        .details(None::<u8>);
    let error = Error::from(error);
    let packed = error.to_record(&message_pack());
    let others = [Payload::bytes(vec![1]), Payload::null()];
    assert_eq!(details_of(&packed)[0], prices());
    assert_eq!(details_of(&packed)[1..], others);
    let json = error.to_record(&Converter::JSON);
    let refused = "\"cannot write a detail of error `Odd` (`[f64; 2]`): `[1]` is inf, which JSON \
                   cannot hold\"";
    assert_eq!(details_of(&json)[0], Payload::json(refused.into()));
    assert_eq!(details_of(&json)[1..], others);
}

#[test]
fn the_details_of_a_cause_wait_for_the_sender_too() {
    let inner = AppError::new("Inner", "").details([1.5, f64::INFINITY]);
    let outer = AppError::new("Outer", "").caused_by(inner);
    let wrapped = AppError::new("Outermost", "").caused_by(outer);
    let record = Error::from(wrapped).to_record(&message_pack());
    let outer = record.cause.expect("it is caused by `outer`");
    let inner = outer.cause.expect("it is caused by `inner`");
    assert_eq!(details_of(&inner), [prices()]);
}

fn app_failure() -> FailureRecord {
    let error = AppError::new("Odd", "").details([1.5, f64::INFINITY]);
    Error::from(error).to_record(&message_pack())
}

fn read(error: Option<&AppError>) -> Result<Vec<f64>, DataError> {
    error
        .expect("an application error is in the chain")
        .detail(0)
}

#[test]
fn who_received_them_decodes_them_wherever_the_error_stands_in_the_chain() {
    let converter = &message_pack();
    let expected = Ok(vec![1.5, f64::INFINITY]);
    let failure = Failure::from_record(app_failure(), converter);
    assert_eq!(read(failure.app()), expected);
    let activity = ActivityError::from_record(activity_failure(app_failure()), converter);
    assert_eq!(read(activity.app()), expected);
    let record = child_failure(activity_failure(app_failure()));
    let child = ChildError::from_record(record.clone(), converter);
    assert_eq!(read(child.app()), expected);
    let server = FailureInfo::Server {
        non_retryable: true,
    };
    let server = FailureRecord::new("too large", server).caused_by(app_failure());
    assert_eq!(
        read(Failure::from_record(server, converter).app()),
        expected
    );
    let other = FailureRecord::new("unset", FailureInfo::Unset).caused_by(app_failure());
    assert_eq!(read(Failure::from_record(other, converter).app()), expected);

    let child = ChildError::from_record(record, &Converter::JSON);
    assert_eq!(
        read(child.app()).expect_err("JSON only").to_string(),
        "cannot read detail 0 of error `Odd` as `Vec<f64>`: encoding `binary/msgpack` is not known \
         here; is a codec missing?"
    );
}

#[test]
fn a_timeout_has_the_last_heartbeat_and_the_last_failure_in_the_format_of_the_worker() {
    let timeout = FailureInfo::Timeout {
        kind: TimeoutKind::Heartbeat,
        last_heartbeat_details: vec![prices()],
    };
    let timeout = FailureRecord::new("timeout", timeout).caused_by(app_failure());
    let error = ActivityError::from_record(activity_failure(timeout), &message_pack());
    let expected = vec![1.5, f64::INFINITY];
    assert_eq!(error.last_heartbeat(), Ok(Some(expected.clone())));
    let last = error.last_failure().expect("an attempt failed before");
    assert_eq!(read(last.app()), Ok(expected));
}

#[test]
fn what_came_with_a_cause_is_read_by_its_index() {
    let seven = Payload::json(b"7".to_vec());
    let details = || vec![prices(), seven.clone()];
    let cancelled = FailureInfo::Canceled { details: details() };
    let timeout = FailureInfo::Timeout {
        kind: TimeoutKind::Heartbeat,
        last_heartbeat_details: details(),
    };
    let converter = &message_pack();
    for info in [cancelled, timeout] {
        let cause = FailureRecord::new("", info);
        let activity = ActivityError::from_record(activity_failure(cause.clone()), converter);
        assert_eq!(activity.detail(0), Ok(vec![1.5, f64::INFINITY]));
        assert_eq!(activity.detail(1), Ok(7));
        let child = ChildError::from_record(child_failure(cause), converter);
        assert_eq!(child.detail(1), Ok(7));
        let missing = child.detail::<u32>(2).expect_err("there are two");
        assert_eq!(
            missing.to_string(),
            "detail 2 of the end of child workflow `Shipment` is missing: expected `u32`"
        );
    }
    let failed = ActivityError::from_record(activity_failure(app_failure()), converter);
    assert_eq!(failed.detail(0), Ok(vec![1.5, f64::INFINITY]));
}

#[test]
fn received_details_are_passed_on_as_they_came_and_new_ones_in_the_format() {
    let Failure::App(app) = Failure::from_record(app_failure(), &message_pack()) else {
        panic!("it is an application failure");
    };
    let passed_on = Error::from(app.details(7)).to_record(&Converter::JSON);
    let seven = Payload::json(b"7".to_vec());
    assert_eq!(details_of(&passed_on), [prices(), seven]);
}

#[test]
fn a_new_cause_replaces_the_one_that_an_error_was_received_with() {
    let failure = app_failure().caused_by(FailureRecord::new("before", FailureInfo::Unset));
    let Failure::App(app) = Failure::from_record(failure, &Converter::JSON) else {
        panic!("it is an application failure");
    };
    let record = Error::from(app.caused_by(out_of_stock())).to_own_record();
    let cause = record.cause.expect("it has a cause");
    assert_eq!(cause.message, "no unicorn left");
}

#[test]
fn a_detail_that_is_missing_or_of_another_type_is_named() {
    let error = AppError::new("Odd", "").details("three").details(f64::NAN);
    assert_eq!(error.details.len(), 2);
    let text = |index| {
        let read: Result<u32, DataError> = error.detail(index);
        read.expect_err("it is none").to_string()
    };
    assert_eq!(
        text(0),
        "cannot read detail 0 of error `Odd` as `u32`: invalid type: string \"three\", expected u32"
    );
    assert_eq!(
        text(1),
        "cannot write detail 1 of error `Odd` (`f64`): it is NaN, which JSON cannot hold"
    );
    assert_eq!(
        text(2),
        "detail 2 of error `Odd` is missing: expected `u32`"
    );
}
