//! What an HTTP connection is doing, and since when: who is slow is closed.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::limits::{HEAD_SECONDS, IDLE_SECONDS, WRITE_SECONDS};

/// A connection younger than this is not closed in favour of another.
const GRACE: Duration = Duration::from_secs(1);

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between two requests, or before the first.
    Idle,
    /// Some of a request has come, but not all of its headers.
    Head,
    /// The request is with the hub, which has its own limits.
    Answering,
}

#[derive(Debug, Clone, Copy)]
struct State {
    phase: Phase,
    since: Instant,
    /// Since when the client takes nothing of what it is sent.
    blocked: Option<Instant>,
}

/// What a connection is doing. Clones are of the same connection.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

impl Activity {
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(State { phase: Phase::Idle, since: now, blocked: None })))
    }

    /// A request is complete but for its body; it is being answered until the guard is dropped.
    pub(super) fn answering(&self) -> Answering {
        self.enter(Phase::Answering);
        Answering(self.clone())
    }

    /// When patience ends, unless something happens before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let State { phase, since, blocked } = *self.lock();
        let of_phase = match phase {
            Phase::Idle => Some(since + Duration::from_secs(IDLE_SECONDS)),
            Phase::Head => Some(since + Duration::from_secs(HEAD_SECONDS)),
            Phase::Answering => None,
        };
        let of_write = blocked.map(|since| since + Duration::from_secs(WRITE_SECONDS));
        of_phase.into_iter().chain(of_write).min()
    }

    /// Whether it has been idle for long enough that it may make room for another.
    pub(super) fn may_make_room(&self, now: Instant) -> bool {
        let State { phase, since, blocked } = *self.lock();
        phase != Phase::Answering && blocked.is_none() && now.duration_since(since) > GRACE
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.lock();
        (state.phase, state.since) = (phase, Instant::now());
    }

    fn received(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Head, Instant::now());
        }
    }

    fn wrote(&self, is_blocked: bool) {
        let mut state = self.lock();
        state.blocked = is_blocked.then(|| state.blocked.unwrap_or_else(Instant::now));
    }

    /// Every change is one step, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Answering(Activity);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.enter(Phase::Idle);
    }
}

/// A connection that notes what it does.
#[derive(Debug)]
pub(super) struct Watched<S> {
    inner: S,
    activity: Activity,
}

impl<S> Watched<S> {
    pub(super) const fn new(inner: S, activity: Activity) -> Self {
        Self { inner, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if polled.is_ready() && buf.filled().len() > before {
            self.activity.received();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.activity.wrote(polled.is_pending());
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        self.activity.wrote(polled.is_pending());
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.activity.wrote(polled.is_pending());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
