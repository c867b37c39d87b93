//! Lists and counts of workflows, and lists and descriptions of workers.

use super::{
    Client, WorkerDescription, WorkerSummary, WorkflowSummary,
    call::{Call, within},
    pages::{List, PageRequest},
};
use crate::{
    data::search::{Filter, SearchKey, SearchKind},
    error::RpcError,
    interceptor::{CountRequest, Listed, WorkerRequest},
    transport::retry::Patience,
    wire::{
        list::{CountGroups, CountWorkflows, ListWorkflows},
        status::CallError,
        workers::{DescribeWorker, ListWorkers},
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

/// None if the server has no such worker.
pub(crate) fn describe_worker(
    client: &Client,
    instance_key: String,
) -> Call<Option<WorkerDescription>, RpcError> {
    let client = client.clone();
    Call::new(move |timeout| async move {
        let what = || format!("description of worker `{instance_key}`");
        within(timeout, what, async {
            let sender = client.clone();
            let send = move |request: WorkerRequest| async move {
                let WorkerRequest { instance_key, .. } = request;
                let request = DescribeWorker { instance_key };
                let found = sender.caller().call(request, Patience::at_once(timeout));
                match found.await {
                    Ok(found) => Ok(Some(found)),
                    Err(error) if CallError::is_missing(&error) => Ok(None),
                    Err(error) => Err(RpcError::from(error)),
                }
            };
            let request = WorkerRequest {
                instance_key: instance_key.clone(),
            };
            client.interceptors().around(request, send).await
        })
        .await
    })
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
