//! The cases: `fail/<topic>/<frame>.md`, each file a frame and the mistakes that are made in it.
//!
//! The benchmarks read them too, by this file's path.

mod frame;
mod marks;
mod source;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

pub(crate) use self::source::{Section, Source};

/// One mistake: a whole program that shows it, and what the compiler says of the program.
pub(crate) struct Case {
    pub(crate) topic: String,
    /// Unique in the topic.
    pub(crate) name: String,
    /// The mistake in plain words, without the full stop.
    pub(crate) mistake: String,
    /// The file that the case stands in, from the folder of the cases.
    pub(crate) file: PathBuf,
    pub(crate) program: String,
    /// As rustc prints it of `fail/topic/name.rs`.
    pub(crate) text: String,
}

impl Case {
    /// The cases in a folder of topics, or what is wrong with each that cannot be read.
    pub(crate) fn all(folder: &Path) -> Result<Vec<Self>, String> {
        let mut cases = Vec::new();
        let mut wrong = Vec::new();
        let mut names = BTreeSet::new();
        for source in sources(folder) {
            match source.and_then(|source| Self::of(&source)) {
                Ok(of_source) => cases.extend(of_source),
                Err(what) => wrong.push(what),
            }
        }
        for case in &cases {
            if !names.insert(case.id()) {
                wrong.push(format!("{}: there are two cases of that name", case.id()));
            }
        }
        cases.sort_by_key(Self::id);
        match wrong.is_empty() {
            true => Ok(cases),
            false => Err(wrong.join("\n")),
        }
    }

    /// `topic/name`.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.topic, self.name)
    }

    fn of(source: &Source) -> Result<Vec<Self>, String> {
        let case = |section: &Section| {
            let text = source.text(section).ok_or_else(|| {
                let name = &section.name;
                format!("{name}: what the compiler says is missing; bless it")
            });
            Ok(Self {
                topic: source.topic.clone(),
                name: section.name.clone(),
                mistake: section.mistake.trim_end_matches('.').to_owned(),
                file: source.file.clone(),
                program: source.frame.program(&section.code).to_string(),
                text: text?,
            })
        };
        let cases = source.sections.iter().map(case);
        let named = |wrong: String| format!("{}: {wrong}", source.file.display());
        cases.collect::<Result<_, _>>().map_err(named)
    }
}

/// The files of cases below a folder of topics, in order.
pub(crate) fn sources(folder: &Path) -> Vec<Result<Source, String>> {
    let files = entries(folder)
        .into_iter()
        .flat_map(|topic| entries(&topic));
    files
        // What there is to say of all mistakes of a topic is no case.
        .filter(|file| file.file_name().is_some_and(|name| name != "about.md"))
        .map(|file| Source::read(folder, &file))
        .collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is part of the repository");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .collect();
    paths.sort();
    paths
}
