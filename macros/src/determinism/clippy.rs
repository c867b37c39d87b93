//! Clippy's configuration: generates the file that the runtime crate ships from the denylist.
//!
//! Clippy resolves paths, so it sees through aliases and imports, in helpers as well as in workflows.
//! The entries have no `replacement`: clippy would replace all of `HashMap<K, V>`, with its arguments,
//! by `durably::HashMap`. `BLESS=1 cargo test -p durably-macros` writes the file.

use std::{env, fs, path::PathBuf};

use super::denylist::{Group, TOPICS};

#[test]
fn the_shipped_configuration_is_the_list() {
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../runtime/clippy/clippy.toml");
    let wanted = configuration();
    if env::var_os("BLESS").is_some() {
        fs::write(&shipped, &wanted).expect("the folder is part of the repository");
    }
    let found = fs::read_to_string(&shipped).unwrap_or_default();
    assert!(
        found == wanted,
        "runtime/clippy/clippy.toml differs from macros/src/determinism/list; write it anew with \
         `BLESS=1 cargo test -p durably-macros`"
    );
}

fn configuration() -> String {
    let head = "# What workflow code may not do, as clippy resolves it. How to switch it on: durably::guide::determinism.\n";
    let methods = |group: &Group| [group.functions, group.trait_functions].concat();
    [
        head.to_owned(),
        key("disallowed-methods", methods),
        key("disallowed-types", |group| group.types.to_vec()),
        key("disallowed-macros", |group| group.macros.to_vec()),
    ]
    .join("\n")
}

fn key(name: &str, paths: impl Fn(&Group) -> Vec<&'static str>) -> String {
    let topics = TOPICS.iter().filter_map(|(topic, groups)| {
        let entries: String = groups
            .iter()
            .flat_map(|group| paths(group).into_iter().map(|path| entry(path, group)))
            .collect();
        (!entries.is_empty()).then(|| format!("    # {topic}\n{entries}"))
    });
    format!("{name} = [\n{}]\n", topics.collect::<String>())
}

fn entry(listed: &str, group: &Group) -> String {
    let path = listed.trim_start_matches('/').replace('/', "::");
    // Clippy would warn about paths of crates that the user does not have, or of another platform.
    let is_everywhere = path.starts_with("std::") && !path.starts_with("std::os::");
    let optional = match is_everywhere {
        true => "",
        false => ", allow-invalid = true",
    };
    let reason = format!("it {}; use {} instead", group.why, group.instead);
    assert!(
        !reason.contains(['"', '\\']),
        "TOML would need escapes: {reason}"
    );
    format!("    {{ path = \"{path}\"{optional}, reason = \"{reason}\" }},\n")
}
