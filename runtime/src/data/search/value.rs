//! What search attributes can be set to and compared with.

use std::{borrow::Cow, time::SystemTime};

use serde_json::{Number, Value};

use super::{Keyword, KeywordList, SearchKind, Text};
use crate::{error::DataFault, time::Time};

/// A value of a search attribute of type `K`.
///
/// ```
/// use durably::search::{Keyword, SearchKey, SearchUpdate, SearchValue};
///
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
///
/// fn of_customer(customer: impl SearchValue<Keyword>) -> SearchUpdate {
///     CUSTOMER.set(customer)
/// }
///
/// of_customer("c-1");
/// of_customer(String::from("c-2"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value of a search attribute of type `{K}`",
    label = "not a value of this key's type",
    note = "`Keyword` and `Text` take texts, `KeywordList` lists of texts, `Time` times of `std` and durably, and the others themselves: write `7_i64`, or `.into()`, for a number of another type"
)]
pub trait SearchValue<K: SearchKind> {
    #[doc(hidden)]
    fn into_json(self) -> Result<Value, DataFault>;
}

macro_rules! texts {
    ($($kind:ty: $($text:ty)*;)*) => { $($(
        #[diagnostic::do_not_recommend]
        impl SearchValue<$kind> for $text {
            fn into_json(self) -> Result<Value, DataFault> {
                Ok(Value::String(self.into()))
            }
        }
    )*)* };
}
texts! {
    Keyword: &str String &String Cow<'_, str>;
    Text: &str String &String Cow<'_, str>;
}

macro_rules! lists {
    ($($list:ty $(, const $length:ident)?;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<T: AsRef<str> $(, const $length: usize)?> SearchValue<KeywordList> for $list {
            fn into_json(self) -> Result<Value, DataFault> {
                let texts = self.iter().map(|text| Value::String(text.as_ref().to_owned()));
                Ok(Value::Array(texts.collect()))
            }
        }
    )* };
}
lists! {
    Vec<T>;
    &Vec<T>;
    &[T];
    [T; N], const N;
    &[T; N], const N;
}

impl SearchValue<Self> for i64 {
    fn into_json(self) -> Result<Value, DataFault> {
        Ok(Value::Number(self.into()))
    }
}

impl SearchValue<Self> for f64 {
    fn into_json(self) -> Result<Value, DataFault> {
        match Number::from_f64(self) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(DataFault::NotFinite {
                number: self.to_string(),
                path: String::new(),
            }),
        }
    }
}

impl SearchValue<Self> for bool {
    fn into_json(self) -> Result<Value, DataFault> {
        Ok(Value::Bool(self))
    }
}

impl SearchValue<Self> for Time {
    fn into_json(self) -> Result<Value, DataFault> {
        Ok(Value::String(self.to_string()))
    }
}

impl SearchValue<Time> for SystemTime {
    fn into_json(self) -> Result<Value, DataFault> {
        Time::from(self).into_json()
    }
}
