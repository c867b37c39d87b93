//! What must hold when all workflows of a simulation have ended: the models of the workflows, against the
//! histories that the server keeps.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use durably::{client::History, replay::Replayer};
use durably_proto::{
    api::{
        common::v1::{Payloads, WorkflowExecution},
        enums::v1::{EventType, WorkflowExecutionStatus as Status},
        history::v1::{self as proto, HistoryEvent, history_event::Attributes},
        workflowservice::v1::*,
    },
    service::workflow::workflow_service_server::WorkflowService,
};
use tonic::Request;

use super::{
    clients::{Case, Model, Sent},
    relatives::{self, Child, Parent},
    worker::{QUEUE, payloads},
    workflows::{Ledger, Pipeline, Retried, Stoppable, Tick},
    world::World,
};
use crate::{
    history::next_run_id,
    raw::{NAMESPACE, execution, task_queue},
};

pub(super) type Service = Arc<dyn WorkflowService>;

/// One run: its history and its end.
pub(super) struct RunOf {
    pub(super) events: Vec<HistoryEvent>,
    pub(super) status: Status,
}

/// An event as the trace has it: the details of a marker are in an order.
pub(super) fn shown(event: &HistoryEvent) -> String {
    let mut event = event.clone();
    let details: BTreeMap<_, _> = match &mut event.attributes {
        Some(Attributes::MarkerRecordedEventAttributes(marker)) => {
            std::mem::take(&mut marker.details).into_iter().collect()
        }
        _ => BTreeMap::new(),
    };
    format!("{event:?} {details:?}")
}

/// Adds a run to the trace.
pub(super) fn record(world: &World, id: &str, run: &RunOf) {
    world.count("runs");
    for event in &run.events {
        world.count("events");
        world.note(format_args!("{id} {}", shown(event)));
    }
}

/// The status of the latest run of a workflow.
pub(super) async fn status(service: &Service, id: &str) -> Option<(String, Status)> {
    let request = Request::new(DescribeWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        execution: execution(id),
    });
    let described = service.describe_workflow_execution(request).await.ok()?;
    let info = described.into_inner().workflow_execution_info?;
    let status = info.status();
    Some((info.execution.unwrap_or_default().run_id, status))
}

/// The runs of a workflow, the first one first.
pub(super) async fn chain(service: &Service, id: &str) -> Vec<RunOf> {
    let mut chain = Vec::new();
    let mut next = status(service, id).await.expect("it was started").0;
    while !next.is_empty() {
        let run = run(service, id, &next).await;
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) =
            &run.events[0].attributes
        else {
            panic!("{id}: the history of {next} does not begin with its start");
        };
        next.clone_from(&started.continued_execution_run_id);
        chain.insert(0, run);
    }
    chain
}

pub(super) async fn run(service: &Service, id: &str, run_id: &str) -> RunOf {
    RunOf {
        events: history(service, id, run_id).await,
        status: status_of_run(service, id, run_id).await,
    }
}

async fn status_of_run(service: &Service, id: &str, run_id: &str) -> Status {
    let request = Request::new(DescribeWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        execution: Some(WorkflowExecution {
            workflow_id: id.to_owned(),
            run_id: run_id.to_owned(),
        }),
    });
    let described = service.describe_workflow_execution(request).await;
    let info = described.expect("the run is there").into_inner();
    info.workflow_execution_info.unwrap_or_default().status()
}

async fn history(service: &Service, id: &str, run_id: &str) -> Vec<HistoryEvent> {
    let mut events = Vec::new();
    let mut token = Vec::new();
    loop {
        let request = Request::new(GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: Some(WorkflowExecution {
                workflow_id: id.to_owned(),
                run_id: run_id.to_owned(),
            }),
            next_page_token: token,
            ..Default::default()
        });
        let page = service.get_workflow_execution_history(request).await;
        let page = page.expect("the history is there").into_inner();
        events.extend(page.history.unwrap_or_default().events);
        token = page.next_page_token;
        if token.is_empty() {
            return events;
        }
    }
}

