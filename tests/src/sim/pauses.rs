//! Pauses of activities, which hold until they are taken back, however often the server crashes meanwhile.

use std::collections::BTreeSet;

use durably_proto::api::workflowservice::v1::{
    pause_activity_request::Activity as Paused, unpause_activity_request::Activity as Unpaused, *,
};
use tonic::Code;

use super::{
    clients::{Client, REPLY},
    network::{self, CallError, call},
};
use crate::raw::{NAMESPACE, execution};

impl Client {
    /// Pauses the pending activities of a type for a while, if there are any.
    pub(super) async fn pause_activities(&self) {
        for kind in ["step", "flaky", "long"] {
            self.pause(3000).await;
            let request = PauseActivityRequest {
                namespace: NAMESPACE.to_owned(),
                execution: execution(&self.id),
                identity: self.name.clone(),
                activity: Some(Paused::Type(kind.to_owned())),
                request_id: format!("pause {kind}"),
                ..Default::default()
            };
            let paused = self
                .known(false, || {
                    let (world, from, request) = (&self.world, &self.name, request.clone());
                    async move { call!(world, from, pause_activity, REPLY, request) }
                })
                .await;
            match outcome(paused) {
                Ok(()) | Err(Code::NotFound | Code::FailedPrecondition) => {}
                Err(code) => panic!("pause of activities of {}: {code}", self.id),
            }
        }
        // A copy of a pause that arrives after its end would pause the activities again.
        network::settle().await;
        let mut held: Option<BTreeSet<String>> = None;
        for _ in 0..4 {
            self.pause(5000).await;
            let Some(found) = self.described().await else {
                continue;
            };
            let pending = found.pending_activities.into_iter();
            let (paused, others): (Vec<_>, Vec<_>) = pending.partition(|it| it.paused);
            let ids = |activities: Vec<_>| activities.into_iter().map(id).collect();
            let (paused, others): (BTreeSet<String>, BTreeSet<String>) = (ids(paused), ids(others));
            if let Some(held) = &held {
                let lost: Vec<_> = held.intersection(&others).collect();
                assert!(lost.is_empty(), "{}: {lost:?} are not paused", self.id);
            }
            for _ in &paused {
                self.world.count("activities seen paused");
            }
            held = Some(paused);
        }
        let request = UnpauseActivityRequest {
            namespace: NAMESPACE.to_owned(),
            execution: execution(&self.id),
            identity: self.name.clone(),
            activity: Some(Unpaused::UnpauseAll(true)),
            ..Default::default()
        };
        let unpaused = self
            .known(false, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move { call!(world, from, unpause_activity, REPLY, request) }
            })
            .await;
        match outcome(unpaused) {
            Ok(()) | Err(Code::NotFound | Code::FailedPrecondition) => {}
            Err(code) => panic!("unpause of activities of {}: {code}", self.id),
        }
    }

    /// None if no server is there to ask.
    async fn described(&self) -> Option<DescribeWorkflowExecutionResponse> {
        let request = DescribeWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            execution: execution(&self.id),
        };
        let (world, from) = (&self.world, &self.name);
        call!(world, from, describe_workflow_execution, REPLY, request).ok()
    }
}

fn id(activity: durably_proto::api::workflow::v1::PendingActivityInfo) -> String {
    activity.activity_id
}

/// The code of a refusal.
fn outcome<R>(known: Option<Result<R, CallError>>) -> Result<(), Code> {
    match known.expect("it does not give up") {
        Ok(_) => Ok(()),
        Err(error) => Err(error.code().expect("the outcome is known")),
    }
}
