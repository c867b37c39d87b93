//! Versions of worker deployments: the one a run is on, the one it moves to, and what it passes on.
//!
//! A run that no versioned worker has run, and one that upgrades, goes where the server routes new
//! work. A pinned one stays on its version.
//!
//! ```text
//!   no transition --a poll of another version takes a task--> transition to that version
//!         ^                                                          |
//!         '---------- a task of that version completes --------------'
//! ```
//!
//! During a transition no activity starts: the workflow's code moves first.

mod overrides;

use std::fmt;
use std::sync::Arc;

use durably_proto::api::deployment::v1::{
    InheritedAutoUpgradeInfo, WorkerDeploymentOptions, WorkerDeploymentVersion,
};
use durably_proto::api::enums::v1::{
    ContinueAsNewVersioningBehavior, VersioningBehavior, WorkerVersioningMode,
};
use durably_proto::api::history::v1::{
    DeclinedTargetVersionUpgrade, WorkflowExecutionStartedEventAttributes,
    WorkflowTaskCompletedEventAttributes,
};
use durably_proto::api::workflow::v1::versioning_override::Override;
use durably_proto::api::workflow::v1::{
    DeploymentVersionTransition, VersioningOverride, WorkflowExecutionVersioningInfo,
};

pub(crate) use self::overrides::in_newest_form;
pub use self::overrides::{check_override, checked_version};
use self::overrides::{override_behavior, override_target, shown};

/// A version of a worker deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentVersion {
    /// Name of the deployment.
    pub deployment: Arc<str>,
    /// The build, unique in the deployment.
    pub build_id: Arc<str>,
}

/// The version to which the server routes new work of a task queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingTarget {
    /// None for workers outside of deployments.
    pub version: Option<DeploymentVersion>,
    /// How often the routing of the deployment was changed.
    pub revision: i64,
}

/// Which workers may take the tasks of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Those of this version.
    Pinned(DeploymentVersion),
    /// Those to which the server routes new work. The run is on this version, or on none.
    Unpinned(Option<DeploymentVersion>),
    /// As for [`Unpinned`](Self::Unpinned), where the whole of the new work goes to the ramping version, if one ramps.
    Ramping(Option<DeploymentVersion>),
}

/// What a poll says of its worker's version.
#[derive(Clone, Debug, Default)]
pub struct PolledBy {
    /// The version of the worker; none outside of deployments.
    pub version: Option<DeploymentVersion>,
    /// Where the server routes new work of the workflow's task queue.
    pub target: RoutingTarget,
}

/// What a next run or a child takes over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InheritedVersion {
    /// Nothing: the run starts where new work goes.
    #[default]
    None,
    /// A pinned version, and a target that the run before knew and did not move to.
    Pinned(DeploymentVersion, Option<RoutingTarget>),
    /// The version of a run that upgrades.
    AutoUpgrade {
        /// The version of the run before, with the revision of the routing that led to it.
        source: RoutingTarget,
        /// What the worker wants for the first task of the next run.
        initial: ContinueAsNewVersioningBehavior,
    },
}

/// Versions of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Versioning {
    /// What the version that completed the last workflow task declares, or what is inherited.
    pub behavior: VersioningBehavior,
    /// That version.
    pub version: Option<DeploymentVersion>,
    /// Replaces both; set at the start. One that moves the run once is removed when the run has moved.
    pub replaced_by: Option<VersioningOverride>,
    /// Set when a worker of another version takes a task, until a worker of that version completes one.
    pub transition: Option<Transition>,
    /// The revision of the routing that led to the version; zero if none did.
    pub revision: i64,
    /// Name of the deployment that completed the last workflow task.
    pub deployment: String,
    /// The target of which the workers of a pinned run were informed.
    pub notified: Option<RoutingTarget>,
    /// The target that an earlier run of the chain knew and did not move to.
    pub declined: Option<RoutingTarget>,
    /// The versions that completed workflow tasks, in the order of their first one.
    pub used: Vec<DeploymentVersion>,
    /// The run before requested the ramping version; until the first workflow task is completed.
    pub begins_on_ramping: bool,
}

