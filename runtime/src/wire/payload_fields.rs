//! Every payload of the messages that are sent and received, for codecs to transform.
//!
//! Search attributes are left out, because the server reads and writes them, and so are the markers of
//! patches, which other SDKs write without a codec.

use std::collections::HashMap;

use durably_engine::Payload;
use durably_proto::{
    api::{
        batch, command, common, deployment, errordetails, failure, history, operatorservice,
        protocol, query, schedule, sdk, update, workflow, workflowservice,
    },
    rpc,
    wkt::Any,
};

use super::{Fault, WireError, encoded_failure, failure::limit_causes, marker, payload};

/// The workflow that a payload belongs to, and the type of the workflow or activity whose argument it is.
///
/// Codecs may derive a key from it, so whoever encodes a payload and all who decode it name the same
/// subject. Each message has to say it by itself, because codecs run before the engine:
///
/// | payload | subject |
/// |---|---|
/// | arguments of a workflow | the workflow, and its type |
/// | arguments and headers of an activity | the workflow that calls it, and the type of the activity |
/// | results, failures and heartbeats of an activity | the workflow alone: the events with them do not name the activity |
/// | the same, from a client that has only the task token | nothing: the token is opaque |
/// | headers, memo, summary, result and failure of a child | the child |
/// | a signal from one workflow to another | the receiver |
/// | headers and memo in a schedule | the workflow id in the schedule, to which servers add the time |
/// | the memo of a schedule | nothing |
/// | everything else | the workflow in whose history or description it is |
///
/// The type of a workflow is known to few others: who reads a result, or signals, may know the workflow's id alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    /// Empty if the message does not say.
    pub(crate) workflow_id: String,
    pub(crate) workflow_type: Option<String>,
    pub(crate) activity_type: Option<String>,
}

impl Subject {
    /// A workflow itself.
    pub(crate) fn workflow(id: impl Into<String>) -> Self {
        Self {
            workflow_id: id.into(),
            ..Self::default()
        }
    }
}

/// Payloads that stand in one field.
pub(crate) enum Field<'a> {
    /// Exactly one.
    One(&'a mut common::v1::Payload),
    /// As many as there are.
    Many(&'a mut Vec<common::v1::Payload>),
}

impl Field<'_> {
    /// Moves the payloads out.
    pub(crate) fn take(self) -> Vec<Payload> {
        match self {
            Self::One(payload) => vec![payload::from_proto(std::mem::take(payload))],
            Self::Many(list) => std::mem::take(list)
                .into_iter()
                .map(payload::from_proto)
                .collect(),
        }
    }

    /// Moves as many payloads in as were moved out.
    pub(crate) fn put(self, payloads: impl Iterator<Item = Payload>) {
        let mut payloads = payloads.map(payload::to_proto);
        match self {
            Self::Many(list) => list.extend(payloads),
            Self::One(field) => *field = payloads.next().unwrap_or_default(),
        }
    }
}

/// Goes through the payloads of a message.
pub(crate) struct Visitor<'a> {
    about: Subject,
    visit: &'a mut dyn FnMut(&Subject, Field<'_>),
    options: VisitOptions,
    /// The first part of the message that could not be read.
    fault: Option<WireError>,
    /// Set if the visit is to find where a field is.
    sought: Option<Sought>,
}

/// The search for a field with payloads.
struct Sought {
    /// How many come before it.
    before: usize,
    /// The way from the message to what is visited now.
    path: Vec<Step>,
    found: Option<String>,
}

enum Step {
    Field(&'static str),
    Item(usize),
    Entry(String),
}

impl Sought {
    fn meet(&mut self) {
        match self.before.checked_sub(1) {
            Some(before) => self.before = before,
            None if self.found.is_none() => self.found = Some(self.shown()),
            None => {}
        }
    }

