//! What the compiler says of `fail/<topic>/*.rs`, one mistake a file.
//!
//! `UI=word cargo test -p durably-ui-tests` runs the files whose path contains the word;
//! `TRYBUILD=overwrite` blesses their texts.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

#[test]
fn ui() {
    let wanted = env::var("UI").unwrap_or_default();
    let tests = trybuild::TestCases::new();
    for file in sources(Path::new("fail"), &wanted) {
        tests.compile_fail(file);
    }
}

/// The `.rs` files below a folder whose path contains the word, in order.
fn sources(folder: &Path, wanted: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is part of the repository");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .flat_map(|path| match path.is_dir() {
            true => sources(&path, wanted),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| path.to_string_lossy().contains(wanted))
        .collect();
    files.sort();
    files
}
