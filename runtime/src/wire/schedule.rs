//! Schedules, as requests of a client and their responses.

use std::{num::NonZeroU16, time::Duration};

use durably_engine::{Header, Payload, RetryPolicy};
use durably_proto::api::{
    common::v1::WorkflowType, schedule::v1 as proto, schedule::v1::schedule_action::Action as Kind,
    workflow::v1::NewWorkflowExecutionInfo, workflowservice::v1 as pb,
};

use super::{
    WireError, command, describe,
    describe::WorkflowStatus,
    event,
    page::{self, Page},
    payload,
    request::{Execution, Request, Sender},
    schedule_spec::{Overlap, ScheduleSpec},
    time,
};
use crate::time::Time;

/// What a schedule is to do, and when.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Schedule {
    pub(crate) spec: ScheduleSpec,
    pub(crate) action: Action,
    pub(crate) overlap: Overlap,
    /// None for the server's default.
    pub(crate) catch_up: Option<Duration>,
    pub(crate) pause_on_failure: bool,
    /// Whether the id of the workflow is used as it is.
    pub(crate) keep_workflow_id: bool,
    pub(crate) note: String,
    pub(crate) is_paused: bool,
    /// How many more workflows it may start; none for no limit.
    pub(crate) remaining: Option<u64>,
}

/// The start of a workflow.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Action {
    pub(crate) workflow_id: String,
    pub(crate) workflow_type: String,
    pub(crate) task_queue: String,
    pub(crate) input: Vec<Payload>,
    pub(crate) header: Header,
    pub(crate) execution_timeout: Option<Duration>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) task_timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) memo: Header,
    pub(crate) search_attributes: Header,
    pub(crate) others: OtherOptions,
}

/// The options of a start that only other clients set, so that an update keeps them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OtherOptions(Box<NewWorkflowExecutionInfo>);

/// What a schedule has done, and what it will do.
///
/// ```no_run
/// use durably::{prelude::*, schedule::ScheduleInfo};
///
/// # async fn example(client: Client) -> Result<()> {
/// let nightly = client.schedule("nightly").describe().await?;
/// let info: &ScheduleInfo = &nightly.info;
/// println!("{} started, {} skipped", info.counts.started, info.counts.skipped);
/// for run in &info.recent {
///     println!("{} is {}, due at {:?}", run.workflow_id, run.status, run.due);
/// }
/// println!("{} are running, next at {:?}", info.running.len(), info.next.first());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScheduleInfo {
    /// How many workflows it has started, and how many it has not.
    pub counts: ScheduleCounts,
    /// The workflows that it has started and that are running.
    pub running: Vec<ScheduledWorkflow>,
    /// The workflows that it has started last, ten at most, oldest first.
    pub recent: Vec<ScheduledRun>,
    /// The times at which it acts next, ten at most. A paused schedule shows them, too.
    pub next: Vec<Time>,
    /// When it was created.
    pub created: Option<Time>,
    /// When it was updated last.
    pub updated: Option<Time>,
}

/// How many workflows a schedule has started, and how many it has not.
///
/// ```no_run
/// # use durably::prelude::*;
/// use durably::schedule::ScheduleCounts;
///
/// # async fn example(client: Client) -> Result<()> {
/// let ScheduleCounts { started, missed, .. } = client.schedule("nightly").describe().await?.info.counts;
/// println!("{missed} of {} were missed", started + missed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleCounts {
    /// Workflows that it has started.
    pub started: u64,
    /// Times that were over for longer than the catch-up window when the server came to them.
    pub missed: u64,
    /// Times that were skipped because a workflow was still running.
    pub skipped: u64,
    /// Starts that wait for a running workflow.
    pub buffered: u64,
    /// Starts that did not fit into the buffer.
    pub dropped: u64,
}

/// A workflow that a schedule has started, by its first run.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// for workflow in client.schedule("nightly").describe().await?.info.running {
///     client.handle(workflow.workflow_id).cancel().await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduledWorkflow {
    /// The workflow id.
    pub workflow_id: String,
    /// The run that was started; a retry or a continue-as-new may have followed it.
    pub run_id: String,
}

