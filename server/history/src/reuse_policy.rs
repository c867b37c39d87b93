//! Workflow id policies: decide about a start whose workflow id is or was in use.

use durably_proto::api::enums::v1::{
    WorkflowExecutionStatus as Status, WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
};

use crate::rejection::Invalid;

/// Decision about a start request whose workflow id is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartDecision {
    /// Start a new run.
    Start,
    /// Terminate the running run, then start a new one.
    TerminateThenStart,
    /// Respond with the running run.
    UseExisting,
    /// Respond with `ALREADY_EXISTS`.
    Refuse(IdConflict),
}

/// Why a workflow id cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdConflict {
    /// A run with this id is running.
    Running,
    /// A run with this id has closed, and the policy allows one run per id.
    Closed,
    /// A run with this id has completed, and the policy allows another run only after a failed one.
    Completed,
}

/// Reuse and conflict policy of a request; the deprecated `TERMINATE_IF_RUNNING` is converted into
/// the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies {
    reuse: WorkflowIdReusePolicy,
    conflict: WorkflowIdConflictPolicy,
}

impl Policies {
    /// Checks the policies of a request; `default` is the conflict policy of requests without one.
    ///
    /// # Errors
    /// [`Invalid`] if the two contradict each other.
    pub fn new(
        reuse: WorkflowIdReusePolicy,
        conflict: WorkflowIdConflictPolicy,
        default_conflict: WorkflowIdConflictPolicy,
    ) -> Result<Self, Invalid> {
        use WorkflowIdConflictPolicy as Conflict;
        use WorkflowIdReusePolicy as Reuse;
        #[expect(deprecated, reason = "clients still send it")]
        let (reuse, conflict) = match (reuse, conflict) {
            (Reuse::TerminateIfRunning, Conflict::Unspecified) => {
                (Reuse::AllowDuplicate, Conflict::TerminateExisting)
            }
            (Reuse::TerminateIfRunning, _) => {
                return Err(Invalid(
                    "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be \
                     used together with a WorkflowIDConflictPolicy"
                        .to_owned(),
                ));
            }
            (Reuse::RejectDuplicate, Conflict::TerminateExisting) => {
                return Err(Invalid(
                    "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used \
                     together with WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING"
                        .to_owned(),
                ));
            }
            (Reuse::Unspecified, conflict) => (Reuse::AllowDuplicate, conflict),
            given => given,
        };
        let conflict = match conflict {
            Conflict::Unspecified => default_conflict,
            given => given,
        };
        Ok(Self { reuse, conflict })
    }

    /// The policies of a child's start, which never uses or ends a running execution unless the
    /// deprecated `TERMINATE_IF_RUNNING` says so.
    pub fn of_child(reuse: WorkflowIdReusePolicy) -> Self {
        use WorkflowIdConflictPolicy as Conflict;
        use WorkflowIdReusePolicy as Reuse;
        #[expect(deprecated, reason = "workers still send it")]
        let (reuse, conflict) = match reuse {
            Reuse::TerminateIfRunning => (Reuse::AllowDuplicate, Conflict::TerminateExisting),
            Reuse::Unspecified => (Reuse::AllowDuplicate, Conflict::Fail),
            given => (given, Conflict::Fail),
        };
        Self { reuse, conflict }
    }

    /// Decides by the status of the id's latest run.
    pub fn decide(self, latest: Status) -> StartDecision {
        use WorkflowIdReusePolicy as Reuse;
        if matches!(latest, Status::Running | Status::Paused) {
            return match self.conflict {
                WorkflowIdConflictPolicy::UseExisting => StartDecision::UseExisting,
                WorkflowIdConflictPolicy::TerminateExisting => StartDecision::TerminateThenStart,
                _ => StartDecision::Refuse(IdConflict::Running),
            };
        }
        match (self.reuse, latest) {
            (Reuse::RejectDuplicate, _) => StartDecision::Refuse(IdConflict::Closed),
            (Reuse::AllowDuplicateFailedOnly, Status::Completed) => {
                StartDecision::Refuse(IdConflict::Completed)
            }
            _ => StartDecision::Start,
        }
    }
}

impl IdConflict {
    /// The real server's message.
    pub fn message(self) -> &'static str {
        match self {
            Self::Running => "Workflow execution is already running. WorkflowId: , RunId: ",
            Self::Closed => {
                "Workflow execution already finished. WorkflowId: , RunId: . Workflow Id reuse policy: reject duplicate workflow Id."
            }
            Self::Completed => {
                "Workflow execution already finished successfully. WorkflowId: , RunId: . Workflow Id reuse policy: allow duplicate workflow Id if last run failed."
            }
        }
    }
}
