//! Schedules.

use std::sync::Arc;

use durably_history::schedule::{
    CreateSchedule, Effort, Schedule, Spec, TooManyExclusions, UpdateConflict, UpdateSchedule,
};
use durably_history::{Start, Time};
use durably_proto::Message;
use durably_proto::api::common::v1::Memo;
use durably_proto::api::enums::v1::{TaskQueueKind, WorkflowIdReusePolicy};
use durably_proto::api::schedule::v1::{
    Schedule as Definition, ScheduleListEntry, schedule_action::Action,
};
use durably_proto::api::workflow::v1::NewWorkflowExecutionInfo;
use durably_proto::api::workflowservice::v1::{
    CountSchedulesRequest, CountSchedulesResponse, CreateScheduleRequest, CreateScheduleResponse,
    DeleteScheduleRequest, DescribeScheduleRequest, DescribeScheduleResponse,
    ListScheduleMatchingTimesRequest, ListScheduleMatchingTimesResponse, ListSchedulesRequest,
    ListSchedulesResponse, PatchScheduleRequest, StartWorkflowExecutionRequest,
    UpdateScheduleRequest,
};

use super::{check, visibility};
use crate::backend::Backend;
use crate::backend::schedules::{Change, no_such_schedule};
use crate::error::{AlreadyStarted, Error, ListError};
use crate::matching::query::QueryFailed;
use crate::name::ScheduleName;
use crate::namespace::Namespace;
use crate::schedule::{ID_PREFIX, full_name};
use crate::visibility::{parser, query::Query, removed, values};

/// `CreateSchedule`.
pub(super) async fn create(
    backend: &Backend,
    request: CreateScheduleRequest,
) -> Result<CreateScheduleResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    check_id(&request.schedule_id)?;
    if request.request_id.is_empty() {
        return Err(check::invalid("RequestId is not set on request."));
    }
    check::length(&request.request_id, "RequestId")?;
    let mut create = CreateSchedule {
        name: full_name(&namespace, &request.schedule_id),
        definition: request.schedule.unwrap_or_default(),
        patch: request.initial_patch,
        memo: request.memo,
        search_attributes: request.search_attributes,
        request_id: request.request_id,
        seed: backend.ids.number(),
    };
    // The real server checks the specification first.
    check_spec(&create.definition)?;
    check_action(&namespace, &mut create.definition)?;
    check_size(create.memo.as_ref(), &mut create.definition)?;
    namespace.complete_search_attributes(create.search_attributes.as_mut())?;
    let name = name(&namespace, &request.schedule_id);
    let conflict_token = backend
        .change_schedule(&name, move |present, now| match present? {
            Some(present) if present.is_created_by(&create.request_id) => {
                Ok((Change::Keep, FIRST_TOKEN))
            }
            Some(_) => Err(already_registered(&create.name.id)),
            None => {
                let created = Schedule::create(create, now)?;
                Ok((Change::Store(Box::new(created)), FIRST_TOKEN))
            }
        })
        .await?;
    Ok(CreateScheduleResponse {
        conflict_token: conflict_token.to_be_bytes().to_vec(),
    })
}

/// `DescribeSchedule`.
pub(super) fn describe(
    backend: &Backend,
    request: DescribeScheduleRequest,
) -> Result<DescribeScheduleResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let schedule = find_in(backend, &namespace, &request.schedule_id)?;
    let mut search_attributes = schedule.search_attributes().cloned();
    removed::hide(&namespace.attributes(), &mut search_attributes);
    Ok(DescribeScheduleResponse {
        schedule: Some(schedule.definition()),
        info: Some(schedule.info()),
        memo: schedule.memo().cloned(),
        search_attributes,
        conflict_token: schedule.conflict_token().to_be_bytes().to_vec(),
    })
}

/// `UpdateSchedule`.
pub(super) async fn update(backend: &Backend, request: UpdateScheduleRequest) -> Result<(), Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    check::length(&request.request_id, "RequestId")?;
    let mut update = UpdateSchedule {
        definition: request.schedule.unwrap_or_default(),
        search_attributes: request.search_attributes,
        conflict_token: conflict_token(&request.conflict_token),
        request_id: request.request_id,
    };
    check_action(&namespace, &mut update.definition)?;
    check_spec(&update.definition)?;
    namespace.complete_search_attributes(update.search_attributes.as_mut())?;
    if new_workflow(&mut update.definition).is_none() {
        return Err(check::invalid(
            "Only StartWorkflow action is supported for schedules",
        ));
    }
    check_size(request.memo.as_ref(), &mut update.definition)?;
    let name = name(&namespace, &request.schedule_id);
    // The real server's words; they say what its schedules are.
    if request.memo.is_some() {
        find(backend, &request.namespace, &request.schedule_id)?;
        return Err(Error::Precondition(
            "memo updates are not supported on workflow-backed schedules".to_owned(),
        ));
    }
    backend
        .update_schedule(&name, move |schedule, now| {
            if schedule.has_applied(&update.request_id) {
                return Ok(());
            }
            match schedule.update(update, now)? {
                Ok(()) => Ok(()),
                Err(UpdateConflict) => Err(Error::Precondition(CONFLICT.to_owned())),
            }
        })
        .await
}

