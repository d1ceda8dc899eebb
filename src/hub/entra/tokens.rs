//! Tokens as the REST client needs them: kept in memory, renewed in time, one renewal at once.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::chain::{State, candidates};
use super::claims::Claims;
use super::credential::Asking;
use super::failure::SignInFailure;
use super::surroundings::Surroundings;
use crate::model::{EntraAuth, EntraSource};
use crate::net::Network;

/// A token is renewed when less of its life is left.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// How long after an early renewal, whatever came of it, until the next one is tried. Calls do not wait
/// for somebody who is down, or who gives the same token until it expires.
const RENEWAL_PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// A token of Entra. Its `Debug` hides it.
#[derive(Debug)]
pub struct EntraToken {
    token: SecretString,
    source: EntraSource,
    /// What it says of itself.
    claims: Option<Claims>,
    obtained: Timestamp,
    expires: Timestamp,
}

impl EntraToken {
    pub(super) fn new(source: EntraSource, token: &str, obtained: Timestamp, expires: Timestamp) -> Self {
        Self { claims: Claims::of(token), token: SecretString::from(token), source, obtained, expires }
    }

    /// The token as it stands in a header, behind `Bearer `. A secret: never print it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.token.expose_secret()
    }

    /// Where it came from.
    #[must_use]
    pub const fn source(&self) -> EntraSource {
        self.source
    }

    /// What it says of itself, which nobody has verified.
    #[must_use]
    pub const fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }

    /// When it expires.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whether it is time for another one: five minutes before its end, or a fifth of a short life.
    fn has_aged(&self, now: Timestamp) -> bool {
        let life = self.expires.duration_since(self.obtained);
        let left = self.expires.duration_since(now);
        left < RENEW_BEFORE.min(life / 5)
    }
}

/// Tokens for one hub. Clones share them.
#[derive(Clone)]
pub struct EntraTokens(Arc<Kept>);

struct Kept {
    auth: EntraAuth,
    surroundings: Surroundings,
    network: Network,
    current: Mutex<Current>,
}

/// The token at hand.
#[derive(Default)]
struct Current {
    token: Option<Arc<EntraToken>>,
    /// When an early renewal of it was tried last.
    tried: Option<Timestamp>,
}

impl Current {
    fn keep(&mut self, token: Arc<EntraToken>) -> Arc<EntraToken> {
        self.token = Some(Arc::clone(&token));
        token
    }

    /// Whether the token can be sent for a while yet, or may not be renewed this early again.
    fn suffices(&self, token: &EntraToken, now: Timestamp) -> bool {
        let pauses = self.tried.is_some_and(|tried| now.duration_since(tried).abs() < RENEWAL_PAUSE);
        !token.has_aged(now) || (pauses && now < token.expires)
    }
}

impl fmt::Debug for EntraTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraTokens").field("auth", &self.0.auth).finish_non_exhaustive()
    }
}

/// The same tokens, not such that are alike.
impl PartialEq for EntraTokens {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for EntraTokens {}

impl EntraTokens {
    /// Prepares to sign in; asks nobody yet.
    #[must_use]
    pub fn new(auth: EntraAuth, surroundings: Surroundings, network: Network) -> Self {
        Self(Arc::new(Kept { auth, surroundings, network, current: Mutex::default() }))
    }

    /// The token to send now: the last one, or a new one when that has aged.
    ///
    /// # Errors
    /// When there is none any more and no new one is to be had.
    pub async fn token(&self) -> Result<Arc<EntraToken>, SignInFailure> {
        let mut current = self.0.current.lock().await;
        let now = Timestamp::now();
        let Some(kept) = current.token.clone() else {
            return Ok(current.keep(self.0.ask(None).await?));
        };
        if current.suffices(&kept, now) {
            return Ok(kept);
        }
        current.tried = Some(now);
        match self.0.ask(Some(kept.source)).await {
            Ok(token) => Ok(current.keep(token)),
            // Entra may be down for a moment; what is left of the old one bridges it.
            Err(failure) if now < kept.expires => {
                tracing::warn!("going on with the token at hand: {failure}");
                Ok(kept)
            }
            Err(failure) => Err(failure),
        }
    }

