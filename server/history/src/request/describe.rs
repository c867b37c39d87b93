//! Descriptions of a run and its row in lists.

use std::collections::BTreeSet;

use durably_proto::api::activity::v1::ActivityOptions;
use durably_proto::api::common::v1::{
    ActivityType, Memo, Payload, RetryPolicy, SearchAttributes, WorkerVersionStamp, WorkflowType,
};
use durably_proto::api::enums::v1::{
    EventType, PendingActivityState, PendingWorkflowTaskState, VersioningBehavior,
};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::taskqueue::v1::TaskQueue;
use durably_proto::api::workflow::v1::pending_activity_info::PauseInfo;
use durably_proto::api::workflow::v1::pending_activity_info::pause_info::{Manual, PausedBy};
use durably_proto::api::workflow::v1::{
    PendingActivityInfo, PendingChildExecutionInfo, PendingWorkflowTaskInfo, RequestIdInfo,
    ResetPointInfo, ResetPoints, WorkflowExecutionConfig, WorkflowExecutionExtendedInfo,
    WorkflowExecutionInfo,
};
use durably_proto::api::workflowservice::v1::DescribeWorkflowExecutionResponse;
use durably_proto::wkt::Timestamp;

use crate::json;
use crate::pending::activities::{Activity, ActivityState, Pause};
use crate::queue;
use crate::state::{Run, ScheduledTask, WorkflowTask};
use crate::task::activity_task;
use crate::time::{Time, between, timeout_to_proto, to_proto};
use crate::versioning::DeploymentVersion;

