//! Dependencies: the cores have none that do IO, and each of the others has its reason.

use std::{collections::BTreeSet, fs};

use super::root;

#[test]
fn the_cores_depend_on_no_io() {
    for (core, allowed) in [
        ("runtime/engine", &[][..]),
        // jiff without its feature `std` is a pure function of its database, which is compiled in;
        // prost encodes messages.
        ("server/history", &["durably-proto", "jiff", "prost"][..]),
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
fn architecture_has_a_reason_for_each_dependency_and_none_for_others() {
    let architecture =
        fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let (_, section) = architecture
        .split_once("\n## Dependencies, each with its reason\n")
        .expect("the section is there");
    let (section, _) = section.split_once("\n## ").expect("another one follows");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let explained: BTreeSet<String> = rows
        .skip(1)
        .flat_map(|row| row.split(" |").next().unwrap_or_default().split(", "))
        .map(str::to_owned)
        .collect();
    let mut used = BTreeSet::new();
    for member in members() {
        let manifest = fs::read_to_string(root().join(&member).join("Cargo.toml"))
            .expect("a member has a manifest");
        for section in manifest.split("\n[") {
            let (title, lines) = section.split_once("]\n").unwrap_or_default();
            if title.ends_with("dependencies") {
                let names = lines.lines().filter(|line| line.contains(" = "));
                used.extend(
                    names.map(|line| line.split(' ').next().unwrap_or_default().to_owned()),
                );
            }
        }
    }
    used.retain(|name| !name.starts_with("durably") && name != "billing" && name != "#");
    assert_eq!(used, explained);
}

/// The folders of the packages of the workspace.
pub(super) fn members() -> Vec<String> {
    let workspace =
        fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let (_, rest) = workspace
        .split_once("members = [")
        .expect("the workspace names its members");
    let (members, _) = rest.split_once(']').expect("the list ends");
    let names = members.split(',').map(|name| name.trim().trim_matches('"'));
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}
