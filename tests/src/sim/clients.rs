//! The clients of a simulation: each starts a workflow and sends to it what its model can predict. A call
//! is repeated until its outcome is known; now and then a client gives up before.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};

use durably_proto::{
    api::{
        common::v1::{Payloads, RetryPolicy, WorkflowType},
        enums::v1::{
            ScheduleOverlapPolicy, UpdateWorkflowExecutionLifecycleStage as Stage,
            WorkflowIdReusePolicy,
        },
        failure::v1::{Failure, failure::FailureInfo},
        query::v1::WorkflowQuery,
        schedule::v1::{
            IntervalSpec, Schedule, ScheduleAction, SchedulePolicies, ScheduleSpec,
            schedule_action::Action,
        },
        update::v1::{Input, Meta, Request, WaitPolicy, outcome},
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::*,
    },
    wkt,
};
use tonic::Code;

use super::{
    check, families,
    network::{self, CallError, call},
    relatives::Errand,
    resets::Reset,
    schedules,
    schedules::Lifetime,
    worker::{QUEUE, payload, payloads},
    workflows::{Step, result_of},
    world::World,
};
use crate::{
    raw::{NAMESPACE, execution, task_queue},
    rng::mix,
};

/// A workflow of the simulation, and what is known about it.
pub(super) struct Case {
    pub(super) id: String,
    pub(super) model: Model,
}

/// What a workflow must come to.
pub(super) enum Model {
    Pipeline {
        result: u64,
        resets: Vec<Reset>,
    },
    Parent {
        start: u64,
        plan: Vec<Errand>,
    },
    Ledger {
        /// After how many messages a run continues as new; none does if they are fewer.
        continues: bool,
        resets: Vec<Reset>,
        sent: Rc<RefCell<Sent>>,
    },
    Stoppable {
        cancel_acknowledged: bool,
    },
    Retried {
        failures: u32,
    },
    Cron,
    TimesOut,
    Family {
        /// Whether the parent closes before its children.
        leaves: bool,
    },
    /// Takes signals of its child, and continues as new after each.
    Target,
    /// A schedule, which is no workflow.
    Schedule(Lifetime),
}

/// The messages to a [`Ledger`](super::workflows::Ledger), by their tags.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) signals: BTreeSet<u64>,
    pub(super) acknowledged_signals: BTreeSet<u64>,
    pub(super) updates: BTreeSet<u64>,
    pub(super) acknowledged_updates: BTreeSet<u64>,
}

/// One client.
pub(super) struct Client {
    pub(super) world: Rc<World>,
    pub(super) name: String,
    pub(super) id: String,
}

/// Starts a workflow of a kind that the seed decides, and sends to it what belongs to it. The workflow may still
/// run on return.
pub(super) async fn run(world: Rc<World>, number: u64) -> Case {
    let client = Client {
        name: format!("client {number}"),
        id: format!("w{number}"),
        world,
    };
    client.pause(40_000).await;
    let model = match client.below(16) {
        0 | 1 => client.pipeline().await,
        2..=4 => client.ledger().await,
        5 => client.stoppable().await,
        6 => client.retried().await,
        8 | 9 => client.family().await,
        10 => client.target().await,
        11 => client.schedule().await,
        12..=14 => client.parent().await,
        _ => match client.below(3) {
            0 => client.times_out().await,
            _ => client.cron().await,
        },
    };
    client.world.note(format_args!("{} is done", client.name));
    Case {
        id: client.id,
        model,
    }
}

impl Client {
    async fn pipeline(&self) -> Model {
        let start = self.below(1000);
        let length = 1 + self.below(6);
        let plan: Vec<Step> = (0..length).map(|_| self.step()).collect();
        let mut request = self.start_request("Pipeline");
        request.input = Some(Payloads {
            payloads: vec![payload(&start), payload(&plan)],
        });
        self.start(request).await;
        let mut resets = Vec::new();
        match self.below(4) {
            0 | 1 => self.pause_activities().await,
            2 => resets = self.reset().await,
            _ => {}
        }
        Model::Pipeline {
            result: result_of(start, &plan),
            resets,
        }
    }