    /// `history.events[0].WorkflowExecutionStarted.input`.
    fn shown(&self) -> String {
        let mut shown = String::new();
        for step in &self.path {
            match step {
                Step::Field(name) => {
                    if !shown.is_empty() {
                        shown.push('.');
                    }
                    let short = ["EventAttributes", "CommandAttributes"]
                        .iter()
                        .find_map(|suffix| name.strip_suffix(suffix));
                    shown.push_str(short.unwrap_or(name));
                }
                Step::Item(index) => shown.push_str(&format!("[{index}]")),
                Step::Entry(key) => shown.push_str(&format!("[\"{key}\"]")),
            }
        }
        shown
    }
}

/// What is visited in addition to payloads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct VisitOptions {
    /// Headers; other SDKs leave them alone by default.
    pub(crate) headers: bool,
    /// Moves message and stack trace of each failure into its encoded attributes.
    pub(crate) encode_failures: bool,
    /// Leaves out causes of failures that are nested deeper than can be read.
    pub(crate) limit_causes: bool,
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(
        about: Subject,
        options: VisitOptions,
        visit: &'a mut dyn FnMut(&Subject, Field<'_>),
    ) -> Self {
        Self {
            about,
            visit,
            options,
            fault: None,
            sought: None,
        }
    }

    /// The place in a message of the field that a visit comes to after `before` others.
    pub(crate) fn locate(
        message: &mut impl PayloadFields,
        options: VisitOptions,
        before: usize,
    ) -> Option<String> {
        let mut visit = |_: &Subject, _: Field<'_>| {};
        let mut visitor = Visitor {
            sought: Some(Sought {
                before,
                path: Vec::new(),
                found: None,
            }),
            ..Visitor::new(Subject::default(), options, &mut visit)
        };
        message.visit(&mut visitor);
        visitor.sought?.found
    }

    fn payloads(&mut self, field: Field<'_>) {
        match &mut self.sought {
            Some(sought) => sought.meet(),
            None => (self.visit)(&self.about, field),
        }
    }

    fn step(&mut self, step: impl FnOnce() -> Step, visit: impl FnOnce(&mut Self)) {
        if let Some(sought) = &mut self.sought {
            sought.path.push(step());
        }
        visit(self);
        if let Some(sought) = &mut self.sought {
            sought.path.pop();
        }
    }

    fn item(&mut self, field: &'static str, index: usize, visit: impl FnOnce(&mut Self)) {
        let item = |visitor: &mut Self| visitor.step(|| Step::Item(index), visit);
        self.step(|| Step::Field(field), item);
    }

    fn field(&mut self, name: &'static str, field: &mut impl PayloadFields) {
        self.step(|| Step::Field(name), |visitor| field.visit(visitor));
    }

    /// Visits what belongs to this workflow; without an id, to the one that the message around it belongs
    /// to.
    fn within(&mut self, workflow_id: Option<String>, visit: impl FnOnce(&mut Self)) {
        let Some(inner) = workflow_id.filter(|id| !id.is_empty()) else {
            return visit(self);
        };
        let outer = std::mem::replace(&mut self.about, Subject::workflow(inner));
        visit(self);
        self.about = outer;
    }

    /// Visits all payloads, always in the same order.
    ///
    /// # Errors
    /// A message within the message cannot be read.
    pub(crate) fn all_of(mut self, message: &mut impl PayloadFields) -> Result<(), WireError> {
        message.visit(&mut self);
        self.fault.map_or(Ok(()), Err)
    }
}

/// A message, or a part of one, that may hold payloads.
pub(crate) trait PayloadFields {
    fn visit(&mut self, visitor: &mut Visitor<'_>);
}

impl PayloadFields for common::v1::Payload {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        visitor.payloads(Field::One(self));
    }
}

impl PayloadFields for common::v1::Payloads {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        visitor.payloads(Field::Many(&mut self.payloads));
    }
}

impl<T: PayloadFields> PayloadFields for Option<T> {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        if let Some(it) = self {
            it.visit(visitor);
        }
    }
}

impl<T: PayloadFields> PayloadFields for Box<T> {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        (**self).visit(visitor);
    }
}

impl<T: PayloadFields> PayloadFields for Vec<T> {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        for (index, it) in self.iter_mut().enumerate() {
            visitor.step(|| Step::Item(index), |visitor| it.visit(visitor));
        }
    }
}

impl<T: PayloadFields> PayloadFields for HashMap<String, T> {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        for (key, it) in in_order(self) {
            visitor.step(|| Step::Entry(key.clone()), |visitor| it.visit(visitor));
        }
    }
}

/// In the order of the keys: each map has an order of its own, and a message within a message is read anew by
/// each visit.
fn in_order<T>(map: &mut HashMap<String, T>) -> Vec<(&String, &mut T)> {
    let mut entries: Vec<_> = map.iter_mut().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

impl PayloadFields for common::v1::Header {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        if visitor.options.headers {
            self.fields.visit(visitor);
        }
    }
}

impl PayloadFields for failure::v1::Failure {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        if visitor.options.limit_causes {
            limit_causes(self);
        }
        if visitor.options.encode_failures {
            encoded_failure::encode(self);
        }
        visitor.field("encoded_attributes", &mut self.encoded_attributes);
        visitor.field("cause", &mut self.cause);
        self.failure_info.visit(visitor);
    }
}

