//! Activities of workflows: completed, paused, reset and given other options; and those without a workflow.

use durably::{prelude::*, worker::WorkerGuard};
use durably_tests::{
    World,
    cli::{Row, compare, row},
};

use super::{NONE, ZERO, nothing};

const ALONE: &str = "it has no activities without a workflow";

#[activity(start_to_close = "1h", remote)]
async fn errand(to: String) -> String;

/// Sends two people on errands that no worker runs.
#[derive(Default)]
struct Day;

#[workflow]
impl Day {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
        let queue = format!("{}-nobody", ctx.task_queue());
        let send = |id: &str| {
            let call = errand::call(ctx, id).id(id).task_queue(&queue);
            call.retry(Retry::attempts(2))
        };
        Ok(join_all([send("bank"), send("post")])
            .await
            .into_iter()
            .map(|end| end.unwrap_or_else(|error| error.to_string()))
            .collect())
    }
}

async fn days(world: &World) -> Result<WorkerGuard> {
    world.worker().workflow::<Day>().spawn().await
}

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![activities_of_a_workflow(), activities_alone()]
}

#[tokio::test(flavor = "multi_thread")]
async fn activities_of_a_workflow_are_operated() -> Result<()> {
    compare(
        "activities_of_a_workflow_are_operated",
        &activities_of_a_workflow(),
        days,
    )
    .await
}

fn activities_of_a_workflow() -> Vec<Row> {
    vec![
        row("workflow start --type Day -t $queue -w $name"),
        row("workflow describe -w $name --raw")
            .ignore(ZERO, NONE)
            .unordered()
            .until("errand"),
        row("activity pause -w $name -a bank --reason 'lunch' --identity 'the-cook'"),
        row("activity pause -w $name -a bank --reason 'again'"),
        row("workflow describe -w $name --raw")
            .ignore(ZERO, NONE)
            .unordered(),
        row("activity reset -w $name -a bank --keep-paused"),
        row("activity unpause -w $name -a bank"),
        row("activity unpause -w $name -a bank"),
        row(
            "activity update-options -w $name -a bank --task-queue $queue-somebody --schedule-to-close-timeout 2h --schedule-to-start-timeout 1h --start-to-close-timeout 30m --heartbeat-timeout 20s --retry-initial-interval 2s --retry-maximum-interval 40s --retry-backoff-coefficient 3 --retry-maximum-attempts 5",
        ),
        row("workflow describe -w $name --raw")
            .ignore(ZERO, NONE)
            .unordered(),
        row("activity update-options -w $name -a bank --restore-original-options"),
        row("workflow describe -w $name --raw")
            .ignore(ZERO, NONE)
            .unordered(),
        row("activity reset -w $name -a bank"),
        row("activity complete -w $name -a bank --result '\"money\"'"),
        row("activity complete -w $name -a bank --result '\"money\"'"),
        row("activity pause -w $name -a post --reason 'lunch'"),
        row("activity fail -w $name -a post --detail '{\"queue\": 9}' --reason 'closed'"),
        row("activity complete -w $name -a post --result '\"stamps\"'"),
        row("workflow result -w $name"),
        row("workflow show -w $name").ignore(ZERO, NONE),
        row("activity pause -w $name -a bank"),
        row("activity reset -w $name -a bank"),
        row("activity unpause -w $name -a nothing"),
        row("activity complete -w $name-nowhere -a bank --result 1"),
        row("activity fail -w $name-nowhere -a bank"),
        row("activity update-options -w $name-nowhere -a bank --heartbeat-timeout 20s"),
        row("activity pause -a bank"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn activities_without_a_workflow_are_refused() -> Result<()> {
    compare(
        "activities_without_a_workflow_are_refused",
        &activities_alone(),
        nothing,
    )
    .await
}

fn activities_alone() -> Vec<Row> {
    vec![
        row("activity start -a $name --type errand -t $queue --start-to-close-timeout 1h")
            .missing(ALONE),
        row("activity execute -a $name-2 --type errand -t $queue --schedule-to-close-timeout 1s")
            .missing(ALONE),
        row("activity describe -a $name").missing(ALONE),
        row("activity list -q 'ActivityId = \"$name\"'").missing(ALONE),
        row("activity count -q 'ActivityId = \"$name\"'").missing(ALONE),
        row("activity cancel -a $name").missing(ALONE),
        row("activity terminate -a $name").missing(ALONE),
        row("activity result -a $name").missing(ALONE),
        row("activity delete -a $name -y").missing(ALONE),
    ]
}
