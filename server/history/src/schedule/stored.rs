//! A schedule as the store keeps it.

use durably_proto::Message as _;
use durably_proto::api::common::v1::{Memo, Payloads, SearchAttributes, WorkflowExecution};
use durably_proto::api::enums::v1::{
    ScheduleOverlapPolicy as Overlap, WorkflowExecutionStatus as Status,
};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::schedule::v1::{BackfillRequest, Schedule as Definition, ScheduleInfo};

use super::action::{ActionId, Closed, PendingAction, PendingKind};
use super::buffer::BufferedStart;
use super::requests::complete;
use super::{Schedule, ScheduleName};
use crate::corrupted::Corrupted;
use crate::random::Random;
use crate::time::Time;

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct ScheduleMessage {
    #[prost(string, tag = "1")]
    create_request_id: String,
    #[prost(message, optional, tag = "2")]
    definition: Option<Definition>,
    #[prost(message, optional, tag = "3")]
    info: Option<ScheduleInfo>,
    #[prost(message, optional, tag = "4")]
    memo: Option<Memo>,
    #[prost(message, optional, tag = "5")]
    search_attributes: Option<SearchAttributes>,
    #[prost(int64, tag = "6")]
    conflict_token: i64,
    #[prost(sfixed64, tag = "7")]
    processed: i64,
    #[prost(message, repeated, tag = "8")]
    buffer: Vec<StartMessage>,
    #[prost(message, repeated, tag = "9")]
    backfills: Vec<BackfillRequest>,
    #[prost(message, optional, tag = "10")]
    last_completion_result: Option<Payloads>,
    #[prost(message, optional, tag = "11")]
    last_failure: Option<Failure>,
    #[prost(message, repeated, tag = "12")]
    pending: Vec<PendingMessage>,
    #[prost(uint64, tag = "13")]
    next_action: u64,
    #[prost(bool, tag = "14")]
    is_undecided: bool,
    #[prost(sfixed64, optional, tag = "15")]
    next_wakeup: Option<i64>,
    #[prost(string, repeated, tag = "16")]
    request_ids: Vec<String>,
    #[prost(fixed64, tag = "17")]
    random: u64,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct StartMessage {
    #[prost(sfixed64, tag = "1")]
    nominal: i64,
    #[prost(sfixed64, tag = "2")]
    actual: i64,
    #[prost(enumeration = "Overlap", tag = "3")]
    overlap: i32,
    #[prost(bool, tag = "4")]
    is_manual: bool,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct PendingMessage {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(oneof = "KindMessage", tags = "2, 3, 4")]
    kind: Option<KindMessage>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum KindMessage {
    #[prost(message, tag = "2")]
    Start(PendingStartMessage),
    #[prost(message, tag = "3")]
    Cancel(WorkflowExecution),
    #[prost(message, tag = "4")]
    Terminate(WorkflowExecution),
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct PendingStartMessage {
    #[prost(message, optional, tag = "1")]
    start: Option<StartMessage>,
    #[prost(message, optional, tag = "2")]
    execution: Option<WorkflowExecution>,
    #[prost(bool, tag = "3")]
    overlaps: bool,
    #[prost(message, optional, boxed, tag = "4")]
    closed: Option<Box<ClosedMessage>>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct ClosedMessage {
    #[prost(message, optional, tag = "1")]
    execution: Option<WorkflowExecution>,
    #[prost(enumeration = "Status", tag = "2")]
    status: i32,
    #[prost(message, optional, tag = "3")]
    result: Option<Payloads>,
    #[prost(message, optional, tag = "4")]
    failure: Option<Failure>,
}

impl Schedule {
    /// The schedule's state without its name.
    pub fn encode(&self) -> Vec<u8> {
        let message = ScheduleMessage {
            create_request_id: self.create_request_id.clone(),
            definition: Some(self.definition.clone()),
            info: Some(self.info.clone()),
            memo: self.memo.clone(),
            search_attributes: self.search_attributes.clone(),
            conflict_token: self.conflict_token,
            processed: self.processed.as_unix_nanos(),
            buffer: self.buffer.iter().map(StartMessage::from).collect(),
            backfills: self.backfills.iter().copied().collect(),
            last_completion_result: self.last_completion_result.clone(),
            last_failure: self.last_failure.clone(),
            pending: self.pending.iter().map(PendingMessage::from).collect(),
            next_action: self.next_action,
            is_undecided: self.is_undecided,
            next_wakeup: self.next_wakeup.map(Time::as_unix_nanos),
            request_ids: self.request_ids.iter().cloned().collect(),
            random: self.random.state(),
        };
        message.encode_to_vec()
    }

    /// Restores a schedule from its stored state.
    ///
    /// # Errors
    /// [`Corrupted`] if the state is damaged.
    pub fn decode(name: ScheduleName, bytes: &[u8]) -> Result<Self, Corrupted> {
        let message =
            ScheduleMessage::decode(bytes).map_err(|error| corrupted(&name, &error.to_string()))?;
        let (definition, spec) = complete(message.definition.unwrap_or_default())
            .map_err(|invalid| corrupted(&name, &invalid.0))?;
        let pending = message.pending.into_iter().map(PendingAction::try_from);
        let pending: Result<_, &str> = pending.collect();
        let schedule = Self {
            pending: pending.map_err(|what| corrupted(&name, what))?,
            create_request_id: message.create_request_id,
            definition,
            spec,
            info: message.info.unwrap_or_default(),
            memo: message.memo,
            search_attributes: message.search_attributes,
            conflict_token: message.conflict_token,
            processed: Time::from_unix_nanos(message.processed),
            buffer: message
                .buffer
                .into_iter()
                .map(BufferedStart::from)
                .collect(),
            backfills: message.backfills.into(),
            last_completion_result: message.last_completion_result,
            last_failure: message.last_failure,
            next_action: message.next_action,
            is_undecided: message.is_undecided,
            next_wakeup: message.next_wakeup.map(Time::from_unix_nanos),
            is_over: false,
            request_ids: message.request_ids.into(),
            random: Random::new(message.random),
            name,
        };
        let is_bounded = schedule.buffer.len() <= super::MOST_BUFFERED
            && schedule.backfills.len() <= super::MOST_BUFFERED;
        match is_bounded {
            true => Ok(schedule),
            false => Err(corrupted(&schedule.name, "its buffer is too long")),
        }
    }
}

fn corrupted(name: &ScheduleName, problem: &str) -> Corrupted {
    let ScheduleName { id, namespace, .. } = name;
    Corrupted::new(format!("schedule {id} in namespace {namespace}"), problem)
}

impl From<&BufferedStart> for StartMessage {
    fn from(start: &BufferedStart) -> Self {
        Self {
            nominal: start.nominal.as_unix_nanos(),
            actual: start.actual.as_unix_nanos(),
            overlap: start.overlap.into(),
            is_manual: start.is_manual,
        }
    }
}

impl From<StartMessage> for BufferedStart {
    fn from(message: StartMessage) -> Self {
        Self {
            nominal: Time::from_unix_nanos(message.nominal),
            actual: Time::from_unix_nanos(message.actual),
            overlap: message.overlap(),
            is_manual: message.is_manual,
        }
    }
}

impl From<&PendingAction> for PendingMessage {
    fn from(pending: &PendingAction) -> Self {
        let kind = match pending.kind.clone() {
            PendingKind::Start {
                start,
                execution,
                overlaps,
                closed,
            } => KindMessage::Start(PendingStartMessage {
                start: Some(StartMessage::from(&start)),
                execution: Some(execution),
                overlaps,
                closed: closed.map(|closed| {
                    Box::new(ClosedMessage {
                        status: closed.status.into(),
                        execution: Some(closed.execution),
                        result: closed.result,
                        failure: closed.failure,
                    })
                }),
            }),
            PendingKind::Cancel(execution) => KindMessage::Cancel(execution),
            PendingKind::Terminate(execution) => KindMessage::Terminate(execution),
        };
        Self {
            id: pending.id.0,
            kind: Some(kind),
        }
    }
}

impl TryFrom<PendingMessage> for PendingAction {
    type Error = &'static str;

    fn try_from(message: PendingMessage) -> Result<Self, &'static str> {
        let kind = match message.kind.ok_or("an action has no kind")? {
            KindMessage::Start(start) => PendingKind::Start {
                start: start.start.ok_or("an action has no start")?.into(),
                execution: start.execution.ok_or("an action has no execution")?,
                overlaps: start.overlaps,
                closed: start.closed.map(|closed| {
                    Box::new(Closed {
                        status: closed.status(),
                        execution: closed.execution.unwrap_or_default(),
                        result: closed.result,
                        failure: closed.failure,
                    })
                }),
            },
            KindMessage::Cancel(execution) => PendingKind::Cancel(execution),
            KindMessage::Terminate(execution) => PendingKind::Terminate(execution),
        };
        Ok(Self {
            id: ActionId(message.id),
            kind,
        })
    }
}
