//! Compares the answers of two servers to the `temporal` command line.
//!
//! A test is a table of [`Row`]s, in their order: each is one command, which the embedded server and the real one
//! answer. The answers are compared without what differs from run to run, such as times and random ids; whatever else
//! differs is named in the row, with the reason.

mod answer;
mod command;

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use durably::Result;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{World, process::tool, unique};
use answer::Answer;

/// One command, and how its answers may differ.
pub struct Row {
    line: &'static str,
    /// A text of the answer that ends the repetition of the command.
    awaited: Option<&'static str>,
    /// Names of fields that are not compared, and why.
    ignored: Vec<(&'static [&'static str], &'static str)>,
    /// The name of a variable, and the field whose value later rows use by it.
    kept: Option<(&'static str, &'static str)>,
    /// A text of the items that are compared.
    only: Option<&'static str>,
    /// Whether the order of lists is compared.
    has_order: bool,
    differs: Option<Difference>,
}

/// A text of each answer, where they differ on purpose.
struct Difference {
    reason: &'static str,
    embedded: &'static str,
    real: &'static str,
}

/// A command of the table, as one types it; `$queue`, `$name` and what [`Row::keep`] has kept are replaced.
pub fn row(line: &'static str) -> Row {
    Row {
        line,
        awaited: None,
        ignored: Vec::new(),
        kept: None,
        only: None,
        has_order: true,
        differs: None,
    }
}

impl Row {
    /// Repeats the command until its answer contains a text, for what happens in the background.
    pub fn until(mut self, text: &'static str) -> Self {
        self.awaited = Some(text);
        self
    }

    /// Does not compare fields of these names, wherever they are.
    pub fn ignore(mut self, fields: &'static [&'static str], reason: &'static str) -> Self {
        self.ignored.push((fields, reason));
        self
    }

    /// Compares lists without their order, where the command line has none.
    pub fn unordered(mut self) -> Self {
        self.has_order = false;
        self
    }

    /// Compares those items of a list only that contain a text, which may have variables: other tests have items, too.
    pub fn only(mut self, text: &'static str) -> Self {
        self.only = Some(text);
        self
    }

    /// Keeps the value of a field for later rows, which use it as `$variable`.
    pub fn keep(mut self, variable: &'static str, field: &'static str) -> Self {
        self.kept = Some((variable, field));
        self
    }

    /// The answers differ on purpose: the test wants this text of each, and fails when they become the same.
    pub fn differs(
        mut self,
        reason: &'static str,
        embedded: &'static str,
        real: &'static str,
    ) -> Self {
        self.differs = Some(Difference {
            reason,
            embedded,
            real,
        });
        self
    }

    /// The embedded server does not have what the command is about.
    pub fn missing(self, reason: &'static str) -> Self {
        self.differs(reason, "is not implemented by the embedded server", "")
    }

    /// The command without its arguments: `workflow start`.
    pub fn command(&self) -> String {
        let words = self.line.split(' ');
        let words: Vec<_> = words.take_while(|word| !word.starts_with('-')).collect();
        words.join(" ")
    }

    /// The mismatch of the two answers, if there is one.
    fn mismatch(&self, embedded: &Answer, real: &Answer, names: &Names) -> Option<String> {
        let mut text = match &self.differs {
            None if embedded == real => return None,
            None => String::new(),
            Some(difference) => {
                let variables = names.variables();
                let replaced = |text| command::replaced(text, &variables);
                let has_both = embedded.contains(&replaced(difference.embedded))
                    && real.contains(&replaced(difference.real))
                    && embedded != real;
                if has_both {
                    return None;
                }
                format!(
                    "they should differ ({}): `{}` and `{}`\n",
                    difference.reason, difference.embedded, difference.real
                )
            }
        };
        let (ours, theirs) = (embedded.to_string(), real.to_string());
        let marked = |text: &str, other: &str| {
            let lines: Vec<_> = text.lines().collect();
            let mut is_same: Vec<_> = lines
                .iter()
                .map(|line| other.lines().any(|it| it == *line))
                .collect();
            // With the same lines their order differs, or their number.
            if !is_same.contains(&false) {
                let others = other.lines().map(Some).chain(std::iter::repeat(None));
                is_same = lines
                    .iter()
                    .zip(others)
                    .map(|(line, other)| Some(*line) == other)
                    .collect();
            }
            let mut marked = String::new();
            for (at, line) in lines.iter().enumerate() {
                let nearby = at.saturating_sub(CONTEXT)..lines.len().min(at + CONTEXT + 1);
                let text = match is_same[at] {
                    false => format!("  ! {line}\n"),
                    true if is_same[nearby].contains(&false) => format!("    {line}\n"),
                    true => continue,
                };
                marked.push_str(&text);
            }
            marked
        };
        write!(
            text,
            "temporal {}\n  embedded server:\n{}  real server:\n{}",
            self.line,
            marked(&ours, &theirs),
            marked(&theirs, &ours)
        )
        .expect("a string takes text");
        Some(text)
    }
}

