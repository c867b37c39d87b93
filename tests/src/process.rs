//! Processes of their own: a worker to kill, a real server to restart, a Python program.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A child process, killed when dropped.
pub struct Process(Child);

impl Process {
    /// Starts `command` and waits for the line of its output that starts with `ready`.
    pub fn start(mut command: Command, ready: &str) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let output = child.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        assert!(
            lines.any(|line| line.starts_with(ready)),
            "{command:?} ended before it said `{ready}`"
        );
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    /// Kills it without a warning, as `kill -9` does.
    pub fn kill(mut self) {
        self.0.kill().expect("the process is ours");
        self.0.wait().expect("the process is ours");
    }
}

impl Process {
    /// Sends SIGTERM, as an orchestrator does.
    ///
    /// # Panics
    /// If the process has ended.
    pub fn terminate(&self) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(
            sent.is_ok_and(|sent| sent.success()),
            "the process has ended"
        );
    }

    /// Waits for its end; returns whether it ended by itself, without an error.
    pub fn ended(mut self) -> bool {
        self.0.wait().expect("the process is ours").success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("loopback has free ports")
        .port()
}

/// What the environment offers for `variable`, or `None` with a line that says so.
pub fn tool(variable: &str, test: &str) -> Option<String> {
    let tool = std::env::var(variable).ok();
    if tool.is_none() {
        assert!(
            std::env::var("DURABLY_REAL").as_deref() != Ok("required"),
            "DURABLY_REAL=required, but {variable} is not set"
        );
        println!("skipped: {test} (set {variable})");
    }
    tool
}

/// A program of the folder `interop` in Python, or `None` with a line that says so if there is no Python.
pub fn python(program: &str) -> Option<Command> {
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop");
    let mut command = Command::new(tool("DURABLY_PYTHON", program)?);
    command.args(["run.py", program].map(|file| format!("{FOLDER}/{file}")));
    Some(command)
}

/// Runs a command to its end; returns what it prints.
///
/// # Panics
/// It cannot be run, or it fails.
pub async fn output(mut command: Command) -> String {
    let run = tokio::task::spawn_blocking(move || (command.output(), command));
    let (output, command) = run.await.expect("running it does not panic");
    let output = output.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{printed}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

/// A real Temporal server that keeps its state in `database`; waits until it answers.
pub async fn real_server(cli: &str, port: u16, database: &Path) -> Process {
    let database = ["--db-filename".as_ref(), database.as_os_str()];
    real_server_with(cli, port, &database).await
}

/// A real Temporal server with further arguments of its command line; waits until it answers.
pub async fn real_server_with(cli: &str, port: u16, arguments: &[&OsStr]) -> Process {
    let child = Command::new(cli)
        .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1"])
        .args(["--log-level", "never"])
        .arg("--port")
        .arg(port.to_string())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {cli}: {error}"));
    let process = Process(child);
    let address = format!("127.0.0.1:{port}");
    crate::eventually("the real server to answer", || async {
        let ok = Command::new(cli)
            .args([
                "--address",
                &address,
                "operator",
                "namespace",
                "describe",
                "default",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !ok {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        ok.then_some(())
    })
    .await;
    process
}