impl Run {
    /// The response to `DescribeWorkflowExecution` at the time `now` of the server.
    pub fn describe(&self, now: Time) -> DescribeWorkflowExecutionResponse {
        let first = self.events.get(0);
        let original_start = first.as_ref().and_then(|event| event.event_time);
        // As recorded: for some runs without one it is zero, for others it is not there.
        let run_timeout = match first.and_then(|event| event.attributes) {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                started.workflow_run_timeout
            }
            _ => None,
        };
        DescribeWorkflowExecutionResponse {
            execution_config: Some(WorkflowExecutionConfig {
                task_queue: Some(queue::normal(&self.config.task_queue)),
                workflow_execution_timeout: self.config.timeouts.execution.map(to_proto),
                workflow_run_timeout: run_timeout,
                default_workflow_task_timeout: Some(to_proto(self.config.timeouts.task)),
                user_metadata: self.config.user_metadata.clone(),
            }),
            workflow_execution_info: Some(self.info()),
            pending_activities: self
                .activities
                .iter()
                .map(|a| self.pending_activity(a))
                .collect(),
            pending_children: self.pending_children(),
            pending_workflow_task: self.pending_workflow_task(),
            workflow_extended_info: Some(
                self.extended_info(original_start, self.virtual_time_at(now)),
            ),
            ..Default::default()
        }
    }

    /// The run's row in lists.
    pub fn info(&self) -> WorkflowExecutionInfo {
        let config = &self.config;
        let memo = Memo {
            fields: self.memo.cloned().collect(),
        };
        let builds = self.own_attributes();
        let builds = builds.map(|(name, value)| (name.to_owned(), value));
        let indexed = SearchAttributes {
            indexed_fields: builds.chain(self.search_attributes.cloned()).collect(),
        };
        let closed_at = self.virtual_closed_at();
        let itself = || self.execution();
        let info = WorkflowExecutionInfo {
            execution: Some(itself()),
            r#type: Some(WorkflowType {
                name: config.workflow_type.clone(),
            }),
            start_time: Some(config.started_at.into()),
            close_time: closed_at.map(Into::into),
            status: self.status().into(),
            history_length: self.next_event_id().0 - 1,
            parent_namespace_id: config
                .parent
                .as_ref()
                .map(|p| p.namespace_id.clone())
                .unwrap_or_default(),
            parent_execution: config.parent.as_ref().map(|p| p.execution.clone()),
            execution_time: Some(config.executes_at.into()),
            memo: Some(memo),
            search_attributes: Some(indexed),
            auto_reset_points: Some(ResetPoints {
                points: self.reset_points.values().cloned().collect(),
            }),
            task_queue: config.task_queue.to_string(),
            state_transition_count: self.transitions,
            history_size_bytes: i64::try_from(self.history_size).unwrap_or(i64::MAX),
            execution_duration: closed_at.map(|at| between(config.executes_at, at)),
            root_execution: Some(config.root.clone().unwrap_or_else(itself)),
            first_run_id: config.first_run_id.to_string(),
            priority: self.own_priority().cloned(),
            versioning_info: self.versioning.info(),
            worker_deployment_name: self.versioning.deployment.clone(),
            ..Default::default()
        };
        #[expect(deprecated, reason = "descriptions still show it")]
        WorkflowExecutionInfo {
            most_recent_worker_version_stamp: self.last_worker_version.clone(),
            ..info
        }
    }

    /// The search attributes that the server sets: builds and versions that completed workflow tasks, and pauses.
    fn own_attributes(&self) -> impl Iterator<Item = (&'static str, Payload)> {
        let (behavior, version) = self.versioning.listed();
        let is_versioned = behavior != VersioningBehavior::Unspecified;
        let prefix = match (behavior, &version) {
            (VersioningBehavior::Unspecified, _) => self
                .has_completed_workflow_task()
                .then(|| UNVERSIONED.to_owned()),
            (VersioningBehavior::Pinned, Some(version)) => Some(format!("pinned:{version}")),
            (VersioningBehavior::Pinned, None) | (VersioningBehavior::AutoUpgrade, _) => None,
        };
        let builds: Vec<_> = prefix.into_iter().chain(self.stamped_builds()).collect();
        let used = self.versioning.used.iter();
        let used: Vec<_> = used.map(ToString::to_string).collect();
        let behavior = match behavior {
            VersioningBehavior::Unspecified => None,
            VersioningBehavior::Pinned => Some("Pinned"),
            VersioningBehavior::AutoUpgrade => Some("AutoUpgrade"),
        };
        let version = version.filter(|_| is_versioned);
        // Workers that are not versioned have a deployment, too.
        let deployment = match &version {
            Some(version) => version.deployment.to_string(),
            None => self.versioning.deployment.clone(),
        };
        let deployment = (!deployment.is_empty()).then_some(deployment);
        let version = version.map(|version| version.to_string());
        let paused = self.paused_activity_types();
        let lists = [(BUILD_IDS, builds), (USED_VERSIONS, used), (PAUSES, paused)];
        let lists = lists.into_iter().filter(|(_, values)| !values.is_empty());
        let words = [
            (DEPLOYMENT, deployment),
            (VERSION, version),
            (BEHAVIOR, behavior.map(str::to_owned)),
        ];
        let words = words.into_iter();
        let words = words.filter_map(|(name, value)| Some((name, keyword(&value?))));
        lists
            .map(|(name, values)| (name, keywords(&values)))
            .chain(words)
    }

    /// The types of the activities that are paused. The real server does not forget those that end while they are
    /// paused.
    fn paused_activity_types(&self) -> Vec<String> {
        let paused = self.activities.iter().filter(|it| it.pause.is_some());
        let types = paused.map(|it| activity_task::type_name(self, it.scheduled));
        let types: BTreeSet<_> = types.collect();
        let values = types.into_iter();
        values
            .map(|name| format!("property:activityType={name}"))
            .collect()
    }

    /// The builds that workers named in stamps with their workflow tasks: versioned workers send none.
    fn stamped_builds(&self) -> Vec<String> {
        let own = |point: &&ResetPointInfo| point.run_id == self.config.run_id.as_str();
        let stamps = self.reset_points.values().filter(own);
        let stamps = stamps.map(|point| self.stamp(point.first_workflow_task_completed_id));
        let mut builds = Vec::new();
        // An earlier run of the chain has the reset point of a build that it had already.
        for stamp in stamps.chain([self.last_worker_version.clone()]).flatten() {
            let prefix = match stamp.use_versioning {
                true => VERSIONED,
                false => UNVERSIONED,
            };
            let build = format!("{prefix}:{}", stamp.build_id);
            if !stamp.build_id.is_empty() && !builds.contains(&build) {
                builds.push(build);
            }
        }
        builds
    }

    /// The stamp of the completion of a workflow task.
    #[expect(deprecated, reason = "workers still send it")]
    fn stamp(&self, completed: i64) -> Option<WorkerVersionStamp> {
        let place = usize::try_from(completed - 1).ok()?;
        match self.events.get(place)?.attributes? {
            Attributes::WorkflowTaskCompletedEventAttributes(event) => event.worker_version,
            _ => None,
        }
    }

    fn extended_info(
        &self,
        original_start: Option<Timestamp>,
        now: Time,
    ) -> WorkflowExecutionExtendedInfo {
        // The real server does not show the request of a reset.
        let shown = self.requests.events();
        let shown = shown.filter(|(_, kind, _)| *kind != EventType::WorkflowTaskFailed);
        let request_id_infos = shown.map(|(id, kind, event)| {
            let info = RequestIdInfo {
                event_type: kind.into(),
                event_id: event.0,
                buffered: false,
            };
            (id.to_string(), info)
        });
        let started = self.config.started_at.into();
        WorkflowExecutionExtendedInfo {
            execution_expiration_time: self.config.execution_expires_at.map(Into::into),
            run_expiration_time: Some(self.config.run_expires_at.map_or(NEVER, Into::into)),
            cancel_requested: self.cancel_requested,
            original_start_time: original_start,
            // A run that a reset has started begins with the events of an earlier one.
            last_reset_time: (original_start != Some(started)).then_some(started),
            request_id_infos: request_id_infos.collect(),
            reset_run_id: self
                .reset_run
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            time_skipping_info: self.virtual_time.as_ref().map(|time| time.info(now)),
            ..Default::default()
        }
    }

    fn pending_children(&self) -> Vec<PendingChildExecutionInfo> {
        let children = self.children.iter().map(|(initiated, child)| {
            let run_id = child.started.as_ref().map(|started| &started.run_id);
            PendingChildExecutionInfo {
                parent_close_policy: child.close_policy.into(),
                workflow_id: child.workflow_id.to_string(),
                run_id: run_id.map(ToString::to_string).unwrap_or_default(),
                workflow_type_name: child.workflow_type.to_string(),
                initiated_id: initiated.0,
            }
        });
        children.collect()
    }

    fn pending_workflow_task(&self) -> Option<PendingWorkflowTaskInfo> {
        let describe =
            |task: &ScheduledTask, state: PendingWorkflowTaskState| PendingWorkflowTaskInfo {
                state: state.into(),
                scheduled_time: Some(task.at.into()),
                original_scheduled_time: Some(task.original_at.into()),
                started_time: None,
                attempt: i32::try_from(self.task_attempt).unwrap_or(i32::MAX),
            };
        match &self.task {
            WorkflowTask::Idle => None,
            WorkflowTask::Scheduled(task) => {
                Some(describe(task, PendingWorkflowTaskState::Scheduled))
            }
            WorkflowTask::Started(task) => Some(PendingWorkflowTaskInfo {
                started_time: Some(task.at.into()),
                ..describe(&task.task, PendingWorkflowTaskState::Started)
            }),
        }
    }

    fn pending_activity(&self, activity: &Activity) -> PendingActivityInfo {
        let scheduled = activity_task::scheduled_attributes(self, activity.scheduled);
        let is_paused = activity.pause.is_some();
        let state = match (&activity.state, activity.cancel_requested) {
            (ActivityState::Started { .. }, Some(_)) => PendingActivityState::CancelRequested,
            (ActivityState::Started { .. }, None) if is_paused => {
                PendingActivityState::PauseRequested
            }
            (ActivityState::Started { .. }, None) => PendingActivityState::Started,
            (ActivityState::Waiting | ActivityState::Backoff { .. }, _) if is_paused => {
                PendingActivityState::Paused
            }
            (ActivityState::Waiting | ActivityState::Backoff { .. }, _) => {
                PendingActivityState::Scheduled
            }
        };
        let started_at = match activity.state {
            ActivityState::Started { at, .. } => Some(at),
            ActivityState::Waiting | ActivityState::Backoff { .. } => None,
        };
        let next_attempt = activity.next_attempt_at();
        let last_version = activity.last_version.as_ref();
        let info = PendingActivityInfo {
            activity_id: activity.id.to_string(),
            activity_type: scheduled
                .activity_type
                .or_else(|| Some(ActivityType::default())),
            state: state.into(),
            heartbeat_details: activity.heartbeat_details.clone(),
            last_heartbeat_time: activity.heartbeat_at.map(Into::into),
            last_started_time: started_at.map(Into::into),
            attempt: i32::try_from(activity.attempt).unwrap_or(i32::MAX),
            maximum_attempts: activity
                .retry
                .maximum_attempts()
                .map_or(0, |n| i32::try_from(n).unwrap_or(i32::MAX)),
            scheduled_time: Some(activity.attempt_at.into()),
            expiration_time: activity.expires_at.map(Into::into),
            last_failure: activity.last_failure.clone(),
            last_worker_identity: activity.last_worker.clone(),
            current_retry_interval: next_attempt
                .and_then(|until| Some(to_proto(until.since(activity.last_ended_at?)))),
            last_attempt_complete_time: activity.last_ended_at.map(Into::into),
            next_attempt_schedule_time: next_attempt.map(Into::into),
            priority: activity.priority.clone(),
            paused: is_paused,
            pause_info: activity.pause.as_ref().map(Pause::info),
            activity_options: Some(ActivityOptions {
                task_queue: Some(TaskQueue {
                    name: activity.queue.to_string(),
                    normal_name: activity.queue.to_string(),
                    ..TaskQueue::default()
                }),
                ..activity.options()
            }),
            last_deployment_version: last_version.map(DeploymentVersion::to_proto),
            ..Default::default()
        };
        #[expect(deprecated, reason = "descriptions still show it")]
        PendingActivityInfo {
            last_worker_deployment_version: last_version
                .map(DeploymentVersion::older_text)
                .unwrap_or_default(),
            ..info
        }
    }
}

