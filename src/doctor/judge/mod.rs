//! PURE. What was seen, and what that means. Looking is for the rooms around this one.

mod call;
mod capacity;
mod rights;
mod route;

pub(super) use call::CallSeen;
pub(super) use capacity::{CapacitySeen, judge_lanes, judge_query_budget, judge_size};
pub(super) use rights::{Identity, RightsSeen, judge_credential, judge_rights, judge_sign_in};
pub(super) use route::{ClockSeen, DnsSeen, TcpSeen, TlsSeen, judge_clock, judge_dns, judge_tcp, judge_tls};
