//! Correct programs, compiled: `pass/*.rs`, each with `#![deny(warnings)]`.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::use_self,
    reason = "the programs are compiled, not run, and written as a user may"
)]

use std::fs;

#[path = "../pass/account.rs"]
mod account;
#[path = "../pass/attributes.rs"]
mod attributes;
#[path = "../pass/greeting.rs"]
mod greeting;
#[path = "../pass/order.rs"]
mod order;
#[path = "../pass/self_everywhere.rs"]
mod self_everywhere;

#[test]
fn every_program_is_compiled() {
    let listed = include_str!("pass.rs");
    for file in fs::read_dir("pass").expect("the folder is part of the repository") {
        let name = file.expect("a folder can be listed").file_name();
        let line = format!("\"../pass/{}\"", name.to_string_lossy());
        assert!(listed.contains(&line), "pass.rs has no module for {line}");
    }
}
