//! Search attributes with values of another type: the workflow task fails until the code is corrected.

use durably::{
    client::DynHandle,
    prelude::*,
    search::{Keyword, SearchKey},
};
use durably_tests::{World, eventually, on_both_servers, raw::add_search_attributes, unique};

const CUSTOMER: SearchKey<Keyword> = SearchKey::new("DurablyKeyword");

on_both_servers! {
    an_upsert_of_another_type_fails_the_task_until_the_code_changes
    a_child_with_a_value_of_another_type_fails_the_task_until_the_code_changes
}

/// Code that takes the attribute for a number.
mod wrong {
    use super::*;

    const CUSTOMER: SearchKey<i64> = SearchKey::new("DurablyKeyword");

    #[derive(Default)]
    pub(super) struct Labelled;

    #[workflow(name = "Labelled")]
    impl Labelled {
        #[run]
        async fn run(&mut self, ctx: &Ctx) -> Result<String> {
            ctx.upsert(CUSTOMER.set(7))?;
            Ok("of another type".to_owned())
        }
    }

    #[derive(Default)]
    pub(super) struct Sender;

    #[workflow(name = "Sender")]
    impl Sender {
        #[run]
        async fn run(&mut self, ctx: &Ctx, parcel: String) -> Result<Option<String>> {
            Ok(Parcel::child(ctx).id(parcel).search(CUSTOMER, 7).await?)
        }
    }
}

#[derive(Default)]
struct Labelled;

#[workflow]
impl Labelled {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.upsert(CUSTOMER.set("c-1"))?;
        Ok("corrected".to_owned())
    }
}

#[derive(Default)]
struct Sender;

#[workflow]
impl Sender {
    #[run]
    async fn run(&mut self, ctx: &Ctx, parcel: String) -> Result<Option<String>> {
        Ok(Parcel::child(ctx)
            .id(parcel)
            .search(CUSTOMER, "c-1")
            .await?)
    }
}

/// Returns whose it is.
#[derive(Default)]
struct Parcel;

#[workflow]
impl Parcel {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Option<String>> {
        Ok(ctx.search(CUSTOMER)?)
    }
}

/// Waits until a workflow task has failed, and checks why, and that nothing else is recorded.
async fn task_failure(run: &DynHandle, absent: &str) {
    let failed = eventually("the workflow task fails", || async {
        let history = run.history().await.ok()?.to_string();
        history.contains("WorkflowTaskFailed").then_some(history)
    });
    let failed = failed.await;
    assert!(failed.contains("BadSearchAttributes"), "{failed}");
    assert!(failed.contains("DurablyKeyword"), "{failed}");
    assert!(!failed.contains(absent), "{failed}");
}

async fn an_upsert_of_another_type_fails_the_task_until_the_code_changes(
    world: &World,
) -> Result<()> {
    add_search_attributes(world).await?;
    let worker = world.worker().workflow::<wrong::Labelled>().spawn().await?;
    let labelled = Labelled::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    task_failure(&labelled.untyped(), "UpsertWorkflowSearchAttributes").await;
    worker.shutdown().await?;
    let worker = world.worker().workflow::<Labelled>().spawn().await?;
    assert_eq!(labelled.result().await?, "corrected");
    let info = labelled.describe().await?;
    assert_eq!(info.search(CUSTOMER)?.as_deref(), Some("c-1"));
    worker.shutdown().await
}

async fn a_child_with_a_value_of_another_type_fails_the_task_until_the_code_changes(
    world: &World,
) -> Result<()> {
    add_search_attributes(world).await?;
    let worker = world.worker().workflow::<wrong::Sender>().spawn().await?;
    let sender = Sender::start(&world.client, unique("parcel"))
        .task_queue(&world.queue)
        .await?;
    task_failure(&sender.untyped(), "StartChildWorkflowExecutionInitiated").await;
    worker.shutdown().await?;
    let worker = world.worker().workflow::<Sender>().workflow::<Parcel>();
    let worker = worker.spawn().await?;
    assert_eq!(sender.result().await?.as_deref(), Some("c-1"));
    worker.shutdown().await
}
