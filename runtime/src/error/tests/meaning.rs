//! Cancellations and continue-as-new inside errors of the user's.

use std::error::Error as StdError;

use durably_engine::FailureInfo;

use super::{activity_failure, canceled, python_failure};
use crate::{
    data::{ArgList, Converter},
    error::{
        ActivityError, AppError, Cancelled, CompleteLater, ContinueAsNew, Details, Error, Failure,
        Meaning, NextRun, ResultError, WorkflowCancelled, WorkflowFailed, WorkflowTerminated,
    },
};

/// A user's error that names nothing itself.
#[derive(Debug, thiserror::Error)]
enum Transparent {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Activity(#[from] ActivityError),
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Result(#[from] ResultError),
    #[error(transparent)]
    ContinueAsNew(#[from] ContinueAsNew),
    #[error(transparent)]
    Any(#[from] anyhow::Error),
    #[error(transparent)]
    Boxed(#[from] Box<dyn StdError + Send + Sync>),
    #[error(transparent)]
    Again(#[from] Box<Self>),
}

/// A user's error with words of its own.
#[derive(Debug, thiserror::Error)]
#[error("the trip failed")]
struct Wrapped<E: StdError + 'static>(#[source] E);

/// A helper's error, which holds what it got as `anyhow` has it.
#[derive(Debug, thiserror::Error)]
#[error("the helper failed")]
struct Helper(#[source] anyhow::Error);

/// A user's error that does not return what it holds.
#[derive(Debug, thiserror::Error)]
#[error("the trip failed")]
struct Hides(ContinueAsNew);

fn next_run() -> ContinueAsNew {
    ContinueAsNew::new("Trip", (3,).encode(&Converter::default()))
}

fn cancelled_activity() -> ActivityError {
    ActivityError::from_record(activity_failure(canceled()), &Converter::JSON)
}

fn failed_activity() -> ActivityError {
    ActivityError::from_record(activity_failure(python_failure("no tea")), &Converter::JSON)
}

fn cancelled_workflow() -> WorkflowCancelled {
    WorkflowCancelled {
        workflow_id: "trip".to_owned(),
        run_id: "r".to_owned(),
        details: Details::default(),
    }
}

fn meaning(error: impl Into<Error>) -> &'static str {
    match error.into().meaning() {
        Meaning::Cancelled => "cancelled",
        Meaning::OtherCancelled => "other cancelled",
        Meaning::ContinueAsNew(next) => {
            assert_eq!(next.request().expect("it was encoded").input.len(), 1);
            "next run"
        }
        Meaning::CompleteLater => "complete later",
        Meaning::Failure => "failure",
    }
}

#[test]
fn our_own_errors_mean_what_they_say() {
    assert_eq!(meaning(Cancelled), "cancelled");
    assert_eq!(meaning(cancelled_activity()), "other cancelled");
    assert_eq!(meaning(cancelled_workflow()), "other cancelled");
    let result = ResultError::Cancelled(cancelled_workflow());
    assert_eq!(meaning(result), "other cancelled");
    assert_eq!(meaning(Failure::Cancelled), "other cancelled");
    assert_eq!(meaning(next_run()), "next run");
    assert_eq!(meaning(CompleteLater::new()), "complete later");
    assert_eq!(meaning(failed_activity()), "failure");
    assert_eq!(meaning(Error::message("cancelled")), "failure");
}

#[test]
fn a_transparent_wrapper_keeps_the_meaning() {
    assert_eq!(meaning(Transparent::from(Cancelled)), "cancelled");
    let activity = Transparent::from(cancelled_activity());
    assert_eq!(meaning(activity), "other cancelled");
    let failure = Transparent::from(Failure::Cancelled);
    assert_eq!(meaning(failure), "other cancelled");
    let result = ResultError::Cancelled(cancelled_workflow());
    assert_eq!(meaning(Transparent::from(result)), "other cancelled");
    assert_eq!(meaning(Transparent::from(next_run())), "next run");
    assert_eq!(meaning(Transparent::from(failed_activity())), "failure");
}

/// The wrapper hides the `AppError` itself: the guide says so.
#[test]
fn of_a_transparent_app_error_only_the_cause_counts() {
    let refused = || AppError::new("Refused", "no seat").caused_by(cancelled_activity());
    assert_eq!(meaning(refused()), "failure");
    assert_eq!(meaning(Wrapped(refused())), "failure");
    assert_eq!(meaning(Transparent::from(refused())), "other cancelled");
    let alone = AppError::new("Refused", "no seat");
    assert_eq!(meaning(Transparent::from(alone)), "failure");
}

#[test]
fn a_wrapper_with_words_of_its_own_keeps_the_meaning() {
    assert_eq!(meaning(Wrapped(Cancelled)), "cancelled");
    assert_eq!(meaning(Wrapped(cancelled_activity())), "other cancelled");
    assert_eq!(meaning(Wrapped(next_run())), "next run");
    assert_eq!(meaning(Wrapped(CompleteLater::new())), "complete later");
    assert_eq!(meaning(Wrapped(failed_activity())), "failure");
}

#[test]
fn wrappers_of_wrappers_keep_the_meaning() {
    let twice = Transparent::from(Box::new(Transparent::from(Cancelled)));
    assert_eq!(meaning(twice), "cancelled");
    let both = Wrapped(Transparent::from(next_run()));
    assert_eq!(meaning(both), "next run");
    let both = Wrapped(Wrapped(Transparent::from(cancelled_activity())));
    assert_eq!(meaning(both), "other cancelled");
}

#[test]
fn anyhow_and_boxed_errors_keep_the_meaning() {
    let any = anyhow::Error::from(Cancelled).context("on the way");
    assert_eq!(meaning(Transparent::from(any)), "cancelled");
    assert_eq!(meaning(Helper(Cancelled.into())), "cancelled");
    let any = anyhow::Error::from(Transparent::from(next_run()));
    assert_eq!(meaning(Transparent::from(any)), "next run");
    let boxed: Box<dyn StdError + Send + Sync> = Box::new(Transparent::from(Cancelled));
    assert_eq!(meaning(Transparent::from(boxed)), "cancelled");
    let boxed: Box<dyn StdError + Send + Sync> = Box::new(cancelled_activity());
    assert_eq!(meaning(Transparent::from(boxed)), "other cancelled");
    let boxed: Box<dyn StdError + Send + Sync> = "no way".into();
    assert_eq!(meaning(Transparent::from(boxed)), "failure");
}

#[test]
fn a_failure_stays_one_whatever_was_cancelled_before_it() {
    let app = AppError::new("GaveUp", "no seat").caused_by(cancelled_activity());
    assert_eq!(meaning(app.clone()), "failure");
    assert_eq!(meaning(Wrapped(app)), "failure");
    let failed = WorkflowFailed {
        workflow_id: "trip".to_owned(),
        run_id: "r".to_owned(),
        cause: Failure::Activity(Box::new(cancelled_activity())),
        retry_state: durably_engine::RetryState::Unspecified,
    };
    assert_eq!(meaning(failed.clone()), "failure");
    assert_eq!(meaning(ResultError::Failed(failed)), "failure");
    let terminated = WorkflowTerminated {
        workflow_id: "trip".to_owned(),
        run_id: "r".to_owned(),
        reason: String::new(),
        details: Details::default(),
    };
    assert_eq!(meaning(ResultError::Terminated(terminated)), "failure");
}

#[test]
fn is_cancelled_looks_into_errors_of_the_users() {
    assert!(Error::from(Transparent::from(Cancelled)).is_cancelled());
    assert!(Error::from(Wrapped(cancelled_activity())).is_cancelled());
    assert!(!Error::from(Transparent::from(next_run())).is_cancelled());
    assert!(!Error::from(Wrapped(failed_activity())).is_cancelled());
}

#[test]
fn the_marks_of_a_meaning_are_no_causes() {
    for error in [
        Error::from(Cancelled),
        cancelled_workflow().into(),
        Failure::Cancelled.into(),
        next_run().into(),
        CompleteLater::new().into(),
        Transparent::from(Cancelled).into(),
    ] {
        assert_eq!(error.chain().count(), 1, "{error:?}");
        assert_eq!(format!("{error:?}"), error.to_string());
        assert_eq!(error.to_own_record().cause, None);
    }
    let wrapped = Error::from(Wrapped(Cancelled));
    assert_eq!(format!("{wrapped:#}"), "the trip failed: cancelled");
    let record = wrapped.to_own_record();
    assert!(
        matches!(&record.info, FailureInfo::Application { kind, .. } if kind.starts_with("Wrapped")),
        "{record:?}"
    );
    let cause = record.cause.expect("the cancellation is the cause");
    assert!(matches!(cause.info, FailureInfo::Canceled { .. }));
    assert_eq!(cause.cause, None);
}

#[test]
fn a_cancellation_is_recorded_with_the_users_text() {
    let record = Error::from(Wrapped(Cancelled)).to_cancelled_record(&Converter::JSON);
    assert!(matches!(record.info, FailureInfo::Canceled { .. }));
    assert_eq!(record.message, "the trip failed");
    assert!(record.cause.is_some());
    let activity = Error::from(cancelled_activity()).to_cancelled_record(&Converter::JSON);
    assert!(matches!(activity.info, FailureInfo::Activity { .. }));
}

#[test]
fn a_next_run_that_an_error_hides_is_noticed() {
    assert_eq!(meaning(Hides(next_run())), "failure");
    assert!(NextRun::is_dropped_with(Hides(next_run()).into()));
    assert!(NextRun::is_dropped_with(Wrapped(next_run()).into()));
    assert!(!NextRun::is_dropped_with(Wrapped(Cancelled).into()));
}

#[test]
fn a_next_run_can_be_cloned_and_is_small() {
    let next = next_run();
    let cloned = next.clone().run_timeout(crate::time::span::secs(3));
    assert_eq!(meaning(next), "next run");
    assert_eq!(meaning(cloned), "next run");
    assert_eq!(size_of::<ContinueAsNew>(), size_of::<usize>());
}
