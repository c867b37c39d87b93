//! JSON strings in payloads. The crate encodes no other JSON than these and lists of them, so it
//! has no serializer.

use std::fmt::Write as _;

/// Encodes a text as a JSON string.
pub(crate) fn string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            // JSON allows no control characters in strings.
            '\0'..='\x1f' => {
                let _ = write!(json, "\\u{:04x}", u32::from(character));
            }
            _ => json.push(character),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::string;

    #[test]
    fn texts_are_escaped_as_json_requires() {
        for (text, json) in [
            ("", r#""""#),
            ("unversioned:1.0", r#""unversioned:1.0""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            ("a\n\0\u{7f}", "\"a\\u000a\\u0000\u{7f}\""),
            ("e\u{301} ß \u{200b}", "\"e\u{301} ß \u{200b}\""),
        ] {
            assert_eq!(string(text), json);
        }
    }
}
