//! What the peer's programs that compile say when they run on a real server.

use super::expected::Expectation;
use crate::command;
use std::{
    collections::BTreeMap,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What became of each program's mistake, and the text of it.
pub type All = BTreeMap<String, (Expectation, String)>;

/// Programs that run at once.
const AT_ONCE: usize = 4;

/// Builds them as one program, which knows what compiles, and runs each; each ends by itself.
pub fn all(address: &str) -> All {
    command::build("bench-mistakes");
    let names = command::output(&mut program());
    let programs: Vec<&str> = names.lines().collect();
    let next = AtomicUsize::new(0);
    let all = Mutex::new(All::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(name) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let seen = run(name, address);
                    println!("{name}: {} `{}`", seen.0, seen.1);
                    all.lock()
                        .expect("no other thread panicked")
                        .insert((*name).to_owned(), seen);
                }
            });
        }
    });
    all.into_inner().expect("no thread panicked")
}

fn program() -> Command {
    Command::new(command::built("bench-mistakes"))
}

fn run(name: &str, address: &str) -> (Expectation, String) {
    let output = program()
        .arg(name)
        .env("TEMPORAL_ADDRESS", format!("http://{address}"))
        .output()
        .expect("what was built can run");
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    if let Some(given) = last.strip_prefix("silent: ") {
        (Expectation::Silent, given.to_owned())
    } else if let Some(said) = last.strip_prefix("said: ") {
        (Expectation::Run, said.to_owned())
    } else {
        // The process died of it, and its last words are all there is.
        let words = String::from_utf8_lossy(&output.stderr);
        (Expectation::Run, words.trim().to_owned())
    }
}
