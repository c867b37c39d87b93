//! What rustc answers where a call is matched without `.await`.
//!
//! It would only say that a call is not a `Result`. Where a struct has a field of the type that was
//! found, though, it advises to write the field's name behind the expression. A call therefore has a
//! field called `await`, of the type that awaiting the call gives, and the advice is `.await`.

use std::marker::PhantomData;

/// Stands for the value of an answer that is not there yet.
pub(crate) struct Answer<R>(PhantomData<fn() -> R>);

/// The only value of the field, which is never read.
pub(crate) const fn pending<R, E>() -> Result<Answer<R>, E> {
    Ok(Answer(PhantomData))
}
