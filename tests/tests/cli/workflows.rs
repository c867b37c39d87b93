//! Workflows from their start to their end, read, listed, reset and deleted.

use durably::Result;
use durably_tests::cli::{Row, compare, row};

use super::{NONE, ZERO, carts};

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![life_of_a_workflow(), starts(), pauses()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_is_driven_from_its_start_to_its_deletion() -> Result<()> {
    compare(
        "a_workflow_is_driven_from_its_start_to_its_deletion",
        &life_of_a_workflow(),
        carts,
    )
    .await
}

fn life_of_a_workflow() -> Vec<Row> {
    vec![
        row("workflow start --type Cart -t $queue -w $name -i '\"tea\"' --memo 'a=1' --static-summary 'the cart' --priority-key 2"),
        row("workflow start --type Cart -t $queue -w $name -i '\"tea\"'"),
        row("workflow start --type Cart -t $queue -w $name -i '\"tea\"' --fail-existing"),
        row("workflow start --type Cart -t $queue -w $name -i '\"tea\"' --id-conflict-policy UseExisting"),
        row("workflow query -w $name --name items").until("tea"),
        row("workflow signal -w $name --name add -i '\"milk\"'"),
        row("workflow query -w $name --name items"),
        row("workflow query -w $name --name nothing"),
        row("workflow query -w $name --name items --reject-condition not_open"),
        row("workflow metadata -w $name"),
        row("workflow stack -w $name"),
        row("workflow describe -w $name").ignore(ZERO, NONE),
        row("workflow describe -w $name --raw").ignore(ZERO, NONE),
        row("workflow describe -w $name --reset-points"),
        row("workflow list -q 'WorkflowId = \"$name\"'").until("$name"),
        row("workflow count -q 'WorkflowId = \"$name\"'"),
        row("workflow count -q 'WorkflowId = \"$name\" GROUP BY ExecutionStatus'"),
        row("workflow list -q 'WorkflowId = '").differs("ours says what it expected where", "expected a value", "syntax error"),
        row("workflow show -w $name").ignore(ZERO, NONE),
        row("workflow show -w $name --reverse").ignore(ZERO, NONE),
        row("workflow signal -w $name --name check_out"),
        row("workflow result -w $name"),
        row("workflow trace -w $name --no-fold"),
        row("workflow show -w $name --follow").ignore(ZERO, NONE),
        row("workflow describe -w $name").ignore(ZERO, NONE),
        row("workflow query -w $name --name items --reject-condition not_open"),
        row("workflow signal -w $name --name add -i '\"late\"'"),
        row("workflow cancel -w $name"),
        row("workflow terminate -w $name"),
        row("workflow reset -w $name --type LastWorkflowTask --reason 'one more'").keep("run", "runId"),
        row("workflow result -w $name").ignore(&["eventId", "workflowTaskCompletedEventId"], "one task may handle several signals"),
        row("workflow reset -w $name --event-id 4 --reason 'from the start' --reapply-exclude Signal").keep("second", "runId"),
        row("workflow show -w $name -r $second").ignore(ZERO, NONE).until("WORKFLOW_TASK_COMPLETED"),
        row("workflow reset -w $name --event-id 3 --reason 'in the middle of a task'"),
        row("workflow cancel -w $name"),
        row("workflow result -w $name"),
        row("workflow delete -w $name -y"),
        row("workflow describe -w $name -r $second").ignore(&["stateTransitionCount"], "the real server counts the reset that ended this run").ignore(ZERO, NONE).until("not found"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_repeats_and_fails() -> Result<()> {
    compare("a_start_waits_repeats_and_fails", &starts(), carts).await
}

fn starts() -> Vec<Row> {
    vec![
        row("workflow execute --type Cart -t $queue -w $name-failed -i '\"nothing\"'")
            .ignore(&["durationMillis"], "it is measured"),
        row("workflow result -w $name-failed"),
        row("workflow trace -w $name-failed --no-fold"),
        row("workflow describe -w $name-failed").ignore(ZERO, NONE),
        row(
            "workflow start --type Cart -t $queue -w $name-failed -i '\"tea\"' --id-reuse-policy RejectDuplicate",
        ),
        row(
            "workflow signal-with-start --type Cart -t $queue -w $name-both -i '\"tea\"' --signal-name check_out",
        ),
        row("workflow result -w $name-both"),
        row(
            "workflow start --type Cart -t $queue -w $name-cron -i '\"tea\"' --cron '0 0 1 1 *' --run-timeout 10m --execution-timeout 1h --task-timeout 5s",
        ),
        row("workflow describe -w $name-cron"),
        row("workflow terminate -w $name-cron --reason 'seen enough'"),
        row("workflow show -w $name-cron")
            .ignore(&["firstWorkflowTaskBackoff"], "it counts from the start"),
        row("workflow start --type Cart -t $queue -w $name-late -i '\"tea\"' --start-delay 1h"),
        row("workflow describe -w $name-late").ignore(ZERO, NONE),
        row("workflow cancel -w $name-late"),
        row("workflow terminate -w $name-late"),
        row(
            "workflow start --type Cart -t $queue -w $name-broken -i '\"tea\"' --cron 'every now and then'",
        ),
        row(
            "workflow start --type Cart -t $queue -w $name-broken -i '\"tea\"' --search-attribute 'Nothing=1'",
        ),
        row("workflow describe -w $name-nowhere"),
        row("workflow show -w $name-nowhere"),
        row("workflow result -w $name-nowhere"),
        row("workflow signal -w $name-nowhere --name add"),
        row("workflow cancel -w $name-nowhere"),
        row("workflow terminate -w $name-nowhere"),
        row("workflow query -w $name-nowhere --name items"),
        row("workflow delete -w $name-nowhere -y"),
        row("workflow reset -w $name-nowhere --event-id 4 --reason 'none'"),
        row("workflow describe -w $name-failed -n nowhere"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_is_paused() -> Result<()> {
    compare("a_workflow_is_paused", &pauses(), carts).await
}

fn pauses() -> Vec<Row> {
    vec![
        row("workflow start --type Cart -t $queue -w $name -i '\"tea\"'"),
        row("workflow pause -w $name --reason 'lunch'").differs(
            "neither pauses workflows: that of the real server is turned off",
            "is not implemented",
            "is not enabled",
        ),
        row("workflow unpause -w $name --reason 'back'").differs(
            "neither pauses workflows: that of the real server is turned off",
            "is not implemented",
            "is not paused",
        ),
        row("workflow terminate -w $name"),
    ]
}
