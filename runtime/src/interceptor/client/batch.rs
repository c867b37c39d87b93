//! The requests of a client about batches, as interceptors see them.

use crate::wire::batch::{BatchKind, BatchOperation, StartBatch};

/// A batch about to be started.
///
/// ```
/// use durably::{client::BatchKind, error::RpcError, prelude::*};
/// use durably::interceptor::{ClientInterceptor, Next, StartBatchRequest};
///
/// /// Lets nobody terminate workflows by the thousand.
/// struct Careful;
///
/// impl ClientInterceptor for Careful {
///     async fn start_batch(
///         &self,
///         mut request: StartBatchRequest,
///         next: Next<StartBatchRequest>,
///     ) -> Result<()> {
///         if request.kind() == BatchKind::Terminate {
///             let message = format!("the workflows with {} go on", request.filter);
///             return Err(RpcError::PermissionDenied { message }.into());
///         }
///         request.max_per_second.get_or_insert(10.0);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StartBatchRequest {
    /// The id of the batch.
    pub batch_id: String,
    /// The list filter of its workflows.
    pub filter: String,
    /// Why, for people.
    pub reason: String,
    /// The most workflows in a second; as many as the server allows if not set.
    pub max_per_second: Option<f32>,
    operation: BatchOperation,
}

/// A request about a batch that exists.
///
/// ```
/// use durably::{interceptor::{BatchRequest, ClientInterceptor, Next}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn batch(&self, request: BatchRequest, next: Next<BatchRequest>) -> Result<()> {
///         tracing::info!("{:?} of batch {}", request.request, request.batch_id);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BatchRequest {
    /// The id of the batch.
    pub batch_id: String,
    /// What is requested. Requests stay what they are, whatever an interceptor writes here.
    pub request: BatchRequestKind,
}

/// What is requested of a batch that exists.
///
/// ```
/// use durably::interceptor::BatchRequestKind;
///
/// assert_ne!(BatchRequestKind::Describe, BatchRequestKind::Stop);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchRequestKind {
    /// Its description.
    Describe,
    /// Its end.
    Stop,
}

impl StartBatchRequest {
    pub(crate) fn new(request: StartBatch) -> Self {
        Self {
            batch_id: request.id,
            filter: request.filter,
            reason: request.reason,
            max_per_second: request.max_per_second,
            operation: request.operation,
        }
    }

    pub(crate) fn into_wire(self) -> StartBatch {
        StartBatch {
            id: self.batch_id,
            filter: self.filter,
            reason: self.reason,
            max_per_second: self.max_per_second,
            operation: self.operation,
        }
    }

    /// What it does with each workflow.
    pub fn kind(&self) -> BatchKind {
        match &self.operation {
            BatchOperation::Cancel => BatchKind::Cancel,
            BatchOperation::Terminate => BatchKind::Terminate,
            BatchOperation::Signal { .. } => BatchKind::Signal,
            BatchOperation::Reset(_) => BatchKind::Reset,
            BatchOperation::Delete => BatchKind::Delete,
            BatchOperation::UpdateOptions(_) => BatchKind::UpdateOptions,
            BatchOperation::UnpauseActivities(..) => BatchKind::UnpauseActivities,
            BatchOperation::ResetActivities(..) => BatchKind::ResetActivities,
            BatchOperation::UpdateActivityOptions(..) => BatchKind::UpdateActivityOptions,
        }
    }
}
