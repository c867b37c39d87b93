//! Workflow ids that are or were in use.

use durably_history::{Policies, Refused, Verdict};
use durably_proto::api::enums::v1::{
    WorkflowExecutionStatus as Status, WorkflowIdConflictPolicy as Conflict,
    WorkflowIdReusePolicy as Reuse,
};

fn decide(reuse: Reuse, conflict: Conflict, latest: Status) -> Verdict {
    Policies::new(reuse, conflict, Conflict::Fail)
        .expect("policies that agree")
        .decide(latest)
}

#[test]
fn a_running_id_is_a_matter_of_the_conflict_policy() {
    let running = |conflict| decide(Reuse::AllowDuplicate, conflict, Status::Running);
    assert_eq!(
        running(Conflict::Unspecified),
        Verdict::Refuse(Refused::Running)
    );
    assert_eq!(running(Conflict::UseExisting), Verdict::UseExisting);
    assert_eq!(
        running(Conflict::TerminateExisting),
        Verdict::TerminateThenStart
    );
}

#[test]
fn a_closed_id_is_a_matter_of_the_reuse_policy() {
    let closed = |reuse, latest| decide(reuse, Conflict::Unspecified, latest);
    assert_eq!(
        closed(Reuse::Unspecified, Status::Completed),
        Verdict::Start
    );
    assert_eq!(
        closed(Reuse::AllowDuplicateFailedOnly, Status::Failed),
        Verdict::Start
    );
    assert_eq!(
        closed(Reuse::AllowDuplicateFailedOnly, Status::Completed),
        Verdict::Refuse(Refused::Completed)
    );
    assert_eq!(
        closed(Reuse::RejectDuplicate, Status::Failed),
        Verdict::Refuse(Refused::Closed)
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
