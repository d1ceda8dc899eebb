//! `Project`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::Timestamp;

use super::super::project_file::ProjectFile;
use super::super::raw;
use super::context::{At, Lowering};
use super::duration::Bounds;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::{
    ClockMode, EmulatorClock, EmulatorHub, Environment, EnvironmentName, Hub, HubSize, InvalidName, OwnerId, OwnerSlug,
    Project, PrunePolicy, RemoteHub, Schedule, Seconds, Sku,
};

const LOOKAHEAD: Bounds = Bounds { min: Seconds::ZERO, max: Schedule::LOOKAHEAD_MAX, default: Seconds::HOUR };

/// Lowers a project.
pub(in crate::validate) fn project(cx: &mut Lowering<'_>, raw: &raw::Project<'_>) -> Option<ProjectFile> {
    let raw::Project { metadata, spec, .. } = raw;
    let name = metadata.as_ref().and_then(|raw::Metadata { name }| *name);
    let at = At::ROOT.field("spec");
    let raw::ProjectSpec { owner_id, owner, manifests, environments } = spec.as_ref()?;
    let owner_id_at = at.field("ownerId");
    let owner_id = owner_id.and_then(|text| {
        cx.named(&owner_id_at, OwnerId::new(text), "`hubjobs init` makes one; never copy it from another repository")
    });
    let owner_help = "write 1 to 5 of a-z and 0-9, such as `bldg`";
    let owner = owner.and_then(|text| cx.named(&at.field("owner"), OwnerSlug::new(text), owner_help));
    let manifests = manifests.as_deref().map(|patterns| cx.patterns(&at.field("manifests"), patterns));
    let environments_at = at.field("environments");
    let environments_raw = environments.as_ref()?;
    let environments = cx.environments(&environments_at, environments_raw);
    let overlays = cx.overlays(&environments_at, environments_raw);
    let (environments, overlays, manifests) = (environments?, overlays?, manifests?);
    let fleet = |environment: &Environment| match &environment.hub {
        Hub::Emulator(EmulatorHub { fleet: Some(_), .. }) => {
            let at = environments_at.field(environment.name.as_str());
            let place = |hub: &At<'_>| cx.value_span(&hub.field("emulator").field("fleet"));
            let place = match &environment.hub_name {
                None => place(&at.field("hub")),
                Some(name) => place(&at.field("hubs").field(name.as_str())),
            };
            Some(((environment.name.clone(), environment.hub_name.clone()), place))
        }
        _ => None,
    };
    let fleets = environments.values().flatten().filter_map(fleet).collect();
    let project = Project {
        name: name?.to_owned(),
        owner_id: owner_id?,
        owner: owner?,
        manifests: manifests.iter().map(|(text, _)| text.clone()).collect(),
        environments,
    };
    Some(ProjectFile { project, manifests, fleets, overlays })
}

