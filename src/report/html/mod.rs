//! A plan as one page of HTML that needs nothing else: no script, no font, no picture from anywhere.

mod chart;
mod effects;
mod page;
mod sections;

pub(super) use page::{hubs_html, plan_html};
