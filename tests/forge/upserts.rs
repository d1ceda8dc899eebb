//! What becomes of comments when nothing goes wrong, and when others write too.

use hubjobs::forge::{ForgeKind, Posting, PullState, Sticky, Upserted, When, pull_of_commit, reviewed};

use super::played::{Fault, HEAD, ME, MERGE, On, Played};
use super::{body, client, sticky, subject, write};

#[tokio::test]
async fn one_comment_follows_its_plan() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let forge = client(&played, kind);
        let idle = Sticky { posting: Posting::IfThereIsOne, ..sticky(kind, "nothing to do") };
        assert_eq!(write(&forge, &idle).await, Ok(Upserted::NotNeeded), "{kind}");
        assert_eq!(write(&forge, &sticky(kind, "one")).await, Ok(Upserted::Created), "{kind}");
        let first = played.world().shown()[0].clone();
        assert_eq!((first.author.as_str(), first.body.as_str()), (ME, body(kind, "eu", "one").as_str()), "{kind}");
        assert_eq!(write(&forge, &sticky(kind, "one")).await, Ok(Upserted::Unchanged), "{kind}");
        assert_eq!(write(&forge, &sticky(kind, "two")).await, Ok(Upserted::Updated), "{kind}");
        assert_eq!(write(&forge, &idle).await, Ok(Upserted::Updated), "{kind}");
        let world = played.world();
        assert_eq!((world.shown().len(), world.shown()[0].id), (1, first.id), "{kind}");
        assert!(world.shown()[0].body.ends_with("nothing to do\n"), "{kind}");
        assert_eq!((world.count(On::Create), world.count(On::Update)), (1, 2), "{kind}: {:?}", world.calls);
    }
}

#[tokio::test]
async fn each_hub_has_its_own() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let forge = client(&played, kind);
        let us = Sticky { subject: subject("us"), body: body(kind, "us", "one"), ..sticky(kind, "") };
        assert_eq!(write(&forge, &us).await, Ok(Upserted::Created), "{kind}");
        assert_eq!(write(&forge, &sticky(kind, "one")).await, Ok(Upserted::Created), "{kind}");
        assert_eq!(write(&forge, &us).await, Ok(Upserted::Unchanged), "{kind}");
        assert_eq!(played.world().shown().len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn a_comment_that_a_person_removed_is_made_again() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let forge = client(&played, kind);
        assert_eq!(write(&forge, &sticky(kind, "one")).await, Ok(Upserted::Created), "{kind}");
        // Before the run, and between its look and its edit.
        played.fault(On::List, Fault::Emptied);
        assert_eq!(write(&forge, &sticky(kind, "two")).await, Ok(Upserted::Created), "{kind}");
        played.fault(On::Update, Fault::Emptied);
        assert_eq!(write(&forge, &sticky(kind, "three")).await, Ok(Upserted::Created), "{kind}");
        assert_eq!(played.world().shown().len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_comment_of_somebody_else_is_never_touched() {
    for kind in ForgeKind::ALL {
        for tells_author in [true, false] {
            if !tells_author && kind != ForgeKind::Bitbucket {
                continue;
            }
            let played = Played::start(kind).await;
            played.world().tells_author = tells_author;
            let theirs = body(kind, "eu", "approved, says mallory");
            played.world().add("666", &theirs);
            let forge = client(&played, kind);
            assert_eq!(write(&forge, &sticky(kind, "one")).await, Ok(Upserted::Created), "{kind}");
            assert_eq!(write(&forge, &sticky(kind, "two")).await, Ok(Upserted::Updated), "{kind}");
            let world = played.world();
            let shown: Vec<_> =
                world.shown().iter().map(|stored| (stored.author.as_str(), stored.body.as_str())).collect();
            assert_eq!(shown, [("666", theirs.as_str()), (ME, body(kind, "eu", "two").as_str())], "{kind}");
        }
    }
}

#[tokio::test]
async fn every_page_is_read() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        for number in 0..230 {
            played.world().add("5", &format!("comment {number}"));
        }
        let old = body(kind, "eu", "old");
        played.world().add(ME, &old);
        let forge = client(&played, kind);
        assert_eq!(write(&forge, &sticky(kind, "new")).await, Ok(Upserted::Updated), "{kind}");
        assert_eq!(played.world().shown().len(), 231, "{kind}");
    }
}

