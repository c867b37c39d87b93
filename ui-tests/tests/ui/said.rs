//! What the compiler says of a case, read from its `.stderr`.

/// One error: where it points, perhaps at several places, and what it says there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The code that is marked, where it is on one line.
    pub(crate) at: Vec<String>,
    /// `E0277`, where rustc gives a number.
    pub(crate) number: Option<String>,
    /// The message, the label under the code, then what else tells what to do.
    pub(crate) lines: Vec<String>,
}

/// The errors of a text, without its warnings. The same words at several places are one.
pub(crate) fn read(text: &str) -> Vec<Said> {
    let mut errors: Vec<Said> = Vec::new();
    for error in blocks(text).iter().map(|block| error(block)) {
        match errors.iter_mut().find(|told| told.lines == error.lines) {
            Some(told) => told.at.extend(error.at),
            None => errors.push(error),
        }
    }
    for error in &mut errors {
        keep_first(&mut error.at);
    }
    errors
}

/// The lines of each error, from its message to the next error or warning.
fn blocks(text: &str) -> Vec<Vec<&str>> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    let mut in_error = false;
    for line in text.lines() {
        if line.starts_with("error") {
            blocks.push(Vec::new());
            in_error = true;
        } else if line.starts_with("warning") {
            in_error = false;
        }
        if in_error && let Some(block) = blocks.last_mut() {
            block.push(line);
        }
    }
    blocks
}

fn error(block: &[&str]) -> Said {
    let place = block
        .iter()
        .position(|line| line.trim_start().starts_with("-->"))
        .unwrap_or(block.len());
    let mut lines: Vec<String> = block[..place]
        .iter()
        .map(|line| line.trim().to_owned())
        .collect();
    let number = lines.first_mut().and_then(take_number);
    let (at, label) = marked(&block[place..]);
    lines.extend(label.filter(|label| !is_noise(label)));
    lines.extend(remarks(&block[place..]));
    keep_first(&mut lines);
    Said {
        at: at.into_iter().collect(),
        number,
        lines,
    }
}

/// Takes `error[E0277]: ` off a message, and gives the number.
fn take_number(message: &mut String) -> Option<String> {
    let (head, rest) = message.split_once(": ")?;
    let number = head
        .strip_prefix("error[")
        .and_then(|head| head.strip_suffix(']'))
        .map(str::to_owned);
    *message = rest.to_owned();
    number
}

/// The code over the first `^^^`, and the label behind it or below it.
fn marked(block: &[&str]) -> (Option<String>, Option<String>) {
    let mut code = "";
    for (index, line) in block.iter().enumerate() {
        let Some((margin, rest)) = line.split_once(" |") else {
            continue;
        };
        if margin.trim().parse::<usize>().is_ok() {
            code = rest;
            continue;
        }
        let Some(start) = rest.find('^') else {
            continue;
        };
        // Where a mark lies on another one, the rest of it is dashes.
        let behind = rest[start..]
            .trim_start_matches('^')
            .trim_start_matches('-');
        let width = rest.len() - start - behind.len();
        // A mark over several lines has its label at its end.
        let is_of_lines = rest[..start].contains('_');
        let column = rest[..start].chars().count();
        let label = match behind.trim() {
            "" if is_of_lines => continue,
            "" => label_below(column, &block[index + 1..]),
            label if label.starts_with(['-', '|', '^']) => None,
            label => Some(label.trim_start_matches("help: ").to_owned()),
        };
        let at: String = code.chars().skip(column).take(width).collect();
        return ((!is_of_lines && !at.trim().is_empty()).then_some(at), label);
    }
    (None, None)
}

/// The label that a line leads down to, in its column.
fn label_below(column: usize, lines: &[&str]) -> Option<String> {
    for line in lines {
        let (_, rest) = line.split_once(" |")?;
        let below: String = rest.chars().skip(column).collect();
        match below.chars().next()? {
            '|' => {}
            ' ' => return None,
            _ => return Some(below.trim().to_owned()),
        }
    }
    None
}

/// The notes and helps that say something of the mistake.
fn remarks(block: &[&str]) -> Vec<String> {
    let of_line = |line: &&str| {
        let line = line.trim_start();
        let line = line.strip_prefix("= ").unwrap_or(line);
        let remark = line
            .strip_prefix("note: ")
            .or_else(|| line.strip_prefix("help: "))?;
        let remark = remark.trim_start();
        (!is_noise(remark)).then(|| remark.trim_end_matches(':').to_owned())
    };
    block.iter().filter_map(of_line).collect()
}

fn is_noise(remark: &str) -> bool {
    NOISE.iter().any(|noise| remark.starts_with(noise))
}

fn keep_first(texts: &mut Vec<String>) {
    let mut told = Vec::new();
    texts.retain(|text| {
        let is_new = !told.contains(text);
        told.push(text.clone());
        is_new
    });
}

/// How the labels and remarks begin that explain the compiler's way to the error, and those that
/// would lead away from ours.
const NOISE: [&str; 20] = [
    "`#[",
    "associated function defined here",
    "evaluation of `_",
    "expected enum `",
    "expected reference `",
    "expected struct `",
    "expected type `",
    "for types from other crates",
    "function defined here",
    "method defined here",
    "remove the `.await`",
    "required ",
    "the following ",
    "the lint level",
    "the trait `",
    "the type constructed contains",
    "this error originates",
    "tuple variant defined here",
    "unsatisfied trait bound",
    "within `",
];

#[test]
fn an_error_is_its_code_its_message_its_label_and_its_remedy() {
    let text = "\
error[E0277]: this call has no timeout
  --> fail/call/no_timeout.rs:18:48
   |
18 |         let greeting = greet::call(ctx, \"Bob\").await?;
   |                                                ^^^^^ add `.start_to_close(secs(10))`
   |
   = help: the trait `HasTimeout` is not implemented for `NoTimeout`
   = note: or declare it once
note: required by a bound in `Future`

warning: unused
 --> fail/call/no_timeout.rs:1:1
  = note: of no interest
";
    assert_eq!(
        read(text),
        [Said {
            at: vec!["await".to_owned()],
            number: Some("E0277".to_owned()),
            lines: vec![
                "this call has no timeout".to_owned(),
                "add `.start_to_close(secs(10))`".to_owned(),
                "or declare it once".to_owned(),
            ],
        }]
    );
}

#[test]
fn a_label_may_stand_below_its_mark_or_at_the_end_of_several_lines() {
    let text = "\
error[E0308]: mismatched types
  --> fail/update/validator_swapped.rs:24:27
   |
24 |     fn check(&self, _why: &str, _n: &usize) {
   |                           ^---
   |                           |
   |                           expected `&str`, found `&usize`

error[E0308]: mismatched types
  --> fail/run/no_value_at_the_end.rs:14:54
   |
14 |       async fn run(&mut self) -> Result<()> {
   |  ___________________________________________^
15 | |     }
   | |_____^ expected `Result<(), Error>`, found `()`
";
    let lines = read(text).into_iter().map(|said| (said.at, said.lines));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            (
                vec!["&str".to_owned()],
                vec![
                    "mismatched types".to_owned(),
                    "expected `&str`, found `&usize`".to_owned()
                ]
            ),
            (
                Vec::new(),
                vec![
                    "mismatched types".to_owned(),
                    "expected `Result<(), Error>`, found `()`".to_owned()
                ]
            )
        ]
    );
}
