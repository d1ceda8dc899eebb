//! Which clock each behaviour follows.

use super::{Basis, Fact};

super::facts! {
    "clock-virtual", Assumed, "ours; a hub has the world's time",
        "Starts, deadlines, expiry, lanes, device rates, the daily quota and the devices follow the hub's own clock.";
    "clock-wall", Assumed, "official clients make tokens and wait by the machine's clock",
        "The expiry of tokens, the rates of calls, timeouts and scripted delays follow the machine's clock.";
    "clock-date-header", Assumed, "clients that compare it take the hub's time for now",
        "The Date header and all times in answers are the hub's.";
    "clock-kept", Assumed, "ours",
        "The clock is kept with the state and never runs backwards; in mode real it goes on while the emulator is off.";
}
