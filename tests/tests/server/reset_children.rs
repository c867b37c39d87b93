//! Resets of runs with children, and what is done after a reset: the histories of both servers.

use durably::Result;
use durably_proto::api::{
    command::v1::{Command, StartChildWorkflowExecutionCommandAttributes, command::Attributes},
    common::v1::{Priority, WorkflowType},
    enums::v1::{CommandType, EventType},
    workflow::v1::{
        PostResetOperation, VersioningOverride, WorkflowExecutionOptions,
        post_reset_operation::{SignalWorkflow, UpdateWorkflowOptions, Variant},
        versioning_override::Override,
    },
};
use durably_proto::wkt::FieldMask;
use durably_tests::{World, eventually, history, on_both_servers, raw, unique};
use tonic::Code;

use super::resets::{Scene, as_the_real_server};

on_both_servers! {
    a_reset_run_names_the_run_that_has_its_children
    an_operation_that_cannot_be_done_is_refused_before_the_reset
}

as_the_real_server! {
    a_child_that_is_pending_at_the_point_reports_to_the_new_run => pending_child
    an_end_of_a_child_after_the_point_comes_again => ended_child
    a_start_of_a_child_after_the_point_comes_again => started_child
    what_became_of_a_child_is_left_out_with_everything => without_children
    a_child_that_was_started_after_the_point_keeps_its_id => later_child
    children_of_a_later_run_end_with_it => children_of_the_current_run
    options_are_changed_after_a_reset => changed_options
    an_operation_that_changes_nothing_leaves_no_event => unchanged_options
}

/// A parent whose first task has started a child.
struct Family<'a> {
    parent: Scene<'a>,
    child_id: String,
    child_queue: String,
}

impl<'a> Family<'a> {
    async fn start(world: &'a World) -> Result<Self> {
        let mut family = Self {
            parent: Scene::start(world).await?,
            child_id: unique("child"),
            child_queue: unique("children"),
        };
        family.start_child().await?;
        Ok(family)
    }

    /// Answers the next task of the parent with the start of the child.
    async fn start_child(&mut self) -> Result<()> {
        let child = StartChildWorkflowExecutionCommandAttributes {
            workflow_id: self.child_id.clone(),
            workflow_type: Some(WorkflowType {
                name: "Child".to_owned(),
            }),
            task_queue: raw::task_queue(&self.child_queue),
            ..Default::default()
        };
        let start = raw::command(
            CommandType::StartChildWorkflowExecution,
            Attributes::StartChildWorkflowExecutionCommandAttributes(child),
        );
        self.parent.work(vec![start]).await
    }

    /// Answers the first task of the child.
    async fn work_of_child(&mut self, commands: Vec<Command>) -> Result<()> {
        let service = &mut self.parent.service;
        let task = raw::workflow_task(service, &self.child_queue).await?;
        raw::complete(service, &task, commands, Vec::new()).await?;
        Ok(())
    }

    /// Waits until the latest run of the parent has an event of this type.
    async fn has(&self, ty: EventType) {
        eventually("an event of the parent", || async {
            let mut service = self.parent.service.clone();
            let types = raw::event_types(&mut service, &self.parent.id).await.ok()?;
            types.contains(&ty).then_some(())
        })
        .await;
    }

    /// The histories of the parent's first run, of the one that a reset has started, and of the child.
    async fn histories(&self, run_id: &str) -> Vec<String> {
        let mut events = self.parent.history(&self.parent.run_id).await;
        events.push("reset:".to_owned());
        events.extend(self.parent.history(run_id).await);
        events.push("child:".to_owned());
        events.extend(self.child().await);
        events
    }

    async fn child(&self) -> Vec<String> {
        let address = self.parent.world.address();
        history::comparable(history::events(&address, &self.child_id, "").await)
    }
}

/// The first task starts the child, and the second one finds it started.
async fn with_started_child(world: &World) -> Result<Family<'_>> {
    let mut family = Family::start(world).await?;
    // 6 is the start of the child, and 9 ends the second task.
    family.parent.work(Vec::new()).await?;
    Ok(family)
}