    async fn parent(&self) -> Model {
        let start = self.below(1000);
        let length = 1 + self.below(5);
        let plan: Vec<Errand> = (0..length).map(|_| self.errand()).collect();
        let mut request = self.start_request("Parent");
        request.input = Some(Payloads {
            payloads: vec![payload(&start), payload(&plan)],
        });
        self.start(request).await;
        Model::Parent { start, plan }
    }

    fn errand(&self) -> Errand {
        match self.below(15) {
            0 => Errand::Asks,
            1 => Errand::AsksSeveral(1 + self.below(4)),
            2 => Errand::AsksOneThatFails,
            3 => Errand::AsksOneThatIsRetried(self.below(3) as u32),
            4 => Errand::AsksOneThatTimesOut,
            5 => Errand::Cancels(self.below(6000)),
            6 => Errand::CancelsById(self.below(6000)),
            7 => Errand::CancelsNobody,
            8 => Errand::Signals(1 + self.below(5)),
            9 => Errand::SignalsNobody,
            10 => Errand::IsSignalled(1 + self.below(4)),
            11 => Errand::StartsTwoOfAnId,
            12 => Errand::Leaves,
            13 => Errand::Races(self.below(8000)),
            _ => Errand::Races(self.below(100)),
        }
    }

    fn step(&self) -> Step {
        match self.below(15) {
            0 => Step::Sleep(self.below(20_000)),
            1 => Step::One,
            2 => Step::Flaky(self.below(4) as u32),
            3 => Step::Broken,
            4 => Step::Long(self.below(8) as u32),
            5 => Step::Several(1 + self.below(4)),
            6 => Step::Cancelled(self.below(6000)),
            7 => Step::Local(self.below(4) as u32),
            8 => Step::LocalBroken,
            9 => Step::Mixed(1 + self.below(4)),
            10 => Step::LocalRace(self.below(1000)),
            11 => Step::Recorded,
            12 => Step::Patched,
            13 => Step::Later,
            _ => Step::Race(self.below(300)),
        }
    }

    async fn ledger(&self) -> Model {
        let continues = self.below(2) == 0;
        let limit: usize = match continues {
            true => 3,
            false => 1000,
        };
        let mut request = self.start_request("Ledger");
        request.input = Some(Payloads {
            payloads: vec![payload(&limit), payload(&Vec::<u64>::new())],
        });
        self.start(request).await;
        let sent = Rc::new(RefCell::new(Sent::default()));
        let count = 2 + self.below(8);
        // The reset of a later run would bring messages along that an earlier one has.
        let is_reset = !continues && self.below(2) == 0;
        let messages = (0..count).map(|tag| self.message(tag, &sent, is_reset));
        let messages = futures::future::join_all(messages);
        let resets = async {
            match is_reset {
                true => self.reset().await,
                false => Vec::new(),
            }
        };
        let (_, resets) = futures::join!(messages, resets);
        self.signal("finish", 0).await;
        Model::Ledger {
            continues,
            resets,
            sent,
        }
    }

    /// Sends one message, after a while, to a workflow that may be reset meanwhile.
    async fn message(&self, tag: u64, sent: &RefCell<Sent>, is_reset: bool) {
        self.pause(30_000).await;
        match self.below(5) {
            0 | 1 => {
                sent.borrow_mut().signals.insert(tag);
                if self.signal("add", tag).await {
                    self.world
                        .note(format_args!("{}: signal {tag} is acknowledged", self.name));
                    sent.borrow_mut().acknowledged_signals.insert(tag);
                }
            }
            2 | 3 => {
                sent.borrow_mut().updates.insert(tag);
                if self.update(tag, is_reset).await {
                    self.world
                        .note(format_args!("{}: update {tag} is acknowledged", self.name));
                    sent.borrow_mut().acknowledged_updates.insert(tag);
                }
            }
            _ => self.query(sent, is_reset).await,
        }
    }

