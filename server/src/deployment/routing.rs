//! Where new work of a task queue goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use durably_history::{DeploymentVersion, Route, RoutingTarget, Time};

use super::{Deployment, Deployments, unix_nanos};

/// Type of the tasks of a queue. Numbers are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
pub(crate) enum QueueType {
    Workflow = 1,
    Activity = 2,
}

/// Routing of the new work of one task queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Routing {
    pub(crate) current: RoutingTarget,
    /// Receives a share of the work.
    pub(crate) ramping: Option<RoutingTarget>,
    /// The share, from 0 to 100.
    pub(crate) percentage: f32,
    /// When the current version was made current, and the number of that change.
    current_at: (i64, i64),
    ramping_at: (i64, i64),
}

/// Routing of each task queue that workers of deployments have polled.
#[derive(Clone, Debug, Default)]
pub(super) struct Routings(BTreeMap<QueueType, BTreeMap<Arc<str>, Routing>>);

impl Routings {
    pub(super) fn of<'a>(deployments: impl Iterator<Item = &'a Arc<Deployment>>) -> Self {
        let mut routings = Self::default();
        for deployment in deployments {
            for version in &deployment.versions {
                for queue in &version.queues {
                    let named = routings.0.entry(queue.queue_type()).or_default();
                    let routing = named.entry(queue.name.as_str().into()).or_default();
                    let target = RoutingTarget {
                        version: Some(DeploymentVersion {
                            deployment: deployment.name.as_str().into(),
                            build_id: version.build_id.as_str().into(),
                        }),
                        revision: deployment.revision,
                    };
                    routing.consider(deployment, &version.build_id, target);
                }
            }
        }
        routings
    }

    fn get(&self, ty: QueueType, queue: &str) -> Option<&Routing> {
        self.0.get(&ty)?.get(queue)
    }
}

impl Routing {
    /// Takes a version over that is current or ramping, unless that of another deployment was made
    /// so later.
    fn consider(&mut self, deployment: &Deployment, build_id: &str, target: RoutingTarget) {
        let outside = || RoutingTarget {
            version: None,
            revision: deployment.revision,
        };
        let current_at = (
            unix_nanos(deployment.current_changed_at),
            deployment.current_order,
        );
        if deployment.current == build_id && current_at > self.current_at {
            self.current_at = current_at;
            self.current = target.clone();
        } else if deployment.current.is_empty() && self.current.version.is_none() {
            self.current.revision = self.current.revision.max(deployment.revision);
        }
        let ramping_at = (
            unix_nanos(deployment.percentage_changed_at),
            deployment.ramping_order,
        );
        let ramping = match deployment.ramping.as_deref() {
            Some("") => Some(outside()),
            Some(ramping) => (ramping == build_id).then_some(target),
            None => None,
        };
        // A version is preferred to workers outside of deployments, as above.
        if let Some(ramping) = ramping
            && (ramping.version.is_some(), ramping_at) > (self.ramps_to_version(), self.ramping_at)
        {
            self.ramping_at = ramping_at;
            self.ramping = Some(ramping);
            self.percentage = deployment.percentage;
        }
    }

    fn ramps_to_version(&self) -> bool {
        let ramping = self.ramping.as_ref();
        ramping.is_some_and(|ramping| ramping.version.is_some())
    }

    /// When it was changed; none if no version was current or ramping.
    pub(crate) fn changed_at(&self) -> Option<Time> {
        let (at, _) = self.current_at.max(self.ramping_at);
        (at > 0).then(|| Time::from_unix_nanos(at))
    }

    /// Where the work of a workflow goes: its id decides, so that it stays where it is while the
    /// share of the ramping version grows.
    fn target(&self, workflow_id: &str) -> &RoutingTarget {
        match &self.ramping {
            Some(ramping) if share_of(workflow_id) < self.percentage => ramping,
            Some(_) | None => &self.current,
        }
    }
}

impl Deployments {
    pub(super) fn update_routings(&mut self) {
        self.routings = Arc::new(Routings::of(self.by_name.values()));
    }

    /// Where the workflow tasks of a run go that is not pinned.
    pub(crate) fn workflow_target(
        &self,
        queue: &str,
        route: &Route,
        workflow_id: &str,
    ) -> RoutingTarget {
        let ramping = match route {
            Route::Ramping(_) => self.routing(QueueType::Workflow, queue),
            Route::Pinned(_) | Route::Unpinned(_) => None,
        };
        match ramping.and_then(|routing| routing.ramping.as_ref()) {
            Some(ramping) if ramping.version.is_some() => ramping.clone(),
            Some(_) | None => self.target(QueueType::Workflow, queue, workflow_id),
        }
    }

    /// Where new work of a workflow goes in a task queue.
    pub(crate) fn target(&self, ty: QueueType, queue: &str, workflow_id: &str) -> RoutingTarget {
        let routing = self.routings.get(ty, queue);
        let target = routing.map(|routing| routing.target(workflow_id));
        target.cloned().unwrap_or_default()
    }

    /// The routing of a task queue; none if no worker of a deployment has polled it.
    pub(crate) fn routing(&self, ty: QueueType, queue: &str) -> Option<&Routing> {
        self.routings.get(ty, queue)
    }

    /// The version whose workers receive a task; none for workers outside of deployments. An
    /// activity of a pinned run goes where new work goes if its version does not poll the queue.
    pub(crate) fn destination(
        &self,
        ty: QueueType,
        queue: &str,
        route: &Route,
        workflow_id: &str,
    ) -> Option<DeploymentVersion> {
        match route {
            Route::Pinned(version) if ty == QueueType::Workflow || self.has(version, ty, queue) => {
                Some(version.clone())
            }
            Route::Ramping(_) if ty == QueueType::Workflow => {
                self.workflow_target(queue, route, workflow_id).version
            }
            Route::Pinned(_) | Route::Unpinned(_) | Route::Ramping(_) => {
                self.target(ty, queue, workflow_id).version
            }
        }
    }
}

/// A number from 0 to 100, exclusive, that only depends on the id: FNV-1a, mixed, because similar
/// ids differ in the low bits.
fn share_of(workflow_id: &str) -> f32 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in workflow_id.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^= hash >> 16;
    // 24 bits fit into an `f32`.
    let share = f64::from(hash >> 8) / f64::from(1 << 24) * 100.0;
    share as f32
}
