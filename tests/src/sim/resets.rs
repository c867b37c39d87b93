//! Resets of workflows by their clients: one run follows each, with the same history up to the reset, and comes to
//! what the first would have come to.

use durably_proto::api::{
    common::v1::WorkflowExecution,
    enums::v1::{EventType, WorkflowExecutionStatus as Status, WorkflowTaskFailedCause},
    history::v1::{HistoryEvent, history_event::Attributes},
    workflowservice::v1::*,
};

use super::{
    check::{self, Service},
    clients::{Client, REPLY},
    network::{self, call},
    world::World,
};
use crate::raw::{NAMESPACE, execution};

/// A reset whose outcome is known.
pub(super) struct Reset {
    /// The run that was reset.
    base: String,
    /// The end of the workflow task that it was reset to.
    finish: i64,
    /// The run that follows.
    run: String,
}

impl Client {
    /// Resets the workflow a few times, each time to a task that the seed decides.
    pub(super) async fn reset(&self) -> Vec<Reset> {
        let mut resets = Vec::new();
        for number in 0..1 + self.below(2) {
            self.pause(20_000).await;
            let base = self.current_run().await;
            let mut finished = self.history(&base).await;
            finished.retain(|event| event.event_type() == EventType::WorkflowTaskCompleted);
            if finished.is_empty() {
                continue;
            }
            let nth = self.below(finished.len() as u64) as usize;
            let finish = finished[nth].event_id;
            let request = ResetWorkflowExecutionRequest {
                namespace: NAMESPACE.to_owned(),
                workflow_execution: self.execution_of(&base),
                reason: "the seed decides it".to_owned(),
                workflow_task_finish_event_id: finish,
                request_id: format!("reset {number}"),
                identity: self.name.clone(),
                ..Default::default()
            };
            let reset = self
                .known(false, || {
                    let (world, from, request) = (&self.world, &self.name, request.clone());
                    async move { call!(world, from, reset_workflow_execution, REPLY, request) }
                })
                .await;
            let run = match reset.expect("it does not give up") {
                Ok(reset) => reset.run_id,
                Err(error) => panic!("reset of {} to event {finish}: {error}", self.id),
            };
            self.world
                .note(format_args!("{}: {run} follows {base}", self.name));
            resets.push(Reset { base, finish, run });
            // A copy of the request that arrives after the next reset would be another one.
            network::settle().await;
        }
        resets
    }

    async fn current_run(&self) -> String {
        let request = DescribeWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            execution: execution(&self.id),
        };
        let described = self
            .known(false, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move { call!(world, from, describe_workflow_execution, REPLY, request) }
            })
            .await;
        let described = described.expect("it does not give up");
        let described = described.unwrap_or_else(|error| panic!("{}: {error}", self.id));
        let info = described.workflow_execution_info.unwrap_or_default();
        info.execution.unwrap_or_default().run_id
    }

    async fn history(&self, run: &str) -> Vec<HistoryEvent> {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: self.execution_of(run),
            ..Default::default()
        };
        let page = self
            .known(false, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move { call!(world, from, get_workflow_execution_history, REPLY, request) }
            })
            .await;
        let page = page.expect("it does not give up");
        let page = page.unwrap_or_else(|error| panic!("{}: {error}", self.id));
        assert!(page.next_page_token.is_empty(), "histories are short");
        page.history.unwrap_or_default().events
    }

    fn execution_of(&self, run: &str) -> Option<WorkflowExecution> {
        Some(WorkflowExecution {
            workflow_id: self.id.clone(),
            run_id: run.to_owned(),
        })
    }
}

/// Checks the runs that were reset; returns how many there are.
pub(super) async fn check(world: &World, service: &Service, id: &str, resets: &[Reset]) -> usize {
    for (number, reset) in resets.iter().enumerate() {
        let base = check::run(service, id, &reset.base).await;
        let next = check::run(service, id, &reset.run).await;
        let place = usize::try_from(reset.finish - 1).expect("an event id");
        for (before, after) in base.events[..place].iter().zip(&next.events) {
            let (before, after) = (check::shown(before), check::shown(after));
            assert_eq!(before, after, "{id}: {} and its reset", reset.base);
        }
        match &next.events[place].attributes {
            Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => {
                assert_eq!(
                    failed.cause(),
                    WorkflowTaskFailedCause::ResetWorkflow,
                    "{id}"
                );
                assert_eq!(failed.base_run_id, reset.base, "{id}");
                assert_eq!(failed.new_run_id, reset.run, "{id}");
            }
            other => panic!("{id}: the reset fails a task: {other:?}"),
        }
        let ends = [Status::Completed, Status::Terminated];
        assert!(ends.contains(&base.status), "{id}: {:?}", base.status);
        if let Some(before) = number.checked_sub(1) {
            assert_eq!(resets[before].run, reset.base, "{id}");
        }
        check::replay(id, &base);
        check::record(world, id, &base);
        world.count("resets");
    }
    resets.len()
}
