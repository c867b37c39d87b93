//! Commits: groups, failures, restarts.

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::{Folder, change, commit, name, open, start, stored, wait};
use crate::error::StoreError;
use crate::store::sqlite::SqliteStore;
use crate::store::{RunPhase, Store, Submitted};

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(commit(&store, start("w", b"1")), Ok(()));
    assert_eq!(commit(&store, change("w", 1, b"2")), Ok(()));
    let cluster_id = store.cluster_id().to_owned();
    drop(store);
    let store = SqliteStore::open(&folder.database(), "another cluster").expect("opened");
    assert_eq!(store.cluster_id(), cluster_id);
    assert_eq!(stored(&store, "w"), Some(b"2".to_vec()));
    let execution = store.execution(&name("w")).expect("read").expect("there");
    assert_eq!((execution.latest.as_str(), execution.version), ("run", 2));
    let namespaces = store.namespaces().expect("read");
    assert_eq!(namespaces.len(), 1);
    let mut open = Vec::new();
    store
        .unfinished_runs(&mut |run| open.push(run))
        .expect("read");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].name.execution, name("w"));
    assert!(open[0].has_tasks);
}

#[test]
fn what_was_answered_is_in_the_files_that_a_crash_leaves() {
    let folder = Folder::new();
    let store = folder.open();
    for number in 0..20 {
        let id = format!("w{number}");
        assert_eq!(commit(&store, start(&id, id.as_bytes())), Ok(()));
    }
    // The files as they are while the store runs.
    let crashed = Folder::new();
    for entry in fs::read_dir(&folder.0).expect("it is there") {
        let file = entry.expect("it is there").file_name();
        fs::copy(folder.0.join(&file), crashed.0.join(&file)).expect("copied");
    }
    let restarted = crashed.open();
    for number in 0..20 {
        let id = format!("w{number}");
        assert_eq!(stored(&restarted, &id), Some(id.into_bytes()));
    }
}

#[test]
fn commits_that_wait_are_written_before_the_store_ends() {
    let folder = Folder::new();
    let store = folder.open();
    let waiting: Vec<_> = (0..500)
        .map(|number| store.commit(start(&format!("w{number}"), b"1")))
        .collect();
    drop(store);
    for submitted in waiting {
        assert_eq!(wait(submitted), Ok(()));
    }
    let store = folder.open();
    assert_eq!(stored(&store, "w499"), Some(b"1".to_vec()));
}

#[test]
fn commits_of_many_threads_are_each_answered() {
    let folder = Folder::new();
    let store = Arc::new(folder.open());
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let store = Arc::clone(&store);
            thread::spawn(move || {
                let id = format!("w{thread}");
                assert_eq!(commit(&store, start(&id, b"0")), Ok(()));
                for version in 1..50 {
                    let value = version.to_string().into_bytes();
                    assert_eq!(commit(&store, change(&id, version, &value)), Ok(()));
                    // Whoever was answered reads what was committed.
                    assert_eq!(stored(&store, &id), Some(value));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("it found what it had committed");
    }
}

#[test]
fn a_refused_commit_fails_alone_in_its_group() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(commit(&store, start("w", b"1")), Ok(()));
    // Without waiting, so that they come to the writer together.
    let submitted: Vec<Submitted> = vec![
        store.commit(start("before", b"1")),
        store.commit(change("w", 9, b"wrong version")),
        store.commit(start("w", b"a run that exists")),
        store.commit(change("w", 1, b"2")),
        store.commit(change("w", 2, b"3")),
        store.commit(start("after", b"1")),
    ];
    let results: Vec<_> = submitted.into_iter().map(wait).collect();
    let conflict = Err(StoreError::Conflict {
        execution: name("w"),
    });
    let wanted = [Ok(()), conflict.clone(), conflict, Ok(()), Ok(()), Ok(())];
    assert_eq!(results, wanted);
    assert_eq!(stored(&store, "w"), Some(b"3".to_vec()));
}

#[test]
fn a_commit_that_cannot_be_written_fails_alone_in_its_group() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(commit(&store, start("w", b"1")), Ok(()));
    // Events at an index that is taken: the change of a caller with a bug.
    let mut broken = start("w", b"broken");
    broken.follows = 1;
    broken.runs[0].is_new = false;
    let submitted = vec![
        store.commit(start("before", b"1")),
        store.commit(broken),
        store.commit(start("after", b"1")),
    ];
    let results: Vec<_> = submitted.into_iter().map(wait).collect();
    assert_eq!(results[0], Ok(()));
    assert!(
        matches!(results[1], Err(StoreError::Failed(_))),
        "{results:?}"
    );
    assert_eq!(results[2], Ok(()));
    assert_eq!(stored(&store, "w"), Some(b"1".to_vec()));
    assert_eq!(stored(&store, "after"), Some(b"1".to_vec()));
}

