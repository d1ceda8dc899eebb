//! The numbers of the device endpoint, each tied to an entry of the table of facts.

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr, $fact:literal;)+) => {
        $($(#[$doc])* pub const $name: $type = $value;)+

        /// Every rule: name of its constant, id of its fact.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $fact),)+];
    };
}

rules! {
    /// How long a device may take to send CONNECT, in seconds.
    CONNECT_SECONDS: u64 = 30, "mqtt-connect-time";
    /// How long a device may be silent at the most, in seconds.
    KEEP_ALIVE_SECONDS_MAX: u64 = 1_767, "mqtt-keep-alive";
    /// How long a device may take to read what it is sent, in seconds.
    WRITE_SECONDS: u64 = 30, "mqtt-slow-reader";
    /// How many messages a device may leave unread.
    UNREAD_MAX: usize = 256, "mqtt-slow-reader";
    /// How many bytes of frames a WebSocket holds back for a client that does not read, before it is closed.
    WEBSOCKET_UNSENT_BYTES_MAX: usize = 1 << 20, "mqtt-slow-reader";
    /// Longest packet behind its fixed header, in bytes: a message of 256 KB, topic and properties.
    PACKET_BYTES_MAX: usize = 256 * 1_024 + 16 * 1_024, "mqtt-packet-size";
}
