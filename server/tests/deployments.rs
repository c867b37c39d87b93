//! Worker deployments of one server: limits, drainage, restarts. Their semantics are tested end to end.

use std::time::Duration;

use durably_proto::api::command::v1::Command;
use durably_proto::api::deployment::v1::{WorkerDeploymentOptions, WorkerDeploymentVersion};
use durably_proto::api::enums::v1::{
    VersioningBehavior, WorkerDeploymentVersionStatus as Status, WorkerVersioningMode,
};
use durably_proto::api::schedule::v1::{
    Schedule, ScheduleAction, SchedulePatch, TriggerImmediatelyRequest, schedule_action::Action,
};
use durably_proto::api::workflow::v1::versioning_override::{
    Override, PinnedOverride, PinnedOverrideBehavior,
};
use durably_proto::api::workflow::v1::{NewWorkflowExecutionInfo, VersioningOverride};
use durably_proto::api::workflowservice::v1::*;
use tonic::{Code, Request, Response};

use crate::case::*;
#[cfg(feature = "sqlite")]
use crate::database::Folder;

const PINNED: VersioningBehavior = VersioningBehavior::Pinned;
const UPGRADES: VersioningBehavior = VersioningBehavior::AutoUpgrade;

fn options(build_id: &str) -> Option<WorkerDeploymentOptions> {
    Some(WorkerDeploymentOptions {
        deployment_name: "orders".to_owned(),
        build_id: build_id.to_owned(),
        worker_versioning_mode: WorkerVersioningMode::Versioned.into(),
    })
}

fn version(build_id: &str) -> WorkerDeploymentVersion {
    WorkerDeploymentVersion {
        deployment_name: "orders".to_owned(),
        build_id: build_id.to_owned(),
    }
}

impl Case {
    async fn poll_of(
        &self,
        build_id: &str,
        queue: &str,
    ) -> Result<PollWorkflowTaskQueueResponse, tonic::Status> {
        let poll = PollWorkflowTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: Some(normal(queue)),
            identity: "worker".to_owned(),
            deployment_options: options(build_id),
            ..Default::default()
        };
        let polled = self.service.poll_workflow_task_queue(Request::new(poll));
        polled.await.map(Response::into_inner)
    }

    /// A poll of a worker that leaves before it gets a task.
    async fn register(&self, build_id: &str, queue: &str) {
        let poll = self.poll_of(build_id, queue);
        let left = tokio::time::timeout(Duration::from_millis(1), poll).await;
        assert!(left.is_err(), "no task is there: {left:?}");
    }

    async fn task_of(&self, build_id: &str) -> PollWorkflowTaskQueueResponse {
        self.poll_of(build_id, QUEUE).await.expect("a task")
    }

    async fn complete_as(
        &self,
        task: &PollWorkflowTaskQueueResponse,
        build_id: &str,
        behavior: VersioningBehavior,
        commands: Vec<Command>,
    ) {
        self.complete_with(RespondWorkflowTaskCompletedRequest {
            deployment_options: options(build_id),
            versioning_behavior: behavior.into(),
            ..completion(task, commands)
        })
        .await;
    }

    async fn set_current(&self, build_id: &str) {
        let request = SetWorkerDeploymentCurrentVersionRequest {
            namespace: NAMESPACE.to_owned(),
            deployment_name: "orders".to_owned(),
            build_id: build_id.to_owned(),
            ignore_missing_task_queues: true,
            ..Default::default()
        };
        let set = self
            .service
            .set_worker_deployment_current_version(Request::new(request));
        ok(set.await);
    }

    async fn status(&self, build_id: &str) -> Status {
        let request = DescribeWorkerDeploymentVersionRequest {
            namespace: NAMESPACE.to_owned(),
            deployment_version: Some(version(build_id)),
            ..Default::default()
        };
        let described = self
            .service
            .describe_worker_deployment_version(Request::new(request));
        let described = ok(described.await).worker_deployment_version_info;
        described.expect("it exists").status()
    }
}

#[tokio::test]
async fn a_version_drains_while_runs_are_pinned_to_it_whatever_the_name_of_its_build() {
    let case = Case::new().await;
    for build_id in [r"a\b", "it's", r"\"] {
        case.register(build_id, QUEUE).await;
        case.set_current(build_id).await;
        let id = format!("workflow of {build_id}");
        case.start(&id).await;
        let task = case.task_of(build_id).await;
        case.complete_as(&task, build_id, PINNED, vec![]).await;
        assert_eq!(case.status(build_id).await, Status::Current);
        case.set_current("").await;
        assert_eq!(case.status(build_id).await, Status::Draining, "{build_id}");
        case.set_current(build_id).await;
        assert_eq!(case.status(build_id).await, Status::Current);
        case.set_current("").await;
        case.signal(&id, "go").await.expect("it runs");
        let task = case.task_of(build_id).await;
        let done = vec![complete_workflow()];
        case.complete_as(&task, build_id, PINNED, done).await;
        assert_eq!(case.status(build_id).await, Status::Drained, "{build_id}");
    }
}