#[test]
fn a_full_disk_fails_commits_until_there_is_space() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(commit(&store, start("before", b"1")), Ok(()));
    let large = vec![7; 1_000_000];
    for fill in [start("large", &large), change("before", 1, &large)] {
        // It is a setting of the connection, which is replaced after the failure.
        store.writer.execute("PRAGMA max_page_count = 1");
        let Err(StoreError::Failed(problem)) = commit(&store, fill) else {
            panic!("there is no space");
        };
        assert!(problem.contains("full"), "{problem}");
    }
    assert_eq!(stored(&store, "large"), None);
    assert_eq!(stored(&store, "before"), Some(b"1".to_vec()));
    assert_eq!(commit(&store, start("large", &large)), Ok(()));
    assert_eq!(commit(&store, change("before", 1, b"2")), Ok(()));
    assert_eq!(stored(&store, "large"), Some(large));
}

#[test]
fn a_commit_in_a_namespace_that_is_not_stored_is_refused() {
    let folder = Folder::new();
    let store = folder.open();
    let mut elsewhere = start("w", b"1");
    elsewhere.execution.namespace = "unknown".into();
    assert!(matches!(
        commit(&store, elsewhere),
        Err(StoreError::Failed(problem)) if problem.contains("unknown")
    ));
}

#[test]
fn a_closed_run_is_not_open_after_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(commit(&store, start("w", b"1")), Ok(()));
    let mut close = change("w", 1, b"2");
    close.runs[0].phase = RunPhase::Closed {
        at: durably_history::Time::from_unix_nanos(9),
        has_messages: false,
    };
    assert_eq!(commit(&store, close), Ok(()));
    drop(store);
    let store = open(&folder.database());
    let mut runs = 0;
    store.unfinished_runs(&mut |_| runs += 1).expect("read");
    assert_eq!(runs, 0);
    let removed = |nanos| {
        let before = durably_history::Time::from_unix_nanos(nanos);
        store.remove_closed("default", before, 1000)
    };
    assert_eq!(removed(9), Ok(0));
    assert_eq!(removed(10), Ok(1));
    assert_eq!(stored(&store, "w"), None);
    assert_eq!(store.execution(&name("w")), Ok(None));
}

#[test]
fn the_log_is_moved_into_the_database() {
    let folder = Folder::new();
    let store = folder.open();
    for number in 0..20 {
        let large = vec![7; 1_000_000];
        assert_eq!(commit(&store, start(&format!("w{number}"), &large)), Ok(()));
    }
    let log = fs::metadata(folder.0.join("app.db-wal")).expect("the store runs");
    // 16 MiB at most while commits wait, as they may on a busy machine, and the last commit.
    assert!(log.len() < 18_500_000, "{} bytes", log.len());
}

