//! `hubjobs emulator start`.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::chosen;
use super::fidelity::{imitate, note_clock, script};
use super::listen::{Protocol, bind};
use crate::cli::emulator_args::AccessArgs;
use crate::cli::emulator_args::EmulatorStartArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, trouble};
use crate::cli::session::Session;
use crate::emulator::auth::{Entra, TokenTime};
use crate::emulator::state::{Fidelity, Lanes, Throttling};
use crate::emulator::transport::{OpenFiles, raise_open_files};
use crate::emulator::{Emulator, EmulatorConfig, EmulatorError, Exposure, Served, attach};
use crate::report::{FORMAT_VERSION, json_text};

/// Ports that are not written into an address.
const HTTPS_PORT: u16 = 443;

/// Serves the emulator until Ctrl-C.
///
/// # Errors
/// When the project is invalid, its environment is no emulator, or the emulator fails.
pub(in crate::cli) async fn start(args: &EmulatorStartArgs, session: &Session) -> Result<Exit, Failure> {
    let throttling = if args.no_throttles { Throttling::Off } else { Throttling::On };
    let lanes = if args.no_lanes { Lanes::Off } else { Lanes::On };
    let fidelity = Fidelity { throttling, lanes, consistency_lag: args.consistency_lag, ..Fidelity::default() };
    let (dir, config) = chosen(session, fidelity)?;
    let config = EmulatorConfig { snapshot_after: args.snapshot_after, ..config };
    let config = imitate(&args.fidelity, config, session);
    let script = script(&args.fidelity, session)?;
    if !session.has_project() {
        session.terminal.note("no project here: a new hub begins without devices");
    }
    if let Some(other) = attach(&dir).await? {
        let address = other.address();
        other.leave().await;
        return Err(Failure::ServedAlready(address));
    }
    let exposure = expose(args, session).await?;
    let opened = tokio::task::spawn_blocking(move || Emulator::open(&dir, &config)).await.map_err(Failure::Thread)?;
    let served = opened?.with_faults(script).serve_on(exposure).await?;
    if let (Some(copy), Some(authority)) = (&args.listen.ca_out, served.authority()) {
        // Not a copy of the file: that would be for its owner alone, and clients may be others.
        let written = fs::read(authority).and_then(|pem| fs::write(copy, pem));
        written.map_err(|source| Failure::Write { path: copy.clone(), source })?;
    }
    announce(&served, args.listen.ca_out.as_deref(), session);
    note_clock(&args.fidelity, &served, session).await?;
    until_stopped(served, session).await?;
    Ok(Exit::Done)
}

/// Takes the ports, and says what is special about them.
async fn expose(args: &EmulatorStartArgs, session: &Session) -> Result<Exposure, Failure> {
    let terminal = &session.terminal;
    if let OpenFiles::Limited { limit, wanted } = raise_open_files() {
        terminal.note(&format!(
            "the system allows {limit} open files, and so about as many connections; `ulimit -n {wanted}` raises it"
        ));
    }
    let listen = &args.listen;
    if !listen.listen.is_loopback() {
        terminal.warn(&format!(
            "HTTPS and MQTT listen on {}: whoever reaches this machine{} controls this hub",
            listen.listen,
            // A lenient hub takes bearer tokens of anybody.
            if args.fidelity.lenient { "" } else { " and has a key" }
        ));
    }
    let https = bind(Protocol::Https, listen.listen, listen.https_port).await?;
    let mqtt = bind(Protocol::Mqtt, listen.listen, listen.mqtt_port).await?;
    let http = bind_http(listen.http_port).await?;
    for note in [&https.note, &mqtt.note].into_iter().flatten() {
        terminal.note(note);
    }
    let token_time = if args.access.virtual_token_time { TokenTime::Virtual } else { TokenTime::Wall };
    Ok(Exposure {
        https: https.listeners,
        mqtt: mqtt.listeners,
        names: listen.names.clone(),
        token_time,
        policies: args.access.policies.clone(),
        entra: entra(&args.access)?,
        ..Exposure::plain(http)
    })
}

/// Plain HTTP is for this machine alone, whatever else listens where.
async fn bind_http(port: u16) -> Result<TcpListener, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| Failure::Listen { protocol: Protocol::Http, address, source })
}

fn entra(access: &AccessArgs) -> Result<Option<Entra>, Failure> {
    let Some(path) = &access.entra_jwks else { return Ok(None) };
    let unusable = |reason| Failure::Jwks { path: path.clone(), reason };
    let jwks = fs::read_to_string(path).map_err(|error| unusable(trouble(&error)))?;
    let entra = Entra::new(&jwks, access.entra_issuer.clone(), access.entra_audience.clone());
    entra.map(Some).map_err(|error| unusable(error.to_string()))
}

/// Says where it is, and what a client needs. The connection string alone is the result.
fn announce(served: &Served, ca_out: Option<&Path>, session: &Session) {
    let terminal = &session.terminal;
    let secret = served.secure_connection_string().unwrap_or_else(|| served.connection_string());
    let authority = ca_out.or_else(|| served.authority()).map(absolute);
    let (https, mqtt) = (url(served, Protocol::Https), url(served, Protocol::Mqtt));
    terminal.note(&format!("serving {https} and {mqtt}; Ctrl-C ends it"));
    terminal.note(&format!("also http://{}, for commands on this machine", served.address()));
    if let Some(path) = &authority {
        terminal.note(&format!(
            "clients must trust its certificate, by these variables or their own means:\n  {}",
            trust(path)
        ));
    }
    let socket = https.replacen("https", "wss", 1);
    let machine = json!({
        "formatVersion": FORMAT_VERSION,
        "connectionString": secret,
        "url": format!("http://{}", served.address()),
        "endpoints": {
            "https": https,
            "mqtt": mqtt,
            "webSocket": format!("{socket}/$iothub/websocket"),
            "http": format!("http://{}", served.address()),
        },
        "authority": authority.map_or(Value::Null, Value::from),
    });
    terminal.reveal(&match session.global.json {
        true => json_text(&machine),
        false => format!("{secret}\n"),
    });
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Python and az read the first, Node the second, OpenSSL the third.
fn trust(authority: &str) -> String {
    let quoted = format!("'{}'", authority.replace('\'', "'\\''"));
    let set = |variable| format!("{variable}={quoted}");
    ["REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].map(set).join(" ")
}

/// Under the name that clients use.
fn url(served: &Served, protocol: Protocol) -> String {
    let (scheme, address, usual) = match protocol {
        Protocol::Https => ("https", served.ports().https, HTTPS_PORT),
        Protocol::Mqtt | Protocol::Http => ("mqtts", served.ports().mqtt, 0),
    };
    let Some(address) = address else { return String::new() };
    let ip = address.ip();
    let host = if ip.is_loopback() || ip.is_unspecified() { "localhost".to_owned() } else { ip.to_string() };
    match address.port() {
        port if port == usual => format!("{scheme}://{host}"),
        port => format!("{scheme}://{host}:{port}"),
    }
}

/// Serves until Ctrl-C, or until another process asks for the end.
async fn until_stopped(served: Served, session: &Session) -> Result<(), EmulatorError> {
    let stopper = served.stopper();
    let ended = served.ended();
    tokio::pin!(ended);
    tokio::select! {
        result = &mut ended => return result,
        _ = session.signals.interrupted() => stopper.stop(),
    }
    ended.await
}