    /// A token in place of one that the hub refused, unless somebody else renewed it since. A new one
    /// comes from the very source, so that a run never changes its identity.
    ///
    /// # Errors
    /// When no new one is to be had.
    pub async fn instead_of(&self, refused: &Arc<EntraToken>) -> Result<Arc<EntraToken>, SignInFailure> {
        let mut current = self.0.current.lock().await;
        match &current.token {
            Some(kept) if !Arc::ptr_eq(kept, refused) => Ok(Arc::clone(kept)),
            _ => Ok(current.keep(self.0.ask(Some(refused.source)).await?)),
        }
    }
}

impl Kept {
    /// Goes through the sources, or asks the one that gave the last token.
    async fn ask(&self, only: Option<EntraSource>) -> Result<Arc<EntraToken>, SignInFailure> {
        let asking = Asking::prepare(&self.auth, &self.surroundings, &self.network)?;
        let mut passed_over = Vec::new();
        // The machine has identities, and not the one that was asked for.
        let mut lacking = None;
        let is_wanted = |source| only.is_none_or(|only| only == source);
        let is_alone = self.auth.sources().len() == 1 || only.is_some();
        for candidate in candidates(&self.auth, &self.surroundings).into_iter().filter(|c| is_wanted(c.source)) {
            let source = candidate.source;
            let is_named;
            let failure = match candidate.state {
                State::NotHere(why) => {
                    passed_over.push((source, why));
                    continue;
                }
                State::Broken(failure) => return Err(failure),
                State::Here(recipe) => {
                    is_named = recipe.names_identity();
                    match asking.ask(source, if only.is_some() { recipe.known() } else { recipe }).await {
                        Ok(token) => {
                            if let Some(why) = lacking {
                                tracing::warn!("{why}; signed in by {source} instead");
                            }
                            tracing::info!(%source, expires = %token.expires, "signed in with Microsoft Entra");
                            return Ok(Arc::new(token));
                        }
                        Err(failure) => failure,
                    }
                }
            };
            match failure.absence() {
                Some(why) if !is_alone => {
                    if is_named && failure.lacks_identity() {
                        lacking = Some(format!("{source}: {why}"));
                    }
                    passed_over.push((source, why));
                }
                _ => return Err(failure),
            }
        }
        Err(SignInFailure::no_source(passed_over))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_renewed_before_they_expire() {
        let start = Timestamp::from_second(1_790_000_000).expect("a time");
        for (life, renewed_at) in [(3_600, 3_301), (86_400, 86_101), (300, 241), (10, 9), (0, 1)] {
            let token = |now: i64| {
                let at = |seconds: i64| start + SignedDuration::from_secs(seconds);
                EntraToken::new(EntraSource::AzureCli, "t", start, at(life)).has_aged(at(now))
            };
            assert!(token(renewed_at), "life of {life} s");
            assert!(life == 0 || !token(renewed_at - 2), "life of {life} s");
        }
    }

    #[test]
    fn an_early_renewal_is_not_tried_with_every_call() {
        let at = |seconds: i64| Timestamp::from_second(1_790_000_000 + seconds).expect("a time");
        let token = EntraToken::new(EntraSource::AzureCli, "t", at(0), at(3_600));
        let suffices =
            |tried: Option<i64>, now: i64| Current { token: None, tried: tried.map(at) }.suffices(&token, at(now));
        assert!(suffices(None, 3_000) && !suffices(None, 3_400));
        assert!(suffices(Some(3_400), 3_429) && !suffices(Some(3_400), 3_430));
        assert!(!suffices(Some(3_590), 3_600), "it has expired");
    }
}
