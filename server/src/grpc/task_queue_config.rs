//! `UpdateTaskQueueConfig`: the limits of a task queue and of its fairness keys, and the weights of keys. They hold whether
//! or not the server orders tasks by fairness, as on the real server.

use durably_history::{LONGEST_FAIRNESS_KEY, LONGEST_ID, Time};
use durably_proto::api::enums::v1::TaskQueueType;
use durably_proto::api::taskqueue::v1::{ConfigMetadata, RateLimitConfig, TaskQueueConfig};
use durably_proto::api::workflowservice::v1::update_task_queue_config_request::RateLimitUpdate;
use durably_proto::api::workflowservice::v1::{
    UpdateTaskQueueConfigRequest, UpdateTaskQueueConfigResponse,
};
use durably_proto::wkt::Timestamp;

use super::check;
use crate::backend::Backend;
use crate::error::Error;
use crate::queue_config::QueueKey;

/// `UpdateTaskQueueConfig`.
pub(super) async fn update(
    backend: &Backend,
    request: UpdateTaskQueueConfigRequest,
) -> Result<UpdateTaskQueueConfigResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    validate(&request)?;
    let key = QueueKey {
        name: request.task_queue.clone(),
        task_queue_type: request.task_queue_type,
    };
    let change = |config: &mut TaskQueueConfig, now: Time| change(config, request, now.into());
    let config = backend.change_queue_config(&namespace, key, change).await?;
    Ok(UpdateTaskQueueConfigResponse {
        config: Some(config),
    })
}

fn change(
    config: &mut TaskQueueConfig,
    request: UpdateTaskQueueConfigRequest,
    now: Timestamp,
) -> Result<(), Error> {
    let limit = |update: RateLimitUpdate| RateLimitConfig {
        rate_limit: update.rate_limit,
        metadata: Some(ConfigMetadata {
            reason: update.reason,
            update_identity: request.identity.clone(),
            update_time: Some(now),
        }),
    };
    if let Some(update) = request.update_queue_rate_limit {
        config.queue_rate_limit = Some(limit(update));
    }
    if let Some(update) = request.update_fairness_key_rate_limit_default {
        config.fairness_keys_rate_limit_default = Some(limit(update));
    }
    let weights = &mut config.fairness_weight_overrides;
    for key in &request.unset_fairness_weight_overrides {
        weights.remove(key);
    }
    weights.extend(request.set_fairness_weight_overrides);
    match weights.len() > MOST_WEIGHTS {
        true => Err(check::invalid(
            "fairness weight overrides update rejected: exceeding maximum key size",
        )),
        false => Ok(()),
    }
}

fn validate(request: &UpdateTaskQueueConfigRequest) -> Result<(), Error> {
    let is_of_workflows = request.task_queue_type() == TaskQueueType::Workflow;
    for (update, name, field) in [
        (
            &request.update_queue_rate_limit,
            "rate limit",
            "UpdateQueueRateLimit",
        ),
        (
            &request.update_fairness_key_rate_limit_default,
            "fairness key rate limit",
            "UpdateFairnessKeyRateLimitDefault",
        ),
    ] {
        // The real server validates what removes a limit no further.
        let Some((limit, reason)) = update
            .as_ref()
            .and_then(|update| Some((update.rate_limit?, &update.reason)))
        else {
            continue;
        };
        if is_of_workflows {
            return Err(Error::Invalid(format!(
                "Setting {name} on workflow task queues is not allowed."
            )));
        }
        // A number that is none is no limit, either.
        if limit.requests_per_second.is_nan() || limit.requests_per_second < 0.0 {
            return Err(Error::Invalid(format!(
                "RequestsPerSecond for {field} rate limit must be non-negative."
            )));
        }
        validate_length(&format!("{field}.Reason"), reason, LONGEST_REASON)?;
    }
    validate_length("Identity", &request.identity, LONGEST_ID)?;
    validate_weights(request)?;
    match request.task_queue.strip_prefix(RESERVED) {
        Some(rest) => Err(Error::Invalid(format!(
            "task queue family name cannot have prefix {RESERVED} {RESERVED}{rest}"
        ))),
        None => Ok(()),
    }
}

fn validate_length(field: &str, value: &str, most: usize) -> Result<(), Error> {
    match value.len() > most {
        true => Err(Error::Invalid(format!(
            "{field} field too long (max {most} characters)."
        ))),
        false => Ok(()),
    }
}

fn validate_weights(request: &UpdateTaskQueueConfigRequest) -> Result<(), Error> {
    let set = &request.set_fairness_weight_overrides;
    let unset = &request.unset_fairness_weight_overrides;
    let total = set.len() + unset.len();
    if total > MOST_WEIGHTS {
        return Err(Error::Invalid(format!(
            "too many fairness weight overrides in request: got {total}, maximum {MOST_WEIGHTS}"
        )));
    }
    for key in set.keys().chain(unset) {
        if key.is_empty() {
            return Err(check::invalid(
                "fairness weight override key must not be empty",
            ));
        }
        if key.len() > LONGEST_FAIRNESS_KEY {
            return Err(check::invalid("fairness key length exceeds limit"));
        }
    }
    let wrong = set
        .iter()
        .filter(|(_, weight)| weight.is_nan() || **weight <= 0.0);
    // The first one by name, so that the same request always gets the same error.
    if let Some((key, _)) = wrong.min_by_key(|(key, _)| *key) {
        return Err(Error::Invalid(format!(
            "invalid fairness weight weight for key {key:?}: must be greater than zero"
        )));
    }
    match unset.iter().find(|key| set.contains_key(*key)) {
        Some(key) => Err(Error::Invalid(format!(
            "fairness weight override key {key:?} present in both set and unset lists"
        ))),
        None => Ok(()),
    }
}

/// The real server's own limits.
const LONGEST_REASON: usize = 1000;
const MOST_WEIGHTS: usize = 1000;
/// Names of partitions begin with it.
const RESERVED: &str = "/_sys/";
