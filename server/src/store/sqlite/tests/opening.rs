//! Opening: which files are refused, and why.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::{Folder, commit, open, start, stored};
use crate::error::{DatabaseProblem, StartError};
use crate::store::Store as _;
use crate::store::sqlite::{SqliteStore, schema};

fn problem(path: &Path) -> DatabaseProblem {
    SqliteStore::open(path, "cluster").expect_err("the path is refused")
}

#[test]
fn a_second_server_is_refused_until_the_first_ends() {
    let folder = Folder::new();
    let first = folder.open();
    let own = std::process::id();
    let InUse { process } = problem(&folder.database()) else {
        panic!("it is in use");
    };
    assert_eq!(process, Some(own));
    // The refused one has not taken the first one's locks with it.
    assert_eq!(commit(&first, start("w", b"1")), Ok(()));
    assert!(matches!(problem(&folder.database()), InUse { .. }));
    drop(first);
    let second = folder.open();
    assert_eq!(stored(&second, "w"), Some(b"1".to_vec()));
}

#[cfg(unix)]
#[test]
fn a_second_server_is_refused_by_whatever_name() {
    let folder = Folder::new();
    let _first = folder.open();
    let link = folder.0.join("link.db");
    std::os::unix::fs::symlink(folder.database(), &link).expect("linked");
    assert!(matches!(problem(&link), InUse { .. }));
    let path = folder
        .0
        .join("../")
        .join(folder.0.file_name().expect("it has one"));
    assert!(matches!(problem(&path.join("app.db")), InUse { .. }));
}

#[test]
fn the_lock_of_a_server_that_ended_is_not_held() {
    let folder = Folder::new();
    fs::write(folder.0.join("app.db.lock"), "1\n").expect("written");
    folder.open();
}

#[test]
fn a_newer_database_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    let connection = Connection::open(folder.database()).expect("opened");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("updated");
    drop(connection);
    let before = fs::read(folder.database()).expect("read");
    assert!(matches!(
        problem(&folder.database()),
        Newer { version: 99, known } if known == schema::VERSION
    ));
    assert_eq!(fs::read(folder.database()).expect("read"), before);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let folder = Folder::new();
    for sql in [
        "CREATE TABLE theirs (x)",
        "PRAGMA application_id = 7; CREATE TABLE theirs (x)",
        "PRAGMA user_version = 3",
    ] {
        let _ = fs::remove_file(folder.database());
        let connection = Connection::open(folder.database()).expect("opened");
        connection.execute_batch(sql).expect("executed");
        drop(connection);
        let before = fs::read(folder.database()).expect("read");
        assert!(matches!(problem(&folder.database()), Foreign), "{sql}");
        assert_eq!(fs::read(folder.database()).expect("read"), before, "{sql}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = Folder::new();
    for content in ["short", &"long ".repeat(10_000)] {
        fs::write(folder.database(), content).expect("written");
        assert!(matches!(problem(&folder.database()), NotADatabase));
        assert_eq!(
            fs::read_to_string(folder.database()).expect("read"),
            content
        );
    }
}

#[test]
fn an_empty_file_becomes_a_database() {
    let folder = Folder::new();
    fs::write(folder.database(), "").expect("written");
    let store = folder.open();
    assert_eq!(commit(&store, start("w", b"1")), Ok(()));
}

#[test]
fn a_truncated_database_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    let content = fs::read(folder.database()).expect("read");
    for pages in [1, 2, 5] {
        fs::write(folder.database(), &content[..pages * 4096]).expect("written");
        let found = problem(&folder.database());
        assert!(matches!(found, Damaged(_)), "{pages} pages: {found:?}");
    }
}

#[test]
fn a_database_without_its_tables_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    let connection = Connection::open(folder.database()).expect("opened");
    connection
        .execute_batch("DROP TABLE cluster")
        .expect("executed");
    drop(connection);
    assert!(matches!(problem(&folder.database()), Damaged(_)));
}

#[test]
fn a_folder_is_refused() {
    let folder = Folder::new();
    assert!(matches!(problem(&folder.0), IsFolder));
    assert!(matches!(problem(Path::new("/")), IsFolder));
    assert!(matches!(problem(Path::new(".")), IsFolder));
}

#[test]
fn a_path_in_no_folder_is_refused() {
    let folder = Folder::new();
    assert!(matches!(problem(&folder.0.join("none/app.db")), NoFolder));
    fs::write(folder.0.join("file"), "").expect("written");
    assert!(matches!(problem(&folder.0.join("file/app.db")), NoFolder));
    assert!(matches!(problem(Path::new("")), NoFolder));
}

#[test]
fn a_read_only_file_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    let mut permissions = fs::metadata(folder.database())
        .expect("there")
        .permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.database(), permissions).expect("set");
    assert!(matches!(problem(&folder.database()), ReadOnly));
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_in_which_nobody_may_write_is_refused() {
    // For root, too, which the permissions of an ordinary folder do not bind.
    assert!(matches!(problem(Path::new("/sys/app.db")), ReadOnly));
}

#[test]
fn a_name_that_sqlite_would_read_otherwise_is_a_file() {
    let folder = Folder::new();
    for name in ["file:app.db?mode=memory", ":memory:"] {
        let path = folder.0.join(name);
        let store = open(&path);
        assert_eq!(commit(&store, start("w", b"1")), Ok(()));
        drop(store);
        assert!(path.is_file());
    }
}

#[test]
fn later_steps_are_applied_to_a_database_of_an_earlier_version() {
    let folder = Folder::new();
    drop(folder.open());
    let mut connection = Connection::open(folder.database()).expect("opened");
    let mut steps = schema::STEPS.to_vec();
    steps.extend([
        "CREATE TABLE later (x); INSERT INTO later VALUES (1)",
        "INSERT INTO later VALUES (2); SELECT 1/0 FROM nowhere",
    ]);
    let worked = schema::VERSION + 1;
    schema::migrate_by(&steps[..worked], &mut connection, "another").expect("migrated");
    // A step that fails leaves the version before it.
    schema::migrate_by(&steps, &mut connection, "another").expect_err("it fails");
    let found: (i64, i64) = connection
        .query_row("SELECT count(*), sum(x) FROM later", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("the table is there");
    assert_eq!(found, (1, 1));
    let version: usize = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("read");
    assert_eq!(version, worked);
    let cluster: String = connection
        .query_row("SELECT id FROM cluster", [], |row| row.get(0))
        .expect("read");
    assert_eq!(cluster, "cluster");
}

#[test]
fn a_database_of_the_first_version_is_brought_to_this_one() {
    let folder = Folder::new();
    let path = folder.database();
    let mut connection = Connection::open(&path).expect("opened");
    let first = [include_str!("../schema.sql")];
    schema::migrate_by(&first, &mut connection, "cluster").expect("migrated");
    drop(connection);
    let store = open(&path);
    assert_eq!(store.cluster_id(), "cluster");
    let mut runs = 0;
    store.unfinished_runs(&mut |_| runs += 1).expect("read");
    assert_eq!(runs, 0);
}

#[test]
fn the_error_names_the_file_and_what_to_do() {
    let error = StartError::Database {
        path: "app.db".into(),
        problem: InUse { process: Some(7) },
    };
    assert_eq!(
        error.to_string(),
        "cannot open database `app.db`: another server uses it (process 7); stop that server, or choose another file"
    );
}

use DatabaseProblem::{Damaged, Foreign, InUse, IsFolder, Newer, NoFolder, NotADatabase, ReadOnly};
