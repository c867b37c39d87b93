//! Bounds on what handlers and validators return, with the compiler's words for other types.

/// What a signal handler may give: nothing.
#[diagnostic::on_unimplemented(
    message = "a `#[signal]` cannot return a value to its sender; make this an `#[update]`",
    label = "a `#[signal]` returns nothing or a `Result<()>`"
)]
pub trait Nothing {
    #[doc(hidden)]
    fn nothing() {}
}
impl Nothing for () {}

/// Why a validator refuses an update, in words for the sender.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as the reason why an update is rejected",
    label = "the error of a validator implements `Display`",
    note = "return `Result<(), String>`, or an error type that implements `std::fmt::Display` (thiserror does)"
)]
pub trait Refusal: std::fmt::Display {}
#[diagnostic::do_not_recommend]
impl<E: std::fmt::Display> Refusal for E {}
