//! The ways to and from `anyhow::Error`, `eyre::Report` and boxed errors.

use std::{error::Error as StdError, num::ParseIntError};

use durably_engine::FailureInfo;

use super::{OutOfStock, out_of_stock};
use crate::error::{AppError, Cancelled, Error, Result};

type Boxed = Box<dyn StdError + Send + Sync>;

fn fails() -> Result<()> {
    Err(out_of_stock().into())
}

fn kind(error: &Error) -> String {
    match error.to_own_record().info {
        FailureInfo::Application { kind, .. } => kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_boxed_error_is_what_it_was() {
    fn question_mark() -> Result<(), Box<dyn StdError>> {
        Ok(fails()?)
    }
    fn question_mark_between_threads() -> Result<(), Boxed> {
        Ok(fails()?)
    }
    assert!(question_mark().unwrap_err().is::<OutOfStock>());
    let boxed = question_mark_between_threads().unwrap_err();
    let error = Error::from_boxed(boxed);
    assert!(error.is::<OutOfStock>());
    assert_eq!(kind(&error), "Error");
    assert_eq!(
        format!("{error:#}"),
        "no unicorn left: invalid digit found in string"
    );
    let Err(error) = error.downcast::<Cancelled>() else {
        panic!("it is no cancellation");
    };
    let OutOfStock(_) = error.downcast().expect("it is what went in");
}

#[test]
fn texts_and_named_errors_become_errors_too() {
    let error = Error::from_boxed("no address");
    assert_eq!(
        (&*error.to_string(), &*kind(&error)),
        ("no address", "Error")
    );
    let error = Error::from_boxed(format!("no {}", "address"));
    assert_eq!(
        (&*error.to_string(), &*kind(&error)),
        ("no address", "Error")
    );
    let error = Error::from_boxed(out_of_stock());
    assert_eq!(kind(&error), "OutOfStock");
    let error = Error::from_boxed(fails().unwrap_err());
    assert_eq!(kind(&error), "OutOfStock");
}

#[test]
fn our_own_errors_keep_their_meaning_in_a_box() {
    let boxed: Boxed = AppError::new("Empty", "no tea").non_retryable().into();
    let error = Error::from_boxed(boxed);
    assert!(error.app().is_some_and(|app| app.non_retryable));
    assert_eq!(kind(&error), "Empty");
    let boxed: Boxed = Cancelled.into();
    assert!(Error::from_boxed(boxed).is_cancelled());
}

#[cfg(feature = "anyhow")]
mod with_anyhow {
    use anyhow::Context;

    use super::*;

    fn question_mark() -> anyhow::Result<()> {
        Ok(fails()?)
    }

    fn with_context() -> anyhow::Result<()> {
        question_mark().context("in the shop")
    }

    #[test]
    fn question_mark_keeps_the_error_and_its_sources() {
        let error = question_mark().unwrap_err();
        assert!(error.is::<OutOfStock>());
        let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
        assert_eq!(chain, ["no unicorn left", "invalid digit found in string"]);
        let OutOfStock(_) = error.downcast().expect("it is what went in");
    }

    #[test]
    fn an_anyhow_error_keeps_what_it_holds() {
        let error = Error::from_boxed(question_mark().unwrap_err());
        assert!(error.is::<OutOfStock>());
        assert_eq!(kind(&error), "Error");
        let OutOfStock(_) = error.downcast().expect("it is what went in");

        let error = Error::from_boxed(with_context().unwrap_err());
        assert_eq!(
            format!("{error:#}"),
            "in the shop: no unicorn left: invalid digit found in string"
        );
        assert!(error.chain().any(|cause| cause.is::<ParseIntError>()));
        let cause = error
            .to_own_record()
            .cause
            .expect("the context has a cause");
        assert_eq!(cause.message, "no unicorn left");
    }

    #[test]
    fn our_own_errors_keep_their_meaning_in_anyhow() {
        let app = AppError::new("Empty", "no tea").non_retryable();
        let error = Error::from_boxed(anyhow::Error::from(app));
        assert!(error.app().is_some_and(|app| app.non_retryable));
        assert_eq!(kind(&error), "Empty");
        let context = anyhow::Error::from(Cancelled).context("on the way");
        assert!(Error::from_boxed(context).is_cancelled());
        let message = Error::from_boxed(anyhow::anyhow!("no {}", "tea"));
        assert_eq!(message.to_string(), "no tea");
    }

    #[test]
    fn an_anyhow_error_comes_back_as_it_was() {
        let error = Error::from_boxed(with_context().unwrap_err());
        let error = anyhow::Error::from(error);
        // anyhow also finds what is under a context.
        assert!(error.downcast_ref::<OutOfStock>().is_some());
        let boxed: Boxed = Error::from_boxed(question_mark().unwrap_err()).into();
        assert!(boxed.is::<OutOfStock>());
        let boxed: Boxed = out_of_stock().into();
        let error = anyhow::Error::from(Error::from_boxed(boxed));
        assert_eq!(error.to_string(), "no unicorn left");
        assert!(error.chain().any(|cause| cause.is::<ParseIntError>()));
    }
}

#[cfg(feature = "eyre")]
mod with_eyre {
    use eyre::WrapErr;

    use super::*;

    fn question_mark() -> eyre::Result<()> {
        Ok(fails()?)
    }

    #[test]
    fn question_mark_keeps_the_error_and_its_sources() {
        let report = question_mark().unwrap_err();
        assert!(report.is::<OutOfStock>());
        let chain: Vec<_> = report.chain().map(ToString::to_string).collect();
        assert_eq!(chain, ["no unicorn left", "invalid digit found in string"]);
        let shown = format!("{report:?}");
        assert!(shown.contains("tests/erased.rs"), "{shown}");
        let OutOfStock(_) = report.downcast().expect("it is what went in");
    }

    #[test]
    fn a_report_keeps_what_it_holds() {
        let error = Error::from_boxed(question_mark().unwrap_err());
        assert!(error.is::<OutOfStock>());
        assert_eq!(kind(&error), "Error");
        let OutOfStock(_) = error.downcast().expect("it is what went in");

        let report = question_mark().wrap_err("in the shop").unwrap_err();
        let error = Error::from_boxed(report);
        assert_eq!(
            format!("{error:#}"),
            "in the shop: no unicorn left: invalid digit found in string"
        );
        let report = eyre::Report::from(error);
        assert!(report.downcast_ref::<OutOfStock>().is_some());
        let error = Error::from_boxed(eyre::Report::from(Cancelled));
        assert!(error.is_cancelled());
    }

    #[test]
    fn a_report_keeps_the_place_where_it_was_made() {
        let report = question_mark().unwrap_err();
        let made = format!("{report:?}");
        let returned = eyre::Report::from(Error::from_boxed(report));
        assert_eq!(format!("{returned:?}"), made);
    }

    #[test]
    fn a_boxed_error_becomes_a_report() {
        let boxed: Boxed = out_of_stock().into();
        let report = eyre::Report::from(Error::from_boxed(boxed));
        assert_eq!(report.to_string(), "no unicorn left");
        assert!(report.chain().any(|cause| cause.is::<ParseIntError>()));
    }
}
