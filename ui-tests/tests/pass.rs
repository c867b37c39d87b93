//! Correct programs, compiled: `pass/*.rs`, each with `#![deny(warnings)]`.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::use_self,
    reason = "the programs are compiled, not run, and written as a user may"
)]

use std::fs;

#[path = "../pass"]
mod programs {
    mod account;
    mod attributes;
    mod determinism;
    mod greeting;
    mod order;
    mod self_everywhere;
}

#[test]
fn every_program_is_compiled() {
    let listed = include_str!("pass.rs");
    for file in fs::read_dir("pass").expect("the folder is part of the repository") {
        let path = file.expect("a folder can be listed").path();
        let name = path.file_stem().expect("a file has a name");
        let line = format!("    mod {};\n", name.to_string_lossy());
        assert!(listed.contains(&line), "pass.rs has no `{}`", line.trim());
    }
}
