//! Tests of the SQLite store that are not of every store.

mod commits;
mod filters;
mod opening;
mod plans;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use durably_history::{EventBatch, Part, PartKey, Time};
use durably_proto::api::common::v1::{WorkflowExecution, WorkflowType};
use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;

use super::SqliteStore;
use crate::error::StoreError;
use crate::name::ExecutionName;
use crate::store::{
    Commit, RunChange, RunPhase, Settings, Store, StoredNamespace, Submitted, contract,
};

#[tokio::test]
async fn sqlite_is_a_store() {
    let mut folders = Vec::new();
    contract::suite(&mut || {
        let folder = Folder::new();
        let store = SqliteStore::open(&folder.database(), "cluster");
        folders.push(folder);
        Arc::new(store.expect("the database can be opened"))
    })
    .await;
}

/// A folder that is removed with its content.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let at = std::time::UNIX_EPOCH.elapsed().expect("it is later");
        let name = format!(
            "durably-sqlite-{}-{}-{number}",
            std::process::id(),
            at.as_nanos()
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("the folder is new");
        Self(path)
    }

    fn database(&self) -> PathBuf {
        self.0.join("app.db")
    }

    fn open(&self) -> SqliteStore {
        open(&self.database())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Opens a database and adds the namespace `default`.
fn open(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path, "cluster").expect("the database can be opened");
    let namespace = StoredNamespace {
        name: "default".into(),
        id: "namespace-id".to_owned(),
        settings: Settings::default(),
        attributes: Vec::new(),
    };
    store.put_namespace(&namespace).expect("it is stored");
    store
}

fn name(workflow_id: &str) -> ExecutionName {
    ExecutionName {
        namespace: "default".into(),
        workflow_id: workflow_id.into(),
    }
}

/// A commit that starts a run of an execution; its only part has the value.
fn start(workflow_id: &str, value: &[u8]) -> Commit {
    Commit {
        execution: name(workflow_id),
        follows: 0,
        runs: vec![RunChange {
            run_id: "run".into(),
            is_new: true,
            parts: vec![part(value)],
            events: Some(EventBatch {
                first: 0,
                events: Arc::from(&b"events"[..]),
            }),
            phase: RunPhase::Open {
                next_due: Some(Time::from_unix_nanos(7)),
                has_tasks: true,
            },
            row: None,
        }],
    }
}

/// A commit that changes that part.
fn change(workflow_id: &str, follows: u64, value: &[u8]) -> Commit {
    let mut commit = start(workflow_id, value);
    commit.follows = follows;
    commit.runs[0].is_new = false;
    commit.runs[0].events = None;
    commit
}

fn part(value: &[u8]) -> Part {
    Part {
        key: PartKey::from_bytes(b"part"),
        value: Some(value.to_vec()),
    }
}

fn commit(store: &SqliteStore, commit: Commit) -> Result<(), StoreError> {
    wait(store.commit(commit))
}

fn wait(submitted: Submitted) -> Result<(), StoreError> {
    match submitted {
        Submitted::Done(result) => result,
        Submitted::Pending(answer) => answer.blocking_recv().map_err(|_| StoreError::Stopped)?,
    }
}

/// The value of the part.
fn stored(store: &SqliteStore, workflow_id: &str) -> Option<Vec<u8>> {
    let run = store.run(&name(workflow_id), &"run".into());
    let run = run.expect("the database can be read")?;
    run.parts.into_iter().next().map(|(_, value)| value)
}

/// A row of visibility.
fn row(workflow_id: &str, workflow_type: &str, started: i64) -> WorkflowExecutionInfo {
    WorkflowExecutionInfo {
        execution: Some(WorkflowExecution {
            workflow_id: workflow_id.to_owned(),
            run_id: format!("run-{workflow_id}"),
        }),
        r#type: Some(WorkflowType {
            name: workflow_type.to_owned(),
        }),
        start_time: Some(Time::from_unix_nanos(started).into()),
        status: WorkflowExecutionStatus::Running.into(),
        task_queue: "queue".to_owned(),
        ..WorkflowExecutionInfo::default()
    }
}
