//! Schedules: when they start workflows, and what happens when a start meets a run at work.
//!
//! A [`Schedule`] is the state of one schedule. [`Schedule::create`] makes it; a request, a time that has
//! come, the result of an action and the end of a run change it. After each change the caller stores
//! [`Schedule::encode`], delivers [`Schedule::next_action`], and calls [`Schedule::wake`] when
//! [`Schedule::next_wakeup`] has come.
//!
//! ```text
//!   spec --times--> buffer --overlap policy--> pending actions --started--> running --closed--> ...
//! ```

mod action;
mod actions;
mod buffer;
mod calendar;
mod cron_string;
mod description;
mod jitter;
mod range;
mod requests;
mod spec;
mod stored;
mod times;

use std::collections::VecDeque;

use durably_proto::api::common::v1::{Memo, Payloads, SearchAttributes};
use durably_proto::api::enums::v1::ScheduleOverlapPolicy as Overlap;
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::schedule::v1::{
    BackfillRequest, Schedule as Definition, ScheduleInfo, SchedulePolicies, ScheduleState,
};

use self::action::PendingAction;
pub use self::action::{Action, ActionId, ActionResult, Closed, EndRun};
use self::buffer::BufferedStart;
pub use self::requests::{CreateSchedule, UpdateConflict, UpdateSchedule};
pub use self::spec::{Effort, Spec, SpecTime, TooManyExclusions};
use crate::random::Random;
use crate::time::Time;

/// The state of one schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    name: ScheduleName,
    /// The request that created it; its repetition finds the schedule.
    create_request_id: String,
    /// What the client has set, with the defaults filled in.
    definition: Definition,
    spec: Spec,
    /// Without what [`Schedule::info`] computes.
    info: ScheduleInfo,
    memo: Option<Memo>,
    search_attributes: Option<SearchAttributes>,
    /// Changes with the definition, so that two updates of the same one are noticed.
    conflict_token: i64,
    /// The last time whose actions are in the buffer or beyond.
    processed: Time,
    /// Starts that are due or wait for a run to end.
    buffer: Vec<BufferedStart>,
    backfills: VecDeque<BackfillRequest>,
    last_completion_result: Option<Payloads>,
    /// The last failure, until a run completes.
    last_failure: Option<Failure>,
    /// Delivered one after the other. Nothing is decided while a start among them has no result.
    pending: VecDeque<PendingAction>,
    next_action: u64,
    /// Whether the buffer has changed since the last decision.
    is_undecided: bool,
    next_wakeup: Option<Time>,
    /// Set when the schedule has had nothing to do for so long that it ends.
    is_over: bool,
    /// Ids of the last updates and patches, whose repetitions have no effect.
    request_ids: VecDeque<String>,
    random: Random,
}

/// Names a schedule, for the identity and the seeds of what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleName {
    /// Name of its namespace.
    pub namespace: String,
    /// Id of its namespace.
    pub namespace_id: String,
    /// Its own id.
    pub id: String,
}

impl Schedule {
    /// Brings the schedule up to date: what is due is buffered and decided.
    pub fn wake(&mut self, now: Time) {
        self.advance(now);
    }

    /// When the schedule must be woken; never if something else has to happen before.
    pub fn next_wakeup(&self) -> Option<Time> {
        self.next_wakeup
    }

    /// Whether the schedule has ended, because it had nothing to do for a week.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Its name.
    pub fn name(&self) -> &ScheduleName {
        &self.name
    }

    fn policy(&self) -> Overlap {
        match self.policies().overlap_policy() {
            Overlap::Unspecified => Overlap::Skip,
            policy => policy,
        }
    }

    fn policies(&self) -> &SchedulePolicies {
        let policies = self.definition.policies.as_ref();
        policies.expect("it is set with the definition")
    }

    fn state(&self) -> &ScheduleState {
        let state = self.definition.state.as_ref();
        state.expect("it is set with the definition")
    }

    fn state_mut(&mut self) -> &mut ScheduleState {
        let state = self.definition.state.as_mut();
        state.expect("it is set with the definition")
    }

    /// Whether an action of the schedule's own times may be taken.
    fn may_act(&self) -> bool {
        let state = self.state();
        !state.paused && (!state.limited_actions || state.remaining_actions > 0)
    }

    fn assert_invariants(&self) {
        assert!(self.buffer.len() <= MOST_BUFFERED, "the buffer is bounded");
        assert!(
            self.backfills.len() <= MOST_BUFFERED,
            "backfills are bounded"
        );
        assert!(
            self.definition.state.is_some(),
            "the definition is complete"
        );
        assert!(
            self.definition.policies.is_some(),
            "the definition is complete"
        );
    }
}

/// Starts in the buffer, and backfills; more are dropped and counted. The real server's value.
const MOST_BUFFERED: usize = 1000;
