//! Visibility methods: lists, counts and search attributes.

use crate::backend::Backend;
use crate::error::Error;
use crate::namespace::Namespace;
use crate::visibility::attributes::{Attributes, status_name};
use crate::visibility::{parser, query::Query, removed};
use durably_proto::api::common::v1::Payload;
use durably_proto::api::filter::v1::StartTimeFilter;
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;
use durably_proto::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, GetSearchAttributesResponse,
    ListClosedWorkflowExecutionsRequest, ListClosedWorkflowExecutionsResponse,
    ListOpenWorkflowExecutionsRequest, ListOpenWorkflowExecutionsResponse,
    ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse, ScanWorkflowExecutionsRequest,
    ScanWorkflowExecutionsResponse, count_workflow_executions_response::AggregationGroup,
    list_closed_workflow_executions_request, list_open_workflow_executions_request,
};

/// `ListWorkflowExecutions`.
pub(super) fn list(
    backend: &Backend,
    request: ListWorkflowExecutionsRequest,
) -> Result<ListWorkflowExecutionsResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let query = parsed(&namespace, &request.query)?;
    if query.group.is_some() {
        return Err(Error::Invalid(
            "operation is not supported: 'GROUP BY' clause".to_owned(),
        ));
    }
    let size = page_size(request.page_size);
    let token = &request.next_page_token;
    let page = backend.store.list(&namespace.name, &query, size, token)?;
    let known = namespace.attributes();
    let listed = page.executions.iter().map(|info| listed(&known, info));
    Ok(ListWorkflowExecutionsResponse {
        executions: listed.collect(),
        next_page_token: page.next,
    })
}

/// A run as lists show it: with fewer fields than its description, and with those of its history when it is closed.
fn listed(known: &Attributes, info: &WorkflowExecutionInfo) -> WorkflowExecutionInfo {
    let mut listed = WorkflowExecutionInfo {
        execution: info.execution.clone(),
        r#type: info.r#type.clone(),
        start_time: info.start_time,
        execution_time: info.execution_time,
        status: info.status,
        parent_execution: info.parent_execution.clone(),
        root_execution: info.root_execution.clone(),
        memo: info.memo.clone(),
        search_attributes: info.search_attributes.clone(),
        task_queue: info.task_queue.clone(),
        ..WorkflowExecutionInfo::default()
    };
    removed::hide(known, &mut listed.search_attributes);
    if info.close_time.is_some() {
        listed.close_time = info.close_time;
        listed.execution_duration = info.execution_duration;
        listed.history_length = info.history_length;
        listed.history_size_bytes = info.history_size_bytes;
        listed.state_transition_count = info.state_transition_count;
    }
    listed
}

/// `ScanWorkflowExecutions`.
pub(super) fn scan(
    backend: &Backend,
    request: ScanWorkflowExecutionsRequest,
) -> Result<ScanWorkflowExecutionsResponse, Error> {
    let listed = list(
        backend,
        ListWorkflowExecutionsRequest {
            namespace: request.namespace,
            page_size: request.page_size,
            next_page_token: request.next_page_token,
            query: request.query,
        },
    )?;
    Ok(ScanWorkflowExecutionsResponse {
        executions: listed.executions,
        next_page_token: listed.next_page_token,
    })
}

/// `GetSearchAttributes`: those of all namespaces.
pub(super) fn attributes(backend: &Backend) -> GetSearchAttributesResponse {
    let mut keys: std::collections::HashMap<_, _> = Attributes::system()
        .map(|(name, value_type)| (name.to_owned(), value_type.into()))
        .collect();
    for namespace in backend.namespaces.all() {
        let attributes = namespace.attributes();
        for (name, value_type) in attributes.custom() {
            keys.insert(name.to_owned(), value_type.into());
        }
    }
    GetSearchAttributesResponse { keys }
}