/// Answers to queries, which say a second time why there is none.
macro_rules! answers {
    ($($($message:ident)::+ { $answer:ident },)*) => { $(
        impl PayloadFields for $($message)::+ {
            fn visit(&mut self, visitor: &mut Visitor<'_>) {
                visitor.field(stringify!($answer), &mut self.$answer);
                visitor.field("failure", &mut self.failure);
                if visitor.options.encode_failures
                    && let Some(failure) = &self.failure
                {
                    self.error_message.clone_from(&failure.message);
                }
            }
        }
    )* };
}

answers! {
    query::v1::WorkflowQueryResult { answer },
    workflowservice::v1::RespondQueryTaskCompletedRequest { query_result },
}

/// Messages, with those of their fields that may hold payloads.
macro_rules! fields {
    ($($($message:ident)::+ { $($field:ident),* })*) => { $(
        impl PayloadFields for $($message)::+ {
            #[allow(
                unused_variables,
                deprecated,
                reason = "some messages have no payloads, and older servers fill deprecated fields"
            )]
            fn visit(&mut self, visitor: &mut Visitor<'_>) {
                $( visitor.field(stringify!($field), &mut self.$field); )*
            }
        }
    )* };
}

/// Messages with the arguments of the workflow or activity whose type they name; what else they have does not
/// belong to the type.
macro_rules! fields_of_type {
    ($($of:ident: $($message:ident)::+ { $($argument:ident),* } { $($other:ident),* })*) => { $(
        impl PayloadFields for $($message)::+ {
            #[allow(deprecated, reason = "older servers fill deprecated fields")]
            fn visit(&mut self, visitor: &mut Visitor<'_>) {
                let named = self.$of.as_ref().map(|it| it.name.clone());
                let outer = std::mem::replace(&mut visitor.about.$of, named);
                $( visitor.field(stringify!($argument), &mut self.$argument); )*
                visitor.about.$of = outer;
                $( visitor.field(stringify!($other), &mut self.$other); )*
            }
        }
    )* };
}

/// How a message names the workflow that its payloads belong to.
trait WorkflowName {
    fn workflow_id(&self) -> Option<String>;
}

impl WorkflowName for String {
    fn workflow_id(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl WorkflowName for Option<common::v1::WorkflowExecution> {
    fn workflow_id(&self) -> Option<String> {
        Some(self.as_ref()?.workflow_id.clone())
    }
}

/// Messages whose payloads belong to the workflow that a field of them names; its arguments come first.
macro_rules! fields_of_workflow {
    ($($($message:ident)::+ [$owner:ident] $($argument:ident)? { $($field:ident),* })*) => { $(
        impl PayloadFields for $($message)::+ {
            fn visit(&mut self, visitor: &mut Visitor<'_>) {
                visitor.within(self.$owner.workflow_id(), |visitor| {
                    $(
                        let named = self.workflow_type.as_ref().map(|it| it.name.clone());
                        visitor.about.workflow_type = named;
                        visitor.field(stringify!($argument), &mut self.$argument);
                        visitor.about.workflow_type = None;
                    )?
                    $( visitor.field(stringify!($field), &mut self.$field); )*
                });
            }
        }
    )* };
}

/// Commands and events. The summary of the start of a child is copied to the child.
macro_rules! with_summaries {
    ($($($message:ident)::+: $attributes:path, $start_child:ident;)*) => { $(
        impl PayloadFields for $($message)::+ {
            fn visit(&mut self, visitor: &mut Visitor<'_>) {
                use $attributes as Attributes;
                let child = match &self.attributes {
                    Some(Attributes::$start_child(start)) => Some(start.workflow_id.clone()),
                    _ => None,
                };
                visitor.within(child, |visitor| visitor.field("user_metadata", &mut self.user_metadata));
                self.event_group_markers.visit(visitor);
                self.attributes.visit(visitor);
            }
        }
    )* };
}

with_summaries! {
    command::v1::Command: command::v1::command::Attributes, StartChildWorkflowExecutionCommandAttributes;
    history::v1::HistoryEvent: history::v1::history_event::Attributes, StartChildWorkflowExecutionInitiatedEventAttributes;
}

/// Fields that hold one of several messages, with those that may hold payloads.
macro_rules! variants {
    ($($($field:ident)::+ { $($variant:ident,)* })*) => { $(
        impl PayloadFields for $($field)::+ {
            #[allow(unreachable_patterns, reason = "of some fields each message may hold payloads")]
            fn visit(&mut self, visitor: &mut Visitor<'_>) {
                match self {
                    $( Self::$variant(it) => visitor.field(stringify!($variant), it), )*
                    _ => {}
                }
            }
        }
    )* };
}

/// Markers, as commands and as events. The details of a patch are the worker's own, not a user's.
macro_rules! markers {
    ($($($message:ident)::+,)*) => { $(
        impl PayloadFields for $($message)::+ {
            fn visit(&mut self, visitor: &mut Visitor<'_>) {
                for (key, detail) in in_order(&mut self.details) {
                    if !marker::is_own_detail(&self.marker_name, key) {
                        let step = || Step::Entry(key.clone());
                        visitor.step(step, |visitor| detail.visit(visitor));
                    }
                }
                visitor.field("header", &mut self.header);
                visitor.field("failure", &mut self.failure);
            }
        }
    )* };
}

markers! {
    command::v1::RecordMarkerCommandAttributes,
    history::v1::MarkerRecordedEventAttributes,
}

impl PayloadFields for workflowservice::v1::GetWorkflowExecutionHistoryResponse {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        visitor.field("history", &mut self.history);
        for (index, blob) in self.raw_history.iter_mut().enumerate() {
            visitor.item("raw_history", index, |visitor| {
                reencode::<history::v1::History>(&mut blob.data, "raw_history", visitor);
            });
        }
    }
}

/// The messages of updates, which are encoded within the message.
impl PayloadFields for protocol::v1::Message {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let Some(Any { type_url, value }) = &mut self.body else {
            return;
        };
        match type_url.rsplit('.').next() {
            Some("Request") => reencode::<update::v1::Request>(value, "body", visitor),
            Some("Acceptance") => reencode::<update::v1::Acceptance>(value, "body", visitor),
            Some("Rejection") => reencode::<update::v1::Rejection>(value, "body", visitor),
            Some("Response") => reencode::<update::v1::Response>(value, "body", visitor),
            Some(_) | None => {}
        }
    }
}

