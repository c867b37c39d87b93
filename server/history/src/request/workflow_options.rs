//! Changes the options of a run: its priority, the override of its versioning, and whether it skips time.

use durably_proto::api::common::v1::{Link, Priority};
use durably_proto::api::enums::v1::VersioningBehavior;
use durably_proto::api::history::v1::WorkflowExecutionOptionsUpdatedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::workflow::v1::versioning_override::{Override, PinnedOverrideBehavior};
use durably_proto::api::workflow::v1::{VersioningOverride, WorkflowExecutionOptions};

use crate::input::UpdateOptions;
use crate::open_transition::OpenTransition;
use crate::rejection::{Invalid, Rejection};
use crate::state::{Run, WorkflowTask};
use crate::task::{activity_task, workflow_task};
use crate::time::Time;
use crate::transition::{Effect, Reply};
use crate::versioning::{DeploymentVersion, in_newest_form};
use crate::virtual_time::VirtualTime;

/// Replaces the options that the mask names; records them all, if they have changed.
pub(crate) fn apply(
    request: UpdateOptions,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let before = WorkflowExecutionOptions {
        versioning_override: run.versioning.override_given().cloned(),
        priority: run.own_priority().cloned(),
        time_skipping_config: run.virtual_time.as_ref().and_then(|it| it.config.clone()),
    };
    let options = merged(&before, &request)?;
    // The same fast-forward once more is another one.
    let forwards = sets_time_skipping(&request)
        && options
            .time_skipping_config
            .as_ref()
            .is_some_and(|it| it.fast_forward_config.is_some());
    let sets_time = forwards || options.time_skipping_config != before.time_skipping_config;
    let changed = sets_time || options != before;
    if changed {
        let event = WorkflowExecutionOptionsUpdatedEventAttributes {
            versioning_override: options.versioning_override.as_ref().map(in_newest_form),
            unset_versioning_override: options.versioning_override.is_none(),
            priority: options.priority.clone(),
            identity: request.identity,
            // As on the real server, the configuration stands there whatever else has changed.
            time_skipping_config: options.time_skipping_config.clone(),
            time_skipping_config_updated: sets_time,
            ..Default::default()
        };
        record(event, Vec::new(), run, out);
        out.effect(Effect::VisibilityChanged);
    }
    Ok(Reply::WorkflowOptions {
        options: Box::new(options),
        changed,
    })
}

/// Records that options were updated, and applies them.
pub(crate) fn record(
    event: WorkflowExecutionOptionsUpdatedEventAttributes,
    links: Vec<Link>,
    run: &mut Run,
    out: &mut OpenTransition,
) {
    let callbacks = event.attached_completion_callbacks.iter();
    run.callbacks.extend(callbacks.cloned());
    if event.time_skipping_config_updated {
        out.effect(Effect::TimeSkippingChanged);
    }
    let moved = apply_updated(run, &event, out.now);
    run.buffer_with_links(
        out.now,
        Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(event),
        links,
    );
    if moved.leaves_cache {
        run.sticky = None;
    }
    if moved.offers_task {
        workflow_task::redispatch(run, out);
    }
    if moved.offers_activities {
        activity_task::offer_anew(run, out);
    }
}

/// What has to be offered again because of new options.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved {
    leaves_cache: bool,
    offers_task: bool,
    offers_activities: bool,
}

/// Applies the options that an event has recorded.
pub(crate) fn apply_updated(
    run: &mut Run,
    event: &WorkflowExecutionOptionsUpdatedEventAttributes,
    at: Time,
) -> Moved {
    if event.time_skipping_config_updated {
        VirtualTime::set(
            &mut run.virtual_time,
            event.time_skipping_config.clone(),
            at,
        );
    }
    let given = event.versioning_override.as_ref();
    let is_for_versioning = event.unset_versioning_override || given.is_some();
    let moves = is_for_versioning && run.versioning.replace_override(given);
    // As on the real server, an event cannot take the priority away.
    let is_urgent = event.priority.is_some() && event.priority.as_ref() != run.own_priority();
    if event.priority.is_some() {
        run.updated_priority.clone_from(&event.priority);
    }
    let is_scheduled = matches!(run.task, WorkflowTask::Scheduled(_));
    Moved {
        leaves_cache: moves,
        offers_task: is_scheduled && (moves || is_urgent),
        offers_activities: is_for_versioning,
    }
}

