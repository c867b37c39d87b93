//! The options of a worker as a configuration holds them.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{PollerLimit, ResourceTargets, SlotLimit};
use crate::{time::text, wire::deployment::Versioning};

/// The options of a worker as data: what a configuration file says, in any format that serde reads.
///
/// What is not set keeps its default, or what a method of [`Worker`](crate::Worker) has set before
/// [`Worker::options`](crate::Worker::options); the same holds for each key of a table. The keys are the names of those methods, durations are texts with
/// a unit, and an unknown key is an error.
///
/// ```
/// use durably::{prelude::*, secs, worker::WorkerOptions};
///
/// let text = r#"{
///     "identity": "shop-1",
///     "max_concurrent_activities": 50,
///     "workflow_pollers": { "min": 1, "max": 20, "initial": 2 },
///     "max_activities_per_second": 12.5,
///     "activity_limits": { "charge": 5 },
///     "shutdown_grace": "25s"
/// }"#;
/// let options: WorkerOptions = serde_json::from_str(text)?;
/// assert_eq!(options.shutdown_grace, Some(secs(25)));
///
/// # fn example(client: &Client, options: WorkerOptions) {
/// let worker = Worker::new(client, "shop").options(options);
/// # }
/// let error = serde_json::from_str::<WorkerOptions>(r#"{ "shutdown_grace": 25 }"#);
/// let text = error.unwrap_err().to_string();
/// assert!(text.starts_with("invalid type: integer `25`, expected a duration with its unit, such as"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// [`Worker::max_cached_workflows`](crate::Worker::max_cached_workflows).
    pub max_cached_workflows: Option<usize>,
    /// [`Worker::max_concurrent_workflow_tasks`](crate::Worker::max_concurrent_workflow_tasks).
    pub max_concurrent_workflow_tasks: Option<SlotLimit>,
    /// [`Worker::max_concurrent_activities`](crate::Worker::max_concurrent_activities).
    pub max_concurrent_activities: Option<SlotLimit>,
    /// [`Worker::max_concurrent_local_activities`](crate::Worker::max_concurrent_local_activities).
    pub max_concurrent_local_activities: Option<SlotLimit>,
    /// [`Worker::resource_targets`](crate::Worker::resource_targets).
    pub resource_targets: Option<ResourceTargets>,
    /// [`Worker::activity_limit`](crate::Worker::activity_limit), by the names of the activity types.
    pub activity_limits: BTreeMap<String, usize>,
    /// [`Worker::max_activities_per_second`](crate::Worker::max_activities_per_second).
    pub max_activities_per_second: Option<f64>,
    /// [`Worker::max_task_queue_activities_per_second`](crate::Worker::max_task_queue_activities_per_second).
    pub max_task_queue_activities_per_second: Option<f64>,
    /// [`Worker::max_eager_activities`](crate::Worker::max_eager_activities).
    pub max_eager_activities: Option<usize>,
    /// [`Worker::workflow_pollers`](crate::Worker::workflow_pollers).
    pub workflow_pollers: Option<PollerLimit>,
    /// [`Worker::activity_pollers`](crate::Worker::activity_pollers).
    pub activity_pollers: Option<PollerLimit>,
    /// [`Worker::executor_threads`](crate::Worker::executor_threads).
    pub executor_threads: Option<usize>,
    /// [`Worker::max_lost_threads`](crate::Worker::max_lost_threads).
    pub max_lost_threads: Option<usize>,
    /// [`Worker::sticky_timeout`](crate::Worker::sticky_timeout).
    #[serde(deserialize_with = "text::optional")]
    pub sticky_timeout: Option<Duration>,
    /// [`Worker::identity`](crate::Worker::identity).
    pub identity: Option<String>,
    /// [`Worker::deployment`](crate::Worker::deployment).
    pub deployment: Option<String>,
    /// [`Worker::build_id`](crate::Worker::build_id).
    pub build_id: Option<String>,
    /// [`Worker::default_versioning`](crate::Worker::default_versioning): `"pinned"` or `"auto_upgrade"`.
    pub default_versioning: Option<Versioning>,
    /// [`Worker::shutdown_grace`](crate::Worker::shutdown_grace).
    #[serde(deserialize_with = "text::optional")]
    pub shutdown_grace: Option<Duration>,
    /// [`Worker::shutdown_deadline`](crate::Worker::shutdown_deadline).
    #[serde(deserialize_with = "text::optional")]
    pub shutdown_deadline: Option<Duration>,
    /// [`Worker::deadlock_timeout`](crate::Worker::deadlock_timeout).
    #[serde(deserialize_with = "text::optional")]
    pub deadlock_timeout: Option<Duration>,
    /// [`Worker::check_payload_sizes`](crate::Worker::check_payload_sizes).
    pub check_payload_sizes: Option<bool>,
    /// [`Worker::payload_size_warning`](crate::Worker::payload_size_warning), in bytes.
    pub payload_size_warning: Option<usize>,
    /// [`Worker::memo_size_warning`](crate::Worker::memo_size_warning), in bytes.
    pub memo_size_warning: Option<usize>,
    /// [`Worker::heartbeat_interval`](crate::Worker::heartbeat_interval).
    #[serde(deserialize_with = "text::optional")]
    pub heartbeat_interval: Option<Duration>,
}

