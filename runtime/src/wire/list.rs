//! Lists and counts of workflows.

use std::num::NonZeroU16;

use durably_engine::Payload;
use durably_proto::api::workflowservice::v1 as pb;

use super::{
    WireError, describe,
    describe::Summary,
    page::{self, Page},
    payload,
    request::{Request, Sender},
};

/// Lists workflows, a page at a time.
#[derive(Debug)]
pub(crate) struct ListWorkflows {
    pub(crate) filter: String,
    /// At most this many workflows a page; the server's number if none.
    pub(crate) page_size: Option<NonZeroU16>,
    /// Empty for the first page.
    pub(crate) page_token: Vec<u8>,
}

/// Counts workflows.
#[derive(Debug)]
pub(crate) struct CountWorkflows {
    pub(crate) filter: String,
}

impl Request for ListWorkflows {
    type Message = pb::ListWorkflowExecutionsRequest;
    type Reply = pb::ListWorkflowExecutionsResponse;
    type Response = Page<Summary>;
    const SHOWS_MANY: bool = true;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::ListWorkflowExecutionsRequest {
            namespace: sender.namespace(),
            page_size: page::size(self.page_size),
            next_page_token: self.page_token,
            query: self.filter,
        }
    }

    fn read(reply: Self::Reply) -> Result<Self::Response, WireError> {
        let executions = reply.executions.into_iter();
        let workflows = executions.map(|info| describe::summary("list of workflows", info));
        Ok(Page {
            items: workflows.collect::<Result<_, _>>()?,
            next_page_token: reply.next_page_token,
        })
    }
}

impl Request for CountWorkflows {
    type Message = pb::CountWorkflowExecutionsRequest;
    type Reply = pb::CountWorkflowExecutionsResponse;
    type Response = u64;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::CountWorkflowExecutionsRequest {
            namespace: sender.namespace(),
            query: self.filter,
        }
    }

    fn read(reply: Self::Reply) -> Result<u64, WireError> {
        Ok(reply.count.max(0).cast_unsigned())
    }
}

/// Counts workflows by the values of a search attribute, which the filter groups by.
#[derive(Debug)]
pub(crate) struct CountGroups {
    pub(crate) filter: String,
}

impl Request for CountGroups {
    type Message = pb::CountWorkflowExecutionsRequest;
    type Reply = pb::CountWorkflowExecutionsResponse;
    /// The value of each group, and how many workflows have it.
    type Response = Vec<(Option<Payload>, u64)>;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let filter = self.filter;
        CountWorkflows { filter }.into_message(sender)
    }

    fn read(reply: Self::Reply) -> Result<Self::Response, WireError> {
        let groups = reply.groups.into_iter().map(|mut group| {
            let value = group.group_values.pop().map(payload::from_proto);
            (value, group.count.max(0).cast_unsigned())
        });
        Ok(groups.collect())
    }
}
