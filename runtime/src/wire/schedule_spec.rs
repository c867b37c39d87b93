//! When a schedule acts, and what happens when its actions overlap.

use std::time::Duration;

use durably_proto::api::{enums::v1::ScheduleOverlapPolicy, schedule::v1 as proto};

use super::{Fault, WireError, calendar::Calendar, time};
use crate::time::Time;

/// When a schedule acts: at every time of its calendars, intervals and cron expressions, without those of
/// `skip`, from `start` to `end`.
///
/// The setters of [`ScheduleCall`](crate::schedule::ScheduleCall) fill it in;
/// [`update`](crate::schedule::ScheduleHandle::update) changes the fields.
///
/// ```no_run
/// use durably::{prelude::*, schedule::{Calendar, Interval, ScheduleSpec}};
///
/// # async fn example(client: Client) -> Result<()> {
/// let nightly = client.schedule("nightly");
/// nightly
///     .update(|schedule| {
///         let spec: &mut ScheduleSpec = &mut schedule.spec;
///         spec.intervals = vec![Interval::every(hours(6)).offset(mins(10))];
///         spec.skip.push(Calendar::yearly(12, 25, 2, 0));
///         assert!(!spec.is_empty());
///     })
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// Servers compile cron expressions: a described schedule has calendars and intervals instead.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ScheduleSpec {
    /// Times by the calendar.
    pub calendars: Vec<Calendar>,
    /// Times at equal distances.
    pub intervals: Vec<Interval>,
    /// Times as cron writes them.
    pub crons: Vec<String>,
    /// Times that are left out.
    pub skip: Vec<Calendar>,
    /// Times before it are left out.
    pub start: Option<Time>,
    /// Times after it are left out.
    pub end: Option<Time>,
    /// Each time is put off by a random part of it.
    pub jitter: Option<Duration>,
    /// The time zone of calendars and cron expressions, by its name in the IANA database; UTC by default.
    pub time_zone: Option<String>,
    /// A definition of the time zone that another client has set.
    time_zone_data: Vec<u8>,
}

/// Times at equal distances, counted from the start of 1970, UTC.
///
/// ```
/// use durably::{hours, mins, schedule::Interval};
///
/// // At five past every full hour.
/// let hourly = Interval::every(hours(1)).offset(mins(5));
/// assert_eq!((hourly.every, hourly.offset), (hours(1), mins(5)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interval {
    /// The distance, in whole seconds.
    pub every: Duration,
    /// How much later than the multiples of the distance.
    pub offset: Duration,
}

/// What a schedule does at a time at which a workflow that it started before is still running.
///
/// ```no_run
/// use durably::{prelude::*, schedule::Overlap};
/// # #[derive(Default)] struct Report;
/// # #[workflow(task_queue = "reports")] impl Report { #[run] async fn run(&mut self, region: String) {} }
///
/// # async fn example(client: Client) -> Result<()> {
/// let call = Report::schedule(&client, "report-eu", "eu").every(mins(10));
/// call.overlap(Overlap::BufferOne).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overlap {
    /// It starts nothing.
    #[default]
    Skip,
    /// It starts the next one when that ends, once however many times have passed.
    BufferOne,
    /// It starts as many as times have passed, one after the other.
    BufferAll,
    /// It cancels the running one, and starts the next when that has ended.
    CancelOther,
    /// It terminates the running one, and starts the next at once.
    TerminateOther,
    /// It starts the next one at the same time.
    AllowAll,
}

impl ScheduleSpec {
    /// Whether it has no time at all, so that the schedule acts when it is triggered only.
    pub fn is_empty(&self) -> bool {
        self.calendars.is_empty() && self.intervals.is_empty() && self.crons.is_empty()
    }

    /// Adds what is wrong with it, a sentence each.
    pub(crate) fn check(&self, wrong: &mut Vec<String>) {
        for calendar in self.calendars.iter().chain(&self.skip) {
            calendar.check(wrong);
        }
        for interval in &self.intervals {
            interval.check(wrong);
        }
        for cron in &self.crons {
            check_cron(cron, wrong);
        }
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start > end
        {
            wrong.push(format!("it ends ({end}) before it starts ({start})"));
        }
        if self.time_zone.as_deref() == Some("") {
            wrong.push("the name of its time zone is empty; leave it out for UTC".to_owned());
        }
    }