impl Lowering<'_> {
    fn named<T>(&mut self, at: &At<'_>, name: Result<T, InvalidName>, help: &str) -> Option<T> {
        match name {
            Ok(name) => Some(name),
            Err(why) => {
                self.report(at, |span| {
                    Diagnostic::error(Code::InvalidName, span, why.to_string()).label("not allowed here").help(help)
                });
                None
            }
        }
    }

    fn patterns(&self, at: &At<'_>, patterns: &[&str]) -> Vec<(String, Span)> {
        let place = |(index, text): (usize, &&str)| ((*text).to_owned(), self.value_span(&at.item(index)));
        patterns.iter().enumerate().map(place).collect()
    }

    fn environments(
        &mut self,
        at: &At<'_>,
        raw: &BTreeMap<&str, raw::Environment<'_>>,
    ) -> Option<BTreeMap<EnvironmentName, Vec<Environment>>> {
        if raw.is_empty() {
            self.report_key(at, |span| {
                Diagnostic::error(Code::MissingField, span, "a project needs at least one environment")
                    .label("empty")
                    .help("add one: `local: {hub: {emulator: {}}, prune: cancelScheduled}`")
            });
        }
        let lowered: Vec<_> = raw.iter().map(|(name, raw)| self.environment(&at.field(name), name, raw)).collect();
        let lowered = lowered.into_iter().collect::<Option<Vec<_>>>()?;
        let named = |hubs: Vec<Environment>| Some((hubs.first()?.name.clone(), hubs));
        (!lowered.is_empty()).then(|| lowered.into_iter().filter_map(named).collect())
    }

    /// Lowers an environment: once for each of its hubs.
    fn environment(&mut self, at: &At<'_>, name: &str, raw: &raw::Environment<'_>) -> Option<Vec<Environment>> {
        // Hubs, variables and patches have files of their own.
        let raw::Environment { prune, lookahead, safety, require_signed_plan, .. } = raw;
        let name = match EnvironmentName::new(name) {
            Ok(name) => Some(name),
            Err(why) => {
                self.report_key(at, |span| {
                    Diagnostic::error(Code::InvalidName, span, why.to_string())
                        .label("not allowed here")
                        .help("write 1 to 32 of a-z, 0-9 and inner `-`, such as `prod`")
                });
                None
            }
        };
        let hubs = self.hubs(at, raw);
        let lookahead = self.duration(&at.field("lookahead"), *lookahead, &LOOKAHEAD);
        let prune = prune.map(|prune| match prune {
            raw::Prune::Never => PrunePolicy::Never,
            raw::Prune::CancelScheduled => PrunePolicy::CancelScheduled,
        });
        let safety = self.safety(&at.field("safety"), safety.as_ref());
        let (name, prune, lookahead, safety) = (name?, prune?, lookahead?, safety?);
        let on_hub = |(hub_name, hub)| Environment {
            name: name.clone(),
            hub_name,
            hub,
            prune,
            lookahead,
            safety: safety.clone(),
            require_signed_plan: require_signed_plan.unwrap_or_default(),
        };
        Some(hubs?.into_iter().map(on_hub).collect())
    }

    pub(super) fn hub(&mut self, at: &At<'_>, raw: &raw::Hub<'_>) -> Option<Hub> {
        let raw::Hub { emulator, host_name, auth, sku, units } = raw;
        let Some(emulator) = emulator else {
            let host_name = host_name.and_then(|text| self.host_name(&at.field("hostName"), text));
            let auth = auth.as_ref().and_then(|auth| self.auth(&at.field("auth"), auth));
            let size = HubSize { sku: model_sku((*sku)?), units: model_units(*units)? };
            let (host_name, port) = host_name?;
            return Some(Hub::Remote(RemoteHub { host_name, port, auth: auth?, size }));
        };
        self.only_emulator(at)?;
        let raw::Emulator { fleet, sku, units, clock } = emulator;
        let size = HubSize { sku: sku.map_or(Sku::S1, model_sku), units: model_units(*units)? };
        let clock = match clock {
            Some(clock) => self.clock(&at.field("emulator").field("clock"), clock)?,
            None => EmulatorClock { start: None, mode: ClockMode::Real },
        };
        Some(Hub::Emulator(EmulatorHub { fleet: fleet.map(str::to_owned), size, clock }))
    }

    /// The emulator has a tier of its own; fields of a remote hub beside it are a half-made change.
    fn only_emulator(&mut self, at: &At<'_>) -> Option<()> {
        let map = self.find(at)?.value.as_object()?;
        let Some(other) = map.keys().find(|key| *key != "emulator").cloned() else { return Some(()) };
        let emulator = self.key_span(&at.field("emulator"));
        self.report_key(&at.field(&other), |span| {
            Diagnostic::error(Code::ExactlyOneOf, span, format!("`{other}` does not go with `emulator`"))
                .label("belongs to an IoT Hub")
                .also(emulator, "the emulator")
                .help("remove one of them; `sku` and `units` of the emulator stand inside `emulator`")
        });
        None
    }

    /// A host name, and a port if one stands behind it: IoT Hub has none, emulators and gateways do.
    fn host_name(&mut self, at: &At<'_>, text: &str) -> Option<(String, Option<u16>)> {
        let (host, port) = match text.split_once(':') {
            Some((host, digits)) => (host, digits.parse().ok().filter(|port| *port != 0).map(Some)),
            None => (text, Some(None)),
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let is_complete = host.contains('.') || (host == "localhost" && port != Some(None));
        if let Some(port) = port
            && is_complete
            && host.chars().all(is_host)
            && !host.starts_with('.')
            && !host.ends_with('.')
        {
            return Some((host.to_owned(), port));
        }
        // People paste URLs and connection strings.
        let bare = text.trim_start_matches("https://").trim_start_matches("HostName=");
        let help = match bare.split(['/', ';', ':']).next() {
            Some(host) if host.contains('.') => format!("write `{host}`"),
            _ => "write it like `contoso.azure-devices.net`".to_owned(),
        };
        self.report(at, |span| {
            Diagnostic::error(Code::InvalidValue, span, format!("`{text}` is not a host name"))
                .label("a host name has no scheme and no path")
                .help(help)
        });
        None
    }

    fn clock(&mut self, at: &At<'_>, raw: &raw::Clock<'_>) -> Option<EmulatorClock> {
        let raw::Clock { start, mode } = raw;
        let start = match start.map(str::parse::<Timestamp>) {
            None => None,
            Some(Ok(start)) => Some(start),
            Some(Err(_)) => {
                self.report(&at.field("start"), |span| {
                    Diagnostic::error(Code::InvalidTime, span, "the clock's start is not a time with an offset")
                        .label("not an instant")
                        .help("write it like `2026-12-01T08:00:00Z`")
                });
                return None;
            }
        };
        let mode = match mode {
            Some(raw::ClockMode::Fast) => ClockMode::Fast,
            Some(raw::ClockMode::Real) | None => ClockMode::Real,
        };
        Some(EmulatorClock { start, mode })
    }
}

const fn model_sku(sku: raw::Sku) -> Sku {
    match sku {
        raw::Sku::F1 => Sku::F1,
        raw::Sku::S1 => Sku::S1,
        raw::Sku::S2 => Sku::S2,
        raw::Sku::S3 => Sku::S3,
    }
}

/// The schema holds the number within 1 to 200.
fn model_units(units: Option<raw::Whole>) -> Option<NonZeroU32> {
    let raw::Whole(units) = units.unwrap_or(raw::Whole(1));
    u32::try_from(units).ok().and_then(NonZeroU32::new)
}
