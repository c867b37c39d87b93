//! What operators do: namespaces, search attributes and the cluster.

use durably::Result;
use durably_tests::{
    World,
    cli::{Row, compare, row},
};

use super::{NONE, ZERO, nothing};

const CAPABILITIES: &[&str] = &["capabilities", "workflowTaskCompletionSizeLimitError"];
const WHAT_IT_CAN_DO: &str = "each names what it can do";

/// The tables of this file.
pub(super) fn tables() -> Vec<Vec<Row>> {
    vec![life_of_a_namespace(), search_attributes(), cluster()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_is_driven_from_its_creation_to_its_deletion() -> Result<()> {
    compare(
        "a_namespace_is_driven_from_its_creation_to_its_deletion",
        &life_of_a_namespace(),
        nothing,
    )
    .await
}

fn life_of_a_namespace() -> Vec<Row> {
    vec![
        row("operator namespace create -n $name --description 'the shop' --email shop@example.com --retention 3d --data team=checkout"),
        row("operator namespace create -n $name"),
        row("operator namespace describe -n $name").ignore(CAPABILITIES, WHAT_IT_CAN_DO),
        row("operator namespace list").only("\"$name\"").ignore(CAPABILITIES, WHAT_IT_CAN_DO).until("$name"),
        row("operator namespace update -n $name --description 'the other shop' --retention 5d --data team=sales --data floor=2").ignore(CAPABILITIES, WHAT_IT_CAN_DO),
        row("operator namespace describe -n $name").ignore(CAPABILITIES, WHAT_IT_CAN_DO).until("the other shop"),
        row("operator namespace update -n $name --promote-global"),
        row("operator namespace create -n $name-global --global true"),
        row("operator namespace create -n $name-short --retention 0"),
        row("operator namespace delete -n $name -y").ignore(&["deletedNamespace"], "its end is a part of the id"),
        row("operator namespace describe -n $name").ignore(CAPABILITIES, WHAT_IT_CAN_DO).until("not found"),
        row("operator namespace describe -n $name-nowhere"),
        row("operator namespace update -n $name-nowhere --description 'none'"),
        row("operator namespace delete -n $name-nowhere -y"),
        row("operator namespace delete -n temporal-system -y"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn search_attributes_are_added_and_removed() -> Result<()> {
    compare(
        "search_attributes_are_added_and_removed",
        &search_attributes(),
        World::own_namespace,
    )
    .await
}

fn search_attributes() -> Vec<Row> {
    vec![
        row("operator search-attribute list -n $queue"),
        row("operator search-attribute create -n $queue --name Color --type Keyword --name Pages --type Int"),
        row("operator search-attribute list -n $queue").until("Color"),
        row("operator search-attribute create -n $queue --name Color --type Keyword"),
        row("operator search-attribute create -n $queue --name Color --type Int"),
        row("operator search-attribute create -n $queue --name WorkflowId --type Keyword"),
        row("operator search-attribute create -n $queue --name TemporalColor --type Keyword"),
        row("operator search-attribute create -n $queue --name A --type Int --name B --type Int"),
        row("operator search-attribute list -n $queue").until("\"B\""),
        row("operator search-attribute create -n $queue --name C --type Int"),
        row("workflow start -n $queue --type Cart -t $queue -w $name -i '\"tea\"' --search-attribute 'Color=\"red\"' --search-attribute 'Pages=3'").until("runId"),
        row("workflow describe -n $queue -w $name").ignore(ZERO, NONE),
        row("workflow list -n $queue -q 'Color = \"red\" AND Pages > 2'").until("$name"),
        row("workflow count -n $queue -q 'Color = \"blue\"'"),
        row("operator search-attribute remove -n $queue --name Color -y"),
        row("workflow list -n $queue -q 'Color = \"red\"'").until("invalid search attribute"),
        row("workflow describe -n $queue -w $name").ignore(ZERO, NONE),
        row("workflow list -n $queue -q 'Pages > 2'"),
        row("operator search-attribute remove -n $queue --name Nothing -y"),
        row("operator search-attribute remove -n $queue --name WorkflowId -y"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_is_described() -> Result<()> {
    compare("the_cluster_is_described", &cluster(), nothing).await
}

fn cluster() -> Vec<Row> {
    vec![
        row("operator cluster health"),
        row("operator cluster system")
            .ignore(&["nexus", "serverScaledDeployments"], WHAT_IT_CAN_DO),
        row("operator cluster describe").ignore(
            &["persistenceStore", "visibilityStore"],
            "ours is in memory here",
        ),
        row("operator cluster describe --detail").ignore(
            &["persistenceStore", "visibilityStore"],
            "ours is in memory here",
        ),
        row("operator cluster list").ignore(
            &["address", "httpAddress"],
            "ours knows no other cluster, which would need it",
        ),
        row("operator cluster upsert --frontend-address nowhere:1").differs(
            "ours is alone",
            "is not implemented",
            "Unable connect to remote cluster",
        ),
        row("operator cluster remove --name nowhere").differs(
            "ours is alone",
            "is not implemented",
            "cannot be found",
        ),
    ]
}