/// A start by a schedule.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let nightly = client.schedule("nightly").describe().await?;
/// if let Some(last) = nightly.info.recent.last() {
///     println!("{}: {}", last.workflow_id, client.handle(&last.workflow_id).result::<String>().await?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduledRun {
    /// The workflow id.
    pub workflow_id: String,
    /// The run that was started.
    pub run_id: String,
    /// How the workflow ended, as far as the schedule knows.
    pub status: WorkflowStatus,
    /// The time of the schedule, or of the trigger.
    pub due: Option<Time>,
    /// When it was started.
    pub started: Option<Time>,
}

/// A change of a schedule that is no update of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Patch {
    /// Starts a workflow now; the inner one is the overlap policy, if it is not the schedule's own.
    pub(crate) trigger: Option<Option<Overlap>>,
    pub(crate) backfills: Vec<Backfill>,
    /// The note, which cannot be empty.
    pub(crate) pause: Option<String>,
    /// The note, which cannot be empty.
    pub(crate) unpause: Option<String>,
}

/// The times from `from` to before `to` are acted on now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Backfill {
    pub(crate) from: Time,
    pub(crate) to: Time,
    /// None for the schedule's own.
    pub(crate) overlap: Option<Overlap>,
}

/// Creates a schedule.
#[derive(Clone, Debug)]
pub(crate) struct CreateSchedule {
    pub(crate) id: String,
    pub(crate) schedule: Schedule,
    pub(crate) patch: Patch,
    pub(crate) memo: Header,
    pub(crate) search_attributes: Header,
}

/// Describes a schedule.
#[derive(Clone, Debug)]
pub(crate) struct DescribeSchedule {
    pub(crate) id: String,
}

#[derive(Debug)]
pub(crate) struct DescribedSchedule {
    pub(crate) schedule: Schedule,
    pub(crate) info: ScheduleInfo,
    pub(crate) memo: Header,
    pub(crate) search_attributes: Header,
    pub(crate) conflict_token: Vec<u8>,
}

/// Replaces a schedule.
#[derive(Clone, Debug)]
pub(crate) struct UpdateSchedule {
    pub(crate) id: String,
    pub(crate) schedule: Schedule,
    /// That of the description from which the new schedule was made.
    pub(crate) conflict_token: Vec<u8>,
}

/// Pauses, unpauses or triggers a schedule, or backfills times of it.
#[derive(Clone, Debug)]
pub(crate) struct PatchSchedule {
    pub(crate) id: String,
    pub(crate) patch: Patch,
}

/// Lists the times of a schedule from `from` to before `to`.
#[derive(Clone, Debug)]
pub(crate) struct ListScheduleTimes {
    pub(crate) id: String,
    pub(crate) from: Time,
    pub(crate) to: Time,
}

/// Deletes a schedule.
#[derive(Clone, Debug)]
pub(crate) struct DeleteSchedule {
    pub(crate) id: String,
}

/// Lists schedules, a page at a time.
#[derive(Clone, Debug)]
pub(crate) struct ListSchedules {
    pub(crate) filter: String,
    /// At most this many schedules a page; the server's number if none.
    pub(crate) page_size: Option<NonZeroU16>,
    /// Empty for the first page.
    pub(crate) page_token: Vec<u8>,
}

/// A schedule, as lists show it.
#[derive(Debug)]
pub(crate) struct ListedSchedule {
    pub(crate) id: String,
    pub(crate) workflow_type: String,
    pub(crate) spec: ScheduleSpec,
    pub(crate) note: String,
    pub(crate) is_paused: bool,
    pub(crate) recent: Vec<ScheduledRun>,
    pub(crate) next: Vec<Time>,
    pub(crate) memo: Header,
    pub(crate) search_attributes: Header,
}

