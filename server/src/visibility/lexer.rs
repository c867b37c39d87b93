//! Lexer of the query language.

use super::query::QueryError;

/// A token of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Integer(i64),
    Number(f64),
    Symbol(&'static str),
}

/// Splits a query into tokens with their positions.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, QueryError> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let start = at;
        let token = if character.is_whitespace() {
            at += 1;
            continue;
        } else if matches!(character, '\'' | '"' | '`') {
            let (content, next) = quoted(&characters, at)?;
            at = next;
            match character {
                '`' => Token::Word(content),
                _ => Token::Text(content),
            }
        } else if character.is_ascii_digit() || matches!(character, '-' | '+' | '.') {
            at += 1;
            while characters
                .get(at)
                .is_some_and(|c| c.is_ascii_alphanumeric() || *c == '.')
            {
                at += 1;
            }
            let word: String = characters[start..at].iter().collect();
            match (word.parse(), word.parse()) {
                (Ok(integer), _) => Token::Integer(integer),
                (_, Ok(number)) => Token::Number(number),
                _ => {
                    let problem = format!("`{word}` is not a number");
                    return Err(QueryError::at(start + 1, problem));
                }
            }
        } else if character.is_alphabetic() || character == '_' {
            while characters
                .get(at)
                .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
            {
                at += 1;
            }
            Token::Word(characters[start..at].iter().collect())
        } else {
            let rest = &characters[at..];
            let symbol = SYMBOLS
                .iter()
                .find(|symbol| symbol.chars().eq(rest.iter().copied().take(symbol.len())));
            let Some(symbol) = symbol else {
                let problem = format!("unexpected character `{character}`");
                return Err(QueryError::at(start + 1, problem));
            };
            at += symbol.len();
            Token::Symbol(symbol)
        };
        tokens.push((start + 1, token));
    }
    Ok(tokens)
}

/// Reads the quoted text that begins at `start`; a doubled or backslashed quote stands for itself.
fn quoted(characters: &[char], start: usize) -> Result<(String, usize), QueryError> {
    let quote = characters[start];
    let mut content = String::new();
    let mut at = start + 1;
    while let Some(&character) = characters.get(at) {
        match character {
            '\\' if characters.get(at + 1).is_some() => {
                content.push(characters[at + 1]);
                at += 2;
            }
            _ if character == quote && characters.get(at + 1) == Some(&quote) => {
                content.push(quote);
                at += 2;
            }
            _ if character == quote => return Ok((content, at + 1)),
            _ => {
                content.push(character);
                at += 1;
            }
        }
    }
    let problem = format!("the text that begins with {quote} does not end");
    Err(QueryError::at(start + 1, problem))
}

/// Longer symbols come first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 10] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ","];
