//! The times of a schedule: calendars, intervals and cron strings, without the excluded ones, in a zone
//! and a range, with jitter.

use durably_proto::api::schedule::v1::{IntervalSpec, ScheduleSpec, StructuredCalendarSpec};
use durably_proto::wkt;
use jiff::tz::TimeZone;

use super::calendar::{self, Calendar, LAST_YEAR};
use super::cron_string::{self, CronTimes};
use super::jitter;
use crate::local_time::{Moment, time_zone};
use crate::rejection::Invalid;
use crate::time::Time;

/// A checked specification of times.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Calendars in ranges and intervals only, as the server stores it.
    canonical: ScheduleSpec,
    calendars: Vec<Calendar>,
    excluded: Vec<Calendar>,
    intervals: Vec<Interval>,
}

#[derive(Clone, Copy, Debug)]
struct Interval {
    seconds: i64,
    phase: i64,
}

/// A time of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecTime {
    /// The time that the specification says, in whole seconds.
    pub nominal: Time,
    /// The nominal time and its jitter.
    pub actual: Time,
}

/// The specification excludes so many times in a row that the search for the next one gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyExclusions;

/// The work of searches for times so far. Searches for display share it, so that an answer with many
/// schedules takes no longer than that of one.
#[derive(Debug, Default)]
pub struct Effort {
    /// How many times they have met that are excluded.
    excluded: usize,
}

impl Spec {
    /// Checks a specification.
    ///
    /// # Errors
    /// [`Invalid`] says what is wrong, in the real server's words.
    pub fn new(spec: ScheduleSpec) -> Result<Self, Invalid> {
        let canonical = canonical(spec).map_err(invalid)?;
        let zone = zone_of(&canonical).map_err(invalid)?;
        let prepared = |calendars: &[StructuredCalendarSpec]| -> Vec<Calendar> {
            let calendars = calendars.iter();
            calendars.map(|spec| Calendar::new(spec, &zone)).collect()
        };
        Ok(Self {
            calendars: prepared(&canonical.structured_calendar),
            excluded: prepared(&canonical.exclude_structured_calendar),
            intervals: canonical.interval.iter().map(Interval::new).collect(),
            canonical,
        })
    }

    /// The specification in calendars of ranges and intervals.
    pub fn canonical(&self) -> &ScheduleSpec {
        &self.canonical
    }

    /// The first time after `after`, its jitter decided by the seed; none if there is no further time.
    ///
    /// # Errors
    /// [`TooManyExclusions`].
    pub fn next_after(
        &self,
        after: Time,
        seed: &str,
    ) -> Result<Option<SpecTime>, TooManyExclusions> {
        self.next_within(after, seed, &mut Effort::default())
    }

    /// As [`Self::next_after`], for the searches of one step, which share an effort.
    pub(super) fn next_within(
        &self,
        after: Time,
        seed: &str,
        effort: &mut Effort,
    ) -> Result<Option<SpecTime>, TooManyExclusions> {
        let start = self
            .canonical
            .start_time
            .map(Time::from)
            .unwrap_or_default();
        let start = Time::from_unix_nanos(start.as_unix_nanos().saturating_sub(NANOS));
        let mut at = after.max(start).as_unix_nanos().div_euclid(NANOS);
        let mut upcoming = self.upcoming(at);
        while effort.excluded < MOST_EXCLUSIONS {
            let nominal = self.raw_next(&mut upcoming, at);
            let Some(nominal) = nominal.filter(|time| !self.is_past_end(*time)) else {
                return Ok(None);
            };
            if !self.is_excluded(nominal) {
                let following = self.raw_next(&mut upcoming, nominal);
                return Ok(Some(self.with_jitter(nominal, following, seed)));
            }
            effort.excluded += 1;
            at = nominal;
        }
        Err(TooManyExclusions)
    }

    /// The next time of each calendar. A search keeps them, because one that seldom matches is slow.
    fn upcoming(&self, after: i64) -> Vec<(&Calendar, i64)> {
        let calendars = self.calendars.iter();
        let upcoming =
            calendars.filter_map(|calendar| Some((calendar, calendar.next_after(after)?)));
        upcoming.collect()
    }

    /// The next time without exclusions and jitter, in seconds since the epoch.
    fn raw_next(&self, upcoming: &mut Vec<(&Calendar, i64)>, after: i64) -> Option<i64> {
        upcoming.retain_mut(|(calendar, next)| {
            if *next <= after {
                match calendar.next_after(after) {
                    Some(later) => *next = later,
                    None => return false,
                }
            }
            true
        });
        let by_calendar = upcoming.iter().map(|(_, next)| *next);
        let intervals = self.intervals.iter();
        let by_interval = intervals.filter_map(|interval| interval.next_after(after));
        by_calendar.chain(by_interval).min()
    }

    fn is_past_end(&self, nominal: i64) -> bool {
        let is_after = |end: wkt::Timestamp| {
            let end = Time::from(end).as_unix_nanos();
            nominal > end.div_euclid(NANOS)
        };
        self.canonical.end_time.is_some_and(is_after)
            || Moment::new(nominal, &TimeZone::UTC).year > LAST_YEAR
    }

    fn is_excluded(&self, nominal: i64) -> bool {
        self.excluded
            .iter()
            .any(|calendar| calendar.matches(nominal))
    }

