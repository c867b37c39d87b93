//! Typed errors: encodes an error with `#[derive(durably::Failure)]` as an application failure and decodes
//! it again.
//!
//! | part of the error | part of the failure |
//! |---|---|
//! | name of the type | type |
//! | text | message |
//! | name of the variant | first detail; a struct has none |
//! | fields with names | one detail: an object |
//! | fields without names | one detail each |
//! | field with `#[from]` or `#[source]` | cause |
//! | `#[failure(non_retryable)]`, `#[failure(next_retry_delay = "..")]` | the attributes of that name |

use std::{error::Error as StdError, ops::Deref, time::Duration};

use serde::de::{DeserializeOwned, value};

use super::{
    ActivityError, AppError, Cancelled, ChildError, Details, Error, Failure,
    record::{cause_of, of},
};
use crate::{
    data::{Converter, Incoming, Outgoing, PayloadOf, Spelled, type_name},
    hints::converted::{HoldsError, OwnedError},
};

/// An error type that a failure is decoded to, with its fields; `#[derive(durably::Failure)]` implements it.
///
/// ```
/// use durably::{error::TypedError, prelude::*};
///
/// #[derive(Debug, thiserror::Error, durably::Failure)]
/// #[error("{item} is sold out")]
/// struct SoldOut {
///     item: u32,
/// }
///
/// /// The error, if the call failed with it.
/// fn expected<E: TypedError>(error: Error) -> Result<E> {
///     error.failed().ok_or(error)
/// }
///
/// let error = Error::from_typed(SoldOut { item: 3 });
/// assert_eq!(expected::<SoldOut>(error).unwrap().item, 3);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not keep its type in a failure",
    label = "without `#[derive(durably::Failure)]`",
    note = "derive it on an error type of your own: `#[derive(Debug, thiserror::Error, durably::Failure)]`; an error of another crate is found by its type's name: `error.app()` has it as `kind`"
)]
pub trait TypedError: OwnedError + Sized {
    /// The type of the failure.
    #[doc(hidden)]
    const NAME: &'static str;

    #[doc(hidden)]
    fn __write(&self, to: &mut FailureWriter);

    #[doc(hidden)]
    fn __read(from: &FailureReader<'_>) -> Option<Self>;
}

/// Boxed where it is large, or holds itself.
#[diagnostic::do_not_recommend]
impl<E: TypedError> TypedError for Box<E> {
    const NAME: &'static str = E::NAME;

    fn __write(&self, to: &mut FailureWriter) {
        (**self).__write(to);
    }

    fn __read(from: &FailureReader<'_>) -> Option<Self> {
        E::__read(from).map(Self::new)
    }
}

impl AppError {
    pub(super) fn of_typed<E: TypedError>(error: &E) -> Self {
        Written::of(error).app
    }

    /// The error of this failure alone, whatever its causes are.
    pub(super) fn as_typed<E: TypedError>(&self) -> Option<E> {
        match self.kind == E::NAME {
            true => E::__read(&FailureReader(self)),
            false => None,
        }
    }
}

/// The failure of a typed error.
pub(super) struct Written {
    app: AppError,
    /// The error wraps an `AppError`, directly or through fields with the derive: it is a failure, even if
    /// that was caused by a cancellation. `source()` of a transparent error leaves the `AppError` out.
    pub(super) wraps_app: bool,
}

impl Written {
    pub(super) fn of<E: TypedError>(error: &E) -> Self {
        let mut writer = FailureWriter::default();
        error.__write(&mut writer);
        let FailureWriter {
            details,
            non_retryable,
            next_retry_delay,
            cause,
            wraps_app,
        } = writer;
        let app = AppError {
            details,
            non_retryable,
            next_retry_delay,
            cause: cause.or_else(|| cause_of(error)),
            ..AppError::new(E::NAME, error.to_string())
        };
        Self { app, wraps_app }
    }
}

/// Collects the parts of the failure of an error.
#[derive(Debug, Default)]
pub struct FailureWriter {
    details: Details,
    non_retryable: bool,
    next_retry_delay: Option<Duration>,
    cause: Option<Box<Failure>>,
    wraps_app: bool,
}

impl FailureWriter {
    /// The name of the variant, before its fields.
    pub fn variant(&mut self, name: &'static str) {
        self.details.add(&name);
    }

