//! Durations in attributes: parses `"1h30m"`, `"10s"`, `"250ms"`.

use std::{fmt, time::Duration};

/// Why a text is not a duration, and what to write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DurationError {
    /// A number without a unit.
    NoUnit(String),
    /// Something else; the nearest right spelling, if there is one.
    Unreadable(String, Option<String>),
    /// Zero, which the server reads as "not set".
    Zero,
    /// Below zero.
    Negative(String),
    /// More than 10,000 years.
    TooLong(String),
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUnit(number) => write!(
                f,
                "`{number}` has no unit; write \"{number}s\" for seconds or \"{number}ms\" for milliseconds"
            ),
            Self::Unreadable(text, Some(near)) => {
                write!(f, "`{text}` is not a duration; write \"{near}\"")
            }
            Self::Unreadable(text, None) => write!(
                f,
                "`{text}` is not a duration; write e.g. \"500ms\", \"10s\", \"5m\", \"2h\", \"1d\" or \"1h30m\""
            ),
            Self::Zero => f.write_str(
                "a zero duration means `not set` to the server; leave the option out, or give a duration such as \"10s\"",
            ),
            Self::Negative(text) => {
                write!(f, "a duration cannot be negative; write \"{text}\"")
            }
            Self::TooLong(text) => write!(f, "`{text}` is longer than any run can last"),
        }
    }
}

const LONGEST: Duration = Duration::from_secs(10_000 * 365 * 86_400);

/// Parses `"1h30m"`: numbers with units, largest unit first or not.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    if let Some(rest) = text.trim().strip_prefix('-') {
        let unit = match rest.ends_with(|c: char| c.is_ascii_digit()) {
            true => "s",
            false => "",
        };
        let meant = format!("{rest}{unit}");
        return Err(match read(&meant, exact_unit) {
            Some(_) => DurationError::Negative(meant),
            None => DurationError::Unreadable(text.to_owned(), None),
        });
    }
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        return Err(match text.trim_start_matches('0') {
            "" => DurationError::Zero,
            _ => DurationError::NoUnit(text.to_owned()),
        });
    }
    let Some(total) = read(text, exact_unit) else {
        let loose = text.to_lowercase();
        let near = read(&loose, loose_unit)
            .or_else(|| fraction(&loose))
            .filter(|total| !total.is_zero());
        return Err(DurationError::Unreadable(text.to_owned(), near.map(write)));
    };
    if total.is_zero() {
        return Err(DurationError::Zero);
    }
    if total > LONGEST {
        return Err(DurationError::TooLong(text.to_owned()));
    }
    Ok(total)
}

fn read(text: &str, unit: fn(&str) -> Option<u64>) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (word, next) = tail.split_at(end);
        let millis = number.parse::<u64>().ok()?.checked_mul(unit(word)?)?;
        total = total.checked_add(Duration::from_millis(millis))?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

/// Parses a fraction such as `1.5h`, to suggest its spelling in whole units.
fn fraction(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, word) = text.split_at(end);
    let (whole, part) = number.split_once('.')?;
    let whole = match whole {
        "" => 0,
        digits => digits.parse::<u64>().ok()?,
    };
    let unit = loose_unit(word)?;
    let tenths = u32::try_from(part.len()).ok()?;
    let part = part.parse::<u64>().ok()?.checked_mul(unit)? / 10_u64.checked_pow(tenths)?;
    let millis = whole.checked_mul(unit)?.checked_add(part)?;
    Some(Duration::from_millis(millis))
}

fn exact_unit(word: &str) -> Option<u64> {
    Some(match word {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    })
}

/// Parses other common spellings of a unit, to suggest the right one.
fn loose_unit(word: &str) -> Option<u64> {
    let word = word.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '_' | '.'));
    let word = word.strip_suffix(" and").unwrap_or(word);
    exact_unit(match word {
        "msec" | "msecs" | "milli" | "millis" | "millisecond" | "milliseconds" => "ms",
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        short => short,
    })
}

fn write(duration: Duration) -> String {
    let mut millis = duration.as_millis();
    let mut text = String::new();
    for (unit, size) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ] {
        if millis >= size {
            text += &format!("{}{unit}", millis / size);
            millis %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_add_up() {
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse("1d"), Ok(Duration::from_secs(86_400)));
    }

    #[test]
    fn a_text_in_words_is_answered_with_its_spelling() {
        let near = |text| match parse(text) {
            Err(DurationError::Unreadable(_, near)) => near,
            other => panic!("{other:?}"),
        };
        assert_eq!(near("10 seconds").as_deref(), Some("10s"));
        assert_eq!(near("1 hour and 5 min").as_deref(), Some("1h5m"));
        assert_eq!(near("90S").as_deref(), Some("1m30s"));
        assert_eq!(near("1.5h").as_deref(), Some("1h30m"));
        assert_eq!(near("0.25 seconds").as_deref(), Some("250ms"));
        assert_eq!(near("1.5.2h"), None);
        assert_eq!(near("soon"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn zero_negative_and_unitless_are_told_apart() {
        assert_eq!(parse("0"), Err(DurationError::Zero));
        assert_eq!(parse("0s"), Err(DurationError::Zero));
        assert_eq!(parse("10"), Err(DurationError::NoUnit("10".into())));
        assert_eq!(parse("-5s"), Err(DurationError::Negative("5s".into())));
        assert_eq!(parse("-5"), Err(DurationError::Negative("5s".into())));
        assert_eq!(parse("-"), Err(DurationError::Unreadable("-".into(), None)));
        assert_eq!(
            parse("99999999d"),
            Err(DurationError::TooLong("99999999d".into()))
        );
    }
}
