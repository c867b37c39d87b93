//! Parents and their children, driven by raw commands: what the server does for one workflow after another has
//! asked for it.
//!
//! A parent that waits starts three children, each of which signals it and completes, one of them after it
//! has continued as new. A parent that leaves closes when its children have started; their close policies end
//! two of them, and the third one's timeout does.
//!
//! A target is signalled by its child again and again, by its workflow id, and continues as new after each signal,
//! so that some are delivered a second time to a later run than the one that has them.

use std::{rc::Rc, time::Duration};

use durably_proto::{
    api::{
        command::v1::{
            Command, ContinueAsNewWorkflowExecutionCommandAttributes,
            SignalExternalWorkflowExecutionCommandAttributes,
            StartChildWorkflowExecutionCommandAttributes, command::Attributes as Commands,
        },
        common::v1::{WorkflowExecution, WorkflowType},
        enums::v1::{CommandType, EventType, ParentClosePolicy, WorkflowExecutionStatus as Status},
        history::v1::{HistoryEvent, history_event::Attributes},
        workflowservice::v1::*,
    },
    wkt,
};

use super::{
    check::{self, RunOf, Service},
    network::call,
    worker::payloads,
    world::World,
};
use crate::raw::{
    NAMESPACE, cancel_workflow, command, complete_workflow, continue_as_new, task_queue,
};

/// The workflow type of a parent that waits for its children.
pub(super) const WAITS: &str = "Parent that waits";
/// The workflow type of a parent that leaves its children.
pub(super) const LEAVES: &str = "Parent that leaves";
/// The queue of families: workers of durably know no such workflows.
pub(super) const QUEUE: &str = "families";

/// The workflow type of a target.
pub(super) const TARGET: &str = "Target";
const SENDER: &str = "Sender";
/// How many signals a sender sends.
const SENT: usize = 6;

const SIGNALS: &str = "Child that signals";
const STAYS: &str = "Child that stays";

/// The children of a parent, by their policies.
const POLICIES: [ParentClosePolicy; 3] = [
    ParentClosePolicy::Terminate,
    ParentClosePolicy::Abandon,
    ParentClosePolicy::RequestCancel,
];
/// The one that continues as new.
const CONTINUES: usize = 1;

const POLL: Duration = Duration::from_secs(20);
const REPLY: Duration = Duration::from_secs(3);

/// The ids of a parent's children.
pub(super) fn children(parent: &str) -> impl Iterator<Item = String> {
    (0..POLICIES.len()).map(move |number| format!("{parent}-{number}"))
}

/// The id of the workflow that signals a target.
pub(super) fn sender(target: &str) -> String {
    format!("{target}-sender")
}

/// A worker of families, which has no cache and does not crash.
pub(super) async fn run(world: Rc<World>) {
    loop {
        let request = PollWorkflowTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: task_queue(QUEUE),
            identity: NAME.to_owned(),
            ..Default::default()
        };
        match call!(&world, NAME, poll_workflow_task_queue, POLL, request) {
            Ok(task) if task.task_token.is_empty() => {}
            Ok(task) => work(&world, task).await,
            Err(_) => pause(&world).await,
        }
    }
}

async fn work(world: &Rc<World>, task: PollWorkflowTaskQueueResponse) {
    assert!(task.next_page_token.is_empty(), "histories are short");
    let request = RespondWorkflowTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: task.task_token.clone(),
        commands: commands(&task),
        identity: NAME.to_owned(),
        ..Default::default()
    };
    // A task that is given up times out.
    for _ in 0..10 {
        let request = request.clone();
        match call!(world, NAME, respond_workflow_task_completed, REPLY, request) {
            Err(error) if error.is_transient() => pause(world).await,
            Ok(_) | Err(_) => return,
        }
    }
}

async fn pause(world: &World) {
    tokio::time::sleep(world.draw(|rng| rng.millis_below(1000))).await;
}

