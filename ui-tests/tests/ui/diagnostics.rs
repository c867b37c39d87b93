//! `docs/diagnostics.md`: every mistake with what the compiler says of it, written from the cases.

#[path = "../../../tests/blessed.rs"]
mod blessed;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use self::blessed::blessed;
use crate::{
    bless,
    cases::Case,
    said::{self, Said},
};

#[test]
fn the_table_of_mistakes_is_what_the_compiler_says() {
    // While the cases are blessed, their test writes the table after them.
    if !bless::blessing() {
        blessed(Path::new(FILE), &page());
    }
}

/// Writes the file anew.
pub(crate) fn write() {
    fs::write(FILE, page()).expect("the documentation can be written");
}

fn page() -> String {
    let cases = Case::all(Path::new("fail")).unwrap_or_else(|wrong| panic!("{wrong}"));
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
    page.push_str(REPORTS);
    for file in reports() {
        page.push_str(&report(&file));
    }
    page
}

/// The blessed texts of what is reported at run time, by topic.
fn reports() -> Vec<PathBuf> {
    let entries = fs::read_dir("../runtime/src/texts").expect("the tests of the runtime bless it");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .collect();
    files.sort();
    files
}

/// One file of them: `== when`, then the text.
fn report(file: &Path) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut out = format!(
        "\n### {}\n\n| when | what is said |\n|---|---|\n",
        name.replace('_', " ")
    );
    let text = fs::read_to_string(file).expect("it was listed");
    let cases = text.split("== ").filter_map(|case| case.split_once('\n'));
    for (when, said) in cases {
        let lines: Vec<String> = said
            .trim_end()
            .lines()
            .map(|line| inline(line.trim()))
            .collect();
        let _ = writeln!(out, "| {} | {} |", inline(when), lines.join("<br>"));
    }
    out
}

/// A topic: a program that is right, what there is to say of all of its mistakes (`about.md`), and
/// the mistakes.
fn section(topic: &str, cases: &[&Case]) -> String {
    let mut text = format!("\n## {topic}\n\n");
    let program = PathBuf::from("pass").join(topic).with_extension("rs");
    if let Some(title) = title(&program) {
        let _ = writeln!(
            text,
            "A program that is right: [{}]({}).\n",
            inline(&title),
            link(&program)
        );
    }
    let about = Path::new("fail").join(topic).join("about.md");
    if let Ok(about) = fs::read_to_string(about) {
        let _ = writeln!(text, "{about}");
    }
    text.push_str("| mistake | at | what the compiler says |\n|---|---|---|\n");
    for case in cases {
        let mut mistake = format!(
            "[{}]({}#{})",
            inline(&case.mistake),
            link(&Path::new("fail").join(&case.file)),
            case.name
        );
        for said in said::read(&case.text) {
            let at: Vec<String> = said.at.iter().map(|at| code(at)).collect();
            let _ = writeln!(
                text,
                "| {mistake} | {} | {} |",
                at.join("<br>"),
                words(&said)
            );
            mistake.clear();
        }
    }
    text
}

/// What the first line of a program says of it, without the full stop.
fn title(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let title = text.lines().next()?.strip_prefix("//!")?.trim();
    Some(title.trim_end_matches('.').to_owned())
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
const COMMAND: &str = "BLESS=1 cargo test -p durably-ui-tests diagnostics";

/// Longer code is cut in the table; the case has all of it.
const LONGEST_CODE: usize = 60;

/// The order in which a reader meets them; other topics follow by name.
const TOPICS: [&str; 17] = [
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
    "error",
    "names",
    "main",
];

const HEAD: &str = "\
# What the compiler says

<!-- Written from ui-tests/fail and runtime/src/texts by `{command}`. -->

{count} mistakes that the compiler catches, each with the code it points at and its words; search
this page for the words you see. Every row is a program that the tests compile, and they compare the
whole text, so what stands here is what rustc says. Left out here are rustc's notes about how it
came to an error; the case has them. What only shows when the program runs is [below](#at-run-time).

";

const REPORTS: &str = "
## At run time

What the compiler cannot see is reported where it happens: by `worker.run()` when it starts, as the
failure of a workflow task or an activity attempt, as the error of a call, or in the log. These are
the texts that the tests of the runtime produce; line and column of a place are given as the code
there.
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
