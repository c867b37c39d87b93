//! Ranges of calendar fields: `*`, `5`, `mon-fri`, `0-30/10`, and lists of them.

use durably_proto::api::schedule::v1::Range;

/// A field of a calendar: its name in errors, its values, and the names that they have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) least: i64,
    pub(super) greatest: i64,
    names: Names,
}

/// How a field is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    None,
    /// `*` is an empty list of ranges.
    Years,
    Months,
    /// 7 is Sunday, too.
    Weekdays,
}

pub(super) const SECOND: Field = Field::numbers("Second", 0, 59);
pub(super) const MINUTE: Field = Field::numbers("Minute", 0, 59);
pub(super) const HOUR: Field = Field::numbers("Hour", 0, 23);
pub(super) const DAY_OF_MONTH: Field = Field::numbers("DayOfMonth", 1, 31);
pub(super) const MONTH: Field = Field {
    name: "Month",
    least: 1,
    greatest: 12,
    names: Names::Months,
};
pub(super) const YEAR: Field = Field {
    name: "Year",
    least: 2000,
    greatest: 2100,
    names: Names::Years,
};
pub(super) const DAY_OF_WEEK: Field = Field {
    name: "DayOfWeek",
    least: 0,
    greatest: 6,
    names: Names::Weekdays,
};

impl Field {
    const fn numbers(name: &'static str, least: i64, greatest: i64) -> Self {
        Self {
            name,
            least,
            greatest,
            names: Names::None,
        }
    }

    /// The greatest value as text.
    fn greatest_written(&self) -> i64 {
        match self.names {
            Names::Weekdays => 7,
            Names::None | Names::Years | Names::Months => self.greatest,
        }
    }

    /// Parses a list of ranges; an empty text stands for `default`.
    ///
    /// # Errors
    /// What is wrong, in the real server's words.
    pub(super) fn parse(&self, text: &str, default: &str) -> Result<Vec<Range>, String> {
        let text = match text.trim() {
            "" => default,
            text => text,
        };
        if text == "*" && self.names == Names::Years {
            return Ok(Vec::new());
        }
        let mut ranges = Vec::new();
        for part in text.split(',') {
            self.parse_part(part, &mut ranges)?;
        }
        Ok(ranges)
    }

    fn parse_part(&self, part: &str, ranges: &mut Vec<Range>) -> Result<(), String> {
        let (name, least, greatest) = (self.name, self.least, self.greatest_written());
        let (values, step) = match part.split_once('/') {
            None => (part, None),
            Some((_, step)) if step.contains('/') => {
                return Err(format!("{name} has too many slashes"));
            }
            Some((_, "")) => return Err(format!("{name} missing step value")),
            Some((values, step)) => match number(step)? {
                step if step < 1 => return Err(format!("{name} has invalid Step")),
                step => (values, Some(step)),
            },
        };
        let (start, mut end) = if values == "*" {
            (least, greatest)
        } else if let Some((first, last)) = values.split_once('-') {
            if last.contains('-') {
                return Err(format!("{name} has too many dashes"));
            }
            let first = self
                .value(first, least)
                .ok_or_else(|| format!("{name} Start is not in range [{least}-{greatest}]"))?;
            let last = self.value(last, first).ok_or_else(|| {
                format!("{name} End is before Start or not in range [{least}-{greatest}]")
            })?;
            (first, last)
        } else {
            let only = self
                .value(values, least)
                .ok_or_else(|| format!("{name} is not in range [{least}-{greatest}]"))?;
            // `5/10` means from 5 on.
            (only, step.map_or(only, |_| greatest))
        };
        let step = step.unwrap_or(1);
        if self.names == Names::Weekdays && end == 7 {
            let has_seven = (7 - start) % step == 0;
            // A range that begins on Sunday or Monday without a step ends with Saturday instead.
            if has_seven && (step > 1 || start > 1) {
                ranges.push(range(0, 0, 1));
                if start == 7 {
                    return Ok(());
                }
            }
            end = 6;
        }
        ranges.push(range(start, end, step));
        Ok(())
    }

    /// A number or a name that is not less than `least`.
    fn value(&self, text: &str, least: i64) -> Option<i64> {
        let named = |names: &[&str], shortest: usize, first: i64| {
            let lower = text.to_lowercase();
            let place = names.iter().position(|name| name.starts_with(&lower))?;
            (text.len() >= shortest).then(|| first + i64::try_from(place).unwrap_or(0))
        };
        let named = match self.names {
            Names::None | Names::Years => None,
            Names::Months => named(&MONTHS, 3, 1),
            Names::Weekdays => named(&WEEKDAYS, 2, 0),
        };
        let value = named.or_else(|| text.parse().ok())?;
        (least..=self.greatest_written())
            .contains(&value)
            .then_some(value)
    }

    /// Checks ranges of a request.
    pub(super) fn check(&self, ranges: &[Range], problems: &mut Vec<String>) {
        let (name, least, greatest) = (self.name, self.least, self.greatest);
        for range in ranges {
            let (start, end) = (i64::from(range.start), i64::from(range.end));
            if start < least || start > greatest {
                problems.push(format!("{name} Start is not in range [{least}-{greatest}]"));
            }
            if end != 0 && (end < start || end > greatest) {
                problems.push(format!(
                    "{name} End is before Start or not in range [{least}-{greatest}]"
                ));
            }
            if range.step < 0 {
                problems.push(format!("{name} has invalid Step"));
            }
        }
    }

    /// The values in ranges as bits, the least value of the field first. Values beyond the field's own,
    /// which only ranges that are not checked have, never match.
    pub(super) fn bits(&self, ranges: &[Range]) -> u128 {
        let mut bits = 0;
        for range in ranges {
            let step = i64::from(range.step).max(1);
            let start = i64::from(range.start);
            let end = i64::from(range.end.max(range.start));
            for value in start.max(self.least)..=end.min(self.greatest) {
                if (value - start) % step == 0 {
                    bits |= 1 << (value - self.least);
                }
            }
        }
        bits
    }
}

/// A range without the fields that have their defaults.
fn range(start: i64, end: i64, step: i64) -> Range {
    let small = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
    Range {
        start: small(start),
        end: if start == end { 0 } else { small(end) },
        step: if step == 1 { 0 } else { small(step) },
    }
}

fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|error: std::num::ParseIntError| {
        let problem = match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                "value out of range"
            }
            _ => "invalid syntax",
        };
        format!("strconv.Atoi: parsing {text:?}: {problem}")
    })
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];
