//! Parser of the query language of List and Count; errors have a position.
//!
//! ```text
//! query   := [or] [ "GROUP" "BY" field ]
//! or      := and { "OR" and }
//! and     := not { "AND" not }
//! not     := "NOT" not | "(" or ")" | term
//! term    := field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//!          | field ["NOT"] "IN" "(" value {"," value} ")"
//!          | field ["NOT"] "BETWEEN" value "AND" value
//!          | field ["NOT"] "STARTS_WITH" value
//!          | field "IS" ["NOT"] "NULL"
//! ```

use super::attributes::{Attributes, Field, NAMESPACE_DIVISION};
use super::keywords::{Keyword, keyword};
use super::lexer::{Token, tokens};
use super::operators::{has_order, prefix, supported, unsupported, with_not};
use super::query::{Comparison, Filter, Literal, Query, QueryError};

/// Parses a query; field names are resolved against the namespace's search attributes.
pub(crate) fn parse(text: &str, attributes: &Attributes) -> Result<Query, QueryError> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        end: text.chars().count() + 1,
        depth: 0,
        attributes,
    };
    let mut query = Query::default();
    // A comment alone is no filter.
    if !text.trim().is_empty() && !parser.peek_keyword("ORDER") && !parser.peek_keyword("GROUP") {
        query.filter = Some(parser.any()?);
    }
    if parser.eat("GROUP") {
        parser.expect("BY")?;
        query.group = Some(parser.group()?);
    }
    let sorts = parser.order()?;
    let limits = parser.eat("LIMIT");
    let problem = match parser.peek() {
        _ if limits => "'LIMIT' clause",
        None if sorts => "'ORDER BY' clause",
        None => return Ok(query),
        Some(_) => return Err(parser.unexpected("the end of the query, `AND` or `OR`")),
    };
    Err(QueryError::semantic(format!(
        "operation is not supported: {problem}"
    )))
}

