//! What clients read of a schedule.

use durably_proto::api::common::v1::{Memo, SearchAttributes};
use durably_proto::api::schedule::v1::{
    Range, Schedule as Definition, ScheduleInfo, ScheduleListInfo, ScheduleSpec,
    StructuredCalendarSpec,
};
use durably_proto::wkt;

use super::Schedule;
use super::spec::{Effort, TooManyExclusions};
use crate::time::Time;

impl Schedule {
    /// The definition with the defaults of its ranges.
    pub fn definition(&self) -> Definition {
        let mut definition = self.definition.clone();
        if let Some(spec) = &mut definition.spec {
            complete_ranges(spec);
        }
        definition
    }

    /// What the schedule has done and will do.
    pub fn info(&self) -> ScheduleInfo {
        ScheduleInfo {
            future_action_times: self.future_times(FUTURE_TIMES, &mut Effort::default()),
            buffer_size: i64::try_from(self.buffer.len()).unwrap_or(i64::MAX),
            ..self.info.clone()
        }
    }

    /// What a list shows of the schedule; without future times when the effort of the list is spent.
    pub fn list_info(&self, effort: &mut Effort) -> ScheduleListInfo {
        let mut spec = self.spec.canonical().clone();
        spec.timezone_data = Vec::new();
        spec.structured_calendar.truncate(LISTED_SPECS);
        spec.exclude_structured_calendar.truncate(LISTED_SPECS);
        spec.interval.truncate(LISTED_SPECS);
        complete_ranges(&mut spec);
        let recent = &self.info.recent_actions;
        let workflow = self.new_workflow();
        ScheduleListInfo {
            spec: Some(spec),
            workflow_type: workflow.and_then(|workflow| workflow.workflow_type.clone()),
            notes: self.state().notes.clone(),
            paused: self.state().paused,
            recent_actions: recent[recent.len().saturating_sub(LISTED_ACTIONS)..].to_vec(),
            future_action_times: self.future_times(LISTED_ACTIONS, effort),
            ..ScheduleListInfo::default()
        }
    }

    /// The schedule's own memo.
    pub fn memo(&self) -> Option<&Memo> {
        self.memo.as_ref()
    }

    /// The schedule's own search attributes.
    pub fn search_attributes(&self) -> Option<&SearchAttributes> {
        self.search_attributes.as_ref()
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.state().paused
    }

    /// When it was created.
    pub fn created_at(&self) -> Time {
        self.info.create_time.map(Time::from).unwrap_or_default()
    }

    /// The times of the specification after the first and up to the second one, a thousand at most.
    ///
    /// # Errors
    /// [`TooManyExclusions`].
    pub fn matching_times(&self, after: Time, until: Time) -> Result<Vec<Time>, TooManyExclusions> {
        let (seed, mut effort) = (self.seed(), Effort::default());
        let mut times = Vec::new();
        let mut at = after;
        while times.len() < MATCHING_TIMES
            && let Some(next) = self.spec.next_within(at, &seed, &mut effort)?
            && next.actual <= until
        {
            at = next.actual;
            times.push(at);
        }
        Ok(times)
    }

    fn future_times(&self, most: usize, effort: &mut Effort) -> Vec<wkt::Timestamp> {
        let state = self.state();
        let most = match state.limited_actions {
            true => usize::try_from(state.remaining_actions)
                .unwrap_or(0)
                .min(most),
            false => most,
        };
        let updated = self.info.update_time.map(Time::from).unwrap_or_default();
        let mut times = Vec::new();
        let mut at = self.processed;
        let seed = self.seed();
        while times.len() < most
            && let Ok(Some(next)) = self.spec.next_within(at, &seed, effort)
        {
            at = next.actual;
            // What was due before the update is discarded.
            if at >= updated {
                times.push(at.into());
            }
        }
        times
    }
}

fn complete_ranges(spec: &mut ScheduleSpec) {
    let calendars = spec.structured_calendar.iter_mut();
    for calendar in calendars.chain(&mut spec.exclude_structured_calendar) {
        let StructuredCalendarSpec {
            second,
            minute,
            hour,
            day_of_month,
            month,
            year,
            day_of_week,
            comment: _,
        } = calendar;
        for ranges in [second, minute, hour, day_of_month, month, year, day_of_week] {
            for Range { start, end, step } in ranges {
                *end = (*end).max(*start);
                *step = if *step == 0 { 1 } else { *step };
            }
        }
    }
}

// The real server's values.
const FUTURE_TIMES: usize = 10;
const LISTED_ACTIONS: usize = 5;
const LISTED_SPECS: usize = 10;
const MATCHING_TIMES: usize = 1000;
