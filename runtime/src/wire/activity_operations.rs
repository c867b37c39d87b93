//! Requests that pause, unpause, reset and reconfigure pending activities of a workflow.

use std::time::Duration;

use durably_engine::{Priority, RetryPolicy};
use durably_proto::{
    api::{
        activity::v1::ActivityOptions,
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            self as pb, pause_activity_request, reset_activity_request, unpause_activity_request,
            update_activity_options_request,
        },
    },
    wkt,
};

use super::{
    WireError, command, event,
    request::{Execution, Request, Sender},
    time,
};

/// One activity by its id, or all of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActivityName {
    Id(String),
    Type(String),
}

/// The activities that a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActivitySelection {
    Named(ActivityName),
    All,
}

/// Pauses activities.
#[derive(Clone, Debug)]
pub(crate) struct PauseActivities {
    pub(crate) execution: Execution,
    pub(crate) activities: ActivityName,
    pub(crate) reason: String,
}

/// How activities are unpaused.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnpauseOptions {
    pub(crate) reset_attempts: bool,
    pub(crate) reset_heartbeat: bool,
    pub(crate) jitter: Duration,
}

/// Unpauses activities.
#[derive(Clone, Debug)]
pub(crate) struct UnpauseActivities {
    pub(crate) execution: Execution,
    pub(crate) activities: ActivitySelection,
    pub(crate) options: UnpauseOptions,
}

/// How activities are reset.
#[derive(Clone, Debug, Default)]
pub(crate) struct ActivityResetOptions {
    pub(crate) reset_heartbeat: bool,
    pub(crate) keep_paused: bool,
    pub(crate) restore_options: bool,
    pub(crate) jitter: Duration,
}

/// Resets activities.
#[derive(Clone, Debug)]
pub(crate) struct ResetActivities {
    pub(crate) execution: Execution,
    pub(crate) activities: ActivitySelection,
    pub(crate) options: ActivityResetOptions,
}

/// What the options of activities become.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OptionsUpdate {
    /// The fields that are given.
    Fields(OptionsFields),
    /// Those with which the activity was scheduled.
    Restore,
}

/// New values of options; none for what stays. A duration of zero is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OptionsFields {
    pub(crate) task_queue: Option<String>,
    pub(crate) schedule_to_close: Option<Duration>,
    pub(crate) schedule_to_start: Option<Duration>,
    pub(crate) start_to_close: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    /// Its types of errors are not sent: they cannot be changed.
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) priority: Option<Priority>,
}

/// Changes options of activities.
#[derive(Clone, Debug)]
pub(crate) struct UpdateActivityOptions {
    pub(crate) execution: Execution,
    pub(crate) activities: ActivitySelection,
    pub(crate) update: OptionsUpdate,
}

/// The options of an activity, as a server reports them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ReportedOptions {
    pub(crate) task_queue: String,
    pub(crate) schedule_to_close: Option<Duration>,
    pub(crate) schedule_to_start: Option<Duration>,
    pub(crate) start_to_close: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) priority: Option<Priority>,
}

