//! Deletions while the store fails, and over a restart.

use durably_history::Time;

use super::*;
use crate::store::Removal;

impl Case {
    async fn delete(&self, id: &str) -> Result<DeleteWorkflowExecutionResponse, Status> {
        let request = DeleteWorkflowExecutionRequest {
            workflow_execution: named(id),
            namespace: "default".to_owned(),
        };
        let deleted = self
            .service
            .delete_workflow_execution(Request::new(request));
        inner(deleted.await)
    }

    async fn until_gone(&self, id: &str) {
        while self.describe(id).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_deletion_that_the_store_cannot_make_is_made_after_a_restart() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    case.store.fail_removals(true);
    case.delete("w").await.unwrap();
    case.until_closed("w", WorkflowExecutionStatus::Terminated)
        .await;
    let case = case.restart().await;
    case.until_gone("w").await;
    let again = case.delete("w").await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
    case.start("w").await.unwrap();
    assert_eq!(case.task().await.unwrap().attempt, 1);
}

#[tokio::test]
async fn a_removal_that_fails_is_repeated() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    case.store.fail_removals(true);
    case.delete("w").await.unwrap();
    while case.store.refused() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    case.store.fail_removals(false);
    case.until_gone("w").await;
}

#[tokio::test]
async fn a_run_is_removed_when_its_last_commit_is_durable() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    case.store.set(Mode::Held);
    let mut deleted = pin!(case.delete("w"));
    assert!(is_pending(&mut deleted).await);
    let name = case.server.backend.namespaces.find("default").unwrap();
    let name = crate::name::ExecutionName {
        namespace: Arc::clone(&name.name),
        workflow_id: "w".into(),
    };
    assert!(case.memory.execution(&name).unwrap().is_some());
    case.store.release();
    deleted.await.unwrap();
    case.until_gone("w").await;
    assert_eq!(case.memory.execution(&name), Ok(None));
}

#[tokio::test]
async fn a_namespace_that_the_store_cannot_remove_is_removed_after_a_restart() {
    let case = Case::new().await;
    case.register("shop").await.unwrap();
    let request = StartWorkflowExecutionRequest {
        namespace: "shop".to_owned(),
        ..start_request("w")
    };
    case.start_with(request).await.unwrap();
    case.store.fail_removals(true);
    let deleted = {
        let backend = &case.server.backend;
        let namespace = backend.namespaces.find("shop").unwrap();
        let deleted = backend.delete_namespace(&namespace, Duration::ZERO);
        deleted.unwrap().to_string()
    };
    assert_eq!(case.memory.namespaces().unwrap().len(), 2);
    let case = case.restart().await;
    while case.memory.namespaces().unwrap().len() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(case.server.backend.namespaces.find(&deleted).is_err());
    case.register("shop").await.unwrap();
}

#[tokio::test]
async fn a_deleted_namespace_stays_described_until_its_time_over_a_restart() {
    let case = Case::new().await;
    let delete = async |case: &Case, name: &str, delay| {
        case.register(name).await.unwrap();
        let backend = &case.server.backend;
        let namespace = backend.namespaces.find(name).unwrap();
        backend.delete_namespace(&namespace, delay).unwrap()
    };
    let stored = |case: &Case, name: &str| {
        let mut stored = case.memory.namespaces().unwrap().into_iter();
        stored.find(|namespace| &*namespace.name == name)
    };
    let deleted = delete(&case, "shop", Duration::from_secs(3600)).await;
    let due = loop {
        match stored(&case, &deleted).unwrap().settings.removal {
            Removal::At(due) => break due,
            Removal::After(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let case = case.restart().await;
    // One that is deleted later without a delay is gone before.
    let other = delete(&case, "office", Duration::ZERO).await;
    while stored(&case, &other).is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut kept = stored(&case, &deleted).unwrap();
    assert_eq!(kept.settings.removal, Removal::At(due));
    let described = case.server.backend.namespaces.find_in_any_state(&deleted);
    assert!(described.is_ok());
    // Its time has come while no server ran.
    kept.settings.removal = Removal::At(Time::default());
    case.memory.put_namespace(&kept).unwrap();
    let case = case.restart().await;
    while stored(&case, &deleted).is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_namespace_stays_while_the_store_cannot_delete_it() {
    let case = Case::new().await;
    case.register("shop").await.unwrap();
    let request = || StartWorkflowExecutionRequest {
        namespace: "shop".to_owned(),
        ..start_request("w")
    };
    let run_id = case.start_with(request()).await.unwrap().run_id;
    let backend = &case.server.backend;
    let namespace = backend.namespaces.find("shop").unwrap();
    case.store.fail_reads(true);
    let failed = backend.delete_namespace(&namespace, Duration::ZERO);
    assert!(failed.is_err());
    case.store.fail_reads(false);
    // The same request finds the same run.
    let again = case.start_with(request()).await;
    assert_eq!(again.unwrap().run_id, run_id);
}

#[tokio::test]
async fn what_was_on_its_way_to_the_store_takes_effect_if_a_namespace_cannot_be_deleted() {
    let case = Case::new().await;
    case.register("shop").await.unwrap();
    let backend = &case.server.backend;
    let namespace = backend.namespaces.find("shop").unwrap();
    case.store.set(Mode::Held);
    let mut started = pin!(case.start_with(StartWorkflowExecutionRequest {
        namespace: "shop".to_owned(),
        ..start_request("w")
    }));
    assert!(is_pending(&mut started).await);
    case.store.fail_reads(true);
    let failed = backend.delete_namespace(&namespace, Duration::ZERO);
    assert!(failed.is_err());
    case.store.fail_reads(false);
    case.store.release();
    started.await.unwrap();
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "shop".to_owned(),
        task_queue: start_request("w").task_queue,
        ..PollWorkflowTaskQueueRequest::default()
    };
    let task = case.service.poll_workflow_task_queue(Request::new(poll));
    assert_eq!(inner(task.await).unwrap().attempt, 1);
}

#[tokio::test]
async fn a_deletion_that_comes_late_leaves_the_next_namespace_of_the_name() {
    let case = Case::new().await;
    case.register("shop").await.unwrap();
    let backend = &case.server.backend;
    let first = backend.namespaces.find("shop").unwrap();
    backend.delete_namespace(&first, Duration::ZERO).unwrap();
    case.register("shop").await.unwrap();
    let late = backend.delete_namespace(&first, Duration::ZERO);
    assert!(matches!(late, Err(Error::NamespaceNotFound(name)) if name == "shop"));
    let request = StartWorkflowExecutionRequest {
        namespace: "shop".to_owned(),
        ..start_request("w")
    };
    case.start_with(request).await.unwrap();
}
