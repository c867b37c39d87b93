//! Overrides: what a client sets in place of the versioning that a workflow declares.

use durably_proto::api::deployment::v1::WorkerDeploymentVersion;
use durably_proto::api::enums::v1::VersioningBehavior;
use durably_proto::api::workflow::v1::VersioningOverride;
use durably_proto::api::workflow::v1::versioning_override::{
    Override, PinnedOverride, PinnedOverrideBehavior,
};

use super::DeploymentVersion;

/// Checks the form of an override, not whether its version exists.
///
/// # Errors
/// What is missing or wrong, in the platform's words.
pub fn check_override(given: Option<&VersioningOverride>) -> Result<(), String> {
    let Some(given) = given else {
        return Ok(());
    };
    let wrong = match &given.r#override {
        Some(Override::AutoUpgrade(true)) => return Ok(()),
        Some(Override::AutoUpgrade(false)) => "auto-upgrade override must be true",
        Some(Override::Pinned(pinned)) if pinned.version.is_none() => {
            "must provide version if override is pinned."
        }
        Some(Override::Pinned(pinned))
            if pinned.behavior() == PinnedOverrideBehavior::Unspecified =>
        {
            "must specify pinned override behavior if override is pinned."
        }
        Some(Override::Pinned(_)) => return Ok(()),
        Some(Override::OneTime(once)) if once.target_deployment_version.is_none() => {
            "must provide target deployment version if override is one-time."
        }
        Some(Override::OneTime(_)) => return Ok(()),
        None => return check_older_override(given),
    };
    Err(wrong.to_owned())
}

#[expect(deprecated, reason = "older clients send the older forms")]
fn check_older_override(given: &VersioningOverride) -> Result<(), String> {
    let text = given.pinned_version.as_str();
    let wrong = match (
        VersioningBehavior::try_from(given.behavior),
        &given.deployment,
    ) {
        (Err(_), _) => format!("override behavior {} not recognized", given.behavior),
        (Ok(VersioningBehavior::Unspecified), _) => "override behavior is required".to_owned(),
        (Ok(VersioningBehavior::Pinned), Some(deployment)) => {
            let name = &deployment.series_name;
            if name.is_empty() {
                "deployment name cannot be empty".to_owned()
            } else if name.contains(['.', ':']) {
                "deployment name cannot contain '.' or ':'".to_owned()
            } else if deployment.build_id.is_empty() {
                "deployment build ID cannot be empty".to_owned()
            } else {
                return Ok(());
            }
        }
        (Ok(VersioningBehavior::Pinned), None) if text.is_empty() => {
            "must provide deployment (deprecated) or pinned version if behavior is 'PINNED'"
                .to_owned()
        }
        (Ok(VersioningBehavior::Pinned), None) if from_older_text(text).is_none() => format!(
            "invalid version string {text:?}, expected format is \"<deployment_name>.<build_id>\""
        ),
        (Ok(VersioningBehavior::AutoUpgrade), Some(_)) => {
            "only provide deployment if behavior is 'PINNED'".to_owned()
        }
        (Ok(VersioningBehavior::AutoUpgrade), None) if !text.is_empty() => {
            "only provide pinned version if behavior is 'PINNED'".to_owned()
        }
        (Ok(VersioningBehavior::Pinned | VersioningBehavior::AutoUpgrade), None) => return Ok(()),
    };
    Err(wrong)
}

/// The version of an override whose workers must poll the task queue of the run. The oldest form of an
/// override is not checked.
#[expect(deprecated, reason = "older clients send the older forms")]
pub fn checked_version(given: &VersioningOverride) -> Option<DeploymentVersion> {
    let version = match &given.r#override {
        Some(Override::Pinned(pinned)) => pinned.version.as_ref(),
        Some(Override::OneTime(once)) => once.target_deployment_version.as_ref(),
        Some(Override::AutoUpgrade(_)) => None,
        None if given.deployment.is_some() => None,
        None => return from_older_text(&given.pinned_version),
    };
    Some(DeploymentVersion::from(version?))
}

/// The version to which an override sends a run, for good or once.
pub(super) fn override_target(given: &VersioningOverride) -> Option<DeploymentVersion> {
    let newest = in_newest_form(given);
    let version = match &newest.r#override {
        Some(Override::Pinned(pinned)) => pinned.version.as_ref(),
        Some(Override::OneTime(once)) => once.target_deployment_version.as_ref(),
        Some(Override::AutoUpgrade(_)) | None => None,
    };
    DeploymentVersion::from_proto(version)
}

/// A run that moves once is pinned until it has moved.
pub(super) fn override_behavior(given: &VersioningOverride) -> VersioningBehavior {
    match &given.r#override {
        Some(Override::Pinned(_) | Override::OneTime(_)) => VersioningBehavior::Pinned,
        Some(Override::AutoUpgrade(true)) => VersioningBehavior::AutoUpgrade,
        Some(Override::AutoUpgrade(false)) | None => VersioningBehavior::Unspecified,
    }
}

/// An override in the newest of its forms.
#[expect(deprecated, reason = "older clients send the older forms")]
pub(crate) fn in_newest_form(given: &VersioningOverride) -> VersioningOverride {
    let instead = match (&given.r#override, given.behavior()) {
        (Some(newest), _) => Some(newest.clone()),
        (None, VersioningBehavior::AutoUpgrade) => Some(Override::AutoUpgrade(true)),
        (None, VersioningBehavior::Pinned) => {
            let deployment = given.deployment.as_ref();
            let version = match given.pinned_version.as_str() {
                "" => deployment.map(|it| WorkerDeploymentVersion {
                    deployment_name: it.series_name.clone(),
                    build_id: it.build_id.clone(),
                }),
                text => from_older_text(text)
                    .as_ref()
                    .map(DeploymentVersion::to_proto),
            };
            Some(Override::Pinned(PinnedOverride {
                behavior: PinnedOverrideBehavior::Pinned.into(),
                version,
            }))
        }
        (None, VersioningBehavior::Unspecified) => None,
    };
    VersioningOverride {
        r#override: instead,
        ..VersioningOverride::default()
    }
}

