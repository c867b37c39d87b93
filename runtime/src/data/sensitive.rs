//! Values that may not be seen.

use std::fmt;

/// A value that is not shown, and cannot enter a history: it has none of serde's traits, so that as an argument, as a
/// result, or in a field of a [`data`](macro@crate::data) type it does not compile. [`Encrypted`](super::Encrypted) is the type that
/// such a value is sent as.
///
/// ```
/// use durably::data::Sensitive;
///
/// let token = Sensitive::new("s3cret".to_owned());
/// assert_eq!(format!("{token:?}"), "Sensitive(<hidden>)");
/// assert_eq!(token.expose().len(), 6);
/// assert_eq!(token.into_exposed(), "s3cret");
/// ```
///
/// ```compile_fail,E0277
/// use durably::{data::Sensitive, prelude::*};
///
/// #[activity(start_to_close = "10s")]
/// async fn log_in(token: Sensitive<String>) {}
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// A value that is not shown from here on.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, to be used and not to be kept.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value, by move.
    pub fn into_exposed(self) -> T {
        self.0
    }

    /// The value as one that is always encrypted, to be sent.
    ///
    /// ```
    /// use durably::data::{Encrypted, Sensitive};
    ///
    /// let token: Encrypted<String> = Sensitive::new("s3cret".to_owned()).encrypt();
    /// assert_eq!(token.into_sensitive(), Sensitive::new("s3cret".to_owned()));
    /// ```
    #[cfg(feature = "encryption")]
    pub fn encrypt(self) -> super::Encrypted<T> {
        super::Encrypted::new(self.0)
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(<hidden>)")
    }
}
