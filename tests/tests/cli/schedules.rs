//! Schedules: created, read, changed, triggered and deleted.

use durably::Result;
use durably_tests::{
    World,
    cli::{Row, compare, row},
};

use super::carts;

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![life_of_a_schedule(), lists()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_driven_from_its_creation_to_its_deletion() -> Result<()> {
    compare(
        "a_schedule_is_driven_from_its_creation_to_its_deletion",
        &life_of_a_schedule(),
        carts,
    )
    .await
}

fn life_of_a_schedule() -> Vec<Row> {
    vec![
        row(
            "schedule create -s $name --type Cart -t $queue -w $name-run -i '\"tea\"' --calendar '{\"month\": \"1\", \"dayOfMonth\": \"1\"}' --interval 1000d/1h --cron '0 0 29 2 *' --time-zone Europe/Berlin --start-time 2030-01-01T00:00:00Z --end-time 2040-01-01T00:00:00Z --jitter 1s --catchup-window 1h --notes 'every year' --pause-on-failure --remaining-actions 9 --overlap-policy BufferOne --schedule-memo 'a=1'",
        ),
        row("schedule create -s $name --type Cart -t $queue --interval 1h"),
        row("schedule describe -s $name"),
        row(
            "schedule list-matching-times -s $name --start-time 2030-01-01T00:00:00Z --end-time 2033-01-01T00:00:00Z",
        ),
        row("schedule toggle -s $name --pause --reason 'closed'"),
        row("schedule describe -s $name"),
        row("schedule toggle -s $name --unpause --reason 'open'"),
        row("schedule toggle -s $name --pause --unpause"),
        row(
            "schedule update -s $name --type Cart -t $queue -w $name-run -i '\"tea\"' --calendar '{\"hour\": \"*\", \"year\": \"2035\"}' --notes 'every hour' --overlap-policy AllowAll",
        ),
        row("schedule describe -s $name"),
        row("schedule trigger -s $name"),
        row("schedule describe -s $name")
            .until("\"runningWorkflows\": [\n      {")
            .until("$name-run"),
        row(
            "schedule backfill -s $name --start-time 2035-01-01T00:30:00Z --end-time 2035-01-01T02:30:00Z --overlap-policy AllowAll",
        ),
        row("workflow count -q 'TemporalScheduledById = \"$name\"'").until("\"3\""),
        row("workflow terminate -w $name-run-nothing"),
        row("schedule delete -s $name"),
        row("schedule describe -s $name").differs(
            "ours does not keep that there was one",
            "workflow not found for ID",
            "schedule not found",
        ),
        row("schedule toggle -s $name-nowhere --pause"),
        row("schedule trigger -s $name-nowhere"),
        row("schedule delete -s $name-nowhere"),
        row("schedule update -s $name-nowhere --type Cart -t $queue --interval 1h"),
        row(
            "schedule backfill -s $name-nowhere --start-time 2035-01-01T00:30:00Z --end-time 2035-01-01T02:30:00Z",
        ),
        row("schedule create -s $name-broken --type Cart -t $queue --cron 'every now and then'"),
        row(
            "schedule create -s $name-broken --type Cart -t $queue --interval 1h --time-zone Nowhere/Never",
        ),
        row(
            "schedule create -s $name-broken --type Cart -t $queue --calendar '{\"month\": \"13\"}'",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_are_listed() -> Result<()> {
    compare("schedules_are_listed", &lists(), World::own_namespace).await
}

fn lists() -> Vec<Row> {
    vec![
        row(
            "schedule create -n $queue -s $name-1 --type Cart -t $queue --calendar '{\"month\": \"1\"}' --paused --notes 'first'",
        ),
        row("schedule create -n $queue -s $name-2 --type Cart -t $queue --interval 1000d"),
        row("schedule list -n $queue").until("$name-2"),
        row("schedule list -n $queue --long"),
        row("schedule list -n $queue -q 'TemporalSchedulePaused = true'").until("$name-1"),
        row("schedule list -n $queue -q 'TemporalSchedulePaused ='").differs(
            "ours says what it expected where",
            "expected a value",
            "syntax error",
        ),
        row("schedule delete -n $queue -s $name-1"),
        row("schedule delete -n $queue -s $name-2"),
    ]
}
