//! What the compiler says of the peer's programs.

use super::programs::{self, Program};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
};

pub type All = BTreeMap<String, Compiled>;

pub enum Compiled {
    Accepted,
    Refused(Errors),
}

/// What the compiler said of a program that it refuses.
pub struct Errors {
    pub first: String,
    /// Whether the first error points at the macro on the whole block, not at what is in it.
    pub at_the_macro: bool,
    pub count: usize,
}

/// Compiles all of them, each by itself.
pub fn all() -> All {
    write_examples();
    let output = Command::new("cargo")
        .args(["check", "--release", "-p", "bench-mistakes", "--examples"])
        .args(["--keep-going", "--message-format=json"])
        .stderr(Stdio::null())
        .output()
        .expect("cargo runs");
    let text = String::from_utf8(output.stdout).expect("cargo prints text");
    let messages = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["kind"][0] == "example");
    let mut all = All::new();
    for message in messages {
        let name = message["target"]["name"].as_str();
        let name = name.expect("examples have names").to_owned();
        if message["reason"] == "compiler-artifact" {
            all.insert(name, Compiled::Accepted);
        } else if is_error(&message["message"]) {
            add(&mut all, name, &message["message"]);
        }
    }
    assert!(
        matches!(all.get("control"), Some(Compiled::Accepted)),
        "the program without a mistake does not compile; is protoc installed?"
    );
    all
}

/// Writes the programs where cargo looks for the examples of a package.
fn write_examples() {
    let folder = Path::new("mistakes/examples");
    fs::create_dir_all(folder).expect("the folder can be made");
    let programs = programs::all(Path::new("mistakes/programs"));
    for entry in fs::read_dir(folder).expect("it is there").flatten() {
        let file = entry.file_name();
        let is_program = |it: &Program| file == *format!("{}.rs", it.name);
        if !programs.iter().any(is_program) {
            fs::remove_file(entry.path()).expect("what was written can be removed");
        }
    }
    for program in &programs {
        program.write(folder);
    }
}

/// An error of its own, not the line that counts the errors.
fn is_error(message: &Value) -> bool {
    let text = message["message"].as_str().unwrap_or_default();
    message["level"] == "error" && !text.starts_with("aborting due to")
}

fn add(all: &mut All, name: String, error: &Value) {
    if let Some(Compiled::Refused(errors)) = all.get_mut(&name) {
        errors.count += 1;
        return;
    }
    let errors = Errors {
        first: error["message"].as_str().unwrap_or_default().to_owned(),
        at_the_macro: super::ours::is_macro_on_a_block(&pointed_at(error)),
        count: 1,
    };
    all.insert(name, Compiled::Refused(errors));
}

/// The source from the start of the error's primary span to the end of that line.
fn pointed_at(error: &Value) -> String {
    let spans = error["spans"].as_array().map_or(&[][..], Vec::as_slice);
    let primary = spans.iter().find(|span| span["is_primary"] == true);
    let Some(line) = primary.map(|span| &span["text"][0]) else {
        return String::new();
    };
    let start = line["highlight_start"].as_u64().unwrap_or(1) - 1;
    let text = line["text"].as_str().unwrap_or_default();
    text.chars()
        .skip(usize::try_from(start).unwrap_or(0))
        .collect()
}
