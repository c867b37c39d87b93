//! `mistakes/expected.tsv`: the mistakes, and what becomes of each.

use super::Cases;
use std::{collections::BTreeSet, fmt, fs, path::Path};

pub struct Mistake {
    /// `topic/name`: one of our cases, or a name of its own if we catch it at run time.
    pub name: String,
    pub ours: Expectation,
    /// `file::test`, the test that shows that we catch it at run time.
    pub shown_by: Option<String>,
    /// The peer's program in `mistakes/programs`.
    pub program: String,
    pub peer: Expectation,
    /// What the first error, or what was said or given at run time, contains.
    pub says: String,
}

/// What becomes of a mistake.
#[derive(Clone, PartialEq, Eq)]
pub enum Expectation {
    /// The compiler refuses it.
    Compile,
    /// An error names it when the program runs.
    Run,
    /// Nobody says anything.
    Silent,
    /// It cannot be made there, for this reason.
    NotApplicable(String),
}

impl Mistake {
    pub fn topic(&self) -> &str {
        self.name.split('/').next().unwrap_or(&self.name)
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compile => "compile",
            Self::Run => "run",
            Self::Silent => "silent",
            Self::NotApplicable(why) => why,
        })
    }
}

impl Expectation {
    fn parse(word: &str) -> Self {
        match word {
            "compile" => Self::Compile,
            "run" => Self::Run,
            "silent" => Self::Silent,
            why => Self::NotApplicable(why.to_owned()),
        }
    }
}

/// The file's content, and how it stands to our cases.
pub struct Expected {
    pub mistakes: Vec<Mistake>,
    /// Our cases that nobody has made with the peer.
    pub uncounted: usize,
    /// What the file names and nobody has.
    pub differences: Vec<String>,
}

pub fn read(cases: &Cases) -> Expected {
    let text = fs::read_to_string("mistakes/expected.tsv").expect("the file is in the repository");
    let mistakes: Vec<Mistake> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(parse)
        .collect();
    let counted: BTreeSet<&str> = mistakes
        .iter()
        .filter(|mistake| mistake.ours == Expectation::Compile)
        .map(|mistake| mistake.name.as_str())
        .collect();
    let gone = counted
        .iter()
        .filter(|name| !cases.contains_key(**name))
        .map(|name| format!("{name}: no such case"));
    let unshown = mistakes
        .iter()
        .filter_map(|mistake| mistake.shown_by.as_deref())
        .filter(|test| !exists(test))
        .map(|test| format!("{test}: no such test"));
    let differences = gone.chain(unshown).collect();
    let uncounted = cases.keys().filter(|case| !counted.contains(case.as_str()));
    Expected {
        uncounted: uncounted.count(),
        differences,
        mistakes,
    }
}

fn parse(line: &str) -> Mistake {
    let columns: Vec<&str> = line.split('\t').collect();
    let [name, ours, program, peer, says] = columns[..] else {
        panic!("five columns in expected.tsv, not `{line}`");
    };
    let (ours, shown_by) = match ours.split_once(' ') {
        Some((ours, test)) => (ours, Some(test.to_owned())),
        None => (ours, None),
    };
    Mistake {
        name: name.to_owned(),
        ours: Expectation::parse(ours),
        shown_by,
        program: program.to_owned(),
        peer: Expectation::parse(peer),
        says: says.to_owned(),
    }
}

/// Whether a file of the repository has that test.
fn exists(test: &str) -> bool {
    test.split_once("::").is_some_and(|(file, name)| {
        fs::read_to_string(Path::new("..").join(file))
            .is_ok_and(|text| text.contains(&format!("fn {name}(")))
    })
}
