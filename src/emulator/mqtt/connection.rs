//! One connection of a device: reads packets, lets the session and the hub deal with them, and writes
//! what they say.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf as _, BytesMut};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep_until, timeout};

use super::closing::Closing;
use super::login::Login;
use super::packet::packet_len;
use super::rules::{UNREAD_MAX, WRITE_SECONDS};
use super::session::{Ask, Session};
use crate::emulator::auth::{Admission, DeviceLogin};
use crate::emulator::http::{Service, numbered_body};
use crate::emulator::outbox::ToDevice;
use crate::emulator::state::{HubFault, Reply};

/// Room to read into while nothing comes: ten thousand connections have it at once.
const READ_LEN: usize = 512;
/// A buffer that grew beyond this is given back.
const KEPT_LEN_MAX: usize = 4 * 1_024;
/// How far away a token's expiry may be to be waited for.
const FAR: Duration = Duration::from_secs(30 * 86_400);

/// Speaks MQTT until either side has enough. `certificates` are those that the device has the keys of.
pub(in crate::emulator) async fn speak_mqtt<S>(
    stream: S,
    certificates: Vec<CertificateDer<'static>>,
    service: Arc<Service>,
    stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut connection = Connection {
        stream,
        service,
        stop,
        certificates,
        session: Session::new(),
        from_hub: None,
        read: BytesMut::new(),
        out: Vec::new(),
        expires: None,
        heard: Instant::now(),
    };
    let closing = match connection.converse().await {
        Err(closing) => closing,
        Ok(never) => match never {},
    };
    connection.end(&closing).await;
}

struct Connection<S> {
    stream: S,
    service: Arc<Service>,
    stop: watch::Receiver<bool>,
    certificates: Vec<CertificateDer<'static>>,
    session: Session,
    from_hub: Option<mpsc::Receiver<ToDevice>>,
    read: BytesMut,
    out: Vec<u8>,
    /// When the token expires.
    expires: Option<Instant>,
    /// When the last packet came.
    heard: Instant,
}

/// What happens next on a connection.
enum Next {
    Hub(Option<ToDevice>),
    Read(io::Result<usize>),
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    async fn converse(&mut self) -> Result<std::convert::Infallible, Closing> {
        loop {
            match self.next().await? {
                Next::Read(Ok(0) | Err(_)) => return Err(Closing::HungUp),
                Next::Read(Ok(_)) => self.take_packets().await?,
                Next::Hub(None) => return Err(Closing::SlowReader),
                Next::Hub(Some(message)) => self.take_messages(message)?,
            }
            self.write().await?;
        }
    }

    async fn next(&mut self) -> Result<Next, Closing> {
        let missing = packet_len(&self.read)?.unwrap_or(READ_LEN).saturating_sub(self.read.len());
        // Room follows what came, not what was announced: thousands may announce a large packet.
        self.read.reserve(missing.clamp(READ_LEN, self.read.len().max(READ_LEN)));
        // Asked first, for a device that never pauses would not let the timer speak.
        if self.expires.is_some_and(|expires| Instant::now() >= expires) {
            return Err(Closing::Expired);
        }
        let silent_at = self.heard + self.session.patience();
        let deadline = self.expires.map_or(silent_at, |expires| expires.min(silent_at));
        let Self { stream, stop, from_hub, read, .. } = self;
        tokio::select! {
            biased;
            // The sender outlives every connection; its end would be a stop as well.
            _ = stop.wait_for(|stop| *stop) => Err(Closing::Stopped),
            message = receive(from_hub) => Ok(Next::Hub(message)),
            read = stream.read_buf(read) => Ok(Next::Read(read)),
            () = sleep_until(deadline.into()) => {
                Err(if Instant::now() >= silent_at { Closing::Silent } else { Closing::Expired })
            }
        }
    }

    /// Deals with all packets that have come in whole.
    async fn take_packets(&mut self) -> Result<(), Closing> {
        while let Some(len) = packet_len(&self.read)?.filter(|len| *len <= self.read.len()) {
            self.heard = Instant::now();
            let asked = self.session.receive(&self.read[..len], &mut self.out)?;
            self.read.advance(len);
            if let Some(ask) = asked {
                self.ask(ask).await?;
                // What a device is told must not wait for what it says next.
                self.write().await?;
            }
        }
        if self.read.is_empty() && self.read.capacity() > READ_LEN {
            self.read = BytesMut::new();
        }
        Ok(())
    }

