//! The numbers of the hub's rules, each tied to an entry of the table of facts.

use crate::emulator::state::moment::{MILLISECOND, SECOND};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr, $fact:literal;)+) => {
        $($(#[$doc])* pub const $name: $type = $value;)+

        /// Every rule: name of its constant, id of its fact.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $fact),)+];
    };
}
pub(in crate::emulator) use rules;

rules! {
    /// Longest job id, in characters.
    JOB_ID_LENGTH_MAX: usize = 64, "job-id-characters";
    /// How far ahead a job may start, in hours.
    START_AHEAD_HOURS_MAX: u64 = 168, "job-start-168-hours";
    /// Execution time of a job that names none, in seconds.
    EXECUTION_SECONDS_DEFAULT: u64 = 3_600, "job-execution-default";
    /// Longest execution time of a job, in seconds: 30 days.
    EXECUTION_SECONDS_MAX: u64 = 2_592_000, "job-execution-bounds";
    /// How long the hub remembers a job after its end, in days.
    HISTORY_DAYS: u64 = 30, "job-history-30-days";
    /// From creation until the hub has looked at a job, in ticks of 100 ns.
    QUEUED_TICKS: i64 = 200 * MILLISECOND, "job-timing";
    /// From the last device's result until a job is over, in ticks of 100 ns.
    FINISHING_TICKS: i64 = 200 * MILLISECOND, "job-timing";
    /// Most devices that jobs look at in one instant of 100 ns.
    DEVICES_PER_INSTANT_MAX: u32 = 4_096, "job-devices-per-instant";
    /// Longest query, in characters.
    QUERY_LENGTH_MAX: usize = 8_192, "query-length";

    /// Shortest response timeout of a direct method, in seconds.
    RESPONSE_TIMEOUT_MIN: u64 = 5, "method-timeouts";
    /// Longest response timeout of a direct method, in seconds.
    RESPONSE_TIMEOUT_MAX: u64 = 300, "method-timeouts";
    /// Response timeout of a direct method that names none, in seconds.
    RESPONSE_TIMEOUT_DEFAULT: u64 = 30, "method-timeouts";
    /// Largest payload of a direct method, in bytes of JSON.
    METHOD_PAYLOAD_BYTES_MAX: usize = 128 * 1_024, "method-payload-128-kb";
    /// Most direct calls that one connected device may have to answer at once.
    METHODS_IN_FLIGHT_MAX: usize = 16, "method-in-flight";
    /// Most subscriptions of one device.
    SUBSCRIPTIONS_MAX: usize = 5, "mqtt-subscriptions";
    /// Largest message of a device, in bytes with its properties.
    MESSAGE_BYTES_MAX: usize = 256 * 1_024, "message-256-kb";
    /// How many messages of devices are kept.
    MESSAGES_KEPT_MAX: usize = 10_000, "messages-kept";
    /// How many bytes of messages of devices are kept.
    MESSAGES_KEPT_BYTES_MAX: usize = 16 << 20, "messages-kept";
    /// How many messages one call reads at most.
    MESSAGES_READ_MAX: usize = 1_000, "messages-kept";
    /// Largest body of a request that the hub reads, in bytes.
    REQUEST_BYTES_MAX: usize = 256 * 1_024, "request-256-kb";
    /// Most objects and arrays inside each other in the body of a request or a device's message.
    BODY_DEPTH_MAX: usize = 64, "request-depth-64";

    /// Longest that a call is delayed before it is refused, in milliseconds.
    CALL_DELAY_MILLISECONDS_MAX: u64 = 3_200, "throttle-shaping";
    /// What a direct method is metered by, in bytes of payload.
    METHOD_BLOCK_BYTES: usize = 4 * 1_024, "throttle-rates";

    /// Largest tags, in bytes as the hub counts them.
    TAGS_BYTES_MAX: usize = 8 * 1_024, "twin-section-size";
    /// Largest desired or reported properties, in bytes as the hub counts them.
    PROPERTIES_BYTES_MAX: usize = 32 * 1_024, "twin-section-size";
    /// Longest name of a tag or property, in bytes.
    KEY_BYTES_MAX: usize = 1_024, "twin-key-length";
    /// Longest string in a twin, in bytes.
    STRING_BYTES_MAX: usize = 4_096, "twin-string-length";
    /// Smallest integer in a twin.
    INTEGER_MIN: i64 = -4_503_599_627_370_496, "twin-integer-range";
    /// Greatest integer in a twin.
    INTEGER_MAX: i64 = 4_503_599_627_370_495, "twin-integer-range";
    /// Most objects inside each other below tags, desired or reported.
    DEPTH_MAX: usize = 10, "twin-depth";

    /// Most items on one page of a query or list, and how many there are when none is named.
    PAGE_ITEMS_MAX: usize = 100, "page-size";
    /// Most identities in one list.
    IDENTITIES_LISTED_MAX: usize = 1_000, "registry-list-top";
    /// Most devices and modules of a hub.
    IDENTITIES_MAX: usize = 1_000_000, "registry-limit";
    /// Most devices and modules of a free hub.
    IDENTITIES_FREE_MAX: usize = 500, "registry-limit";
    /// Most modules of one device.
    MODULES_PER_DEVICE_MAX: usize = 50, "module-limit";
    /// Longest module id, in characters.
    MODULE_ID_LENGTH_MAX: usize = 128, "module-id";
    /// Most configurations of a hub.
    CONFIGURATIONS_MAX: usize = 100, "configuration-limit";
    /// Most configurations of a free hub.
    CONFIGURATIONS_FREE_MAX: usize = 10, "configuration-limit";
    /// Longest id of a configuration, in characters.
    CONFIGURATION_ID_LENGTH_MAX: usize = 128, "configuration-id";
    /// Most custom metrics of a configuration.
    CONFIGURATION_METRICS_MAX: usize = 5, "configuration-metrics";
    /// From the write of a configuration until the hub looks at it, in ticks of 100 ns.
    CONFIGURATION_SOON_TICKS: i64 = 5 * SECOND, "configuration-soon";
    /// Between two looks at all configurations, in ticks of 100 ns.
    CONFIGURATION_INTERVAL_TICKS: i64 = 300 * SECOND, "configuration-interval";
    /// Most identities in one bulk call.
    BULK_MAX: usize = 100, "registry-bulk-100";
    /// Shortest symmetric key, in bytes.
    SYMMETRIC_KEY_BYTES_MIN: usize = 16, "registry-key-length";
    /// Longest symmetric key, in bytes.
    SYMMETRIC_KEY_BYTES_MAX: usize = 64, "registry-key-length";
}

/// How long the hub remembers a job after its end, in ticks of 100 ns.
pub(super) const HISTORY_TICKS: i64 = HISTORY_DAYS.cast_signed() * 86_400 * SECOND;