/// The details of a gRPC status, each of which is encoded within it.
impl PayloadFields for rpc::Status {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        for (index, Any { type_url, value }) in self.details.iter_mut().enumerate() {
            if type_url.rsplit(['/', '.']).next() == Some("QueryFailedFailure") {
                visitor.item("details", index, |visitor| {
                    reencode::<errordetails::v1::QueryFailedFailure>(value, "details", visitor);
                });
            }
        }
    }
}

/// Visits a message that is encoded within another one.
fn reencode<M: PayloadFields + durably_proto::Message + Default>(
    bytes: &mut Vec<u8>,
    field: &'static str,
    visitor: &mut Visitor<'_>,
) {
    match M::decode(&**bytes) {
        Ok(mut message) => {
            message.visit(visitor);
            *bytes = message.encode_to_vec();
        }
        Err(error) => {
            let fault = Fault::Undecodable(error.to_string());
            let error = WireError::new("message with payloads", field, fault);
            visitor.fault.get_or_insert(error);
        }
    }
}

fields! {
    update::v1::Acceptance { accepted_request }
    update::v1::Rejection { rejected_request, failure }
    update::v1::Response { outcome }
    errordetails::v1::QueryFailedFailure { failure }
    workflowservice::v1::PollWorkflowTaskQueueResponse { history, query, queries, messages }
    workflowservice::v1::RespondWorkflowTaskCompletedRequest { commands, query_results, messages }
    common::v1::Memo { fields }
    failure::v1::ApplicationFailureInfo { details }
    failure::v1::TimeoutFailureInfo { last_heartbeat_details }
    failure::v1::CanceledFailureInfo { details }
    failure::v1::ResetWorkflowFailureInfo { last_heartbeat_details }
    common::v1::Callback { variant }
    common::v1::callback::NexusHandler { source_context }
    sdk::v1::UserMetadata { summary, details }
    workflowservice::v1::StartWorkflowExecutionResponse { eager_workflow_task }
    history::v1::History { events }
    sdk::v1::EventGroupMarker { variant }
    sdk::v1::event_group_marker::Label { label }
    history::v1::WorkflowExecutionCompletedEventAttributes { result }
    history::v1::WorkflowExecutionFailedEventAttributes { failure }
    history::v1::WorkflowTaskFailedEventAttributes { failure }
    history::v1::ActivityTaskStartedEventAttributes { last_failure }
    history::v1::ActivityTaskCompletedEventAttributes { result }
    history::v1::ActivityTaskFailedEventAttributes { failure }
    history::v1::ActivityTaskTimedOutEventAttributes { failure }
    history::v1::ActivityTaskCanceledEventAttributes { details }
    history::v1::WorkflowExecutionSignaledEventAttributes { input, header }
    history::v1::WorkflowExecutionTerminatedEventAttributes { details }
    history::v1::WorkflowExecutionCanceledEventAttributes { details }
    history::v1::WorkflowExecutionUpdateAcceptedEventAttributes { accepted_request }
    update::v1::Request { input, completion_callbacks }
    update::v1::Input { header, args }
    history::v1::WorkflowExecutionUpdateRejectedEventAttributes { rejected_request, failure }
    history::v1::WorkflowExecutionUpdateCompletedEventAttributes { outcome }
    update::v1::Outcome { value }
    history::v1::WorkflowPropertiesModifiedExternallyEventAttributes { upserted_memo }
    history::v1::WorkflowPropertiesModifiedEventAttributes { upserted_memo }
    history::v1::WorkflowExecutionUpdateAdmittedEventAttributes { request }
    history::v1::NexusOperationScheduledEventAttributes { input }
    history::v1::NexusOperationCompletedEventAttributes { result }
    history::v1::NexusOperationFailedEventAttributes { failure }
    history::v1::NexusOperationCanceledEventAttributes { failure }
    history::v1::NexusOperationTimedOutEventAttributes { failure }
    history::v1::WorkflowExecutionOptionsUpdatedEventAttributes { attached_completion_callbacks, workflow_update_options }
    history::v1::workflow_execution_options_updated_event_attributes::WorkflowUpdateOptionsUpdate { attached_completion_callbacks }
    history::v1::NexusOperationCancelRequestFailedEventAttributes { failure }
    query::v1::WorkflowQuery { query_args, header }
    workflowservice::v1::ExecuteMultiOperationRequest { operations }
    workflowservice::v1::execute_multi_operation_request::Operation { operation }
    workflowservice::v1::UpdateWorkflowExecutionRequest { request }
    workflowservice::v1::ExecuteMultiOperationResponse { responses }
    workflowservice::v1::execute_multi_operation_response::Response { response }
    workflowservice::v1::UpdateWorkflowExecutionResponse { outcome }
    workflowservice::v1::SignalWorkflowExecutionRequest { input, header }
    workflowservice::v1::QueryWorkflowRequest { query }
    workflowservice::v1::QueryWorkflowResponse { query_result }
    workflowservice::v1::PollWorkflowExecutionUpdateResponse { outcome }
    workflowservice::v1::TerminateWorkflowExecutionRequest { details }
    workflowservice::v1::DescribeWorkflowExecutionResponse { execution_config, workflow_execution_info, pending_activities, callbacks, pending_nexus_operations }
    workflow::v1::WorkflowExecutionConfig { user_metadata }
    workflow::v1::PendingActivityInfo { heartbeat_details, last_failure }
    workflow::v1::CallbackInfo { callback, last_attempt_failure }
    workflow::v1::PendingNexusOperationInfo { last_attempt_failure, cancellation_info }
    workflow::v1::NexusOperationCancellationInfo { last_attempt_failure }
    workflowservice::v1::ListWorkflowExecutionsResponse { executions }
    workflowservice::v1::CountWorkflowExecutionsResponse {}
    command::v1::CompleteWorkflowExecutionCommandAttributes { result }
    command::v1::FailWorkflowExecutionCommandAttributes { failure }
    command::v1::CancelWorkflowExecutionCommandAttributes { details }
    command::v1::ModifyWorkflowPropertiesCommandAttributes { upserted_memo }
    command::v1::ScheduleNexusOperationCommandAttributes { input }
    workflowservice::v1::RespondWorkflowTaskCompletedResponse { workflow_task, activity_tasks }
    workflowservice::v1::RespondWorkflowTaskFailedRequest { failure }
    workflowservice::v1::RecordActivityTaskHeartbeatRequest { details }
    workflowservice::v1::RecordActivityTaskHeartbeatByIdRequest { details }
    workflowservice::v1::RespondActivityTaskCompletedRequest { result }
    workflowservice::v1::RespondActivityTaskCompletedByIdRequest { result }
    workflowservice::v1::RespondActivityTaskFailedRequest { failure, last_heartbeat_details }
    workflowservice::v1::RespondActivityTaskFailedByIdRequest { failure, last_heartbeat_details }
    workflowservice::v1::RespondActivityTaskFailedResponse { failures }
    workflowservice::v1::RespondActivityTaskFailedByIdResponse { failures }
    workflowservice::v1::RespondActivityTaskCanceledRequest { details }
    workflowservice::v1::RespondActivityTaskCanceledByIdRequest { details }
    workflowservice::v1::SignalWorkflowExecutionResponse {}
    workflowservice::v1::SignalWithStartWorkflowExecutionResponse {}
    workflowservice::v1::PollWorkflowExecutionUpdateRequest {}
    workflowservice::v1::RequestCancelWorkflowExecutionRequest {}
    workflowservice::v1::RequestCancelWorkflowExecutionResponse {}
    workflowservice::v1::TerminateWorkflowExecutionResponse {}
    workflowservice::v1::ListWorkersRequest {}
    workflowservice::v1::ListWorkersResponse {}
    workflowservice::v1::DescribeWorkerRequest {}
    workflowservice::v1::DescribeWorkerResponse {}
    workflowservice::v1::PollWorkflowExecutionTimeSkippingRequest {}
    workflowservice::v1::PollWorkflowExecutionTimeSkippingResponse {}
    workflowservice::v1::PauseActivityRequest {}
    workflowservice::v1::PauseActivityResponse {}
    workflowservice::v1::UnpauseActivityRequest {}
    workflowservice::v1::UnpauseActivityResponse {}
    workflowservice::v1::ResetActivityRequest {}
    workflowservice::v1::ResetActivityResponse {}
    workflowservice::v1::UpdateWorkflowExecutionOptionsRequest {}
    workflowservice::v1::UpdateWorkflowExecutionOptionsResponse {}
    workflowservice::v1::UpdateActivityOptionsRequest {}
    workflowservice::v1::UpdateActivityOptionsResponse {}
    workflowservice::v1::ResetWorkflowExecutionRequest { post_reset_operations }
    workflow::v1::PostResetOperation { variant }
    workflow::v1::post_reset_operation::SignalWorkflow { input, header }
    workflowservice::v1::ResetWorkflowExecutionResponse {}
    workflowservice::v1::DescribeWorkflowExecutionRequest {}
    workflowservice::v1::GetWorkflowExecutionHistoryRequest {}
    workflowservice::v1::GetWorkflowExecutionHistoryReverseRequest {}
    workflowservice::v1::GetWorkflowExecutionHistoryReverseResponse { history }
    workflowservice::v1::ListWorkflowExecutionsRequest {}
    workflowservice::v1::CountWorkflowExecutionsRequest {}
    workflowservice::v1::PollWorkflowTaskQueueRequest {}
    workflowservice::v1::RespondWorkflowTaskFailedResponse {}
    workflowservice::v1::RespondQueryTaskCompletedResponse {}
    workflowservice::v1::PollActivityTaskQueueRequest {}
    workflowservice::v1::RecordActivityTaskHeartbeatResponse {}
    workflowservice::v1::RecordActivityTaskHeartbeatByIdResponse {}
    workflowservice::v1::RespondActivityTaskCompletedResponse {}
    workflowservice::v1::RespondActivityTaskCompletedByIdResponse {}
    workflowservice::v1::RespondActivityTaskCanceledResponse {}
    workflowservice::v1::RespondActivityTaskCanceledByIdResponse {}
    workflowservice::v1::GetSystemInfoRequest {}
    workflowservice::v1::GetSystemInfoResponse {}
    workflowservice::v1::DescribeNamespaceRequest {}
    workflowservice::v1::DescribeNamespaceResponse {}
    workflowservice::v1::SetWorkerDeploymentCurrentVersionRequest {}
    workflowservice::v1::SetWorkerDeploymentCurrentVersionResponse {}
    workflowservice::v1::SetWorkerDeploymentRampingVersionRequest {}
    workflowservice::v1::SetWorkerDeploymentRampingVersionResponse {}
    workflowservice::v1::DescribeWorkerDeploymentRequest {}
    workflowservice::v1::DescribeWorkerDeploymentResponse {}
    workflowservice::v1::SetWorkerDeploymentManagerRequest {}
    workflowservice::v1::SetWorkerDeploymentManagerResponse {}
    workflowservice::v1::DeleteWorkerDeploymentVersionRequest {}
    workflowservice::v1::DeleteWorkerDeploymentVersionResponse {}
    workflowservice::v1::DeleteWorkerDeploymentRequest {}
    workflowservice::v1::DeleteWorkerDeploymentResponse {}
    workflowservice::v1::UpdateWorkerDeploymentVersionMetadataRequest { upsert_entries }
    workflowservice::v1::UpdateWorkerDeploymentVersionMetadataResponse { metadata }
    workflowservice::v1::DescribeWorkerDeploymentVersionRequest {}
    workflowservice::v1::DescribeWorkerDeploymentVersionResponse { worker_deployment_version_info }
    deployment::v1::WorkerDeploymentVersionInfo { metadata }
    deployment::v1::VersionMetadata { entries }
    workflowservice::v1::ListWorkerDeploymentsRequest {}
    workflowservice::v1::ListWorkerDeploymentsResponse {}
    workflowservice::v1::ShutdownWorkerRequest {}
    workflowservice::v1::ShutdownWorkerResponse {}
    workflowservice::v1::RecordWorkerHeartbeatRequest {}
    workflowservice::v1::RecordWorkerHeartbeatResponse {}
    workflowservice::v1::DescribeTaskQueueRequest {}
    workflowservice::v1::DescribeTaskQueueResponse {}
    workflowservice::v1::CreateScheduleRequest { schedule, memo }
    workflowservice::v1::CreateScheduleResponse {}
    workflowservice::v1::DescribeScheduleRequest {}
    workflowservice::v1::DescribeScheduleResponse { schedule, memo }
    workflowservice::v1::UpdateScheduleRequest { schedule, memo }
    workflowservice::v1::UpdateScheduleResponse {}
    workflowservice::v1::PatchScheduleRequest {}
    workflowservice::v1::PatchScheduleResponse {}
    workflowservice::v1::ListScheduleMatchingTimesRequest {}
    workflowservice::v1::ListScheduleMatchingTimesResponse {}
    workflowservice::v1::DeleteScheduleRequest {}
    workflowservice::v1::DeleteScheduleResponse {}
    workflowservice::v1::ListSchedulesRequest {}
    workflowservice::v1::ListSchedulesResponse { schedules }
    schedule::v1::Schedule { action }
    workflowservice::v1::StartBatchOperationRequest { operation }
    workflowservice::v1::StartBatchOperationResponse {}
    workflowservice::v1::DescribeBatchOperationRequest {}
    workflowservice::v1::DescribeBatchOperationResponse {}
    workflowservice::v1::StopBatchOperationRequest {}
    workflowservice::v1::StopBatchOperationResponse {}
    workflowservice::v1::ListBatchOperationsRequest {}
    workflowservice::v1::ListBatchOperationsResponse {}
    workflowservice::v1::DeleteWorkflowExecutionRequest {}
    workflowservice::v1::DeleteWorkflowExecutionResponse {}
    workflowservice::v1::RegisterNamespaceRequest {}
    workflowservice::v1::RegisterNamespaceResponse {}
    workflowservice::v1::UpdateNamespaceRequest {}
    workflowservice::v1::UpdateNamespaceResponse {}
    workflowservice::v1::ListNamespacesRequest {}
    workflowservice::v1::ListNamespacesResponse {}
    operatorservice::v1::DeleteNamespaceRequest {}
    operatorservice::v1::DeleteNamespaceResponse {}
    batch::v1::BatchOperationTermination { details }
    batch::v1::BatchOperationSignal { input, header }
    batch::v1::BatchOperationReset { post_reset_operations }
    schedule::v1::ScheduleAction { action }
    schedule::v1::ScheduleListEntry { memo }
}

