//! The product as its users live it: stories of a project, a hub and the people around them, in
//! Markdown that runs (`tests/cases/scenarios/*.md`). [`story`] says how such a file is read.
//!
//! `HUBJOBS_UPDATE=1` rewrites what the stories expect; read the difference before it is kept, since
//! that text is what people will see.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "../local_hub/mod.rs"]
mod local_hub;
mod story;
mod world;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use story::Story;
use world::World;

/// One test for each story, so that a failure names it and `cargo test <name>` runs it alone.
macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        const STORIES: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

stories! {
    drift,
    emergency_brake,
    existing_jobs,
    first_day,
    friday,
    limits,
    new_name,
    one_lane,
    reviewed_plan,
    signed_plan,
    tag_rename,
    two_hubs,
    two_writers,
}

#[test]
fn every_story_is_run() {
    let on_disk: BTreeSet<String> = std::fs::read_dir(directory())
        .expect("the folder of the stories")
        .map(|entry| entry.expect("an entry of the folder").path())
        .map(|path| path.file_stem().expect("a file with a name").to_string_lossy().into_owned())
        .collect();
    let listed: BTreeSet<String> = STORIES.iter().map(|name| name.replace('_', "-")).collect();
    assert_eq!(on_disk, listed);
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/scenarios")
}

fn check(name: &str) {
    let path = directory().join(format!("{}.md", name.replace('_', "-")));
    let expected = std::fs::read_to_string(&path).expect("a readable story");
    let mut story = Story::parse(&expected);
    let mut world = World::new();
    for part in &mut story.parts {
        world.live(part);
    }
    let found = story.to_string();
    if std::env::var_os("HUBJOBS_UPDATE").is_some() {
        std::fs::write(&path, found).expect("a writable story");
        return;
    }
    assert!(expected == found, "{}:\n{}", path.display(), differences(&expected, &found));
}

/// The lines around the first one that differs, as it should be and as it is.
fn differences(expected: &str, found: &str) -> String {
    const AFTER: usize = 30;
    let same = expected.lines().zip(found.lines()).take_while(|(expected, found)| expected == found).count();
    let from = same.saturating_sub(3);
    let some = |text: &str| -> String { text.lines().skip(from).take(AFTER).map(|line| format!("{line}\n")).collect() };
    format!("-- expected, from line {}\n{}-- found\n{}", from + 1, some(expected), some(found))
}