/// Checks one workflow.
pub(super) fn workflow(case: &Case, chain: &[RunOf]) {
    let id = &case.id;
    for (number, run) in chain.iter().enumerate() {
        for (nth, event) in run.events.iter().enumerate() {
            assert_eq!(event.event_id, nth as i64 + 1, "{id}: history has a gap");
        }
        let is_last = number + 1 == chain.len();
        assert_eq!(
            is_last,
            run.events.last().and_then(next_run_id).is_none(),
            "{id}: run {number} of {} leads to the next one",
            chain.len()
        );
        // The code of families is in this simulation's own worker.
        if !matches!(case.model, Model::Family { .. } | Model::Target) {
            replay(id, run);
        }
    }
    let statuses: Vec<_> = chain.iter().map(|run| run.status).collect();
    let last = chain.last().expect("a chain has a run");
    match &case.model {
        Model::Pipeline { result, .. } => {
            assert_eq!(statuses, [Status::Completed], "{id}");
            assert_eq!(result_of(last), payloads(result), "{id}");
        }
        Model::Ledger {
            continues, sent, ..
        } => {
            let (end, before) = statuses.split_last().expect("a chain has a run");
            assert_eq!(*end, Status::Completed, "{id}");
            assert!(
                before.iter().all(|it| *it == Status::ContinuedAsNew),
                "{id}"
            );
            assert!(*continues || before.is_empty(), "{id}");
            ledger(id, &sent.borrow(), *continues, chain);
        }
        Model::Parent { start, plan } => {
            assert_eq!(statuses, [Status::Completed], "{id}");
            let result = relatives::result_of(*start, plan);
            assert_eq!(result_of(last), payloads(&result), "{id}");
        }
        Model::Stoppable {
            cancel_acknowledged,
        } => {
            let cancels = count(last, EventType::WorkflowExecutionCancelRequested);
            let slept = has_slept(last);
            assert!(
                cancels == 1 || !cancel_acknowledged,
                "{id}: {cancels} cancels"
            );
            let expected = match slept {
                true => Status::Completed,
                false => Status::Canceled,
            };
            assert_eq!(statuses, [expected], "{id}");
        }
        Model::Retried { failures } => {
            let mut expected = vec![Status::Failed; *failures as usize];
            expected.push(Status::Completed);
            assert_eq!(statuses, expected, "{id}");
            assert_eq!(result_of(last), payloads(&(failures + 1)), "{id}");
        }
        Model::Cron => {
            let (end, before) = statuses.split_last().expect("a chain has a run");
            assert_eq!(*end, Status::Terminated, "{id}");
            for run in chain {
                cron_is_on_time(id, run);
            }
            for (number, status) in before.iter().enumerate() {
                assert_eq!(*status, Status::Completed, "{id}");
                let count = number as u64 + 1;
                assert_eq!(result_of(&chain[number]), payloads(&count), "{id}");
            }
        }
        Model::TimesOut => assert_eq!(statuses, [Status::TimedOut], "{id}"),
        Model::Family { .. } => assert_eq!(statuses, [Status::Completed], "{id}"),
        Model::Schedule(_) => panic!("{id} is no workflow"),
        Model::Target => {
            let (end, before) = statuses.split_last().expect("a chain has a run");
            assert_eq!(*end, Status::Completed, "{id}");
            let mut before = before.iter();
            assert!(before.all(|it| *it == Status::ContinuedAsNew), "{id}");
        }
    }
}

/// The schedule of a cron workflow.
pub(super) const CRON: Duration = Duration::from_secs(20);
/// How late a run of it may be, for a server that is down or recovers.
const LATEST: Duration = Duration::from_secs(15);

/// Whether the sleep of a workflow ended before the workflow knew of its cancellation: if one task brings
/// both, the timer has fired.
fn has_slept(run: &RunOf) -> bool {
    let place = |wanted| run.events.iter().position(|it| it.event_type() == wanted);
    let Some(fired) = place(EventType::TimerFired) else {
        return false;
    };
    let Some(cancelled) = place(EventType::WorkflowExecutionCancelRequested) else {
        return true;
    };
    // The start of the first task that brought the request and was completed.
    let mut starts = run
        .events
        .iter()
        .filter_map(|event| match &event.attributes {
            Some(Attributes::WorkflowTaskCompletedEventAttributes(it)) => {
                usize::try_from(it.started_event_id - 1).ok()
            }
            _ => None,
        });
    let brought = starts.find(|start| *start > cancelled);
    brought.is_none_or(|start| fired < start)
}

/// No tick of the schedule was missed: a run waits for the next one, and is late by the faults only.
fn cron_is_on_time(id: &str, run: &RunOf) {
    let at = |event: &HistoryEvent| {
        let time = event.event_time.expect("an event has its time");
        Duration::new(time.seconds.unsigned_abs(), time.nanos.unsigned_abs())
    };
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) =
        &run.events[0].attributes
    else {
        panic!("{id}: a history begins with its start");
    };
    let backoff = started.first_workflow_task_backoff.unwrap_or_default();
    let backoff = Duration::new(backoff.seconds.unsigned_abs(), backoff.nanos.unsigned_abs());
    assert!(backoff <= CRON, "{id}: a run waits {backoff:?}");
    // The end is the other event that a run without a task has.
    let waited = at(&run.events[1]) - at(&run.events[0]);
    let is_scheduled = run.events[1].event_type() == EventType::WorkflowTaskScheduled;
    assert!(
        !is_scheduled || waited >= backoff,
        "{id}: a run begins after {waited:?} instead of {backoff:?}"
    );
    assert!(
        waited <= backoff + LATEST,
        "{id}: a run begins after {waited:?} instead of {backoff:?}"
    );
}