#[tokio::test]
async fn a_version_has_a_limited_number_of_task_queues() {
    let case = Case::new().await;
    for number in 0..100 {
        case.register("1", &format!("host {number}")).await;
    }
    let refused = case.poll_of("1", "host 100").await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(
        refused.message(),
        "cannot add task queue host 100 since maximum number of task queues (100) have been registered in deployment"
    );
    // Those that it has are polled as before.
    case.register("1", "host 99").await;
}

#[tokio::test]
async fn a_version_whose_workers_poll_makes_no_room_for_another_one() {
    let case = Case::new().await;
    for number in 0..100 {
        case.register(&number.to_string(), QUEUE).await;
    }
    // Each of them has been polled a moment ago.
    let refused = case.poll_of("100", QUEUE).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(
        refused.message(),
        "cannot add version orders.100 since maximum number of versions (100) have been registered in the deployment"
    );
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn tasks_of_pinned_and_other_runs_wait_for_their_versions_after_a_restart() {
    let folder = Folder::new("deployments");
    let first = folder.server().await;
    first.register("1", QUEUE).await;
    first.set_current("1").await;
    for (id, behavior) in [("pinned", PINNED), ("upgrades", UPGRADES)] {
        first.start(id).await;
        let task = first.task_of("1").await;
        first.complete_as(&task, "1", behavior, vec![]).await;
    }
    for id in ["pinned", "upgrades"] {
        first.signal(id, "go").await.expect("it runs");
    }
    first.register("2", "another queue").await;
    first.server.shutdown().await;

    let second = folder.server().await;
    second.register("2", QUEUE).await;
    // Tasks that wait move with the routing; that of the pinned run stays.
    second.set_current("2").await;
    second.server.shutdown().await;

    let third = folder.server().await;
    for (build_id, id) in [("2", "upgrades"), ("1", "pinned")] {
        let task = third.task_of(build_id).await;
        assert_eq!(task.workflow_execution.expect("of a run").workflow_id, id);
    }
}

fn pinned_to(version: WorkerDeploymentVersion) -> VersioningOverride {
    VersioningOverride {
        r#override: Some(Override::Pinned(PinnedOverride {
            behavior: PinnedOverrideBehavior::Pinned.into(),
            version: Some(version),
        })),
        ..Default::default()
    }
}

async fn create(
    case: &Case,
    id: &str,
    given: VersioningOverride,
) -> Result<Response<CreateScheduleResponse>, tonic::Status> {
    let start = request("report");
    let action = Action::StartWorkflow(NewWorkflowExecutionInfo {
        workflow_id: start.workflow_id,
        workflow_type: start.workflow_type,
        task_queue: start.task_queue,
        versioning_override: Some(given),
        ..Default::default()
    });
    let create = CreateScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: id.to_owned(),
        request_id: id.to_owned(),
        schedule: Some(Schedule {
            action: Some(ScheduleAction {
                action: Some(action),
            }),
            ..Default::default()
        }),
        initial_patch: Some(SchedulePatch {
            trigger_immediately: Some(TriggerImmediatelyRequest::default()),
            ..Default::default()
        }),
        ..Default::default()
    };
    case.service.create_schedule(Request::new(create)).await
}

/// The real server ignores the override of a schedule up to version 1.32.
#[tokio::test]
async fn a_schedule_starts_its_workflow_on_the_version_of_its_override() {
    let case = Case::new().await;
    let refused = create(&case, "empty", VersioningOverride::default()).await;
    let refused = refused.expect_err("nothing overrides");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message(), "override behavior is required");
    case.register("1", QUEUE).await;
    // The first one names a version that no worker has polled: it starts nothing.
    ok(create(&case, "absent", pinned_to(version("9"))).await);
    ok(create(&case, "present", pinned_to(version("1"))).await);
    let task = case.task_of("1").await;
    let run = task.workflow_execution.expect("of a run");
    assert!(run.workflow_id.starts_with("report-"), "{run:?}");
    let query = ListWorkflowExecutionsRequest {
        namespace: NAMESPACE.to_owned(),
        ..Default::default()
    };
    let listed = case.service.list_workflow_executions(Request::new(query));
    assert_eq!(ok(listed.await).executions.len(), 1);
}
