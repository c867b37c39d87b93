//! What users read when something goes wrong at run time: all texts of one topic in one file of
//! `texts/`, which a person has read.

#[path = "../../tests/blessed.rs"]
mod blessed;

use std::{fs, path::Path};

use self::blessed::blessed;

/// The texts of one topic, in the order in which a test met them.
pub(crate) struct Texts {
    topic: &'static str,
    all: String,
}

impl Texts {
    pub(crate) fn of(topic: &'static str) -> Self {
        let all = String::new();
        Self { topic, all }
    }

    /// What is said in this case.
    pub(crate) fn add(&mut self, case: &str, said: impl AsRef<str>) {
        let said = with_code(said.as_ref());
        self.all += &format!("== {case}\n{said}\n\n");
    }

    /// Compares all of them with the file of the topic.
    pub(crate) fn check(self) {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = format!("src/texts/{}.txt", self.topic);
        blessed(&package.join(file), &self.all);
    }
}

/// Every `path.rs:7:9` with the code at that place instead of its numbers: the code shows that the
/// place is right, and does not change whenever a line is added above it.
fn with_code(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(end) = rest.find(".rs:").map(|at| at + ".rs:".len()) {
        let start = rest[..end].rfind([' ', '\n', '`']).map_or(0, |at| at + 1);
        let path = &rest[start..end - 1];
        let (line, after) = number(&rest[end..]);
        let (column, after) = number(after.strip_prefix(':').unwrap_or(after));
        shown += &rest[..end - 1];
        shown += &format!(" `{}`", code(path, line, column));
        rest = after;
    }
    shown + rest
}

fn number(text: &str) -> (usize, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (digits, after) = text.split_at(end.unwrap_or(text.len()));
    (
        digits.parse().expect("places have a line and a column"),
        after,
    )
}

/// The rest of a line of the workspace; nothing of other packages.
fn code(path: &str, line: usize, column: usize) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let source = fs::read_to_string(workspace.join(path)).unwrap_or_default();
    let line = source.lines().nth(line - 1).unwrap_or_default();
    line.get(column - 1..).unwrap_or_default().to_owned()
}
