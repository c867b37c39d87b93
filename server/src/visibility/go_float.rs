//! Numbers as Go's `%v` shows them, in the real server's errors.

/// The shortest digits that mean the number, with an exponent from a million on.
pub(super) fn show(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_go_shows_them() {
        for (number, shown) in [
            (7.0, "7"),
            (1.5, "1.5"),
            (1000.0, "1000"),
            (1_000_000.0, "1e+06"),
            (-0.0, "-0"),
            (9_007_199_254_740_993.0, "9.007199254740992e+15"),
            (1e-7, "1e-07"),
        ] {
            assert_eq!(show(number), shown);
        }
    }
}
