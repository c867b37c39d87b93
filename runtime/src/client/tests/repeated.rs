//! Requests whose first attempt has taken effect although its response was lost.

use tonic::Status;

use super::fake::{Script, server};
use crate::error::{BatchError, HandleError, NamespaceError, ScheduleError};

/// The response is lost, and the repetition is refused; the same refusal of a first attempt follows.
fn refuses_twice<Q: Clone, A>(script: &Script<Q, A>, refusal: &Status) {
    script.then(Err(Status::unavailable("connection reset")));
    script.then(Err(refusal.clone()));
    script.then(Err(refusal.clone()));
}

#[tokio::test]
async fn a_repeated_deletion_finds_nothing_more_to_delete() {
    let (fake, client) = server().await;
    let gone = Status::not_found("it is gone");

    refuses_twice(&fake.delete_workflow_execution, &gone);
    let order = client.handle("order-1");
    order
        .delete()
        .await
        .expect("the first attempt has deleted it");
    let error = order.delete().await.expect_err("it is gone");
    assert!(matches!(error, HandleError::NotFound(_)), "{error:?}");

    refuses_twice(&fake.delete_schedule, &gone);
    let nightly = client.schedule("nightly");
    nightly
        .delete()
        .await
        .expect("the first attempt has deleted it");
    let error = nightly.delete().await.expect_err("it is gone");
    assert!(matches!(error, ScheduleError::NotFound(_)), "{error:?}");
}

#[tokio::test]
async fn a_repeated_start_of_a_batch_finds_it_started() {
    let (fake, client) = server().await;
    refuses_twice(
        &fake.start_batch_operation,
        &Status::already_exists("Workflow execution is already running"),
    );
    let start = || {
        client
            .batch("WorkflowType = 'Order'")
            .cancel("recall")
            .id("recall-1")
    };
    let recall = start().await.expect("the first attempt has started it");
    assert_eq!(recall.id(), "recall-1");
    let error = start().await.expect_err("the id is taken");
    assert!(
        matches!(&error, BatchError::AlreadyExists(it) if it.batch_id == "recall-1"),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "batch `recall-1` exists already");

    refuses_twice(
        &fake.stop_batch_operation,
        &Status::not_found("it has ended"),
    );
    recall
        .stop("enough")
        .await
        .expect("the first attempt has stopped it");
    let error = recall.stop("enough").await.expect_err("it has ended");
    assert!(matches!(error, BatchError::NotFound(_)), "{error:?}");
}

#[tokio::test]
async fn a_repeated_registration_finds_the_namespace() {
    let (fake, client) = server().await;
    let taken = Status::already_exists("Namespace already exists");
    refuses_twice(&fake.register_namespace, &taken);
    let register = || client.register_namespace("shop");
    register()
        .await
        .expect("the first attempt has registered it");
    let error = register().await.expect_err("the name is taken");
    assert!(
        matches!(error, NamespaceError::AlreadyExists(_)),
        "{error:?}"
    );
}
