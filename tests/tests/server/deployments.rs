//! Worker deployments: what lists and descriptions show, overrides, and changes of the routing.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::{Command, command::Attributes, *},
    common::v1::{ActivityType, WorkflowExecution, WorkflowType},
    deployment::v1::{Deployment, RoutingConfig, WorkerDeploymentOptions, WorkerDeploymentVersion},
    enums::v1::{
        CommandType, EventType, RoutingConfigUpdateState, StartChildWorkflowExecutionFailedCause,
        VersioningBehavior, WorkerVersioningMode,
    },
    history::v1::history_event::Attributes as History,
    taskqueue::v1::TaskQueue,
    workflow::v1::{
        VersioningOverride,
        versioning_override::{OneTimeOverride, Override, PinnedOverride, PinnedOverrideBehavior},
    },
    workflowservice::v1::*,
};
use durably_proto::wkt::Duration;
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{
        NAMESPACE, Service, command, complete, complete_workflow, continue_as_new, describe, ended,
        event_types, execution, task_queue, terminate, within, workflow_task,
    },
    unique,
};
use tonic::Status;

on_both_servers! {
    an_override_that_is_not_whole_is_refused
    a_child_whose_override_does_not_hold_does_not_start
    an_override_moves_a_run_once
    lists_show_versions_and_builds_of_versioned_runs
    lists_show_the_version_of_a_later_run_of_a_chain
    lists_show_the_deployment_of_workers_that_are_not_versioned
    an_activity_of_a_pinned_run_stays_on_its_version
    a_routing_is_changed_with_the_latest_token_only
    a_share_of_the_work_goes_to_workers_outside_of_deployments
    a_queue_of_two_deployments_belongs_to_the_one_that_was_made_current_last
    a_version_without_pollers_may_be_made_current
}

const BEHAVIORS: [VersioningBehavior; 2] =
    [VersioningBehavior::Pinned, VersioningBehavior::AutoUpgrade];

/// A deployment of its own, whose workers the tests play.
#[derive(Clone)]
struct Orders<'a> {
    world: &'a World,
    service: Service,
    name: String,
}

impl<'a> Orders<'a> {
    async fn new(world: &'a World) -> Result<Self> {
        Ok(Self {
            world,
            service: world.service().await?,
            name: unique("orders"),
        })
    }

    fn version(&self, build_id: &str) -> WorkerDeploymentVersion {
        WorkerDeploymentVersion {
            deployment_name: self.name.clone(),
            build_id: build_id.to_owned(),
        }
    }

    fn options(&self, build_id: &str) -> Option<WorkerDeploymentOptions> {
        Some(WorkerDeploymentOptions {
            deployment_name: self.name.clone(),
            build_id: build_id.to_owned(),
            worker_versioning_mode: WorkerVersioningMode::Versioned.into(),
        })
    }