struct Parser<'a> {
    tokens: Vec<(usize, Token)>,
    next: usize,
    /// The position behind the last character, where a missing token is reported.
    end: usize,
    depth: usize,
    attributes: &'a Attributes,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Filter, QueryError> {
        let mut filters = vec![self.all()?];
        while self.eat("OR") {
            filters.push(self.all()?);
        }
        Ok(single_or(filters, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, QueryError> {
        let mut filters = vec![self.not()?];
        while self.eat("AND") {
            filters.push(self.not()?);
        }
        Ok(single_or(filters, Filter::All))
    }

    fn not(&mut self) -> Result<Filter, QueryError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("the query nests too deep".into()));
        }
        let filter = if self.eat("NOT") {
            Filter::Not(Box::new(self.not()?))
        } else if self.eat_symbol("(") {
            let inner = self.any()?;
            self.expect_symbol(")")?;
            inner
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, QueryError> {
        let field = self.field()?;
        if self.eat("IS") {
            let negated = self.eat("NOT");
            if self.eat("TRUE") || self.eat("FALSE") {
                return Err(QueryError::semantic(
                    "invalid expression: 'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'"
                        .to_owned(),
                ));
            }
            self.expect("NULL")?;
            return Ok(negate_if(negated, Filter::IsNull { field }));
        }
        let negated = self.eat("NOT");
        // As on the real server a wrong value is found before an operator that its type does not have.
        if self.eat("IN") {
            let values = self.in_list(&field)?;
            supported(&field, with_not(negated, "IN"))?;
            return Ok(negate_if(negated, Filter::is_one_of(field, values)));
        }
        if self.eat("BETWEEN") {
            has_order(&field)?;
            let low = self.literal(&field)?;
            self.expect("AND")?;
            let high = self.literal(&field)?;
            return Ok(negate_if(negated, Filter::Between { field, low, high }));
        }
        if self.eat("STARTS_WITH") {
            let literal = self.literal(&field)?;
            let prefix = prefix(&field, literal, with_not(negated, "STARTS_WITH"))?;
            return Ok(negate_if(negated, Filter::StartsWith { field, prefix }));
        }
        if let Some(operator) = self.pattern_operator() {
            self.literal(&field)?;
            return Err(unsupported(&field, with_not(negated, operator)));
        }
        if negated {
            return Err(self.unexpected("`IN`, `BETWEEN` or `STARTS_WITH`"));
        }
        if self.eat_symbol("<=>") {
            self.literal(&field)?;
            return Err(unsupported(&field, "<=>"));
        }
        let by = self.comparison()?;
        let with = self.literal(&field)?;
        supported(&field, by.symbol())?;
        Ok(Filter::Compare { field, by, with })
    }

    fn in_list(&mut self, field: &Field) -> Result<Vec<Literal>, QueryError> {
        self.expect_symbol("(")?;
        let mut values = vec![self.literal(field)?];
        while self.eat_symbol(",") {
            values.push(self.literal(field)?);
        }
        self.expect_symbol(")")?;
        Ok(values)
    }

    /// An operator of SQL that compares with a pattern; no type has one.
    fn pattern_operator(&mut self) -> Option<&'static str> {
        let operators = [("LIKE", "LIKE"), ("REGEXP", "REGEXP"), ("RLIKE", "REGEXP")];
        let mut operators = operators.into_iter();
        let (_, operator) = operators.find(|(word, _)| self.eat(word))?;
        Some(operator)
    }

    fn comparison(&mut self) -> Result<Comparison, QueryError> {
        let by = match self.peek() {
            Some(Token::Symbol("=")) => Comparison::Equal,
            Some(Token::Symbol("!=" | "<>")) => Comparison::NotEqual,
            Some(Token::Symbol("<")) => Comparison::Less,
            Some(Token::Symbol("<=")) => Comparison::LessOrEqual,
            Some(Token::Symbol(">")) => Comparison::Greater,
            Some(Token::Symbol(">=")) => Comparison::GreaterOrEqual,
            _ => return Err(self.unexpected("a comparison such as `=`")),
        };
        self.next += 1;
        Ok(by)
    }

    fn literal(&mut self, field: &Field) -> Result<Literal, QueryError> {
        let literal = match self.peek() {
            Some(Token::Text(text)) => Literal::Text(text.clone()),
            Some(Token::Integer(integer)) => Literal::Integer(*integer),
            Some(Token::Number(number)) => Literal::Number(*number),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Literal::Bool(true),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Literal::Bool(false),
            _ => return Err(self.unexpected("a value: a text in quotes, a number, true or false")),
        };
        if let Err(problem) = field.check(&literal) {
            return Err(QueryError::semantic(format!(
                "invalid expression: {problem}"
            )));
        }
        self.next += 1;
        Ok(literal)
    }

    fn field(&mut self) -> Result<Field, QueryError> {
        let word = match self.peek() {
            Some(Token::Name(name)) => name.clone(),
            Some(Token::Word(word)) => match keyword(word) {
                None => word.clone(),
                Some(Keyword::Unreserved) => word.to_ascii_lowercase(),
                Some(Keyword::Reserved) => {
                    let wanted = format!(
                        "the name of a search attribute, which `{word}` is in backticks only"
                    );
                    return Err(self.unexpected(&wanted));
                }
            },
            _ => return Err(self.unexpected("the name of a search attribute")),
        };
        let Some(field) = self.attributes.resolve(&word) else {
            let problem = format!("invalid search attribute: {word}");
            return Err(QueryError::semantic(problem));
        };
        if !self.attributes.may_filter_by(&word) {
            let problem = format!("invalid query filter for schedules: cannot filter on {word:?}");
            return Err(QueryError::field(problem));
        }
        self.next += 1;
        Ok(field)
    }

    /// The field of `GROUP BY`, one of few: a count has all its groups in one response.
    fn group(&mut self) -> Result<Field, QueryError> {
        let field = self.field()?;
        let problem = match &field {
            _ if self.peek() == Some(&Token::Symbol(",")) => {
                "supports only a single field".to_owned()
            }
            Field::ExecutionStatus => return Ok(field),
            Field::Carried(name, _) if name == NAMESPACE_DIVISION => return Ok(field),
            field => format!("is not supported for search attribute {}", field.name()),
        };
        Err(QueryError::semantic(format!(
            "operation is not supported: 'GROUP BY' clause {problem}"
        )))
    }

    /// Reads an `ORDER BY` clause, which is refused if nothing else is wrong; returns whether there is one.
    fn order(&mut self) -> Result<bool, QueryError> {
        if !self.eat("ORDER") {
            return Ok(false);
        }
        self.expect("BY")?;
        loop {
            self.field()?;
            if !self.eat("ASC") {
                self.eat("DESC");
            }
            if !self.eat_symbol(",") {
                return Ok(true);
            }
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn peek_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn eat(&mut self, keyword: &str) -> bool {
        let seen = self.peek_keyword(keyword);
        self.next += usize::from(seen);
        seen
    }

    fn eat_symbol(&mut self, symbol: &'static str) -> bool {
        let seen = self.peek() == Some(&Token::Symbol(symbol));
        self.next += usize::from(seen);
        seen
    }

    fn expect(&mut self, keyword: &str) -> Result<(), QueryError> {
        match self.eat(keyword) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{keyword}`"))),
        }
    }

    fn expect_symbol(&mut self, symbol: &'static str) -> Result<(), QueryError> {
        match self.eat_symbol(symbol) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{symbol}`"))),
        }
    }

    fn unexpected(&self, wanted: &str) -> QueryError {
        let found = match self.peek() {
            None => "the query ends".to_owned(),
            Some(Token::Word(word) | Token::Name(word)) => format!("found `{word}`"),
            Some(Token::Text(text)) => format!("found '{text}'"),
            Some(Token::Integer(integer)) => format!("found `{integer}`"),
            Some(Token::Number(number)) => format!("found `{number}`"),
            Some(Token::Symbol(symbol)) => format!("found `{symbol}`"),
        };
        self.error(format!("expected {wanted}, {found}"))
    }

    fn error(&self, problem: String) -> QueryError {
        let position = self.tokens.get(self.next).map_or(self.end, |(at, _)| *at);
        QueryError::at(position, problem)
    }
}

