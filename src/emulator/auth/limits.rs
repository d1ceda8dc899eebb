//! The numbers of authentication, each tied to an entry of the table of facts.

use crate::emulator::state::rules::rules;

rules! {
    /// How long a token is still taken after it expired, for clocks that go wrong, in seconds.
    SKEW_SECONDS: i64 = 300, "sas-skew-300-s";
    /// Most shared access policies of a hub.
    POLICIES_MAX: usize = 16, "policies-16";
    /// Most of them that allow ServiceConnect.
    SERVICE_POLICIES_MAX: usize = 10, "policies-16";
}