/// `PatchSchedule`.
pub(super) async fn patch(backend: &Backend, request: PatchScheduleRequest) -> Result<(), Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let patch = request
        .patch
        .ok_or_else(|| check::invalid("Patch is not set on request."))?;
    check::length(&request.request_id, "RequestId")?;
    if patch.pause.len() > LONGEST_NOTES || patch.unpause.len() > LONGEST_NOTES {
        return Err(check::invalid("Schedule notes exceeds limit."));
    }
    let request_id = request.request_id;
    backend
        .update_schedule(
            &name(&namespace, &request.schedule_id),
            move |schedule, now| {
                if !schedule.has_applied(&request_id) {
                    schedule.patch(patch, request_id, now);
                }
                Ok(())
            },
        )
        .await
}

/// `ListScheduleMatchingTimes`.
pub(super) fn matching_times(
    backend: &Backend,
    request: ListScheduleMatchingTimesRequest,
) -> Result<ListScheduleMatchingTimesResponse, Error> {
    let schedule = find(backend, &request.namespace, &request.schedule_id)?;
    let (Some(start), Some(end)) = (request.start_time, request.end_time) else {
        return Err(Error::QueryFailed(Box::new(QueryFailed {
            message: "missing or invalid query".to_owned(),
            failure: None,
        })));
    };
    let times = schedule.matching_times(Time::from(start), Time::from(end));
    let times = times.map_err(|TooManyExclusions| check::invalid(TOO_MANY_EXCLUSIONS))?;
    Ok(ListScheduleMatchingTimesResponse {
        start_time: times.into_iter().map(Into::into).collect(),
    })
}

/// `DeleteSchedule`.
pub(super) async fn delete(backend: &Backend, request: DeleteScheduleRequest) -> Result<(), Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let id = request.schedule_id;
    backend
        .change_schedule(&name(&namespace, &id), move |present, _| match present {
            // A damaged one can be removed, too.
            Ok(Some(_)) | Err(_) => Ok((Change::Remove, ())),
            Ok(None) => Err(no_such_schedule(&id)),
        })
        .await
}

/// `ListSchedules`.
pub(super) fn list(
    backend: &Backend,
    request: ListSchedulesRequest,
) -> Result<ListSchedulesResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let query = parsed(&namespace, &request.query)?;
    let size = visibility::page_size(request.maximum_page_size);
    let rows = backend.schedules.rows(&namespace.name);
    let page = rows.list(&query, size, &request.next_page_token);
    let page = page.map_err(ListError::from)?;
    let mut effort = Effort::default();
    let entries = page.executions.iter().filter_map(|row| {
        let execution = row.execution.as_ref()?;
        // It may have been deleted meanwhile.
        let found = backend
            .schedules
            .find(&name(&namespace, &execution.workflow_id));
        Some(entry(&*found.ok()??, &mut effort))
    });
    let mut schedules: Vec<_> = entries.collect();
    // Locked only now: what the entries take from the schedules may take long.
    let known = namespace.attributes();
    for entry in &mut schedules {
        removed::hide(&known, &mut entry.search_attributes);
    }
    drop(known);
    Ok(ListSchedulesResponse {
        schedules,
        next_page_token: page.next.clone(),
    })
}

/// `CountSchedules`.
pub(super) fn count(
    backend: &Backend,
    request: CountSchedulesRequest,
) -> Result<CountSchedulesResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let query = parsed(&namespace, &request.query)?;
    let counts = backend.schedules.rows(&namespace.name).count(&query);
    Ok(CountSchedulesResponse {
        count: counts.values().sum(),
        // Queries cannot name the fields that counts have groups of.
        groups: Vec::new(),
    })
}

fn find(backend: &Backend, namespace: &str, id: &str) -> Result<Arc<Schedule>, Error> {
    let namespace = backend.namespaces.find(namespace)?;
    find_in(backend, &namespace, id)
}

fn find_in(backend: &Backend, namespace: &Namespace, id: &str) -> Result<Arc<Schedule>, Error> {
    let schedule = backend.schedules.find(&name(namespace, id))?;
    schedule.ok_or_else(|| no_such_schedule(id))
}

fn name(namespace: &Namespace, id: &str) -> ScheduleName {
    ScheduleName {
        namespace: Arc::clone(&namespace.name),
        id: id.into(),
    }
}

fn entry(schedule: &Schedule, effort: &mut Effort) -> ScheduleListEntry {
    ScheduleListEntry {
        schedule_id: schedule.name().id.clone(),
        memo: Some(schedule.memo().cloned().unwrap_or_default()),
        search_attributes: schedule.search_attributes().cloned(),
        info: Some(schedule.list_info(effort)),
    }
}

fn parsed(namespace: &Namespace, text: &str) -> Result<Query, Error> {
    let attributes = namespace.attributes().of_schedules();
    Ok(parser::parse(text, &attributes)?)
}

