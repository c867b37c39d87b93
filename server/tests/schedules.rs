//! Schedules over time and over restarts. Their semantics are tested in the history core, and end to end.

use std::time::{Duration, Instant};

use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::enums::v1::{
    CommandType, ScheduleOverlapPolicy as Overlap, WorkflowExecutionStatus as Status,
};
use durably_proto::api::schedule::v1::{
    IntervalSpec, Schedule, ScheduleAction, ScheduleInfo, SchedulePatch, SchedulePolicies,
    ScheduleSpec, TriggerImmediatelyRequest, schedule_action::Action,
};
use durably_proto::api::workflow::v1::NewWorkflowExecutionInfo;
use durably_proto::api::workflowservice::v1::*;
use durably_server::Clock;
use tonic::{Code, Request};

use crate::case::*;
use crate::database::Folder;

const DAY: u64 = 24 * 3600;

fn daily(overlap: Overlap) -> Schedule {
    let start = request("report");
    Schedule {
        spec: Some(ScheduleSpec {
            interval: vec![IntervalSpec {
                interval: Some(seconds(DAY.try_into().expect("a small number"))),
                phase: None,
            }],
            ..Default::default()
        }),
        action: Some(ScheduleAction {
            action: Some(Action::StartWorkflow(NewWorkflowExecutionInfo {
                workflow_id: start.workflow_id,
                workflow_type: start.workflow_type,
                task_queue: start.task_queue,
                ..Default::default()
            })),
        }),
        policies: Some(SchedulePolicies {
            overlap_policy: overlap.into(),
            ..Default::default()
        }),
        state: None,
    }
}

fn trigger() -> SchedulePatch {
    SchedulePatch {
        trigger_immediately: Some(TriggerImmediatelyRequest::default()),
        ..Default::default()
    }
}

impl Case {
    async fn create_schedule(&self, id: &str, schedule: Schedule, patch: Option<SchedulePatch>) {
        let create = CreateScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: id.to_owned(),
            schedule: Some(schedule),
            initial_patch: patch,
            request_id: format!("create {id}"),
            ..Default::default()
        };
        ok(self.service.create_schedule(Request::new(create)).await);
    }

    async fn patch_schedule(&self, id: &str, patch: SchedulePatch) {
        let patch = PatchScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: id.to_owned(),
            patch: Some(patch),
            ..Default::default()
        };
        ok(self.service.patch_schedule(Request::new(patch)).await);
    }

    async fn schedule(&self, id: &str) -> DescribeScheduleResponse {
        let describe = DescribeScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: id.to_owned(),
        };
        ok(self.service.describe_schedule(Request::new(describe)).await)
    }

    async fn schedule_info(&self, id: &str) -> ScheduleInfo {
        self.schedule(id).await.info.expect("it has its info")
    }

    /// Waits until the schedule has what the condition says.
    async fn until(&self, id: &str, condition: impl Fn(&ScheduleInfo) -> bool) -> ScheduleInfo {
        let started = Instant::now();
        loop {
            let info = self.schedule_info(id).await;
            if condition(&info) {
                return info;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "{info:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Completes the next workflow.
    async fn work(&self) {
        let task = self.task().await;
        self.complete(&task, vec![complete_workflow()]).await;
    }
}

fn statuses(info: &ScheduleInfo) -> Vec<Status> {
    let recent = info.recent_actions.iter();
    recent
        .map(|action| action.start_workflow_status())
        .collect()
}

#[tokio::test]
async fn a_skipping_clock_jumps_from_action_to_action() {
    let case = Case::with(Clock::skipping()).await;
    case.create_schedule("daily", daily(Overlap::Skip), None)
        .await;
    let worker = async {
        for _ in 0..365 {
            case.work().await;
        }
    };
    let year = async {
        let advanced = case.server.advance(Duration::from_secs(365 * DAY)).await;
        advanced.expect("the clock skips");
    };
    let started = Instant::now();
    tokio::join!(worker, year);
    println!("a year of a daily schedule took {:?}", started.elapsed());
    let info = case
        .until("daily", |info| info.running_workflows.is_empty())
        .await;
    assert_eq!((info.action_count, info.overlap_skipped), (365, 0));
    assert_eq!(statuses(&info), [Status::Completed; 10]);
}

#[tokio::test]
async fn a_schedule_goes_on_after_a_restart() {
    let folder = Folder::new("schedules");
    let first = folder.server().await;
    let schedule = daily(Overlap::BufferAll);
    first
        .create_schedule("daily", schedule, Some(trigger()))
        .await;
    first.patch_schedule("daily", trigger()).await;
    first
        .until("daily", |info| info.running_workflows.len() == 1)
        .await;
    let before = first.schedule("daily").await;
    assert_eq!(before.info.as_ref().map(|info| info.buffer_size), Some(1));
    first.server.shutdown().await;

    let second = folder.server().await;
    assert_eq!(second.schedule("daily").await, before);
    // The end of the run reaches the schedule, which starts the next one.
    second.work().await;
    let info = second.until("daily", |info| info.action_count == 2).await;
    assert_eq!(statuses(&info), [Status::Completed, Status::Running]);
    // The run ends while nobody is there to tell the schedule.
    let task = second.task().await;
    second.complete(&task, vec![complete_workflow()]).await;
    second.server.shutdown().await;

    let third = folder.server().await;
    let info = third
        .until("daily", |info| info.running_workflows.is_empty())
        .await;
    assert_eq!(statuses(&info), [Status::Completed; 2]);
    let delete = DeleteScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: "daily".to_owned(),
        ..Default::default()
    };
    ok(third.service.delete_schedule(Request::new(delete)).await);
    third.server.shutdown().await;

    let fourth = folder.server().await;
    let describe = DescribeScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: "daily".to_owned(),
    };
    let described = fourth
        .service
        .describe_schedule(Request::new(describe))
        .await;
    assert_eq!(described.expect_err("it is gone").code(), Code::NotFound);
}