    /// Whether the signal was acknowledged.
    async fn signal(&self, name: &str, tag: u64) -> bool {
        let request = SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(&self.id),
            signal_name: name.to_owned(),
            input: (name == "add").then(|| payloads(&tag)),
            request_id: format!("{name} {tag}"),
            identity: self.name.clone(),
            ..Default::default()
        };
        let may_give_up = name == "add";
        let acknowledged = self
            .known(may_give_up, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move { call!(world, from, signal_workflow_execution, REPLY, request) }
            })
            .await;
        match acknowledged {
            Some(Ok(_)) => true,
            None => false,
            // The run may end before the repetition of the signal that has ended it.
            Some(Err(error)) if name == "finish" && error.code() == Some(Code::NotFound) => true,
            Some(Err(error)) => panic!("signal {tag} to {}: {error}", self.id),
        }
    }

    /// Whether the update was acknowledged as done.
    async fn update(&self, tag: u64, is_reset: bool) -> bool {
        let request = UpdateWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(&self.id),
            wait_policy: Some(WaitPolicy {
                lifecycle_stage: Stage::Completed.into(),
            }),
            request: Some(Request {
                meta: Some(Meta {
                    update_id: format!("update {tag}"),
                    identity: self.name.clone(),
                }),
                input: Some(Input {
                    name: "apply".to_owned(),
                    args: Some(payloads(&tag)),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        loop {
            let answered = self
                .known(true, || {
                    let (world, from, request) = (&self.world, &self.name, request.clone());
                    async move { call!(world, from, update_workflow_execution, LONG_REPLY, request) }
                })
                .await;
            let outcome = match answered {
                None => return false,
                Some(Ok(response)) => response.outcome.and_then(|outcome| outcome.value),
                // A task of the workflow has failed several times; it is tried again.
                Some(Err(error)) if error.code() == Some(Code::FailedPrecondition) => {
                    self.pause(3000).await;
                    continue;
                }
                // The run that it had come to was reset before it was accepted.
                Some(Err(error)) if is_reset && error.code() == Some(Code::NotFound) => continue,
                Some(Err(error)) => panic!("update {tag} of {}: {error}", self.id),
            };
            match outcome {
                // It is not done yet.
                None => {}
                Some(outcome::Value::Success(result)) => {
                    assert_ne!(tag % 5, 0, "update {tag} is to be rejected");
                    assert_eq!(result, payloads(&mix(tag)), "update {tag} of {}", self.id);
                    return true;
                }
                // It was accepted by a run that was reset before it had ended.
                Some(outcome::Value::Failure(failure)) if is_reset && is_cut_off(&failure) => {}
                Some(outcome::Value::Failure(failure)) => {
                    assert_eq!(tag % 5, 0, "update {tag} of {}: {failure:?}", self.id);
                    return false;
                }
            }
        }
    }

    /// Asks for the tags: all that were acknowledged before, and none that was not sent. A run that is reset before it
    /// has answered answers with what it had handled.
    async fn query(&self, sent: &RefCell<Sent>, is_reset: bool) {
        let before: Vec<u64> = {
            let sent = sent.borrow();
            let all = sent.acknowledged_signals.iter();
            all.chain(&sent.acknowledged_updates).copied().collect()
        };
        let request = QueryWorkflowRequest {
            namespace: NAMESPACE.to_owned(),
            execution: execution(&self.id),
            query: Some(WorkflowQuery {
                query_type: "tags".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let answered = self
            .known(true, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move { call!(world, from, query_workflow, LONG_REPLY, request) }
            })
            .await;
        let Some(answered) = answered else { return };
        let response = match answered {
            Ok(response) => response,
            // A run that has not handled its first task cannot be queried.
            Err(error) if error.code() == Some(Code::FailedPrecondition) => return,
            Err(error) => panic!("query of {}: {error}", self.id),
        };
        let result = response.query_result.unwrap_or_default().payloads;
        let tags: Vec<u64> = serde_json::from_slice(&result[0].data).expect("tags are numbers");
        self.world
            .note(format_args!("{} sees {tags:?} of {before:?}", self.name));
        for tag in before.into_iter().filter(|_| !is_reset) {
            assert!(tags.contains(&tag), "{}: {tag} is not in {tags:?}", self.id);
        }
        let sent = sent.borrow();
        for tag in tags {
            assert!(sent.signals.contains(&tag) || sent.updates.contains(&tag));
        }
        self.world.count("queries answered");
    }

    async fn stoppable(&self) -> Model {
        let mut request = self.start_request("Stoppable");
        request.input = Some(payloads(&40_u64));
        self.start(request).await;
        let cancels = self.below(4) != 0;
        if !cancels {
            return Model::Stoppable {
                cancel_acknowledged: false,
            };
        }
        self.pause(30_000).await;
        let request = RequestCancelWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(&self.id),
            identity: self.name.clone(),
            request_id: "cancel".to_owned(),
            ..Default::default()
        };
        let cancelled = self
            .known(false, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move {
                    call!(
                        world,
                        from,
                        request_cancel_workflow_execution,
                        REPLY,
                        request
                    )
                }
            })
            .await;
        match cancelled {
            Some(Ok(_)) => Model::Stoppable {
                cancel_acknowledged: true,
            },
            // It has ended, of itself or by the first of the repeated requests.
            Some(Err(error)) if error.code() == Some(Code::NotFound) => Model::Stoppable {
                cancel_acknowledged: false,
            },
            Some(Err(error)) => panic!("cancellation of {}: {error}", self.id),
            None => unreachable!("it does not give up"),
        }
    }

    async fn retried(&self) -> Model {
        let failures = self.below(4) as u32;
        let mut request = self.start_request("Retried");
        request.input = Some(payloads(&failures));
        request.retry_policy = Some(RetryPolicy {
            initial_interval: seconds(1),
            backoff_coefficient: 2.0,
            ..Default::default()
        });
        self.start(request).await;
        Model::Retried { failures }
    }

    async fn cron(&self) -> Model {
        let mut request = self.start_request("Tick");
        request.cron_schedule = format!("@every {}s", check::CRON.as_secs());
        self.start(request).await;
        self.pause(150_000).await;
        let request = TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(&self.id),
            identity: self.name.clone(),
            ..Default::default()
        };
        let terminated = self
            .known(false, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move { call!(world, from, terminate_workflow_execution, REPLY, request) }
            })
            .await;
        match terminated {
            Some(Ok(_)) => Model::Cron,
            Some(Err(error)) if error.code() == Some(Code::NotFound) => Model::Cron,
            other => panic!("termination of {}: {:?}", self.id, other.map(|it| it.err())),
        }
    }

    async fn times_out(&self) -> Model {
        let mut request = self.start_request("Stoppable");
        request.input = Some(payloads(&3600_u64));
        request.workflow_run_timeout = seconds(20);
        self.start(request).await;
        Model::TimesOut
    }

    async fn target(&self) -> Model {
        let request = StartWorkflowExecutionRequest {
            task_queue: task_queue(families::QUEUE),
            input: Some(payloads(&0_usize)),
            ..self.start_request(families::TARGET)
        };
        self.start(request).await;
        Model::Target
    }

    /// Creates a schedule, and deletes it after a while.
    async fn schedule(&self) -> Model {
        let interval = IntervalSpec {
            interval: seconds(schedules::INTERVAL.as_secs() as i64),
            phase: None,
        };
        let workflow = NewWorkflowExecutionInfo {
            workflow_id: self.id.clone(),
            workflow_type: Some(WorkflowType {
                name: "Pipeline".to_owned(),
            }),
            task_queue: task_queue(QUEUE),
            input: Some(Payloads {
                payloads: vec![payload(&1_u64), payload(&[Step::One])],
            }),
            ..Default::default()
        };
        let request = CreateScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            schedule: Some(Schedule {
                spec: Some(ScheduleSpec {
                    interval: vec![interval],
                    ..Default::default()
                }),
                action: Some(ScheduleAction {
                    action: Some(Action::StartWorkflow(workflow)),
                }),
                policies: Some(SchedulePolicies {
                    overlap_policy: ScheduleOverlapPolicy::AllowAll.into(),
                    ..Default::default()
                }),
                state: None,
            }),
            request_id: format!("create {}", self.id),
            identity: self.name.clone(),
            ..Default::default()
        };
        let created = self
            .known(false, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move { call!(world, from, create_schedule, REPLY, request) }
            })
            .await;
        assert!(
            created.is_some_and(|it| it.is_ok()),
            "{} was created",
            self.id
        );
        let created = self.world.start.elapsed();
        // A copy of the creation that arrives after the deletion creates the schedule again.
        network::settle().await;
        self.pause(150_000).await;
        let deleted = self.world.start.elapsed();
        let request = DeleteScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            identity: self.name.clone(),
        };
        let answered = self
            .known(false, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move { call!(world, from, delete_schedule, REPLY, request) }
            })
            .await;
        match answered {
            Some(Ok(_)) => {}
            // The first of the repeated requests has deleted it.
            Some(Err(error)) if error.code() == Some(Code::NotFound) => {}
            other => panic!("deletion of {}: {:?}", self.id, other.map(|it| it.err())),
        }
        Model::Schedule(Lifetime { created, deleted })
    }

    async fn family(&self) -> Model {
        let leaves = self.below(2) == 0;
        let kind = match leaves {
            true => families::LEAVES,
            false => families::WAITS,
        };
        let request = StartWorkflowExecutionRequest {
            task_queue: task_queue(families::QUEUE),
            ..self.start_request(kind)
        };
        self.start(request).await;
        Model::Family { leaves }
    }

    fn start_request(&self, workflow_type: &str) -> StartWorkflowExecutionRequest {
        StartWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_id: self.id.clone(),
            workflow_type: Some(WorkflowType {
                name: workflow_type.to_owned(),
            }),
            task_queue: task_queue(QUEUE),
            identity: self.name.clone(),
            request_id: format!("start {}", self.id),
            // A request that arrives twice must not start a second chain when the first one has ended.
            workflow_id_reuse_policy: WorkflowIdReusePolicy::RejectDuplicate.into(),
            ..Default::default()
        }
    }

    async fn start(&self, request: StartWorkflowExecutionRequest) {
        let started = self
            .known(false, || {
                let (world, from, request) = (&self.world, &self.name, request.clone());
                async move { call!(world, from, start_workflow_execution, REPLY, request) }
            })
            .await;
        match started {
            Some(Ok(_)) => {}
            // The first of the repeated requests has started it, and a later run is there.
            Some(Err(error)) if error.code() == Some(Code::AlreadyExists) => {}
            other => panic!("start of {}: {:?}", self.id, other.map(|it| it.err())),
        }
    }

    /// Repeats a call until its outcome is known; `None` if the client gives up.
    pub(super) async fn known<R, F>(
        &self,
        may_give_up: bool,
        mut attempt: impl FnMut() -> F,
    ) -> Option<Result<R, CallError>>
    where
        F: Future<Output = Result<R, CallError>>,
    {
        loop {
            match attempt().await {
                Err(error) if error.is_transient() => {
                    if may_give_up && self.world.fault("calls given up", 5) {
                        return None;
                    }
                    self.pause(1000).await;
                }
                known => return Some(known),
            }
        }
    }

    pub(super) fn below(&self, end: u64) -> u64 {
        self.world.draw(|rng| rng.below(end))
    }

    pub(super) async fn pause(&self, longest: u64) {
        let pause = self.world.draw(|rng| rng.millis_below(longest));
        tokio::time::sleep(pause).await;
    }
}

/// Whether an update failed because its run closed before it had ended.
fn is_cut_off(failure: &Failure) -> bool {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(app)) => {
            app.r#type == "AcceptedUpdateCompletedWorkflow"
        }
        _ => false,
    }
}

fn seconds(seconds: i64) -> Option<wkt::Duration> {
    Some(wkt::Duration { seconds, nanos: 0 })
}

pub(super) const REPLY: Duration = Duration::from_secs(3);
const LONG_REPLY: Duration = Duration::from_secs(15);