fn single_or(mut filters: Vec<Filter>, join: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match filters.len() {
        1 => filters.remove(0),
        _ => join(filters),
    }
}

fn negate_if(negated: bool, filter: Filter) -> Filter {
    match negated {
        true => Filter::Not(Box::new(filter)),
        false => filter,
    }
}

/// Maximum nesting; deeper filters could overflow the stack.
const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use durably_proto::api::enums::v1::IndexedValueType;

    use super::*;

    fn parsed(text: &str) -> Query {
        parse(text, &Attributes::new()).expect("the query is well formed")
    }

    fn refused(text: &str) -> String {
        parse(text, &Attributes::new())
            .expect_err("the query is malformed")
            .to_string()
    }

    #[test]
    fn an_empty_query_asks_for_everything() {
        assert_eq!(parsed("  "), Query::default());
    }

    #[test]
    fn conditions_are_read() {
        let query = parsed("WorkflowType = 'x' AND ExecutionStatus='Running'");
        assert!(matches!(query.filter, Some(Filter::All(all)) if all.len() == 2));
    }

    #[test]
    fn lists_have_one_order() {
        for (text, problem) in [
            (
                "ORDER BY StartTime",
                "operation is not supported: 'ORDER BY' clause",
            ),
            (
                "GROUP BY ExecutionStatus ORDER BY StartTime DESC, WorkflowId ASC",
                "operation is not supported: 'ORDER BY' clause",
            ),
            ("ORDER BY Nonsense", "invalid search attribute: Nonsense"),
            (
                "WorkflowType = 'x' ORDER BY StartTime LIMIT 3",
                "operation is not supported: 'LIMIT' clause",
            ),
        ] {
            assert_eq!(refused(text), format!("invalid query: {problem}"), "{text}");
        }
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let query = parsed("WorkflowId='a' OR WorkflowId='b' AND WorkflowType='c'");
        let Some(Filter::Any(any)) = query.filter else {
            panic!("`OR` is the outer one: {query:?}");
        };
        assert!(matches!(any[1], Filter::All(_)));
    }

    #[test]
    fn parentheses_regroup() {
        let query = parsed("(WorkflowId='a' OR WorkflowId='b') AND NOT WorkflowType='c'");
        assert!(matches!(query.filter, Some(Filter::All(_))));
    }

    #[test]
    fn lists_ranges_prefixes_and_null_are_read() {
        parsed("WorkflowId IN ('a', \"b\") AND WorkflowId NOT IN ('c')");
        parsed("StartTime BETWEEN '2024-01-01T00:00:00Z' AND '2025-01-01T00:00:00Z'");
        parsed("WorkflowType STARTS_WITH 'Order' AND CloseTime IS NULL");
        parsed("`WorkflowType` = 'it''s' AND ExecutionStatus IN ('Running', 'Failed')");
        parsed("GROUP BY ExecutionStatus");
    }

    #[test]
    fn an_error_says_where_it_is() {
        assert_eq!(
            refused("WorkflowType 'x'"),
            "invalid query: expected a comparison such as `=`, found 'x' at position 14"
        );
        assert_eq!(
            refused("Colour = 'red'"),
            "invalid query: invalid search attribute: Colour"
        );
        assert_eq!(
            refused("WorkflowType = 'x"),
            "invalid query: the text that begins with ' does not end at position 16"
        );
        assert_eq!(
            refused("WorkflowType = "),
            "invalid query: expected a value: a text in quotes, a number, true or false, the query ends at position 16"
        );
        assert_eq!(
            refused("StartTime > 'yesterday'"),
            "invalid query: invalid expression: unable to parse datetime 'yesterday'"
        );
        assert!(refused("WorkflowId = 'a' WorkflowId").contains("position 18"));
        assert!(refused(&"(".repeat(100_000)).contains("too deep"));
        assert!(refused("WorkflowId = ü").contains("position 14"));
    }

    #[test]
    fn keywords_are_names_in_backticks() {
        let mut attributes = Attributes::new();
        for name in ["Status", "status", "Key", "Größe"] {
            assert!(attributes.add(name, IndexedValueType::Int));
        }
        let field = |text: &str| match parse(text, &attributes)?.filter {
            Some(Filter::Compare { field, .. }) => Ok(field.name().to_owned()),
            other => panic!("{other:?}"),
        };
        assert_eq!(field("Status = 1"), Ok("status".to_owned()));
        assert_eq!(field("`Status` = 1"), Ok("Status".to_owned()));
        assert_eq!(field("`Key` = 1"), Ok("Key".to_owned()));
        assert_eq!(field("`Größe` = 1"), Ok("Größe".to_owned()));
        assert!(field("Größe = 1").is_err());
        assert_eq!(
            field("Key = 1").map_err(|error: QueryError| error.to_string()),
            Err("invalid query: expected the name of a search attribute, which `Key` is in backticks only, found `Key` at position 1".to_owned())
        );
    }

    #[test]
    fn a_name_may_lack_its_prefix() {
        let mut attributes = Attributes::new();
        assert!(attributes.add("Customer", IndexedValueType::Keyword));
        let resolved = |attributes: &Attributes, name: &str| {
            let field = attributes.resolve(name);
            field.map(|it| it.name().to_owned())
        };
        for (name, field) in [
            ("ScheduledById", "TemporalScheduledById"),
            ("TemporalTemporalScheduledById", "TemporalScheduledById"),
            ("TemporalStartTime", "StartTime"),
            ("ScheduleId", "WorkflowId"),
            ("TemporalScheduleId", "WorkflowId"),
            ("Customer", "Customer"),
        ] {
            assert_eq!(
                resolved(&attributes, name).as_deref(),
                Some(field),
                "{name}"
            );
        }
        for name in [
            "TemporalCustomer",
            "temporalScheduledById",
            "TemporalTemporalStartTime",
        ] {
            assert_eq!(resolved(&attributes, name), None, "{name}");
        }
        attributes.add("ScheduleId", IndexedValueType::Int);
        let own = resolved(&attributes, "ScheduleId");
        assert_eq!(own.as_deref(), Some("ScheduleId"));
    }

    #[test]
    fn counts_have_groups_of_few_fields() {
        parsed("GROUP BY TemporalNamespaceDivision");
        assert_eq!(
            refused("GROUP BY WorkflowType"),
            "invalid query: operation is not supported: 'GROUP BY' clause is not supported for search attribute WorkflowType"
        );
        assert_eq!(
            refused("GROUP BY ExecutionStatus, WorkflowType"),
            "invalid query: operation is not supported: 'GROUP BY' clause supports only a single field"
        );
    }
}
