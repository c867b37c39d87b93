//! Namespaces: registered, described, listed, updated and deleted.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    Client,
    call::{Call, Request, within},
    pages::{List, PageRequest},
};
use crate::{
    data::{Text, search::Filter},
    error::{NamespaceAlreadyExists, NamespaceError, NamespaceMissing, RpcError},
    interceptor::{Listed, NamespaceOperation, NamespaceRequest},
    time::span::{Span, days},
    transport::retry::Patience,
    wire::{
        namespace::{
            DeleteNamespace, FindNamespace, ListNamespaces, NamespaceChanges, NamespaceDescription,
            RegisterNamespace, UpdateNamespace,
        },
        status::CallError,
    },
};

/// A namespace about to be registered or updated: `.await` does it.
///
/// ```no_run
/// use durably::{client::NamespaceCall, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let shop: NamespaceCall = client.register_namespace("shop");
/// shop.retention(days(30))
///     .description("orders and payments")
///     .owner_email("shop@example.com")
///     .data("team", "checkout")
///     .timeout(secs(5))
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the request is sent when this is awaited"]
pub struct NamespaceCall {
    request: Request<Box<Change>, Result<(), NamespaceError>>,
}

struct Change {
    client: Client,
    name: String,
    is_new: bool,
    changes: NamespaceChanges,
    timeout: Option<Duration>,
}

/// How long a new namespace keeps closed workflows; servers want to be told.
const RETENTION: Duration = days(3);

impl NamespaceCall {
    pub(crate) fn register(client: &Client, name: String) -> Self {
        let changes = NamespaceChanges {
            retention: Some(RETENTION),
            ..NamespaceChanges::default()
        };
        Self::new(client, name, true, changes)
    }

    pub(crate) fn update(client: &Client, name: String) -> Self {
        Self::new(client, name, false, NamespaceChanges::default())
    }

    fn new(client: &Client, name: String, is_new: bool, changes: NamespaceChanges) -> Self {
        Self {
            request: Request::new(Box::new(Change {
                client: client.clone(),
                name,
                is_new,
                changes,
                timeout: None,
            })),
        }
    }

    /// How long closed workflows are kept; three days for a new namespace, if not set.
    pub fn retention(mut self, retention: impl Span) -> Self {
        self.changes().retention = Some(retention.into_duration());
        self
    }

    /// What it is for.
    pub fn description(mut self, description: impl Text) -> Self {
        self.changes().description = Some(description.into_text());
        self
    }

    /// Whom it belongs to.
    pub fn owner_email(mut self, owner: impl Text) -> Self {
        self.changes().owner_email = Some(owner.into_text());
        self
    }

    /// Adds a note.
    pub fn data(mut self, name: impl Text, value: impl Text) -> Self {
        self.changes()
            .data
            .insert(name.into_text(), value.into_text());
        self
    }

    /// How long to wait for the server's response, retries included; about ten seconds if not set.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.request.new_mut().timeout = Some(timeout.into_duration());
        self
    }

    fn changes(&mut self) -> &mut NamespaceChanges {
        &mut self.request.new_mut().changes
    }
}

impl Future for NamespaceCall {
    type Output = Result<(), NamespaceError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let send = |change| Box::pin(send(change)) as _;
        self.get_mut().request.poll(cx, send)
    }
}

async fn send(change: Box<Change>) -> Result<(), NamespaceError> {
    let Change {
        client,
        name,
        is_new,
        changes,
        timeout,
    } = *change;
    let patience = Patience::at_once(timeout);
    let what = || format!("response about namespace `{name}`");
    let operation = match is_new {
        true => NamespaceOperation::Register,
        false => NamespaceOperation::Update,
    };
    let send = move |client: Client, name: String| async move {
        let caller = client.caller();
        let sent = match is_new {
            true => {
                let name = name.clone();
                let register = RegisterNamespace { name, changes };
                caller
                    .call_with_effect(register, patience, CallError::is_already_exists)
                    .await
            }
            false => {
                let name = name.clone();
                caller
                    .call(UpdateNamespace { name, changes }, patience)
                    .await
            }
        };
        sent.map_err(|error| refused(&name, error))
    };
    within(timeout, what, passed(&client, &name, operation, send)).await
}

/// Passes a request through the interceptors, which may name another namespace.
async fn passed<T, F>(
    client: &Client,
    name: &str,
    operation: NamespaceOperation,
    send: impl FnOnce(Client, String) -> F + Send + 'static,
) -> Result<T, NamespaceError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, NamespaceError>> + Send + 'static,
{
    let request = NamespaceRequest {
        namespace: name.to_owned(),
        operation,
    };
    let sender = client.clone();
    let send = move |request: NamespaceRequest| send(sender, request.namespace);
    client.interceptors().around(request, send).await
}

pub(crate) fn describe(
    client: &Client,
    name: String,
) -> Call<NamespaceDescription, NamespaceError> {
    let client = client.clone();
    Call::new(move |timeout| async move {
        let what = || format!("description of namespace `{name}`");
        let send = move |client: Client, name: String| async move {
            let request = FindNamespace { name: name.clone() };
            let found = client.caller().call(request, Patience::at_once(timeout));
            found.await.map_err(|error| refused(&name, error))
        };
        let operation = NamespaceOperation::Describe;
        within(timeout, what, passed(&client, &name, operation, send)).await
    })
}

pub(crate) fn delete(client: &Client, name: String) -> Call<(), NamespaceError> {
    let client = client.clone();
    Call::new(move |timeout| async move {
        let what = || format!("response to the deletion of namespace `{name}`");
        let send = move |client: Client, name: String| async move {
            let request = DeleteNamespace { name: name.clone() };
            let patience = Patience::at_once(timeout);
            let deleted = client.caller().call_with_effect(
                request,
                patience,
                CallError::is_missing_to_delete,
            );
            deleted
                .await
                .map_err(|error| match error.is_missing_to_delete() {
                    true => NamespaceMissing {
                        namespace: name.clone(),
                    }
                    .into(),
                    false => refused(&name, error),
                })
        };
        let operation = NamespaceOperation::Delete;
        within(timeout, what, passed(&client, &name, operation, send)).await
    })
}

pub(crate) fn list(client: &Client) -> List<NamespaceDescription> {
    let request = |page: PageRequest| ListNamespaces {
        page_size: page.size,
        page_token: page.page_token,
    };
    List::of_requests(
        client,
        Listed::Namespaces,
        Filter::from(""),
        request,
        |it, _| it,
    )
}

fn refused(name: &str, error: CallError) -> NamespaceError {
    let namespace = name.to_owned();
    if error.is_already_exists() {
        return NamespaceAlreadyExists { namespace }.into();
    }
    match error.is_not_found() {
        true => NamespaceMissing { namespace }.into(),
        false => RpcError::from(error).into(),
    }
}