    /// The next workflow task for a worker of a build, if there is one soon.
    async fn poll(
        &mut self,
        build_id: &str,
        seconds: u64,
    ) -> Option<PollWorkflowTaskQueueResponse> {
        let request = PollWorkflowTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: task_queue(&self.world.queue),
            identity: "raw".to_owned(),
            deployment_options: self.options(build_id),
            ..Default::default()
        };
        let polled = self
            .service
            .poll_workflow_task_queue(within(seconds, request));
        let task = polled.await.ok()?.into_inner();
        (!task.task_token.is_empty()).then_some(task)
    }

    async fn task(&mut self, build_id: &str) -> PollWorkflowTaskQueueResponse {
        let task = self.poll(build_id, 60).await;
        task.expect("a task for the build")
    }

    async fn poll_activity(
        &mut self,
        build_id: &str,
        seconds: u64,
    ) -> Option<PollActivityTaskQueueResponse> {
        let request = PollActivityTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: task_queue(&self.world.queue),
            identity: "raw".to_owned(),
            deployment_options: self.options(build_id),
            ..Default::default()
        };
        let polled = self
            .service
            .poll_activity_task_queue(within(seconds, request));
        let task = polled.await.ok()?.into_inner();
        (!task.task_token.is_empty()).then_some(task)
    }

    /// Polls both queues until the server knows the version.
    async fn register(&self, build_id: &str) {
        let (mut workflows, mut activities) = (self.clone(), self.clone());
        let polls = async {
            loop {
                let task = workflows.poll(build_id, 60).await;
                assert!(task.is_none(), "it is not current");
            }
        };
        let activity_polls = async {
            loop {
                let task = activities.poll_activity(build_id, 60).await;
                assert!(task.is_none(), "it is not current");
            }
        };
        let is_known = eventually("the version to be polled", || {
            let mut service = self.service.clone();
            let request = DescribeWorkerDeploymentVersionRequest {
                namespace: NAMESPACE.to_owned(),
                deployment_version: Some(self.version(build_id)),
                ..Default::default()
            };
            async move {
                let described = service.describe_worker_deployment_version(request).await;
                let queues = described.ok()?.into_inner().version_task_queues;
                (queues.len() == 2).then_some(())
            }
        });
        tokio::select! {
            () = polls => {}
            () = activity_polls => {}
            () = is_known => {}
        }
    }

    async fn set_current(
        &mut self,
        build_id: &str,
        change: impl FnOnce(&mut SetWorkerDeploymentCurrentVersionRequest),
    ) -> std::result::Result<Vec<u8>, Status> {
        let mut request = SetWorkerDeploymentCurrentVersionRequest {
            namespace: NAMESPACE.to_owned(),
            deployment_name: self.name.clone(),
            build_id: build_id.to_owned(),
            identity: "client".to_owned(),
            ..Default::default()
        };
        change(&mut request);
        let set = self.service.set_worker_deployment_current_version(request);
        let token = set.await?.into_inner().conflict_token;
        self.settled().await;
        Ok(token)
    }

    /// Registers a version and makes it current.
    async fn current(&mut self, build_id: &str) -> Result<()> {
        self.register(build_id).await;
        self.set_current(build_id, |_| {}).await?;
        Ok(())
    }

    /// The routing, once the task queues have it: the real server propagates it in the background.
    async fn settled(&mut self) -> RoutingConfig {
        let (service, name) = (self.service.clone(), self.name.clone());
        eventually("the routing to be propagated", || {
            let mut service = service.clone();
            let request = DescribeWorkerDeploymentRequest {
                namespace: NAMESPACE.to_owned(),
                deployment_name: name.clone(),
            };
            async move {
                let described = service.describe_worker_deployment(request).await.ok()?;
                let info = described.into_inner().worker_deployment_info?;
                let state = info.routing_config_update_state();
                (state == RoutingConfigUpdateState::Completed).then_some(info.routing_config?)
            }
        })
        .await
    }

    /// Starts a workflow; returns its id.
    async fn start(
        &mut self,
        change: impl FnOnce(&mut StartWorkflowExecutionRequest),
    ) -> std::result::Result<String, Status> {
        let mut request = self.world.start_request();
        change(&mut request);
        let id = request.workflow_id.clone();
        self.service.start_workflow_execution(request).await?;
        Ok(id)
    }

    async fn complete(
        &mut self,
        task: PollWorkflowTaskQueueResponse,
        build_id: &str,
        behavior: VersioningBehavior,
        commands: Vec<Command>,
    ) -> Result<()> {
        let request = RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token,
            identity: "raw".to_owned(),
            deployment_options: self.options(build_id),
            versioning_behavior: behavior.into(),
            commands,
            ..Default::default()
        };
        self.service
            .respond_workflow_task_completed(request)
            .await?;
        Ok(())
    }

    async fn signal(&mut self, id: &str) -> Result<()> {
        let request = SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(id),
            signal_name: "go".to_owned(),
            request_id: unique("signal"),
            ..Default::default()
        };
        self.service.signal_workflow_execution(request).await?;
        Ok(())
    }

    /// What the description of a run shows of builds and versions, with `orders` for the deployment.
    async fn shown(&mut self, id: &str) -> Result<Vec<String>> {
        let described = describe(&mut self.service, id).await?;
        let info = described.workflow_execution_info.unwrap_or_default();
        let fields = info.search_attributes.unwrap_or_default().indexed_fields;
        let lines = fields.into_iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(&value.data).into_owned();
            format!("{name} {value}").replace(&self.name, "orders")
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort();
        Ok(lines)
    }

    /// The ids of the runs that match a query, once there are as many as expected.
    async fn listed(&mut self, query: String, many: usize) -> Vec<WorkflowExecution> {
        let service = self.service.clone();
        eventually("the runs to be listed", || {
            let mut service = service.clone();
            let request = ListWorkflowExecutionsRequest {
                namespace: NAMESPACE.to_owned(),
                query: query.clone(),
                ..Default::default()
            };
            async move {
                let listed = service.list_workflow_executions(request).await.ok()?;
                let runs = listed.into_inner().executions.into_iter();
                let runs: Vec<_> = runs.filter_map(|info| info.execution).collect();
                (runs.len() == many).then_some(runs)
            }
        })
        .await
    }
}