/// Each field of the one that is set, in place of the other's; of a table each of its fields.
macro_rules! replace_set {
    ($to:ident, $from:ident: $($field:ident)* ; $($table:ident)*) => {
        $( if $from.$field.is_some() {
            $to.$field = $from.$field;
        } )*
        $( if let Some(other) = $from.$table {
            $to.$table = Some($to.$table.map_or(other, |set| set.replaced_by(other)));
        } )*
    };
}

impl WorkerOptions {
    /// Takes over what `other` sets.
    pub(crate) fn replace_with(&mut self, other: Self) {
        self.activity_limits.extend(other.activity_limits);
        replace_set! { self, other:
            max_cached_workflows
            max_activities_per_second
            max_task_queue_activities_per_second
            max_eager_activities
            executor_threads
            max_lost_threads
            sticky_timeout
            check_payload_sizes
            payload_size_warning
            memo_size_warning
            identity
            deployment
            build_id
            default_versioning
            shutdown_grace
            shutdown_deadline
            deadlock_timeout
            heartbeat_interval;
            max_concurrent_workflow_tasks
            max_concurrent_activities
            max_concurrent_local_activities
            resource_targets
            workflow_pollers
            activity_pollers
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        time::span::{millis, secs},
        worker::options::{ResourceSlots, ScaledPollers},
    };

    fn error_of(text: &str) -> String {
        let error = toml::from_str::<WorkerOptions>(text).expect_err("it is a mistake");
        error.message().to_owned()
    }

    #[test]
    fn every_option_can_be_set_in_a_file() {
        let text = r#"
            max_cached_workflows = 100
            max_concurrent_workflow_tasks = 20
            max_concurrent_local_activities = 30
            max_activities_per_second = 10
            max_task_queue_activities_per_second = 100.5
            max_eager_activities = 0
            workflow_pollers = 3
            executor_threads = 2
            max_lost_threads = 1
            sticky_timeout = "5s"
            identity = "shop-1"
            deployment = "shop"
            build_id = "1.0"
            default_versioning = "auto_upgrade"
            shutdown_grace = "0s"
            shutdown_deadline = "1m"
            deadlock_timeout = "1s500ms"
            check_payload_sizes = false
            payload_size_warning = 1000000
            memo_size_warning = 0
            heartbeat_interval = "30s"
            resource_targets = { memory = 0.5 }

            [activity_limits]
            charge = 2

            [max_concurrent_activities]
            min = 2
            max = 50
            ramp_throttle = "20ms"

            [activity_pollers]
            max = 10
        "#;
        let options: WorkerOptions = toml::from_str(text).expect("it is right");
        let slots = ResourceSlots::new()
            .min(2)
            .max(50)
            .ramp_throttle(millis(20));
        let expected = WorkerOptions {
            max_cached_workflows: Some(100),
            max_concurrent_workflow_tasks: Some(SlotLimit::Fixed(20)),
            max_concurrent_activities: Some(SlotLimit::ByResources(slots)),
            max_concurrent_local_activities: Some(SlotLimit::Fixed(30)),
            resource_targets: Some(ResourceTargets::new().memory(0.5)),
            activity_limits: [("charge".to_owned(), 2)].into(),
            max_activities_per_second: Some(10.0),
            max_task_queue_activities_per_second: Some(100.5),
            max_eager_activities: Some(0),
            workflow_pollers: Some(PollerLimit::UpTo(3)),
            activity_pollers: Some(PollerLimit::Scaled(ScaledPollers::new().max(10))),
            executor_threads: Some(2),
            max_lost_threads: Some(1),
            sticky_timeout: Some(secs(5)),
            identity: Some("shop-1".to_owned()),
            deployment: Some("shop".to_owned()),
            build_id: Some("1.0".to_owned()),
            default_versioning: Some(Versioning::AutoUpgrade),
            shutdown_grace: Some(secs(0)),
            shutdown_deadline: Some(secs(60)),
            deadlock_timeout: Some(millis(1_500)),
            check_payload_sizes: Some(false),
            payload_size_warning: Some(1_000_000),
            memo_size_warning: Some(0),
            heartbeat_interval: Some(secs(30)),
        };
        assert_eq!(options, expected);
        let mut all = WorkerOptions::default();
        all.replace_with(options);
        assert_eq!(all, expected, "each is taken over");
    }

    #[test]
    fn what_is_not_set_stays() {
        let mut options = WorkerOptions {
            identity: Some("me".to_owned()),
            max_eager_activities: Some(1),
            ..WorkerOptions::default()
        };
        options.replace_with(toml::from_str("max_eager_activities = 2").expect("it is right"));
        assert_eq!(options.identity.as_deref(), Some("me"));
        assert_eq!(options.max_eager_activities, Some(2));
    }

    #[test]
    fn a_table_replaces_the_fields_that_it_sets() {
        let mut options = WorkerOptions {
            max_concurrent_activities: Some(SlotLimit::ByResources(ResourceSlots::new().min(2))),
            max_concurrent_local_activities: Some(SlotLimit::Fixed(5)),
            max_concurrent_workflow_tasks: Some(SlotLimit::ByResources(ResourceSlots::new())),
            resource_targets: Some(ResourceTargets::new().cpu(0.5)),
            workflow_pollers: Some(PollerLimit::UpTo(3)),
            activity_pollers: Some(PollerLimit::Scaled(ScaledPollers::new().initial(2))),
            ..WorkerOptions::default()
        };
        let file = r#"
            max_concurrent_activities = { max = 9 }
            max_concurrent_local_activities = { min = 1 }
            max_concurrent_workflow_tasks = 7
            resource_targets = { memory = 0.6 }
            workflow_pollers = { max = 8 }
            activity_pollers = { max = 10 }
        "#;
        options.replace_with(toml::from_str(file).expect("it is right"));
        let slots = ResourceSlots::new();
        let pollers = ScaledPollers::new();
        let expected = WorkerOptions {
            max_concurrent_activities: Some(SlotLimit::ByResources(slots.min(2).max(9))),
            max_concurrent_local_activities: Some(SlotLimit::ByResources(slots.min(1))),
            max_concurrent_workflow_tasks: Some(SlotLimit::Fixed(7)),
            resource_targets: Some(ResourceTargets::new().memory(0.6).cpu(0.5)),
            workflow_pollers: Some(PollerLimit::Scaled(pollers.max(8))),
            activity_pollers: Some(PollerLimit::Scaled(pollers.max(10).initial(2))),
            ..WorkerOptions::default()
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn null_sets_nothing() {
        let text = r#"{
            "identity": null,
            "max_concurrent_activities": { "min": 2, "ramp_throttle": null },
            "resource_targets": { "cpu": null },
            "sticky_timeout": null,
            "shutdown_grace": null,
            "shutdown_deadline": null,
            "deadlock_timeout": null,
            "heartbeat_interval": null
        }"#;
        let options: WorkerOptions = serde_json::from_str(text).expect("it is right");
        let expected = WorkerOptions {
            max_concurrent_activities: Some(SlotLimit::ByResources(ResourceSlots::new().min(2))),
            resource_targets: Some(ResourceTargets::new()),
            ..WorkerOptions::default()
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn a_mistake_in_a_file_is_named() {
        let unknown = error_of("max_concurent_activities = 5");
        assert!(
            unknown.starts_with("unknown field `max_concurent_activities`, expected one of `"),
            "{unknown}"
        );
        assert_eq!(
            error_of("sticky_timeout = \"5\""),
            "invalid value: string \"5\", expected a duration with its unit, such as \"500ms\", \"10s\", \"5m\", \"2h\" or \"1h30m\""
        );
        assert_eq!(
            error_of("max_concurrent_activities = -1"),
            "invalid value: integer `-1`, expected a number of slots, or a table of `min`, `max` and `ramp_throttle`"
        );
        assert_eq!(
            error_of("activity_pollers = \"many\""),
            "invalid type: string \"many\", expected a number of pollers, or a table of `min`, `max` and `initial`"
        );
        let inner = error_of("activity_pollers = { least = 1 }");
        assert!(
            inner.starts_with("unknown field `least`, expected one of `min`"),
            "{inner}"
        );
        let versioning = error_of("default_versioning = \"Pinned\"");
        assert!(
            versioning.contains("expected `pinned` or `auto_upgrade`"),
            "{versioning}"
        );
    }
}
