//! What the compiler says of `fail/<topic>/*.rs`, one mistake a file.
//!
//! `UI=word cargo test -p durably-ui-tests` compiles the files whose path contains the word;
//! `TRYBUILD=overwrite` blesses their texts and writes `docs/diagnostics.md` anew.

mod case;
mod definitions;
mod diagnostics;
mod said;

use std::{env, path::Path};

#[test]
fn ui() {
    let wanted = env::var("UI").unwrap_or_default();
    let tests = trybuild::TestCases::new();
    for file in case::sources(Path::new("fail")) {
        if file.to_string_lossy().contains(&wanted) {
            tests.compile_fail(file);
        }
    }
    // The files are compiled now; a table of what was blessed before is written after it.
    drop(tests);
    if case::blessing() {
        diagnostics::write();
    }
}
