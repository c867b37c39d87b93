//! Workflow ids that are or were in use.

use durably_history::{IdConflict, Policies, StartDecision};
use durably_proto::api::enums::v1::{
    WorkflowExecutionStatus as Status, WorkflowIdConflictPolicy as Conflict,
    WorkflowIdReusePolicy as Reuse,
};

fn decide(reuse: Reuse, conflict: Conflict, latest: Status) -> StartDecision {
    Policies::new(reuse, conflict, Conflict::Fail)
        .expect("policies that agree")
        .decide(latest)
}

#[test]
fn the_conflict_policy_decides_about_a_running_id() {
    let running = |conflict| decide(Reuse::AllowDuplicate, conflict, Status::Running);
    assert_eq!(
        running(Conflict::Unspecified),
        StartDecision::Refuse(IdConflict::Running)
    );
    assert_eq!(running(Conflict::UseExisting), StartDecision::UseExisting);
    assert_eq!(
        running(Conflict::TerminateExisting),
        StartDecision::TerminateThenStart
    );
}

#[test]
fn the_reuse_policy_decides_about_a_closed_id() {
    let closed = |reuse, latest| decide(reuse, Conflict::Unspecified, latest);
    assert_eq!(
        closed(Reuse::Unspecified, Status::Completed),
        StartDecision::Start
    );
    assert_eq!(
        closed(Reuse::AllowDuplicateFailedOnly, Status::Failed),
        StartDecision::Start
    );
    assert_eq!(
        closed(Reuse::AllowDuplicateFailedOnly, Status::Completed),
        StartDecision::Refuse(IdConflict::Completed)
    );
    assert_eq!(
        closed(Reuse::RejectDuplicate, Status::Failed),
        StartDecision::Refuse(IdConflict::Closed)
    );
}

#[test]
fn policies_that_contradict_each_other_are_refused() {
    let refused = Policies::new(
        Reuse::RejectDuplicate,
        Conflict::TerminateExisting,
        Conflict::Fail,
    );
    assert!(refused.is_err());
}