fields_of_workflow! {
    workflow::v1::WorkflowExecutionInfo [execution] { memo }
    workflow::v1::NewWorkflowExecutionInfo [workflow_id] input { memo, header, user_metadata }
    command::v1::StartChildWorkflowExecutionCommandAttributes [workflow_id] input { header, memo }
    command::v1::SignalExternalWorkflowExecutionCommandAttributes [execution] { input, header }
    history::v1::StartChildWorkflowExecutionInitiatedEventAttributes [workflow_id] input { header, memo }
    history::v1::ChildWorkflowExecutionStartedEventAttributes [workflow_execution] { header }
    history::v1::ChildWorkflowExecutionCompletedEventAttributes [workflow_execution] { result }
    history::v1::ChildWorkflowExecutionFailedEventAttributes [workflow_execution] { failure }
    history::v1::ChildWorkflowExecutionCanceledEventAttributes [workflow_execution] { details }
    history::v1::SignalExternalWorkflowExecutionInitiatedEventAttributes [workflow_execution] { input, header }
}

fields_of_type! {
    workflow_type: command::v1::ContinueAsNewWorkflowExecutionCommandAttributes { input } { failure, last_completion_result, header, memo }
    workflow_type: workflowservice::v1::SignalWithStartWorkflowExecutionRequest { input } { signal_input, memo, header, user_metadata }
    workflow_type: history::v1::WorkflowExecutionContinuedAsNewEventAttributes { input } { failure, last_completion_result, header, memo }
    workflow_type: history::v1::WorkflowExecutionStartedEventAttributes { input } { continued_failure, last_completion_result, memo, header, completion_callbacks }
    workflow_type: workflowservice::v1::StartWorkflowExecutionRequest { input } { memo, header, continued_failure, last_completion_result, completion_callbacks, user_metadata }
    activity_type: history::v1::ActivityTaskScheduledEventAttributes { header, input } {}
    activity_type: command::v1::ScheduleActivityTaskCommandAttributes { header, input } {}
    activity_type: workflowservice::v1::PollActivityTaskQueueResponse { header, input } { heartbeat_details }
}