    /// Whether it is the other one with each cron expression compiled to a calendar or an interval, which servers
    /// append to those that were given.
    pub(super) fn is_compiled_from(&self, sent: &Self) -> bool {
        let Self {
            calendars,
            intervals,
            crons,
            skip,
            start,
            end,
            jitter,
            time_zone,
            time_zone_data,
        } = self;
        // A server may keep them as they are.
        let compiled = sent.crons.len().saturating_sub(crons.len());
        (crons.is_empty() || *crons == sent.crons)
            && calendars.starts_with(&sent.calendars)
            && intervals.starts_with(&sent.intervals)
            && calendars.len() + intervals.len()
                == sent.calendars.len() + sent.intervals.len() + compiled
            && *skip == sent.skip
            && (start, end, jitter) == (&sent.start, &sent.end, &sent.jitter)
            // A cron expression may name the time zone.
            && (*time_zone == sent.time_zone || compiled > 0 && sent.time_zone.is_none())
            && *time_zone_data == sent.time_zone_data
    }

    pub(super) fn into_proto(self) -> proto::ScheduleSpec {
        let calendars = |list: Vec<Calendar>| list.iter().map(Calendar::to_proto).collect();
        let intervals = self.intervals.into_iter();
        proto::ScheduleSpec {
            structured_calendar: calendars(self.calendars),
            interval: intervals.map(Interval::into_proto).collect(),
            cron_string: self.crons,
            exclude_structured_calendar: calendars(self.skip),
            start_time: self.start.map(time::timestamp),
            end_time: self.end.map(time::timestamp),
            jitter: self.jitter.map(time::to_duration),
            timezone_name: self.time_zone.unwrap_or_default(),
            timezone_data: self.time_zone_data,
            ..Default::default()
        }
    }

    pub(super) fn from_proto(place: &str, spec: proto::ScheduleSpec) -> Result<Self, WireError> {
        #[expect(deprecated, reason = "a server that does not compile it is named")]
        let as_text = !spec.calendar.is_empty() || !spec.exclude_calendar.is_empty();
        if as_text {
            // An update would lose them.
            let reason = "the server has not compiled calendars that are texts".to_owned();
            let fault = Fault::Undecodable(reason);
            return Err(WireError::new(place, "schedule.spec.calendar", fault));
        }
        let calendars = |list: Vec<proto::StructuredCalendarSpec>| {
            let list = list.into_iter();
            list.map(|calendar| Calendar::from_proto(place, calendar))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            calendars: calendars(spec.structured_calendar)?,
            intervals: spec
                .interval
                .into_iter()
                .map(Interval::from_proto)
                .collect(),
            crons: spec.cron_string,
            skip: calendars(spec.exclude_structured_calendar)?,
            start: spec.start_time.and_then(time::point),
            end: spec.end_time.and_then(time::point),
            jitter: time::limit(spec.jitter),
            time_zone: Some(spec.timezone_name).filter(|name| !name.is_empty()),
            time_zone_data: spec.timezone_data,
        })
    }
}

impl Interval {
    /// Every `distance`, which is at least a second.
    pub fn every(distance: impl crate::time::Span) -> Self {
        Self {
            every: distance.into_duration(),
            offset: Duration::ZERO,
        }
    }

    /// How much later than the multiples of the distance; less than the distance, zero by default.
    #[must_use]
    pub fn offset(mut self, offset: impl crate::time::Span) -> Self {
        self.offset = offset.into_duration();
        self
    }

    fn check(self, wrong: &mut Vec<String>) {
        let Self { every, offset } = self;
        if every < Duration::from_secs(1) {
            wrong.push(format!(
                "its interval of {every:?} is too short; use a second or more"
            ));
        } else if offset >= every {
            wrong.push(format!(
                "the offset {offset:?} is not shorter than its interval of {every:?}"
            ));
        } else if every.subsec_nanos() != 0 || offset.subsec_nanos() != 0 {
            wrong.push(format!(
                "its interval of {every:?} with the offset {offset:?} is not in whole seconds"
            ));
        }
    }

    fn into_proto(self) -> proto::IntervalSpec {
        proto::IntervalSpec {
            interval: Some(time::to_duration(self.every)),
            phase: Some(time::to_duration(self.offset)),
        }
    }

    fn from_proto(interval: proto::IntervalSpec) -> Self {
        let span = |it: Option<_>| it.map(time::span).unwrap_or_default();
        Self {
            every: span(interval.interval),
            offset: span(interval.phase),
        }
    }
}

impl Overlap {
    pub(super) const fn to_proto(self) -> ScheduleOverlapPolicy {
        match self {
            Self::Skip => ScheduleOverlapPolicy::Skip,
            Self::BufferOne => ScheduleOverlapPolicy::BufferOne,
            Self::BufferAll => ScheduleOverlapPolicy::BufferAll,
            Self::CancelOther => ScheduleOverlapPolicy::CancelOther,
            Self::TerminateOther => ScheduleOverlapPolicy::TerminateOther,
            Self::AllowAll => ScheduleOverlapPolicy::AllowAll,
        }
    }