fn instead(instead: Override) -> VersioningOverride {
    VersioningOverride {
        r#override: Some(instead),
        ..Default::default()
    }
}

#[expect(deprecated, reason = "older clients send the older forms")]
fn older(
    behavior: i32,
    pinned_version: &str,
    deployment: Option<(&str, &str)>,
) -> VersioningOverride {
    VersioningOverride {
        behavior,
        pinned_version: pinned_version.to_owned(),
        deployment: deployment.map(|(name, build_id)| Deployment {
            series_name: name.to_owned(),
            build_id: build_id.to_owned(),
        }),
        r#override: None,
    }
}

async fn an_override_that_is_not_whole_is_refused(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    let pinned = |behavior: PinnedOverrideBehavior, version| {
        instead(Override::Pinned(PinnedOverride {
            behavior: behavior.into(),
            version,
        }))
    };
    let (behavior, none) = (
        PinnedOverrideBehavior::Pinned,
        PinnedOverrideBehavior::Unspecified,
    );
    let version = orders.version("1");
    let absent = "FailedPrecondition: Pinned version 'orders:1' is not present in task queue 'queue' of type 'Workflow'";
    for (given, expected) in [
        (
            VersioningOverride::default(),
            "InvalidArgument: override behavior is required",
        ),
        (
            older(0, "a.b", None),
            "InvalidArgument: override behavior is required",
        ),
        (
            older(7, "", None),
            "InvalidArgument: override behavior 7 not recognized",
        ),
        (
            older(1, "", None),
            "InvalidArgument: must provide deployment (deprecated) or pinned version if behavior is 'PINNED'",
        ),
        (
            older(1, "a:b", None),
            "InvalidArgument: invalid version string \"a:b\", expected format is \"<deployment_name>.<build_id>\"",
        ),
        (
            older(2, "a.b", None),
            "InvalidArgument: only provide pinned version if behavior is 'PINNED'",
        ),
        (older(2, "", None), "OK"),
        (
            older(1, "", Some(("", "b"))),
            "InvalidArgument: deployment name cannot be empty",
        ),
        (older(1, "", Some(("a", "b"))), "OK"),
        (
            older(1, &format!("{}.1", version.deployment_name), None),
            absent,
        ),
        (
            instead(Override::AutoUpgrade(false)),
            "InvalidArgument: auto-upgrade override must be true",
        ),
        (instead(Override::AutoUpgrade(true)), "OK"),
        (
            pinned(behavior, None),
            "InvalidArgument: must provide version if override is pinned.",
        ),
        (
            pinned(none, Some(version.clone())),
            "InvalidArgument: must specify pinned override behavior if override is pinned.",
        ),
        (pinned(behavior, Some(version.clone())), absent),
        (
            pinned(behavior, Some(WorkerDeploymentVersion::default())),
            "FailedPrecondition: Pinned version ':' is not present in task queue 'queue' of type 'Workflow'",
        ),
        (
            instead(Override::OneTime(OneTimeOverride {
                target_deployment_version: None,
            })),
            "InvalidArgument: must provide target deployment version if override is one-time.",
        ),
        (
            instead(Override::OneTime(OneTimeOverride {
                target_deployment_version: Some(version.clone()),
            })),
            absent,
        ),
    ] {
        let mut request = world.start_request();
        let id = request.workflow_id.clone();
        request.versioning_override = Some(given.clone());
        let answer = ended(orders.service.start_workflow_execution(request).await);
        let answer = answer
            .replace(&orders.name, "orders")
            .replace(&world.queue, "queue");
        assert_eq!(answer, expected, "{given:?}");
        if answer == "OK" {
            terminate(&mut orders.service, &id).await?;
        }
    }
    Ok(())
}

