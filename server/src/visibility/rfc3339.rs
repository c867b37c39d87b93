//! Parses RFC 3339 times with the leniencies of Go's `time.Parse`.

use std::time::{Duration, SystemTime};

use durably_history::{days_in_month, first_day_of_month};

/// Parses a time in a query, where an hour may have one digit, a fraction a comma, and a zone 24 hours or 60 minutes.
pub(super) fn lenient(text: &str) -> Option<SystemTime> {
    parse(text)?.at()
}

/// Parses the time that is the value of a search attribute.
pub(super) fn strict(text: &str) -> Option<SystemTime> {
    let parsed = parse(text)?;
    match parsed.is_strict {
        true => parsed.at(),
        false => None,
    }
}

/// The parts of a time, each within its range.
struct Parsed {
    days: i64,
    /// Since the local midnight.
    seconds: i64,
    nanos: u32,
    /// UTC offset in seconds.
    offset: i64,
    /// Whether the text conforms to RFC 3339.
    is_strict: bool,
}

impl Parsed {
    fn at(&self) -> Option<SystemTime> {
        let seconds = self.days * 86_400 + self.seconds - self.offset;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let at = match seconds < 0 {
            true => SystemTime::UNIX_EPOCH.checked_sub(whole),
            false => SystemTime::UNIX_EPOCH.checked_add(whole),
        };
        at?.checked_add(Duration::from_nanos(self.nanos.into()))
    }
}

fn parse(text: &str) -> Option<Parsed> {
    let mut rest = Rest(text.as_bytes());
    let year = rest.number(4)?;
    rest.expect(b'-')?;
    let month = rest.number(2).filter(|it| (1..=12).contains(it))?;
    rest.expect(b'-')?;
    let last = days_in_month(year, month);
    let day = rest.number(2).filter(|it| (1..=last).contains(it))?;
    rest.expect(b'T')?;
    let has_short_hour = rest.0.get(1) == Some(&b':');
    let hour = rest.number(if has_short_hour { 1 } else { 2 });
    let hour = hour.filter(|it| *it < 24)?;
    rest.expect(b':')?;
    let minute = rest.number(2).filter(|it| *it < 60)?;
    rest.expect(b':')?;
    let second = rest.number(2).filter(|it| *it < 60)?;
    let has_comma = rest.0.first() == Some(&b',');
    let nanos = rest.fraction();
    let (offset, is_zone_strict) = rest.zone()?;
    rest.0.is_empty().then_some(Parsed {
        days: first_day_of_month(year, month) + day - 1,
        seconds: hour * 3600 + minute * 60 + second,
        nanos,
        offset,
        is_strict: !has_short_hour && !has_comma && is_zone_strict,
    })
}

/// The unparsed rest of the text.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    /// A number of exactly this many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let number = std::str::from_utf8(number).ok();
        let number = number.filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()))?;
        self.0 = rest;
        number.parse().ok()
    }

    /// The nanoseconds of a fraction, if there is one; further digits do not count.
    fn fraction(&mut self) -> u32 {
        let Some((b'.' | b',', digits)) = self.0.split_first() else {
            return 0;
        };
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        let count = digits.iter().take_while(is_digit).count();
        if count == 0 {
            return 0;
        }
        self.0 = &digits[count..];
        let padded = digits[..count].iter().chain(std::iter::repeat(&b'0'));
        padded
            .take(9)
            .fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'))
    }

    /// The offset of the zone in seconds, and whether it is one of the standard.
    fn zone(&mut self) -> Option<(i64, bool)> {
        let (sign, rest) = self.0.split_first()?;
        self.0 = rest;
        let sign = match sign {
            b'Z' => return Some((0, true)),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(2).filter(|it| *it <= 24)?;
        self.expect(b':')?;
        let minutes = self.number(2).filter(|it| *it <= 60)?;
        let offset = sign * (hours * 3600 + minutes * 60);
        Some((offset, hours < 24 && minutes < 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(time: SystemTime) -> i128 {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i128::try_from(after.as_millis()).expect("it is small"),
            Err(before) => -i128::try_from(before.duration().as_millis()).expect("it is small"),
        }
    }

    #[test]
    fn times_of_the_standard_are_read_by_both() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-03-01T12:30:00Z", 1_772_368_200_000),
            ("2026-03-01T14:30:00.5+02:00", 1_772_368_200_500),
            ("2026-03-01T10:00:00.123456789123-02:30", 1_772_368_200_123),
            ("2024-02-29T00:00:00-00:00", 1_709_164_800_000),
            ("1960-05-05T05:05:05.999Z", -304_800_894_001),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ] {
            assert_eq!(strict(text).map(millis), Some(expected), "{text}");
            assert_eq!(lenient(text).map(millis), Some(expected), "{text}");
        }
    }

    #[test]
    fn queries_take_more_than_values() {
        for (text, expected) in [
            ("2026-03-01T12:30:00,123Z", 1_772_368_200_123),
            ("2026-03-01T1:00:00Z", 1_772_326_800_000),
            ("2026-03-01T12:30:00+24:00", 1_772_281_800_000),
            ("2026-03-01T12:30:00+14:60", 1_772_314_200_000),
        ] {
            assert_eq!(lenient(text).map(millis), Some(expected), "{text}");
            assert_eq!(strict(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-03-01",
            "2026-03-01T12:30:00",
            "2026-03-01 12:30:00Z",
            "2026-03-01t12:30:00z",
            "2026-03-01T12:30:60Z",
            "2026-03-01T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-03-00T00:00:00Z",
            "2026-3-1T00:00:00Z",
            "26-03-01T00:00:00Z",
            "12026-03-01T00:00:00Z",
            "2026-03-01T12:30:00.Z",
            "2026-03-01T12:30:00+02",
            "2026-03-01T12:30:00+0200",
            "2026-03-01T12:30:00+25:00",
            "2026-03-01T12:30:00+02:61",
            " 2026-03-01T12:30:00Z",
            "2026-03-01T12:30:00Z ",
            "+026-03-01T12:30:00Z",
            "2026-03-01T12:30:00\u{e9}",
        ] {
            assert_eq!(lenient(text), None, "{text}");
        }
    }
}
