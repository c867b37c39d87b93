//! Errors of client calls: what each names, and that the client remains usable.

use durably::{error::UpdateError, prelude::*};
use durably_tests::{World, on_both_servers, unique};

/// Takes any text.
#[derive(Default)]
struct Reader;

#[workflow]
impl Reader {
    #[run]
    async fn run(&mut self, text: String) -> usize {
        text.len()
    }

    #[signal]
    fn poke(&mut self) {}

    #[query]
    fn ready(&self) -> bool {
        true
    }
}

on_both_servers! {
    a_missing_workflow_is_not_found
    a_missing_update_is_not_found
    a_closed_workflow_takes_a_cancel_and_nothing_else
    a_missing_namespace_is_named
    a_request_over_the_size_limit_is_refused_and_the_client_goes_on
}

async fn a_missing_workflow_is_not_found(world: &World) -> Result<()> {
    let id = unique("missing");
    let handle = Reader::handle(&world.client, &id);
    let texts = [
        handle.poke().await.unwrap_err().to_string(),
        handle.ready().await.unwrap_err().to_string(),
        handle.result().await.unwrap_err().to_string(),
        handle.cancel().await.unwrap_err().to_string(),
        handle.describe().await.unwrap_err().to_string(),
    ];
    for text in texts {
        assert!(text.contains("not found") && text.contains(&id), "{text}");
    }
    Ok(())
}

async fn a_missing_update_is_not_found(world: &World) -> Result<()> {
    let started = Reader::start(&world.client, "x").task_queue(&world.queue);
    let run = started.id(unique("reader")).await?;
    let update = run.untyped().update_handle::<u32>("nope");
    let error = update.result().await.unwrap_err();
    assert!(matches!(error, UpdateError::UpdateNotFound(_)), "{error:?}");
    let expected = format!("update with id `nope` not found in workflow `{}`", run.id());
    assert_eq!(error.to_string(), expected);
    run.terminate("seen").await?;
    let error = update.result().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        expected,
        "closed, it is there all the same"
    );

    let id = unique("missing");
    let update = world.client.handle(&id).update_handle::<u32>("nope");
    let error = update.result().await.unwrap_err();
    assert!(matches!(error, UpdateError::NotFound(_)), "{error:?}");
    assert_eq!(error.to_string(), format!("workflow `{id}` not found"));
    Ok(())
}

async fn a_closed_workflow_takes_a_cancel_and_nothing_else(world: &World) -> Result<()> {
    let started = Reader::start(&world.client, "x").task_queue(&world.queue);
    let run = started.id(unique("reader")).await?;
    run.terminate("seen").await?;
    run.cancel().await?;
    run.untyped().cancel().await?;
    for error in [
        run.terminate("again").await.unwrap_err().to_string(),
        run.poke().await.unwrap_err().to_string(),
    ] {
        let expected = format!("workflow `{}` is closed already", run.id());
        assert_eq!(error, expected);
    }
    Ok(())
}

async fn a_missing_namespace_is_named(world: &World) -> Result<()> {
    let client = Client::builder(world.address())
        .namespace("nowhere")
        .connect()
        .await?;
    let error = Reader::start(&client, "x")
        .task_queue("q")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("namespace") && error.contains("nowhere"),
        "{error}"
    );
    let error = Worker::new(&client, "q")
        .workflow::<Reader>()
        .run()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("namespace") && error.contains("nowhere"),
        "{error}"
    );
    Ok(())
}

async fn a_request_over_the_size_limit_is_refused_and_the_client_goes_on(
    world: &World,
) -> Result<()> {
    let client = Client::connect(world.address()).await?;
    for size in [3 << 20, 9 << 20] {
        let error = Reader::start(&client, "x".repeat(size))
            .task_queue(&world.queue)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("too large") || error.contains("exceeds") || error.contains("limit"),
            "{error}"
        );
    }
    let handle = Reader::start(&client, "small")
        .task_queue(&world.queue)
        .await?;
    Ok(handle.terminate("seen").await?)
}

#[tokio::test]
async fn a_wrong_address_says_what_was_tried_and_what_to_check() {
    let error = Client::connect("127.0.0.1:1")
        .await
        .expect_err("nobody listens there");
    let text = error.to_string();
    assert!(text.contains("127.0.0.1:1"), "{text}");
    let error = Client::connect("not an address")
        .await
        .expect_err("no such address");
    assert!(error.to_string().contains("not an address"), "{error}");
}
