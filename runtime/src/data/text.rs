//! What parameters that are an optional text, or several, accept at the call side.

use serde::{Serialize, Serializer};

use crate::text::Text;

/// What an `Option<String>` parameter accepts at the call side: `None`, `Some("text")`, and a
/// reference to an `Option` of any [`Text`].
///
/// ```
/// use durably::{data::OptionalText, prelude::*};
///
/// #[activity(start_to_close = "10s")]
/// async fn greet(name: String, title: Option<String>) -> String {
///     format!("Hello, {} {name}!", title.unwrap_or_default())
/// }
///
/// async fn greet_all(ctx: &Ctx, title: Option<String>) -> Result<()> {
///     greet::call(ctx, "Bob", None).await?;
///     greet::call(ctx, "Alice", Some("Dr.")).await?;
///     greet::call(ctx, "Carol", &title).await?;
///     Ok(())
/// }
///
/// /// A helper accepts the same.
/// async fn greet_bob(ctx: &Ctx, title: impl OptionalText) -> Result<String> {
///     Ok(greet::call(ctx, "Bob", title).await?)
/// }
/// ```
// Exactly one `Option` by value, or rustc could not infer the type of a `None`.
#[diagnostic::on_unimplemented(
    message = "an optional text is passed as `None`, `Some(\"text\")` or a borrowed option, such as `&name`, not as `{Self}`",
    label = "neither an `Option<&str>` nor a reference to an option of a text",
    note = "this parameter is an `Option<String>`: borrow an owned option (`&name`, `&Some(name)`)"
)]
pub trait OptionalText {
    #[doc(hidden)]
    fn as_optional_text(&self) -> Option<&str>;
}

#[diagnostic::do_not_recommend]
impl OptionalText for Option<&str> {
    fn as_optional_text(&self) -> Option<&str> {
        *self
    }
}

#[diagnostic::do_not_recommend]
impl<T: Text> OptionalText for &Option<T> {
    fn as_optional_text(&self) -> Option<&str> {
        self.as_ref().map(Text::as_text)
    }
}

/// What a `Vec<String>` parameter accepts at the call side: a `Vec<String>`, an array of any
/// [`Text`], and a reference to a `Vec`, an array or a slice of any [`Text`].
///
/// ```
/// use durably::{data::TextList, prelude::*};
///
/// #[activity(start_to_close = "10s")]
/// async fn greet(names: Vec<String>) -> String {
///     format!("Hello, {}!", names.join(" and "))
/// }
///
/// async fn greet_all(ctx: &Ctx, names: &[String]) -> Result<()> {
///     greet::call(ctx, ["Bob", "Alice"]).await?;
///     greet::call(ctx, names).await?;
///     Ok(())
/// }
///
/// /// A helper accepts the same.
/// async fn greet_guests(ctx: &Ctx, names: impl TextList) -> Result<String> {
///     Ok(greet::call(ctx, names).await?)
/// }
/// ```
// Exactly one `Vec` by value, or rustc could not infer the type of a `vec![]`.
#[diagnostic::on_unimplemented(
    message = "a list of texts is passed as a `Vec<String>`, an array or a borrowed list, such as `&names`, not as `{Self}`",
    label = "neither a `Vec<String>` nor an array of texts nor a reference to a list of texts",
    note = "this parameter is a `Vec<String>`: borrow a list of other texts (`&names`, `&[\"a\", \"b\"]`)"
)]
pub trait TextList {
    #[doc(hidden)]
    type Item: Text;
    #[doc(hidden)]
    fn as_texts(&self) -> &[Self::Item];
}

macro_rules! lists {
    ($([$($generics:tt)*] $list:ty, $item:ty;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> TextList for $list {
            type Item = $item;

            fn as_texts(&self) -> &[$item] {
                &self[..]
            }
        }
    )* };
}
lists! {
    [] Vec<String>, String;
    [T: Text, const N: usize] [T; N], T;
    [T: Text] &Vec<T>, T;
    [T: Text] &[T], T;
    [T: Text, const N: usize] &[T; N], T;
}

/// The texts of a list, as serde's list of strings.
pub(super) struct Texts<'a, T>(pub(super) &'a [T]);

impl<T: Text> Serialize for Texts<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Text::as_text))
    }
}