async fn a_child_whose_override_does_not_hold_does_not_start(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    let child = |versioning_override| {
        let child = StartChildWorkflowExecutionCommandAttributes {
            workflow_id: unique("child"),
            workflow_type: Some(WorkflowType {
                name: "Raw".to_owned(),
            }),
            versioning_override: Some(versioning_override),
            ..Default::default()
        };
        let child = Attributes::StartChildWorkflowExecutionCommandAttributes(child);
        vec![command(CommandType::StartChildWorkflowExecution, child)]
    };
    let id = orders.start(|_| {}).await?;
    let task = workflow_task(&mut orders.service, &world.queue).await?;
    let empty = child(VersioningOverride::default());
    let refused = complete(&mut orders.service, &task, empty, vec![]).await;
    assert_eq!(
        ended(refused),
        "InvalidArgument: BadStartChildExecutionAttributes: override behavior is required"
    );
    terminate(&mut orders.service, &id).await?;
    let absent = [
        Override::Pinned(PinnedOverride {
            behavior: PinnedOverrideBehavior::Pinned.into(),
            version: Some(orders.version("1")),
        }),
        Override::OneTime(OneTimeOverride {
            target_deployment_version: Some(orders.version("1")),
        }),
    ];
    for absent in absent {
        let id = orders.start(|_| {}).await?;
        let task = workflow_task(&mut orders.service, &world.queue).await?;
        let commands = child(instead(absent));
        complete(&mut orders.service, &task, commands, vec![]).await?;
        let task = workflow_task(&mut orders.service, &world.queue).await?;
        let events = task.history.unwrap_or_default().events;
        let cause = events.iter().find_map(|event| match &event.attributes {
            Some(History::StartChildWorkflowExecutionFailedEventAttributes(failed)) => {
                Some(failed.cause())
            }
            _ => None,
        });
        let expected = StartChildWorkflowExecutionFailedCause::InvalidVersioningOverride;
        assert_eq!(cause, Some(expected));
        terminate(&mut orders.service, &id).await?;
    }
    Ok(())
}

async fn an_override_moves_a_run_once(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    orders.register("2").await;
    orders.current("1").await?;
    let once = instead(Override::OneTime(OneTimeOverride {
        target_deployment_version: Some(orders.version("2")),
    }));
    let id = orders
        .start(|start| start.versioning_override = Some(once))
        .await?;
    let task = orders.task("2").await;
    let shown = orders.shown(&id).await?;
    orders
        .complete(task, "2", VersioningBehavior::AutoUpgrade, vec![])
        .await?;
    assert_eq!(
        shown,
        [
            "BuildIds [\"pinned:orders:2\"]",
            "TemporalWorkerDeployment \"orders\"",
            "TemporalWorkerDeploymentVersion \"orders:2\"",
            "TemporalWorkflowVersioningBehavior \"Pinned\"",
        ]
    );
    let described = describe(&mut orders.service, &id).await?;
    let info = described.workflow_execution_info.unwrap_or_default();
    let versioning = info.versioning_info.unwrap_or_default();
    assert_eq!(versioning.versioning_override, None);
    assert_eq!(versioning.deployment_version, Some(orders.version("2")));
    // It upgrades: its next task goes to the current version.
    orders.signal(&id).await?;
    let task = orders.task("1").await;
    let done = vec![complete_workflow()];
    orders
        .complete(task, "1", VersioningBehavior::AutoUpgrade, done)
        .await
}

async fn lists_show_versions_and_builds_of_versioned_runs(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    orders.current("1").await?;
    for behavior in BEHAVIORS {
        let id = orders.start(|_| {}).await?;
        let task = orders.task("1").await;
        let done = vec![complete_workflow()];
        orders.complete(task, "1", behavior, done).await?;
        let mut expected = vec![
            "TemporalUsedWorkerDeploymentVersions [\"orders:1\"]".to_owned(),
            "TemporalWorkerDeployment \"orders\"".to_owned(),
            "TemporalWorkerDeploymentVersion \"orders:1\"".to_owned(),
            format!("TemporalWorkflowVersioningBehavior \"{behavior:?}\""),
        ];
        if behavior == VersioningBehavior::Pinned {
            expected.insert(0, "BuildIds [\"pinned:orders:1\"]".to_owned());
        }
        assert_eq!(orders.shown(&id).await?, expected);
    }
    Ok(())
}