/// Runs a table on both servers and compares the answers. `prepare` starts what the commands need, and keeps it alive.
///
/// # Panics
/// Answers differ.
pub async fn compare<T>(
    test: &str,
    table: &[Row],
    prepare: impl AsyncFn(&World) -> Result<T>,
) -> Result<()> {
    let Some(cli) = tool("DURABLY_TEMPORAL_CLI", test) else {
        return Ok(());
    };
    let Some(mut real) = World::real(test).await? else {
        return Ok(());
    };
    let mut embedded = World::embedded().await?;
    // The same on both, so that answers need no translation.
    let names = Names {
        queue: unique("cli"),
        name: unique("it"),
    };
    real.queue.clone_from(&names.queue);
    embedded.queue.clone_from(&names.queue);
    let (_ours, _theirs) = tokio::try_join!(prepare(&embedded), prepare(&real))?;
    let (ours, theirs) = tokio::join!(
        answers(&cli, &embedded, &names, table),
        answers(&cli, &real, &names, table)
    );
    let pairs = table.iter().zip(ours.iter().zip(&theirs));
    let mismatches: Vec<_> = pairs
        .filter_map(|(row, (ours, theirs))| row.mismatch(ours, theirs, &names))
        .collect();
    assert!(
        mismatches.is_empty(),
        "{} of {} commands have other answers\n\n{}",
        mismatches.len(),
        table.len(),
        mismatches.join("\n")
    );
    Ok(())
}

/// What both servers call the same.
struct Names {
    queue: String,
    name: String,
}

impl Names {
    fn variables(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([("queue", self.queue.clone()), ("name", self.name.clone())])
    }
}

async fn answers(cli: &str, world: &World, names: &Names, table: &[Row]) -> Vec<Answer> {
    let mut variables =
        BTreeMap::from([("queue", names.queue.clone()), ("name", names.name.clone())]);
    let mut answers = Vec::new();
    for row in table {
        let words = command::words(row.line, &variables);
        let awaited = row.awaited.unwrap_or_default();
        let awaited = command::replaced(awaited, &variables);
        let start = Instant::now();
        let answer = loop {
            let answer = command::run(cli, &world.address(), words.clone()).await;
            if answer.contains(&awaited) || start.elapsed() > LONGEST_WAIT {
                break answer;
            }
            sleep(Duration::from_millis(200)).await;
        };
        if let Some((variable, field)) = row.kept {
            let value = answer.field(field).and_then(Value::as_str);
            variables.insert(variable, value.unwrap_or_default().to_owned());
        }
        let ignored = row.ignored.iter().flat_map(|(fields, _)| *fields);
        let only = command::replaced(row.only.unwrap_or_default(), &variables);
        let answer = answer
            .only(&only)
            .comparable(&ignored.copied().collect::<Vec<_>>());
        answers.push(match row.has_order {
            true => answer,
            false => answer.sorted(),
        });
    }
    answers
}

/// Lines that are shown around one that differs.
const CONTEXT: usize = 4;
/// How long a row waits for its text; what is compared then does not have it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
