//! Sockets: accepting connections, TLS, how many there may be and how long they may idle. Knows no
//! hub; what is spoken on a connection is the affair of who listens.

mod accept;
mod activity;
mod cut;
mod gate;
pub mod limits;
mod link;
mod open_files;
mod speak_http;

pub(super) use accept::accept;
pub(super) use cut::Cut;
pub(super) use gate::Gate;
pub(super) use link::Link;
pub use open_files::{OpenFiles, raise_open_files};
pub(super) use speak_http::speak_http;
