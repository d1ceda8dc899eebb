//! The OIDC token of a GitHub Actions job, which `azure_identity` does not know how to get.

use async_trait::async_trait;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Method, Request, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::carried::carry;
use super::courier::Courier;
use super::failure::{Reason, Whom};

/// Whom the token of the job is for: Entra, wherever it takes tokens of others.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// Asks GitHub for a token. It lives five minutes, so it is asked for each time that one is exchanged.
#[derive(Debug)]
pub(super) struct GithubToken {
    pub(super) courier: Courier,
    pub(super) url: String,
    pub(super) token: SecretString,
}

impl GithubToken {
    async fn ask(&self) -> Result<String, Reason> {
        let nonsense = |cause: &str| Reason::Nonsense { whom: Whom::Oidc, cause: cause.to_owned() };
        let mut url = Url::parse(&self.url).map_err(|_| nonsense("its address is none"))?;
        url.query_pairs_mut().append_pair("audience", AUDIENCE);
        let mut bearer = HeaderValue::from_str(&format!("bearer {}", self.token.expose_secret()))
            .map_err(|_| nonsense("what it gave us cannot stand in a header"))?;
        bearer.set_sensitive(true);
        let mut request = Request::new(Method::GET, url);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json; api-version=2.0"));
        let body = self.courier.ask(request).await?;
        let body: Value = serde_json::from_slice(&body).map_err(|_| nonsense("it is not JSON"))?;
        body["value"].as_str().map(str::to_owned).ok_or_else(|| nonsense("it is not JSON with a token"))
    }
}

#[async_trait]
impl ClientAssertion for GithubToken {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        self.ask().await.map_err(carry)
    }
}
