//! What the compiler says, written under the code that it says it of:
//!
//! ```text
//! greet::call(ctx, "Bob").await?;
//!                         ^^^^^ error[E0277]: this call has no timeout
//!                         = label: add `.start_to_close(secs(10))`
//!                         = note: or declare it once
//! ```
//!
//! A mark is a text of rustc without what can be had from the program: the place, the code and the
//! margins. It holds an error that points at code on one line of the case, and nowhere else; a text
//! with anything else in it cannot be written as marks.

use std::{fmt, fmt::Write as _};

use super::frame::{Frame, Program};

/// A block of code, each line with its marks.
#[derive(PartialEq, Eq)]
pub(crate) struct Code {
    pub(super) lines: Vec<(String, Vec<Mark>)>,
}

/// An error at a line of code.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// In characters, from the start of the line.
    column: usize,
    width: usize,
    /// `error[E0277]: this call has no timeout`
    message: String,
    /// What stands behind the `^^^`.
    label: Option<String>,
    /// The helps and notes below.
    remarks: Vec<String>,
}

impl Code {
    pub(super) fn parse(text: &str) -> Self {
        let mut lines: Vec<(String, Vec<Mark>)> = Vec::new();
        let mut is_marked = false;
        for line in text.lines() {
            let marks = lines.last_mut().map(|(_, marks)| marks);
            match (
                Mark::parse(line),
                line.trim_start().strip_prefix("= "),
                marks,
            ) {
                (Some(mark), _, Some(marks)) => {
                    marks.push(mark);
                    is_marked = true;
                }
                (None, Some(remark), Some(marks)) if is_marked => {
                    if let Some(mark) = marks.last_mut() {
                        mark.add(remark);
                    }
                }
                _ => {
                    lines.push((line.to_owned(), Vec::new()));
                    is_marked = false;
                }
            }
        }
        Self { lines }
    }

    pub(super) fn unmarked(&self) -> Self {
        let lines = self
            .lines
            .iter()
            .map(|(line, _)| (line.clone(), Vec::new()));
        Self {
            lines: lines.collect(),
        }
    }

    pub(super) fn has_marks(&self) -> bool {
        self.lines.iter().any(|(_, marks)| !marks.is_empty())
    }
}

impl Mark {
    fn parse(line: &str) -> Option<Self> {
        let marked = line.trim_start();
        let message = marked.trim_start_matches('^');
        let width = marked.len() - message.len();
        let message = message.strip_prefix(' ')?;
        (width > 0 && message.starts_with("error")).then(|| Self {
            column: line.len() - marked.len(),
            width,
            message: message.to_owned(),
            label: None,
            remarks: Vec::new(),
        })
    }

    fn add(&mut self, remark: &str) {
        match remark.strip_prefix("label: ") {
            Some(label) => self.label = Some(label.to_owned()),
            None => self.remarks.push(remark.to_owned()),
        }
    }

    /// As rustc prints it.
    fn text(&self, path: &str, number: usize, code: &str, indent: usize) -> String {
        let margin = " ".repeat(number.to_string().len());
        let column = self.column + indent;
        let mut text = format!(
            "{}\n{margin}--> {path}:{number}:{}\n{margin} |\n{number} | {code}\n{margin} | {}{}",
            self.message,
            column + 1,
            " ".repeat(column),
            "^".repeat(self.width),
        );
        if let Some(label) = &self.label {
            let _ = write!(text, " {label}");
        }
        text.push('\n');
        if !self.remarks.is_empty() {
            let _ = writeln!(text, "{margin} |");
        }
        for remark in &self.remarks {
            let _ = writeln!(text, "{margin} = {remark}");
        }
        text
    }