impl Request for PauseActivities {
    type Message = pb::PauseActivityRequest;
    type Reply = pb::PauseActivityResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        use pause_activity_request::Activity;
        pb::PauseActivityRequest {
            namespace: sender.namespace(),
            execution: Some(self.execution.into_proto()),
            identity: sender.identity(),
            reason: self.reason,
            request_id: sender.request_id(),
            activity: Some(match self.activities {
                ActivityName::Id(id) => Activity::Id(id),
                ActivityName::Type(name) => Activity::Type(name),
            }),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for UnpauseActivities {
    type Message = pb::UnpauseActivityRequest;
    type Reply = pb::UnpauseActivityResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        use unpause_activity_request::Activity;
        pb::UnpauseActivityRequest {
            namespace: sender.namespace(),
            execution: Some(self.execution.into_proto()),
            identity: sender.identity(),
            reset_attempts: self.options.reset_attempts,
            reset_heartbeat: self.options.reset_heartbeat,
            jitter: jitter(self.options.jitter),
            activity: Some(match self.activities {
                ActivitySelection::Named(ActivityName::Id(id)) => Activity::Id(id),
                ActivitySelection::Named(ActivityName::Type(name)) => Activity::Type(name),
                ActivitySelection::All => Activity::UnpauseAll(true),
            }),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for ResetActivities {
    type Message = pb::ResetActivityRequest;
    type Reply = pb::ResetActivityResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        use reset_activity_request::Activity;
        pb::ResetActivityRequest {
            namespace: sender.namespace(),
            execution: Some(self.execution.into_proto()),
            identity: sender.identity(),
            reset_heartbeat: self.options.reset_heartbeat,
            keep_paused: self.options.keep_paused,
            restore_original_options: self.options.restore_options,
            jitter: jitter(self.options.jitter),
            activity: Some(match self.activities {
                ActivitySelection::Named(ActivityName::Id(id)) => Activity::Id(id),
                ActivitySelection::Named(ActivityName::Type(name)) => Activity::Type(name),
                ActivitySelection::All => Activity::MatchAll(true),
            }),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for UpdateActivityOptions {
    type Message = pb::UpdateActivityOptionsRequest;
    type Reply = pb::UpdateActivityOptionsResponse;
    /// Those of one of the activities.
    type Response = ReportedOptions;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        use update_activity_options_request::Activity;
        let (activity_options, update_mask, restore_original) = self.update.into_proto();
        pb::UpdateActivityOptionsRequest {
            namespace: sender.namespace(),
            execution: Some(self.execution.into_proto()),
            identity: sender.identity(),
            activity_options,
            update_mask,
            restore_original,
            activity: Some(match self.activities {
                ActivitySelection::Named(ActivityName::Id(id)) => Activity::Id(id),
                ActivitySelection::Named(ActivityName::Type(name)) => Activity::Type(name),
                ActivitySelection::All => Activity::MatchAll(true),
            }),
        }
    }

    fn read(reply: Self::Reply) -> Result<ReportedOptions, WireError> {
        Ok(options(reply.activity_options.unwrap_or_default()))
    }
}

impl OptionsUpdate {
    /// The options, the mask, and whether the original ones are restored.
    pub(super) fn into_proto(self) -> (Option<ActivityOptions>, Option<wkt::FieldMask>, bool) {
        match self {
            Self::Restore => (None, None, true),
            Self::Fields(fields) => {
                let (options, paths) = fields.into_proto();
                let paths = paths.into_iter().map(str::to_owned).collect();
                (Some(options), Some(wkt::FieldMask { paths }), false)
            }
        }
    }
}

impl OptionsFields {
    fn into_proto(self) -> (ActivityOptions, Vec<&'static str>) {
        let mut paths = Vec::new();
        let mut given = |is_given: bool, path: &[&'static str]| {
            if is_given {
                paths.extend_from_slice(path);
            }
        };
        given(self.task_queue.is_some(), &["task_queue.name"]);
        given(
            self.schedule_to_close.is_some(),
            &["schedule_to_close_timeout"],
        );
        given(
            self.schedule_to_start.is_some(),
            &["schedule_to_start_timeout"],
        );
        given(self.start_to_close.is_some(), &["start_to_close_timeout"]);
        given(self.heartbeat.is_some(), &["heartbeat_timeout"]);
        // By fields: a policy as a whole is not checked by the server.
        given(
            self.retry.is_some(),
            &[
                "retry_policy.initial_interval",
                "retry_policy.backoff_coefficient",
                "retry_policy.maximum_interval",
                "retry_policy.maximum_attempts",
            ],
        );
        given(self.priority.is_some(), &["priority"]);
        let options = ActivityOptions {
            task_queue: self.task_queue.map(|name| TaskQueue {
                name,
                ..TaskQueue::default()
            }),
            schedule_to_close_timeout: self.schedule_to_close.map(time::to_duration),
            schedule_to_start_timeout: self.schedule_to_start.map(time::to_duration),
            start_to_close_timeout: self.start_to_close.map(time::to_duration),
            heartbeat_timeout: self.heartbeat.map(time::to_duration),
            retry_policy: self.retry.map(command::retry_policy),
            priority: self.priority.and_then(command::priority),
            ..ActivityOptions::default()
        };
        (options, paths)
    }
}

pub(super) fn options(options: ActivityOptions) -> ReportedOptions {
    ReportedOptions {
        task_queue: options.task_queue.unwrap_or_default().name,
        schedule_to_close: time::limit(options.schedule_to_close_timeout),
        schedule_to_start: time::limit(options.schedule_to_start_timeout),
        start_to_close: time::limit(options.start_to_close_timeout),
        heartbeat: time::limit(options.heartbeat_timeout),
        retry: options.retry_policy.map(event::retry_policy),
        priority: options.priority.map(event::priority),
    }
}

fn jitter(jitter: Duration) -> Option<wkt::Duration> {
    (!jitter.is_zero()).then(|| time::to_duration(jitter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_names_what_is_given() {
        let fields = OptionsFields {
            heartbeat: Some(Duration::ZERO),
            priority: Some(Priority::default()),
            ..OptionsFields::default()
        };
        let (options, mask, restores) = OptionsUpdate::Fields(fields).into_proto();
        let options = options.expect("they are sent");
        assert_eq!(options.heartbeat_timeout, Some(wkt::Duration::default()));
        assert_eq!(options.priority, None);
        let mask = mask.expect("it is sent");
        assert_eq!(mask.paths, ["heartbeat_timeout", "priority"]);
        assert!(!restores);
        assert_eq!(OptionsUpdate::Restore.into_proto(), (None, None, true));
    }
}
