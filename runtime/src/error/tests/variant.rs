//! The variant of an error without the derive is the first detail of its failure.

use std::fmt;

use super::out_of_stock;
use crate::error::{AppError, Error, Failure};

#[derive(Debug, thiserror::Error)]
#[error("no trip")]
enum TripError {
    SoldOut,
    Delayed { minutes: u32 },
    Lost(String),
}

/// Its `Debug` is a text.
struct Spoken(&'static str);

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it speaks")
    }
}

impl std::error::Error for Spoken {}

fn app(error: impl Into<Error>) -> AppError {
    match Failure::of(&error.into()) {
        Failure::App(app) => *app,
        other => panic!("it is an application failure: {other:?}"),
    }
}

fn variant(error: impl Into<Error>) -> Option<String> {
    let app = app(error);
    assert!(app.details.len() <= 1);
    app.detail(0).ok()
}

#[test]
fn a_variant_is_named_however_its_fields_are_written() {
    assert_eq!(variant(TripError::SoldOut).as_deref(), Some("SoldOut"));
    let delayed = TripError::Delayed { minutes: 5 };
    assert_eq!(variant(delayed).as_deref(), Some("Delayed"));
    let lost = TripError::Lost("a hat".to_owned());
    assert_eq!(variant(lost).as_deref(), Some("Lost"));
    assert_eq!(app(TripError::SoldOut).kind, "TripError");
}

#[test]
fn a_struct_has_no_variant() {
    assert_eq!(variant(out_of_stock()), None);
}

#[test]
fn a_debug_that_is_no_name_is_no_variant() {
    for text in [
        "",
        "lost",
        "Connection refused",
        "net::Error { kind: Io }",
        "(Lost)",
        "Lost: a hat",
    ] {
        assert_eq!(variant(Spoken(text)), None, "{text}");
    }
    assert_eq!(variant(Spoken("Lost")).as_deref(), Some("Lost"));
}

#[test]
fn an_error_of_an_unknown_type_has_no_variant() {
    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(TripError::SoldOut);
    assert_eq!(variant(Error::from_boxed(boxed)), None);
    let cause = AppError::new("Outer", "").caused_by(TripError::SoldOut);
    let Some(Failure::App(cause)) = cause.cause.as_deref() else {
        panic!("it has a cause");
    };
    assert_eq!(cause.detail::<String>(0).as_deref(), Ok("SoldOut"));
}
