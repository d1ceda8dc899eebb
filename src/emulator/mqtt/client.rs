//! Who connects: client id and user name (reference 7.1).

use percent_encoding::percent_decode_str;

/// A device, or a module of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientId {
    /// The device.
    pub device: Box<str>,
    /// The module, if it is one.
    pub module: Option<Box<str>>,
}

impl ClientId {
    /// Reads `{device}` or `{device}/{module}`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (device, module) = match text.split_once('/') {
            Some((device, module)) => (device, Some(module)),
            None => (text, None),
        };
        let sound = !device.is_empty() && module.is_none_or(|module| !module.is_empty() && !module.contains('/'));
        sound.then(|| Self { device: device.into(), module: module.map(Into::into) })
    }
}

/// For logs: what a stranger sends cannot end a line there.
impl std::fmt::Display for ClientId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let device = self.device.escape_debug();
        match &self.module {
            Some(module) => write!(f, "{device}/{}", module.escape_debug()),
            None => write!(f, "{device}"),
        }
    }
}

/// The host of a user name, if the name is that of the client: `{host}/{client id}`, then `/?..`, `?..`,
/// `/api-version=..` or nothing.
pub(super) fn host_of<'a>(user_name: &'a str, client_id: &str) -> Option<&'a str> {
    let (host, rest) = user_name.split_once('/')?;
    // Before anything is split: an id may hold a question mark.
    let ends = |rest: &str| {
        matches!(rest, "" | "/") || ["?", "/?", "/api-version="].iter().any(|start| rest.starts_with(start))
    };
    if rest.strip_prefix(client_id).is_some_and(ends) {
        return Some(host);
    }
    let path = rest.split_once('?').map_or(rest, |(path, _)| path);
    let path = path.split_once("/api-version=").map_or(path, |(path, _)| path);
    let named = path.strip_suffix('/').unwrap_or(path);
    let is_own = named == client_id || percent_decode_str(named).decode_utf8().is_ok_and(|name| name == client_id);
    is_own.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_user_name() {
        for name in [
            "h.net/dev/?api-version=2021-04-12&DeviceClientType=x%2F1",
            "h.net/dev/api-version=2020-09-30",
            "h.net/dev?api-version=2018-06-30",
            "h.net/dev/",
            "h.net/dev",
            "h.net/d%65v/?api-version=2021-04-12&x=a/b?c",
        ] {
            assert_eq!(host_of(name, "dev"), Some("h.net"), "{name}");
        }
        assert_eq!(host_of("h.net/dev/mod/?api-version=2021-04-12", "dev/mod"), Some("h.net"));
        assert_eq!(host_of("h.net/a?b/?api-version=2021-04-12", "a?b"), Some("h.net"));
        assert_eq!(host_of("h.net/a?b?api-version=2021-04-12", "a?b"), Some("h.net"));
        assert_eq!(host_of("h.net/a%3Fb/?api-version=2021-04-12", "a?b"), Some("h.net"));
        for name in [
            "h.net/dev2",
            "h.net/dev/other",
            "h.net/devapi-version=1",
            "dev",
            "h.net/other/?api-version=2021-04-12",
            "h.net/dev/mod/?x",
            "",
            "/dev/x",
            "h.net//dev",
        ] {
            assert_eq!(host_of(name, "dev"), None, "{name}");
        }
    }

    #[test]
    fn client_ids() {
        assert_eq!(ClientId::parse("a").map(|id| id.to_string()).as_deref(), Some("a"));
        assert_eq!(ClientId::parse("a/b").map(|id| id.to_string()).as_deref(), Some("a/b"));
        assert_eq!(ClientId::parse("a\n\u{1b}").map(|id| id.to_string()).as_deref(), Some("a\\n\\u{1b}"));
        for text in ["", "/", "a/", "/b", "a/b/c"] {
            assert_eq!(ClientId::parse(text), None, "{text}");
        }
    }
}