#[test]
fn what_was_moved_into_the_database_needs_no_log() {
    let folder = Folder::new();
    let store = folder.open();
    for number in 0..10 {
        let large = vec![7; 1_000_000];
        assert_eq!(commit(&store, start(&format!("w{number}"), &large)), Ok(()));
    }
    // Commits that follow each other at once leave the writer no time to move a short log. It begins
    // when nothing waits.
    let started = Instant::now();
    while fs::metadata(folder.database()).expect("it exists").len() < 6_000_000 {
        assert!(started.elapsed() < Duration::from_secs(10), "never moved");
        thread::sleep(Duration::from_millis(1));
    }
    // The writer answers this when it has moved the log.
    store.writer.execute("SELECT 1");
    let moved = Folder::new();
    fs::copy(folder.database(), moved.database()).expect("copied");
    let moved = moved.open();
    // Less than 4 MiB stay in the log of a store that has nothing else to do.
    for number in 0..6 {
        assert!(stored(&moved, &format!("w{number}")).is_some(), "{number}");
    }
}

#[test]
fn every_connection_that_writes_waits_for_the_disk() {
    let folder = Folder::new();
    let check = |store: &SqliteStore| {
        let full = 2;
        assert_eq!(store.writer.setting("synchronous"), full);
        assert_eq!(store.writer.setting("fullfsync"), 1);
        assert_eq!(store.writer.setting("checkpoint_fullfsync"), 1);
    };
    let store = folder.open();
    check(&store);
    // A connection is replaced after a failure. Without its settings the next one would have 0 for two.
    store.writer.execute("PRAGMA max_page_count = 1");
    let refused = commit(&store, start("large", &vec![7; 1_000_000]));
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    check(&store);
    drop(store);
    check(&folder.open());
}

#[test]
fn a_panic_of_the_writer_answers_all_that_wait() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(commit(&store, start("before", b"1")), Ok(()));
    assert!(!*store.is_broken().borrow());
    thread::scope(|threads| {
        let panicking = threads.spawn(|| store.writer.panic());
        let waiting: Vec<_> = (0..200)
            .map(|number| store.commit(start(&format!("w{number}"), b"1")))
            .collect();
        assert_eq!(panicking.join().expect("it waits"), StoreError::Broken);
        for submitted in waiting {
            let answer = wait(submitted);
            assert!(
                matches!(answer, Ok(()) | Err(StoreError::Broken)),
                "{answer:?}"
            );
        }
    });
    assert!(*store.is_broken().borrow());
    assert_eq!(
        commit(&store, change("before", 1, b"2")),
        Err(StoreError::Broken)
    );
    drop(store);
    let store = folder.open();
    assert_eq!(stored(&store, "before"), Some(b"1".to_vec()));
}

#[test]
fn few_large_runs_are_removed_at_a_time() {
    let folder = Folder::new();
    let store = folder.open();
    for number in 0..3 {
        let mut closed = start(&format!("w{number}"), &vec![7; 10_000_000]);
        closed.runs[0].phase = RunPhase::Closed {
            at: durably_history::Time::from_unix_nanos(9),
            has_messages: false,
        };
        assert_eq!(commit(&store, closed), Ok(()));
    }
    let before = durably_history::Time::from_unix_nanos(10);
    for expected in [2, 1, 0] {
        let removed = store.remove_closed("default", before, 1000);
        assert_eq!(removed, Ok(expected));
    }
}

#[test]
fn a_closed_store_refuses_calls_and_releases_its_file() {
    let folder = Folder::new();
    let store = folder.open();
    assert_eq!(commit(&store, start("w", b"1")), Ok(()));
    store.close();
    assert_eq!(
        commit(&store, change("w", 1, b"2")),
        Err(StoreError::Stopped)
    );
    assert_eq!(store.execution(&name("w")), Err(StoreError::Stopped));
    let next = folder.open();
    assert_eq!(stored(&next, "w"), Some(b"1".to_vec()));
    // Closing it again does not release the file of the next one.
    drop(store);
    assert!(SqliteStore::open(&folder.database(), "cluster").is_err());
}
