//! Worker deployments: which version of a worker new workflows start on.

use std::fmt;

use super::{
    Client,
    call::{Call, within},
};
use crate::{
    data::Text,
    error::RpcError,
    interceptor::{DeploymentOperation, DeploymentRequest, ListRequest, Listed},
    transport::{retry::Patience, rpc::Rpc},
    wire::{
        request::Request,
        routing::{
            DeploymentDescription, DescribeDeployment, ListDeployments, SetCurrentVersion,
            SetRampingVersion,
        },
    },
};

/// A worker deployment, by its name: [`Client::deployment`].
///
/// Workers create it with their first poll; see [`Worker::deployment`](crate::Worker::deployment).
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let orders = client.deployment("orders");
/// orders.set_ramping("1.5.0", 5.0).await?;
/// // .. and when all looks well:
/// orders.set_current("1.5.0").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Deployment {
    client: Client,
    name: String,
}

impl Client {
    /// The worker deployment of this name.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").set_current("1.4.2").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn deployment(&self, name: impl Text) -> Deployment {
        Deployment {
            client: self.clone(),
            name: name.into_text(),
        }
    }

    /// All worker deployments of the namespace.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// for deployment in client.deployments().await? {
    ///     println!("{}: {:?}", deployment.name, deployment.current);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The request failed.
    pub fn deployments(&self) -> Call<Vec<DeploymentDescription>, RpcError> {
        let client = self.clone();
        Call::new(|timeout| async move {
            let what = || "list of worker deployments".to_owned();
            within(timeout, what, async {
                let (mut found, mut page_token) = (Vec::new(), Vec::new());
                loop {
                    let sender = client.clone();
                    let send = move |_: ListRequest| async move {
                        let request = ListDeployments { page_token };
                        let patience = Patience::at_once(timeout);
                        let page = sender.caller().call(request, patience).await;
                        page.map_err(RpcError::from)
                    };
                    let list = ListRequest {
                        listed: Listed::Deployments,
                        filter: String::new(),
                    };
                    let page = client.interceptors().around(list, send).await?;
                    found.extend(page.deployments);
                    if page.next.is_empty() {
                        return Ok(found);
                    }
                    page_token = page.next;
                }
            })
            .await
        })
    }
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployment")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Deployment {
    /// Its name.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # fn example(client: Client) {
    /// assert_eq!(client.deployment("orders").name(), "orders");
    /// # }
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts new workflows on this build, and moves those that upgrade by themselves to it with their
    /// next task. It ends its ramp, if it had one.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").set_current("1.4.2").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// No worker of the build has polled, or its workers do not poll a task queue of the current version:
    /// [`RpcError::Other`] with the code `NotFound` or `FailedPrecondition`. [`RpcError::InvalidArgument`] if
    /// `build_id` is empty.
    pub fn set_current(&self, build_id: impl Text) -> Call<(), RpcError> {
        match build_id.into_text() {
            empty if empty.is_empty() => {
                no_build("`unset_current` makes workers outside of deployments current")
            }
            build_id => {
                let seen = DeploymentOperation::SetCurrent {
                    build_id: build_id.clone(),
                };
                self.send(seen, |deployment| SetCurrentVersion {
                    deployment,
                    build_id,
                })
            }
        }
    }

    /// Starts new workflows on workers outside of deployments again.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").unset_current().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The request failed.
    pub fn unset_current(&self) -> Call<(), RpcError> {
        self.send(DeploymentOperation::UnsetCurrent, |deployment| {
            SetCurrentVersion {
                deployment,
                build_id: String::new(),
            }
        })
    }

    /// Starts a share of the new workflows on this build, in percent. The id of a workflow decides, so
    /// that it stays where it is while the share grows.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").set_ramping("1.5.0", 2.5).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`set_current`](Self::set_current); [`RpcError::InvalidArgument`] if the share is not between
    /// 0 and 100, or `build_id` is empty.
    pub fn set_ramping(&self, build_id: impl Text, percent: f32) -> Call<(), RpcError> {
        match build_id.into_text() {
            empty if empty.is_empty() => no_build("`unset_ramping` ends the ramp"),
            build_id => {
                let seen = DeploymentOperation::SetRamping {
                    build_id: build_id.clone(),
                    percent,
                };
                self.send(seen, move |deployment| SetRampingVersion {
                    deployment,
                    build_id,
                    percent,
                })
            }
        }
    }

    /// Ends the ramp: all new workflows start on the current version.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.deployment("orders").unset_ramping().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The request failed.
    pub fn unset_ramping(&self) -> Call<(), RpcError> {
        self.send(DeploymentOperation::UnsetRamping, |deployment| {
            SetRampingVersion {
                deployment,
                build_id: String::new(),
                percent: 0.0,
            }
        })
    }

    /// Which version new workflows start on, and all versions.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let orders = client.deployment("orders").describe().await?;
    /// println!("{:?}", orders.current);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RpcError::Other`] with the code `NotFound` until a worker of the deployment has polled.
    pub fn describe(&self) -> Call<DeploymentDescription, RpcError> {
        self.send(DeploymentOperation::Describe, |deployment| {
            DescribeDeployment { deployment }
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Passes a request through the interceptors, which may name another deployment, and sends it.
    pub(super) fn send<R>(
        &self,
        operation: DeploymentOperation,
        request: impl FnOnce(String) -> R + Send + Sync + 'static,
    ) -> Call<R::Response, RpcError>
    where
        R: Request<Response: Send, Reply: Send, Message: Rpc<Reply = R::Reply>> + Send + 'static,
    {
        let (client, name) = (self.client.clone(), self.name.clone());
        Call::new(move |timeout| async move {
            let what = || format!("response about worker deployment `{name}`");
            let seen = DeploymentRequest {
                deployment: name.clone(),
                operation,
            };
            let sender = client.clone();
            let send = move |seen: DeploymentRequest| async move {
                let request = request(seen.deployment);
                let sent = sender.caller().call(request, Patience::at_once(timeout));
                sent.await.map_err(RpcError::from)
            };
            within(timeout, what, client.interceptors().around(seen, send)).await
        })
    }
}

/// The error of a call without a build: the server would take it for workers outside of deployments.
fn no_build(instead: &'static str) -> Call<(), RpcError> {
    refused(format!("the build id is empty; {instead}"))
}

/// A call that is not sent.
pub(super) fn refused<T: Send + 'static>(message: String) -> Call<T, RpcError> {
    Call::new(move |_| async move { Err(RpcError::InvalidArgument { message }) })
}
