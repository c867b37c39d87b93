//! One command: its words, and the process that runs it.

use std::{collections::BTreeMap, process::Command};

use super::answer::Answer;

/// Divides a line into words, as a shell does with single quotes, and replaces the variables.
pub(super) fn words(line: &str, variables: &BTreeMap<&str, String>) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in line.split('\'').enumerate() {
        let is_quoted = index % 2 == 1;
        let pieces: Vec<_> = match is_quoted {
            true => vec![part],
            false => part.split(' ').collect(),
        };
        for (index, piece) in pieces.into_iter().enumerate() {
            if index > 0 {
                words.push(String::new());
            }
            let word = words.last_mut().expect("there is a word from the start");
            word.push_str(&replaced(piece, variables));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A text with the values of its variables.
pub(super) fn replaced(text: &str, variables: &BTreeMap<&str, String>) -> String {
    let mut text = text.to_owned();
    for (variable, value) in variables {
        text = text.replace(&format!("${variable}"), value);
    }
    text
}

/// Runs a command, without the configuration of the user who runs the test.
pub(super) async fn run(cli: &str, address: &str, words: Vec<String>) -> Answer {
    let mut command = Command::new(cli);
    command
        .args(words)
        .args(["--address", address, "--output", "json", "--color", "never"])
        .args(["--identity", "the-cli", "--log-level", "never"])
        .args(["--command-timeout", "30s"])
        .args(["--disable-config-file", "--disable-config-env"]);
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("the command does not panic");
    Answer::new(output.expect("the command line tool runs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_divided_as_a_shell_does() {
        let variables = BTreeMap::from([("queue", "orders".to_owned())]);
        let line = "workflow start -t $queue --input '{\"a\": 1}' --query 'TaskQueue = \"$queue\"'";
        assert_eq!(
            words(line, &variables),
            [
                "workflow",
                "start",
                "-t",
                "orders",
                "--input",
                "{\"a\": 1}",
                "--query",
                "TaskQueue = \"orders\""
            ]
        );
    }
}
