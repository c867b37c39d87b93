//! What can go wrong with namespaces.

use std::fmt;

use super::{
    ActivityError, AppError, ChildError, Failure, RpcError, TypedError,
    chain::{self, links},
    client::{IsRpcTimeout, operations},
};

/// The server does not have the namespace.
///
/// ```no_run
/// use durably::{error::NamespaceError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.describe_namespace("shop").await {
///     Err(NamespaceError::NotFound(it)) => println!("no namespace {}", it.namespace),
///     found => println!("{}", found?.description),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamespaceMissing {
    /// Its name.
    pub namespace: String,
}

/// The server has a namespace of this name.
///
/// ```no_run
/// use durably::{error::NamespaceError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.register_namespace("shop").await {
///     Err(NamespaceError::AlreadyExists(it)) => println!("{} is there", it.namespace),
///     registered => registered?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamespaceAlreadyExists {
    /// Its name.
    pub namespace: String,
}

impl fmt::Display for NamespaceMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::no_namespace(&self.namespace))
    }
}

impl fmt::Display for NamespaceAlreadyExists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "namespace `{}` exists already", self.namespace)
    }
}

impl std::error::Error for NamespaceMissing {}
impl std::error::Error for NamespaceAlreadyExists {}
impl IsRpcTimeout for NamespaceMissing {}
impl IsRpcTimeout for NamespaceAlreadyExists {}

operations! {
    /// Why a namespace could not be registered, described, updated or deleted.
    ///
    /// ```no_run
    /// use durably::{error::{NamespaceError, RpcError}, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.register_namespace("shop").retention(mins(1)).await {
    ///     Err(NamespaceError::AlreadyExists(it)) => println!("{it}"),
    ///     Err(NamespaceError::Rpc(RpcError::InvalidArgument { message })) => println!("{message}"),
    ///     registered => registered?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    NamespaceError {
        /// The server does not have it.
        NotFound(NamespaceMissing),
        /// The server has one of the name.
        AlreadyExists(NamespaceAlreadyExists),
        /// The request failed; [`RpcError::InvalidArgument`] if the name or an option is invalid.
        Rpc(RpcError),
    }
}
