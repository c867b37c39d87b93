//! The peer's programs: `mistakes/programs/*.md`, in the form of our own cases. `mistakes/build.rs`
//! reads them too, by this file's path.

use super::cases::Source;
use std::{fs, path::Path};

pub struct Program {
    pub name: String,
    pub text: String,
}

impl Program {
    /// Writes it into a folder, if it is not there as it is.
    pub fn write(&self, folder: &Path) {
        let path = folder.join(&self.name).with_extension("rs");
        if fs::read_to_string(&path).ok().as_ref() != Some(&self.text) {
            fs::write(path, &self.text).expect("the folder can be written to");
        }
    }
}

/// All programs in the files of a folder.
pub fn all(folder: &Path) -> Vec<Program> {
    let files = fs::read_dir(folder).expect("the programs are in the repository");
    let files = files.flatten().map(|file| file.path());
    files
        .flat_map(|file| {
            let source = Source::read(folder, &file).unwrap_or_else(|wrong| panic!("{wrong}"));
            let sections = source.sections.iter().map(|section| Program {
                name: section.name.clone(),
                text: source.frame.program(&section.code).to_string(),
            });
            sections.collect::<Vec<_>>()
        })
        .collect()
}
