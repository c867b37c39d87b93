//! Layers: which modules of a folder may import which, checked against the sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{
    paths::{Source, module_path},
    root, sources,
};

/// The modules of a folder in layers, and which imports may break them.
pub(super) struct Layers {
    /// A crate's source folder, or a folder below it, from the root of the repository.
    pub(super) folder: &'static str,
    /// From the ground up, `/` between layers and blanks between modules: a module imports those of
    /// lower layers only, so two modules of one layer do not know each other. `lib`, `main` and
    /// `mod` are the files of these names.
    pub(super) layers: &'static str,
    /// Imports against the layers, as (importer, imported). Each one is listed with its reason in
    /// ARCHITECTURE.md.
    pub(super) exceptions: &'static [(&'static str, &'static str)],
}

impl Layers {
    /// Every way in which the folder's imports differ from this table.
    pub(super) fn violations(&self) -> Vec<String> {
        let imports = imports(&root().join(self.folder));
        let architecture =
            fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
        let mut violations = self.against(&imports);
        for (from, to) in self.exceptions {
            let listed = format!("`{from}` imports `{to}`");
            if !architecture.contains(&listed) {
                violations.push(format!("ARCHITECTURE.md has no reason why {listed}"));
            }
        }
        violations
    }

    fn against(&self, imports: &Imports) -> Vec<String> {
        let mut layer_of = BTreeMap::new();
        for (layer, modules) in self.layers.split('/').enumerate() {
            for module in modules.split_whitespace() {
                assert!(layer_of.insert(module, layer).is_none(), "{module} twice");
            }
        }
        let folder = self.folder;
        let mut violations = Vec::new();
        for module in &imports.modules {
            if !layer_of.contains_key(module.as_str()) {
                violations.push(format!("{folder}/{module} is in no layer"));
            }
        }
        for module in layer_of.keys() {
            if !imports.modules.contains(*module) {
                violations.push(format!("{folder}/{module} does not exist"));
            }
        }
        let mut excepted = BTreeSet::new();
        for ((from, to), places) in &imports.pairs {
            let upward = match (layer_of.get(from.as_str()), layer_of.get(to.as_str())) {
                (Some(from), Some(to)) => to >= from,
                _ => continue,
            };
            if !upward {
                continue;
            }
            match self.exceptions.iter().find(|it| **it == (from, to)) {
                Some(exception) => _ = excepted.insert(exception),
                None => violations.push(format!(
                    "{folder}: {from} imports {to}, which is not below it: {}",
                    places.join(", ")
                )),
            }
        }
        for exception in self.exceptions {
            if !excepted.contains(exception) {
                let (from, to) = exception;
                violations.push(format!("{folder}: {from} does not import {to} any more"));
            }
        }
        violations
    }
}

/// What is imported within one folder.
#[derive(Debug, Default)]
struct Imports {
    modules: BTreeSet<String>,
    /// (importer, imported) with the places, as file:line.
    pairs: BTreeMap<(String, String), Vec<String>>,
}

fn imports(folder: &Path) -> Imports {
    let src = folder
        .ancestors()
        .find(|it| it.join("lib.rs").exists() || it.join("main.rs").exists())
        .expect("the folder is inside a crate");
    let within = module_path(src, folder);
    let mut files = Vec::new();
    sources(folder, &mut files);
    files.sort();
    let sources: Vec<Source> = files
        .into_iter()
        .map(|file| Source::read(src, file))
        .collect();
    let tests: Vec<_> = sources.iter().flat_map(|it| &it.test_modules).collect();
    let mut imports = Imports::default();
    let is_tested = |path: &[String]| tests.iter().any(|test| path.starts_with(test));
    let sources: Vec<_> = sources.iter().filter(|it| !is_tested(&it.module)).collect();
    for source in &sources {
        imports.modules.insert(source.child_of(&within));
    }
    for source in &sources {
        let from = source.child_of(&within);
        for (target, line) in &source.paths {
            // What lies outside of the folder is the business of another table.
            let Some(below) = target.strip_prefix(within.as_slice()) else {
                continue;
            };
            // An item of the crate's root, or of the folder's own mod.rs.
            let own = if within.is_empty() { "lib" } else { "mod" };
            let to = match below.first() {
                Some(name) if imports.modules.contains(name) => name.clone(),
                _ => own.to_owned(),
            };
            if to != from && imports.modules.contains(&to) {
                let name = source.file.strip_prefix(folder).unwrap_or(&source.file);
                let places = imports.pairs.entry((from.clone(), to)).or_default();
                places.push(format!("{}:{line}", name.display()));
            }
        }
    }
    imports
}

#[test]
fn imports_that_differ_from_the_layers_are_named() {
    let layers = Layers {
        folder: "src",
        layers: "low other / high gone",
        exceptions: &[("low", "other"), ("other", "high")],
    };
    let pair = |from: &str, to: &str| ((from.to_owned(), to.to_owned()), vec!["x.rs:1".to_owned()]);
    let imports = Imports {
        modules: ["low", "other", "high", "new"].map(str::to_owned).into(),
        pairs: [
            pair("high", "low"),
            pair("low", "high"),
            pair("low", "other"),
        ]
        .into(),
    };
    assert_eq!(
        layers.against(&imports),
        [
            "src/new is in no layer",
            "src/gone does not exist",
            "src: low imports high, which is not below it: x.rs:1",
            "src: other does not import high any more",
        ]
    );
}
