//! What the codes of a plan mean.

mod departures;
mod drift;
mod reasons;
mod rules;
