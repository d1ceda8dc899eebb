//! The HTTP skin: translates requests into events of the hub and its replies into responses. Keeps
//! no rule of the hub but those of the way there: versions, signatures, sizes, request throttles.

mod admin;
mod admin_events;
mod admin_faults;
mod device;
mod envelope;
mod mishaps;
mod past;
mod reply;
mod request;
mod route;
mod service;
mod throttle;

pub(super) use envelope::numbered_body;
pub(super) use mishaps::Mishaps;
pub(super) use service::{Service, router};
pub(super) use throttle::Throttles;
