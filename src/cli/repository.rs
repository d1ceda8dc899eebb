//! What git says of the repository that a project is in. Only files are read, no program is run.

use std::fs;
use std::path::{Path, PathBuf};

/// A repository, as far as its folder tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repository {
    /// `owner/name` at the forge, of `origin`.
    pub(super) slug: Option<String>,
    /// `https://gitlab.com`, of `origin`.
    pub(super) server: Option<String>,
    /// Default branch; `main` unless `origin` says otherwise.
    pub(super) branch: String,
}

/// The top of the repository that a folder is in.
#[must_use]
pub(super) fn top(dir: &Path) -> Option<PathBuf> {
    let full = dir.canonicalize().ok()?;
    full.ancestors().find(|above| above.join(".git").exists()).map(Path::to_owned)
}

impl Repository {
    /// Reads what is known of the repository at this top.
    #[must_use]
    pub(super) fn read(top: Option<&Path>) -> Self {
        let git = top.map(|top| top.join(".git"));
        let read = |name: &str| fs::read_to_string(git.as_ref()?.join(name)).ok();
        let origin = read("config").as_deref().and_then(origin).map(str::to_owned);
        let (server, slug) = origin.as_deref().and_then(place).unzip();
        let head = read("refs/remotes/origin/HEAD");
        let branch = head.as_deref().and_then(|head| head.trim().strip_prefix("ref: refs/remotes/origin/"));
        Self { slug, server, branch: branch.filter(|name| is_plain(name)).unwrap_or("main").to_owned() }
    }
}

/// The address of `origin` in the text of a configuration of git.
fn origin(config: &str) -> Option<&str> {
    let mut is_origin = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            is_origin = line == "[remote \"origin\"]";
        } else if let (true, Some((key, value))) = (is_origin, line.split_once('='))
            && key.trim() == "url"
        {
            return Some(value.trim());
        }
    }
    None
}

/// Server and path of an address: `https://host/owner/name.git`, `git@host:owner/name.git`,
/// `ssh://git@host/owner/name`. What it says goes into lines that people type, so it has plain characters or none.
fn place(url: &str) -> Option<(String, String)> {
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        None => url.split_once(':')?,
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_fine = is_plain(host) && path.contains('/') && is_plain(path);
    is_fine.then(|| (format!("https://{host}"), path.to_owned()))
}

fn is_plain(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_form() {
        for url in [
            "https://github.com/acme/buildings.git",
            "https://user:secret@github.com/acme/buildings",
            "git@github.com:acme/buildings.git",
            "ssh://git@github.com/acme/buildings/",
        ] {
            let found = place(url);
            assert_eq!(found, Some(("https://github.com".to_owned(), "acme/buildings".to_owned())), "{url}");
        }
        for url in ["/srv/git/buildings.git", "https://github.com/acme", "git@github.com:$(reboot)/x", "C:\\git\\x"] {
            assert_eq!(place(url), None, "{url}");
        }
    }

    #[test]
    fn only_origin_counts() {
        let config =
            "[core]\n\tbare = false\n[remote \"fork\"]\n\turl = a\n[remote \"origin\"]\n\tfetch = x\n\turl = b\n";
        assert_eq!(origin(config), Some("b"));
        assert_eq!(origin("[remote \"fork\"]\n\turl = a\n"), None);
    }

    #[test]
    fn a_folder_without_git_has_defaults() {
        let repository = Repository::read(None);
        assert_eq!(repository, Repository { slug: None, server: None, branch: "main".to_owned() });
    }
}
