//! What is kept of tokens, and who asks for new ones: through the library, for the sake of the clock.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hubjobs::hub::entra::{EntraTokens, Surroundings};
use hubjobs::model::{EntraAuth, EntraSource};
use hubjobs::net::Network;

use crate::server::{CLIENT, OBJECT, SECRET, Server, TENANT};

/// Tokens by a client secret.
async fn tokens() -> (Arc<Server>, EntraTokens) {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &server.authority).unwrap();
    let host = server.url("");
    let surroundings = Surroundings::read(|name| {
        let value = match name {
            "AZURE_TENANT_ID" => TENANT,
            "AZURE_CLIENT_ID" => CLIENT,
            "AZURE_CLIENT_SECRET" => SECRET,
            "AZURE_AUTHORITY_HOST" => &host,
            _ => return None,
        };
        Some(value.to_owned())
    });
    let auth = EntraAuth::using(vec![EntraSource::ClientSecret]);
    let tokens = EntraTokens::new(auth, surroundings, Network::with_ca_file(&file).unwrap());
    (server, tokens)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_share_one_token_and_one_renewal() {
    let (server, tokens) = tokens().await;
    let first = join_all((0..20).map(|_| tokens.token())).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(server.asked(), ["entra"]);
    assert!(first.iter().all(|token| Arc::ptr_eq(token, &first[0])));
    let claims = first[0].claims().unwrap();
    assert_eq!(claims.object_id.as_deref(), Some(OBJECT));
    // All of them were refused, and each wants another one.
    let second = join_all(first.iter().map(|refused| tokens.instead_of(refused))).await;
    assert_eq!(server.asked(), ["entra"]);
    let second: Vec<_> = second.into_iter().map(Result::unwrap).collect();
    assert!(second.iter().all(|token| Arc::ptr_eq(token, &second[0]) && !Arc::ptr_eq(token, &first[0])));
    assert!(Arc::ptr_eq(&tokens.token().await.unwrap(), &second[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_token_bridges_an_outage() {
    let (server, tokens) = tokens().await;
    server.play(|play| play.lifetime = 10);
    let token = tokens.token().await.unwrap();
    assert!(Arc::ptr_eq(&tokens.token().await.unwrap(), &token));
    assert_eq!(server.asked(), ["entra"]);
    // It has two seconds to live from now on, and one in the middle of that.
    tokio::time::sleep(Duration::from_secs(9)).await;
    server.play(|play| play.instead.extend([(503, String::new())]));
    assert!(Arc::ptr_eq(&tokens.token().await.unwrap(), &token), "a renewal was tried, and failed");
    assert_eq!(server.asked(), ["entra"]);
    server.play(|play| play.lifetime = -1);
    let expired = tokens.instead_of(&token).await.unwrap();
    server.play(|play| play.instead.extend([(503, String::new())]));
    let failure = tokens.token().await.unwrap_err();
    assert!(failure.is_transient() && !Arc::ptr_eq(&expired, &token), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_it_shows_a_secret() {
    let (_server, tokens) = tokens().await;
    let token = tokens.token().await.unwrap();
    let shown = format!("{tokens:?} {token:?} {tokens:#?} {token:#?}");
    assert!(!shown.contains(token.expose()) && !shown.contains("MARK"), "{shown}");
}