/// A run moves to another version, or to workers outside of deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    pub to: Option<DeploymentVersion>,
}

impl PolledBy {
    /// A worker that receives a task without a poll: nothing new is known of the routing.
    pub(crate) fn no_queue(version: Option<DeploymentVersion>) -> Self {
        Self {
            version,
            target: RoutingTarget {
                version: None,
                revision: -1,
            },
        }
    }
}

impl DeploymentVersion {
    /// The version that a worker's options name; none for a worker that the server does not route by
    /// version.
    pub fn of_worker(options: Option<&WorkerDeploymentOptions>) -> Option<Self> {
        let options = options?;
        let is_versioned = options.worker_versioning_mode() == WorkerVersioningMode::Versioned;
        is_versioned.then(|| Self {
            deployment: options.deployment_name.as_str().into(),
            build_id: options.build_id.as_str().into(),
        })
    }

    /// The version of a message; none for an empty one.
    pub fn from_proto(version: Option<&WorkerDeploymentVersion>) -> Option<Self> {
        let version = version.filter(|version| !version.build_id.is_empty())?;
        Some(Self::from(version))
    }

    /// The version as messages have it.
    pub fn to_proto(&self) -> WorkerDeploymentVersion {
        WorkerDeploymentVersion {
            deployment_name: self.deployment.to_string(),
            build_id: self.build_id.to_string(),
        }
    }

    /// The text of older messages, with a full stop.
    pub fn older_text(&self) -> String {
        format!("{}.{}", self.deployment, self.build_id)
    }
}

impl From<&WorkerDeploymentVersion> for DeploymentVersion {
    fn from(version: &WorkerDeploymentVersion) -> Self {
        Self {
            deployment: version.deployment_name.as_str().into(),
            build_id: version.build_id.as_str().into(),
        }
    }
}

/// The text of newer messages and of search attributes.
impl fmt::Display for DeploymentVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.deployment, self.build_id)
    }
}

impl Versioning {
    /// The versioning that holds: that of a transition, of the override, or of the last task.
    pub(crate) fn effective_behavior(&self) -> VersioningBehavior {
        match (&self.transition, &self.replaced_by) {
            (Some(_), _) => VersioningBehavior::AutoUpgrade,
            (None, Some(replaced_by)) => override_behavior(replaced_by),
            (None, None) => self.behavior,
        }
    }

    /// The version that holds, by the same order.
    pub(crate) fn effective_version(&self) -> Option<&DeploymentVersion> {
        match &self.transition {
            Some(transition) => transition.to.as_ref(),
            None if self.effective_behavior() == VersioningBehavior::Unspecified => None,
            None => self.version.as_ref(),
        }
    }

    /// As [`effective_version`](Self::effective_version), where an override may name the version.
    fn effective(&self) -> Option<DeploymentVersion> {
        let target = self.replaced_by.as_ref().and_then(override_target);
        match (&self.transition, target) {
            (None, Some(target)) => Some(target),
            (Some(_) | None, _) => self.effective_version().cloned(),
        }
    }

    /// Whether it stays on a version.
    pub(crate) fn is_pinned(&self) -> bool {
        matches!(self.route(), Route::Pinned(_))
    }

    /// The version that the run stays on, if it stays on one.
    pub(crate) fn pinned_version(&self) -> Option<DeploymentVersion> {
        match self.route() {
            Route::Pinned(version) => Some(version),
            Route::Unpinned(_) | Route::Ramping(_) => None,
        }
    }

    /// Which workers may take the run's tasks.
    pub(crate) fn route(&self) -> Route {
        match (self.effective_behavior(), self.effective()) {
            (VersioningBehavior::Pinned, Some(version)) => Route::Pinned(version),
            (_, version) if self.begins_on_ramping => Route::Ramping(version),
            (_, version) => Route::Unpinned(version),
        }
    }

