//! A parsed and checked query, and its errors.

use std::cmp::Ordering;

use super::attributes::Field;

/// A checked query.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Query {
    pub(crate) filter: Option<Filter>,
    pub(crate) group: Option<Field>,
}

/// A condition on one execution.
#[derive(Debug, PartialEq)]
pub(crate) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare {
        field: Field,
        by: Comparison,
        with: Literal,
    },
    /// The texts among the values come first and are sorted.
    In {
        field: Field,
        values: Vec<Literal>,
    },
    Between {
        field: Field,
        low: Literal,
        high: Literal,
    },
    StartsWith {
        field: Field,
        prefix: String,
    },
    IsNull {
        field: Field,
    },
}

impl Filter {
    /// Whether a field has one of the values.
    pub(crate) fn is_one_of(field: Field, mut values: Vec<Literal>) -> Self {
        values.sort_by(|one, other| match (one, other) {
            (Literal::Text(one), Literal::Text(other)) => one.cmp(other),
            (Literal::Text(_), _) => Ordering::Less,
            (_, Literal::Text(_)) => Ordering::Greater,
            _ => Ordering::Equal,
        });
        Self::In { field, values }
    }
}

/// How a field is compared with a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// A value as written; the field that it is compared with decides its type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Integer(i64),
    Number(f64),
    Bool(bool),
}

/// Error in a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueryError {
    place: Place,
    problem: String,
}

/// Where in a query an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A position in the text, in characters from 1.
    Position(usize),
    /// The real server names no position.
    Query,
    /// The real server does not call the query invalid.
    Field,
}

impl QueryError {
    /// A syntax error at a position.
    pub(super) fn at(position: usize, problem: String) -> Self {
        Self {
            place: Place::Position(position),
            problem,
        }
    }

    /// A semantic error in the real server's words.
    pub(super) fn semantic(problem: String) -> Self {
        Self {
            place: Place::Query,
            problem,
        }
    }

    /// A field that exists, but not for this query.
    pub(super) fn field(problem: String) -> Self {
        Self {
            place: Place::Field,
            problem,
        }
    }
}

impl std::fmt::Display for QueryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let problem = &self.problem;
        match self.place {
            Place::Position(position) => {
                write!(f, "invalid query: {problem} at position {position}")
            }
            Place::Query => write!(f, "invalid query: {problem}"),
            Place::Field => f.write_str(problem),
        }
    }
}
