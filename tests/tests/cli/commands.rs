//! Every command of the command line is in a table, or is left out for a reason.

use std::{collections::BTreeSet, process::Command};

use durably_tests::{cli::Row, process::tool};

use super::{
    activities, batches, deployments, namespaces, nexus, schedules, task_queues, updates, workers,
    workflows,
};

/// Commands, or their first words, that no table has, and why.
const LEFT_OUT: [(&str, &str); 7] = [
    ("completion", "it is about the shell"),
    ("config", "it is about files of the command line"),
    ("env", "it is about files of the command line"),
    ("help", "it is about the command line itself"),
    ("options", "it is about the command line itself"),
    ("server", "it starts a server"),
    ("workflow fix-history-json", "it converts a file"),
];

#[test]
fn every_command_is_in_a_table() {
    let Some(cli) = tool("DURABLY_TEMPORAL_CLI", "the commands of the command line") else {
        return;
    };
    let tables = [
        activities::tables(),
        batches::tables(),
        deployments::tables(),
        namespaces::tables(),
        nexus::tables(),
        schedules::tables(),
        task_queues::tables(),
        updates::tables(),
        workers::tables(),
        workflows::tables(),
    ];
    let rows = tables.iter().flatten().flatten();
    let shown: BTreeSet<String> = rows.map(Row::command).collect();
    let mut missing = Vec::new();
    let mut unused: BTreeSet<_> = LEFT_OUT.map(|(command, _)| command).into();
    for command in commands(&cli, &[]) {
        let is_left_out =
            |left: &&str| command == *left || command.starts_with(&format!("{left} "));
        let left_out = LEFT_OUT.map(|(left, _)| left).into_iter().find(is_left_out);
        match left_out {
            Some(left) => drop(unused.remove(left)),
            None if shown.contains(&command) => {}
            None => missing.push(command),
        }
    }
    assert!(missing.is_empty(), "no table has {missing:?}");
    assert!(unused.is_empty(), "there is no such command: {unused:?}");
}

/// The commands below these words, by the help that they print.
fn commands(cli: &str, words: &[&str]) -> Vec<String> {
    let output = Command::new(cli).args(words).arg("--help").output();
    let help = output.expect("the command line tool runs").stdout;
    let help = String::from_utf8(help).expect("help is text");
    let mut found = Vec::new();
    if !words.is_empty() && !help.contains("\nAvailable Commands:") {
        found.push(words.join(" "));
        return found;
    }
    if help.contains(&format!("temporal {} [flags]", words.join(" "))) {
        found.push(words.join(" "));
    }
    let below = help.split("\nAvailable Commands:\n").nth(1);
    let below = below.and_then(|it| it.split("\n\n").next());
    for line in below.unwrap_or_default().lines() {
        let word = line
            .split_whitespace()
            .next()
            .expect("a line names a command");
        let mut words = words.to_vec();
        words.push(word);
        let is_left_out = LEFT_OUT.iter().any(|(left, _)| *left == words.join(" "));
        match is_left_out {
            true => found.push(words.join(" ")),
            false => found.extend(commands(cli, &words)),
        }
    }
    found
}
