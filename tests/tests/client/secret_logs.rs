//! What a program and its libraries log at the most detailed level has no secret of its connections.

use std::{collections::BTreeSet, process::Command};

use durably::prelude::*;
use durably_tests::{World, on_both_servers, process::output};

on_both_servers! {
    no_line_of_a_log_has_a_secret
}

async fn no_line_of_a_log_has_a_secret(world: &World) -> Result<()> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_test-secrets"));
    if world.server().is_none() {
        program.env("SECRETS_ADDRESS", world.address());
    }
    let log = output(program).await;
    assert!(log.contains("result HELLO"), "{log}");
    let targets: BTreeSet<_> = log
        .lines()
        .filter(|line| line.starts_with("event ") || line.starts_with("span "))
        .filter_map(|line| line.split(' ').nth(2)?.split("::").next())
        .collect();
    // What the test is about is there: lines of the libraries below, tonic's from the server.
    let libraries: &[_] = match world.server() {
        Some(_) => &["durably", "h2", "tonic"],
        None => &["durably", "h2"],
    };
    for library in libraries {
        assert!(targets.contains(library), "{library}: {targets:?}");
    }
    // The last one is the user and the password as the proxy gets them.
    for secret in ["s3cret", "czNjcmV0", "bWU6czNjcmV0LXBhc3N3b3Jk"] {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }
    Ok(())
}
