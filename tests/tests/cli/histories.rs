//! Histories of ours, written again by the command line.

use std::process::Command;

use durably::{client::History, prelude::*};
use durably_tests::{
    World,
    process::{output, tool},
    unique,
};

use super::{Cart, carts};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_writes_our_json_again() -> Result<()> {
    let Some(cli) = tool(
        "DURABLY_TEMPORAL_CLI",
        "the_command_line_writes_our_json_again",
    ) else {
        return Ok(());
    };
    let world = World::embedded().await?;
    let worker = carts(&world).await?;
    let cart = Cart::start(&world.client, "tea")
        .task_queue(&world.queue)
        .await?;
    cart.check_out().await?;
    cart.result().await?;
    worker.shutdown().await?;
    let history = cart.history().await?;
    let file = std::env::temp_dir().join(unique("history"));
    std::fs::write(&file, history.to_json())?;
    let mut command = Command::new(cli);
    command
        .args(["workflow", "fix-history-json", "--source"])
        .arg(&file);
    let written = output(command).await;
    std::fs::remove_file(file)?;
    assert_eq!(History::from_json(&written)?.into_raw(), history.into_raw());
    world.stop().await;
    Ok(())
}
