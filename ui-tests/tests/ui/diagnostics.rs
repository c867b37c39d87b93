//! `docs/diagnostics.md`: every mistake with what the compiler says of it, written from the cases.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    case::{self, Case},
    said::Said,
};

#[test]
fn the_table_of_mistakes_is_what_the_compiler_says() {
    if case::blessing() {
        // With a case that has no text yet, the test that blesses it writes the table after it.
        if Case::all().is_ok() {
            write();
        }
        return;
    }
    let written = fs::read_to_string(FILE).unwrap_or_default();
    let wanted = page();
    if let Some((line, (written, wanted))) = written
        .lines()
        .chain([""])
        .zip(wanted.lines().chain([""]))
        .enumerate()
        .find(|(_, (written, wanted))| written != wanted)
    {
        panic!(
            "docs/diagnostics.md is stale from line {}:\n  it has    {written}\n  it wants  {wanted}\n\
             write it anew: {COMMAND}",
            line + 1
        );
    }
}

/// Writes the file anew.
pub(crate) fn write() {
    fs::write(FILE, page()).expect("the documentation can be written");
}

fn page() -> String {
    let cases = Case::all().unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut topics: BTreeMap<(usize, &str), Vec<&Case>> = BTreeMap::new();
    for case in &cases {
        let place = TOPICS.iter().position(|topic| *topic == case.topic);
        let key = (place.unwrap_or(TOPICS.len()), case.topic.as_str());
        topics.entry(key).or_default().push(case);
    }
    let mut page = HEAD
        .replace("{count}", &cases.len().to_string())
        .replace("{command}", COMMAND);
    let contents: Vec<String> = topics
        .iter()
        .map(|((_, topic), cases)| format!("[{topic}](#{topic}) {}", cases.len()))
        .collect();
    page.push_str(&contents.join(" · "));
    page.push('\n');
    for ((_, topic), cases) in topics {
        page.push_str(&section(topic, &cases));
    }
    page
}

fn section(topic: &str, cases: &[&Case]) -> String {
    let mut text = format!("\n## {topic}\n\n");
    let program = PathBuf::from("pass").join(topic).with_extension("rs");
    if let Some(title) = case::title(&program) {
        let _ = writeln!(
            text,
            "A program that is right: [{}]({}).\n",
            inline(&title),
            link(&program)
        );
    }
    text.push_str("| mistake | at | what the compiler says |\n|---|---|---|\n");
    for case in cases {
        let mut mistake = format!("[{}]({})", inline(&case.mistake), link(&case.path));
        for said in &case.said {
            let at: Vec<String> = said.at.iter().map(|at| code(at)).collect();
            let _ = writeln!(
                text,
                "| {mistake} | {} | {} |",
                at.join("<br>"),
                words(said)
            );
            mistake.clear();
        }
    }
    text
}

fn words(said: &Said) -> String {
    let lines: Vec<String> = said.lines.iter().map(|line| inline(line)).collect();
    let number = said.number.as_ref().map(|number| format!("{number}: "));
    number.unwrap_or_default() + &lines.join("<br>")
}

/// From the folder of the documentation to a file of this package.
fn link(file: &Path) -> String {
    format!("../ui-tests/{}", file.display())
}

/// Code in a cell of a table.
fn code(text: &str) -> String {
    let text = text.trim();
    let short: String = match text.char_indices().nth(LONGEST_CODE) {
        Some((end, _)) => format!("{} ..", text[..end].trim_end()),
        None => text.to_owned(),
    };
    let mark = if short.contains('`') { "``" } else { "`" };
    format!("{mark}{}{mark}", short.replace('|', "\\|"))
}

/// Words in a cell of a table: what is in backticks stays as it is, the rest is no markup.
fn inline(text: &str) -> String {
    let paired = text.matches('`').count().is_multiple_of(2);
    let mut in_code = false;
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '`' if paired => in_code = !in_code,
            '|' => out.push('\\'),
            '<' if !in_code => {
                out.push_str("&lt;");
                continue;
            }
            // Inside of a word it is no markup, and the word stays searchable.
            '_' if out.ends_with(char::is_alphanumeric)
                && chars.peek().is_some_and(|next| next.is_alphanumeric()) => {}
            '*' | '_' | '[' | ']' | '`' if !in_code => out.push('\\'),
            _ => {}
        }
        out.push(char);
    }
    out
}

const FILE: &str = "../docs/diagnostics.md";
const COMMAND: &str = "TRYBUILD=overwrite cargo test -p durably-ui-tests diagnostics";

/// Longer code is cut in the table; the case has all of it.
const LONGEST_CODE: usize = 60;

/// The order in which a reader meets them; other topics follow by name.
const TOPICS: [&str; 16] = [
    "workflow",
    "run",
    "init",
    "signal",
    "query",
    "update",
    "state",
    "determinism",
    "activity",
    "activities",
    "call",
    "client",
    "worker",
    "data",
    "names",
    "main",
];

const HEAD: &str = "\
# What the compiler says

<!-- Written from ui-tests/fail by `{command}`. -->

{count} mistakes that the compiler catches, each with the code it points at and its words; search
this page for the words you see. Every row is a file that the tests compile, and they compare the
whole text, so what stands here is what rustc says. Left out here are rustc's notes about how it
came to an error; the case has them.

";

#[test]
fn words_are_no_markup_outside_of_backticks() {
    assert_eq!(
        inline("`Vec<_>` | not <T> of a_b"),
        "`Vec<_>` \\| not &lt;T> of a_b"
    );
    assert_eq!(inline("one ` alone"), "one \\` alone");
    assert_eq!(code("let a = |x| x"), "`let a = \\|x\\| x`");
}
