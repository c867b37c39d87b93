//! Schedules on stores that hold commits back, fail, and survive a restart.

use durably_proto::api::common::v1::{Memo, Payload, Payloads};
use durably_proto::api::enums::v1::ScheduleOverlapPolicy as Overlap;
use durably_proto::api::schedule::v1::{
    IntervalSpec, Schedule, ScheduleAction, ScheduleInfo, SchedulePatch, SchedulePolicies,
    ScheduleSpec, TriggerImmediatelyRequest, schedule_action::Action,
};
use durably_proto::api::workflow::v1::NewWorkflowExecutionInfo;
use tokio::task::JoinHandle;

use super::outbox::{complete, idle};
use super::*;
use crate::name::ScheduleName;

const ID: &str = "nightly";
/// The workflow of a trigger in 2020.
const WORKFLOW: &str = "report-2020-09-13T12:26:40Z";

#[tokio::test]
async fn a_crash_at_any_commit_of_an_action_neither_loses_nor_repeats_it() {
    for commits in 0..5 {
        let case = Case::new().await;
        case.create_schedule().await;
        case.store.set(Mode::Held);
        let triggering = case.triggering();
        for _ in 0..commits {
            idle().await;
            case.store.flush(1);
        }
        idle().await;
        triggering.abort();
        let case = case.restart().await;
        if case.schedule().await.action_count == 0 && commits == 0 {
            // Nothing of the request was stored.
            case.triggering().await.unwrap().unwrap();
        }
        let info = case.until(|info| info.action_count == 1).await;
        assert_eq!(info.running_workflows.len(), 1, "after {commits}");
        let task = case.task().await.unwrap();
        case.complete(&task, vec![complete()]).await.unwrap();
        let info = case.until(|info| info.running_workflows.is_empty()).await;
        assert_eq!(info.action_count, 1, "after {commits}");
        let started = EventType::WorkflowExecutionStarted;
        let events = case.events(WORKFLOW).await;
        assert_eq!(events.iter().filter(|it| **it == started).count(), 1);
    }
}

#[tokio::test]
async fn a_crash_at_any_commit_of_a_runs_end_reports_it_once() {
    for commits in 0..4 {
        let case = Case::new().await;
        case.create_schedule().await;
        case.triggering().await.unwrap().unwrap();
        case.until(|info| info.action_count == 1).await;
        let task = case.task().await.unwrap();
        let case = case.crash_after(commits, &task, vec![complete()]).await;
        if !case
            .events(WORKFLOW)
            .await
            .contains(&EventType::WorkflowExecutionCompleted)
        {
            case.complete(&task, vec![complete()]).await.unwrap();
        }
        let info = case.until(|info| info.running_workflows.is_empty()).await;
        let status = info.recent_actions[0].start_workflow_status();
        assert_eq!(
            status,
            WorkflowExecutionStatus::Completed,
            "after {commits}"
        );
    }
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let case = Case::new().await;
    case.create_schedule().await;
    let before = case.schedule().await;
    case.store.set(Mode::Refused);
    let refused = case.triggering().await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(case.schedule().await, before);
    case.store.set(Mode::Done);
    case.triggering().await.unwrap().unwrap();
    case.until(|info| info.action_count == 1).await;
}

#[tokio::test]
async fn schedules_share_the_pause_of_a_store_that_fails() {
    let case = Case::new().await;
    case.create_schedule().await;
    let backend = &case.server.backend;
    case.store.set(Mode::Refused);
    assert!(!backend.outage.is_known());
    backend.wake_schedule(ScheduleName {
        namespace: NAMESPACE.into(),
        id: ID.into(),
    });
    while !backend.outage.is_known() {
        idle().await;
    }
    case.store.set(Mode::Done);
    while backend.outage.is_known() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(case.schedule().await.recent_actions.is_empty());
}

#[tokio::test]
async fn a_specification_of_too_many_parts_is_refused() {
    let case = Case::new().await;
    case.create_schedule().await;
    let refused = case
        .service
        .create_schedule(Request::new(CreateScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: "many".to_owned(),
            schedule: Some(Schedule {
                spec: Some(ScheduleSpec {
                    cron_string: vec!["@daily".to_owned(); 600],
                    calendar: vec![Default::default(); 401],
                    ..Default::default()
                }),
                ..Default::default()
            }),
            request_id: "create".to_owned(),
            ..Default::default()
        }));
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("(1001/1000)"), "{refused:?}");
}

#[tokio::test]
async fn the_memo_and_the_input_of_a_schedule_are_no_larger_than_a_blob_together() {
    let case = Case::new().await;
    let half = durably_history::LARGEST_BLOB / 2;
    let payload = |size| Payload {
        data: vec![b'.'; size],
        ..Default::default()
    };
    let create = |size: usize| CreateScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: ID.to_owned(),
        schedule: Some(Schedule {
            action: Some(ScheduleAction {
                action: Some(Action::StartWorkflow(NewWorkflowExecutionInfo {
                    input: Some(Payloads {
                        payloads: vec![payload(size)],
                    }),
                    ..workflow()
                })),
            }),
            ..Default::default()
        }),
        memo: Some(Memo {
            fields: [("note".to_owned(), payload(half))].into(),
        }),
        request_id: "create".to_owned(),
        ..Default::default()
    };
    let refused = case.service.create_schedule(Request::new(create(half)));
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message(), "Blob data size exceeds limit.");
    let created = case
        .service
        .create_schedule(Request::new(create(half - 100)));
    created.await.unwrap();
}

