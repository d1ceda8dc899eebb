//! Numbers in sentences.

/// `9 800`: thousands apart, for people.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A share in per cent, rounded up to one decimal, so that what is printed covers what was found.
pub(super) fn percent_up(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let per_mille = part.saturating_mul(1000).div_ceil(whole.max(1)) as f64;
    per_mille / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, words) in [(0, "0"), (999, "999"), (9_800, "9 800"), (1_234_567, "1 234 567")] {
            assert_eq!(grouped(number), words);
        }
    }

    #[test]
    fn shares_are_never_rounded_down() {
        assert!((percent_up(1, 3) - 33.4).abs() < 1e-9);
        assert!((percent_up(9_812, 10_000) - 98.2).abs() < 1e-9);
        assert!((percent_up(5, 5) - 100.0).abs() < 1e-9);
    }
}
