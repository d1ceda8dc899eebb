//! Facts that are not tried, and why.

use std::fmt;

/// Why a fact is not tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unprobed {
    /// Devices would have to do something.
    NeedsDevices,
    /// Identities, twins or configurations would be written.
    WritesRegistry,
    /// Somebody would have to connect as a device.
    NeedsDeviceConnection,
    /// Others would be slowed down, or the day's messages spent.
    WouldBurden,
    /// Hours or days would have to pass.
    TakesTooLong,
    /// A tier with more than one lane would be needed.
    NeedsLanes,
    /// Another policy, role or token would be needed.
    NeedsOtherCredentials,
    /// The emulator's own affair.
    OfTheEmulator,
    /// Nothing that a client sees would tell.
    NotVisible,
}

impl Unprobed {
    /// Stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeedsDevices => "needs-devices",
            Self::WritesRegistry => "writes-registry",
            Self::NeedsDeviceConnection => "needs-device-connection",
            Self::WouldBurden => "would-burden",
            Self::TakesTooLong => "takes-too-long",
            Self::NeedsLanes => "needs-lanes",
            Self::NeedsOtherCredentials => "needs-other-credentials",
            Self::OfTheEmulator => "of-the-emulator",
            Self::NotVisible => "not-visible",
        }
    }

    /// In words, behind "because ".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::NeedsDevices => "it takes devices that a job reaches",
            Self::WritesRegistry => "identities, twins or configurations would be written",
            Self::NeedsDeviceConnection => "it takes a connection as a device",
            Self::WouldBurden => "others who use the hub would be slowed down",
            Self::TakesTooLong => "it shows after hours or days only",
            Self::NeedsLanes => "it takes a tier with more than one lane",
            Self::NeedsOtherCredentials => "it takes other credentials",
            Self::OfTheEmulator => "it is about the emulator alone",
            Self::NotVisible => "no answer would tell for certain",
        }
    }

    /// Why that fact is not tried. A fact that no list names was to be tried, and its job could not be
    /// created.
    #[must_use]
    pub(super) fn of(fact: &str) -> Self {
        LISTS.iter().find(|(_, facts)| facts.contains(&fact)).map_or(Self::NotVisible, |(why, _)| *why)
    }
}

