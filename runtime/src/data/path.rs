//! Where in a JSON text a reader or a writer stopped: `.items[3].price`.

/// The path of the value that ends at, or contains, the byte before `consumed`.
///
/// The text was read or written by serde_json up to there, so it is well formed but for its end.
pub(crate) fn locate(json: &[u8], consumed: usize) -> String {
    let mut scan = Scan::default();
    let mut at = 0;
    let end = consumed.min(json.len());
    while at < end {
        at = scan.step(json, at, end);
    }
    scan.path()
}

/// One enclosing array or object, and where in it we are.
enum Level {
    Array(usize),
    Object(Option<String>),
}

#[derive(Default)]
struct Scan {
    /// The arrays and objects that are open, outermost first.
    open: Vec<Level>,
    /// Whether the next string in the innermost object is a key.
    key_next: bool,
}

impl Scan {
    /// Takes one token that begins at `at`; returns where the next one begins.
    fn step(&mut self, json: &[u8], at: usize, end: usize) -> usize {
        match json[at] {
            b'{' => {
                self.open.push(Level::Object(None));
                self.key_next = true;
            }
            b'[' => self.open.push(Level::Array(0)),
            b'}' | b']' => {
                self.open.pop();
            }
            b',' => match self.open.last_mut() {
                Some(Level::Array(index)) => *index += 1,
                Some(Level::Object(key)) => {
                    *key = None;
                    self.key_next = true;
                }
                None => {}
            },
            b'"' => return self.string(json, at, end),
            _ => {}
        }
        at + 1
    }

    fn string(&mut self, json: &[u8], at: usize, end: usize) -> usize {
        let mut next = at + 1;
        while next < end && json[next] != b'"' {
            next += if json[next] == b'\\' { 2 } else { 1 };
        }
        let next = (next + 1).min(end);
        if let (true, Some(Level::Object(key))) = (self.key_next, self.open.last_mut()) {
            let text = &json[at..next];
            *key = serde_json::from_slice(text).ok();
            self.key_next = false;
        }
        next
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for level in &self.open {
            match level {
                Level::Array(index) => path.push_str(&format!("[{index}]")),
                Level::Object(Some(key)) => path.push_str(&format!(".{key}")),
                Level::Object(None) => {}
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::locate;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Order {
        items: Vec<Item>,
        note: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Item {
        price: u32,
    }

    fn path_of(json: &str) -> String {
        let error = serde_json::from_str::<Order>(json).expect_err("the text is wrong on purpose");
        locate(json.as_bytes(), error.column())
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        assert_eq!(
            path_of(r#"{"items":[{"price":1},{"price":"2"}]}"#),
            ".items[1].price"
        );
        assert_eq!(path_of(r#"{"note":7,"items":[]}"#), ".note");
        assert_eq!(path_of(r#"{"items":[{"price":-1}]}"#), ".items[0].price");
    }

    #[test]
    fn a_missing_field_is_looked_for_in_its_object() {
        assert_eq!(path_of(r#"{"items":[{"price":1},{}]}"#), ".items[1]");
        assert_eq!(path_of(r#"{"note":"a, b"}"#), "");
    }

    #[test]
    fn quotes_and_braces_in_strings_are_text() {
        assert_eq!(
            path_of(r#"{"note":"\"}],","items":[{"price":[]}]}"#),
            ".items[0].price"
        );
    }
}
