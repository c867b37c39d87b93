//! The requests of a client about namespaces and worker deployments, and those of its raw client, as interceptors
//! see them.

use crate::{error::RpcError, wire::status::RawStatus};

/// A request about a namespace.
///
/// ```
/// use durably::{error::RpcError, prelude::*};
/// use durably::interceptor::{ClientInterceptor, NamespaceOperation, NamespaceRequest, Next};
///
/// struct Keep;
///
/// impl ClientInterceptor for Keep {
///     async fn namespace(&self, request: NamespaceRequest, next: Next<NamespaceRequest>) -> Result<()> {
///         if request.operation == NamespaceOperation::Delete {
///             let message = format!("namespace `{}` stays", request.namespace);
///             return Err(RpcError::PermissionDenied { message }.into());
///         }
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NamespaceRequest {
    /// The name of the namespace, which may be another one than that of the client.
    pub namespace: String,
    /// What is requested. Requests stay what they are, whatever an interceptor writes here.
    pub operation: NamespaceOperation,
}

/// What is requested of a namespace.
///
/// ```
/// use durably::interceptor::NamespaceOperation;
///
/// fn only_reads(operation: NamespaceOperation) -> bool {
///     operation == NamespaceOperation::Describe
/// }
/// assert!(!only_reads(NamespaceOperation::Register));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamespaceOperation {
    /// Its registration.
    Register,
    /// Other options.
    Update,
    /// Its description.
    Describe,
    /// Its deletion, with all that it has.
    Delete,
}

/// A request about a worker deployment.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, DeploymentRequest, Next}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn deployment(
///         &self,
///         request: DeploymentRequest,
///         next: Next<DeploymentRequest>,
///     ) -> Result<()> {
///         tracing::info!("deployment {}: {:?}", request.deployment, request.operation);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeploymentRequest {
    /// The name of the deployment.
    pub deployment: String,
    /// What is requested. Requests stay what they are, whatever an interceptor writes here.
    pub operation: DeploymentOperation,
}

/// What is requested of a worker deployment.
///
/// ```
/// use durably::interceptor::DeploymentOperation;
///
/// fn build(operation: &DeploymentOperation) -> Option<&str> {
///     match operation {
///         DeploymentOperation::SetCurrent { build_id } => Some(build_id),
///         DeploymentOperation::SetRamping { build_id, .. } => Some(build_id),
///         _ => None,
///     }
/// }
/// assert_eq!(build(&DeploymentOperation::Describe), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DeploymentOperation {
    /// The version on which new workflows start.
    SetCurrent {
        /// Its build id.
        build_id: String,
    },
    /// New workflows start on workers outside of the deployment.
    UnsetCurrent,
    /// The version on which a part of the new workflows starts.
    SetRamping {
        /// Its build id.
        build_id: String,
        /// How many of a hundred.
        percent: f32,
    },
    /// No version ramps.
    UnsetRamping,
    /// Its description.
    Describe,
    /// The description of one version.
    DescribeVersion {
        /// Its build id.
        build_id: String,
    },
    /// A note of a version.
    SetMetadata {
        /// The build id of the version.
        build_id: String,
        /// The name of the note.
        name: String,
    },
    /// A version without a note that it may have.
    RemoveMetadata {
        /// The build id of the version.
        build_id: String,
        /// The name of the note.
        name: String,
    },
    /// The deletion of a version.
    DeleteVersion {
        /// Its build id.
        build_id: String,
        /// Whether workflows may run that are pinned to it.
        draining: bool,
    },
    /// The deletion of the deployment.
    Delete,
    /// The only client that may change the routing.
    SetManager {
        /// Its identity.
        identity: String,
    },
    /// All clients may change the routing.
    UnsetManager,
}

/// A request for the description of a task queue.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, TaskQueueRequest}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn describe_task_queue(
///         &self,
///         request: TaskQueueRequest,
///         next: Next<TaskQueueRequest>,
///     ) -> Result<()> {
///         tracing::info!("task queue {}", request.task_queue);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskQueueRequest {
    /// The name of the task queue.
    pub task_queue: String,
}

/// A request for the description of a worker.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, WorkerRequest}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn describe_worker(
///         &self,
///         request: WorkerRequest,
///         next: Next<WorkerRequest>,
///     ) -> Result<()> {
///         tracing::info!("worker {}", request.instance_key);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerRequest {
    /// What distinguishes the worker from all others.
    pub instance_key: String,
}

/// A call of the raw client.
///
/// ```
/// use durably::{error::RpcError, interceptor::{ClientInterceptor, Next, RawRequest}, prelude::*};
///
/// /// Allows raw calls that only read.
/// struct ReadOnly;
///
/// impl ClientInterceptor for ReadOnly {
///     async fn raw(&self, request: RawRequest, next: Next<RawRequest>) -> Result<()> {
///         let reads = ["Describe", "Get", "List", "Count"];
///         if !reads.iter().any(|it| request.method.starts_with(it)) {
///             let message = format!("{} changes something", request.method);
///             return Err(RpcError::PermissionDenied { message }.into());
///         }
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawRequest {
    /// The method of the service: `DescribeTaskQueue`.
    pub method: &'static str,
}

/// The error of a raw call, which callers get as a status.
#[derive(Debug)]
pub(super) struct RawFault(pub(super) RawStatus);

impl std::fmt::Display for RawFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for RawFault {}

impl From<RpcError> for RawFault {
    fn from(error: RpcError) -> Self {
        Self(error.into_status())
    }
}