/// `CountWorkflowExecutions`.
pub(super) fn count(
    backend: &Backend,
    request: CountWorkflowExecutionsRequest,
) -> Result<CountWorkflowExecutionsResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let query = parsed(&namespace, &request.query)?;
    let counts = backend.store.count(&namespace.name, &query)?;
    let groups = counts.iter().filter(|_| query.group.is_some());
    Ok(CountWorkflowExecutionsResponse {
        count: counts.values().sum(),
        groups: groups
            .map(|(group, count)| AggregationGroup {
                group_values: vec![keyword(group.as_deref().unwrap_or_default())],
                count: *count,
            })
            .collect(),
    })
}

/// `ListOpenWorkflowExecutions`, rewritten as a query.
pub(super) fn list_open(
    backend: &Backend,
    request: ListOpenWorkflowExecutionsRequest,
) -> Result<ListOpenWorkflowExecutionsResponse, Error> {
    use list_open_workflow_executions_request::Filters;
    let mut conditions = vec!["ExecutionStatus = 'Running'".to_owned()];
    conditions.extend(started(request.start_time_filter));
    conditions.extend(request.filters.map(|filters| match filters {
        Filters::ExecutionFilter(by) => workflow_id_is(&by.workflow_id),
        Filters::TypeFilter(by) => type_is(&by.name),
    }));
    let listed = list(
        backend,
        ListWorkflowExecutionsRequest {
            namespace: request.namespace,
            page_size: request.maximum_page_size,
            next_page_token: request.next_page_token,
            query: conditions.join(" AND "),
        },
    )?;
    Ok(ListOpenWorkflowExecutionsResponse {
        executions: listed.executions,
        next_page_token: listed.next_page_token,
    })
}

/// `ListClosedWorkflowExecutions`, rewritten as a query.
pub(super) fn list_closed(
    backend: &Backend,
    request: ListClosedWorkflowExecutionsRequest,
) -> Result<ListClosedWorkflowExecutionsResponse, Error> {
    use list_closed_workflow_executions_request::Filters;
    let mut conditions = vec!["ExecutionStatus != 'Running'".to_owned()];
    conditions.extend(started(request.start_time_filter));
    conditions.extend(request.filters.map(|filters| match filters {
        Filters::ExecutionFilter(by) => workflow_id_is(&by.workflow_id),
        Filters::TypeFilter(by) => type_is(&by.name),
        Filters::StatusFilter(by) => {
            format!("ExecutionStatus = '{}'", status_name(by.status))
        }
    }));
    let listed = list(
        backend,
        ListWorkflowExecutionsRequest {
            namespace: request.namespace,
            page_size: request.maximum_page_size,
            next_page_token: request.next_page_token,
            query: conditions.join(" AND "),
        },
    )?;
    Ok(ListClosedWorkflowExecutionsResponse {
        executions: listed.executions,
        next_page_token: listed.next_page_token,
    })
}

fn parsed(namespace: &Namespace, text: &str) -> Result<Query, Error> {
    let attributes = namespace.attributes();
    Ok(parser::parse(text, &attributes)?)
}

fn started(filter: Option<StartTimeFilter>) -> Vec<String> {
    let Some(filter) = filter else {
        return Vec::new();
    };
    let earliest = filter
        .earliest_time
        .map(|time| format!("StartTime >= '{time}'"));
    let latest = filter
        .latest_time
        .map(|time| format!("StartTime <= '{time}'"));
    earliest.into_iter().chain(latest).collect()
}

fn workflow_id_is(id: &str) -> String {
    format!("WorkflowId = '{}'", escaped(id))
}

fn type_is(name: &str) -> String {
    format!("WorkflowType = '{}'", escaped(name))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "''")
}

/// A group's value as the payload of a search attribute.
fn keyword(text: &str) -> Payload {
    Payload {
        metadata: [
            ("encoding".to_owned(), b"json/plain".to_vec()),
            ("type".to_owned(), b"Keyword".to_vec()),
        ]
        .into(),
        data: serde_json::Value::from(text).to_string().into_bytes(),
        ..Payload::default()
    }
}

pub(super) fn page_size(requested: i32) -> usize {
    match usize::try_from(requested) {
        Ok(size) if size > 0 => size.min(LARGEST_PAGE),
        _ => LARGEST_PAGE,
    }
}

/// Executions in a page; the real server's value.
const LARGEST_PAGE: usize = 1000;
