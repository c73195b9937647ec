//! Durations, shares and days as the stack file writes them.

/// Seconds of `30s`, `5m`, `12h` or `14d`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let length = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(length)
}

/// Whole days of `14d`.
pub(super) fn days(text: &str) -> Option<u64> {
    text.strip_suffix('d')?.parse().ok()
}

/// Whole minutes of `3m`.
pub(super) fn minutes(text: &str) -> Option<u64> {
    text.strip_suffix('m')?.parse().ok()
}

/// Milliseconds of `500ms` or `3s`.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().ok(),
        None => seconds(text)?.checked_mul(1000),
    }
}

/// `5%` as `0.05`.
pub(super) fn share(text: &str) -> Option<f64> {
    let number: f64 = text.strip_suffix('%')?.parse().ok()?;
    number.is_finite().then_some(number / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_anything_else_is_refused() {
        let cases = [("30s", Some(30)), ("5m", Some(300)), ("12h", Some(43_200)), ("1d", Some(86_400))];
        for (text, expected) in cases {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for text in ["", "5", "m", "-1m", "1.5m", "5 m", "5é", "99999999999999999999s", "9999999999999999999d"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!((days("35d"), days("35m"), minutes("3m")), (Some(35), None, Some(3)));
        assert_eq!((share("5%"), share("0.1%"), share("5")), (Some(0.05), Some(0.001), None));
    }
}
