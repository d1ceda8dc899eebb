//! A text of limited length, made of whole items.

use std::fmt::Write as _;

use crate::report::when::grouped;

/// Room for what a section says of the items that it leaves out.
const NOTE_LEN_MAX: usize = 80;
/// With less room than this no section is begun or gone on with.
const ROOM_LEN_MIN: usize = 256;
/// Room for the list of all that was left out.
const LEFT_OUT_LEN_MAX: usize = 600;

/// Items of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    /// What comes before the first item.
    pub(super) opening: &'static str,
    /// What comes after the last.
    pub(super) closing: &'static str,
    /// What several of the items are called.
    pub(super) noun: &'static str,
    /// The most that it takes of the room that is left, in percent.
    pub(super) share: usize,
}

/// A text that grows up to a limit.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    foot: String,
    room: usize,
    left_out: Vec<String>,
}

impl Page {
    /// A page of at most so many bytes, which begins and ends with these.
    pub(super) fn new(len_max: usize, top: String, foot: String) -> Self {
        let room = len_max.saturating_sub(top.len() + foot.len() + LEFT_OUT_LEN_MAX);
        Self { text: top, foot, room, left_out: Vec::new() }
    }

    /// Adds as many items as there is room for.
    pub(super) fn section(&mut self, section: Section, items: impl Iterator<Item = String>) {
        let frame = section.opening.len() + section.closing.len() + NOTE_LEN_MAX;
        let mut room = (self.room * section.share / 100).saturating_sub(frame);
        let (mut body, mut omitted) = (String::new(), 0_u64);
        for item in items {
            if room < ROOM_LEN_MIN || item.len() > room {
                omitted += 1;
            } else {
                room -= item.len();
                body.push_str(&item);
            }
        }
        if omitted > 0 {
            self.left_out.push(format!("{} {}", grouped(omitted), section.noun));
        }
        if body.is_empty() {
            return;
        }
        let before = self.text.len();
        self.text.push_str(section.opening);
        self.text.push_str(&body);
        self.text.push_str(section.closing);
        if omitted > 0 {
            // Writing into a string cannot fail.
            let _ = write!(self.text, "\n… and {} more {}.\n", grouped(omitted), section.noun);
        }
        self.room = self.room.saturating_sub(self.text.len() - before);
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        let Self { mut text, foot, left_out, .. } = self;
        if !left_out.is_empty() {
            let list = left_out.join(", ");
            let _ = write!(
                text,
                "\n> **Left out, for this comment has no more room:** {list}. Those that reach the most devices are \
                 shown. `-o html` and `-o json` have everything.\n"
            );
        }
        text.push_str(&foot);
        text
    }
}
