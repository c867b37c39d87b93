//! Rules of the repository that a program can check.

mod dependencies;
mod examples;
mod features;
mod items;
mod layers;
mod pages;
mod paths;
mod public_items;
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
fn folders_import_in_one_direction() {
    let server = Layers {
        folder: "server/src",
        layers: "clock deployment due_queue ids log name queue_config visibility worker_registry
            / matching
            / error
            / store
            / namespace
            / batch execution schedule
            / backend
            / grpc outbox
            / batch_runner
            / server
            / simulation
            / lib main",
        exceptions: &[],
    };
    let history = Layers {
        folder: "server/history/src",
        layers: "checksum corrupted field_mask go_duration id json limits local_time time tracked versioning
            / event_log input random rejection
            / cron failure priority queue retry reuse_policy schedule virtual_time
            / pending start
            / state transition
            / open_transition pending_tasks snapshot
            / event next_run outgoing time_skipping updates
            / closing
            / task
            / delivery request
            / command timeout
            / rebuild
            / reset
            / apply
            / lib",
        exceptions: &[],
    };
    let runtime = Layers {
        folder: "runtime/src",
        layers: "text
            / telemetry time
            / wire
            / data
            / options
            / error
            / codec
            / transport
            / instance
            / definition
            / activity
            / workflow
            / interceptor
            / driver
            / client
            / worker
            / hints server testing
            / debug
            / lib
            / clippy_toml guide prelude schedule search",
        exceptions: &[
            ("data", "error"),
            ("definition", "activity"),
            ("definition", "client"),
            ("definition", "workflow"),
            ("definition", "hints"),
            ("error", "hints"),
            ("workflow", "hints"),
            ("client", "hints"),
            ("error", "lib"),
            ("interceptor", "client"),
        ],
    };
    for layers in [runtime, server, history] {
        let violations = layers.violations();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }
}

#[test]
fn messages_are_named_where_they_are_converted_and_sent() {
    let src = root().join("runtime/src");
    let edges = ["wire", "transport"].map(|folder| src.join(folder));
    for path in all_sources() {
        let is_edge = edges.iter().any(|edge| path.starts_with(edge));
        let is_test = path.iter().any(|part| part == "tests");
        if !path.starts_with(&src) || is_edge || is_test {
            continue;
        }
        let text = fs::read_to_string(&path).expect("sources are text");
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let named = code.matches("durably_proto").count();
        // The raw escape hatch is a re-export at the crate's root.
        let allowed = usize::from(path == src.join("lib.rs"));
        assert_eq!(named, allowed, "{} names durably_proto", path.display());
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
fn no_source_has_a_placeholder() {
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
fn published_packages_carry_readme_and_licences() {
    let mut published = 0;
    for member in dependencies::members() {
        let folder = root().join(&member);
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