    /// All fields with names; `of` names the struct or variant in errors.
    pub fn fields<T: Outgoing>(&mut self, of: &'static str, fields: &T) {
        self.details.add_named(of.into(), fields.__unencoded());
    }

    /// A field without a name.
    pub fn value<T>(&mut self, of: PayloadOf<T>, value: &T) {
        self.details.add_unencoded::<T>(of.unencoded(value));
    }

    /// There is no other attempt.
    pub fn non_retryable(&mut self) {
        self.non_retryable = true;
    }

    /// The pause before the next attempt.
    pub fn next_retry_delay_millis(&mut self, pause: u64) {
        self.next_retry_delay = Some(Duration::from_millis(pause));
    }

    /// The field that is the error's source.
    pub fn cause<T>(&mut self, of: CauseOf<T>, cause: &T) {
        if let Some(write) = of.write {
            let (failure, wraps_app) = write(cause);
            self.cause = Some(Box::new(failure));
            self.wraps_app = wraps_app;
        }
    }

    /// A transparent error is retried as what it wraps.
    pub fn retry_like_cause(&mut self) {
        if let Some(Failure::App(cause)) = self.cause.as_deref() {
            self.non_retryable = cause.non_retryable;
            self.next_retry_delay = cause.next_retry_delay;
        }
    }
}

/// The failure that an error is decoded from.
#[derive(Debug)]
pub struct FailureReader<'a>(&'a AppError);

impl FailureReader<'_> {
    /// The name of the variant.
    pub fn variant(&self) -> Option<String> {
        self.0.details.find(0, String::__decode)
    }

    /// The fields with names, from the detail at `index`. A missing detail is an object without fields: the
    /// sender's type had none yet.
    pub fn fields<T: Incoming + DeserializeOwned>(&self, index: usize) -> Option<T> {
        if index < self.0.details.len() {
            return self.0.details.find(index, T::__decode);
        }
        let none = std::iter::empty::<(&str, ())>();
        T::deserialize(value::MapDeserializer::<_, value::Error>::new(none)).ok()
    }

    /// The detail at `index`.
    pub fn value<T>(&self, of: PayloadOf<T>, index: usize) -> Option<T> {
        let find = |payload, converter: &Converter| of.decode(payload, converter);
        self.0.details.find(index, find)
    }

    /// The field that is the error's source.
    pub fn cause<T>(&self, of: CauseOf<T>) -> Option<T> {
        (of.read)(self.0.cause.as_deref()?)
    }
}

type WriteCause<T> = fn(&T) -> (Failure, bool);

/// Converts the source field of an error to the cause of its failure, and back.
pub struct CauseOf<T> {
    /// The failure, and whether it is or wraps an `AppError`. Absent for a type that is not an error, such as
    /// `anyhow::Error`: its error's `source()` has it.
    write: Option<WriteCause<T>>,
    read: fn(&Failure) -> Option<T>,
}

/// Errors with the derive.
pub trait CauseByDerive<T> {
    /// The conversions.
    fn cause(&self) -> CauseOf<T>;
}
impl<T: TypedError> CauseByDerive<T> for &&&&Spelled<T> {
    fn cause(&self) -> CauseOf<T> {
        CauseOf {
            write: Some(|error| {
                let Written { app, wraps_app } = Written::of(error);
                (Failure::App(Box::new(app)), wraps_app)
            }),
            read: |failure| match failure {
                Failure::App(app) => app.as_typed(),
                _ => None,
            },
        }
    }
}

