//! Finds what a word is about.

use super::topic::{Topic, topics};
use crate::validate::{Field, Kind, fields};

/// How many words are offered in place of one that is not known.
const OFFERED_MAX: usize = 5;

/// What a word is about.
#[derive(Debug)]
pub(super) enum Found {
    /// Codes of that name; one code may stand in several groups.
    Codes(Vec<Topic>),
    /// A kind of document.
    Kind(Kind, Vec<Field>),
    /// Fields of that path which say the same, in several kinds.
    Field(Vec<Field>, Vec<Field>),
    /// Different fields whose paths end so.
    Fields(Vec<Field>),
    /// Nothing; these come near.
    Nothing(Vec<String>),
}

/// Looks a word up. Case does not matter, nor do the numbers of list items; a number is an exit code.
pub(super) fn look_up(word: &str) -> Found {
    let word = in_brackets(word);
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let lower = if is_number { format!("exit-{word}") } else { word.to_ascii_lowercase() };
    // A policy's own rules are known to its author; what they have in common is explained.
    let code = if lower.starts_with("policy/") { "policy" } else { lower.as_str() };
    let codes: Vec<_> = topics().into_iter().filter(|topic| topic.code == code).collect();
    let all = fields();
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word)) {
        let own: Vec<_> = all.into_iter().filter(|field| field.path.starts_with(&format!("{kind}."))).collect();
        // `policy` is a rule of plans as well; who writes it small means that one.
        return if codes.is_empty() || word == kind.as_str() { Found::Kind(kind, own) } else { Found::Codes(codes) };
    }
    if !codes.is_empty() {
        return Found::Codes(codes);
    }
    let matching = matching(&all, &lower);
    match matching.as_slice() {
        [] => Found::Nothing(near(&lower, &all)),
        [first, rest @ ..] if rest.iter().all(|other| says_the_same(first, other)) => {
            let inside = all.iter().filter(|field| field.parent == first.path).cloned().collect();
            Found::Field(matching, inside)
        }
        _ => Found::Fields(matching),
    }
}

/// The code of what was copied as it was printed: `error[unknown-field]`.
fn in_brackets(word: &str) -> &str {
    let inner = |label: &str| word.strip_prefix(label)?.strip_suffix(']');
    inner("error[").or_else(|| inner("warning[")).unwrap_or(word)
}

/// Every code and every kind, once.
pub(super) fn codes() -> Vec<&'static str> {
    let mut codes: Vec<_> = topics().into_iter().map(|topic| topic.code).chain(Kind::ALL.map(Kind::as_str)).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The fields of exactly that path, with or without the kind; else those whose path ends so.
fn matching(all: &[Field], word: &str) -> Vec<Field> {
    let wanted = steps(word);
    let reach = |field: &Field| ends_with(&steps(&field.path.to_ascii_lowercase()), &wanted);
    let whole: Vec<_> = all.iter().filter(|field| reach(field).is_some_and(|rest| rest <= 1)).cloned().collect();
    if !whole.is_empty() {
        return whole;
    }
    all.iter().filter(|field| reach(field).is_some()).cloned().collect()
}

/// The names of a path, without the brackets of list items.
fn steps(path: &str) -> Vec<String> {
    path.split('.').map(|step| step.split('[').next().unwrap_or_default().to_owned()).collect()
}

/// How many names stand before those wanted. `<name>` is any name, or none at all.
fn ends_with(path: &[String], wanted: &[String]) -> Option<usize> {
    let Some((last, wanted_before)) = wanted.split_last() else { return Some(path.len()) };
    let (own, before) = path.split_last()?;
    if own == "<name>" {
        return ends_with(before, wanted).or_else(|| ends_with(before, wanted_before));
    }
    if own == last { ends_with(before, wanted_before) } else { None }
}

/// Whether two fields of different kinds are described alike.
fn says_the_same(one: &Field, other: &Field) -> bool {
    let strip = |path: &str| path.split_once('.').map(|(_, rest)| rest.to_owned());
    strip(&one.path) == strip(&other.path)
        && (&one.description, &one.limits, &one.values) == (&other.description, &other.limits, &other.values)
}

/// Words that may have been meant, the nearest first.
fn near(word: &str, all: &[Field]) -> Vec<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let names = all.iter().map(|field| last(&field.path));
    let mut candidates: Vec<_> = topics().into_iter().map(|topic| topic.code.to_owned()).chain(names).collect();
    candidates.sort_unstable();
    candidates.dedup();
    let wanted = last(word);
    let distance_max = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<_> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_ascii_lowercase();
            let distance = strsim::osa_distance(&wanted, &lower);
            let is_part = wanted.len() >= 4 && lower.contains(&wanted);
            (distance <= distance_max || is_part).then_some((distance, candidate))
        })
        .collect();
    near.sort_unstable();
    let least = near.first().map_or(0, |(distance, _)| *distance);
    // Of words that are a typing error away, those that are two away were not meant.
    near.retain(|(distance, candidate)| *distance <= least + 1 || candidate.to_ascii_lowercase().contains(&wanted));
    near.into_iter().map(|(_, candidate)| candidate).take(OFFERED_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(word: &str) -> Vec<String> {
        match look_up(word) {
            Found::Field(fields, _) | Found::Fields(fields) => fields.into_iter().map(|field| field.path).collect(),
            other => panic!("{word}: {other:?}"),
        }
    }

    #[test]
    fn a_field_is_found_by_its_whole_path_or_its_end() {
        let both = ["MethodJob.spec.schedule.cron", "TwinJob.spec.schedule.cron"];
        assert_eq!(paths("spec.schedule.cron"), both);
        assert_eq!(paths("cron"), both);
        assert_eq!(paths("methodjob.spec.schedule.CRON"), ["MethodJob.spec.schedule.cron"]);
        assert_eq!(paths("spec.moved[0].from")[0], "MethodJob.spec.moved[].from");
        assert_eq!(paths("spec.environments.prod.prune"), ["Project.spec.environments.<name>.prune"]);
        assert!(matches!(look_up("spec.target"), Found::Field(_, inside) if !inside.is_empty()));
    }

    #[test]
    fn every_word_finds_something() {
        let paths: Vec<_> = fields().into_iter().map(|field| field.path).collect();
        for word in codes().into_iter().chain(paths.iter().map(String::as_str)) {
            assert!(!matches!(look_up(word), Found::Nothing(_)), "{word}");
        }
    }

    #[test]
    fn a_code_of_several_groups_is_found_in_all() {
        assert!(matches!(look_up("suspended"), Found::Codes(codes) if codes.len() == 2));
        assert!(matches!(look_up("policy/freeze/no-reboots"), Found::Codes(codes) if codes[0].code == "policy"));
        assert!(matches!(look_up("Policy"), Found::Kind(Kind::Policy, _)));
    }

    #[test]
    fn a_code_is_found_as_it_was_printed() {
        for (word, code) in [("4", "exit-4"), ("130", "exit-130"), ("error[unknown-field]", "unknown-field")] {
            assert!(matches!(look_up(word), Found::Codes(codes) if codes[0].code == code), "{word}");
        }
        assert!(matches!(look_up("8"), Found::Nothing(_)));
    }

    #[test]
    fn near_words_are_offered() {
        assert!(matches!(look_up("unknwon-field"), Found::Nothing(near) if near == ["unknown-field"]));
        assert!(matches!(look_up("quote"), Found::Nothing(near) if near.contains(&"curly-quote".to_owned())));
        assert!(matches!(look_up("zzzzzzzz"), Found::Nothing(near) if near.is_empty()));
    }
}
