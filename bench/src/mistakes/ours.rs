//! What the compiler says of our cases, as they are blessed.

use super::{cases::Case, compiled::Errors};

/// The errors of one case.
pub fn errors(case: &Case) -> Errors {
    let said = &case.text;
    let first = said.lines().find(|line| is_error(line)).unwrap_or_default();
    Errors {
        first: first.to_owned(),
        at_the_macro: place(said)
            .and_then(|(line, column)| case.program.lines().nth(line - 1)?.get(column - 1..))
            .is_some_and(is_macro_on_a_block),
        count: said.lines().filter(|line| is_error(line)).count(),
    }
}

/// Whether source starts with the macro that stands on a whole block, ours or the peer's.
pub fn is_macro_on_a_block(source: &str) -> bool {
    [
        "workflow",
        "workflow_methods",
        "activities",
        "activity_definitions",
    ]
    .iter()
    .filter_map(|name| source.strip_prefix("#[")?.strip_prefix(name))
    .any(|rest| rest.starts_with([']', '(']))
}

fn is_error(line: &str) -> bool {
    (line.starts_with("error:") || line.starts_with("error["))
        && !line.starts_with("error: aborting due to")
}

/// Line and column of the first error: ` --> fail/topic/name.rs:8:1`.
fn place(said: &str) -> Option<(usize, usize)> {
    let arrow = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("--> "))?;
    let mut parts = arrow.rsplit(':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((line, column))
}