/// The errors of durably that a failure can be.
pub trait Recorded: Sized + 'static {
    /// The failure that records it.
    fn to_failure(&self) -> Failure;
    /// The error, if the failure is one.
    fn from_failure(failure: &Failure) -> Option<Self>;
}

macro_rules! recorded {
    ($($type:ty: $pattern:pat => $error:expr,)*) => { $(
        impl Recorded for $type {
            fn to_failure(&self) -> Failure {
                of(self, type_name::bare::<Self>())
            }

            fn from_failure(failure: &Failure) -> Option<Self> {
                match failure {
                    $pattern => Some($error),
                    _ => None,
                }
            }
        }
    )* };
}
recorded! {
    AppError: Failure::App(error) => (**error).clone(),
    ActivityError: Failure::Activity(error) => (**error).clone(),
    ChildError: Failure::Child(error) => (**error).clone(),
    Cancelled: Failure::Cancelled => Self,
}

impl Recorded for Failure {
    fn to_failure(&self) -> Failure {
        self.clone()
    }

    fn from_failure(failure: &Failure) -> Option<Self> {
        Some(failure.clone())
    }
}

impl<T: Recorded> Recorded for Box<T> {
    fn to_failure(&self) -> Failure {
        (**self).to_failure()
    }

    fn from_failure(failure: &Failure) -> Option<Self> {
        T::from_failure(failure).map(Self::new)
    }
}

/// Errors of durably.
pub trait CauseByRecord<T> {
    /// The conversions.
    fn cause(&self) -> CauseOf<T>;
}
impl<T: Recorded> CauseByRecord<T> for &&&Spelled<T> {
    fn cause(&self) -> CauseOf<T> {
        CauseOf {
            write: Some(|error| {
                let failure = error.to_failure();
                let is_app = matches!(failure, Failure::App(_));
                (failure, is_app)
            }),
            read: T::from_failure,
        }
    }
}

/// Other errors: the message of the cause is their text, which cannot be decoded.
pub trait CauseByError<T> {
    /// The conversions.
    fn cause(&self) -> CauseOf<T>;
}
impl<T: StdError + 'static> CauseByError<T> for &&Spelled<T> {
    fn cause(&self) -> CauseOf<T> {
        CauseOf {
            write: Some(|error| (of(error, type_name::bare::<T>()), false)),
            read: |_| None,
        }
    }
}

/// Trait objects of errors.
pub trait ErrorObject {}
impl ErrorObject for dyn StdError {}
impl ErrorObject for dyn StdError + Send {}
impl ErrorObject for dyn StdError + Send + Sync {}

/// Pointers to errors of any type, such as `anyhow::Error`.
pub trait CauseByDeref<T> {
    /// The conversions.
    fn cause(&self) -> CauseOf<T>;
}
impl<T: Deref<Target: ErrorObject>> CauseByDeref<T> for &Spelled<T> {
    fn cause(&self) -> CauseOf<T> {
        CauseOf {
            write: None,
            read: |_| None,
        }
    }
}

/// Options of errors. The bound is on the method, so that rustc reports it in the words of
/// `HoldsError` for every other type.
pub trait CauseBySource<T> {
    /// The conversions.
    fn cause(&self) -> CauseOf<T>
    where
        T: HoldsError;
}
impl<T> CauseBySource<T> for Spelled<T> {
    fn cause(&self) -> CauseOf<T>
    where
        T: HoldsError,
    {
        CauseOf {
            write: None,
            read: |_| None,
        }
    }
}

/// The conversion of what a method returns, if its error has the derive.
pub trait ByDerive<E> {
    /// The conversion.
    fn failure_by(&self, plain: fn(E) -> Error) -> fn(E) -> Error;
}
impl<E: TypedError> ByDerive<E> for &Spelled<E> {
    fn failure_by(&self, _: fn(E) -> Error) -> fn(E) -> Error {
        Error::from_typed
    }
}