    /// Whether a poll of this version may take a workflow task of the run.
    pub(crate) fn admits(&self, poller: Option<&DeploymentVersion>) -> bool {
        match self.route() {
            Route::Pinned(version) => poller == Some(&version),
            Route::Unpinned(_) | Route::Ramping(_) => true,
        }
    }

    /// Begins a transition if the worker that takes a task is of another version; returns whether
    /// it does.
    pub(crate) fn begin_transition(&mut self, polled: &PolledBy) -> bool {
        if self.effective() == polled.version {
            return false;
        }
        assert!(!self.is_pinned(), "a pinned run does not move");
        self.revision = polled.target.revision;
        self.transition = Some(Transition {
            to: polled.version.clone(),
        });
        true
    }

    /// Notes where new work goes when a workflow task starts; returns whether the worker is
    /// informed that its run is pinned to another version.
    pub(crate) fn notify(&mut self, target: &RoutingTarget) -> bool {
        let revision = |target: &Option<RoutingTarget>| target.as_ref().map_or(0, |it| it.revision);
        let highest = revision(&self.notified).max(revision(&self.declined));
        match self.effective_behavior() {
            VersioningBehavior::Unspecified => {}
            _ if self.replaced_by.is_some() => {
                self.declined = None;
                self.notified = None;
            }
            VersioningBehavior::AutoUpgrade => {}
            VersioningBehavior::Pinned => {
                let is_there = self.effective() == target.version;
                let declined = self.declined.as_ref();
                if is_there && target.revision >= highest {
                    self.declined = None;
                    self.notified = None;
                } else if declined.is_none_or(|declined| target.revision > declined.revision)
                    && target.revision >= highest
                {
                    self.notified = Some(target.clone());
                    self.declined = None;
                }
            }
        }
        self.is_notified()
    }

    /// Whether the worker is informed that its run is pinned to another version.
    pub(crate) fn is_notified(&self) -> bool {
        self.is_pinned() && self.notified.is_some()
    }

    /// Sets what the first event of a run says.
    pub(crate) fn apply_started(&mut self, event: &WorkflowExecutionStartedEventAttributes) {
        self.replaced_by = event.versioning_override.as_ref().map(in_newest_form);
        if let Some(version) =
            DeploymentVersion::from_proto(event.inherited_pinned_version.as_ref())
        {
            self.behavior = VersioningBehavior::Pinned;
            self.version = Some(version);
        }
        if let Some(inherited) = &event.inherited_auto_upgrade_info {
            let version = inherited.source_deployment_version.as_ref();
            self.behavior = VersioningBehavior::AutoUpgrade;
            self.version = DeploymentVersion::from_proto(version);
            self.revision = inherited.source_deployment_revision_number;
            self.begins_on_ramping = inherited.continue_as_new_initial_versioning_behavior()
                == ContinueAsNewVersioningBehavior::UseRampingVersion;
        }
        self.declined = event
            .declined_target_version_upgrade
            .as_ref()
            .map(|it| RoutingTarget {
                version: DeploymentVersion::from_proto(it.deployment_version.as_ref()),
                revision: it.revision_number,
            });
        self.deployment = self
            .effective()
            .map(|version| version.deployment.to_string())
            .unwrap_or_default();
    }

