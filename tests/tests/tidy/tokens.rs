//! Tokens of a source file: its words and signs, without comments and literals.

/// The words and signs of a source with their lines, without comments and literals.
pub(super) fn tokens(text: &str) -> Vec<(&str, usize)> {
    let mut tokens = tokens_and_docs(text);
    tokens.retain(|(token, _)| !is_doc(token));
    tokens
}

/// Whether a token is a line of documentation.
pub(super) fn is_doc(token: &str) -> bool {
    let is_outer = token.starts_with("///") && !token.starts_with("////");
    is_outer || token.starts_with("//!")
}

/// The tokens of a source, and the lines of its documentation with their signs.
pub(super) fn tokens_and_docs(text: &str) -> Vec<(&str, usize)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &text[at..];
        let length = match bytes[at] {
            b'/' if rest.starts_with("//") => {
                let length = rest.find('\n').unwrap_or(rest.len());
                if is_doc(&rest[..length]) {
                    tokens.push((&rest[..length], line));
                }
                length
            }
            b'/' if rest.starts_with("/*") => block_comment(rest),
            b'"' => string(rest),
            b'r' | b'b' | b'c' if raw_string(rest).is_some() => raw_string(rest).unwrap_or(1),
            b'\'' => quote(rest),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii() => {
                let is_part = |c: char| c.is_alphanumeric() || c == '_';
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                let length = length.max(rest.chars().next().map_or(1, char::len_utf8));
                tokens.push((&rest[..length], line));
                length
            }
            b':' if rest.starts_with("::") => {
                tokens.push((&rest[..2], line));
                2
            }
            byte => {
                if !byte.is_ascii_whitespace() {
                    tokens.push((&rest[..1], line));
                }
                1
            }
        };
        line += rest[..length].matches('\n').count();
        at += length;
    }
    tokens
}

/// The length of a block comment; they nest.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < rest.len() {
        let tail = &rest.as_bytes()[at..];
        if tail.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a string literal.
fn string(rest: &str) -> usize {
    let mut escaped = true;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a raw string literal, if one begins here.
fn raw_string(rest: &str) -> Option<usize> {
    let tail = rest.trim_start_matches(['b', 'c']).strip_prefix('r')?;
    let hashes = tail.len() - tail.trim_start_matches('#').len();
    let body = tail[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", &tail[..hashes]);
    let begin = rest.len() - body.len();
    Some(begin + body.find(&end).map_or(body.len(), |at| at + end.len()))
}

/// The length of a character, or of the quote of a lifetime.
fn quote(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(rest.len(), |at| at + 4),
        Some((at, c)) if rest[at + c.len_utf8()..].starts_with('\'') => at + c.len_utf8() + 1,
        _ => 1,
    }
}
