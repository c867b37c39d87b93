//! Rules of the repository that a machine can keep.

mod layers;
mod paths;
mod tokens;

use std::{
    fs,
    path::{Path, PathBuf},
};

use layers::Layers;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package is in the workspace")
        .to_owned()
}

fn files_in(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("the tree is readable").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if !path.is_dir() {
            found.push(path);
        } else if name != "target" && !name.to_string_lossy().starts_with('.') && name != "wip" {
            files_in(&path, found);
        }
    }
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut files = Vec::new();
    files_in(dir, &mut files);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    found.append(&mut files);
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(&root(), &mut found);
    assert!(found.len() > 50, "the tree was not found");
    found
}

#[test]
fn every_ui_failure_has_its_text() {
    let mut files = Vec::new();
    files_in(&root().join("ui-tests/fail"), &mut files);
    let mut cases = 0;
    for path in files.iter().filter(|path| !path.ends_with("about.md")) {
        let text = fs::read_to_string(path).expect("a case is text");
        for case in text.split("\n## ").skip(1) {
            let says = |line: &str| line.trim_start_matches([' ', '^']).starts_with("error");
            let name = case.lines().next();
            assert!(case.lines().any(says), "{}: {name:?}", path.display());
            cases += 1;
        }
    }
    assert!(cases > 500, "the cases were not found");
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
fn folders_of_the_server_import_in_one_direction() {
    let server = Layers {
        folder: "server/src",
        layers: "clock due_queue ids log matching visibility
            / error
            / execution
            / namespace
            / store
            / backend
            / grpc
            / server
            / lib main",
        exceptions: &[("execution", "namespace")],
    };
    let history = Layers {
        folder: "server/history/src",
        layers: "event_log id json limits time
            / input random rejection
            / cron failure priority queue retry reuse_policy
            / start
            / state transition
            / open_transition
            / closing event next_run updates
            / task
            / request
            / command timeout
            / apply
            / lib",
        exceptions: &[],
    };
    for layers in [server, history] {
        let violations = layers.violations();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
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
    assert_eq!(places, [root().join("runtime/src/instance/state.rs")]);
}

#[test]
fn enums_of_internal_crates_are_closed() {
    // A new kind of command is followed by the compiler from file to file, so no match may have to
    // provide for kinds that it does not know.
    let internal = ["runtime/engine/src", "server/history/src", "macros/src"];
    // Users get a mismatch from the replayer, so it is part of the public API.
    let public = root().join("runtime/engine/src/mismatch.rs");
    for path in all_sources() {
        if path != public && internal.iter().any(|it| path.starts_with(root().join(it))) {
            let text = fs::read_to_string(&path).expect("sources are text");
            let word = concat!("#[non_", "exhaustive]");
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
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

#[test]
fn chapters_and_methods_that_texts_name_exist() {
    let guide = fs::read_to_string(root().join("docs/guide.md")).expect("the guide is there");
    let chapters: Vec<&str> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    let modules = fs::read_to_string(root().join("runtime/src/guide.rs")).expect("it is there");
    let start =
        fs::read_to_string(root().join("runtime/src/client/start/mod.rs")).expect("it is there");
    let mut named = 0;
    for path in texts() {
        let text = fs::read_to_string(&path).expect("texts are text");
        let text = text_of(&text);
        for chapter in after(&text, "see \"", '"') {
            named += 1;
            assert!(
                chapters.contains(&chapter),
                "{} names the chapter \"{chapter}\", which docs/guide.md does not have",
                path.display()
            );
        }
        for prefix in ["durably/latest/durably/guide/", "durably::guide::"] {
            for module in after(&text, prefix, '/') {
                named += 1;
                let is_name = |c: char| c.is_alphanumeric() || c == '_';
                let module = module.split(|c| !is_name(c)).next().unwrap_or_default();
                assert!(
                    modules.contains(&format!("pub mod {module} ")),
                    "{} names `durably::guide::{module}`, which does not exist",
                    path.display()
                );
            }
        }
        for option in after(&text, "where the workflow is started: `.", '(') {
            named += 1;
            assert!(
                start.contains(&format!("pub fn {option}")),
                "{} names `.{option}(..)`, which a start does not have",
                path.display()
            );
        }
    }
    assert!(named >= 4, "the texts were not found");
}

/// What the programs say: sources, blessed texts, and what is shown to readers.
fn texts() -> Vec<PathBuf> {
    let mut found = all_sources();
    for folder in ["runtime/src/texts", "runtime/clippy", "docs"] {
        let entries = fs::read_dir(root().join(folder)).expect("the tree is readable");
        found.extend(entries.flatten().map(|entry| entry.path()));
    }
    found.push(root().join("README.md"));
    found.retain(|path| !path.starts_with(root().join("tests")) && path.is_file());
    found
}

/// A source's texts as they are shown: without the breaks and the escapes of literals.
fn text_of(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    for (at, part) in source.split("\\\n").enumerate() {
        text.push_str(if at == 0 { part } else { part.trim_start() });
    }
    text.replace("\\\"", "\"")
}

/// What stands between `prefix` and `end`, wherever it does.
fn after<'a>(text: &'a str, prefix: &str, end: char) -> Vec<&'a str> {
    text.split(prefix)
        .skip(1)
        .map(|rest| rest.split([end, '\n']).next().unwrap_or_default())
        .collect()
}

#[test]
fn published_packages_carry_readme_and_licences() {
    let workspace =
        fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let members = workspace
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .expect("the workspace names its members")
        .0;
    let mut published = 0;
    for member in members.split(',').map(|name| name.trim().trim_matches('"')) {
        if member.is_empty() {
            continue;
        }
        let folder = root().join(member);
        let manifest =
            fs::read_to_string(folder.join("Cargo.toml")).expect("a member has a manifest");
        if manifest.contains("\npublish = false\n") {
            continue;
        }
        published += 1;
        assert!(manifest.contains("\nreadme.workspace = true\n"), "{member}");
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let text = fs::read_to_string(folder.join(licence)).unwrap_or_default();
            assert!(text.len() > 500, "{member} has no {licence}");
        }
    }
    assert_eq!(
        published, 6,
        "a package was added: publish it or say `publish = false`"
    );
}
