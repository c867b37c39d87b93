//! Durations as Go writes them, such as `1h30m`, `2.5s` or `-1m`, in which cron expressions give their
//! intervals, and queries of lists the time that workflows took.

/// Parses a duration; the result is in nanoseconds.
///
/// # Errors
/// What is wrong, in Go's words.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let is_negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = split_digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => split_digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        let nanos = nanos_of(unit)
            .ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?;
        let amount = scaled(whole, fraction, nanos).ok_or_else(invalid)?;
        total = total.checked_add(amount).ok_or_else(invalid)?;
        rest = after;
    }
    let total = i64::try_from(total).map_err(|_| invalid())?;
    Ok(if is_negative { -total } else { total })
}

/// Like `parse`, but with the unit `d` for days of 24 hours, too.
///
/// # Errors
/// What is wrong, in Go's words.
pub fn parse_with_days(text: &str) -> Result<i64, String> {
    let mut in_hours = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c == '.' || c.is_ascii_digit()) {
        in_hours.push_str(&rest[..start]);
        let number = &rest[start..];
        let end = number
            .find(|c: char| c != '.' && !c.is_ascii_digit())
            .unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        match (after.strip_prefix('d'), number.parse::<f64>()) {
            (Some(after), Ok(days)) => {
                in_hours.push_str(&format!("{:.6}h", days * 24.0));
                rest = after;
            }
            _ => {
                in_hours.push_str(number);
                rest = after;
            }
        }
    }
    in_hours.push_str(rest);
    parse(&in_hours)
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn nanos_of(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // The micro sign, and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

fn scaled(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let whole: u64 = match whole {
        "" => 0,
        whole => whole.parse().ok()?,
    };
    let mut scale = u128::from(unit);
    let mut below = 0;
    for digit in fraction.bytes() {
        scale /= 10;
        below += u128::from(digit - b'0') * scale;
    }
    whole
        .checked_mul(unit)?
        .checked_add(u64::try_from(below).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn units_and_fractions_add_up() {
        assert_eq!(parse("1h30m"), Ok(5400 * SECOND));
        assert_eq!(parse("2.5s"), Ok(SECOND * 5 / 2));
        assert_eq!(parse("-1m"), Ok(-60 * SECOND));
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse(".5ms"), Ok(500_000));
        assert_eq!(parse_with_days("1.5d2h"), Ok(38 * 3600 * SECOND));
    }

    #[test]
    fn mistakes_are_described_in_the_words_of_go() {
        let error = |text| parse(text).expect_err("it is malformed");
        assert_eq!(error(""), "time: invalid duration \"\"");
        assert_eq!(error("x"), "time: invalid duration \"x\"");
        assert_eq!(error("5"), "time: missing unit in duration \"5\"");
        assert_eq!(error("5x"), "time: unknown unit \"x\" in duration \"5x\"");
        assert_eq!(error("999999999h"), "time: invalid duration \"999999999h\"");
    }
}
