//! The programs that are measured, and the server they run against.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

/// What a program printed as `key=value`.
pub type Values = BTreeMap<String, f64>;

/// Builds everything that is measured, in release; each side by itself, so that neither gets
/// features of dependencies that only the other asked for.
pub fn cargo_build() {
    for package in ["bench-ours", "bench-peer"] {
        build(package);
    }
}

/// Builds the programs of one package, in release.
pub fn build(package: &str) {
    status(Command::new("cargo").args(["build", "--release", "-p", package, "--bins"]));
}

/// A file in the target folder: this program is in it too, wherever it is.
pub fn built(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a running program has a file");
    this.with_file_name(name)
}

/// The middle one of the values of three runs.
pub fn median(runs: [Values; 3]) -> Values {
    let keys = runs[0].keys();
    let middle = |key: &String| {
        let mut values: Vec<f64> = runs
            .iter()
            .filter_map(|run| run.get(key).copied())
            .collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    keys.map(|key| (key.clone(), middle(key))).collect()
}

/// Runs one of our programs.
pub fn run(program: &str, args: &[&str], env: &[(&str, &str)]) -> Values {
    let mut command = Command::new(built(program));
    command.args(args);
    for (key, value) in env {
        if !value.is_empty() {
            command.env(key, value);
        }
    }
    values(&output(&mut command))
}

/// Runs one of the peer's programs: both packages have a `replay`, so the peer's has a prefix.
pub fn run_peer(program: &str, args: &[&str], address: &str) -> Values {
    let mut command = Command::new(built(&format!("peer-{program}")));
    command
        .args(args)
        .env("TEMPORAL_ADDRESS", format!("http://{address}"));
    values(&output(&mut command))
}

/// `temporal server start-dev`, stopped when dropped.
pub struct RealServer {
    /// host:port.
    pub address: String,
}

/// Installs and starts it.
pub fn real_server() -> RealServer {
    for step in ["install", "stop", "start"] {
        status(Command::new("../.ci/real-server").arg(step));
    }
    RealServer {
        address: output(Command::new("../.ci/real-server").arg("address"))
            .trim()
            .to_owned(),
    }
}

impl RealServer {
    /// Writes a run's history into a file, as the CLI prints it; gives the file's name.
    pub fn history(&self, id: &str) -> String {
        let cli = output(Command::new("../.ci/real-server").arg("cli"));
        let json = output(
            Command::new(cli.trim())
                .args(["--address", &self.address])
                .args(["workflow", "show", "-o", "json", "-w", id]),
        );
        let file = built("history.json");
        std::fs::write(&file, json).expect("the target folder is writable");
        file.to_str()
            .expect("the target folder has a plain name")
            .to_owned()
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        status(Command::new("../.ci/real-server").arg("stop"));
    }
}

/// Runs a workflow of 1,000 activities, one after another, and gives its id.
pub fn recorded_run(server: &RealServer) -> String {
    let text = output(
        Command::new(built("ours"))
            .args(["1", "1000", "1", "act", "remote"])
            .env("TEMPORAL_ADDRESS", &server.address),
    );
    text.split_whitespace()
        .find_map(|word| word.strip_prefix("first_id="))
        .expect("ours prints the id of its first workflow")
        .to_owned()
}

/// What a cold build took.
pub struct Build {
    /// Wall time.
    pub seconds: f64,
    /// Packages in the lock file.
    pub crates: f64,
}

/// Builds a hello world in an empty target folder, its packages already downloaded.
pub fn build_cold(dir: &str) -> Build {
    status(Command::new("cargo").arg("fetch").current_dir(dir));
    let target = built("cold").join(dir);
    let _ = std::fs::remove_dir_all(&target);
    let start = Instant::now();
    status(
        Command::new("cargo")
            .args(["build", "-q"])
            .current_dir(dir)
            .env("CARGO_TARGET_DIR", &target),
    );
    let seconds = start.elapsed().as_secs_f64();
    let tree = output(
        Command::new("cargo")
            .args([
                "tree",
                "--prefix",
                "none",
                "--no-dedupe",
                "-e",
                "normal,build",
            ])
            .current_dir(dir),
    );
    let crates: std::collections::BTreeSet<_> = tree
        .lines()
        .map(|line| line.split(" (").next().unwrap_or(line))
        .collect();
    Build {
        seconds,
        crates: crates.len() as f64,
    }
}

fn status(command: &mut Command) {
    let status = command.status();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "{command:?}: {status:?}"
    );
}

/// What a command prints; it must succeed.
pub fn output(command: &mut Command) -> String {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).expect("programs print text")
}

/// The best of each `key=value` in a program's output.
fn values(text: &str) -> Values {
    let mut values = Values::new();
    let pairs = text
        .split_whitespace()
        .filter_map(|word| word.split_once('='));
    for (key, value) in pairs {
        if let Ok(value) = value.parse::<f64>() {
            let best = values.entry(key.to_owned()).or_insert(value);
            *best = best.max(value);
        }
    }
    values
}