async fn pending_child(world: &World) -> Result<Vec<String>> {
    let mut family = with_started_child(world).await?;
    let request = family.parent.request(9);
    let run_id = family.parent.reset(request).await?;
    family.parent.work(Vec::new()).await?;
    family.work_of_child(vec![raw::complete_workflow()]).await?;
    family.has(EventType::ChildWorkflowExecutionCompleted).await;
    family.parent.work(vec![raw::complete_workflow()]).await?;
    Ok(family.histories(&run_id).await)
}

async fn ended_child(world: &World) -> Result<Vec<String>> {
    let mut family = with_started_child(world).await?;
    family.work_of_child(vec![raw::fail_workflow()]).await?;
    family.parent.work(Vec::new()).await?;
    let request = family.parent.request(9);
    let run_id = family.parent.reset(request).await?;
    family.parent.work(vec![raw::complete_workflow()]).await?;
    Ok(family.histories(&run_id).await)
}

async fn started_child(world: &World) -> Result<Vec<String>> {
    let mut family = Family::start(world).await?;
    // The signal comes before or after the start of the child, and the second task after both.
    family.has(EventType::ChildWorkflowExecutionStarted).await;
    family.parent.work(Vec::new()).await?;
    family.work_of_child(vec![raw::cancel_workflow()]).await?;
    family.parent.work(Vec::new()).await?;
    // The start of the second task: 8.
    let request = family.parent.request(8);
    let run_id = family.parent.reset(request).await?;
    family.parent.work(vec![raw::complete_workflow()]).await?;
    Ok(family.histories(&run_id).await)
}

async fn without_children(world: &World) -> Result<Vec<String>> {
    let mut family = with_started_child(world).await?;
    family.work_of_child(vec![raw::complete_workflow()]).await?;
    family.parent.work(Vec::new()).await?;
    let mut request = family.parent.request(9);
    request.reset_reapply_exclude_types = (1..=4).collect();
    let run_id = family.parent.reset(request).await?;
    family.parent.work(vec![raw::complete_workflow()]).await?;
    Ok(family.histories(&run_id).await)
}

async fn later_child(world: &World) -> Result<Vec<String>> {
    let mut family = with_started_child(world).await?;
    let request = family.parent.request(4);
    let run_id = family.parent.reset(request).await?;
    family.start_child().await?;
    family
        .has(EventType::StartChildWorkflowExecutionFailed)
        .await;
    family.parent.work(vec![raw::complete_workflow()]).await?;
    Ok(family.histories(&run_id).await)
}

async fn children_of_the_current_run(world: &World) -> Result<Vec<String>> {
    let mut family = Family {
        parent: Scene::start(world).await?,
        child_id: unique("child"),
        child_queue: unique("children"),
    };
    let next = raw::continue_as_new(Default::default());
    family.parent.work(vec![next]).await?;
    family.start_child().await?;
    family.has(EventType::ChildWorkflowExecutionStarted).await;
    let request = family.parent.first_run(4);
    let run_id = family.parent.reset(request).await?;
    eventually("the end of the child", || async {
        let ended = family.child().await;
        let last = ended.last()?;
        last.contains("WorkflowExecutionTerminated").then_some(())
    })
    .await;
    family.parent.work(vec![raw::complete_workflow()]).await?;
    Ok(family.histories(&run_id).await)
}

