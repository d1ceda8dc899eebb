//! The REST API of Bitbucket Cloud, version 2.0:
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/>.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::super::call::{Answer, Call, Request, number_at, text_at};
use super::super::client::{Author, Comment, CommentId, ForgeClient, Pull, PullState};
use super::super::error::ForgeError;
use super::super::kind::ForgeKind;
use super::super::site::Repository;

/// A repository on Bitbucket Cloud.
pub(in crate::forge) struct Bitbucket {
    call: Call,
    repository: [String; 3],
}

impl Bitbucket {
    pub(in crate::forge) fn new(call: Call, repository: &Repository) -> Self {
        let part = |at: usize| repository.parts().get(at).cloned().unwrap_or_default();
        Self { call, repository: ["repositories".to_owned(), part(0), part(1)] }
    }

    fn request(&self, action: &'static str, path: &[&str]) -> Request {
        let start: Vec<_> = self.repository.iter().map(String::as_str).collect();
        Request::get(action, &[&start, path].concat())
    }

    fn comments_of(&self, action: &'static str, pull: u64, rest: &[&str]) -> Request {
        let pull = pull.to_string();
        let request = self.request(action, &[&["pullrequests", pull.as_str(), "comments"], rest].concat());
        request.what(format!("pull request {pull}"))
    }
}

fn pull_of(value: &Value) -> Option<Pull> {
    let state = match text_at(value, "/state")? {
        "OPEN" => PullState::Open,
        "MERGED" => PullState::Merged,
        _ => PullState::Closed,
    };
    let head = text_at(value, "/source/commit/hash").map(str::to_owned);
    Some(Pull { number: number_at(value, "/id")?, head, state })
}

#[async_trait]
impl ForgeClient for Bitbucket {
    fn kind(&self) -> ForgeKind {
        ForgeKind::Bitbucket
    }

    /// Access tokens of a repository may not ask. Bitbucket lets nobody but its author edit a comment.
    async fn author(&self) -> Result<Author, ForgeError> {
        match self.call.send(&Request::get("ask who it is", &["user"])).await {
            Ok(answer) => {
                let uuid = text_at(&answer.body, "/uuid").filter(|uuid| !uuid.is_empty());
                Ok(uuid.map_or(Author::WhoeverMayEdit, |uuid| Author::Known(uuid.to_owned())))
            }
            Err(ForgeError::Forbidden { .. } | ForgeError::Unauthorized { .. } | ForgeError::NotFound { .. }) => {
                Ok(Author::WhoeverMayEdit)
            }
            Err(error) => Err(error),
        }
    }

    async fn pull(&self, number: u64) -> Result<Pull, ForgeError> {
        let request = self.request("read the pull request", &["pullrequests", &number.to_string()]);
        let answer = self.call.send(&request.what(format!("pull request {number}"))).await?;
        pull_of(&answer.body).ok_or_else(|| self.call.nonsense("that is no pull request"))
    }

    async fn pulls_of(&self, commit: &str) -> Result<Vec<Pull>, ForgeError> {
        let request = self.request("find the pull request of a commit", &["commit", commit, "pullrequests"]);
        let answer = self.call.send(&request.what(format!("commit {commit}"))).await?;
        let nonsense = || self.call.nonsense("that is no list of pull requests");
        let list = answer.body.get("values").and_then(Value::as_array).ok_or_else(nonsense)?;
        Ok(list.iter().filter_map(pull_of).collect())
    }

    async fn comments(&self, pull: u64) -> Result<Vec<Comment>, ForgeError> {
        let request = self.comments_of("read the comments", pull, &[]);
        let values = |answer: &Answer| answer.body.get("values").and_then(Value::as_array).cloned();
        let has_next = |answer: &Answer| text_at(&answer.body, "/next").is_some();
        let values = self.call.pages(&request, "pagelen", values, has_next).await?;
        Ok(values.iter().filter_map(comment_of).collect())
    }

    async fn create(&self, pull: u64, body: &str) -> Result<CommentId, ForgeError> {
        let request = self.comments_of("comment", pull, &[]).post(&json!({"content": {"raw": body}}));
        let answer = self.call.send(&request).await?;
        number_at(&answer.body, "/id").map(CommentId::new).ok_or_else(|| self.call.uncertain())
    }

    async fn update(&self, pull: u64, id: CommentId, body: &str) -> Result<(), ForgeError> {
        let request = self.comments_of("edit its comment", pull, &[&id.number.to_string()]);
        self.call.send(&request.put(&json!({"content": {"raw": body}}))).await.map(drop)
    }

    async fn delete(&self, pull: u64, id: CommentId) -> Result<(), ForgeError> {
        self.call.remove(self.comments_of("remove its comment", pull, &[&id.number.to_string()])).await
    }
}

/// A comment that was removed is listed without its text.
fn comment_of(value: &Value) -> Option<Comment> {
    let is_gone = value.get("deleted").and_then(Value::as_bool).unwrap_or_default();
    let comment = Comment {
        id: CommentId::new(number_at(value, "/id")?),
        author: text_at(value, "/user/uuid").map(str::to_owned),
        body: text_at(value, "/content/raw")?.to_owned(),
    };
    (!is_gone).then_some(comment)
}