/// Every acknowledged message is in a history once; what the workflow has seen is what the histories say.
fn ledger(id: &str, sent: &Sent, continues: bool, chain: &[RunOf]) {
    let mut tags: BTreeMap<u64, u64> = BTreeMap::new();
    for run in chain {
        let mut of_run: BTreeMap<u64, u64> = BTreeMap::new();
        for event in &run.events {
            let input = match &event.attributes {
                // A reset has brought the update along; it is accepted under its id.
                Some(Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(it)) => {
                    let input = it
                        .request
                        .as_ref()
                        .and_then(|request| request.input.as_ref());
                    input.and_then(|input| input.args.as_ref())
                }
                Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(it))
                    if it.accepted_request.is_none() =>
                {
                    continue;
                }
                Some(Attributes::WorkflowExecutionSignaledEventAttributes(it))
                    if it.signal_name == "add" =>
                {
                    it.input.as_ref()
                }
                Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(it)) => {
                    let request = it.accepted_request.as_ref();
                    let input = request.and_then(|request| request.input.as_ref());
                    input.and_then(|input| input.args.as_ref())
                }
                _ => continue,
            };
            let input = input.expect("a message has a tag");
            let tag: u64 = serde_json::from_slice(&input.payloads[0].data).expect("a number");
            *of_run.entry(tag).or_default() += 1;
            *tags.entry(tag).or_default() += 1;
        }
        for (tag, count) in of_run {
            assert_eq!(
                count, 1,
                "{id}: message {tag} is in the history of a run twice"
            );
        }
    }
    for tag in sent
        .acknowledged_signals
        .iter()
        .chain(&sent.acknowledged_updates)
    {
        let count = tags.get(tag).copied().unwrap_or(0);
        // The next run does not know the ids of the requests to the one before, so that the repetition of
        // a request whose acknowledgement was lost is a new one to it.
        assert!(
            count == 1 || (continues && count > 1),
            "{id}: the acknowledged message {tag} is in history {count} times"
        );
    }
    for tag in tags.keys() {
        let is_sent = sent.signals.contains(tag) || sent.updates.contains(tag);
        assert!(is_sent, "{id}: nobody has sent {tag}");
    }
    let result = result_of(chain.last().expect("a chain has a run"));
    let mut seen: Vec<u64> = serde_json::from_slice(&result.payloads[0].data).expect("numbers");
    seen.sort_unstable();
    let recorded: Vec<u64> = tags
        .iter()
        .flat_map(|(tag, count)| std::iter::repeat_n(*tag, *count as usize))
        .collect();
    assert_eq!(
        seen, recorded,
        "{id}: the workflow has seen what history has"
    );
}

/// Runs the workflow's code along its history.
pub(super) fn replay(id: &str, run: &RunOf) {
    let history = History::from_raw(proto::History {
        events: run.events.clone(),
    });
    let replayed = Replayer::new()
        .workflow::<Child>()
        .workflow::<Ledger>()
        .workflow::<Parent>()
        .workflow::<Pipeline>()
        .workflow::<Retried>()
        .workflow::<Stoppable>()
        .workflow::<Tick>()
        .replay(history);
    if let Err(error) = replayed {
        panic!("{id}: {error}");
    }
}

/// Checks that no task is left in the queues.
pub(super) async fn queues_are_empty(service: &Service) {
    let mut request = Request::new(PollWorkflowTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: task_queue(QUEUE),
        ..Default::default()
    });
    request.set_timeout(Duration::from_secs(2));
    let polled = service.poll_workflow_task_queue(request).await;
    let task = polled.expect("the server is up").into_inner();
    assert!(
        task.task_token.is_empty(),
        "a workflow task is left: {task:?}"
    );
    let mut request = Request::new(PollActivityTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: task_queue(QUEUE),
        ..Default::default()
    });
    request.set_timeout(Duration::from_secs(2));
    let polled = service.poll_activity_task_queue(request).await;
    let task = polled.expect("the server is up").into_inner();
    assert!(
        task.task_token.is_empty(),
        "an activity task is left: {task:?}"
    );
}

/// Checks that lists show no open run, and as many closed ones as there are.
pub(super) async fn lists_are_complete(service: &Service, runs: usize) {
    let count = async |query: &str| {
        let request = Request::new(CountWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: query.to_owned(),
        });
        let counted = service.count_workflow_executions(request).await;
        counted.expect("the server is up").into_inner().count
    };
    assert_eq!(count("ExecutionStatus = 'Running'").await, 0);
    assert_eq!(count("").await, runs as i64);
}

fn count(run: &RunOf, event_type: EventType) -> usize {
    let events = run.events.iter();
    events.filter(|it| it.event_type() == event_type).count()
}

fn result_of(run: &RunOf) -> Payloads {
    match run
        .events
        .last()
        .and_then(|event| event.attributes.as_ref())
    {
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(it)) => {
            it.result.clone().unwrap_or_default()
        }
        other => panic!("the run has no result: {other:?}"),
    }
}
