//! Limits of the deployments of a namespace; the real server's defaults.

/// Maximum number of deployments of a namespace.
pub(super) const DEPLOYMENTS: usize = 100;
/// Maximum number of versions of a deployment.
pub(super) const VERSIONS: usize = 100;
/// Maximum number of names of task queues of a version.
pub(super) const QUEUES: usize = 100;
/// Number of versions whose workers poll a task queue, above which no other may.
pub(super) const VERSIONS_OF_QUEUE: usize = 200;
