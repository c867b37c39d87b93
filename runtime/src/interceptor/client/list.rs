//! The lists of a client, as interceptors see them.

/// A request for a page of a list.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, ListRequest, Listed, Next}, prelude::*};
///
/// /// Lists the workflows of one team only.
/// struct Team(&'static str);
///
/// impl ClientInterceptor for Team {
///     async fn list(&self, mut request: ListRequest, next: Next<ListRequest>) -> Result<()> {
///         if request.listed == Listed::Workflows {
///             let own = format!("Team = '{}'", self.0);
///             request.filter = match request.filter.as_str() {
///                 "" => own,
///                 filter => format!("({filter}) AND {own}"),
///             };
///         }
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListRequest {
    /// What is listed.
    pub listed: Listed,
    /// The list filter; empty for all.
    pub filter: String,
}

/// What a list has.
///
/// ```
/// use durably::interceptor::Listed;
///
/// fn may_be_filtered(listed: Listed) -> bool {
///     matches!(listed, Listed::Workflows | Listed::Schedules)
/// }
/// assert!(may_be_filtered(Listed::Workflows));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listed {
    /// Workflows, or their histories.
    Workflows,
    /// Schedules.
    Schedules,
    /// Batches.
    Batches,
    /// Namespaces.
    Namespaces,
    /// Workers.
    Workers,
    /// Worker deployments.
    Deployments,
}

impl Listed {
    /// The items, for errors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Workflows => "workflows",
            Self::Schedules => "schedules",
            Self::Batches => "batches",
            Self::Namespaces => "namespaces",
            Self::Workers => "workers",
            Self::Deployments => "worker deployments",
        }
    }
}

/// A request for a number of workflows.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, CountRequest, Next}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn count(&self, request: CountRequest, next: Next<CountRequest>) -> Result<()> {
///         tracing::info!("count of {}", request.filter);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CountRequest {
    /// The list filter; empty for all.
    pub filter: String,
}
