//! A program with a place, and the programs that come of it.

use std::fmt;

use super::marks::{Code, Mark};

/// The line of a frame that the code of a case takes.
const PLACE: &str = "// the mistake";

pub(crate) struct Frame {
    above: Vec<String>,
    indent: String,
    below: Vec<String>,
}

/// A frame with the code of a case in it.
pub(crate) struct Program<'a> {
    pub(super) lines: Vec<Line<'a>>,
}

pub(crate) struct Line<'a> {
    pub(crate) text: String,
    /// Where it is written, if it is not the frame's.
    pub(crate) written: Option<Written<'a>>,
}

pub(crate) struct Written<'a> {
    /// The block of the case, and the line in it.
    pub(crate) block: usize,
    pub(crate) line: usize,
    /// By how much the frame moves it to the right.
    pub(crate) indent: usize,
    pub(crate) marks: &'a [Mark],
}

impl Frame {
    /// Of a case that is a whole program.
    pub(super) fn whole_program() -> Self {
        Self {
            above: Vec::new(),
            indent: String::new(),
            below: Vec::new(),
        }
    }

    pub(super) fn new(text: &str) -> Result<Self, String> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut places = (0..lines.len()).filter(|at| lines[*at].trim() == PLACE);
        let (Some(place), None) = (places.next(), places.next()) else {
            return Err(format!("the frame has one line `{PLACE}`"));
        };
        let width = lines[place].len() - PLACE.len();
        Ok(Self {
            above: lines[..place].to_vec(),
            indent: lines[place][..width].to_owned(),
            below: lines[place + 1..].to_vec(),
        })
    }

    /// The program of a case: its first block in the place, the others below the frame.
    pub(crate) fn program<'a>(&self, code: &'a [Code]) -> Program<'a> {
        let of_frame = |lines: &[String]| -> Vec<Line<'a>> {
            let lines = lines.iter().map(|text| Line {
                text: text.clone(),
                written: None,
            });
            lines.collect()
        };
        let mut lines = of_frame(&self.above);
        for (block, code) in code.iter().enumerate() {
            let indent = if block == 0 { self.indent.as_str() } else { "" };
            if block > 0 {
                lines.extend(of_frame(&[String::new()]));
            }
            for (line, (text, marks)) in code.lines.iter().enumerate() {
                let text = match text.as_str() {
                    "" => String::new(),
                    text => format!("{indent}{text}"),
                };
                let written = Some(Written {
                    block,
                    line,
                    indent: indent.len(),
                    marks,
                });
                lines.push(Line { text, written });
            }
            if block == 0 {
                lines.extend(of_frame(&self.below));
            }
        }
        Program { lines }
    }
}

impl Line<'_> {
    pub(super) fn marks(&self) -> impl Iterator<Item = (&Written<'_>, &Mark)> {
        let written = self.written.iter();
        written.flat_map(|written| written.marks.iter().map(move |mark| (written, mark)))
    }
}

impl fmt::Display for Program<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines
            .iter()
            .try_for_each(|line| writeln!(f, "{}", line.text))
    }
}
