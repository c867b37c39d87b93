//! Changes of the options of a run.

use durably_engine::Priority;
use durably_proto::{
    api::{workflow::v1::WorkflowExecutionOptions, workflowservice::v1 as pb},
    wkt,
};

use super::{
    WireError, command,
    deployment::VersioningOverride,
    request::{Execution, Request, Sender},
    time_skipping::TimeSkipping,
};

/// New values of options; none for what stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct WorkflowOptions {
    pub(crate) priority: Option<Priority>,
    pub(crate) versioning: Option<OverrideChange>,
    pub(crate) time_skipping: Option<TimeSkipping>,
}

/// What becomes of an override.
#[derive(Clone, Debug)]
pub(crate) enum OverrideChange {
    Set(VersioningOverride),
    Clear,
}

/// Changes options of a run.
#[derive(Clone, Debug)]
pub(crate) struct UpdateWorkflowOptions {
    pub(crate) execution: Execution,
    pub(crate) options: WorkflowOptions,
}

impl Request for UpdateWorkflowOptions {
    type Message = pb::UpdateWorkflowExecutionOptionsRequest;
    type Reply = pb::UpdateWorkflowExecutionOptionsResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let (options, mask) = self.options.into_proto();
        pb::UpdateWorkflowExecutionOptionsRequest {
            namespace: sender.namespace(),
            workflow_execution: Some(self.execution.into_proto()),
            workflow_execution_options: Some(options),
            update_mask: Some(mask),
            identity: sender.identity(),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl WorkflowOptions {
    pub(super) fn into_proto(self) -> (WorkflowExecutionOptions, wkt::FieldMask) {
        let given = [
            (self.versioning.is_some(), "versioning_override"),
            (self.priority.is_some(), "priority"),
            (self.time_skipping.is_some(), "time_skipping_config"),
        ];
        let given = given.into_iter().filter(|(is_given, _)| *is_given);
        let versioning_override = match self.versioning {
            Some(OverrideChange::Set(given)) => Some(given.into_proto()),
            Some(OverrideChange::Clear) | None => None,
        };
        let options = WorkflowExecutionOptions {
            versioning_override,
            priority: self.priority.and_then(command::priority),
            time_skipping_config: self.time_skipping.map(TimeSkipping::into_proto),
        };
        let paths = given.map(|(_, path)| path.to_owned()).collect();
        (options, wkt::FieldMask { paths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleared_override_is_in_the_mask_and_not_in_the_options() {
        let options = WorkflowOptions {
            versioning: Some(OverrideChange::Clear),
            ..WorkflowOptions::default()
        };
        let (options, mask) = options.into_proto();
        assert_eq!(options, WorkflowExecutionOptions::default());
        assert_eq!(mask.paths, ["versioning_override"]);
    }
}
