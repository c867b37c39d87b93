//! Lists and counts of workflows, and lists of workers.

use super::{
    Client, WorkerSummary, WorkflowSummary,
    call::{Call, within},
    pages::{List, PageRequest},
};
use crate::{
    data::search::{Filter, SearchKey, SearchKind},
    error::RpcError,
    interceptor::{CountRequest, Listed},
    transport::retry::Patience,
    wire::{
        list::{CountGroups, CountWorkflows, ListWorkflows},
        workers::ListWorkers,
    },
};

pub(crate) fn list(client: &Client, filter: Filter) -> List<WorkflowSummary> {
    let request = |page: PageRequest| ListWorkflows {
        filter: page.filter,
        page_size: page.size,
        page_token: page.page_token,
    };
    List::of_requests(
        client,
        Listed::Workflows,
        filter,
        request,
        WorkflowSummary::new,
    )
}

pub(crate) fn workers(client: &Client, filter: Filter) -> List<WorkerSummary> {
    let request = |page: PageRequest| ListWorkers {
        filter: page.filter,
        page_size: page.size,
        page_token: page.page_token,
    };
    List::of_requests(client, Listed::Workers, filter, request, |it, _| it)
}

pub(crate) fn count(client: Client, filter: String) -> Call<u64, RpcError> {
    Call::new(|timeout| {
        within(timeout, || "count of workflows".to_owned(), async move {
            let patience = Patience::at_once(timeout);
            let sender = client.clone();
            let send = move |request: CountRequest| async move {
                let CountRequest { filter, .. } = request;
                let count = sender.caller().call(CountWorkflows { filter }, patience);
                count.await.map_err(RpcError::from)
            };
            let interceptors = client.interceptors();
            interceptors.around(CountRequest { filter }, send).await
        })
    })
}

/// The values of an attribute, and how many workflows have each.
pub(crate) type Groups<V> = Vec<(Option<V>, u64)>;

pub(crate) fn count_by<K: SearchKind>(
    client: Client,
    key: SearchKey<K>,
    filter: &Filter,
) -> Call<Groups<K::Value>, RpcError>
where
    K::Value: Send,
{
    let filter = filter.to_string();
    let name = key.name().to_owned();
    let grouped = move |filter: &str| format!("{filter} GROUP BY `{name}`");
    Call::new(move |timeout| {
        within(timeout, || "count of workflows".to_owned(), async move {
            let patience = Patience::at_once(timeout);
            let sender = client.clone();
            let send = move |request: CountRequest| async move {
                let filter = grouped(&request.filter);
                let groups = sender.caller().call(CountGroups { filter }, patience);
                groups.await.map_err(RpcError::from)
            };
            let interceptors = client.interceptors();
            let groups = interceptors.around(CountRequest { filter }, send).await?;
            let groups = groups.into_iter().map(|(value, count)| {
                let value = key.read(value.as_ref()).map_err(|error| {
                    let message = error.to_string();
                    RpcError::MalformedResponse { message }
                })?;
                Ok((value, count))
            });
            groups.collect()
        })
    })
}