/// The real server has a workflow for each schedule, whose id is as long as any.
fn check_id(id: &str) -> Result<(), Error> {
    if id.is_empty() {
        return Err(check::invalid(
            "Can't load workflow execution.  WorkflowId not set.",
        ));
    }
    let length = ID_PREFIX.len() + id.len();
    match length > durably_history::LONGEST_ID {
        true => Err(check::invalid(&format!(
            "WorkflowId exceeds maximum allowed length ({length}/{})",
            durably_history::LONGEST_ID
        ))),
        false => Ok(()),
    }
}

fn check_spec(definition: &Definition) -> Result<(), Error> {
    let spec = definition.spec.clone().unwrap_or_default();
    #[expect(deprecated, reason = "clients of earlier versions send it")]
    let excluded_texts = spec.exclude_calendar.len();
    let parts = [
        spec.structured_calendar.len(),
        spec.calendar.len(),
        spec.cron_string.len(),
        spec.interval.len(),
        spec.exclude_structured_calendar.len(),
        excluded_texts,
    ];
    let count: usize = parts.into_iter().sum();
    if count > MOST_SPEC_PARTS {
        return Err(check::invalid(&format!(
            "Invalid schedule spec: too many calendars, intervals and cron strings ({count}/{MOST_SPEC_PARTS})"
        )));
    }
    Spec::new(spec)?;
    Ok(())
}

/// Checks the workflow that a schedule starts, as a start request is checked.
fn check_action(namespace: &Namespace, definition: &mut Definition) -> Result<(), Error> {
    let Some(workflow) = new_workflow(definition) else {
        return Ok(());
    };
    let start = StartWorkflowExecutionRequest {
        // As long as the ids of started workflows are.
        workflow_id: format!("{}-2009-11-10T23:00:00Z", workflow.workflow_id),
        workflow_type: workflow.workflow_type.clone(),
        task_queue: workflow.task_queue.clone(),
        input: workflow.input.clone(),
        workflow_execution_timeout: workflow.workflow_execution_timeout,
        workflow_run_timeout: workflow.workflow_run_timeout,
        workflow_task_timeout: workflow.workflow_task_timeout,
        retry_policy: workflow.retry_policy.clone(),
        memo: workflow.memo.clone(),
        priority: workflow.priority.clone(),
        versioning_override: workflow.versioning_override.clone(),
        ..StartWorkflowExecutionRequest::default()
    };
    Start::from_request(start, String::new().into(), 0)?;
    if let Some(queue) = &mut workflow.task_queue
        && queue.kind() == TaskQueueKind::Unspecified
    {
        queue.set_kind(TaskQueueKind::Normal);
    }
    if !workflow.cron_schedule.is_empty() {
        return Err(check::invalid(
            "Scheduled workflow must not contain CronSchedule",
        ));
    }
    let is_allowed = matches!(
        workflow.workflow_id_reuse_policy(),
        WorkflowIdReusePolicy::Unspecified | WorkflowIdReusePolicy::AllowDuplicate
    );
    if !is_allowed {
        return Err(check::invalid(
            "Scheduled workflow must not contain WorkflowIDReusePolicy",
        ));
    }
    namespace.complete_search_attributes(workflow.search_attributes.as_mut())?;
    // They are checked again at each start; until then descriptions show them.
    let values = workflow.search_attributes.iter_mut();
    for value in values.flat_map(|it| it.indexed_fields.values_mut()) {
        values::keep_client_label(value);
    }
    Ok(())
}

/// Checks the schedule's memo and the input of its workflow, which may be as large as one blob together.
fn check_size(memo: Option<&Memo>, definition: &mut Definition) -> Result<(), Error> {
    let workflow = new_workflow(definition);
    let input = workflow.and_then(|workflow| workflow.input.as_ref());
    let size = memo.map_or(0, Message::encoded_len) + input.map_or(0, Message::encoded_len);
    match size > durably_history::LARGEST_BLOB {
        true => Err(check::invalid("Blob data size exceeds limit.")),
        false => Ok(()),
    }
}

fn new_workflow(definition: &mut Definition) -> Option<&mut NewWorkflowExecutionInfo> {
    match definition.action.as_mut()?.action.as_mut()? {
        Action::StartWorkflow(workflow) => Some(workflow),
    }
}

/// The token that an update gives, if it gives one.
fn conflict_token(bytes: &[u8]) -> Option<i64> {
    let token = i64::from_be_bytes(*bytes.first_chunk()?);
    (token != 0).then_some(token)
}

fn already_registered(id: &str) -> Error {
    Error::AlreadyStarted(AlreadyStarted {
        message: format!("schedule {id:?} is already registered"),
        start_request_id: String::new(),
        run_id: String::new(),
        first_run_id: String::new(),
    })
}

/// Each search for a time looks at all of them. The real server limits only the size of the request.
const MOST_SPEC_PARTS: usize = 1000;
/// The token of a new schedule.
const FIRST_TOKEN: i64 = 1;
/// The real server's value.
const LONGEST_NOTES: usize = 1000;
const CONFLICT: &str = "mismatched conflict token";
const TOO_MANY_EXCLUSIONS: &str =
    "the schedule calendar specification has too many exclusions. Please modify the specification.";
