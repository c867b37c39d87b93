//! A file of cases: a heading, perhaps some words, the frame, and a section a case.
//!
//! ````text
//! # query: a method of a workflow
//!
//! ```rust
//! impl Greeting {
//!     // the mistake
//! }
//! ```
//!
//! ## by_value
//! A query that takes `self` by value.
//! ```rust
//! #[query]
//! fn count(self) -> usize {
//!          ^^^^ error: a `#[query]` reads the workflow's state: take `&self`
//! ```
//! ````
//!
//! A second block of code stands below the frame. Where marks cannot hold what the compiler says, a
//! block `text` has it as rustc prints it.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{frame::Frame, marks, marks::Code};

pub(crate) struct Source {
    pub(crate) topic: String,
    /// From the folder of the cases.
    pub(crate) file: PathBuf,
    /// Everything above the first case.
    head: String,
    pub(crate) frame: Frame,
    pub(crate) sections: Vec<Section>,
}

pub(crate) struct Section {
    pub(crate) name: String,
    pub(super) mistake: String,
    pub(crate) code: Vec<Code>,
    /// What the compiler says, if the code has no marks that do.
    text: Option<String>,
}

impl Source {
    pub(crate) fn read(folder: &Path, path: &Path) -> Result<Self, String> {
        let file = path.strip_prefix(folder).unwrap_or(path).to_owned();
        let text = fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", file.display()))?
            .replace("\r\n", "\n");
        let topic = file.parent().map(Path::to_string_lossy);
        let topic = topic.unwrap_or_default().into_owned();
        Self::parse(topic, file.clone(), &text)
            .map_err(|wrong| format!("{}: {wrong}", file.display()))
    }

    fn parse(topic: String, file: PathBuf, text: &str) -> Result<Self, String> {
        let (head, sections) = text
            .split_once("\n## ")
            .ok_or("there is no case in it: `## name`")?;
        let (_, fences) = parts(head)?;
        let frame = match &fences[..] {
            [] => Frame::whole_program(),
            [("rust", frame)] => Frame::new(frame)?,
            _ => return Err("above the cases stands one frame: ```rust".to_owned()),
        };
        let sections = sections.split("\n## ").map(Section::parse);
        Ok(Self {
            topic,
            file,
            head: head.trim_end().to_owned(),
            frame,
            sections: sections.collect::<Result<_, _>>()?,
        })
    }
}

impl Source {
    /// `topic/name`.
    pub(crate) fn id(&self, section: &Section) -> String {
        format!("{}/{}", self.topic, section.name)
    }

    /// Where a text says that the program is.
    pub(crate) fn path(&self, section: &Section) -> String {
        format!("fail/{}.rs", self.id(section))
    }

    /// What the compiler says of a case, if that is known.
    pub(crate) fn text(&self, section: &Section) -> Option<String> {
        let has_marks = section.code.iter().any(Code::has_marks);
        match &section.text {
            None if has_marks => {
                let program = self.frame.program(&section.code);
                Some(marks::text(&program, &self.path(section)))
            }
            text => text.clone(),
        }
    }

    /// Writes what the compiler says into a case.
    pub(crate) fn bless(&mut self, section: usize, text: String) {
        let path = self.path(&self.sections[section]);
        let section = &mut self.sections[section];
        match marks::marked(&self.frame, &section.code, &text, &path) {
            Some(code) => (section.code, section.text) = (code, None),
            None => {
                section.code = section.code.iter().map(Code::unmarked).collect();
                section.text = Some(text);
            }
        }
    }
}

impl Section {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once('\n').unwrap_or((text, ""));
        let wrong = |what: &str| format!("{name}: {what}");
        let (mistake, mut fences) = parts(rest).map_err(|what| wrong(&what))?;
        if mistake.is_empty() || mistake.contains('\n') {
            return Err(wrong(
                "a line below its name says in plain words which mistake this is",
            ));
        }
        let text = fences.pop_if(|(language, _)| *language == "text");
        let text = text.map(|(_, text)| format!("{text}\n"));
        if fences.is_empty() || fences.iter().any(|(language, _)| *language != "rust") {
            return Err(wrong("its code stands in blocks ```rust"));
        }
        Ok(Self {
            name: name.to_owned(),
            mistake: mistake.to_owned(),
            code: fences.iter().map(|(_, code)| Code::parse(code)).collect(),
            text,
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.head)?;
        for section in &self.sections {
            writeln!(f, "\n## {}\n{}", section.name, section.mistake)?;
            for code in &section.code {
                writeln!(f, "```rust\n{code}```")?;
            }
            if let Some(text) = &section.text {
                writeln!(f, "```text\n{text}```")?;
            }
        }
        Ok(())
    }
}

/// What a block says which language it is in, and what it contains.
type Fenced<'a> = (&'a str, &'a str);

/// The prose of a text, and its blocks.
fn parts(mut text: &str) -> Result<(&str, Vec<Fenced<'_>>), String> {
    let (prose, _) = text.split_once("```").unwrap_or((text, ""));
    let mut blocks = Vec::new();
    while let Some((_, rest)) = text.split_once("```") {
        let (language, rest) = rest.split_once('\n').ok_or("a block has no end")?;
        let (block, rest) = rest.split_once("\n```").ok_or("a block has no end")?;
        blocks.push((language, block));
        text = rest;
    }
    Ok((prose.trim(), blocks))
}
