//! Rules of the repository that a machine can keep.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package is in the workspace")
        .to_owned()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("the tree is readable").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && !name.to_string_lossy().starts_with('.') && name != "wip" {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(&root(), &mut found);
    assert!(found.len() > 50, "the tree was not found");
    found
}

#[test]
fn every_ui_failure_has_its_text() {
    for path in all_sources() {
        let is_case = path
            .components()
            .any(|component| component.as_os_str() == "fail");
        if is_case && path.starts_with(root().join("ui-tests")) {
            assert!(path.with_extension("stderr").exists(), "{}", path.display());
        }
    }
}

#[test]
fn files_are_named_by_what_they_are_about() {
    for path in all_sources() {
        let stem = path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            !["utils", "util", "common", "helpers", "misc", "types"].contains(&stem.as_str()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_cores_depend_on_no_io() {
    for (core, allowed) in [
        ("runtime/engine", &[][..]),
        // jiff without its feature `std` is a pure function of its database, which is compiled in.
        ("server/history", &["durably-proto", "jiff"][..]),
    ] {
        let manifest = fs::read_to_string(root().join(core).join("Cargo.toml"))
            .expect("the core has a manifest");
        let dependencies = manifest
            .split("\n[")
            .find(|section| section.starts_with("dependencies]"))
            .unwrap_or_default();
        for line in dependencies
            .lines()
            .skip(1)
            .filter(|line| line.contains('='))
        {
            let name = line.split([' ', '=', '.']).next().unwrap_or_default();
            assert!(allowed.contains(&name), "{core} depends on {name}");
        }
    }
}

#[test]
fn unsafe_code_is_in_one_module() {
    let word = concat!("un", "safe {");
    let places: Vec<_> = all_sources()
        .into_iter()
        .filter(|path| !path.starts_with(root().join("bench/peer")))
        .filter(|path| fs::read_to_string(path).is_ok_and(|text| text.contains(word)))
        .collect();
    assert_eq!(places, [root().join("runtime/src/workflow/state.rs")]);
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    for path in all_sources() {
        let text = fs::read_to_string(&path).expect("sources are text");
        for word in [
            concat!("TO", "DO"),
            concat!("to", "do!("),
            concat!("unimple", "mented!("),
            concat!("#[ig", "nore"),
        ] {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}