impl Activity {
    /// Its options, with the form of the task queue that requests have.
    pub(crate) fn options(&self) -> ActivityOptions {
        let timeouts = &self.timeouts;
        ActivityOptions {
            task_queue: Some(queue::normal(&self.queue)),
            schedule_to_close_timeout: Some(timeout_to_proto(timeouts.schedule_to_close)),
            schedule_to_start_timeout: Some(timeout_to_proto(timeouts.schedule_to_start)),
            start_to_close_timeout: Some(timeout_to_proto(timeouts.start_to_close)),
            heartbeat_timeout: Some(timeout_to_proto(timeouts.heartbeat)),
            // The real server shows no types of errors.
            retry_policy: Some(RetryPolicy {
                non_retryable_error_types: Vec::new(),
                ..self.retry.to_proto()
            }),
            priority: self.priority.clone(),
            ..ActivityOptions::default()
        }
    }
}

impl Pause {
    fn info(&self) -> PauseInfo {
        PauseInfo {
            pause_time: Some(self.at.into()),
            paused_by: Some(PausedBy::Manual(Manual {
                identity: self.identity.clone(),
                reason: self.reason.clone(),
            })),
        }
    }
}

fn keyword(value: &str) -> Payload {
    search_attribute("Keyword", json::string(value))
}

