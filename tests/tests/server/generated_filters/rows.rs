//! Rows with values of every type, drawn by a seed.

use durably_tests::rng::Rng;
use serde_json::json;

/// What ends the workflow of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Completes,
    Fails,
    IsTerminated,
    /// It has had its first task.
    Runs,
    /// No worker has seen it.
    Waits,
}

/// A workflow and the search attributes that it starts with, as JSON.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) end: End,
    pub(super) fields: Vec<(&'static str, String)>,
}

pub(super) fn rows(rng: &mut Rng) -> Vec<Row> {
    let ends = [
        End::Completes,
        End::Fails,
        End::IsTerminated,
        End::Runs,
        End::Waits,
    ];
    let ends = ends.into_iter().cycle().take(40);
    ends.enumerate()
        .map(|(number, end)| Row {
            name: format!("row-{number:02}"),
            end,
            fields: fields(rng),
        })
        .collect()
}

/// Some of the attributes; the others have no value.
fn fields(rng: &mut Rng) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    let mut add = |rng: &mut Rng, name, value: fn(&mut Rng) -> String| {
        if rng.below(10) < 6 {
            fields.push((name, value(rng)));
        }
    };
    add(rng, "DurablyKeyword", |rng| {
        json!(pick(rng, KEYWORDS)).to_string()
    });
    add(rng, "DurablyText", |rng| {
        let words: Vec<_> = (0..=rng.below(3)).map(|_| pick(rng, WORDS)).collect();
        json!(words.join(" ")).to_string()
    });
    add(rng, "DurablyInt", |rng| pick(rng, INTEGERS).to_owned());
    add(rng, "DurablyDouble", |rng| pick(rng, DOUBLES).to_owned());
    add(rng, "DurablyBool", |rng| rng.one_in(2).to_string());
    add(rng, "DurablyDatetime", |rng| {
        json!(pick(rng, TIMES)).to_string()
    });
    add(rng, "DurablyKeywordList", |rng| {
        let items: Vec<_> = (0..rng.below(4)).map(|_| pick(rng, ITEMS)).collect();
        json!(items).to_string()
    });
    fields
}

pub(super) fn pick(rng: &mut Rng, of: &[&'static str]) -> &'static str {
    let count = u64::try_from(of.len()).expect("a short list");
    of[usize::try_from(rng.below(count)).expect("below the length")]
}

/// No two differ in their case alone, and none has a backslash or a quotation mark: the real server's SQLite finds
/// those otherwise, which `what_the_real_store_finds_otherwise` shows.
pub(super) const KEYWORDS: &[&str] = &[
    "tea",
    "green tea",
    "it's",
    "%",
    "_",
    "te%",
    "",
    "Gr\u{f6}\u{df}e",
    "gr\u{fc}n-tee",
    "x y",
    "null",
    "1",
    "true",
    "two  words",
    "\u{65e5}\u{672c}",
    "ab",
    "abc",
    "a,b",
    " lead",
    "don't stop",
    "C++",
    "foo_bar",
    "a.b.c",
    "!",
    "te!",
    "-- x",
    "/* x */",
    "a;b",
];
pub(super) const ITEMS: &[&str] = &[
    "tea",
    "green tea",
    "it's",
    "%",
    "te%",
    "gr\u{fc}n-tee",
    "null",
    "1",
    "two  words",
    "\u{65e5}\u{672c}",
    "ab",
    "abc",
    "a,b",
    "don't stop",
    "C++",
    "foo_bar",
];
/// Without accents, which that SQLite leaves out.
pub(super) const WORDS: &[&str] = &[
    "tea",
    "Tea",
    "TEA",
    "green tea",
    "it's",
    "te%",
    "x y",
    "null",
    "1",
    "two  words",
    "ab",
    "abc",
    "a,b",
    "don't stop",
    "C++",
    "foo_bar",
    "a.b.c",
    "foo-bar",
];
pub(super) const INTEGERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "5",
    "42",
    "9007199254740993",
    "9007199254740992",
    "-9223372036854775808",
    "9223372036854775807",
];
pub(super) const DOUBLES: &[&str] = &[
    "0",
    "0.5",
    "-2.25",
    "1e10",
    "1e-8",
    "3",
    "0.1",
    "1e308",
    "-0.0",
    "9007199254740993",
];
/// In milliseconds, whose last digit is not zero: the real server's SQLite compares times as texts.
pub(super) const TIMES: &[&str] = &[
    "2026-03-01T12:30:00.123Z",
    "2026-03-01T14:30:00.123+02:00",
    "1970-01-01T00:00:00.001Z",
    "1960-05-05T05:05:05.999Z",
    "2100-01-01T00:00:00.777Z",
    "2026-03-01T12:30:00.567Z",
    "2026-03-01T12:30:00.568Z",
];
