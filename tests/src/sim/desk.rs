//! A desk beside the workers: it completes the activities that they leave open, by their tokens or by their ids.

use std::rc::Rc;

use durably_proto::api::{
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    workflowservice::v1::*,
};
use tonic::Code;

use super::{
    clients::REPLY,
    network::{CallError, call},
    worker::payloads,
    world::World,
};
use crate::{raw::NAMESPACE, rng::mix};

/// One attempt at an activity that a worker has left open.
struct Open {
    world: Rc<World>,
    task: PollActivityTaskQueueResponse,
    by_id: bool,
}

/// Takes an attempt over. The desk may forget it; then it times out, as any other.
pub(super) fn take(world: &Rc<World>, task: PollActivityTaskQueueResponse) {
    let by_id = world.draw(|rng| rng.one_in(2));
    let open = Open {
        world: Rc::clone(world),
        task,
        by_id,
    };
    tokio::task::spawn_local(async move {
        open.pause(6000).await;
        if open.world.fault("activities left open for ever", 8) {
            return;
        }
        open.heartbeat().await;
        open.pause(3000).await;
        let fails = open.task.attempt == 1 && open.world.draw(|rng| rng.one_in(4));
        match fails {
            true => open.fail().await,
            false => open.complete().await,
        }
    });
}

impl Open {
    /// The ids of its workflow, run and activity.
    fn ids(&self) -> (String, String, String) {
        let run = self.task.workflow_execution.clone().unwrap_or_default();
        (run.workflow_id, run.run_id, self.task.activity_id.clone())
    }

    async fn heartbeat(&self) {
        let (world, token) = (&self.world, self.task.task_token.clone());
        let namespace = NAMESPACE.to_owned();
        if self.by_id {
            let (workflow_id, run_id, activity_id) = self.ids();
            let request = RecordActivityTaskHeartbeatByIdRequest {
                namespace,
                workflow_id,
                run_id,
                activity_id,
                ..Default::default()
            };
            // The next one may arrive, or the end.
            let _ = call!(
                world,
                NAME,
                record_activity_task_heartbeat_by_id,
                REPLY,
                request
            );
        } else {
            let request = RecordActivityTaskHeartbeatRequest {
                namespace,
                task_token: token,
                ..Default::default()
            };
            let _ = call!(world, NAME, record_activity_task_heartbeat, REPLY, request);
        }
    }

    async fn complete(&self) {
        let input = self.task.input.clone().unwrap_or_default().payloads;
        let number: u64 = serde_json::from_slice(&input[0].data).expect("a number");
        let result = Some(payloads(&mix(number)));
        let (world, by_id) = (&self.world, self.by_id);
        let ((workflow_id, run_id, activity_id), namespace) = (self.ids(), NAMESPACE.to_owned());
        let request = RespondActivityTaskCompletedRequest {
            namespace: namespace.clone(),
            task_token: self.task.task_token.clone(),
            result: result.clone(),
            ..Default::default()
        };
        let request_by_id = RespondActivityTaskCompletedByIdRequest {
            namespace,
            workflow_id,
            run_id,
            activity_id,
            result,
            ..Default::default()
        };
        world.count("activities completed by a desk");
        self.until_known(async || match by_id {
            false => {
                let request = request.clone();
                let sent = call!(world, NAME, respond_activity_task_completed, REPLY, request);
                sent.map(drop)
            }
            true => {
                let request = request_by_id.clone();
                let sent = call!(
                    world,
                    NAME,
                    respond_activity_task_completed_by_id,
                    REPLY,
                    request
                );
                sent.map(drop)
            }
        })
        .await;
    }

    async fn fail(&self) {
        let failure = Some(Failure {
            message: "the desk is closed".to_owned(),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(
                ApplicationFailureInfo::default(),
            )),
            ..Default::default()
        });
        let (world, by_id) = (&self.world, self.by_id);
        let ((workflow_id, run_id, activity_id), namespace) = (self.ids(), NAMESPACE.to_owned());
        let request = RespondActivityTaskFailedRequest {
            namespace: namespace.clone(),
            task_token: self.task.task_token.clone(),
            failure: failure.clone(),
            ..Default::default()
        };
        let request_by_id = RespondActivityTaskFailedByIdRequest {
            namespace,
            workflow_id,
            run_id,
            activity_id,
            failure,
            ..Default::default()
        };
        world.count("activities failed by a desk");
        self.until_known(async || match by_id {
            false => {
                let request = request.clone();
                let sent = call!(world, NAME, respond_activity_task_failed, REPLY, request);
                sent.map(drop)
            }
            true => {
                let request = request_by_id.clone();
                let sent = call!(
                    world,
                    NAME,
                    respond_activity_task_failed_by_id,
                    REPLY,
                    request
                );
                sent.map(drop)
            }
        })
        .await;
    }

    /// Repeats a report until its outcome is known.
    async fn until_known(&self, mut report: impl AsyncFnMut() -> Result<(), CallError>) {
        loop {
            match report().await {
                Ok(()) => return,
                Err(error) if error.is_transient() => self.pause(1000).await,
                // The attempt is over: it has timed out, or an earlier copy of the report has ended it.
                Err(error) if error.code() == Some(Code::NotFound) => return,
                Err(error) => panic!("report of an activity: {error}"),
            }
        }
    }

    async fn pause(&self, longest: u64) {
        let pause = self.world.draw(|rng| rng.millis_below(longest));
        tokio::time::sleep(pause).await;
    }
}

const NAME: &str = "desk";