/// The version of a text with a full stop, or with a colon before it.
fn from_older_text(text: &str) -> Option<DeploymentVersion> {
    let (deployment, build_id) = text.split_once('.')?;
    let (deployment, build_id) = match deployment.contains(':') {
        true => text.split_once(':')?,
        false => (deployment, build_id),
    };
    let is_whole = !deployment.is_empty() && !build_id.is_empty();
    is_whole.then(|| DeploymentVersion {
        deployment: deployment.into(),
        build_id: build_id.into(),
    })
}

/// An override as descriptions show it: in its newest form and, unless it moves the run once, in the
/// one before.
pub(super) fn shown(given: &VersioningOverride) -> VersioningOverride {
    if let Some(Override::OneTime(_)) = given.r#override {
        return given.clone();
    }
    let pinned = override_target(given).map(|version| version.older_text());
    #[expect(deprecated, reason = "descriptions still show them")]
    VersioningOverride {
        behavior: override_behavior(given).into(),
        pinned_version: pinned.unwrap_or_default(),
        ..given.clone()
    }
}

#[cfg(test)]
mod tests {
    use durably_proto::api::deployment::v1::Deployment;
    use durably_proto::api::workflow::v1::versioning_override::OneTimeOverride;

    use super::*;

    fn error(given: VersioningOverride) -> Option<String> {
        check_override(Some(&given)).err()
    }

    #[expect(deprecated, reason = "older clients send the older forms")]
    fn older(
        behavior: i32,
        pinned_version: &str,
        deployment: Option<(&str, &str)>,
    ) -> VersioningOverride {
        VersioningOverride {
            behavior,
            pinned_version: pinned_version.to_owned(),
            deployment: deployment.map(|(name, build_id)| Deployment {
                series_name: name.to_owned(),
                build_id: build_id.to_owned(),
            }),
            r#override: None,
        }
    }

    fn newest(instead: Override) -> VersioningOverride {
        VersioningOverride {
            r#override: Some(instead),
            ..VersioningOverride::default()
        }
    }

    /// What the real server answers to starts with these overrides.
    #[test]
    fn an_override_that_is_not_whole_is_refused() {
        let version = || Some(WorkerDeploymentVersion::default());
        let pinned = |behavior: PinnedOverrideBehavior, version| {
            newest(Override::Pinned(PinnedOverride {
                behavior: behavior.into(),
                version,
            }))
        };
        let once = |target_deployment_version| {
            newest(Override::OneTime(OneTimeOverride {
                target_deployment_version,
            }))
        };
        let (behavior, none) = (
            PinnedOverrideBehavior::Pinned,
            PinnedOverrideBehavior::Unspecified,
        );
        for (given, expected) in [
            (older(0, "", None), Some("override behavior is required")),
            (older(0, "a.b", None), Some("override behavior is required")),
            (
                older(7, "", None),
                Some("override behavior 7 not recognized"),
            ),
            (
                older(1, "", None),
                Some(
                    "must provide deployment (deprecated) or pinned version if behavior is 'PINNED'",
                ),
            ),
            (
                older(1, "ab", None),
                Some(
                    "invalid version string \"ab\", expected format is \"<deployment_name>.<build_id>\"",
                ),
            ),
            (
                older(1, "a:b", None),
                Some(
                    "invalid version string \"a:b\", expected format is \"<deployment_name>.<build_id>\"",
                ),
            ),
            (older(1, "a:b.c", None), None),
            (older(1, "a.b", None), None),
            (
                older(2, "a.b", None),
                Some("only provide pinned version if behavior is 'PINNED'"),
            ),
            (older(2, "", None), None),
            (
                older(2, "", Some(("a", "b"))),
                Some("only provide deployment if behavior is 'PINNED'"),
            ),
            (older(1, "", Some(("a", "b"))), None),
            (
                older(1, "", Some(("", "b"))),
                Some("deployment name cannot be empty"),
            ),
            (
                older(1, "", Some(("a:b", "b"))),
                Some("deployment name cannot contain '.' or ':'"),
            ),
            (
                older(1, "", Some(("a", ""))),
                Some("deployment build ID cannot be empty"),
            ),
            (newest(Override::AutoUpgrade(true)), None),
            (
                newest(Override::AutoUpgrade(false)),
                Some("auto-upgrade override must be true"),
            ),
            (
                pinned(behavior, None),
                Some("must provide version if override is pinned."),
            ),
            (
                pinned(none, version()),
                Some("must specify pinned override behavior if override is pinned."),
            ),
            (pinned(behavior, version()), None),
            (
                once(None),
                Some("must provide target deployment version if override is one-time."),
            ),
            (once(version()), None),
        ] {
            assert_eq!(error(given.clone()).as_deref(), expected, "{given:?}");
        }
        assert_eq!(check_override(None), Ok(()));
    }

    #[test]
    fn older_forms_name_the_same_version() {
        for given in [older(1, "a.b.c", None), older(1, "", Some(("a", "b.c")))] {
            let version = override_target(&given).expect("it is pinned");
            assert_eq!(version.to_string(), "a:b.c");
        }
        let colon = override_target(&older(1, "a:b.c", None));
        assert_eq!(colon.expect("it is pinned").to_string(), "a:b.c");
        assert_eq!(checked_version(&older(1, "", Some(("a", "b")))), None);
    }
}