impl fmt::Display for Unprobed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Every fact that is not tried, or not always.
const LISTS: [(Unprobed, &[&str]); 9] = [
    // Tried where there are several.
    (Unprobed::NeedsLanes, &["job-list-order"]),
    (
        Unprobed::NeedsDevices,
        &[
            "job-etag",
            "job-target-selection",
            "job-index-lag",
            "job-place-of-deleted",
            "job-device-rate",
            "job-turns",
            "job-offline-method",
            "job-offline-free",
            "job-connect-timeout",
            "job-offline-twin",
            "job-device-answer",
            "job-device-silent",
            "job-device-errors",
            "job-deadline",
            "job-deadline-called",
            "record-shape",
            "record-outcome",
            "record-order",
            "record-module",
            "job-module-target",
            "module-query",
            "page-size",
            "query-order",
            "method-timeouts",
            "method-payload-128-kb",
            "method-offline",
            "method-connect-timeout",
            "method-in-flight",
            "method-unsubscribed",
            "method-gone",
            "method-deleted",
            "method-not-json",
            "method-silent",
            "purge-commands",
            "quota-job",
        ],
    ),
    (
        Unprobed::WritesRegistry,
        &[
            "registry-create-update",
            "registry-delete",
            "registry-keys",
            "registry-key-length",
            "registry-device-id",
            "registry-bulk-100",
            "registry-bulk-shape",
            "registry-thumbprints",
            "registry-bulk-twice",
            "registry-limit",
            "registry-scopes",
            "module-create-update",
            "module-envelope",
            "module-not-found",
            "module-parent-missing",
            "module-limit",
            "module-id",
            "module-gone-with-device",
            "module-edge",
            "configuration-create-update",
            "configuration-invalid",
            "configuration-immutable",
            "configuration-id",
            "configuration-metrics",
            "configuration-soon",
            "configuration-interval",
            "configuration-priority",
            "configuration-merge",
            "configuration-withdrawn",
            "configuration-status",
            "configuration-delete",
            "configuration-apply-content",
            "configuration-limit",
            "statistics",
            "argument-invalid",
            "twin-section-size",
            "twin-key-length",
            "twin-key-characters",
            "twin-string-length",
            "twin-integer-range",
            "twin-depth",
            "twin-null",
            "twin-limit-texts",
            "twin-merge",
            "twin-reserved-names",
            "twin-reported-ignored",
            "twin-empty-part",
            "twin-versions",
            "twin-etag",
            "twin-etag-match",
            "twin-metadata",
        ],
    ),
    (
        Unprobed::NeedsDeviceConnection,
        &[
            "device-token",
            "device-token-of-another",
            "device-x509",
            "device-refused",
            "mqtt-protocol",
            "mqtt-user-name",
            "mqtt-not-authorized",
            "mqtt-client-id-mismatch",
            "mqtt-one-connection",
            "mqtt-token-expiry",
            "mqtt-keep-alive",
            "mqtt-session-kept",
            "mqtt-subscriptions",
            "mqtt-subscribe-qos-2",
            "mqtt-deliver-qos-0",
            "mqtt-method-name",
            "mqtt-illegal-topic",
            "mqtt-retain",
            "mqtt-will",
            "mqtt-packet-size",
            "mqtt-second-connect",
            "mqtt-twin-request",
            "mqtt-reported-version",
            "mqtt-lost-connections",
            "mqtt-slow-reader",
            "mqtt-connect-time",
            "message-256-kb",
        ],
    ),
    (
        Unprobed::WouldBurden,
        &[
            "throttled",
            "throttle-rates",
            "throttle-shaping",
            "throttle-burst",
            "throttle-operation-type",
            "quota-messages",
            "quota-metered",
            "quota-free",
            "quota-exceeded",
            "quota-last",
            "tls-handshake-10-s",
            "http-request-patience",
            "http-keep-alive-120-s",
            "http-head-32-kb",
            "connections-cap",
        ],
    ),
    (Unprobed::TakesTooLong, &["job-history-30-days"]),
    (
        Unprobed::NeedsOtherCredentials,
        &[
            "sas-as-received",
            // Tried with the key of a policy.
            "sas-skew-300-s",
            "sas-resource",
            "policies-16",
            "policy-rights",
            "policy-rights-of-jobs",
            "bearer-tokens",
            "bearer-roles",
            "bearer-cancel",
            "principal-without-role",
        ],
    ),
    (
        Unprobed::OfTheEmulator,
        &[
            "job-timing",
            "job-devices-per-instant",
            "query-lenient",
            "emulator-failure",
            "durable-before-reply",
            "disk-full",
            "import-new-devices",
            "bearer-tokens-off",
            "device-x509-authority",
            "throttle-wall-time",
            "quota-simulated",
            "clock-virtual",
            "clock-wall",
            "clock-date-header",
            "clock-kept",
            "fault-429",
            "fault-5xx",
            "fault-reply-lost",
            "fault-reset",
            "fault-slow",
            "fault-stale",
            "fault-cancel-ignored",
            "fault-cancel-denied",
            "fault-empty-page",
            "fault-duplicate-page",
            "fault-clock",
            "fault-order",
            "fault-endpoint",
            "method-wall-time",
            "method-unknown-name",
            "method-by-hand",
            "mqtt-live-device",
            "messages-kept",
            "device-reports-desired",
            "device-disabled",
            "tls-certificate",
            "tls-client-certificate",
        ],
    ),
    (Unprobed::NotVisible, &["query-sums", "length-required", "tls-versions"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::emulator::facts;

    #[test]
    fn the_lists_name_facts_once() {
        let listed: Vec<_> = LISTS.iter().flat_map(|(_, facts)| facts.iter().copied()).collect();
        for fact in &listed {
            assert!(facts::fact(fact).is_some(), "{fact}");
        }
        assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), listed.len());
    }
}