variants! {
    workflow::v1::post_reset_operation::Variant { SignalWorkflow, }
    failure::v1::failure::FailureInfo {
        ApplicationFailureInfo,
        TimeoutFailureInfo,
        CanceledFailureInfo,
        ResetWorkflowFailureInfo,
    }
    common::v1::callback::Variant {
        NexusHandler,
    }
    history::v1::history_event::Attributes {
        WorkflowExecutionStartedEventAttributes,
        WorkflowExecutionCompletedEventAttributes,
        WorkflowExecutionFailedEventAttributes,
        WorkflowTaskFailedEventAttributes,
        ActivityTaskScheduledEventAttributes,
        ActivityTaskStartedEventAttributes,
        ActivityTaskCompletedEventAttributes,
        ActivityTaskFailedEventAttributes,
        ActivityTaskTimedOutEventAttributes,
        ActivityTaskCanceledEventAttributes,
        MarkerRecordedEventAttributes,
        WorkflowExecutionSignaledEventAttributes,
        WorkflowExecutionTerminatedEventAttributes,
        WorkflowExecutionCanceledEventAttributes,
        WorkflowExecutionContinuedAsNewEventAttributes,
        StartChildWorkflowExecutionInitiatedEventAttributes,
        ChildWorkflowExecutionStartedEventAttributes,
        ChildWorkflowExecutionCompletedEventAttributes,
        ChildWorkflowExecutionFailedEventAttributes,
        ChildWorkflowExecutionCanceledEventAttributes,
        SignalExternalWorkflowExecutionInitiatedEventAttributes,
        WorkflowExecutionUpdateAcceptedEventAttributes,
        WorkflowExecutionUpdateRejectedEventAttributes,
        WorkflowExecutionUpdateCompletedEventAttributes,
        WorkflowPropertiesModifiedExternallyEventAttributes,
        WorkflowPropertiesModifiedEventAttributes,
        WorkflowExecutionUpdateAdmittedEventAttributes,
        NexusOperationScheduledEventAttributes,
        NexusOperationCompletedEventAttributes,
        NexusOperationFailedEventAttributes,
        NexusOperationCanceledEventAttributes,
        NexusOperationTimedOutEventAttributes,
        WorkflowExecutionOptionsUpdatedEventAttributes,
        NexusOperationCancelRequestFailedEventAttributes,
    }
    workflowservice::v1::start_batch_operation_request::Operation {
        TerminationOperation,
        SignalOperation,
        ResetOperation,
    }
    schedule::v1::schedule_action::Action {
        StartWorkflow,
    }
    sdk::v1::event_group_marker::Variant {
        Label,
    }
    update::v1::outcome::Value {
        Success,
        Failure,
    }
    workflowservice::v1::execute_multi_operation_request::operation::Operation {
        StartWorkflow,
        UpdateWorkflow,
    }
    workflowservice::v1::execute_multi_operation_response::response::Response {
        StartWorkflow,
        UpdateWorkflow,
    }
    command::v1::command::Attributes {
        ScheduleActivityTaskCommandAttributes,
        CompleteWorkflowExecutionCommandAttributes,
        FailWorkflowExecutionCommandAttributes,
        CancelWorkflowExecutionCommandAttributes,
        RecordMarkerCommandAttributes,
        ContinueAsNewWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes,
        ModifyWorkflowPropertiesCommandAttributes,
        ScheduleNexusOperationCommandAttributes,
    }
}