    pub(super) fn from_proto(place: &str, policy: i32) -> Result<Self, WireError> {
        match ScheduleOverlapPolicy::try_from(policy) {
            Ok(ScheduleOverlapPolicy::Unspecified | ScheduleOverlapPolicy::Skip) => Ok(Self::Skip),
            Ok(ScheduleOverlapPolicy::BufferOne) => Ok(Self::BufferOne),
            Ok(ScheduleOverlapPolicy::BufferAll) => Ok(Self::BufferAll),
            Ok(ScheduleOverlapPolicy::CancelOther) => Ok(Self::CancelOther),
            Ok(ScheduleOverlapPolicy::TerminateOther) => Ok(Self::TerminateOther),
            Ok(ScheduleOverlapPolicy::AllowAll) => Ok(Self::AllowAll),
            Err(_) => {
                let field = "schedule.policies.overlap_policy";
                Err(WireError::new(place, field, Fault::OutOfRange))
            }
        }
    }
}

/// Finds the slips that need no calendar to be seen; the server checks the rest.
fn check_cron(cron: &str, wrong: &mut Vec<String>) {
    let expression = cron.split('#').next().unwrap_or_default().trim();
    let expression = match expression.split_once(char::is_whitespace) {
        Some((zone, rest)) if zone.starts_with("CRON_TZ=") || zone.starts_with("TZ=") => rest,
        _ => expression,
    };
    let fields = expression.split_whitespace().count();
    if !expression.trim_start().starts_with('@') && !(5..=7).contains(&fields) {
        wrong.push(format!(
            "the cron expression `{cron}` has {fields} fields; 5 are minute, hour, day of the month, month and \
             day of the week, a year may follow, and seconds stand before if there are 7"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{hours, millis, mins, secs};

    fn wrong(spec: &ScheduleSpec) -> Vec<String> {
        let mut wrong = Vec::new();
        spec.check(&mut wrong);
        wrong
    }

    #[test]
    fn a_spec_survives_the_wire() {
        let start = Time::UNIX_EPOCH + hours(1);
        let spec = ScheduleSpec {
            calendars: vec![Calendar::daily(2, 0), Calendar::hourly(5)],
            intervals: vec![Interval::every(hours(1)).offset(mins(5))],
            crons: vec!["CRON_TZ=Europe/Berlin 0 7 * * * # early".to_owned()],
            skip: vec![Calendar::yearly(1, 1, 2, 0)],
            start: Some(start),
            end: Some(start + hours(9)),
            jitter: Some(secs(30)),
            time_zone: Some("Europe/Berlin".to_owned()),
            time_zone_data: vec![1, 2],
        };
        assert_eq!(wrong(&spec), [""; 0]);
        let read = ScheduleSpec::from_proto("here", spec.clone().into_proto());
        assert_eq!(read, Ok(spec));
    }

    #[test]
    fn each_slip_is_named() {
        let interval = |every, offset| ScheduleSpec {
            intervals: vec![Interval { every, offset }],
            ..Default::default()
        };
        let cron = |cron: &str| ScheduleSpec {
            crons: vec![cron.to_owned()],
            ..Default::default()
        };
        let slips = [
            (interval(millis(500), secs(0)), "is too short"),
            (
                interval(secs(5), secs(5)),
                "is not shorter than its interval",
            ),
            (interval(millis(1_500), secs(0)), "not in whole seconds"),
            (cron("0 2 * *"), "has 4 fields"),
            (cron(""), "has 0 fields"),
            (cron("TZ=UTC 0 2"), "has 2 fields"),
            (
                ScheduleSpec {
                    start: Some(Time::UNIX_EPOCH + secs(1)),
                    end: Some(Time::UNIX_EPOCH),
                    ..Default::default()
                },
                "before it starts",
            ),
            (
                ScheduleSpec {
                    time_zone: Some(String::new()),
                    ..Default::default()
                },
                "time zone is empty",
            ),
        ];
        for (spec, expected) in slips {
            let wrong = wrong(&spec);
            assert!(
                wrong.len() == 1 && wrong[0].contains(expected),
                "{expected}: {wrong:?}"
            );
        }
        for fine in [
            "@daily",
            "@every 5m",
            "*/5 * * * *",
            "0 0 1 1 * * 2030",
            "TZ=UTC @hourly",
        ] {
            assert_eq!(wrong(&cron(fine)), [""; 0], "{fine}");
        }
    }

    #[test]
    fn every_overlap_policy_survives_the_wire() {
        for overlap in [
            Overlap::Skip,
            Overlap::BufferOne,
            Overlap::BufferAll,
            Overlap::CancelOther,
            Overlap::TerminateOther,
            Overlap::AllowAll,
        ] {
            let policy = i32::from(overlap.to_proto());
            assert_eq!(Overlap::from_proto("here", policy), Ok(overlap));
        }
        assert_eq!(Overlap::from_proto("here", 0), Ok(Overlap::Skip));
        assert!(Overlap::from_proto("here", 99).is_err());
    }
}
