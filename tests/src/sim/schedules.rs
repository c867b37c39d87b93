//! Schedules: whether each time of one has its workflow, once, whatever happens to the server.

use std::{collections::BTreeSet, time::Duration};

use durably_proto::api::{
    enums::v1::WorkflowExecutionStatus as Status,
    workflow::v1::WorkflowExecutionInfo,
    workflowservice::v1::{ListSchedulesRequest, ListWorkflowExecutionsRequest},
};
use tonic::Request;

use super::{check::Service, world::World};
use crate::raw::NAMESPACE;

/// The time between two workflows of a schedule.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);
/// How late a time may be, for a server that is down or recovers.
const LATEST: Duration = Duration::from_secs(30);

/// When a schedule was there, since the start of the simulation.
#[derive(Clone, Copy)]
pub(super) struct Lifetime {
    /// Its creation was acknowledged.
    pub(super) created: Duration,
    /// Its deletion was requested.
    pub(super) deleted: Duration,
}

/// Waits until no workflow of a deleted schedule is running.
pub(super) async fn until_ended(world: &World, id: &str) {
    loop {
        if let Some(server) = world.server() {
            let workflows = workflows(&server.service, id).await;
            let mut statuses = workflows.iter().flatten().map(|it| it.status());
            if workflows.is_some() && statuses.all(|status| status != Status::Running) {
                return;
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Checks a deleted schedule; returns how many workflows it has started.
pub(super) async fn check(service: &Service, id: &str, lifetime: Lifetime) -> usize {
    let request = Request::new(ListSchedulesRequest {
        namespace: NAMESPACE.to_owned(),
        ..Default::default()
    });
    let listed = service.list_schedules(request).await;
    let mut listed = listed.expect("the server is up").into_inner().schedules;
    listed.retain(|schedule| schedule.schedule_id == id);
    assert!(listed.is_empty(), "{id} is deleted: {listed:?}");

    let workflows = workflows(service, id).await.expect("the server is up");
    let mut times = BTreeSet::new();
    for workflow in &workflows {
        assert_eq!(workflow.status(), Status::Completed, "{id}: {workflow:?}");
        assert!(times.insert(time_of(id, workflow)), "{id}: a time twice");
    }
    let interval = INTERVAL.as_secs();
    let all_follow = times.iter().zip(times.iter().skip(1));
    for (time, next) in all_follow {
        assert_eq!(time + interval, *next, "{id}: a time is missing");
    }
    let (created, deleted) = (lifetime.created.as_secs(), lifetime.deleted.as_secs());
    let is_due = created + interval + LATEST.as_secs() < deleted;
    let (first, last) = (times.first().copied(), times.last().copied());
    if is_due {
        let first = first.unwrap_or_else(|| panic!("{id} has started nothing"));
        assert!(first <= created + interval, "{id}: the first is {first}");
    }
    if let Some(last) = last {
        assert!(last <= deleted + LATEST.as_secs(), "{id}: {last} is late");
        let missed = deleted.saturating_sub(interval + LATEST.as_secs());
        assert!(last >= missed, "{id}: {last} is the last of {deleted}");
    }
    workflows.len()
}

/// The workflows that a schedule has started; none if the server does not answer.
async fn workflows(service: &Service, id: &str) -> Option<Vec<WorkflowExecutionInfo>> {
    let request = Request::new(ListWorkflowExecutionsRequest {
        namespace: NAMESPACE.to_owned(),
        query: format!("TemporalScheduledById = '{id}'"),
        page_size: 1000,
        ..Default::default()
    });
    let listed = service.list_workflow_executions(request).await.ok()?;
    Some(listed.into_inner().executions)
}

/// The time for which a schedule has started a workflow, in seconds since the start of the simulation; the
/// workflow's id ends with it.
fn time_of(id: &str, workflow: &WorkflowExecutionInfo) -> u64 {
    let workflow_id = &workflow
        .execution
        .as_ref()
        .expect("it has a name")
        .workflow_id;
    let time = workflow_id.strip_prefix(id).and_then(|it| {
        let (_, clock) = it.split_once('T')?;
        let mut parts = clock.strip_suffix('Z')?.splitn(3, ':');
        let mut next = || parts.next()?.parse::<u64>().ok();
        Some((next()? * 60 + next()?) * 60 + next()?)
    });
    time.unwrap_or_else(|| panic!("{id}: {workflow_id} has no time"))
}
