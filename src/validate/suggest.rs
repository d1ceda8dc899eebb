//! Near names.

/// The one candidate that is clearly meant by a misspelled `word`: equal but for case, an
/// extension or a beginning of it, or a few letters away and nearer than all others.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str> + Clone) -> Option<&'c str> {
    let lower = word.to_ascii_lowercase();
    let begins = |candidate: &&str| {
        let candidate = candidate.to_ascii_lowercase();
        let shorter = candidate.len().min(lower.len());
        shorter >= 4 && (candidate.starts_with(&lower) || lower.starts_with(&candidate))
    };
    close(&lower, candidates.clone()).or_else(|| only(candidates.into_iter().filter(begins)))
}

fn close<'c>(lower: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let distance_max = (lower.chars().count() / 3).max(1);
    let mut near: Vec<_> = candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= distance_max)
        .collect();
    near.sort_unstable();
    match near.as_slice() {
        [(least, _), (second, _), ..] if least == second => None,
        [(_, candidate), ..] => Some(candidate),
        [] => None,
    }
}

fn only<'c>(mut candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let first = candidates.next()?;
    candidates.next().is_none().then_some(first)
}

/// `` `a`, `b` and `c` ``.
pub(super) fn listed<'c>(words: impl IntoIterator<Item = &'c str>, conjunction: &str) -> String {
    let quoted: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} {conjunction} {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clear_cases_are_suggested() {
        let fields = ["maxExecutionTime", "method", "schedule", "successWhen", "suspend", "target"];
        assert_eq!(nearest("maxExecutionTimeInSeconds", fields), Some("maxExecutionTime"));
        assert_eq!(nearest("shedule", fields), Some("schedule"));
        assert_eq!(nearest("Target", fields), Some("target"));
        assert_eq!(nearest("rollout", fields), None);
        assert_eq!(nearest("at", ["cat", "bat"]), None);
    }

    #[test]
    fn lists_are_english() {
        assert_eq!(listed(["a"], "or"), "`a`");
        assert_eq!(listed(["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }
}
