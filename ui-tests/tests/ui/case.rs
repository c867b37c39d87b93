//! A case: `fail/<topic>/<name>.rs`, whose first line says which mistake it shows, and beside it
//! what the compiler says of it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::said::{self, Said};

pub(crate) struct Case {
    /// From the package's folder: `fail/query/mut_self.rs`.
    pub(crate) path: PathBuf,
    pub(crate) topic: String,
    /// The mistake in plain words, without the full stop.
    pub(crate) mistake: String,
    pub(crate) said: Vec<Said>,
}

impl Case {
    /// All of them by path, or what is wrong with each that cannot be shown.
    pub(crate) fn all() -> Result<Vec<Self>, String> {
        let read: Vec<_> = sources(Path::new("fail"))
            .into_iter()
            .map(Self::read)
            .collect();
        let wrong: Vec<&str> = read
            .iter()
            .filter_map(|case| case.as_ref().err().map(String::as_str))
            .collect();
        match wrong.is_empty() {
            true => Ok(read.into_iter().flatten().collect()),
            false => Err(wrong.join("\n")),
        }
    }

    fn read(path: PathBuf) -> Result<Self, String> {
        let name = path.display();
        let mistake = title(&path).ok_or_else(|| {
            format!("{name}: the first line says in plain words which mistake this is: `//! ..`")
        })?;
        let text = fs::read_to_string(path.with_extension("stderr"))
            .map_err(|_| format!("{name}: no .stderr beside it; bless it"))?;
        let said = said::read(&text);
        if said.is_empty() {
            return Err(format!("{name}: no error in its .stderr"));
        }
        let topic = path
            .parent()
            .and_then(Path::file_name)
            .ok_or_else(|| format!("{name}: a case stands in the folder of its topic"))?;
        Ok(Self {
            topic: topic.to_string_lossy().into_owned(),
            mistake,
            said,
            path,
        })
    }
}

/// What the first line of a file says of it, without the full stop.
pub(crate) fn title(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().next()?;
    let title = line
        .strip_prefix("//!")
        .or_else(|| line.strip_prefix("//"))?;
    let title = title.trim().trim_end_matches('.');
    (!title.is_empty()).then(|| title.to_owned())
}

/// The `.rs` files below a folder, in order.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is part of the repository");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}

/// Whether this run writes the texts of the cases instead of comparing them.
pub(crate) fn blessing() -> bool {
    env::var_os("TRYBUILD").is_some_and(|value| value == "overwrite")
}
