//! The fairness keys of a priority take turns in a queue, on servers that are asked for it.

use durably::prelude::*;
use durably_proto::api::{
    enums::v1::TaskQueueType, workflowservice::v1::UpdateTaskQueueConfigRequest,
};
use durably_tests::{
    World,
    raw::{NAMESPACE, Service},
    unique,
};

use super::backlog::{
    ONE_PARTITION, activity, backlog, fair, issue, order, until_configured, until_waiting,
};

#[tokio::test(flavor = "multi_thread")]
async fn keys_take_turns_on_the_embedded_server() -> Result<()> {
    keys_take_turns(&World::on(durably::Server::builder().fairness()).await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_take_turns_on_a_real_server() -> Result<()> {
    let [read, write] = ONE_PARTITION;
    let settings = [read, write, "matching.enableFairness=true"];
    match World::own_real("keys_take_turns_on_a_real_server", &settings).await? {
        Some(world) => keys_take_turns(&world).await,
        None => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_have_no_turns_on_the_embedded_server_unless_it_is_asked_for_fairness() -> Result<()> {
    keys_have_no_turns(&World::embedded().await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_have_no_turns_on_a_real_server_unless_it_is_asked_for_fairness() -> Result<()> {
    let test = "keys_have_no_turns_on_a_real_server_unless_it_is_asked_for_fairness";
    match World::own_real(test, &ONE_PARTITION).await? {
        Some(world) => keys_have_no_turns(&world).await,
        None => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_take_turns_after_a_restart_of_the_embedded_server() -> Result<()> {
    let folder = std::env::temp_dir().join(unique("fairness"));
    std::fs::create_dir(&folder)?;
    let builder = durably::Server::builder().database(folder.join("server.db"));
    let world = World::on(builder.clone().fairness()).await?;
    let mut service = world.service().await?;
    let queue = unique("queue");
    wait(
        &world,
        &mut service,
        &queue,
        &[("A", 0.0, 8), ("B", 0.0, 3)],
    )
    .await?;
    let before = order(&mut service, &queue, 4).await?;
    assert_eq!(counts(&before), "A2 B2");
    drop(service);
    world.stop().await;

    let world = World::on(builder.fairness()).await?;
    let mut service = world.service().await?;
    until_waiting(&service, &queue, TaskQueueType::Activity, 7).await;
    wait(&world, &mut service, &queue, &[("C", 0.0, 2)]).await?;
    let after = order(&mut service, &queue, 9).await?;
    assert_eq!(counts(&after[..3]), "A1 B1 C1");
    assert_eq!(counts(&after), "A6 B1 C2");
    drop(service);
    world.stop().await;
    Ok(std::fs::remove_dir_all(folder)?)
}

async fn keys_take_turns(world: &World) -> Result<()> {
    let mut service = world.service().await?;

    // Those without a key share one.
    let queue = unique("queue");
    let equal = [("A", 0.0, 8), ("", 0.0, 3), ("C", 0.0, 2)];
    wait(world, &mut service, &queue, &equal).await?;
    let taken = order(&mut service, &queue, 13).await?;
    let groups: Vec<_> = [&taken[..6], &taken[6..8], &taken[8..]].map(counts).into();
    assert_eq!(groups, ["-2 A2 C2", "-1 A1", "A5"]);

    // By the weights of the tasks.
    let queue = unique("queue");
    let weighed = [("A", 1.0, 6), ("B", 3.0, 9)];
    wait(world, &mut service, &queue, &weighed).await?;
    let taken = order(&mut service, &queue, 15).await?;
    let groups: Vec<_> = taken[..12].chunks(4).map(counts).collect();
    assert_eq!(groups, ["A1 B3", "A1 B3", "A1 B3"]);

    // By the weight that an operator has set instead.
    let queue = unique("queue");
    set_weight(&mut service, &queue, "B", 3.0).await?;
    let light = [("A", 1.0, 6), ("B", 1.0, 9)];
    wait(world, &mut service, &queue, &light).await?;
    let taken = order(&mut service, &queue, 15).await?;
    let groups: Vec<_> = taken[..12].chunks(4).map(counts).collect();
    assert_eq!(groups, ["A1 B3", "A1 B3", "A1 B3"]);
    Ok(())
}

async fn keys_have_no_turns(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let queue = unique("queue");
    wait(world, &mut service, &queue, &[("A", 0.0, 8), ("B", 9.0, 4)]).await?;
    let taken = order(&mut service, &queue, 12).await?;
    // With turns the four of the heavy key would be the first.
    assert_ne!(counts(&taken[..4]), "B4", "{taken:?}");
    if world.is_ours() {
        // The real server may take tasks that came at once in any order.
        let keys: Vec<&str> = taken.iter().map(|id| &id[..1]).collect();
        assert!(keys.is_sorted(), "{taken:?}");
    }
    assert_eq!(counts(&taken), "A8 B4");
    Ok(())
}

/// Lets activities wait in a queue, so many of each key and weight.
async fn wait(
    world: &World,
    service: &mut Service,
    queue: &str,
    keys: &[(&str, f32, usize)],
) -> Result<()> {
    let waiting = backlog(service, queue, TaskQueueType::Activity).await?;
    let commands = keys.iter().flat_map(|(key, weight, count)| {
        let name = if key.is_empty() { "-" } else { key };
        (0..*count).map(move |task| {
            let id = format!("{name}{task}");
            activity(id, queue, fair(key, *weight))
        })
    });
    let commands: Vec<_> = commands.collect();
    let all = waiting + commands.len();
    issue(world, service, None, commands).await?;
    until_waiting(service, queue, TaskQueueType::Activity, all).await;
    Ok(())
}

/// How many tasks of each key there are, by key.
fn counts(ids: &[String]) -> String {
    let keys: Vec<&str> = ids.iter().map(|id| &id[..1]).collect();
    let mut names = keys.clone();
    names.sort_unstable();
    names.dedup();
    let counts = names.iter().map(|name| {
        let count = keys.iter().filter(|key| *key == name).count();
        format!("{name}{count}")
    });
    counts.collect::<Vec<_>>().join(" ")
}

async fn set_weight(service: &mut Service, queue: &str, key: &str, weight: f32) -> Result<()> {
    let request = UpdateTaskQueueConfigRequest {
        namespace: NAMESPACE.to_owned(),
        identity: "operator".to_owned(),
        task_queue: queue.to_owned(),
        task_queue_type: TaskQueueType::Activity.into(),
        set_fairness_weight_overrides: [(key.to_owned(), weight)].into(),
        ..Default::default()
    };
    let updated = service.update_task_queue_config(request).await?;
    until_configured(service, queue, updated.into_inner().config).await;
    Ok(())
}
