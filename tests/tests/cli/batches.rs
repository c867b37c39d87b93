//! Batches: started with a query, described, listed and stopped, in a namespace of their own.

use durably::{Result, Worker, worker::WorkerGuard};
use durably_tests::{
    World,
    cli::{Row, compare, row},
};

use super::{Cart, NONE, ZERO};

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![batches()]
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_go_over_workflows() -> Result<()> {
    compare(
        "batches_go_over_workflows",
        &batches(),
        carts_of_own_namespace,
    )
    .await
}

fn batches() -> Vec<Row> {
    vec![
        row("workflow start -n $queue --type Cart -t $queue -w $name-1 -i '\"tea\"'"),
        row("workflow start -n $queue --type Cart -t $queue -w $name-2 -i '\"tea\"'"),
        row("workflow count -n $queue -q 'TaskQueue = \"$queue\"'").until("\"2\""),
        row("workflow signal -n $queue --name add -i '\"milk\"' -q 'TaskQueue = \"$queue\"' --reason 'breakfast' -y").until("batchJobId").keep("signal", "batchJobId"),
        row("batch describe -n $queue --job-id $signal").until("BATCH_OPERATION_STATE_COMPLETED"),
        row("workflow query -n $queue -w $name-1 --name items").until("milk"),
        row("batch list -n $queue").until("BATCH_OPERATION_STATE_COMPLETED"),
        row("batch list -n $queue --limit 1"),
        row("batch terminate -n $queue --job-id $signal --reason 'too late'"),
        row("batch describe -n $queue --job-id nothing"),
        row("batch terminate -n $queue --job-id nothing --reason 'there is none'"),
        row("workflow update-options -n $queue --versioning-override-behavior auto_upgrade -q 'TaskQueue = \"$queue\"' -y").until("batchJobId").keep("options", "batchJobId"),
        row("batch describe -n $queue --job-id $options").until("BATCH_OPERATION_STATE_COMPLETED"),
        row("workflow describe -n $queue -w $name-1 --raw").ignore(ZERO, NONE),
        row("workflow reset -n $queue --type FirstWorkflowTask -q 'TaskQueue = \"$queue\"' --reason 'again' -y").until("batchJobId").keep("reset", "batchJobId"),
        row("batch describe -n $queue --job-id $reset").until("BATCH_OPERATION_STATE_COMPLETED"),
        row("workflow count -n $queue -q 'TaskQueue = \"$queue\"'").until("\"4\""),
        row("workflow cancel -n $queue -q 'TaskQueue = \"$queue\" AND WorkflowId = \"$name-1\"' -y").until("batchJobId").keep("cancel", "batchJobId"),
        row("batch describe -n $queue --job-id $cancel").until("BATCH_OPERATION_STATE_COMPLETED"),
        row("workflow result -n $queue -w $name-1"),
        row("workflow terminate -n $queue -q 'TaskQueue = \"$queue\"' --reason 'closing time' --rps 10 -y").until("batchJobId").keep("terminate", "batchJobId"),
        row("batch describe -n $queue --job-id $terminate").until("BATCH_OPERATION_STATE_COMPLETED"),
        row("workflow show -n $queue -w $name-2").ignore(ZERO, NONE).ignore(&["identity", "workerMayIgnore"], "a worker of the real server terminates; ours does not mark events that workers may ignore"),
        row("workflow delete -n $queue -q 'WorkflowId = \"$name-2\"' -y").until("batchJobId").keep("delete", "batchJobId"),
        row("batch describe -n $queue --job-id $delete").until("BATCH_OPERATION_STATE_COMPLETED"),
        row("workflow count -n $queue -q 'TaskQueue = \"$queue\"'").until("\"2\""),
        row("workflow terminate -n $queue -q 'TaskQueue = ' -y").differs("ours says what it expected where", "expected a value", "syntax error"),
        row("workflow terminate -n $queue -q 'TaskQueue = \"$queue\"' -w $name-1 -y"),
        row("workflow terminate -n $queue -y"),
    ]
}

async fn carts_of_own_namespace(world: &World) -> Result<WorkerGuard> {
    let client = world.own_namespace().await?;
    Worker::new(&client, &world.queue)
        .workflow::<Cart>()
        .spawn()
        .await
}