async fn lists_show_the_version_of_a_later_run_of_a_chain(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    orders.current("1").await?;
    let id = orders.start(|_| {}).await?;
    for commands in [vec![continue_as_new(next())], vec![]] {
        let task = orders.task("1").await;
        orders
            .complete(task, "1", VersioningBehavior::Pinned, commands)
            .await?;
    }
    let used = format!(
        "WorkflowId = '{id}' AND TemporalUsedWorkerDeploymentVersions = '{}:1'",
        orders.name
    );
    orders.listed(used, 2).await;
    terminate(&mut orders.service, &id).await
}

fn next() -> ContinueAsNewWorkflowExecutionCommandAttributes {
    ContinueAsNewWorkflowExecutionCommandAttributes {
        workflow_type: Some(WorkflowType {
            name: "Raw".to_owned(),
        }),
        ..Default::default()
    }
}

async fn lists_show_the_deployment_of_workers_that_are_not_versioned(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    let id = orders.start(|_| {}).await?;
    let task = workflow_task(&mut orders.service, &world.queue).await?;
    let request = RespondWorkflowTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: task.task_token,
        deployment_options: Some(WorkerDeploymentOptions {
            worker_versioning_mode: WorkerVersioningMode::Unversioned.into(),
            ..orders.options("1").unwrap_or_default()
        }),
        ..Default::default()
    };
    orders
        .service
        .respond_workflow_task_completed(request)
        .await?;
    assert_eq!(
        orders.shown(&id).await?,
        [
            "BuildIds [\"unversioned\"]",
            "TemporalWorkerDeployment \"orders\"",
        ]
    );
    terminate(&mut orders.service, &id).await
}

async fn an_activity_of_a_pinned_run_stays_on_its_version(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    orders.register("2").await;
    orders.current("1").await?;
    let id = orders.start(|_| {}).await?;
    let task = orders.task("1").await;
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "a".to_owned(),
        activity_type: Some(ActivityType {
            name: "Activity".to_owned(),
        }),
        task_queue: Some(TaskQueue {
            name: world.queue.clone(),
            ..Default::default()
        }),
        start_to_close_timeout: Some(Duration {
            seconds: 60,
            nanos: 0,
        }),
        ..Default::default()
    };
    let activity = Attributes::ScheduleActivityTaskCommandAttributes(activity);
    let commands = vec![command(CommandType::ScheduleActivityTask, activity)];
    orders
        .complete(task, "1", VersioningBehavior::AutoUpgrade, commands)
        .await?;
    // The workflow moves to the second version, and is pinned there.
    orders.set_current("2", |_| {}).await?;
    orders.signal(&id).await?;
    let task = orders.task("2").await;
    orders
        .complete(task, "2", VersioningBehavior::Pinned, vec![])
        .await?;
    orders.set_current("1", |_| {}).await?;
    let elsewhere = orders.poll_activity("1", 3).await;
    assert!(elsewhere.is_none(), "{elsewhere:?}");
    let task = orders.poll_activity("2", 60).await;
    assert_eq!(task.expect("the activity").activity_id, "a");
    let described = describe(&mut orders.service, &id).await?;
    let pending = &described.pending_activities[0];
    let version = orders.version("2");
    assert_eq!(pending.last_deployment_version, Some(version));
    #[expect(deprecated, reason = "descriptions still show it")]
    let older = &pending.last_worker_deployment_version;
    assert_eq!(*older, format!("{}.2", orders.name));
    terminate(&mut orders.service, &id).await
}

