//! Options of `hubjobs emulator` that say where it listens and who gets in.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::values;
use crate::emulator::HubName;
use crate::emulator::auth::CustomPolicy;

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
