//! Whether a workflow id that is or was in use may be used again.

use durably_proto::api::enums::v1::{
    WorkflowExecutionStatus as Status, WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
};

use crate::rejection::Invalid;

/// What to do with a start request whose workflow id is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartDecision {
    /// Start a new run.
    Start,
    /// Terminate the run there is, then start a new one.
    TerminateThenStart,
    /// Answer with the run there is.
    UseExisting,
    /// Answer `ALREADY_EXISTS`.
    Refuse(IdConflict),
}

/// Why a start request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdConflict {
    /// A run with this id is at work.
    Running,
    /// A run with this id has closed, and ids are used once.
    Closed,
    /// A run with this id has completed, and only failed ones may be repeated.
    Completed,
}

/// The two policies of a request, checked together; the deprecated `TERMINATE_IF_RUNNING` is folded away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies {
    reuse: WorkflowIdReusePolicy,
    conflict: WorkflowIdConflictPolicy,
}

impl Policies {
    /// Policies of a start request; a signal-with-start uses what exists unless told otherwise.
    ///
    /// # Errors
    /// When the two contradict each other.
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

    /// Decides against the status of the latest run of the id.
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
    /// The platform's message for it.
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
