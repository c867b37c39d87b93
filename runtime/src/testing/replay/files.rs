//! The files of a folder.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// The files in a folder and in the folders in it, by their paths. An entry that cannot be read is an item of its own,
/// so that it is not left out.
pub(super) fn files(folder: &Path) -> Vec<Result<PathBuf, Unreadable>> {
    let mut found = Vec::new();
    collect(folder, &mut found);
    found.sort_by(|a, b| path(a).cmp(path(b)));
    found
}

/// A file or folder that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) path: PathBuf,
    pub(super) reason: String,
}

impl Unreadable {
    fn new(path: &Path, error: &io::Error) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason(path, error),
        }
    }
}

/// Why there is nothing to read at a path; says where a relative one begins.
pub(super) fn reason(path: &Path, error: &io::Error) -> String {
    match env::current_dir() {
        Ok(folder) if error.kind() == io::ErrorKind::NotFound && path.is_relative() => {
            format!("{error}, below `{}`", folder.display())
        }
        _ => error.to_string(),
    }
}

fn path(entry: &Result<PathBuf, Unreadable>) -> &Path {
    match entry {
        Ok(path) => path,
        Err(unreadable) => &unreadable.path,
    }
}

fn collect(folder: &Path, found: &mut Vec<Result<PathBuf, Unreadable>>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return found.push(Err(Unreadable::new(folder, &error))),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.push(Err(Unreadable::new(folder, &error)));
                continue;
            }
        };
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&path, found),
            // It may lead to a folder that holds it.
            Ok(kind) if kind.is_symlink() && path.is_dir() => {}
            Ok(_) => found.push(Ok(path)),
            Err(error) => found.push(Err(Unreadable::new(&path, &error))),
        }
    }
}
