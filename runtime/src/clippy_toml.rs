//! The configuration for clippy that finds nondeterminism in workflow code, kept in a project by a
//! test of that project.
//!
//! ```
//! #[test]
//! fn clippy_toml_is_up_to_date() {
//!     durably::clippy_toml::check();
//! }
//! ```
//!
//! The first `cargo test` writes `clippy.toml`; after an update of durably the test fails if entries
//! are missing, and prints them. The guide says what the configuration refuses, and how activities are
//! exempted: [`guide::determinism`](crate::guide::determinism#clippy).

#![expect(
    clippy::test_attr_in_doctest,
    reason = "the test is shown as users write it; what it calls is tested below"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The configuration, as [`check`] writes it: the keys `disallowed-methods`, `disallowed-types` and
/// `disallowed-macros`.
///
/// ```
/// assert!(durably::clippy_toml::TEXT.contains("std::time::SystemTime::now"));
/// ```
pub const TEXT: &str = include_str!("../clippy/clippy.toml");

/// Writes the configuration into the project whose tests are running, or checks the one that is there.
///
/// Searches `clippy.toml` or `.clippy.toml` where clippy does: in `CLIPPY_CONF_DIR`, or else in the
/// folder of the package, and in the folders above. If there is none, writes it to the root of the
/// workspace (the folder of `Cargo.lock`). An existing file is never changed: it may have other keys and
/// other entries, and an entry that the project does not want may be a comment.
///
/// # Panics
/// The configuration lacks entries of this version of durably, which the message lists; or it does not
/// exist and the environment variable `CI` is set, since a file that a build server writes is lost; or a
/// file cannot be read or written; or the test was not started by cargo.
#[track_caller]
pub fn check() {
    let variable = |name| env::var_os(name).map(PathBuf::from);
    let package = variable("CARGO_MANIFEST_DIR")
        .expect("cargo sets `CARGO_MANIFEST_DIR` for tests: run this one with `cargo test`");
    let first = variable("CLIPPY_CONF_DIR").unwrap_or_else(|| package.clone());
    let in_ci = env::var_os("CI").is_some();
    if let Err(problem) = check_project(&first, &package, in_ci) {
        panic!("{problem}");
    }
}

/// Checks the first configuration in or above `first`, or writes one for `package`.
fn check_project(first: &Path, package: &Path, in_ci: bool) -> Result<(), String> {
    let Some(path) = find(first) else {
        let path = workspace(package).join("clippy.toml");
        if in_ci {
            return Err(format!(
                "{} does not exist; run this test on your machine, which writes it, and commit it",
                path.display()
            ));
        }
        return fs::write(&path, TEXT)
            .map_err(|error| format!("cannot write {}: {error}", path.display()));
    };
    let present = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let missing = missing(&present);
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} lacks entries of durably {}; delete the file and run this test again, or add:\n\n{missing}",
        path.display(),
        env!("CARGO_PKG_VERSION"),
    ))
}

/// The file that clippy reads. Of two in one folder it takes the hidden one.
fn find(first: &Path) -> Option<PathBuf> {
    let names = |folder: &Path| [".clippy.toml", "clippy.toml"].map(|name| folder.join(name));
    let mut found = first.ancestors().flat_map(names);
    found.find(|path| path.is_file())
}

/// The root of the package's workspace; the package itself if it has never been built.
fn workspace(package: &Path) -> &Path {
    let mut folders = package.ancestors();
    let root = folders.find(|folder| folder.join("Cargo.lock").is_file());
    root.unwrap_or(package)
}

/// The entries that `present` lacks, as TOML. Clippy takes an entry as a table and as a plain string,
/// so the quoted path decides.
fn missing(present: &str) -> String {
    let mut lacking = String::new();
    for key in TEXT.split("\n\n") {
        let Some((name, entries)) = key.split_once(" = [\n") else {
            continue;
        };
        let is_missing = |line: &&str| path_of(line).is_some_and(|path| !present.contains(path));
        let entries: Vec<&str> = entries.lines().filter(is_missing).collect();
        if !entries.is_empty() {
            lacking += &format!("{name} = [\n{}\n]\n", entries.join("\n"));
        }
    }
    lacking
}

/// The path of an entry, with its quotes.
fn path_of(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("{ path = ")?;
    rest.split(',').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty folder that goes with the value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = env::temp_dir().join(format!("durably-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(folder.join("member")).expect("the folder can be made");
            Self(folder)
        }

        fn check(&self, in_ci: bool) -> Result<(), String> {
            let member = self.0.join("member");
            check_project(&member, &member, in_ci)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_missing_file_is_written_to_the_root_of_the_workspace() {
        let project = Folder::new("clippy-missing");
        fs::write(project.0.join("Cargo.lock"), "").unwrap();
        let refused = project.check(true).unwrap_err();
        assert!(refused.contains("does not exist; run"), "{refused}");
        assert_eq!(project.check(false), Ok(()));
        let written = fs::read_to_string(project.0.join("clippy.toml")).unwrap();
        assert_eq!(written, TEXT);
        assert_eq!(project.check(true), Ok(()));
    }

    #[test]
    fn an_existing_file_is_kept_and_what_it_lacks_is_listed() {
        let project = Folder::new("clippy-outdated");
        let entry = TEXT
            .lines()
            .find(|line| line.contains("\"std::time::Instant::now\""));
        let outdated = TEXT
            .replace(entry.unwrap(), "")
            .replace("\"std::thread::spawn\"", "\"x\"");
        let path = project.0.join("member/.clippy.toml");
        fs::write(&path, &outdated).unwrap();
        fs::write(project.0.join("clippy.toml"), TEXT).unwrap();
        let problem = project.check(false).unwrap_err();
        assert!(
            problem.contains("member/.clippy.toml lacks entries of durably "),
            "{problem}"
        );
        let (_, listed) = problem.split_once("\n\n").unwrap();
        let lines: Vec<&str> = listed.lines().collect();
        assert_eq!(lines.len(), 4, "{listed}");
        assert_eq!((lines[0], lines[3]), ("disallowed-methods = [", "]"));
        assert_eq!(lines[1], entry.unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), outdated);
    }

    #[test]
    fn other_keys_other_entries_and_entries_that_are_comments_are_fine() {
        let own = TEXT
            .replace(
                "    { path = \"std::env::var\"",
                "    # { path = \"std::env::var\"",
            )
            .replace(
                "disallowed-types = [",
                "disallowed-types = [\n    \"my::Type\",",
            );
        assert_ne!(own, TEXT);
        assert_eq!(missing(&format!("msrv = \"1.95\"\n{own}")), "");
        let nothing = missing("msrv = \"1.95\"");
        assert_eq!(nothing.matches(" = [\n").count(), 3);
        assert_eq!(
            nothing.matches("{ path = ").count(),
            TEXT.matches("{ path = ").count()
        );
    }
}