    /// Sets what the completion of a workflow task says; returns whether activities that wait in
    /// queues belong elsewhere now.
    pub(crate) fn apply_completed(&mut self, event: &WorkflowTaskCompletedEventAttributes) -> bool {
        let before = (self.effective(), self.effective_behavior());
        let by = DeploymentVersion::from_proto(event.deployment_version.as_ref());
        self.deployment.clone_from(&event.worker_deployment_name);
        self.begins_on_ramping = false;
        let ends = self.transition.as_ref().is_some_and(|it| it.to == by);
        if ends {
            self.transition = None;
        }
        self.behavior = event.versioning_behavior();
        self.version = match self.behavior {
            VersioningBehavior::Unspecified => None,
            VersioningBehavior::Pinned | VersioningBehavior::AutoUpgrade => by.clone(),
        };
        let has_moved = |given: &VersioningOverride| {
            let is_once = matches!(given.r#override, Some(Override::OneTime(_)));
            is_once && override_target(given) == by
        };
        if self.replaced_by.as_ref().is_some_and(has_moved) {
            self.replaced_by = None;
        }
        if let Some(by) = by
            && !self.used.contains(&by)
        {
            self.used.push(by);
        }
        ends || before != (self.effective(), self.effective_behavior())
    }

    /// Sets or clears the override; returns whether the run belongs to other workers now. It does not move any more
    /// then.
    pub(crate) fn replace_override(&mut self, given: Option<&VersioningOverride>) -> bool {
        let before = (self.effective(), self.effective_behavior());
        self.replaced_by = given.map(in_newest_form);
        let target = given.and_then(override_target);
        if let Some(version) = target {
            self.deployment = version.deployment.to_string();
        } else if given.is_none() {
            let version = self.version.as_ref();
            self.deployment = version.map_or_else(String::new, |it| it.deployment.to_string());
        }
        let moves = before != (self.effective(), self.effective_behavior());
        if moves {
            self.transition = None;
        }
        moves
    }

    /// The override that was set.
    pub(crate) fn override_given(&self) -> Option<&VersioningOverride> {
        self.replaced_by.as_ref()
    }

    /// What the next run takes over that a worker requests.
    pub(crate) fn continued(&self, initial: ContinueAsNewVersioningBehavior) -> InheritedVersion {
        let behavior = self.effective_behavior();
        let is_unspecified = initial == ContinueAsNewVersioningBehavior::Unspecified;
        match (behavior, self.effective()) {
            (VersioningBehavior::Pinned, Some(version)) if is_unspecified => {
                let declined = self.notified.clone().or_else(|| self.declined.clone());
                InheritedVersion::Pinned(version, declined)
            }
            (VersioningBehavior::Pinned | VersioningBehavior::AutoUpgrade, _) => {
                self.upgrading(initial)
            }
            (VersioningBehavior::Unspecified, _) => InheritedVersion::None,
        }
    }

    /// What a child takes over.
    pub(crate) fn of_child(&self) -> InheritedVersion {
        let unspecified = ContinueAsNewVersioningBehavior::Unspecified;
        match self.continued(unspecified) {
            InheritedVersion::Pinned(version, _) => InheritedVersion::Pinned(version, None),
            inherited => inherited,
        }
    }

    /// What the run that repeats this one takes over. A pinned version is only what the run has
    /// inherited itself.
    pub(crate) fn retried(
        &self,
        first: &WorkflowExecutionStartedEventAttributes,
    ) -> InheritedVersion {
        match (self.effective_behavior(), self.effective()) {
            (VersioningBehavior::Pinned, Some(version))
                if first.inherited_pinned_version.is_some() =>
            {
                let declined = first.declined_target_version_upgrade.as_ref();
                let declined = declined.map(|it| RoutingTarget {
                    version: DeploymentVersion::from_proto(it.deployment_version.as_ref()),
                    revision: it.revision_number,
                });
                InheritedVersion::Pinned(version, declined)
            }
            (VersioningBehavior::AutoUpgrade, _) => {
                let inherited = first.inherited_auto_upgrade_info.as_ref();
                let initial = inherited.map(|it| it.continue_as_new_initial_versioning_behavior());
                self.upgrading(initial.unwrap_or_default())
            }
            (VersioningBehavior::Pinned | VersioningBehavior::Unspecified, _) => {
                InheritedVersion::None
            }
        }
    }

    fn upgrading(&self, initial: ContinueAsNewVersioningBehavior) -> InheritedVersion {
        match self.effective() {
            Some(version) if self.revision != 0 => InheritedVersion::AutoUpgrade {
                source: RoutingTarget {
                    version: Some(version),
                    revision: self.revision,
                },
                initial,
            },
            Some(_) | None => InheritedVersion::None,
        }
    }

    /// What events record of it: not where new work goes, nor that a worker of another version has taken
    /// a task.
    pub(crate) fn recorded(&self) -> impl fmt::Debug + '_ {
        let Self {
            behavior,
            version,
            replaced_by,
            transition: _,
            revision: _,
            deployment,
            notified: _,
            declined: _,
            used,
            begins_on_ramping,
        } = self;
        (
            behavior,
            version,
            replaced_by,
            deployment,
            used,
            begins_on_ramping,
        )
    }