#[tokio::test]
async fn two_runs_at_once_leave_one_comment() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let forge = client(&played, kind);
        played.fault(On::Create, Fault::OtherRun(body(kind, "eu", "by the other run")));
        assert_eq!(write(&forge, &sticky(kind, "by this run")).await, Ok(Upserted::Updated), "{kind}");
        let world = played.world();
        let shown = world.shown();
        assert_eq!(shown.len(), 1, "{kind}");
        assert!(shown[0].body.ends_with("by this run\n"), "{kind}: {}", shown[0].body);
        assert!(shown.iter().all(|comment| world.comments.iter().all(|other| other.id >= comment.id)), "{kind}");
    }
}

#[tokio::test]
async fn what_nobody_reviews_any_more_is_left_alone() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let forge = client(&played, kind);
        let newer = "b".repeat(40);
        played.world().head.clone_from(&newer);
        let Ok(Upserted::Outdated { head }) = write(&forge, &sticky(kind, "old")).await else { panic!("{kind}") };
        assert!(newer.starts_with(&head), "{kind}");
        played.world().head = HEAD.to_owned();
        for (state, over) in [("merged", PullState::Merged), ("closed", PullState::Closed)] {
            played.world().state = state;
            assert_eq!(write(&forge, &sticky(kind, "late")).await, Ok(Upserted::Over(over)), "{kind}");
        }
        assert_eq!(played.world().count(On::Create), 0, "{kind}");
    }
}

#[tokio::test]
async fn whoever_names_a_merged_pull_request_means_it() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let forge = client(&played, kind);
        assert_eq!(write(&forge, &sticky(kind, "reviewed")).await, Ok(Upserted::Created), "{kind}");
        played.world().state = "merged";
        let after = Sticky { when: When::Afterwards, ..sticky(kind, "found after the merge") };
        assert_eq!(write(&forge, &after).await, Ok(Upserted::Updated), "{kind}");
    }
}

#[tokio::test]
async fn copies_that_others_left_behind_go() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        let first = played.world().add(ME, &body(kind, "eu", "old"));
        played.world().add(ME, &body(kind, "eu", "older run"));
        played.world().add(ME, &body(kind, "us", "of another hub"));
        let forge = client(&played, kind);
        assert_eq!(write(&forge, &sticky(kind, "new")).await, Ok(Upserted::Updated), "{kind}");
        let world = played.world();
        let shown: Vec<_> = world.shown().iter().map(|stored| (stored.id, stored.body.as_str())).collect();
        assert_eq!(
            shown,
            [(first, body(kind, "eu", "new").as_str()), (first + 6, body(kind, "us", "of another hub").as_str())]
        );
    }
}

#[tokio::test]
async fn what_was_reviewed_is_read_back() {
    for kind in ForgeKind::ALL {
        let played = Played::start(kind).await;
        played.world().add("666", &body(kind, "eu", "by mallory"));
        let forge = client(&played, kind);
        assert_eq!(pull_of_commit(&*forge, MERGE).await, Ok(None), "{kind}: it is open");
        assert_eq!(write(&forge, &sticky(kind, "one")).await, Ok(Upserted::Created), "{kind}");
        played.world().state = "merged";
        let pull = pull_of_commit(&*forge, MERGE).await.expect("it answers").expect("it is merged");
        assert!(pull.is_at(HEAD) && !pull.is_at(MERGE), "{kind}");
        let found = reviewed(&*forge, pull.number, &subject("eu")).await.expect("it answers");
        assert_eq!(found.len(), 1, "{kind}");
        assert!(found[0].is_ours, "{kind}");
        assert_eq!(found[0].marker.commit.as_deref(), Some(HEAD), "{kind}");
    }
}