/// What a workflow does next, by its history.
fn commands(task: &PollWorkflowTaskQueueResponse) -> Vec<Command> {
    let own = task.workflow_execution.clone().unwrap_or_default();
    let own = own.workflow_id;
    let history = task.history.clone().unwrap_or_default().events;
    let has = |wanted: &[EventType]| count(&history, wanted);
    let kind = task.workflow_type.clone().unwrap_or_default().name;
    match kind.as_str() {
        WAITS | LEAVES if has(&[EventType::StartChildWorkflowExecutionInitiated]) == 0 => {
            start_children(&own, &kind)
        }
        WAITS if has(&ENDS) == POLICIES.len() => vec![complete_workflow()],
        LEAVES if has(&[EventType::ChildWorkflowExecutionStarted]) == POLICIES.len() => {
            vec![complete_workflow()]
        }
        SIGNALS if has(&[EventType::SignalExternalWorkflowExecutionInitiated]) == 0 => {
            vec![signal(&started(&history).0, &own)]
        }
        SIGNALS if has(&[EventType::ExternalWorkflowExecutionSignaled]) == 1 => {
            let continues = own.ends_with(&CONTINUES.to_string()) && started(&history).1;
            match continues {
                true => vec![continue_as_new(Default::default())],
                false => vec![complete_workflow()],
            }
        }
        TARGET => target(&own, &history),
        SENDER => {
            let sent = has(&[EventType::SignalExternalWorkflowExecutionInitiated]);
            match has(&[EventType::ExternalWorkflowExecutionSignaled]) {
                SENT => vec![complete_workflow()],
                answered if answered == sent => {
                    vec![signal(&started(&history).0, &format!("{own} {sent}"))]
                }
                _ => Vec::new(),
            }
        }
        STAYS if has(&[EventType::WorkflowExecutionCancelRequested]) == 1 => {
            vec![cancel_workflow()]
        }
        _ => Vec::new(),
    }
}

/// Starts the sender, and continues as new after each signal until it has all.
fn target(own: &str, history: &[HistoryEvent]) -> Vec<Command> {
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &history[0].attributes
    else {
        panic!("a history begins with its start");
    };
    let input = started.input.clone().unwrap_or_default().payloads;
    let before: usize = serde_json::from_slice(&input[0].data).expect("a number");
    let is_first = started.continued_execution_run_id.is_empty();
    let initiated = [EventType::StartChildWorkflowExecutionInitiated];
    if is_first && count(history, &initiated) == 0 {
        let child = StartChildWorkflowExecutionCommandAttributes {
            workflow_id: sender(own),
            workflow_type: Some(WorkflowType {
                name: SENDER.to_owned(),
            }),
            parent_close_policy: ParentClosePolicy::Abandon.into(),
            ..Default::default()
        };
        return vec![command(
            CommandType::StartChildWorkflowExecution,
            Commands::StartChildWorkflowExecutionCommandAttributes(child),
        )];
    }
    let signals = count(history, &[EventType::WorkflowExecutionSignaled]);
    match before + signals {
        all if all >= SENT => vec![complete_workflow()],
        some if signals > 0 => vec![continue_as_new(
            ContinueAsNewWorkflowExecutionCommandAttributes {
                input: Some(payloads(&some)),
                ..Default::default()
            },
        )],
        _ => Vec::new(),
    }
}

/// A run's parent, and whether it is the first run of its chain.
fn started(history: &[HistoryEvent]) -> (String, bool) {
    match &history[0].attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(it)) => {
            let parent = it.parent_workflow_execution.clone().unwrap_or_default();
            let is_first = it.continued_execution_run_id.is_empty();
            (parent.workflow_id, is_first)
        }
        other => panic!("a history begins with its start, not {other:?}"),
    }
}

fn start_children(parent: &str, kind: &str) -> Vec<Command> {
    let name = match kind {
        WAITS => SIGNALS,
        _ => STAYS,
    };
    let children = children(parent).zip(POLICIES).map(|(id, policy)| {
        let child = StartChildWorkflowExecutionCommandAttributes {
            workflow_id: id,
            workflow_type: Some(WorkflowType {
                name: name.to_owned(),
            }),
            workflow_run_timeout: (kind == LEAVES).then_some(wkt::Duration {
                seconds: 300,
                nanos: 0,
            }),
            parent_close_policy: policy.into(),
            ..Default::default()
        };
        command(
            CommandType::StartChildWorkflowExecution,
            Commands::StartChildWorkflowExecutionCommandAttributes(child),
        )
    });
    children.collect()
}