    /// The override that next runs take over: a pinned one.
    pub(crate) fn inherited_override(&self) -> Option<VersioningOverride> {
        let replaced_by = self.replaced_by.as_ref();
        let pinned = replaced_by.filter(|it| matches!(it.r#override, Some(Override::Pinned(_))));
        pinned.cloned()
    }

    /// The override that children take over: one that names a version.
    pub(crate) fn override_of_child(&self) -> Option<VersioningOverride> {
        let replaced_by = self.replaced_by.as_ref();
        let named = replaced_by.filter(|it| override_target(it).is_some());
        named.cloned()
    }

    /// The run's versions as descriptions and lists show them; none if it has none.
    pub(crate) fn info(&self) -> Option<WorkflowExecutionVersioningInfo> {
        if *self == Self::default() {
            return None;
        }
        let transition = self.transition.as_ref();
        let version = self.version.as_ref();
        let info = WorkflowExecutionVersioningInfo {
            behavior: self.behavior.into(),
            deployment_version: version.map(DeploymentVersion::to_proto),
            versioning_override: self.replaced_by.as_ref().map(shown),
            version_transition: transition.map(|transition| DeploymentVersionTransition {
                deployment_version: transition.to.as_ref().map(DeploymentVersion::to_proto),
                ..Default::default()
            }),
            revision_number: self.revision,
            ..Default::default()
        };
        #[expect(deprecated, reason = "descriptions still show it")]
        Some(WorkflowExecutionVersioningInfo {
            version: version
                .map(DeploymentVersion::older_text)
                .unwrap_or_default(),
            ..info
        })
    }

    /// The version that lists show: a transition counts once it is completed.
    pub(crate) fn listed(&self) -> (VersioningBehavior, Option<DeploymentVersion>) {
        let at_rest = Self {
            transition: None,
            ..self.clone()
        };
        let version = match at_rest.replaced_by.as_ref().and_then(override_target) {
            Some(target) => Some(target),
            None => at_rest.version.clone(),
        };
        (at_rest.effective_behavior(), version)
    }
}

impl InheritedVersion {
    /// The version that is taken over.
    pub fn version(&self) -> Option<&DeploymentVersion> {
        match self {
            Self::None => None,
            Self::Pinned(version, _) => Some(version),
            Self::AutoUpgrade { source, .. } => source.version.as_ref(),
        }
    }

    /// Sets what the first event of the run says of it.
    pub(crate) fn record(&self, event: &mut WorkflowExecutionStartedEventAttributes) {
        match self {
            Self::None => {}
            Self::Pinned(version, declined) => {
                event.inherited_pinned_version = Some(version.to_proto());
                event.declined_target_version_upgrade =
                    declined
                        .as_ref()
                        .map(|target| DeclinedTargetVersionUpgrade {
                            deployment_version: target
                                .version
                                .as_ref()
                                .map(DeploymentVersion::to_proto),
                            revision_number: target.revision,
                        });
            }
            Self::AutoUpgrade { source, initial } => {
                let version = source.version.as_ref();
                event.inherited_auto_upgrade_info = Some(InheritedAutoUpgradeInfo {
                    source_deployment_version: version.map(DeploymentVersion::to_proto),
                    source_deployment_revision_number: source.revision,
                    continue_as_new_initial_versioning_behavior: (*initial).into(),
                });
            }
        }
    }
}
