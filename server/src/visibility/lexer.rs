//! Lexer of the query language.

use super::query::QueryError;

/// A token of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    /// A name in backticks, which is no keyword.
    Name(String),
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
        let token = if is_blank(character) {
            at += 1;
            continue;
        } else if let Some(end) = comment_end(&characters, at)? {
            at = end;
            continue;
        } else if matches!(character, '\'' | '"' | '`') {
            let (content, next) = quoted(&characters, at)?;
            at = next;
            match character {
                '`' => Token::Name(content),
                _ => Token::Text(content),
            }
        } else if let Some(digits) = digits_at(&characters, at) {
            at = number_end(&characters, digits);
            number(&characters[start..at], start + 1)?
        } else if character.is_ascii_alphabetic() || matches!(character, '_' | '@') {
            while characters
                .get(at)
                .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '.'))
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
            match *symbol {
                "&&" => Token::Word("AND".to_owned()),
                "||" => Token::Word("OR".to_owned()),
                symbol => Token::Symbol(symbol),
            }
        };
        tokens.push((start + 1, token));
    }
    Ok(tokens)
}

const fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\n' | '\r' | '\t')
}

/// Behind the comment that begins at `start`: one of SQL, as the real server reads them.
fn comment_end(characters: &[char], start: usize) -> Result<Option<usize>, QueryError> {
    let rest = &characters[start..];
    let begins = |with: &str| with.chars().eq(rest.iter().copied().take(with.len()));
    if begins("/*") {
        let end = rest[2..].windows(2).position(|pair| pair == ['*', '/']);
        return match end {
            Some(end) => Ok(Some(start + 2 + end + 2)),
            None => Err(QueryError::at(
                start + 1,
                "the comment that begins here does not end".to_owned(),
            )),
        };
    }
    if !["--", "//", "#"].into_iter().any(begins) {
        return Ok(None);
    }
    let line = rest.iter().position(|character| *character == '\n');
    Ok(Some(line.map_or(characters.len(), |end| start + end)))
}

/// Where the digits of the number begin that begins at `start`, perhaps with a sign.
fn digits_at(characters: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    if matches!(characters.get(at), Some('-' | '+')) {
        at += 1;
        while characters.get(at).copied().is_some_and(is_blank) {
            at += 1;
        }
    }
    let is_digit = |at: usize| characters.get(at).is_some_and(char::is_ascii_digit);
    let begins = is_digit(at) || characters.get(at) == Some(&'.') && is_digit(at + 1);
    begins.then_some(at)
}

/// Behind the number whose digits begin at `start`: a fraction and an exponent may follow, and letters, which make it
/// none.
fn number_end(characters: &[char], start: usize) -> usize {
    let mut at = start;
    let mut seen = [false; 2];
    while let Some(&character) = characters.get(at) {
        let [point, exponent] = &mut seen;
        match character {
            '.' if !*point && !*exponent => *point = true,
            'e' | 'E' if !*exponent => {
                *exponent = true;
                at += usize::from(matches!(characters.get(at + 1), Some('-' | '+')));
            }
            _ if character.is_ascii_alphanumeric() || matches!(character, '_' | '@') => {}
            _ => break,
        }
        at += 1;
    }
    at
}

/// Reads a number; the blanks behind its sign do not count.
fn number(characters: &[char], position: usize) -> Result<Token, QueryError> {
    let text: String = characters.iter().filter(|c| !is_blank(**c)).collect();
    if let Ok(integer) = text.parse() {
        return Ok(Token::Integer(integer));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Token::Number(number)),
        Ok(_) => Err(QueryError::semantic(format!(
            "invalid expression: unable to parse value {text:?}"
        ))),
        Err(_) => Err(QueryError::at(
            position,
            format!("`{text}` is not a number"),
        )),
    }
}

/// Reads the quoted text that begins at `start`. A doubled quote stands for itself, and so does one behind a backslash,
/// which has no meaning in backticks.
fn quoted(characters: &[char], start: usize) -> Result<(String, usize), QueryError> {
    let quote = characters[start];
    let mut content = String::new();
    let mut at = start + 1;
    while let Some(&character) = characters.get(at) {
        match character {
            '\\' if quote != '`' && characters.get(at + 1).is_some() => {
                content.push(escaped(characters[at + 1]));
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

/// The character that this one behind a backslash stands for.
const fn escaped(character: char) -> char {
    match character {
        '0' => '\0',
        'b' => '\u{8}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'Z' => '\u{1a}',
        other => other,
    }
}

/// Longer symbols come first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 13] = [
    "<=>", "<=", ">=", "!=", "<>", "&&", "||", "=", "<", ">", "(", ")", ",",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Token> {
        let tokens = tokens(text).expect("the tokens are well formed");
        tokens.into_iter().map(|(_, token)| token).collect()
    }

    fn refused(text: &str) -> String {
        tokens(text).expect_err("it is malformed").to_string()
    }

    #[test]
    fn numbers_have_signs_fractions_and_exponents() {
        assert_eq!(read("-5 - 5 +5 007"), [-5, -5, 5, 7].map(Token::Integer));
        assert_eq!(
            read("1e-7 1E+7 -1.5e-7 .5 5. - .5"),
            [1e-7, 1e7, -1.5e-7, 0.5, 5.0, -0.5].map(Token::Number)
        );
        let least = i64::MIN;
        assert_eq!(read(&least.to_string()), [Token::Integer(least)]);
        assert_eq!(read("9223372036854775808"), [Token::Number(2f64.powi(63))]);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(
            refused("1e400"),
            "invalid query: invalid expression: unable to parse value \"1e400\""
        );
        for text in ["5AND", "1e", "0x10", "5_0"] {
            assert_eq!(
                refused(text),
                format!("invalid query: `{text}` is not a number at position 1")
            );
        }
        for text in ["+nan", "-inf", "-+5", ".e5", "a & b", "a | b"] {
            assert!(refused(text).contains("unexpected character"), "{text}");
        }
        assert!(refused("A-b").contains("unexpected character `-` at position 2"));
    }

    #[test]
    fn comments_are_skipped_and_operators_of_c_are_words() {
        let words = |words: &[&str]| -> Vec<_> {
            let words = words.iter();
            words.map(|it| Token::Word((*it).to_owned())).collect()
        };
        assert_eq!(read("a && b || c"), words(&["a", "AND", "b", "OR", "c"]));
        assert_eq!(
            read("a -- b\nc # d\ne // f\ng /* h */i/**/ -- j"),
            words(&["a", "c", "e", "g", "i"])
        );
        assert_eq!(read("'-- a' --"), [Token::Text("-- a".to_owned())]);
        for text in ["a /* b", "/*/"] {
            assert!(refused(text).contains("does not end"), "{text}");
        }
    }

    #[test]
    fn texts_have_escapes_and_names_have_none() {
        let text = |text: &str| [Token::Text(text.to_owned())];
        assert_eq!(
            read(r"'\n\t\r\b\0\Z\q\'\\'"),
            text("\n\t\r\u{8}\0\u{1a}q'\\")
        );
        assert_eq!(read("'it''s'"), text("it's"));
        assert_eq!(read("\"it's\""), text("it's"));
        assert_eq!(read(r"`a\n``b`"), [Token::Name(r"a\n`b".to_owned())]);
    }
}