#[tokio::test]
async fn times_of_a_downtime_are_made_up_for() {
    let folder = Folder::new("downtime");
    let first = folder.server().await;
    let mut schedule = daily(Overlap::AllowAll);
    if let Some(spec) = &mut schedule.spec {
        spec.interval[0].interval = Some(seconds(1));
    }
    first.create_schedule("often", schedule, None).await;
    first.until("often", |info| info.action_count >= 1).await;
    let before = first.schedule_info("often").await.action_count;
    first.server.shutdown().await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let second = folder.server().await;
    let info = second
        .until("often", |info| info.action_count >= before + 2)
        .await;
    // Each second has its run.
    let mut times: Vec<_> = info
        .recent_actions
        .iter()
        .map(|it| it.schedule_time.map(|it| it.seconds))
        .collect();
    times.dedup();
    let first = times[0].expect("it has its time");
    let expected: Vec<_> = (first..).take(times.len()).map(Some).collect();
    assert_eq!(times, expected);
}

#[tokio::test]
async fn a_run_that_continues_as_new_ends_with_its_chain() {
    let case = Case::new().await;
    let schedule = daily(Overlap::BufferOne);
    case.create_schedule("daily", schedule, Some(trigger()))
        .await;
    let task = case.task().await;
    let again = command(
        CommandType::ContinueAsNewWorkflowExecution,
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(Default::default()),
    );
    case.complete(&task, vec![again]).await;
    let info = case.schedule_info("daily").await;
    assert_eq!(info.running_workflows.len(), 1);
    case.work().await;
    let info = case
        .until("daily", |info| info.running_workflows.is_empty())
        .await;
    assert_eq!(statuses(&info), [Status::Completed]);
}

#[tokio::test]
async fn many_requests_for_one_schedule_are_answered() {
    let case = Case::new().await;
    case.create_schedule("daily", daily(Overlap::BufferAll), None)
        .await;
    let patches = (0..50).map(|_| case.patch_schedule("daily", trigger()));
    futures::future::join_all(patches).await;
    let info = case.until("daily", |info| info.action_count == 1).await;
    assert_eq!((info.buffer_size, info.buffer_dropped), (49, 0));
}