#[tokio::test]
async fn a_change_whose_client_leaves_takes_effect() {
    let case = Case::new().await;
    case.create_schedule().await;
    case.store.set(Mode::Held);
    {
        let mut triggered = pin!(case.service.patch_schedule(Request::new(trigger())));
        assert!(is_pending(&mut triggered).await);
    }
    case.store.release();
    case.until(|info| info.action_count == 1).await;
}

#[tokio::test]
async fn an_id_that_no_schedule_has_takes_no_memory() {
    let case = Case::new().await;
    case.create_schedule().await;
    for number in 0..100 {
        let delete = DeleteScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: format!("none {number}"),
            ..Default::default()
        };
        let deleted = case.service.delete_schedule(Request::new(delete)).await;
        assert_eq!(deleted.unwrap_err().code(), Code::NotFound);
    }
    assert_eq!(case.server.backend.schedules.len(), 1);
}

#[tokio::test]
async fn a_schedule_that_is_damaged_is_an_error_until_it_is_deleted() {
    let case = Case::new().await;
    case.create_schedule().await;
    let name = ScheduleName {
        namespace: NAMESPACE.into(),
        id: ID.into(),
    };
    let damaged = vec![0xff; 9];
    let put = case.memory.put_schedule(&name, Some(damaged.clone()));
    put.confirmed().await.unwrap();
    let case = case.restart().await;
    let describe = DescribeScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: ID.to_owned(),
    };
    let described = case.service.describe_schedule(Request::new(describe)).await;
    let triggered = case.triggering().await.unwrap();
    let created = case.creating().await;
    for refused in [described.err(), triggered.err(), created.err()] {
        let refused = refused.expect("nothing can be made of it");
        assert_eq!(refused.code(), Code::DataLoss);
        let text = "the database is damaged: schedule `nightly`: ";
        assert!(refused.message().starts_with(text), "{refused:?}");
    }
    let stored = case.memory.schedules().unwrap();
    assert_eq!(stored[0].state, damaged);

    let delete = DeleteScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: ID.to_owned(),
        ..Default::default()
    };
    let deleted = case.service.delete_schedule(Request::new(delete)).await;
    deleted.unwrap();
    assert_eq!(case.memory.schedules(), Ok(Vec::new()));
    assert_eq!(case.server.backend.schedules.len(), 0);
    case.create_schedule().await;
    assert!(case.schedule().await.recent_actions.is_empty());
}

#[tokio::test]
async fn the_end_of_a_workflow_whose_schedule_is_damaged_is_not_reported_again_and_again() {
    let case = Case::new().await;
    case.create_schedule().await;
    case.triggering().await.unwrap().unwrap();
    case.until(|info| info.action_count == 1).await;
    let name = ScheduleName {
        namespace: NAMESPACE.into(),
        id: ID.into(),
    };
    let put = case.memory.put_schedule(&name, Some(vec![0xff; 9]));
    put.confirmed().await.unwrap();
    let case = case.restart().await;
    let task = case.task().await.unwrap();
    case.complete(&task, vec![complete()]).await.unwrap();
    // Closed, and without a message that is to be delivered.
    let unfinished = || {
        let mut all = 0;
        case.memory.unfinished_runs(&mut |_| all += 1).unwrap();
        all
    };
    while unfinished() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn workflow() -> NewWorkflowExecutionInfo {
    let start = start_request("report");
    NewWorkflowExecutionInfo {
        workflow_id: start.workflow_id,
        workflow_type: start.workflow_type,
        task_queue: start.task_queue,
        ..Default::default()
    }
}

fn trigger() -> PatchScheduleRequest {
    PatchScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: ID.to_owned(),
        patch: Some(SchedulePatch {
            trigger_immediately: Some(TriggerImmediatelyRequest {
                scheduled_time: Some(wkt::Timestamp {
                    seconds: 1_600_000_000,
                    nanos: 0,
                }),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

impl Case {
    async fn create_schedule(&self) {
        self.creating().await.unwrap();
    }

    async fn creating(&self) -> Result<Response<CreateScheduleResponse>, Status> {
        let schedule = Schedule {
            spec: Some(ScheduleSpec {
                interval: vec![IntervalSpec {
                    interval: Some(seconds(1_000_000_000)),
                    phase: None,
                }],
                ..Default::default()
            }),
            action: Some(ScheduleAction {
                action: Some(Action::StartWorkflow(workflow())),
            }),
            policies: Some(SchedulePolicies {
                overlap_policy: Overlap::BufferAll.into(),
                ..Default::default()
            }),
            state: None,
        };
        let create = CreateScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: ID.to_owned(),
            schedule: Some(schedule),
            request_id: "create".to_owned(),
            ..Default::default()
        };
        self.service.create_schedule(Request::new(create)).await
    }

    fn triggering(&self) -> JoinHandle<Result<Response<PatchScheduleResponse>, Status>> {
        let service = Arc::clone(&self.service);
        tokio::spawn(async move { service.patch_schedule(Request::new(trigger())).await })
    }

    async fn schedule(&self) -> ScheduleInfo {
        let describe = DescribeScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: ID.to_owned(),
        };
        let described = self.service.describe_schedule(Request::new(describe)).await;
        described.unwrap().into_inner().info.unwrap()
    }

    /// Waits until the schedule has what the condition says.
    async fn until(&self, condition: impl Fn(&ScheduleInfo) -> bool) -> ScheduleInfo {
        for _ in 0..1000 {
            let info = self.schedule().await;
            if condition(&info) {
                return info;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!(
            "the schedule has not got there: {:?}",
            self.schedule().await
        );
    }
}