async fn a_routing_is_changed_with_the_latest_token_only(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    orders.register("2").await;
    orders.register("1").await;
    let first = orders.set_current("1", |_| {}).await?;
    let second = orders.set_current("2", |_| {}).await?;
    assert_ne!(first, second);
    let mut with = async |build_id: &str, identity: &str, token: &[u8]| {
        let set = orders.set_current(build_id, |request| {
            request.conflict_token = token.to_owned();
            request.identity = identity.to_owned();
        });
        set.await.map_err(|status| status.message().to_owned())
    };
    let conflict = Err("conflict token mismatch".to_owned());
    assert_eq!(with("1", "client", &first).await, conflict);
    // Nothing changes, so the token is not looked at.
    assert_eq!(with("2", "client", &first).await, Ok(second.clone()));
    assert_eq!(with("2", "other", &first).await, conflict);
    let third = with("2", "other", &second).await.expect("the latest token");
    assert_ne!(third, second);
    assert_eq!(with("1", "client", &second).await, conflict);
    assert!(with("1", "client", &third).await.is_ok());
    let routing = orders.settled().await;
    assert_eq!(routing.revision_number, 3);
    Ok(())
}

async fn a_share_of_the_work_goes_to_workers_outside_of_deployments(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    orders.current("1").await?;
    let ramp = |orders: &Orders<'_>, percentage| SetWorkerDeploymentRampingVersionRequest {
        namespace: NAMESPACE.to_owned(),
        deployment_name: orders.name.clone(),
        percentage,
        identity: "client".to_owned(),
        ..Default::default()
    };
    let all = ramp(&orders, 100.0);
    orders
        .service
        .set_worker_deployment_ramping_version(all)
        .await?;
    orders.settled().await;
    let described = world.client.deployment(&orders.name).describe().await?;
    let ramping = described.ramping.expect("it ramps");
    assert_eq!((ramping.version, ramping.percent), (None, 100.0));
    let id = orders.start(|_| {}).await?;
    let task = workflow_task(&mut orders.service, &world.queue).await?;
    assert_eq!(task.workflow_execution.unwrap_or_default().workflow_id, id);
    terminate(&mut orders.service, &id).await?;
    let none = ramp(&orders, 0.0);
    orders
        .service
        .set_worker_deployment_ramping_version(none)
        .await?;
    orders.settled().await;
    let described = world.client.deployment(&orders.name).describe().await?;
    assert_eq!(described.ramping, None);
    let id = orders.start(|_| {}).await?;
    let task = orders.task("1").await;
    assert_eq!(task.workflow_execution.unwrap_or_default().workflow_id, id);
    terminate(&mut orders.service, &id).await
}

async fn a_queue_of_two_deployments_belongs_to_the_one_that_was_made_current_last(
    world: &World,
) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    let mut invoices = Orders::new(world).await?;
    invoices.register("1").await;
    orders.register("1").await;
    for turn in 0..2 {
        let (last, before) = match turn {
            0 => (&mut orders, &mut invoices),
            _ => (&mut invoices, &mut orders),
        };
        // The order of the names does not decide.
        before.set_current("", |_| {}).await?;
        before.set_current("1", |_| {}).await?;
        last.set_current("", |_| {}).await?;
        last.set_current("1", |_| {}).await?;
        let id = last.start(|_| {}).await?;
        let task = last.task("1").await;
        assert_eq!(
            task.workflow_execution
                .clone()
                .unwrap_or_default()
                .workflow_id,
            id
        );
        let done = vec![complete_workflow()];
        last.complete(task, "1", VersioningBehavior::AutoUpgrade, done)
            .await?;
        let events = event_types(&mut last.service, &id).await?;
        assert_eq!(events.last(), Some(&EventType::WorkflowExecutionCompleted));
    }
    Ok(())
}

async fn a_version_without_pollers_may_be_made_current(world: &World) -> Result<()> {
    let mut orders = Orders::new(world).await?;
    let missing = orders.set_current("1", |_| {}).await;
    let missing = missing.expect_err("no worker has polled");
    assert_eq!(
        missing.message().replace(&orders.name, "orders"),
        "no Worker Deployment found with name 'orders'; does your Worker Deployment have pollers?"
    );
    orders
        .set_current("1", |request| request.allow_no_pollers = true)
        .await?;
    let routing = orders.settled().await;
    assert_eq!(
        routing.current_deployment_version,
        Some(orders.version("1"))
    );
    let none = world.client.deployment(&orders.name).set_current("").await;
    let none = none.expect_err("no build is named").to_string();
    assert_eq!(
        none,
        "invalid argument: the build id is empty; `unset_current` makes workers outside of deployments current"
    );
    Ok(())
}