    fn with_jitter(&self, nominal: i64, following: Option<i64>, seed: &str) -> SpecTime {
        let jitter = self.canonical.jitter.as_ref().map_or(0, nanos_of).max(0) / 1_000_000;
        let most = match following {
            None => jitter,
            // Jitter does not pass the next time.
            Some(following) => jitter.min((following - nominal).saturating_mul(1000)),
        };
        let millis = jitter::millis(nominal, seed, u64::try_from(most).unwrap_or(0));
        let nominal = Time::from_unix_nanos(nominal.saturating_mul(NANOS));
        SpecTime {
            nominal,
            actual: nominal + std::time::Duration::from_millis(millis),
        }
    }
}

impl Interval {
    /// Prepares a checked interval.
    fn new(spec: &IntervalSpec) -> Self {
        let seconds = |length: Option<&wkt::Duration>| length.map_or(0, nanos_of) / NANOS;
        Self {
            seconds: seconds(spec.interval.as_ref()).max(1),
            phase: seconds(spec.phase.as_ref()).max(0),
        }
    }

    fn next_after(self, after: i64) -> Option<i64> {
        let elapsed = (after - self.phase) / self.seconds;
        (elapsed + 1)
            .checked_mul(self.seconds)?
            .checked_add(self.phase)
    }
}

fn canonical(mut spec: ScheduleSpec) -> Result<ScheduleSpec, String> {
    for interval in &spec.interval {
        check_length(interval.interval.as_ref(), "interval")?;
        check_length(interval.phase.as_ref(), "phase")?;
    }
    for calendar in std::mem::take(&mut spec.calendar) {
        spec.structured_calendar.push(calendar::parse(&calendar)?);
    }
    #[expect(deprecated, reason = "clients of earlier versions send it")]
    for calendar in std::mem::take(&mut spec.exclude_calendar) {
        let calendar = calendar::parse(&calendar)?;
        spec.exclude_structured_calendar.push(calendar);
    }
    let mut cron_zone: Option<String> = None;
    for text in std::mem::take(&mut spec.cron_string) {
        let cron = cron_string::parse(&text)?;
        if cron_zone.as_ref().is_some_and(|zone| *zone != cron.zone) {
            return Err(CONFLICTING_ZONES.to_owned());
        }
        cron_zone = Some(cron.zone);
        match cron.times {
            CronTimes::Calendar(calendar) => spec.structured_calendar.push(calendar),
            CronTimes::Interval(interval) => spec.interval.push(interval),
        }
    }
    if let Some(zone) = cron_zone.filter(|zone| !zone.is_empty()) {
        let is_other = !spec.timezone_name.is_empty() && spec.timezone_name != zone;
        if is_other || !spec.timezone_data.is_empty() {
            return Err(CONFLICTING_ZONES.to_owned());
        }
        spec.timezone_name = zone;
    }
    for calendar in &spec.structured_calendar {
        calendar::check(calendar)?;
    }
    // The real server does not check the ranges of what is excluded.
    for interval in &spec.interval {
        check_interval(interval)?;
    }
    Ok(spec)
}

/// Whether the message is a duration at all.
fn check_length(length: Option<&wkt::Duration>, field: &str) -> Result<(), String> {
    let Some(wkt::Duration { seconds, nanos }) = length else {
        return Ok(());
    };
    let problem = match () {
        () if seconds.unsigned_abs() > LONGEST_SECONDS => {
            format!(
                "exceeds {}10000 years",
                if *seconds > 0 { '+' } else { '-' }
            )
        }
        () if nanos.unsigned_abs() >= 1_000_000_000 => "has out-of-range nanos".to_owned(),
        () if i64::from(nanos.signum()) * seconds.signum() < 0 => {
            "has seconds and nanos with different signs".to_owned()
        }
        () => return Ok(()),
    };
    let nanos = match nanos {
        0 => String::new(),
        nanos => format!(" nanos:{nanos}"),
    };
    Err(format!(
        "{field} is not a valid duration: proto: duration (seconds:{seconds}{nanos}) {problem}"
    ))
}

fn check_interval(interval: &IntervalSpec) -> Result<(), String> {
    let length = interval.interval.as_ref().map_or(0, nanos_of);
    let phase = interval.phase.as_ref().map_or(0, nanos_of);
    match () {
        () if length < NANOS => Err("interval is too small".to_owned()),
        () if phase < 0 => Err("phase is negative".to_owned()),
        () if phase >= length => Err("phase cannot be greater than Interval".to_owned()),
        () => Ok(()),
    }
}

fn zone_of(spec: &ScheduleSpec) -> Result<TimeZone, String> {
    let name = &spec.timezone_name;
    match spec.timezone_data.is_empty() {
        true if name.contains("..") || name.starts_with(['/', '\\']) => {
            Err("time: invalid location name".to_owned())
        }
        true => time_zone(name).ok_or_else(|| format!("unknown time zone {name}")),
        false => TimeZone::tzif(name, &spec.timezone_data)
            .map_err(|_| "malformed time zone information".to_owned()),
    }
}

/// Nanoseconds of a duration; one of more than three centuries is cut to that.
fn nanos_of(length: &wkt::Duration) -> i64 {
    length
        .seconds
        .saturating_mul(NANOS)
        .saturating_add(i64::from(length.nanos))
}

fn invalid(problem: String) -> Invalid {
    Invalid(format!("Invalid schedule spec: {problem}"))
}

const NANOS: i64 = 1_000_000_000;
const CONFLICTING_ZONES: &str = "conflicting timezone names";
/// Ten thousand years: the longest duration in protobuf.
const LONGEST_SECONDS: u64 = 315_576_000_000;
/// Excluded times after which a search gives up: two weeks of each second. The real server's value of
/// `scheduler.specMaxIterations`.
const MOST_EXCLUSIONS: usize = 2 * 7 * 24 * 3600;
