//! Sticky comments: one suite over the clients of all forges, each against its API as it is documented,
//! served on this machine.

mod apis;
mod body;
mod command;
mod faults;
mod played;
mod sites;
mod upserts;

use std::time::Duration;

use hubjobs::forge::{
    Forge, ForgeError, ForgeKind, Marker, Overrides, Patience, Posting, Scheme, Sticky, Subject, Token, Upserted, When,
    connect, detect, upsert,
};
use hubjobs::net::Network;
use secrecy::SecretString;

use self::played::{HEAD, PULL, Played, TOKEN};

/// Waits too short to notice.
const QUICK: Patience = Patience {
    wait_max: Duration::from_secs(3),
    wait_unsaid: Duration::from_millis(2),
    retry_delay: Duration::from_millis(1),
    retry_count_max: 3,
};

fn client(played: &Played, kind: ForgeKind) -> Forge {
    client_with(played, kind, TOKEN)
}

fn client_with(played: &Played, kind: ForgeKind, token: &str) -> Forge {
    let overrides = Overrides {
        forge: Some(kind),
        api_url: Some(played.url.clone()),
        repository: Some(apis::repository(kind).to_owned()),
        pull: Some(PULL),
        commit: None,
    };
    let site = detect(&overrides, &|_| None, None).expect("all is said");
    let scheme = if kind == ForgeKind::GitLab { Scheme::PrivateToken } else { Scheme::Bearer };
    let token = Token::new(&SecretString::from(token.to_owned()), scheme).expect("visible ASCII");
    connect(&site, token, &Network::default(), QUICK).expect("a client")
}

fn subject(hub: &str) -> Subject {
    Subject { owner: Some("bldgx7q".to_owned()), environment: "prod".to_owned(), hub: Some(hub.to_owned()) }
}

/// A whole comment about a hub.
fn body(kind: ForgeKind, hub: &str, words: &str) -> String {
    let digest = Some(format!("sha256:{}", "0".repeat(64)));
    let marker = Marker { subject: subject(hub), commit: Some(HEAD.to_owned()), digest, code: None };
    format!("{}\n\n{words}\n", marker.line(kind))
}

fn sticky(kind: ForgeKind, words: &str) -> Sticky {
    Sticky {
        pull: PULL,
        when: When::InReview { commit: Some(HEAD.to_owned()) },
        subject: subject("eu"),
        body: body(kind, "eu", words),
        posting: Posting::Always,
    }
}

async fn write(forge: &Forge, sticky: &Sticky) -> Result<Upserted, ForgeError> {
    upsert(&**forge, sticky, QUICK.retry_delay).await
}
