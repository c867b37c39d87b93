//! The types of search attributes.

use serde_json::Value;

use crate::{error::DataFault, time::Time};

/// The type of a search attribute, as it is registered with the server.
///
/// | type here | type on the server | is read as |
/// |---|---|---|
/// | [`Keyword`] | `Keyword` | `String` |
/// | [`Text`] | `Text` | `String` |
/// | [`KeywordList`] | `KeywordList` | `Vec<String>` |
/// | `i64` | `Int` | `i64` |
/// | `f64` | `Double` | `f64` |
/// | `bool` | `Bool` | `bool` |
/// | [`Time`] | `Datetime` | `Time` |
///
/// ```
/// use durably::search::{SearchKey, SearchKind};
///
/// fn describe<K: SearchKind>(key: &SearchKey<K>) -> String {
///     format!("{} is a {}", key.name(), K::NAME)
/// }
///
/// const AMOUNT: SearchKey<f64> = SearchKey::new("Amount");
/// assert_eq!(describe(&AMOUNT), "Amount is a Double");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type of search attributes",
    label = "not a type that the server indexes",
    note = "the types are `Keyword`, `Text` and `KeywordList` of `durably::search`, `i64`, `f64`, `bool` and `durably::Time`"
)]
pub trait SearchKind: Sized + 'static {
    /// The type of its values in Rust.
    type Value;

    /// Its name on the server.
    const NAME: &'static str;

    #[doc(hidden)]
    fn read(value: Value) -> Result<Self::Value, DataFault>;
}

/// A type of search attributes whose values have an order that filters can use.
///
/// ```
/// use durably::search::{Filter, Ordered, SearchKey, SearchValue};
///
/// fn from<K: Ordered>(key: SearchKey<K>, least: impl SearchValue<K>) -> Filter {
///     key.ge(least)
/// }
///
/// assert_eq!(from(SearchKey::<i64>::new("Attempts"), 3).to_string(), "`Attempts` >= 3");
/// ```
#[diagnostic::on_unimplemented(
    message = "search attributes of type `{Self}` have no order",
    label = "compare them with `eq`, `ne` and `is_in`",
    note = "those of `i64`, `f64` and `durably::Time` have one"
)]
pub trait Ordered: SearchKind {}
impl Ordered for i64 {}
impl Ordered for f64 {}
impl Ordered for Time {}

/// A text that is compared as a whole: an id, a state.
///
/// ```
/// use durably::search::{Keyword, SearchKey};
///
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
/// assert_eq!(CUSTOMER.eq("c-1").to_string(), "`CustomerId` = 'c-1'");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {}

/// A text that is found by its words.
///
/// ```
/// use durably::search::{SearchKey, Text};
///
/// const NOTE: SearchKey<Text> = SearchKey::new("Note");
/// assert_eq!(NOTE.eq("fragile").to_string(), "`Note` = 'fragile'");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {}

/// Several keywords, each of which finds the workflow.
///
/// ```
/// use durably::search::{KeywordList, SearchKey};
///
/// const ITEMS: SearchKey<KeywordList> = SearchKey::new("Items");
/// assert_eq!(ITEMS.contains("tea").to_string(), "`Items` = 'tea'");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordList {}

impl SearchKind for Keyword {
    type Value = String;
    const NAME: &'static str = "Keyword";

    fn read(value: Value) -> Result<String, DataFault> {
        text::<Self>(value)
    }
}

impl SearchKind for Text {
    type Value = String;
    const NAME: &'static str = "Text";

    fn read(value: Value) -> Result<String, DataFault> {
        text::<Self>(value)
    }
}

impl SearchKind for KeywordList {
    type Value = Vec<String>;
    const NAME: &'static str = "KeywordList";

    fn read(value: Value) -> Result<Vec<String>, DataFault> {
        match value {
            Value::Array(list) => list.into_iter().map(text::<Self>).collect(),
            // Some SDKs write a list of one like a keyword.
            one => Ok(vec![text::<Self>(one)?]),
        }
    }
}

impl SearchKind for i64 {
    type Value = Self;
    const NAME: &'static str = "Int";

    fn read(value: Value) -> Result<Self, DataFault> {
        value.as_i64().ok_or_else(|| other::<Self>(&value))
    }
}

impl SearchKind for f64 {
    type Value = Self;
    const NAME: &'static str = "Double";

    fn read(value: Value) -> Result<Self, DataFault> {
        value.as_f64().ok_or_else(|| other::<Self>(&value))
    }
}

impl SearchKind for bool {
    type Value = Self;
    const NAME: &'static str = "Bool";

    fn read(value: Value) -> Result<Self, DataFault> {
        value.as_bool().ok_or_else(|| other::<Self>(&value))
    }
}

impl SearchKind for Time {
    type Value = Self;
    const NAME: &'static str = "Datetime";

    fn read(value: Value) -> Result<Self, DataFault> {
        let time = value.as_str().and_then(Self::from_rfc3339);
        time.ok_or_else(|| other::<Self>(&value))
    }
}

fn text<K: SearchKind>(value: Value) -> Result<String, DataFault> {
    match value {
        Value::String(text) => Ok(text),
        value => Err(other::<K>(&value)),
    }
}

fn other<K: SearchKind>(value: &Value) -> DataFault {
    DataFault::Unreadable {
        reason: format!("`{value}` is not of the type `{}`", K::NAME),
        path: String::new(),
    }
}
