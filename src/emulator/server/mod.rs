//! Opening an emulator, serving it, stopping it; or finding the process that serves it already.

mod exposure;
mod running;
mod served;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::admin::{AdminClient, AdminError};
use super::faults::FaultSpec;
use super::http::{Mishaps, Service, Throttles};
