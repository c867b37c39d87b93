//! Durations as texts, `"10s"`, in configurations. Attributes have the same grammar, and refuse zero and more than 10,000
//! years.

use std::{fmt, time::Duration};

use serde::de::{self, Deserializer, Unexpected, Visitor};

/// Reads an option of a configuration that is a duration. `null` sets none.
pub(crate) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    from.deserialize_any(OptionalText)
}

struct OptionalText;

impl<'de> Visitor<'de> for OptionalText {
    type Value = Option<Duration>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a duration with its unit, such as "500ms", "10s", "5m", "2h" or "1h30m""#)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match parse(text) {
            Some(duration) => Ok(Some(duration)),
            None => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

/// Numbers with units, `1h30m`.
fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, next) = tail.split_at(end);
        let millis = number.parse::<u64>().ok()?.checked_mul(millis_of(unit)?)?;
        total = total.checked_add(Duration::from_millis(millis))?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

fn millis_of(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span::{hours, millis, mins, secs};

    #[test]
    fn a_duration_is_numbers_with_units() {
        for (text, expected) in [
            ("500ms", millis(500)),
            ("10s", secs(10)),
            ("1h30m", mins(90)),
            ("1d", hours(24)),
            ("0s", secs(0)),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "10",
            "s",
            "-1s",
            "1.5s",
            "10 s",
            "99999999999999999999s",
            "1w",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