fn merged(
    before: &WorkflowExecutionOptions,
    request: &UpdateOptions,
) -> Result<WorkflowExecutionOptions, Rejection> {
    let given = &request.options;
    let has = |path: &str| request.mask.paths.iter().any(|it| it == path);
    let mut options = before.clone();
    let (behavior, deployment) = (
        has("versioning_override.behavior"),
        has("versioning_override.deployment"),
    );
    if behavior != deployment {
        return Err(invalid(
            "versioning_override fields must be updated together",
        ));
    }
    let parts = request.mask.paths.iter();
    let mut parts = parts.filter_map(|path| path.strip_prefix("versioning_override."));
    if parts.any(|part| !["behavior", "deployment"].contains(&part)) {
        return Err(invalid(
            "versioning_override doesn't support partial updates",
        ));
    }
    let mut paths = request.mask.paths.iter();
    if paths.any(|path| path.starts_with("time_skipping_config.")) {
        return Err(invalid(
            "time_skipping_config doesn't support partial update",
        ));
    }
    if has("versioning_override") || behavior {
        options
            .versioning_override
            .clone_from(&given.versioning_override);
    }
    if sets_time_skipping(request) {
        options
            .time_skipping_config
            .clone_from(&given.time_skipping_config);
    }
    if has("priority") {
        options.priority.clone_from(&given.priority);
    }
    let new = given.priority.clone().unwrap_or_default();
    let mut set = |path: &str, set: fn(&mut Priority, &Priority)| {
        if has(path) {
            set(options.priority.get_or_insert_default(), &new);
        }
    };
    set("priority.priority_key", |into, given| {
        into.priority_key = given.priority_key;
    });
    set("priority.fairness_key", |into, given| {
        into.fairness_key.clone_from(&given.fairness_key);
    });
    set("priority.fairness_weight", |into, given| {
        into.fairness_weight = given.fairness_weight;
    });
    Ok(options)
}

fn sets_time_skipping(request: &UpdateOptions) -> bool {
    let mut paths = request.mask.paths.iter();
    paths.any(|path| path == "time_skipping_config")
}

fn invalid(message: &str) -> Rejection {
    let message = format!("error applying update_options: {message}");
    Rejection::Invalid(Invalid(message))
}

impl Run {
    /// Checks a change of options as far as it depends on the request alone.
    ///
    /// # Errors
    /// [`Rejection::Invalid`] if it cannot be applied.
    pub fn check_options(&self, update: &UpdateOptions) -> Result<(), Rejection> {
        merged(&WorkflowExecutionOptions::default(), update).map(drop)
    }

    /// The override of a request with its version: one that pins without a version pins to the present one.
    ///
    /// # Errors
    /// Why there is none, in the platform's words.
    pub fn checked_override(
        &self,
        given: Option<&VersioningOverride>,
    ) -> Result<Option<VersioningOverride>, String> {
        let Some(given) = given else {
            return Ok(None);
        };
        let mut given = given.clone();
        if let Some(Override::Pinned(pinned)) = &mut given.r#override
            && pinned.behavior() != PinnedOverrideBehavior::Unspecified
            && pinned.version.is_none()
        {
            let version = self.versioning.pinned_version();
            let version = version.ok_or_else(|| {
                let behavior = match self.versioning.effective_behavior() {
                    VersioningBehavior::Unspecified => "Unspecified",
                    VersioningBehavior::Pinned => "Pinned",
                    VersioningBehavior::AutoUpgrade => "AutoUpgrade",
                };
                format!(
                    "must specify a specific pinned override version because workflow with id {} has behavior \
                     {behavior} and is not yet pinned to any version",
                    self.workflow_id()
                )
            })?;
            pinned.version = Some(DeploymentVersion::to_proto(&version));
        }
        Ok(Some(given))
    }
}
