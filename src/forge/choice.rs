//! Which comment is ours, and what becomes of it.
//!
//! | comments about the subject, by us | plan to show | becomes |
//! |---|---|---|
//! | none | something to do, or a failure | a new comment |
//! | none | nothing to do | nothing |
//! | one | the same text | nothing |
//! | one | another text | that comment, rewritten |
//! | several | | the oldest, as above; the others go |
//!
//! Comments of others count as none, whatever their first line says: a comment that looks like ours would
//! otherwise be filled with our words in somebody else's name, and edited by them afterwards.

use std::collections::BTreeSet;

use super::client::{Author, Comment, CommentId};
use super::marker::{Marker, Subject};
use super::upsert::Posting;

/// What becomes of the comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// There is none, and none is needed.
    Nothing,
    /// There is none yet.
    Create,
    /// It says so already.
    Keep { id: CommentId, surplus: Vec<CommentId> },
    /// It says something else.
    Update { id: CommentId, surplus: Vec<CommentId> },
}

/// Decides.
#[must_use]
pub(super) fn decide(comments: &[Comment], search: &Search<'_>, body: &str, posting: Posting) -> Step {
    let mut ours = search.ours(comments).into_iter().map(|(comment, _)| comment);
    let Some(first) = ours.next() else {
        return match posting {
            Posting::Always => Step::Create,
            Posting::IfThereIsOne => Step::Nothing,
        };
    };
    let (id, surplus) = (first.id, ours.map(|comment| comment.id).collect());
    // Forges turn line ends, and drop blank ones at the end.
    let same = first.body.lines().map(str::trim_end).eq(body.trim_end().lines().map(str::trim_end));
    if same { Step::Keep { id, surplus } } else { Step::Update { id, surplus } }
}

/// What to look for.
#[derive(Debug, Clone)]
pub(super) struct Search<'a> {
    /// Whose comments are ours.
    pub(super) author: &'a Author,
    /// What they are about.
    pub(super) subject: &'a Subject,
    /// Comments that turned out to be of others.
    pub(super) refused: BTreeSet<CommentId>,
}

impl Search<'_> {
    /// Our comments about the subject, the oldest first.
    pub(super) fn ours<'c>(&self, comments: &'c [Comment]) -> Vec<(&'c Comment, Marker)> {
        let is_ours = |comment: &&Comment| {
            let by_us = match self.author {
                Author::Known(name) => comment.author.as_ref().is_some_and(|author| author.eq_ignore_ascii_case(name)),
                Author::WhoeverMayEdit => true,
            };
            by_us && !self.refused.contains(&comment.id)
        };
        let marked = |comment: &'c Comment| Some((comment, Marker::of(&comment.body)?));
        let ours = comments.iter().filter(is_ours).filter_map(marked);
        let mut ours: Vec<_> = ours.filter(|(_, marker)| marker.subject.meets(self.subject)).collect();
        let owners: BTreeSet<_> = ours.iter().filter_map(|(_, marker)| marker.subject.owner.clone()).collect();
        // Of several projects nobody knows which one is meant.
        if self.subject.owner.is_none() && owners.len() > 1 {
            ours.retain(|(_, marker)| marker.subject.owner.is_none());
        }
        ours.sort_by_key(|(comment, _)| comment.id);
        ours
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind::ForgeKind;
    use super::*;

    fn subject(owner: &str, hub: &str) -> Subject {
        let known = |text: &str| (text != "-").then(|| text.to_owned());
        Subject { owner: known(owner), environment: "prod".to_owned(), hub: known(hub) }
    }

    fn comment(id: u64, author: &str, about: &Subject) -> Comment {
        let marker = Marker { subject: about.clone(), commit: None, digest: None, code: None };
        let body = format!("{}\nplan {id}", marker.line(ForgeKind::GitHub));
        Comment { id: CommentId::new(id), author: Some(author.to_owned()), body }
    }

    fn decided(comments: &[Comment], about: &Subject, body: &str, posting: Posting) -> Step {
        let author = Author::Known("bot".to_owned());
        let search = Search { author: &author, subject: about, refused: BTreeSet::new() };
        decide(comments, &search, body, posting)
    }

    #[test]
    fn the_table_holds() {
        let about = subject("a", "eu");
        let one = comment(5, "Bot", &about);
        let (body, id) = (one.body.clone(), one.id);
        let two = [comment(9, "bot", &about), one.clone(), comment(7, "bot", &about)];
        let surplus = vec![CommentId::new(7), CommentId::new(9)];
        for (comments, body, posting, step) in [
            (&[][..], "x", Posting::Always, Step::Create),
            (&[], "x", Posting::IfThereIsOne, Step::Nothing),
            (&two[1..2], "x", Posting::IfThereIsOne, Step::Update { id, surplus: vec![] }),
            (&two[1..2], &body.replace('\n', "\r\n"), Posting::Always, Step::Keep { id, surplus: vec![] }),
            (&two[1..2], &format!("{body}\n\n"), Posting::Always, Step::Keep { id, surplus: vec![] }),
            (&two, "x", Posting::Always, Step::Update { id, surplus: surplus.clone() }),
            (&two, &body, Posting::Always, Step::Keep { id, surplus }),
        ] {
            assert_eq!(decided(comments, &about, body, posting), step, "{body}");
        }
    }

    #[test]
    fn comments_of_others_are_none() {
        let about = subject("a", "eu");
        let mut nameless = comment(2, "bot", &about);
        nameless.author = None;
        let others = [comment(1, "mallory", &about), nameless, comment(3, "bot", &subject("b", "eu"))];
        assert_eq!(decided(&others, &about, "x", Posting::Always), Step::Create);
    }

    #[test]
    fn what_failed_before_it_had_a_name_is_taken_over() {
        let unnamed = comment(1, "bot", &subject("-", "-"));
        let step = decided(&[unnamed], &subject("a", "eu"), "x", Posting::IfThereIsOne);
        assert_eq!(step, Step::Update { id: CommentId::new(1), surplus: vec![] });
    }

    #[test]
    fn without_a_name_no_project_is_preferred() {
        let two = [comment(1, "bot", &subject("a", "eu")), comment(2, "bot", &subject("b", "eu"))];
        let unnamed = subject("-", "-");
        assert_eq!(decided(&two, &unnamed, "x", Posting::Always), Step::Create);
        let step = decided(&two[1..], &unnamed, "x", Posting::Always);
        assert_eq!(step, Step::Update { id: CommentId::new(2), surplus: vec![] });
    }
}