    /// Reads one error, and gives the number of the line it is at.
    fn of_text(text: &str) -> Option<(usize, Self)> {
        let mut lines = text.lines();
        let message = lines.next()?.to_owned();
        let number = lines.nth(2)?.split_once(" | ")?.0.parse().ok()?;
        let (_, marked) = lines.next()?.split_once(" | ")?;
        let label = marked.trim_start_matches([' ', '^']);
        let carets = marked.trim_start();
        let width = carets.len() - carets.trim_start_matches('^').len();
        let remarks = lines
            .skip(1)
            .map(|line| line.trim_start().strip_prefix("= "));
        let remarks: Option<Vec<&str>> = remarks.collect();
        let mark = Self {
            column: marked.len() - carets.len(),
            width,
            message,
            label: (!label.is_empty()).then(|| label.to_owned()),
            remarks: remarks?.into_iter().map(str::to_owned).collect(),
        };
        Some((number, mark))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, marks) in &self.lines {
            writeln!(f, "{line}")?;
            marks.iter().try_for_each(|mark| mark.fmt(f))?;
        }
        Ok(())
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = " ".repeat(self.column);
        writeln!(f, "{column}{} {}", "^".repeat(self.width), self.message)?;
        if let Some(label) = &self.label {
            writeln!(f, "{column}= label: {label}")?;
        }
        let mut remarks = self.remarks.iter();
        remarks.try_for_each(|remark| writeln!(f, "{column}= {remark}"))
    }
}

/// The code of a case with what the compiler says of it as marks, if marks can hold all of that.
pub(crate) fn marked(frame: &Frame, code: &[Code], text: &str, path: &str) -> Option<Vec<Code>> {
    let mut marked: Vec<Code> = code.iter().map(Code::unmarked).collect();
    let program = frame.program(code);
    for error in text.trim_end().split("\n\n") {
        let (number, mut mark) = Mark::of_text(error)?;
        let line = program.lines.get(number.checked_sub(1)?)?;
        let written = line.written.as_ref()?;
        mark.column = mark.column.checked_sub(written.indent)?;
        marked[written.block].lines[written.line].1.push(mark);
    }
    let read: Vec<Code> = marked
        .iter()
        .map(|code| Code::parse(&code.to_string()))
        .collect();
    (self::text(&frame.program(&read), path) == text && read == marked).then_some(read)
}

/// What the compiler says of a program, by its marks.
pub(super) fn text(program: &Program<'_>, path: &str) -> String {
    let mut errors = Vec::new();
    for (at, line) in program.lines.iter().enumerate() {
        for (written, mark) in line.marks() {
            errors.push(mark.text(path, at + 1, &line.text, written.indent));
        }
    }
    errors.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "fail/query/mut_self.rs";
    const FIRST: &str = "\
error: take `&self`
 --> fail/query/mut_self.rs:2:14
  |
2 |     fn count(&mut self) -> &str {
  |              ^^^^^^^^^
";
    const SECOND: &str = "\
error[E0277]: no payload
 --> fail/query/mut_self.rs:2:28
  |
2 |     fn count(&mut self) -> &str {
  |                            ^^^^ borrowed
  |
  = help: return `String`
  = note: a query answers with a payload
";

    fn blessed(text: &str) -> Option<String> {
        let frame = Frame::new("impl Greeting {\n    // the mistake\n}").expect("it has a place");
        let code = [Code::parse("fn count(&mut self) -> &str {\n}")];
        let marked = marked(&frame, &code, text, PATH)?;
        assert_eq!(super::text(&frame.program(&marked), PATH), text);
        Some(marked[0].to_string())
    }

    #[test]
    fn a_text_of_errors_at_the_code_becomes_marks_under_it() {
        let marks = "\
fn count(&mut self) -> &str {
         ^^^^^^^^^ error: take `&self`
                       ^^^^ error[E0277]: no payload
                       = label: borrowed
                       = help: return `String`
                       = note: a query answers with a payload
}
";
        assert_eq!(
            blessed(&format!("{FIRST}\n{SECOND}")).as_deref(),
            Some(marks)
        );
    }

    #[test]
    fn a_text_that_marks_would_change_is_kept_as_it_is() {
        let at_the_frame = FIRST.replace(":2:", ":1:").replace("2 |", "1 |");
        let of_two_places = FIRST
            .replace("&mut self", "&mut this")
            .replace("^^^^^^^^^", "^^^^ ----");
        let with_a_place = format!("{SECOND}note: required here\n --> src/lib.rs\n");
        for text in [&at_the_frame, &of_two_places, &with_a_place] {
            assert_eq!(blessed(text), None, "{text}");
        }
        // The compiler's order is not the order of the places.
        let other_line = SECOND.replace("2:28", "3:1").replace("2 |", "3 |");
        assert_eq!(blessed(&format!("{other_line}\n{FIRST}")), None);
    }
}