impl Request for CreateSchedule {
    type Message = pb::CreateScheduleRequest;
    type Reply = pb::CreateScheduleResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::CreateScheduleRequest {
            namespace: sender.namespace(),
            schedule_id: self.id,
            schedule: Some(self.schedule.into_proto()),
            initial_patch: Some(self.patch)
                .filter(|patch| *patch != Patch::default())
                .map(Patch::into_proto),
            identity: sender.identity(),
            request_id: sender.request_id(),
            memo: payload::memo_to_proto(self.memo),
            search_attributes: payload::search_attributes_to_proto(self.search_attributes),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for DescribeSchedule {
    type Message = pb::DescribeScheduleRequest;
    type Reply = pb::DescribeScheduleResponse;
    type Response = DescribedSchedule;
    const SHOWS_MANY: bool = true;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DescribeScheduleRequest {
            namespace: sender.namespace(),
            schedule_id: self.id,
        }
    }

    fn read(reply: Self::Reply) -> Result<DescribedSchedule, WireError> {
        const PLACE: &str = "description of a schedule";
        let schedule = reply
            .schedule
            .ok_or_else(|| WireError::missing(PLACE, "schedule"))?;
        let info = reply
            .info
            .ok_or_else(|| WireError::missing(PLACE, "info"))?;
        Ok(DescribedSchedule {
            schedule: Schedule::from_proto(PLACE, schedule)?,
            info: info_from_proto(info),
            memo: payload::memo_from_proto(reply.memo),
            search_attributes: payload::search_attributes_from_proto(reply.search_attributes),
            conflict_token: reply.conflict_token,
        })
    }
}

impl Request for UpdateSchedule {
    type Message = pb::UpdateScheduleRequest;
    type Reply = pb::UpdateScheduleResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::UpdateScheduleRequest {
            namespace: sender.namespace(),
            schedule_id: self.id,
            schedule: Some(self.schedule.into_proto()),
            conflict_token: self.conflict_token,
            identity: sender.identity(),
            request_id: sender.request_id(),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for PatchSchedule {
    type Message = pb::PatchScheduleRequest;
    type Reply = pb::PatchScheduleResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::PatchScheduleRequest {
            namespace: sender.namespace(),
            schedule_id: self.id,
            patch: Some(self.patch.into_proto()),
            identity: sender.identity(),
            request_id: sender.request_id(),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for ListScheduleTimes {
    type Message = pb::ListScheduleMatchingTimesRequest;
    type Reply = pb::ListScheduleMatchingTimesResponse;
    type Response = Vec<Time>;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::ListScheduleMatchingTimesRequest {
            namespace: sender.namespace(),
            schedule_id: self.id,
            start_time: Some(time::timestamp(just_before(self.from))),
            end_time: Some(time::timestamp(just_before(self.to))),
        }
    }

    fn read(reply: Self::Reply) -> Result<Vec<Time>, WireError> {
        Ok(points(reply.start_time))
    }
}

impl Request for DeleteSchedule {
    type Message = pb::DeleteScheduleRequest;
    type Reply = pb::DeleteScheduleResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DeleteScheduleRequest {
            namespace: sender.namespace(),
            schedule_id: self.id,
            identity: sender.identity(),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for ListSchedules {
    type Message = pb::ListSchedulesRequest;
    type Reply = pb::ListSchedulesResponse;
    type Response = Page<ListedSchedule>;
    const SHOWS_MANY: bool = true;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::ListSchedulesRequest {
            namespace: sender.namespace(),
            maximum_page_size: page::size(self.page_size),
            next_page_token: self.page_token,
            query: self.filter,
        }
    }

    fn read(reply: Self::Reply) -> Result<Self::Response, WireError> {
        let schedules = reply.schedules.into_iter().map(listed);
        Ok(Page {
            items: schedules.collect::<Result<_, _>>()?,
            next_page_token: reply.next_page_token,
        })
    }
}

fn listed(entry: proto::ScheduleListEntry) -> Result<ListedSchedule, WireError> {
    const PLACE: &str = "list of schedules";
    let info = entry
        .info
        .ok_or_else(|| WireError::missing(PLACE, "schedules.info"))?;
    Ok(ListedSchedule {
        id: entry.schedule_id,
        workflow_type: info.workflow_type.unwrap_or_default().name,
        spec: ScheduleSpec::from_proto(PLACE, info.spec.unwrap_or_default())?,
        note: info.notes,
        is_paused: info.paused,
        recent: info.recent_actions.into_iter().map(run).collect(),
        next: points(info.future_action_times),
        memo: payload::memo_from_proto(entry.memo),
        search_attributes: payload::search_attributes_from_proto(entry.search_attributes),
    })
}

impl Schedule {
    fn into_proto(self) -> proto::Schedule {
        proto::Schedule {
            spec: Some(self.spec.into_proto()),
            action: Some(proto::ScheduleAction {
                action: Some(Kind::StartWorkflow(self.action.into_proto())),
            }),
            policies: Some(proto::SchedulePolicies {
                overlap_policy: self.overlap.to_proto().into(),
                catchup_window: self.catch_up.map(time::to_duration),
                pause_on_failure: self.pause_on_failure,
                keep_original_workflow_id: self.keep_workflow_id,
            }),
            state: Some(proto::ScheduleState {
                notes: self.note,
                paused: self.is_paused,
                limited_actions: self.remaining.is_some(),
                remaining_actions: i64::try_from(self.remaining.unwrap_or(0)).unwrap_or(i64::MAX),
            }),
        }
    }

    fn from_proto(place: &str, schedule: proto::Schedule) -> Result<Self, WireError> {
        let action = schedule.action.and_then(|action| action.action);
        let Some(Kind::StartWorkflow(start)) = action else {
            return Err(WireError::missing(place, "schedule.action.start_workflow"));
        };
        let policies = schedule.policies.unwrap_or_default();
        let state = schedule.state.unwrap_or_default();
        Ok(Self {
            spec: ScheduleSpec::from_proto(place, schedule.spec.unwrap_or_default())?,
            action: Action::from_proto(start),
            overlap: Overlap::from_proto(place, policies.overlap_policy)?,
            catch_up: time::limit(policies.catchup_window),
            pause_on_failure: policies.pause_on_failure,
            keep_workflow_id: policies.keep_original_workflow_id,
            note: state.notes,
            is_paused: state.paused,
            remaining: state
                .limited_actions
                .then(|| state.remaining_actions.max(0).cast_unsigned()),
        })
    }
}

impl Schedule {
    /// As a server that changes nothing describes it: limits of zero are none, for example.
    ///
    /// # Errors
    /// No description can have it.
    pub(crate) fn normalised(self) -> Result<Self, WireError> {
        Self::from_proto("schedule", self.into_proto())
    }

    /// Whether it is what was sent, [normalised](Self::normalised), while `started` workflows were started.
    ///
    /// What servers compute is not compared: they compile cron expressions to calendars and intervals, and have a
    /// default for the catch-up window.
    pub(crate) fn is_as_sent(&self, sent: &Self, started: u64) -> bool {
        let is_remaining_as_sent = match (self.remaining, sent.remaining) {
            (Some(left), Some(sent)) => (left..=left.saturating_add(started)).contains(&sent),
            (left, sent) => left == sent,
        };
        is_remaining_as_sent
            && self.spec.is_compiled_from(&sent.spec)
            && self.action.is_as_sent(&sent.action)
            && self.overlap == sent.overlap
            && (sent.catch_up.is_none() || self.catch_up == sent.catch_up)
            && self.pause_on_failure == sent.pause_on_failure
            && self.keep_workflow_id == sent.keep_workflow_id
            && self.note == sent.note
            && self.is_paused == sent.is_paused
    }
}

impl Action {
    fn is_as_sent(&self, sent: &Self) -> bool {
        let untyped = |action: &Self| Self {
            search_attributes: without_types(&action.search_attributes),
            ..action.clone()
        };
        untyped(self) == untyped(sent)
    }
}

/// Servers add the types of search attributes.
fn without_types(attributes: &Header) -> Header {
    let attributes = attributes.iter().map(|(name, payload)| {
        let (encoding, data, metadata) = payload.clone().into_parts();
        let metadata = metadata.into_iter().filter(|(name, _)| name != "type");
        let untyped = Payload::new(encoding, data);
        let untyped = metadata.fold(untyped, |it, (name, value)| it.with_metadata(name, value));
        (name.clone(), untyped)
    });
    attributes.collect()
}

impl Action {
    fn into_proto(self) -> NewWorkflowExecutionInfo {
        NewWorkflowExecutionInfo {
            workflow_id: self.workflow_id,
            workflow_type: Some(WorkflowType {
                name: self.workflow_type,
            }),
            task_queue: Some(command::task_queue(self.task_queue)),
            input: payload::list_to_proto(self.input),
            header: payload::header_to_proto(self.header),
            workflow_execution_timeout: self.execution_timeout.map(time::to_duration),
            workflow_run_timeout: self.run_timeout.map(time::to_duration),
            workflow_task_timeout: self.task_timeout.map(time::to_duration),
            retry_policy: self.retry.map(command::retry_policy),
            memo: payload::memo_to_proto(self.memo),
            search_attributes: payload::search_attributes_to_proto(self.search_attributes),
            ..*self.others.0
        }
    }

    fn from_proto(mut start: NewWorkflowExecutionInfo) -> Self {
        Self {
            workflow_id: std::mem::take(&mut start.workflow_id),
            workflow_type: start.workflow_type.take().unwrap_or_default().name,
            task_queue: start.task_queue.take().unwrap_or_default().name,
            input: payload::list_from_proto(start.input.take()),
            header: payload::header_from_proto(start.header.take()),
            execution_timeout: time::limit(start.workflow_execution_timeout.take()),
            run_timeout: time::limit(start.workflow_run_timeout.take()),
            task_timeout: time::limit(start.workflow_task_timeout.take()),
            retry: start.retry_policy.take().map(event::retry_policy),
            memo: payload::memo_from_proto(start.memo.take()),
            search_attributes: payload::search_attributes_from_proto(
                start.search_attributes.take(),
            ),
            others: OtherOptions(Box::new(start)),
        }
    }
}

impl Patch {
    fn into_proto(self) -> proto::SchedulePatch {
        let overlap = |overlap: Option<Overlap>| overlap.map_or(0, |it| it.to_proto().into());
        let backfills = self.backfills.into_iter();
        proto::SchedulePatch {
            trigger_immediately: self.trigger.map(|it| proto::TriggerImmediatelyRequest {
                overlap_policy: overlap(it),
                scheduled_time: None,
            }),
            backfill_request: backfills
                .map(|backfill| proto::BackfillRequest {
                    start_time: Some(time::timestamp(just_before(backfill.from))),
                    end_time: Some(time::timestamp(just_before(backfill.to))),
                    overlap_policy: overlap(backfill.overlap),
                })
                .collect(),
            pause: self.pause.unwrap_or_default(),
            unpause: self.unpause.unwrap_or_default(),
        }
    }
}

fn info_from_proto(info: proto::ScheduleInfo) -> ScheduleInfo {
    let count = |number: i64| number.max(0).cast_unsigned();
    let running = info.running_workflows.into_iter().map(|execution| {
        let Execution {
            workflow_id,
            run_id,
        } = Execution::from_proto(execution);
        ScheduledWorkflow {
            workflow_id,
            run_id,
        }
    });
    ScheduleInfo {
        counts: ScheduleCounts {
            started: count(info.action_count),
            missed: count(info.missed_catchup_window),
            skipped: count(info.overlap_skipped),
            buffered: count(info.buffer_size),
            dropped: count(info.buffer_dropped),
        },
        running: running.collect(),
        recent: info.recent_actions.into_iter().map(run).collect(),
        next: points(info.future_action_times),
        created: info.create_time.and_then(time::point),
        updated: info.update_time.and_then(time::point),
    }
}

fn run(action: proto::ScheduleActionResult) -> ScheduledRun {
    let execution = Execution::from_proto(action.start_workflow_result.unwrap_or_default());
    ScheduledRun {
        workflow_id: execution.workflow_id,
        run_id: execution.run_id,
        status: describe::status(action.start_workflow_status),
        due: action.schedule_time.and_then(time::point),
        started: action.actual_time.and_then(time::point),
    }
}

fn points(times: Vec<durably_proto::wkt::Timestamp>) -> Vec<Time> {
    times.into_iter().filter_map(time::point).collect()
}

/// The end of a range without its end, for servers that count the ends of ranges and not their starts.
fn just_before(time: Time) -> Time {
    time.checked_sub(Duration::from_nanos(1)).unwrap_or(time)
}
