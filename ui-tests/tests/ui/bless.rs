//! The programs of the cases as files, and what the compiler says of them on its way back into the
//! files of the cases.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::cases::{self, Section, Source};

/// The cases that a run compiles.
pub(crate) struct Run {
    sources: Vec<Source>,
    wanted: String,
}

impl Run {
    /// The cases whose `topic/name` contains one of the words, each written as a program with, beside it, what
    /// the compiler is to say.
    pub(crate) fn prepare(wanted: String) -> Self {
        let sources: Result<Vec<Source>, String> =
            cases::sources(Path::new("fail")).into_iter().collect();
        let run = Self {
            sources: sources.unwrap_or_else(|wrong| panic!("{wrong}")),
            wanted,
        };
        let _ = fs::remove_dir_all(folder());
        for (source, section) in run.cases() {
            let program = program(source, section);
            let folder = program
                .parent()
                .expect("a program is in the folder of its topic");
            fs::create_dir_all(folder).expect("the target folder can be written to");
            let text = source.frame.program(&section.code).to_string();
            fs::write(&program, text).expect("the target folder can be written to");
            if let Some(text) = source.text(section) {
                let text = as_trybuild_has_it(&text, &source.path(section), &program);
                fs::write(program.with_extension("stderr"), text).expect("as above");
            }
        }
        run
    }

    pub(crate) fn programs(&self) -> impl Iterator<Item = PathBuf> {
        self.cases()
            .map(|(source, section)| program(source, section))
    }

    /// Writes into the cases what trybuild wrote beside their programs.
    pub(crate) fn bless(&mut self) {
        for source in &mut self.sources {
            for at in 0..source.sections.len() {
                let section = &source.sections[at];
                let program = program(source, section);
                if let Ok(text) = fs::read_to_string(program.with_extension("stderr")) {
                    let path = source.path(section);
                    let text = places(&program)
                        .iter()
                        .fold(text, |text, place| text.replace(place, &path));
                    source.bless(at, text);
                }
            }
            let file = Path::new("fail").join(&source.file);
            fs::write(file, source.to_string()).expect("the case can be written");
        }
    }

    fn cases(&self) -> impl Iterator<Item = (&Source, &Section)> {
        let all = self.sources.iter().flat_map(|source| {
            let sections = source.sections.iter();
            sections.map(move |section| (source, section))
        });
        all.filter(|(source, section)| {
            let id = source.id(section);
            self.wanted.split(',').any(|word| id.contains(word))
        })
    }
}

/// Whether this run writes the texts of the cases instead of comparing them.
pub(crate) fn blessing() -> bool {
    env::var_os("TRYBUILD").is_some_and(|value| value == "overwrite")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fail")
}

fn program(source: &Source, section: &Section) -> PathBuf {
    folder().join(source.id(section)).with_extension("rs")
}

/// A text with the path of its program as trybuild leaves it.
fn as_trybuild_has_it(text: &str, path: &str, program: &Path) -> String {
    let [in_type, in_place] = places(program);
    let lines = text.lines().map(|line| {
        let is_place = line.trim_start().starts_with("--> ");
        line.replace(path, if is_place { &in_place } else { &in_type }) + "\n"
    });
    lines.collect()
}

/// The path of a program as trybuild leaves it in the name of a closure's type, and after `-->`.
fn places(program: &Path) -> [String; 2] {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let in_workspace = workspace.and_then(|workspace| program.strip_prefix(workspace).ok());
    let text = |path: &Path| path.display().to_string().replace('\\', "/");
    [
        in_workspace.map_or_else(
            || text(program),
            |path| format!("$WORKSPACE/{}", text(path)),
        ),
        text(program),
    ]
}

#[test]
fn cases_are_written_as_they_are_blessed() {
    if blessing() {
        return;
    }
    for source in cases::sources(Path::new("fail")) {
        let source = source.unwrap_or_else(|wrong| panic!("{wrong}"));
        let file = Path::new("fail").join(&source.file);
        let text = fs::read_to_string(&file).expect("it was listed");
        assert!(
            source.to_string() == text,
            "{} is written otherwise",
            file.display()
        );
    }
}
