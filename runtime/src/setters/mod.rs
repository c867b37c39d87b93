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
mod run;

/// Writes each setter of the table into each type.
///
/// A type stands with its generic parameters before it. By `set` the setters return the type itself, by
/// `decide` the type behind its `=>`. Each type has a method `set`, which takes what changes its options,
/// and for `decide` a method `decided`, which makes the other type of it.
macro_rules! setters {
    (for { $([$($generics:tt)*] $ty:ty;)* } set $setters:tt) => {
        $( setters! { @set [$($generics)*] [$ty] $setters } )*
    };
    (for { $([$($generics:tt)*] $ty:ty => $decided:ty;)* } decide $setters:tt) => {
        $( setters! { @decide [$($generics)*] [$ty] [$decided] $setters } )*
    };
    (@decide [$($generics:tt)*] [$ty:ty] [$decided:ty] { $(
        $(#[$doc:meta])*
        fn $name:ident($value:ident: $type:ty) = $option:expr;
    )* }) => {
        impl<$($generics)*> $ty {
            $(
                $(#[$doc])*
                pub fn $name(mut self, $value: $type) -> $decided {
                    let value = $option;
                    self.set(|options| options.$name = Some(value.into()));
                    self.decided()
                }
            )*
        }
    };
    (@set [$($generics:tt)*] [$ty:ty] { $(
        $(#[$doc:meta])*
        fn $name:ident($value:ident: $type:ty) = $option:expr;
    )* }) => {
        impl<$($generics)*> $ty {
            $(
                $(#[$doc])*
                pub fn $name(mut self, $value: $type) -> Self {
                    let value = $option;
                    self.set(|options| options.$name = Some(value.into()));
                    self
                }
            )*
        }
    };
}
use setters;
