//! List filters that are built of keys and values.

use std::fmt;

use serde_json::Value;

use super::{Keyword, KeywordList, Ordered, SearchKey, SearchKind, SearchValue};
use crate::wire::describe::WorkflowStatus;

/// A [list filter](https://docs.temporal.io/list-filter): a text, or built of
/// [keys](SearchKey), whose values are quoted as they must be.
///
/// ```
/// use durably::{client::WorkflowStatus, search::{Filter, Keyword, SearchKey}};
///
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
/// const AMOUNT: SearchKey<f64> = SearchKey::new("Amount");
///
/// let open = CUSTOMER.eq("O'Hara").and(WorkflowStatus::Running);
/// assert_eq!(open.to_string(), r"`CustomerId` = 'O\'Hara' AND `ExecutionStatus` = 'Running'");
///
/// let odd = AMOUNT.lt(0.0).or(AMOUNT.is_unset()).and("WorkflowType = 'Order'");
/// assert_eq!(
///     odd.to_string(),
///     "(`Amount` < 0.0 OR `Amount` IS NULL) AND (WorkflowType = 'Order')"
/// );
/// assert_eq!(Filter::from("").and(CUSTOMER.is_set()).to_string(), "`CustomerId` IS NOT NULL");
/// ```
/// A Temporal server with an SQL database finds no value with `"`, `\` or a control character in it, and none that begins
/// or ends with `'`, however it is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    text: String,
    outermost: Outermost,
}

/// What a filter is made of, which decides where it needs parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outermost {
    /// One comparison.
    Comparison,
    And,
    Or,
    /// It is the user's text.
    Unknown,
}

impl Filter {
    /// What both match. An empty filter matches all.
    pub fn and(self, other: impl Into<Self>) -> Self {
        self.joined(" AND ", other.into(), Outermost::And)
    }

    /// What one of the two matches, or both. An empty filter matches all.
    pub fn or(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        match self.text.is_empty() || other.text.is_empty() {
            true => Self::from(""),
            false => self.joined(" OR ", other, Outermost::Or),
        }
    }

    fn joined(self, word: &str, other: Self, outermost: Outermost) -> Self {
        if self.text.is_empty() {
            return other;
        }
        if other.text.is_empty() {
            return self;
        }
        let part = |filter: Self| match filter.outermost {
            Outermost::Comparison => filter.text,
            same if same == outermost => filter.text,
            Outermost::And | Outermost::Or | Outermost::Unknown => format!("({})", filter.text),
        };
        Self {
            text: part(self) + word + &part(other),
            outermost,
        }
    }

    fn comparison(text: String) -> Self {
        Self {
            text,
            outermost: Outermost::Comparison,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

macro_rules! texts {
    ($($text:ty)*) => { $(
        /// A filter as text.
        impl From<$text> for Filter {
            fn from(text: $text) -> Self {
                Self {
                    text: text.into(),
                    outermost: Outermost::Unknown,
                }
            }
        }
    )* };
}
texts! { &str String &String }

/// The workflows in this state.
impl From<WorkflowStatus> for Filter {
    fn from(status: WorkflowStatus) -> Self {
        SearchKey::<Keyword>::new("ExecutionStatus").eq(status.name())
    }
}

impl<K: SearchKind> SearchKey<K> {
    /// The workflows with this value. A [`Text`](super::Text) matches if it has a word of the value.
    pub fn eq(&self, value: impl SearchValue<K>) -> Filter {
        self.compared("=", value)
    }

    /// The workflows with another value.
    pub fn ne(&self, value: impl SearchValue<K>) -> Filter {
        self.compared("!=", value)
    }

    /// The workflows with one of these values; none, for no values.
    pub fn is_in<V: SearchValue<K>>(&self, values: impl IntoIterator<Item = V>) -> Filter {
        let literals: Vec<String> = values.into_iter().map(literal).collect();
        match literals.is_empty() {
            // The server refuses an empty list.
            true => Filter::comparison(format!("{0} IS NULL AND {0} IS NOT NULL", self.quoted()))
                .in_parentheses(),
            false => {
                let list = literals.join(", ");
                Filter::comparison(format!("{} IN ({list})", self.quoted()))
            }
        }
    }

    /// The workflows that have the attribute.
    pub fn is_set(&self) -> Filter {
        Filter::comparison(format!("{} IS NOT NULL", self.quoted()))
    }

    /// The workflows that do not have the attribute.
    pub fn is_unset(&self) -> Filter {
        Filter::comparison(format!("{} IS NULL", self.quoted()))
    }

    /// The workflows with a lower value.
    pub fn lt(&self, value: impl SearchValue<K>) -> Filter
    where
        K: Ordered,
    {
        self.compared("<", value)
    }

    /// The workflows with this value or a lower one.
    pub fn le(&self, value: impl SearchValue<K>) -> Filter
    where
        K: Ordered,
    {
        self.compared("<=", value)
    }

    /// The workflows with a higher value.
    pub fn gt(&self, value: impl SearchValue<K>) -> Filter
    where
        K: Ordered,
    {
        self.compared(">", value)
    }

    /// The workflows with this value or a higher one.
    pub fn ge(&self, value: impl SearchValue<K>) -> Filter
    where
        K: Ordered,
    {
        self.compared(">=", value)
    }

    fn compared(&self, operator: &str, value: impl SearchValue<K>) -> Filter {
        Filter::comparison(format!("{} {operator} {}", self.quoted(), literal(value)))
    }

    fn quoted(&self) -> String {
        format!("`{}`", self.name())
    }
}

impl SearchKey<Keyword> {
    /// The workflows whose value begins with this.
    pub fn starts_with(&self, prefix: impl SearchValue<Keyword>) -> Filter {
        Filter::comparison(format!("{} STARTS_WITH {}", self.quoted(), literal(prefix)))
    }
}

impl SearchKey<KeywordList> {
    /// The workflows with this keyword in the list.
    pub fn contains(&self, keyword: impl SearchValue<Keyword>) -> Filter {
        Filter::comparison(format!("{} = {}", self.quoted(), literal(keyword)))
    }
}

impl Filter {
    fn in_parentheses(self) -> Self {
        Self::comparison(format!("({})", self.text))
    }
}

/// A value as the filter's grammar writes it. A number that is not finite equals none.
fn literal<K: SearchKind>(value: impl SearchValue<K>) -> String {
    match value.into_json() {
        Ok(Value::String(text)) => quoted(&text),
        Ok(other) => other.to_string(),
        Err(fault) => quoted(&fault.to_string()),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for character in text.chars() {
        if matches!(character, '\'' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('\'');
    quoted
}
