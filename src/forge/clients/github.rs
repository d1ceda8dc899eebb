//! GitHub's REST API, version 2022-11-28: <https://docs.github.com/en/rest/issues/comments>.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::super::call::{Call, Effect, Request, number_at, text_at};
use super::super::client::{Author, Comment, CommentId, ForgeClient, Pull, PullState};
use super::super::error::ForgeError;
use super::super::kind::ForgeKind;
use super::super::site::Repository;

/// A repository on GitHub.
pub(in crate::forge) struct GitHub {
    call: Call,
    repository: [String; 3],
}

impl GitHub {
    pub(in crate::forge) fn new(call: Call, repository: &Repository) -> Self {
        let part = |at: usize| repository.parts().get(at).cloned().unwrap_or_default();
        Self { call, repository: ["repos".to_owned(), part(0), part(1)] }
    }

    fn request<'a>(&'a self, action: &'static str, path: &[&'a str]) -> Request {
        let start: Vec<_> = self.repository.iter().map(String::as_str).collect();
        Request::get(action, &[&start, path].concat()).header("accept", "application/vnd.github+json")
    }
}

fn pull_of(value: &Value) -> Option<Pull> {
    let merged = value.get("merged_at").is_some_and(|at| !at.is_null());
    let state = match (text_at(value, "/state")?, merged) {
        (_, true) => PullState::Merged,
        ("open", false) => PullState::Open,
        _ => PullState::Closed,
    };
    let head = text_at(value, "/head/sha").map(str::to_owned);
    Some(Pull { number: number_at(value, "/number")?, head, state })
}

#[async_trait]
impl ForgeClient for GitHub {
    fn kind(&self) -> ForgeKind {
        ForgeKind::GitHub
    }

    /// `GET /user` refuses the token of a workflow; GraphQL tells every token who it is, in the name that
    /// comments have in REST.
    async fn author(&self) -> Result<Author, ForgeError> {
        let query = json!({"query": "query { viewer { login } }"});
        let request = Request::graphql("ask who it is").json(&query).effect(Effect::Read);
        let answer = self.call.send(&request).await?;
        let login = text_at(&answer.body, "/data/viewer/login").filter(|login| !login.is_empty());
        let nonsense = || self.call.nonsense("it does not say who the token is");
        login.map(|login| Author::Known(login.to_owned())).ok_or_else(nonsense)
    }

    async fn pull(&self, number: u64) -> Result<Pull, ForgeError> {
        let request = self.request("read the pull request", &["pulls", &number.to_string()]);
        let answer = self.call.send(&request.what(format!("pull request {number}"))).await?;
        pull_of(&answer.body).ok_or_else(|| self.call.nonsense("that is no pull request"))
    }

    async fn pulls_of(&self, commit: &str) -> Result<Vec<Pull>, ForgeError> {
        let request = self.request("find the pull request of a commit", &["commits", commit, "pulls"]);
        let answer = self.call.send(&request.what(format!("commit {commit}"))).await?;
        let list = answer.body.as_array().ok_or_else(|| self.call.nonsense("that is no list of pull requests"))?;
        let of_commit = |value: &&Value| text_at(value, "/merge_commit_sha") == Some(commit);
        // A commit of a branch that was merged belongs to several; its own is the one that made it.
        let made_it: Vec<_> = list.iter().filter(of_commit).filter_map(pull_of).collect();
        Ok(if made_it.is_empty() { list.iter().filter_map(pull_of).collect() } else { made_it })
    }

    async fn comments(&self, pull: u64) -> Result<Vec<Comment>, ForgeError> {
        let request = self.request("read the comments", &["issues", &pull.to_string(), "comments"]);
        let request = request.what(format!("pull request {pull}"));
        let has_next = |answer: &super::super::call::Answer| {
            let links = answer.headers.get("link").and_then(|value| value.to_str().ok()).unwrap_or_default();
            links.split(',').any(|link| link.contains("rel=\"next\""))
        };
        let values = self.call.pages(&request, "per_page", |answer| answer.body.as_array().cloned(), has_next).await?;
        Ok(values.iter().filter_map(comment_of).collect())
    }

    async fn create(&self, pull: u64, body: &str) -> Result<CommentId, ForgeError> {
        let request = self.request("comment", &["issues", &pull.to_string(), "comments"]).post(&json!({"body": body}));
        let answer = self.call.send(&request.what(format!("pull request {pull}"))).await?;
        number_at(&answer.body, "/id").map(CommentId::new).ok_or_else(|| self.call.uncertain())
    }

    async fn update(&self, _: u64, id: CommentId, body: &str) -> Result<(), ForgeError> {
        let request = self.request("edit its comment", &["issues", "comments", &id.number.to_string()]);
        self.call.send(&request.patch(&json!({"body": body}))).await.map(drop)
    }

    async fn delete(&self, _: u64, id: CommentId) -> Result<(), ForgeError> {
        let request = self.request("remove its comment", &["issues", "comments", &id.number.to_string()]);
        self.call.remove(request).await
    }
}

fn comment_of(value: &Value) -> Option<Comment> {
    Some(Comment {
        id: CommentId::new(number_at(value, "/id")?),
        author: text_at(value, "/user/login").map(str::to_owned),
        body: text_at(value, "/body")?.to_owned(),
    })
}
