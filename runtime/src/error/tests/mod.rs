//! Errors to failures and back, and what they say.

mod details;
mod erased;
mod meaning;
mod typed;
mod variant;

use std::{fmt, time::Duration};

use durably_engine::{
    EventId, FailureCategory, FailureInfo, FailureRecord, Payload, RetryState, TimeoutKind,
};

use super::{
    ActivityError, AppError, Cancelled, ChildError, Error, Failure, Result, UpdateRejected,
};
use crate::data::Converter;

/// A user's own error, with a source.
#[derive(Debug)]
struct OutOfStock(std::num::ParseIntError);

impl fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no unicorn left")
    }
}

impl std::error::Error for OutOfStock {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn out_of_stock() -> OutOfStock {
    OutOfStock("x".parse::<u8>().expect_err("x is no number"))
}

/// The error that stands for a recorded failure.
fn error(record: FailureRecord) -> Error {
    Failure::from_record(record, &Converter::JSON).into()
}

/// An application failure as another SDK writes it.
fn python_failure(message: &str) -> FailureRecord {
    FailureRecord {
        message: message.to_owned(),
        source: "PythonSDK".to_owned(),
        stack_trace: "  File \"shop.py\"".to_owned(),
        encoded_attributes: None,
        cause: Some(Box::new(FailureRecord::new(
            "inner",
            FailureInfo::Timeout {
                kind: TimeoutKind::Heartbeat,
                last_heartbeat_details: vec![Payload::json(b"7".to_vec())],
            },
        ))),
        info: FailureInfo::Application {
            kind: "ValueError".to_owned(),
            non_retryable: true,
            details: vec![Payload::json(b"3".to_vec())],
            next_retry_delay: Some(Duration::from_secs(2)),
            category: FailureCategory::Benign,
        },
    }
}

/// An activity's failure, as the server puts it into a history.
fn activity_failure(cause: FailureRecord) -> FailureRecord {
    FailureRecord::new(
        "activity error",
        FailureInfo::Activity {
            scheduled: EventId(5),
            started: EventId(6),
            identity: "1@host".to_owned(),
            activity_type: "reserve".to_owned(),
            activity_id: "1".to_owned(),
            retry_state: RetryState::MaximumAttemptsReached,
        },
    )
    .caused_by(cause)
}

fn child_failure(cause: FailureRecord) -> FailureRecord {
    FailureRecord::new(
        "child workflow execution error",
        FailureInfo::ChildWorkflow {
            namespace: "default".to_owned(),
            workflow_id: "ship-1".to_owned(),
            run_id: "r".to_owned(),
            workflow_type: "Shipment".to_owned(),
            initiated: EventId(5),
            started: EventId(6),
            retry_state: RetryState::NonRetryableFailure,
        },
    )
    .caused_by(cause)
}

fn canceled() -> FailureRecord {
    let details = Vec::new();
    FailureRecord::new("cancelled", FailureInfo::Canceled { details })
}

#[test]
fn an_error_of_the_users_keeps_its_name_and_its_causes() {
    let record = Error::from(out_of_stock()).to_own_record();
    assert_eq!(record.message, "no unicorn left");
    let FailureInfo::Application { kind, .. } = &record.info else {
        panic!("{record:?}");
    };
    assert_eq!(kind, "OutOfStock");
    let cause = record.cause.expect("the source is kept");
    assert_eq!(cause.message, "invalid digit found in string");
}

#[test]
fn a_rejected_update_says_so_once() {
    let reason = AppError::new(AppError::REJECTED, "nothing to deposit");
    let error = Error::from(UpdateRejected {
        update: "deposit".to_owned(),
        update_id: "u".to_owned(),
        cause: Failure::from_record(reason.into_record(), &Converter::JSON),
    });
    let text = "update `deposit` was rejected: nothing to deposit";
    assert_eq!(error.to_string(), text);
    assert_eq!(format!("{error:#}"), text);
    assert_eq!(format!("{error:?}"), text);
    let kind = error.app().map(|app| &*app.kind);
    assert_eq!(kind, Some("UpdateRejected"));
}

#[test]
fn an_app_error_says_all_that_temporal_knows() {
    let error = AppError::new("OutOfStock", "no unicorn left")
        .details("unicorn")
        .details(3)
        .non_retryable()
        .next_retry_delay(Duration::from_secs(5))
        .caused_by(out_of_stock());
    let record = Error::from(error).to_own_record();
    assert_eq!(
        record.info,
        FailureInfo::Application {
            kind: "OutOfStock".to_owned(),
            non_retryable: true,
            details: vec![
                Payload::json(b"\"unicorn\"".to_vec()),
                Payload::json(b"3".to_vec())
            ],
            next_retry_delay: Some(Duration::from_secs(5)),
            category: FailureCategory::Unspecified,
        }
    );
    assert_eq!(
        record.cause.map(|cause| cause.message),
        Some("no unicorn left".to_owned())
    );
}

#[test]
fn failures_survive_the_way_through_an_error() {
    for record in [
        python_failure("no tea"),
        activity_failure(python_failure("no tea")),
        child_failure(activity_failure(python_failure("no tea"))),
        FailureRecord::new(
            "gone",
            FailureInfo::Server {
                non_retryable: true,
            },
        ),
        FailureRecord::new("terminated", FailureInfo::Terminated),
        FailureRecord::new(
            "op",
            FailureInfo::NexusHandler {
                kind: "NOT_FOUND".to_owned(),
                retry_behavior: 1,
            },
        ),
        FailureRecord::new("unset", FailureInfo::Unset),
    ] {
        assert_eq!(error(record.clone()).to_own_record(), record);
    }
}

#[test]
fn a_cancellation_is_recognised_however_deep_it_came_from() {
    assert!(Error::from(Cancelled).is_cancelled());
    assert!(error(canceled()).is_cancelled());
    assert!(error(activity_failure(canceled())).is_cancelled());
    assert!(error(child_failure(activity_failure(canceled()))).is_cancelled());
    assert!(!error(activity_failure(python_failure("no"))).is_cancelled());
    assert!(!Error::message("cancelled").is_cancelled());
}

#[test]
fn the_parts_of_a_chain_are_found_from_its_end() {
    let error = error(child_failure(activity_failure(python_failure("no tea"))));
    let child = error.child().expect("it is a child's failure");
    assert_eq!(
        (&*child.workflow, &*child.workflow_id),
        ("Shipment", "ship-1")
    );
    let activity = error.activity().expect("an activity failed in the child");
    assert_eq!(activity.activity, "reserve");
    assert_eq!(activity.retry_state(), RetryState::MaximumAttemptsReached);
    let app = error.app().expect("the activity returned an error");
    assert_eq!((&*app.kind, app.non_retryable), ("ValueError", true));
    assert_eq!(app.detail::<u8>(0), Ok(3));
    assert_eq!(app.stack_trace(), "  File \"shop.py\"");
    assert!(matches!(error.failure(), Some(Failure::Child(_))));
}

#[test]
fn app_is_the_outermost_application_error_and_apps_are_all() {
    let stock = FailureRecord::new(
        "no tea",
        Error::from(AppError::new("StockError", ""))
            .to_own_record()
            .info,
    );
    let order = AppError::new("OrderError", "no order").caused_by(error(activity_failure(stock)));
    let record = child_failure(Error::from(order).to_own_record());
    let kinds = |apps: Vec<&AppError>| apps.iter().map(|app| app.kind.clone()).collect::<Vec<_>>();
    let child = ChildError::from_record(record.clone(), &Converter::JSON);
    assert_eq!(child.app().map(|app| &*app.kind), Some("OrderError"));
    assert_eq!(kinds(child.apps().collect()), ["OrderError", "StockError"]);
    // The child, its error, the activity, and its error.
    assert_eq!(child.chain().count(), 4);
    let parcel = Error::from(AppError::new("ParcelError", "no parcel").caused_by(child));
    assert_eq!(parcel.app().map(|app| &*app.kind), Some("ParcelError"));
    assert_eq!(
        kinds(parcel.apps().collect()),
        ["ParcelError", "OrderError", "StockError"]
    );
    let child = parcel.child().expect("a child is in the chain");
    assert_eq!(child.app().map(|app| &*app.kind), Some("OrderError"));
    let activity = parcel.activity().expect("an activity is in the chain");
    assert_eq!(activity.app().map(|app| &*app.kind), Some("StockError"));
    assert_eq!(
        kinds(error(record).apps().collect()),
        ["OrderError", "StockError"]
    );
}

#[test]
fn what_led_to_a_failure_of_another_kind_is_a_link_of_the_chain() {
    for info in [
        FailureInfo::Server {
            non_retryable: true,
        },
        FailureInfo::NexusHandler {
            kind: "NOT_FOUND".to_owned(),
            retry_behavior: 1,
        },
    ] {
        let record = FailureRecord::new("too large", info).caused_by(python_failure("no tea"));
        let error = error(record.clone());
        assert_eq!(error.app().map(|app| &*app.kind), Some("ValueError"));
        assert_eq!(error.to_own_record(), record);
    }
}

#[test]
fn a_timeout_tells_its_kind_and_the_last_heartbeat() {
    let timeout = FailureRecord::new(
        "activity Heartbeat timeout",
        FailureInfo::Timeout {
            kind: TimeoutKind::Heartbeat,
            last_heartbeat_details: vec![Payload::json(b"7".to_vec())],
        },
    )
    .caused_by(python_failure("last attempt"));
    let error = ActivityError::from_record(activity_failure(timeout), &Converter::JSON);
    assert_eq!(error.timeout(), Some(TimeoutKind::Heartbeat));
    assert_eq!(error.last_heartbeat::<u32>(), Ok(Some(7)));
    let last = error.last_failure().expect("an attempt failed before");
    assert_eq!(
        last.to_string(),
        "ValueError: last attempt: heartbeat timeout"
    );
    assert_eq!(
        error.to_string(),
        "activity `reserve` timed out: heartbeat timeout"
    );
}

#[test]
fn a_failure_of_the_servers_tells_its_causes_once() {
    let error = error(activity_failure(python_failure("no tea")));
    let told = "activity `reserve` failed: ValueError: no tea: heartbeat timeout";
    assert_eq!(error.to_string(), told);
    assert_eq!(format!("{error:#}"), told);
    assert_eq!(format!("{error:?}"), told);
}

#[test]
fn the_sources_of_other_errors_are_told_on_one_line_or_one_a_line() {
    let error = Error::from(out_of_stock());
    assert_eq!(error.to_string(), "no unicorn left");
    assert_eq!(
        format!("{error:#}"),
        "no unicorn left: invalid digit found in string"
    );
    assert_eq!(
        format!("{error:?}"),
        "no unicorn left\n  caused by: invalid digit found in string"
    );
}

#[test]
fn an_error_is_given_back_as_what_it_was() {
    let error = Error::from(out_of_stock());
    let Err(error) = error.downcast::<Cancelled>() else {
        panic!("it is no cancellation");
    };
    assert!(error.downcast::<OutOfStock>().is_ok());
}

#[test]
fn bail_has_no_type_of_its_own() {
    fn fail() -> Result<()> {
        crate::bail!("no address for {}", 7);
    }
    let error = fail().expect_err("it bails");
    assert_eq!(error.to_string(), "no address for 7");
    assert_eq!(error.app().map(|app| &*app.kind), Some("Error"));
}

#[test]
fn errors_of_calls_are_small() {
    assert!(size_of::<ActivityError>() <= 96);
    assert!(size_of::<crate::error::ResultError>() <= 128);
    assert_eq!(size_of::<Error>(), 16);
}
