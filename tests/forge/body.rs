//! The text of a comment in the words of each forge: `tests/cases/forge/NAME.md` is GitHub's Markdown, the
//! files beside it are what the others get. `HUBJOBS_UPDATE=1` rewrites them.

use std::path::{Path, PathBuf};

use hubjobs::forge::{ForgeKind, Marker, body_of, foot_of, localise};
use hubjobs::report::{PlanDocument, PlanForm, RenderOptions, failure_markdown, render};
use proptest::prelude::*;

use super::{HEAD, subject};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn plan(name: &str) -> PlanDocument {
    let path = folder().join("plans").join(name).join("plan.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("a plan")).expect("a plan")
}

fn markdown(plan: &PlanDocument, markdown_len_max: usize) -> String {
    render(plan, PlanForm::Markdown, &RenderOptions { markdown_len_max, ..RenderOptions::default() })
}

fn marker() -> Marker {
    Marker { subject: subject("eu"), commit: Some(HEAD.to_owned()), digest: Some("sha256:00".to_owned()), code: None }
}

fn assert_file(path: &Path, text: &str, stale: &mut Vec<String>) {
    if std::env::var_os("HUBJOBS_UPDATE").is_some() {
        std::fs::write(path, text).expect("a file of ours");
    } else if std::fs::read_to_string(path).unwrap_or_default() != text {
        stale.push(path.display().to_string());
    }
}

#[test]
fn each_forge_reads_it_in_its_own_words() {
    let mut stale = Vec::new();
    let acting = std::fs::read_to_string(folder().join("forge/acting.md")).expect("a case");
    let hostile = markdown(&plan("hostile"), 65_536);
    for (name, text) in [("acting", &acting), ("hostile", &hostile)] {
        assert_eq!(localise(ForgeKind::GitHub, text), *text, "{name}: GitHub's is as it was");
        for (kind, file) in
            [(ForgeKind::GitLab, "gitlab"), (ForgeKind::Azure, "azure"), (ForgeKind::Bitbucket, "bitbucket")]
        {
            assert_file(&folder().join(format!("forge/{name}.{file}.md")), &localise(kind, text), &mut stale);
        }
    }
    assert!(stale.is_empty(), "these are not what is made now: {stale:?}");
}

#[test]
fn why_there_is_no_plan() {
    let (mut stale, mut count) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder().join("forge")).expect("the cases") {
        let path = entry.expect("a case").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !name.starts_with("failure-") || name.ends_with(".md") {
            continue;
        }
        let said = std::fs::read_to_string(&path).expect("a case");
        let text = failure_markdown("prod", &said, 65_536);
        assert!(text.lines().all(|line| !line.starts_with('/')), "{name}: {text}");
        assert_file(&path.with_extension("md"), &text, &mut stale);
        count += 1;
    }
    assert_eq!(count, 4, "a document, a stream, a log and nothing");
    assert!(stale.is_empty(), "these are not what is made now: {stale:?}");
}

#[test]
fn a_long_log_shows_its_end() {
    let said: String = (0..20_000).map(|number| format!("line {number} of a log\n")).collect();
    let text = failure_markdown("prod", &said, 32_768);
    assert!(text.len() <= 32_768 && text.len() > 30_000, "{}", text.len());
    assert!(text.ends_with("  line 19999 of a log\n```\n") && !text.contains("line 7 of"), "{text}");
}

/// A plan with so many actions that no forge takes all of them.
fn huge(name: &str) -> PlanDocument {
    let mut plan = plan(name);
    let rows = plan.rows.clone();
    while plan.rows.len() < 6_000 {
        plan.rows.extend(rows.iter().cloned());
    }
    plan
}

#[test]
fn no_comment_is_longer_than_its_forge_takes() {
    let foot = foot_of(Some(HEAD), Some("https://ci.example/run/1"), Some("https://ci.example/artifact/1"));
    for name in ["hostile", "twin-values"] {
        let plan = huge(name);
        for kind in ForgeKind::ALL {
            let text = body_of(kind, &marker(), &foot, |len_max| markdown(&plan, len_max));
            assert!(text.len() <= kind.len_max(), "{name}, {kind}: {}", text.len());
            assert!(text.len() > kind.len_max() / 8, "{name}, {kind}: {} wastes room", text.len());
            assert_eq!(text.lines().filter(|line| line.starts_with("```")).count() % 2, 0, "{name}, {kind}");
            assert!(text.contains("**Left out, for this comment has no more room:**"), "{name}, {kind}");
            assert!(text.ends_with("[the whole plan](https://ci.example/artifact/1)\n"), "{name}, {kind}");
            assert_eq!(Marker::of(&text), Some(marker()), "{name}, {kind}");
        }
    }
}

#[test]
fn what_is_no_address_is_no_link() {
    for url in [
        "javascript:alert(1)",
        "https://x/ y",
        "https://x/)(",
        "https://x/<b>",
        "https://x/`",
        &format!("https://{}", "x".repeat(600)),
    ] {
        assert_eq!(foot_of(None, Some(url), Some(url)), "", "{url}");
    }
    assert_eq!(foot_of(Some(HEAD), None, None), "\nFor commit `4f2a91c07be3`\n");
}

proptest! {
    #[test]
    fn nothing_acts_whatever_is_said(said in "([@#!/`<>a-z0-9 \\[\\]$\n-]{0,12}\n?){0,40}") {
        for kind in ForgeKind::ALL {
            let text = localise(kind, &failure_markdown("prod", &said, 32_768));
            for line in text.lines() {
                prop_assert!(kind != ForgeKind::GitLab || !line.trim_start().starts_with('/'), "{line}");
            }
            prop_assert_eq!(text.lines().filter(|line| line.starts_with("```")).count() % 2, 0);
            if kind == ForgeKind::Azure {
                prop_assert!(!text.contains("@<"), "{}", text);
                let acts = |sign: char| text.match_indices(sign).any(|(at, _)| {
                    text[at + 1..].starts_with(|c: char| c.is_ascii_digit())
                });
                prop_assert!(!acts('#') && !acts('!'), "{}", text);
            }
        }
    }
}