fn keywords(values: &[String]) -> Payload {
    let values: Vec<_> = values.iter().map(|value| json::string(value)).collect();
    search_attribute("KeywordList", format!("[{}]", values.join(",")))
}

fn search_attribute(value_type: &str, json: String) -> Payload {
    Payload {
        metadata: [
            ("encoding".to_owned(), b"json/plain".to_vec()),
            ("type".to_owned(), value_type.as_bytes().to_vec()),
        ]
        .into(),
        data: json.into_bytes(),
        ..Payload::default()
    }
}

/// Names of search attributes.
const BUILD_IDS: &str = "BuildIds";
const PAUSES: &str = "TemporalPauseInfo";
const USED_VERSIONS: &str = "TemporalUsedWorkerDeploymentVersions";
const DEPLOYMENT: &str = "TemporalWorkerDeployment";
const VERSION: &str = "TemporalWorkerDeploymentVersion";
const BEHAVIOR: &str = "TemporalWorkflowVersioningBehavior";
/// Prefix of the builds of workers that the server routes by build.
const VERSIONED: &str = "versioned";
/// Prefix of the builds of unversioned workers, and the value for all of them.
const UNVERSIONED: &str = "unversioned";
/// Expiration time of a run without a timeout: the real server's zero time.
const NEVER: Timestamp = Timestamp {
    seconds: -62_135_596_800,
    nanos: 0,
};