    async fn ask(&mut self, ask: Ask) -> Result<(), Closing> {
        let reply = match ask {
            Ask::Connect(login) => self.connect(login).await?,
            Ask::Hub(event) => self.service.hub.call(event).await,
        };
        let now = self.service.hub.now();
        self.session.reply(reply, |fault| numbered_body(fault, now), &mut self.out)
    }

    async fn connect(&mut self, login: Login) -> Result<Result<Reply, HubFault>, Closing> {
        let admission = match self.admit(&login).await {
            Ok(Some(admission)) => admission,
            Ok(None) => return Err(self.session.turn_away(&mut self.out)),
            // A hub that is down knows nobody, and must not say that a key is wrong.
            Err(fault) => return Ok(Err(fault)),
        };
        let now = self.service.token_now();
        self.expires = admission.expires.map(|expires| {
            let left = Duration::try_from(expires.duration_since(now)).unwrap_or_default();
            Instant::now() + left.min(FAR)
        });
        // Nobody asks for them again.
        self.certificates = Vec::new();
        let (sender, receiver) = mpsc::channel(UNREAD_MAX);
        self.from_hub = Some(receiver);
        Ok(self.service.hub.open_session(login.event(), sender).await)
    }

    async fn admit(&mut self, login: &Login) -> Result<Option<Admission>, HubFault> {
        let Login { client, host, token, .. } = login;
        if !self.service.guard.names.contain(host) {
            tracing::info!("device {client} was turned away: it looks for a hub named `{}`", host.escape_debug());
            return Ok(None);
        }
        let (device_id, module_id) = super::login::ids(client);
        let credentials = self.service.hub.credentials(device_id, module_id).await?;
        let proof = DeviceLogin {
            device_id: &client.device,
            module_id: client.module.as_deref(),
            token: token.as_deref(),
            certificates: &self.certificates,
            path: None,
            now: self.service.token_now(),
        };
        let admitted = self.service.guard.admit(&proof, credentials.as_ref());
        Ok(admitted.inspect_err(|refusal| tracing::info!("device {client} was turned away: {refusal}")).ok())
    }

    /// Takes all that the hub has to say just now.
    fn take_messages(&mut self, first: ToDevice) -> Result<(), Closing> {
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                ToDevice::Call { call, name, payload } => {
                    self.session.call_method(call, &name, payload.as_deref(), &mut self.out);
                }
                ToDevice::Desired { version, patch } => {
                    self.session.desired_changed(version, &patch, &mut self.out);
                }
                ToDevice::Drop(reason) => return Err(Closing::Dropped(reason)),
            }
            next = self.from_hub.as_mut().and_then(|from_hub| from_hub.try_recv().ok());
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), Closing> {
        if self.out.is_empty() {
            return Ok(());
        }
        let Self { stream, out, .. } = self;
        let written = timeout(Duration::from_secs(WRITE_SECONDS), async {
            stream.write_all(out).await?;
            stream.flush().await
        });
        match written.await {
            Err(_) => return Err(Closing::SlowReader),
            Ok(Err(_)) => return Err(Closing::HungUp),
            Ok(Ok(())) => {}
        }
        self.out.clear();
        if self.out.capacity() > KEPT_LEN_MAX {
            self.out = Vec::new();
        }
        Ok(())
    }

    /// Says what is left to be said, and lets the hub know.
    async fn end(mut self, closing: &Closing) {
        self.say_why(closing);
        let _ = self.write().await;
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
        let Some(session) = self.session.id() else { return };
        let hub = Arc::clone(&self.service.hub);
        // Before it is seen to be away, and for a device that may still speak.
        if !closing.is_orderly()
            && let Some(will) = self.session.take_will()
        {
            let _ = hub.call(will).await;
        }
        if *closing != Closing::Stopped {
            hub.close_session(session).await;
        }
    }

    fn say_why(&self, closing: &Closing) {
        let client = self.session.client().map_or_else(|| "a client".to_owned(), |client| format!("device {client}"));
        match closing {
            Closing::Left | Closing::Stopped | Closing::HungUp => tracing::debug!("{client} is away: {closing}"),
            _ => tracing::warn!("{client} was disconnected: {closing}"),
        }
    }
}

/// What the hub says next; never anything before there is a session.
async fn receive(from_hub: &mut Option<mpsc::Receiver<ToDevice>>) -> Option<ToDevice> {
    match from_hub {
        Some(from_hub) => from_hub.recv().await,
        None => std::future::pending().await,
    }
}
