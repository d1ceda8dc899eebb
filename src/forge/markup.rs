//! The text of a sticky comment: marker, what is shown, and which commit it is about.

use super::dialect::localise;
use super::kind::ForgeKind;
use super::marker::Marker;

/// Longest address that is linked to.
const URL_LEN_MAX: usize = 500;
/// Room for what joins the parts.
const SLACK: usize = 64;
/// Attempts to come within the limit; each is in proportion, so that the second is nearly always enough.
const ATTEMPTS_MAX: usize = 4;

/// The last lines: commit, run of the pipeline, and where the whole plan is. An address that is none is
/// left out.
#[must_use]
pub fn foot_of(commit: Option<&str>, run_url: Option<&str>, details_url: Option<&str>) -> String {
    let link =
        |words: &str, url: Option<&str>| url.filter(|url| is_plain_url(url)).map(|url| format!("[{words}]({url})"));
    let commit = commit.map(|commit| format!("For commit `{}`", commit.chars().take(12).collect::<String>()));
    let parts = [commit, link("pipeline run", run_url), link("the whole plan", details_url)];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("\n{}\n", parts.join(" · ")) }
}

/// An address that ends no link and holds nothing but itself.
fn is_plain_url(url: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#@!$&*+,;=%".contains(&b);
    let scheme = url.starts_with("https://") || url.starts_with("http://");
    scheme && url.len() <= URL_LEN_MAX && url.bytes().all(plain)
}

/// The whole comment, within what the forge takes. `render` writes the part between marker and foot in at
/// most so many bytes, and leaves out whole blocks; it may go beyond only when there is no room for a
/// verdict, and then the forge will say so.
#[must_use]
pub fn body_of(kind: ForgeKind, marker: &Marker, foot: &str, mut render: impl FnMut(usize) -> String) -> String {
    let head = marker.line(kind);
    let room = kind.len_max().saturating_sub(head.len() + foot.len() + SLACK);
    let mut len = room;
    let mut shown = localise(kind, &render(len));
    for _ in 0..ATTEMPTS_MAX {
        if shown.len() <= room {
            break;
        }
        // The dialect wrote some of it in more bytes: as much less is asked for.
        len = (len / (shown.len() / 64 + 1) * (room / 64)).saturating_sub(64);
        shown = localise(kind, &render(len));
    }
    format!("{head}\n\n{shown}{}", localise(kind, foot))
}