fn options(options: WorkflowExecutionOptions, paths: &[&str]) -> PostResetOperation {
    PostResetOperation {
        variant: Some(Variant::UpdateWorkflowOptions(UpdateWorkflowOptions {
            workflow_execution_options: Some(options),
            update_mask: Some(FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
        })),
    }
}

fn priority(key: i32) -> WorkflowExecutionOptions {
    WorkflowExecutionOptions {
        priority: Some(Priority {
            priority_key: key,
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn changed_options(world: &World) -> Result<Vec<String>> {
    let mut scene = Scene::start(world).await?;
    scene.work(Vec::new()).await?;
    scene.signal("one").await?;
    let mut request = scene.request(4);
    let upgrades = WorkflowExecutionOptions {
        versioning_override: Some(VersioningOverride {
            r#override: Some(Override::AutoUpgrade(true)),
            ..Default::default()
        }),
        ..Default::default()
    };
    request.post_reset_operations = vec![
        options(priority(2), &["priority"]),
        options(upgrades, &["versioning_override"]),
    ];
    scene.after(request).await
}

async fn unchanged_options(world: &World) -> Result<Vec<String>> {
    let mut scene = Scene::start(world).await?;
    scene.work(Vec::new()).await?;
    let mut request = scene.request(4);
    request.post_reset_operations = vec![
        options(priority(2), &[]),
        options(
            WorkflowExecutionOptions::default(),
            &["versioning_override"],
        ),
    ];
    scene.after(request).await
}

async fn a_reset_run_names_the_run_that_has_its_children(world: &World) -> Result<()> {
    let mut family = with_started_child(world).await?;
    let request = family.parent.request(9);
    let run_id = family.parent.reset(request).await?;
    let address = world.address();
    let events = history::events(&address, &family.parent.id, &family.parent.run_id).await;
    assert_eq!(events.len(), 10);
    let base = durably_proto::api::workflowservice::v1::DescribeWorkflowExecutionRequest {
        namespace: raw::NAMESPACE.to_owned(),
        execution: Some(durably_proto::api::common::v1::WorkflowExecution {
            workflow_id: family.parent.id.clone(),
            run_id: family.parent.run_id.clone(),
        }),
    };
    let service = &mut family.parent.service;
    let described = service.describe_workflow_execution(base).await?;
    let info = described.into_inner().workflow_extended_info;
    assert_eq!(info.unwrap_or_default().reset_run_id, run_id);
    let described = raw::describe(service, &family.parent.id).await?;
    let [child] = &described.pending_children[..] else {
        panic!("one child is pending: {described:?}");
    };
    assert_eq!(child.workflow_id, family.child_id);
    // The second reset takes the child over once more.
    let request = family.parent.request(9);
    let last = family.parent.reset(request).await?;
    family.parent.work(Vec::new()).await?;
    family.work_of_child(vec![raw::complete_workflow()]).await?;
    family.has(EventType::ChildWorkflowExecutionCompleted).await;
    let service = &mut family.parent.service;
    let described = raw::describe(service, &family.parent.id).await?;
    let info = described.workflow_execution_info.unwrap_or_default();
    assert_eq!(info.execution.unwrap_or_default().run_id, last);
    raw::terminate(service, &family.parent.id).await?;
    Ok(())
}

async fn an_operation_that_cannot_be_done_is_refused_before_the_reset(world: &World) -> Result<()> {
    let mut scene = Scene::start(world).await?;
    scene.work(Vec::new()).await?;
    let signal = PostResetOperation {
        variant: Some(Variant::SignalWorkflow(SignalWorkflow {
            signal_name: "late".to_owned(),
            ..Default::default()
        })),
    };
    let empty = VersioningOverride::default();
    let empty = WorkflowExecutionOptions {
        versioning_override: Some(empty),
        ..Default::default()
    };
    for (operation, message) in [
        (
            signal,
            "unsupported post reset operation: *workflow.PostResetOperation_SignalWorkflow_",
        ),
        (
            PostResetOperation::default(),
            "unsupported post reset operation: <nil>",
        ),
        (
            options(empty, &["versioning_override"]),
            "override behavior is required",
        ),
        (
            options(priority(2), &["nonsense"]),
            "error applying update_options: proto: invalid path \"nonsense\" for message \"temporal.api.workflow.v1.WorkflowExecutionOptions\"",
        ),
        (
            options(priority(2), &["versioning_override.behavior"]),
            "error applying update_options: versioning_override fields must be updated together",
        ),
    ] {
        let mut request = scene.request(4);
        request.post_reset_operations = vec![operation];
        let refused = scene.reset(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert_eq!(refused.message().replace('\u{a0}', " "), message);
    }
    // A refused reset has changed nothing.
    assert_eq!(scene.history("").await.len(), 4);
    raw::terminate(&mut scene.service, &scene.id).await?;
    Ok(())
}
