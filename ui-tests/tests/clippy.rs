//! Clippy's output with the configuration that the crate ships, switched on as the guide documents.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A finding: its line, what was found, and why that is wrong.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    line: usize,
    path: String,
    reason: String,
}

#[test]
fn clippy_sees_through_aliases_and_helpers_and_finds_nothing_in_generated_code() {
    if !succeeds(cargo().args(["clippy", "--version"])) {
        eprintln!("skipped: clippy is not installed (rustup component add clippy)");
        return;
    }
    let project = project();
    switch_on(&project);
    let said = clippy(&project);
    let (mut found, rest) = findings(&said);
    assert_eq!(rest, [""; 0], "clippy reports something else:\n{said}");
    found.sort();
    let wanted = expectations(&fs::read_to_string(program()).expect("the program is there"));
    let found: Vec<Finding> = found
        .into_iter()
        .map(|found| {
            // The wanted reason is a part of the found one.
            let of_same = |it: &&Finding| it.line == found.line && it.path == found.path;
            match wanted.iter().find(of_same) {
                Some(wanted) if found.reason.contains(&wanted.reason) => Finding {
                    reason: wanted.reason.clone(),
                    ..found
                },
                _ => found,
            }
        })
        .collect();
    assert_eq!(found, wanted, "{said}");
}

/// Creates a package of a user: it depends on durably and has the program as its only target.
///
/// It is built with trybuild's flags, so that both share the built dependencies.
fn project() -> PathBuf {
    let root = root();
    let project = target().join("clippy");
    fs::create_dir_all(&project).expect("the target folder can be written to");
    let manifest = format!(
        r#"
[package]
name = "of-a-user"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
durably = {{ path = {:?} }}
rand = {{ version = "0.10", default-features = false, features = ["std", "std_rng", "thread_rng"] }}
serde = {{ version = "1", features = ["derive"] }}
tokio = {{ version = "1", features = ["macros", "rt", "sync", "time"] }}
uuid = {{ version = "1", default-features = false, features = ["v4"] }}

[[bin]]
name = "of-a-user"
path = {:?}
"#,
        root.join("runtime"),
        program(),
    );
    fs::write(project.join("Cargo.toml"), manifest).expect("it can be written to");
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock")).expect("it can be written to");
    project
}

/// Defines the guide's test as a function: it runs for the user's package, not for this one.
macro_rules! as_a_function {
    (#[test] $($function:tt)*) => { $($function)* };
}

as_a_function! {
#[test]
fn clippy_toml_is_up_to_date() {
    durably::clippy_toml::check();
}
}

/// Runs the guide's test in the process that [`switch_on`] starts.
#[test]
fn in_the_package_of_a_user() {
    if env::var_os(IN_THE_PACKAGE).is_some() {
        clippy_toml_is_up_to_date();
    }
}

const IN_THE_PACKAGE: &str = "DURABLY_CLIPPY_IN_THE_PACKAGE";

/// Writes the configuration into the package in both documented ways: by the test, and by `cp`.
fn switch_on(project: &Path) {
    let shipped = fs::read(root().join("runtime/clippy/clippy.toml")).ok();
    let configuration = project.join("clippy.toml");

    let (_, documented) = include_str!("clippy.rs")
        .split_once("as_a_function! {\n")
        .expect("this file has the guide's test");
    let (documented, _) = documented.split_once("}\n}\n").expect("it ends");
    for page in [
        "README.md",
        "docs/guide.md",
        "runtime/src/docs/determinism.md",
    ] {
        assert!(
            page_of(page).contains(documented),
            "{page} has another test"
        );
    }
    let _ = fs::remove_file(&configuration);
    let mut test = Command::new(env::current_exe().expect("a test has a program"));
    test.args(["--exact", "in_the_package_of_a_user"])
        .env(IN_THE_PACKAGE, "")
        .env("CARGO_MANIFEST_DIR", project)
        .env_remove("CLIPPY_CONF_DIR")
        .env_remove("CI");
    assert!(succeeds(&mut test), "the test of the package fails");
    assert_eq!(fs::read(&configuration).ok(), shipped);
    assert!(succeeds(test.env("CI", "true")), "the file is not found");

    let guide = page_of("runtime/src/docs/determinism.md");
    let line = guide.lines().find(|line| line.starts_with("cp "));
    let line = line.expect("the guide has the line that copies the file");
    let clone = root();
    let line = line.replace("../durably/", "\"$CLONE\"/");
    let _ = fs::remove_file(&configuration);
    if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(project);
        assert!(succeeds(shell.env("CLONE", clone)), "{line}");
    } else {
        fs::copy(clone.join("runtime/clippy/clippy.toml"), &configuration)
            .expect("it can be written to");
    }
    assert_eq!(fs::read(&configuration).ok(), shipped);
}

fn page_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("the page is part of the repository")
}

/// Runs clippy in the package, and returns its output.
fn clippy(project: &Path) -> String {
    let flags = r#"["--cfg","trybuild","--verbose","-A","dead_code","--diagnostic-width=140"]"#;
    let host = host();
    let mut command = cargo();
    command
        .args(["clippy", "--offline", "--color=never", "--target", &host])
        .arg(format!("--config=build.rustflags={flags}"))
        .arg(format!("--config=target.{host}.rustflags={flags}"))
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target().join("trybuild"))
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        .env_remove("CLIPPY_CONF_DIR");
    output(&mut command)
}

/// Parses clippy's output into findings, and the titles of all other messages.
fn findings(said: &str) -> (Vec<Finding>, Vec<&str>) {
    let mut found = Vec::new();
    let mut rest = Vec::new();
    for message in said.split("\n\n") {
        let lines = || message.lines().map(str::trim_start);
        let head = |line: &&str| line.starts_with("error") || line.starts_with("warning");
        let Some(title) = lines().find(head) else {
            continue;
        };
        let of_list = title.split_once(": use of a disallowed ");
        let place = lines().find_map(|line| line.strip_prefix("--> "));
        let reason = lines().find_map(|line| line.strip_prefix("= note: it "));
        match (of_list, place, reason) {
            (Some((_, what)), Some(place), Some(reason)) => found.push(Finding {
                line: place
                    .rsplit(':')
                    .nth(1)
                    .and_then(|line| line.parse().ok())
                    .expect("a place ends with line and column"),
                path: what.split('`').nth(1).unwrap_or_default().to_owned(),
                reason: reason.to_owned(),
            }),
            _ if title.contains("could not compile") => {}
            _ => rest.push(title),
        }
    }
    (found, rest)
}

/// Parses the expected findings from the program's comments: `//~ path: part of the reason`.
fn expectations(program: &str) -> Vec<Finding> {
    let mut wanted: Vec<Finding> = program
        .lines()
        .enumerate()
        .flat_map(|(at, line)| {
            line.split("//~ ").skip(1).map(move |it| {
                let (path, reason) = it.split_once(": ").expect("a path and a reason");
                Finding {
                    line: at + 1,
                    path: path.to_owned(),
                    reason: reason.trim_end().to_owned(),
                }
            })
        })
        .collect();
    wanted.sort();
    wanted
}

fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().expect("the workspace").to_owned()
}

fn program() -> PathBuf {
    root().join("ui-tests/clippy/program.rs")
}

/// The target folder of tests that compile programs.
fn target() -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().expect("the target folder").join("tests")
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn host() -> String {
    let said = output(Command::new("rustc").arg("-vV"));
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc tells its host").to_owned()
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn output(command: &mut Command) -> String {
    let Output { stdout, stderr, .. } = command.output().expect("the toolchain is there");
    String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr)
}
