//! Requests of clients: create, update and patch.

use durably_proto::api::common::v1::{Memo, SearchAttributes};
use durably_proto::api::enums::v1::ScheduleOverlapPolicy as Overlap;
use durably_proto::api::schedule::v1::{
    BackfillRequest, Schedule as Definition, ScheduleInfo, SchedulePatch, SchedulePolicies,
};
use durably_proto::wkt;

use super::spec::Spec;
use super::{MOST_BUFFERED, Schedule, ScheduleName};
use crate::random::Random;
use crate::rejection::Invalid;
use crate::time::{Time, check_duration};

/// What creates a schedule.
#[derive(Clone, Debug)]
pub struct CreateSchedule {
    /// The schedule's name.
    pub name: ScheduleName,
    /// What the client has set.
    pub definition: Definition,
    /// What the schedule does at once.
    pub patch: Option<SchedulePatch>,
    /// The schedule's own memo.
    pub memo: Option<Memo>,
    /// The schedule's own search attributes.
    pub search_attributes: Option<SearchAttributes>,
    /// The request; its repetition finds the schedule.
    pub request_id: String,
    /// Seed of the schedule's random numbers.
    pub seed: u64,
}

/// What changes a schedule.
#[derive(Clone, Debug)]
pub struct UpdateSchedule {
    /// What replaces the definition.
    pub definition: Definition,
    /// What replaces the schedule's own search attributes, if any.
    pub search_attributes: Option<SearchAttributes>,
    /// The token of the definition that the client has read; any if there is none.
    pub conflict_token: Option<i64>,
    /// Makes a repetition idempotent.
    pub request_id: String,
}

/// The definition has changed since the client read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateConflict;

impl Schedule {
    /// Creates a schedule.
    ///
    /// # Errors
    /// [`Invalid`] says what is wrong with its specification, in the real server's words.
    pub fn create(create: CreateSchedule, now: Time) -> Result<Self, Invalid> {
        let (definition, spec) = complete(create.definition)?;
        let mut random = Random::new(create.seed);
        let mut schedule = Self {
            name: create.name,
            create_request_id: create.request_id,
            definition,
            spec,
            info: ScheduleInfo {
                create_time: Some(now.into()),
                ..ScheduleInfo::default()
            },
            memo: create.memo,
            search_attributes: create.search_attributes,
            conflict_token: FIRST_TOKEN,
            processed: now,
            buffer: Vec::new(),
            backfills: Default::default(),
            last_completion_result: None,
            last_failure: None,
            pending: Default::default(),
            // Another schedule of this id may have actions on their way.
            next_action: random.next_u64() >> 1,
            is_undecided: false,
            next_wakeup: None,
            is_over: false,
            request_ids: Default::default(),
            random,
        };
        if let Some(patch) = create.patch {
            schedule.apply_patch(patch, now);
        }
        schedule.advance(now);
        Ok(schedule)
    }

    /// Whether this request has created the schedule.
    pub fn is_created_by(&self, request_id: &str) -> bool {
        self.create_request_id == request_id
    }

    /// The token of the present definition.
    pub fn conflict_token(&self) -> i64 {
        self.conflict_token
    }

    /// Whether the update or patch of this request was applied.
    pub fn has_applied(&self, request_id: &str) -> bool {
        !request_id.is_empty() && self.request_ids.iter().any(|id| id == request_id)
    }

    /// Replaces the definition.
    ///
    /// # Errors
    /// [`UpdateConflict`]; the schedule has not changed.
    pub fn update(
        &mut self,
        update: UpdateSchedule,
        now: Time,
    ) -> Result<Result<(), UpdateConflict>, Invalid> {
        let (definition, spec) = complete(update.definition)?;
        let is_current = update
            .conflict_token
            .is_none_or(|token| token == self.conflict_token);
        if !is_current {
            return Ok(Err(UpdateConflict));
        }
        // What was due before the update follows the old definition.
        self.advance(now);
        self.definition = definition;
        self.spec = spec;
        if update.search_attributes.is_some() {
            self.search_attributes = update.search_attributes;
        }
        self.info.update_time = Some(now.into());
        self.conflict_token += 1;
        self.remember(update.request_id);
        self.advance(now);
        Ok(Ok(()))
    }

    /// Pauses, unpauses, triggers or backfills.
    pub fn patch(&mut self, patch: SchedulePatch, request_id: String, now: Time) {
        self.advance(now);
        self.apply_patch(patch, now);
        self.remember(request_id);
        self.advance(now);
    }

    fn apply_patch(&mut self, patch: SchedulePatch, now: Time) {
        if let Some(trigger) = patch.trigger_immediately {
            let at = trigger.scheduled_time.map_or(now, Time::from);
            self.buffer_start(at, at, trigger.overlap_policy(), true);
        }
        for backfill in patch.backfill_request {
            if self.backfills.len() >= MOST_BUFFERED {
                self.info.buffer_dropped += 1;
                continue;
            }
            // The start is part of the range.
            let start = backfill.start_time.map(Time::from).unwrap_or_default();
            let before = start.as_unix_nanos().saturating_sub(1_000_000);
            self.backfills.push_back(BackfillRequest {
                start_time: Some(Time::from_unix_nanos(before).into()),
                ..backfill
            });
        }
        if !patch.pause.is_empty() {
            self.set_paused(true, patch.pause);
        }
        if !patch.unpause.is_empty() {
            self.set_paused(false, patch.unpause);
        }
    }

    pub(super) fn set_paused(&mut self, paused: bool, notes: String) {
        let state = self.state_mut();
        state.paused = paused;
        state.notes = notes;
        self.conflict_token += 1;
    }

    fn remember(&mut self, request_id: String) {
        if request_id.is_empty() {
            return;
        }
        if self.request_ids.len() >= MOST_REQUEST_IDS {
            self.request_ids.pop_front();
        }
        self.request_ids.push_back(request_id);
    }
}

/// Checks a definition and fills its defaults in.
pub(super) fn complete(mut definition: Definition) -> Result<(Definition, Spec), Invalid> {
    let spec = Spec::new(definition.spec.take().unwrap_or_default())?;
    definition.spec = Some(spec.canonical().clone());
    definition.action.get_or_insert_default();
    definition.state.get_or_insert_default();
    let policies = definition.policies.get_or_insert_default();
    if policies.overlap_policy() == Overlap::Unspecified {
        policies.set_overlap_policy(Overlap::Skip);
    }
    complete_catchup_window(policies);
    Ok((definition, spec))
}

fn complete_catchup_window(policies: &mut SchedulePolicies) {
    let window = &mut policies.catchup_window;
    let seconds = match window {
        None => DEFAULT_CATCHUP_SECONDS,
        Some(given) if given.seconds < LEAST_CATCHUP_SECONDS => LEAST_CATCHUP_SECONDS,
        Some(given) if check_duration(Some(given)).is_err() => LEAST_CATCHUP_SECONDS,
        Some(_) => return,
    };
    *window = Some(wkt::Duration { seconds, nanos: 0 });
}

/// The token of a new schedule.
const FIRST_TOKEN: i64 = 1;
/// Repetitions come soon after their request.
const MOST_REQUEST_IDS: usize = 100;
const DEFAULT_CATCHUP_SECONDS: i64 = 365 * 24 * 3600;
const LEAST_CATCHUP_SECONDS: i64 = 10;
