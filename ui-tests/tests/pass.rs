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
    mod activities;
    mod activity;
    mod aliases;
    mod async_methods;
    mod attributes;
    mod call;
    mod cancellation;
    mod client;
    mod codec;
    mod concurrency;
    mod conditional;
    mod conditional_pairs;
    mod continued;
    mod data;
    mod determinism;
    mod entity;
    mod error;
    mod from_a_macro;
    mod generic_helpers;
    mod greeting;
    mod in_a_function;
    mod inference;
    mod init;
    mod instrumented;
    mod interceptor;
    mod liberties;
    mod macros_in_bodies;
    mod main;
    mod many_arguments;
    mod names;
    mod order;
    mod own_errors;
    mod own_names;
    mod payloads;
    mod places;
    mod plain_methods;
    mod query;
    mod remote;
    mod renamed_crate;
    mod replay;
    mod reports;
    mod run;
    mod schedule;
    mod self_everywhere;
    mod shapes;
    mod signal;
    mod state;
    mod update;
    mod versions;
    mod visibility;
    mod worker;
    mod workflow;
}

#[test]
fn every_program_is_compiled() {
    let listed = include_str!("pass.rs");
    for name in names_in("pass") {
        assert!(
            listed.contains(&format!("    mod {name};\n")),
            "pass.rs has no `mod {name};`"
        );
    }
}

#[test]
fn every_topic_of_mistakes_has_a_program_that_is_right() {
    let programs = names_in("pass");
    for topic in names_in("fail") {
        assert!(programs.contains(&topic), "there is no pass/{topic}.rs");
    }
}

/// The files and folders in a folder, without their extensions.
fn names_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is part of the repository");
    entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect()
}
