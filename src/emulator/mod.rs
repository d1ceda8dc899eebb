//! An IoT Hub in this process. [`state`] holds every rule and is pure; the skins around it speak
//! protocols and keep files. [`facts`] lists every behaviour as documented, observed or assumed.
//!
//! # For official clients
//!
//! In any folder, without a project too:
//!
//! ```sh
//! hubjobs emulator start --ca-out ca.pem    # prints HostName=localhost;SharedAccessKeyName=iothubowner;...
//! ```
//!
//! It serves HTTPS on port 443 and MQTT over TLS on 8883, since some SDKs know no other ports; where it may
//! not take them it takes others and says so. Tell your programs the connection string, and, in their shell,
//! to trust the authority that the emulator made at its first start:
//!
//! ```sh
//! export IOTHUB_CONNECTION_STRING='HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=...'
//! export REQUESTS_CA_BUNDLE=$PWD/ca.pem     # Python's service SDK, az
//! export NODE_EXTRA_CA_CERTS=$PWD/ca.pem    # Node, services and devices
//! export SSL_CERT_FILE=$PWD/ca.pem          # OpenSSL; devices in Python, if they do not name it
//! ```
//!
//! The first and the last replace the certificates that a program trusts, so keep them out of shells that
//! also call Azure. Then everything is as the Azure documentation says:
//!
//! ```python
//! registry = IoTHubRegistryManager.from_connection_string(os.environ["IOTHUB_CONNECTION_STRING"])
//! device = IoTHubDeviceClient.create_from_connection_string(   # websockets=True and X.509 work as well
//!     "HostName=localhost;DeviceId=lock-1;SharedAccessKey=...", server_verification_cert=open("ca.pem").read())
//! ```
//!
//! ```sh
//! az iot hub device-identity create -d lock-1 --login "$IOTHUB_CONNECTION_STRING"
//! az iot hub device-identity connection-string show -d lock-1 --login "$IOTHUB_CONNECTION_STRING"
//! hubjobs emulator events --follow          # what devices send
//! ```
//!
//! A hub without a project follows the machine's clock. That of the sample project is fast: it stands still
//! while other programs wait for their jobs, until `hubjobs emulator tick 1m`; `--clock real` lets it run.
//!
//! Methods and jobs reach connected devices; a device of a fleet does what the program does that connects
//! as it. AMQP, and with it messages to devices and az's `monitor-events`, is not served, nor are blobs.
//!
//! The emulator listens on this machine alone unless `--listen` says otherwise; `--name` adds host names.
//! Shared access policies have their real rights (`hubjobs emulator policies`, `--policy NAME=RIGHTS`);
//! bearer tokens of Entra are taken with `--entra-jwks FILE`.
//!
//! To back an emulator up, run `hubjobs emulator export hub.jsonl`, also while it is served; `hubjobs
//! emulator import hub.jsonl` begins the same hub elsewhere, and takes devices that `az iot hub
//! device-identity export` wrote. A copy of the state folder will do as well, if nothing serves it meanwhile.
//!
//! Start your own project with `hubjobs init`. The sample manifests are commented and teach the format;
//! an editor with yaml-language-server completes and explains every field from
//! [`schemas/manifest.schema.json`](schemas/manifest.schema.json).
//!
//! # Trouble on purpose
//!
//! `hubjobs emulator start --sku S1 --clock fast --clock-start 2031-05-01T08:00:00Z` imitates a hub of that
//! tier, at that time; rates, lanes and the daily quota of messages are those of the tier
//! (`hubjobs emulator status`), and `emulator tick 7d` or `--to TIME` moves its clock. Tokens and the rates
//! of calls follow the machine's clock, so that official clients work at any date of the hub.
//!
//! Fault scripts befall callers of the service API, from the command line (`--fault`, `--faults FILE`) or while
//! the hub runs (`hubjobs emulator faults list|add|load|clear`, or `/$hubjobs/faults` with the admin key):
//!
//! ```yaml
//! faults:
//!   - createJob: reply-lost x1            # carried out, and the connection closes without an answer
//!   - cancelJob: 429 x3                   # the first three
//!   - getJob(wave-*): stale every 2       # every second look shows the job as it was before
//!   - query: empty-page after 1 x1        # no items, but a continuation
//!   - "*: 503 committed 10% seed 7"       # one call in ten is carried out and refused
//! ```
//!
//! `hubjobs emulator faults --help` lists the kinds. Lines are asked in order; the first that applies befalls
//! the call, and those behind it do not see it.
//!
//! # In a test
//!
//! [`InProcessHub`] is the same hub without a protocol. Its clock stands still until it is moved:
//!
//! ```
//! use std::num::NonZeroU32;
//!
//! use hubjobs::emulator::{InProcessHub, state::HubOptions};
//! use hubjobs::model::{HubSize, Sku};
//!
//! let size = HubSize { sku: Sku::S1, units: NonZeroU32::MIN };
//! let hub = InProcessHub::new(HubOptions::new(size), "2026-12-01T08:00:00Z".parse()?);
//! hub.advance_to("2026-12-31T08:00:00Z".parse()?);
//! assert_eq!(hub.now().to_string(), "2026-12-31T08:00:00Z");
//! # Ok::<(), jiff::Error>(())
//! ```

pub mod facts;
pub mod faults;
pub mod mqtt;
pub mod state;

mod fleet;

mod in_process;

mod clock;
mod exchange;
mod live;
mod live_devices;
mod outbox;
mod saved;
mod store;

pub mod auth;
mod http;
mod names;
mod tls;
pub mod transport;

pub mod admin;
mod attach;
mod lease;
mod server;

pub use attach::{Attached, Session, attach, connect};
pub use exchange::{BadLines, ExchangeError, ExportForm, ExportKeys, ExportOptions, Imported, Replace, export, import};
pub use in_process::InProcessHub;
pub use names::{HubName, InvalidHubName};
pub use saved::read_state;
pub use server::{
    Emulator, EmulatorConfig, EmulatorError, Exposure, Ports, SNAPSHOT_AFTER, Served, Stopper, Unserved, host_name,
    policies,
};
pub use store::{StateDir, StoreError};
pub use tls::TlsError;
