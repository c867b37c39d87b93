//! What parameters that are a text accept at the call side.

use std::borrow::Cow;

/// What a `String` parameter accepts at the call side.
///
/// ```
/// use durably::data::Text;
///
/// fn queue_of(customer: impl Text) -> String {
///     match customer.as_text() {
///         "" => "orders".to_owned(),
///         _ => format!("orders-{}", customer.into_text()),
///     }
/// }
///
/// assert_eq!(queue_of("c-17"), "orders-c-17");
/// assert_eq!(queue_of(String::new()), "orders");
/// assert_eq!(queue_of(&"c-18".to_owned()), "orders-c-18");
/// ```
#[diagnostic::on_unimplemented(
    message = "expected text for this argument, found `{Self}`",
    label = "not a string",
    note = "this parameter is a `String`: pass a `&str`, `String` or `&String`, or call `.to_string()` on what can be shown"
)]
pub trait Text {
    /// The text, borrowed.
    fn as_text(&self) -> &str;

    /// The text, owned.
    fn into_text(self) -> String;
}

#[diagnostic::do_not_recommend]
impl Text for &str {
    fn as_text(&self) -> &str {
        self
    }

    fn into_text(self) -> String {
        self.to_owned()
    }
}

#[diagnostic::do_not_recommend]
impl Text for String {
    fn as_text(&self) -> &str {
        self
    }

    fn into_text(self) -> String {
        self
    }
}

#[diagnostic::do_not_recommend]
impl Text for &String {
    fn as_text(&self) -> &str {
        self
    }

    fn into_text(self) -> String {
        self.clone()
    }
}

#[diagnostic::do_not_recommend]
impl Text for Cow<'_, str> {
    fn as_text(&self) -> &str {
        self
    }

    fn into_text(self) -> String {
        self.into_owned()
    }
}
