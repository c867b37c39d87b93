//! Texts that a person has read and found good, in files. Tests of several packages include this by
//! its path.

use std::{env, fs, path::Path};

/// Compares `text` with the file at `path`; with `BLESS=1` in the environment it writes the file.
pub(crate) fn blessed(path: &Path, text: &str) {
    if env::var_os("BLESS").is_some() {
        let folder = path.parent().expect("a file is in a folder");
        fs::create_dir_all(folder).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }
    let blessed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        blessed == text,
        "{} is not as blessed; run with BLESS=1 and read the diff:\n{text}",
        path.display()
    );
}
