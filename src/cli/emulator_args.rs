//! Options of `hubjobs emulator`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::args::seconds;
use super::fidelity_args::FidelityArgs;
use super::values;
use crate::emulator::auth::CustomPolicy;
use crate::emulator::{HubName, SNAPSHOT_AFTER};
use crate::model::Seconds;

/// Where `hubjobs emulator start` listens.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Listening")]
pub(super) struct ListenArgs {
    /// Port of HTTPS [default: 443, else 8443 or any free one, with a note]
    #[arg(long, value_name = "PORT", value_parser = values::port)]
    pub(super) https_port: Option<u16>,
    /// Port of MQTT over TLS [default: 8883, else any free one, with a note]
    #[arg(long, value_name = "PORT", value_parser = values::port)]
    pub(super) mqtt_port: Option<u16>,
    /// Port of plain HTTP, on 127.0.0.1 for this program's own commands [default: any free one]
    #[arg(long, value_name = "PORT", alias = "port", value_parser = values::port, default_value = "0", hide_default_value = true)]
    pub(super) http_port: u16,
    /// Address for HTTPS and MQTT; any but a loopback one lets others in
    #[arg(long, value_name = "ADDRESS", value_parser = values::address, default_value = "127.0.0.1")]
    pub(super) listen: IpAddr,
    /// A further name of the hub, in its certificate and in tokens; may be given more than once
    #[arg(long = "name", value_name = "HOST")]
    pub(super) names: Vec<HubName>,
    /// Write the certificate that clients must trust to this file, too
    #[arg(long, value_name = "FILE")]
    pub(super) ca_out: Option<PathBuf>,
}

/// Whom `hubjobs emulator start` lets in.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Access")]
pub(super) struct AccessArgs {
    /// Add a shared access policy, such as `jobs=RegistryWrite,ServiceConnect`; it is kept
    #[arg(long = "policy", value_name = "NAME=RIGHTS")]
    pub(super) policies: Vec<CustomPolicy>,
    /// Take bearer tokens of Entra that a key in this JSON Web Key Set signed
    #[arg(long, value_name = "FILE")]
    pub(super) entra_jwks: Option<PathBuf>,
    /// Issuer of those tokens [default: any tenant of Entra]
    #[arg(long, value_name = "URL", requires = "entra_jwks")]
    pub(super) entra_issuer: Option<String>,
    /// Audience of those tokens; may be given more than once [default: `https://iothubs.azure.net`]
    #[arg(long, value_name = "AUDIENCE", requires = "entra_jwks")]
    pub(super) entra_audience: Vec<String>,
    /// Let tokens expire by the hub's clock instead of the machine's
    #[arg(long)]
    pub(super) virtual_token_time: bool,
}

/// `hubjobs emulator policies`.
#[derive(Debug, Args)]
pub(super) struct EmulatorPoliciesArgs {
    /// Print the connection string of each policy: a secret
    #[arg(long)]
    pub(super) show_keys: bool,
}

/// `hubjobs emulator export`.
#[derive(Debug, Args)]
#[command(after_help = "An export holds the keys of devices and policies, so its file is for its owner alone.

Examples:
  hubjobs emulator export hub.jsonl            everything; `import` gives the same hub
  hubjobs emulator export --devices d.txt      devices, as `az iot hub device-identity export` does")]
pub(super) struct EmulatorExportArgs {
    /// File to write [default: stdout]
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Only devices and modules, in the form of `az iot hub device-identity export`
    #[arg(long)]
    pub(super) devices: bool,
    /// Leave keys out; an import makes new ones
    #[arg(long)]
    pub(super) without_keys: bool,
}

/// `hubjobs emulator import`.
#[derive(Debug, Args)]
pub(super) struct EmulatorImportArgs {
    /// File to read; its first line says which form it has
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Put it in place of the state that is there, of which a copy is kept
    #[arg(long)]
    pub(super) replace: bool,
}

/// `hubjobs emulator start`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs emulator start --ca-out ca.pem            for Azure SDKs and az; prints a connection string
  hubjobs emulator start --sku S1 --clock fast      one lane; time passes while somebody waits
  hubjobs emulator start --fault 'createJob: reply-lost x1'

Programs trust ca.pem when it is in REQUESTS_CA_BUNDLE (services in Python, az), NODE_EXTRA_CA_CERTS
(Node) or SSL_CERT_FILE (OpenSSL, devices in Python). Keep the first and the last out of shells that
also call Azure: they replace the certificates that a program trusts.")]
pub(super) struct EmulatorStartArgs {
    /// Where it listens.
    #[command(flatten)]
    pub(super) listen: ListenArgs,
    /// Who gets in.
    #[command(flatten)]
    pub(super) access: AccessArgs,
    /// What it imitates.
    #[command(flatten)]
    pub(super) fidelity: FidelityArgs,
    /// Do not throttle requests
    #[arg(long)]
    pub(super) no_throttles: bool,
    /// Do not limit how many jobs may be active
    #[arg(long)]
    pub(super) no_lanes: bool,
    /// How long queries and job conditions do not see a write, such as `5s`
    #[arg(long, value_name = "DURATION", value_parser = seconds, default_value = "0s", hide_default_value = true)]
    pub(super) consistency_lag: Seconds,
    /// Bytes of journal after which a snapshot is written; small ones serve tests
    #[arg(long, value_name = "BYTES", default_value_t = SNAPSHOT_AFTER, hide = true)]
    pub(super) snapshot_after: u64,
}
