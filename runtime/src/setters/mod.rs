//! The setters of calls, each said once: its name, its documentation, what it takes and which option
//! it sets.
//!
//! Calls of several kinds take the same options. Each table here writes a setter into every one of
//! them, so their names, texts and types cannot differ. Nothing imports this module: like `debug.rs` it
//! is above the types that it adds to.
//!
//! A table is invoked with the signatures, instead of having them in its macro, because rustc quotes
//! the line of a signature where a call does not fit it: a line of a macro's body it would not.

mod activity;

/// Writes each setter of the table into each type.
///
/// A type's head names its parameters, the type, and after `=>` the type that it becomes by the setters
/// under `decide`. The type has a `set`, which takes what changes its options.
macro_rules! setters {
    (
        for { $($head:tt)* }
        decide $deciding:tt
        set $setting:tt
    ) => {
        setters! { @each [$($head)*] $deciding $setting }
    };
    (@each [$([$($generics:tt)*] $ty:ty => $decided:ty;)*] $deciding:tt $setting:tt) => {
        $( setters! { @write [$($generics)*] [$ty] [$decided] $deciding $setting } )*
    };
    (
        @write [$($generics:tt)*] [$ty:ty] [$decided:ty]
        { $(
            $(#[$deciding_doc:meta])*
            fn $deciding:ident($deciding_value:ident: $deciding_type:ty) = $decides:expr;
        )* }
        { $(
            $(#[$doc:meta])*
            fn $name:ident($value:ident: $type:ty) = $option:expr;
        )* }
    ) => {
        impl<$($generics)*> $ty {
            $(
                $(#[$deciding_doc])*
                pub fn $deciding(mut self, $deciding_value: $deciding_type) -> $decided {
                    let value = $decides;
                    self.set(|options| options.$deciding = Some(value));
                    self.decided()
                }
            )*
            $(
                $(#[$doc])*
                pub fn $name(mut self, $value: $type) -> Self {
                    let value = $option;
                    self.set(|options| options.$name = Some(value));
                    self
                }
            )*
        }
    };
}
use setters;