fn signal(parent: &str, name: &str) -> Command {
    let signal = SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(WorkflowExecution {
            workflow_id: parent.to_owned(),
            run_id: String::new(),
        }),
        signal_name: name.to_owned(),
        ..Default::default()
    };
    command(
        CommandType::SignalExternalWorkflowExecution,
        Commands::SignalExternalWorkflowExecutionCommandAttributes(signal),
    )
}

/// Checks a parent's history and its children; returns how many runs the children have.
pub(super) async fn check(service: &Service, parent: &str, leaves: bool) -> usize {
    let chain = check::chain(service, parent).await;
    let events = &chain.last().expect("a chain has a run").events;
    let times = |wanted: &[EventType]| count(events, wanted);
    let expected = POLICIES.len();
    let initiated = times(&[EventType::StartChildWorkflowExecutionInitiated]);
    assert_eq!(initiated, expected, "{parent}");
    let started = times(&[EventType::ChildWorkflowExecutionStarted]);
    assert_eq!(started, expected, "{parent}");
    if !leaves {
        assert_eq!(times(&ENDS), expected, "{parent}");
    }
    let mut runs = 0;
    for (number, child) in children(parent).enumerate() {
        let chain = check::chain(service, &child).await;
        runs += chain.len();
        let statuses: Vec<_> = chain.iter().map(|run| run.status).collect();
        let expected = match (leaves, POLICIES[number]) {
            (false, _) if number == CONTINUES => vec![Status::ContinuedAsNew, Status::Completed],
            (false, _) => vec![Status::Completed],
            (true, ParentClosePolicy::RequestCancel) => vec![Status::Canceled],
            (true, ParentClosePolicy::Abandon) => vec![Status::TimedOut],
            (true, _) => vec![Status::Terminated],
        };
        assert_eq!(statuses, expected, "{child}");
        if !leaves {
            let signals = events.iter().filter(|event| match &event.attributes {
                Some(Attributes::WorkflowExecutionSignaledEventAttributes(it)) => {
                    it.signal_name == child
                }
                _ => false,
            });
            assert_eq!(signals.count(), chain.len(), "signals of {child}");
        }
        for run in &chain {
            let cancels = count(&run.events, &[EventType::WorkflowExecutionCancelRequested]);
            assert!(cancels <= 1, "{child}");
            let answers = count(&run.events, &[EventType::ExternalWorkflowExecutionSignaled]);
            assert_eq!(answers, usize::from(!leaves), "{child}");
        }
    }
    runs
}

/// Checks that the runs of a target have each signal once; returns how many runs the sender has.
pub(super) async fn check_target(service: &Service, target: &str, chain: &[RunOf]) -> usize {
    let events = chain.iter().flat_map(|run| &run.events);
    let names: Vec<_> = events
        .filter_map(|event| match &event.attributes {
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(it)) => {
                Some(it.signal_name.clone())
            }
            _ => None,
        })
        .collect();
    let child = sender(target);
    let sent: Vec<_> = (0..SENT)
        .map(|number| format!("{child} {number}"))
        .collect();
    // One is sent when the one before has arrived.
    assert_eq!(names, sent, "{target}");
    let chain = check::chain(service, &child).await;
    let statuses: Vec<_> = chain.iter().map(|run| run.status).collect();
    assert_eq!(statuses, [Status::Completed], "{child}");
    let failed = [EventType::SignalExternalWorkflowExecutionFailed];
    assert_eq!(count(&chain[0].events, &failed), 0, "{child}");
    chain.len()
}

/// Waits until the children have ended.
pub(super) async fn until_ended(world: &World, parent: &str) {
    for child in children(parent) {
        super::until_ended(world, &child).await;
    }
}

fn count(events: &[HistoryEvent], wanted: &[EventType]) -> usize {
    let events = events.iter();
    events
        .filter(|it| wanted.contains(&it.event_type()))
        .count()
}

const ENDS: [EventType; 5] = [
    EventType::ChildWorkflowExecutionCompleted,
    EventType::ChildWorkflowExecutionFailed,
    EventType::ChildWorkflowExecutionCanceled,
    EventType::ChildWorkflowExecutionTerminated,
    EventType::ChildWorkflowExecutionTimedOut,
];
const NAME: &str = "worker of families";
