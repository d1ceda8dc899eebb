//! The REST API of Azure DevOps, version 7.1: a comment is the first of a thread of its own.
//! <https://learn.microsoft.com/rest/api/azure/devops/git/pull-request-threads>

use async_trait::async_trait;
use serde_json::{Value, json};

use super::super::call::{Call, Effect, Request, number_at, text_at};
use super::super::client::{Author, Comment, CommentId, ForgeClient, Pull, PullState};
use super::super::error::ForgeError;
use super::super::kind::ForgeKind;
use super::super::site::Repository;

const API_VERSION: &str = "7.1";

/// A repository in a project of Azure DevOps.
pub(in crate::forge) struct Azure {
    call: Call,
    /// Path of the repository.
    repository: [String; 5],
}

impl Azure {
    pub(in crate::forge) fn new(call: Call, repository: &Repository) -> Self {
        let part = |at: usize| repository.parts().get(at).cloned().unwrap_or_default();
        Self { call, repository: [part(0), "_apis".into(), "git".into(), "repositories".into(), part(1)] }
    }

    fn request(&self, action: &'static str, path: &[&str]) -> Request {
        let start: Vec<_> = self.repository.iter().map(String::as_str).collect();
        Request::get(action, &[&start, path].concat()).query("api-version", API_VERSION)
    }

    fn threads(&self, action: &'static str, pull: u64, rest: &[&str]) -> Request {
        let pull = pull.to_string();
        let request = self.request(action, &[&["pullRequests", pull.as_str(), "threads"], rest].concat());
        request.what(format!("pull request {pull}"))
    }

    fn comment(&self, action: &'static str, pull: u64, id: CommentId) -> Request {
        let (thread, part) = (id.number.to_string(), id.part.to_string());
        self.threads(action, pull, &[&thread, "comments", &part])
    }
}

fn pull_of(value: &Value) -> Option<Pull> {
    let state = match text_at(value, "/status")? {
        "active" => PullState::Open,
        "completed" => PullState::Merged,
        _ => PullState::Closed,
    };
    let head = text_at(value, "/lastMergeSourceCommit/commitId").map(str::to_owned);
    Some(Pull { number: number_at(value, "/pullRequestId")?, head, state })
}

#[async_trait]
impl ForgeClient for Azure {
    fn kind(&self) -> ForgeKind {
        ForgeKind::Azure
    }

    async fn author(&self) -> Result<Author, ForgeError> {
        let answer = self.call.send(&Request::get("ask who it is", &["_apis", "connectionData"])).await?;
        let id = text_at(&answer.body, "/authenticatedUser/id").filter(|id| !id.is_empty());
        let nonsense = || self.call.nonsense("it does not say who the token is");
        id.map(|id| Author::Known(id.to_owned())).ok_or_else(nonsense)
    }

    async fn pull(&self, number: u64) -> Result<Pull, ForgeError> {
        let request = self.request("read the pull request", &["pullRequests", &number.to_string()]);
        let answer = self.call.send(&request.what(format!("pull request {number}"))).await?;
        pull_of(&answer.body).ok_or_else(|| self.call.nonsense("that is no pull request"))
    }

    async fn pulls_of(&self, commit: &str) -> Result<Vec<Pull>, ForgeError> {
        let query = json!({"queries": [{"type": "lastMergeCommit", "items": [commit]}]});
        let request = self.request("find the pull request of a commit", &["pullrequestquery"]).post(&query);
        let answer = self.call.send(&request.effect(Effect::Read)).await?;
        let nonsense = || self.call.nonsense("that is no list of pull requests");
        let results = answer.body.get("results").and_then(Value::as_array).ok_or_else(nonsense)?;
        let lists = results.iter().filter_map(|result| result.get(commit)?.as_array());
        Ok(lists.flatten().filter_map(pull_of).collect())
    }

    /// All at once: the API knows no pages here.
    async fn comments(&self, pull: u64) -> Result<Vec<Comment>, ForgeError> {
        let answer = self.call.send(&self.threads("read the comments", pull, &[])).await?;
        let nonsense = || self.call.nonsense("that is no list of threads");
        let threads = answer.body.get("value").and_then(Value::as_array).ok_or_else(nonsense)?;
        Ok(threads.iter().filter_map(comment_of).collect())
    }

    /// The thread is closed: a policy that asks for every comment to be resolved must not wait for it.
    async fn create(&self, pull: u64, body: &str) -> Result<CommentId, ForgeError> {
        let comment = json!({"parentCommentId": 0, "content": body, "commentType": "text"});
        let thread = json!({"comments": [comment], "status": "closed"});
        let answer = self.call.send(&self.threads("comment", pull, &[]).post(&thread)).await?;
        let number = number_at(&answer.body, "/id");
        let id = number.zip(number_at(&answer.body, "/comments/0/id")).map(|(number, part)| CommentId { number, part });
        id.ok_or_else(|| self.call.uncertain())
    }

    async fn update(&self, pull: u64, id: CommentId, body: &str) -> Result<(), ForgeError> {
        let request = self.comment("edit its comment", pull, id).patch(&json!({"content": body}));
        self.call.send(&request).await.map(drop)
    }

    async fn delete(&self, pull: u64, id: CommentId) -> Result<(), ForgeError> {
        self.call.remove(self.comment("remove its comment", pull, id)).await
    }
}

/// The first comment of a thread; one that was removed stays there without its text.
fn comment_of(thread: &Value) -> Option<Comment> {
    let first = thread.pointer("/comments/0")?;
    let is_gone = |value: &Value| value.get("isDeleted").and_then(Value::as_bool).unwrap_or_default();
    if is_gone(thread) || is_gone(first) {
        return None;
    }
    Some(Comment {
        id: CommentId { number: number_at(thread, "/id")?, part: number_at(first, "/id")? },
        author: text_at(first, "/author/id").map(str::to_owned),
        body: text_at(first, "/content")?.to_owned(),
    })
}
