//! The one hub of an environment, or its several.

use std::collections::HashMap;

use super::super::raw;
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Hub, HubName};

impl Lowering<'_> {
    /// Lowers `hub` or `hubs`, of which there is exactly one. Several hubs have names, and come in the
    /// order of those.
    pub(super) fn hubs(&mut self, at: &At<'_>, raw: &raw::Environment<'_>) -> Option<Vec<(Option<HubName>, Hub)>> {
        let raw::Environment { hub, hubs, .. } = raw;
        let form = self.exactly_one_of(at, &["hub", "hubs"], "hub: {emulator: {}}")?;
        if form == "hub" {
            let hub = hub.as_ref().and_then(|hub| self.hub(&at.field("hub"), hub))?;
            return Some(vec![(None, hub)]);
        }
        let (at, hubs) = (at.field("hubs"), hubs.as_ref()?);
        if hubs.is_empty() {
            self.report_key(&at, |span| {
                Diagnostic::error(Code::MissingField, span, "`hubs` names no hub")
                    .label("empty")
                    .help("add one: `eu: {emulator: {}}`")
            });
        }
        let lowered: Vec<_> = hubs.iter().map(|(name, raw)| self.named_hub(&at.field(name), name, raw)).collect();
        self.check_hosts(&at, hubs);
        lowered.into_iter().collect::<Option<Vec<_>>>().filter(|hubs| !hubs.is_empty())
    }

    fn named_hub(&mut self, at: &At<'_>, name: &str, raw: &raw::Hub<'_>) -> Option<(Option<HubName>, Hub)> {
        let hub = self.hub(at, raw);
        match HubName::new(name) {
            Ok(name) => Some((Some(name), hub?)),
            Err(why) => {
                self.report_key(at, |span| {
                    Diagnostic::error(Code::InvalidName, span, why.to_string())
                        .label("not allowed here")
                        .help("write 1 to 32 of a-z, 0-9 and inner `-`, such as `eu`")
                });
                None
            }
        }
    }

    /// One hub under two names would have every job planned twice.
    fn check_hosts(&mut self, at: &At<'_>, hubs: &std::collections::BTreeMap<&str, raw::Hub<'_>>) {
        let mut first_use = HashMap::new();
        for (name, host) in hubs.iter().filter_map(|(name, hub)| Some((*name, hub.host_name?))) {
            let Some(first) = first_use.insert(host.to_ascii_lowercase(), name) else { continue };
            let first = self.value_span(&at.field(first).field("hostName"));
            self.report(&at.field(name).field("hostName"), |span| {
                Diagnostic::error(Code::DuplicateHub, span, format!("the hub `{host}` is listed twice"))
                    .label("second time")
                    .also(first, "first time")
                    .help("remove one of them")
            });
        }
    }
}
