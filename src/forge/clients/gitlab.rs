//! GitLab's REST API, version 4: <https://docs.gitlab.com/api/notes/>.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::super::call::{Answer, Call, Request, number_at, text_at};
use super::super::client::{Author, Comment, CommentId, ForgeClient, Pull, PullState};
use super::super::error::ForgeError;
use super::super::kind::ForgeKind;
use super::super::site::Repository;

/// A project on GitLab.
pub(in crate::forge) struct GitLab {
    call: Call,
    /// Its number, or its path as one segment.
    project: String,
}

impl GitLab {
    pub(in crate::forge) fn new(call: Call, repository: &Repository) -> Self {
        Self { call, project: repository.to_string() }
    }

    fn request(&self, action: &'static str, path: &[&str]) -> Request {
        Request::get(action, &[&["projects", self.project.as_str()], path].concat())
    }

    fn notes(&self, action: &'static str, pull: u64, rest: &[&str]) -> Request {
        let pull = pull.to_string();
        let request = self.request(action, &[&["merge_requests", pull.as_str(), "notes"], rest].concat());
        request.what(format!("merge request {pull} in project {}", self.project))
    }
}

fn pull_of(value: &Value) -> Option<Pull> {
    let state = match text_at(value, "/state")? {
        "opened" | "locked" => PullState::Open,
        "merged" => PullState::Merged,
        _ => PullState::Closed,
    };
    let head = text_at(value, "/sha").map(str::to_owned);
    Some(Pull { number: number_at(value, "/iid")?, head, state })
}

#[async_trait]
impl ForgeClient for GitLab {
    fn kind(&self) -> ForgeKind {
        ForgeKind::GitLab
    }

    async fn author(&self) -> Result<Author, ForgeError> {
        let answer = self.call.send(&Request::get("ask who it is", &["user"])).await?;
        let id =
            number_at(&answer.body, "/id").ok_or_else(|| self.call.nonsense("it does not say who the token is"))?;
        Ok(Author::Known(id.to_string()))
    }

    async fn pull(&self, number: u64) -> Result<Pull, ForgeError> {
        let request = self.request("read the merge request", &["merge_requests", &number.to_string()]);
        let what = format!("merge request {number} in project {}", self.project);
        let answer = self.call.send(&request.what(what)).await?;
        pull_of(&answer.body).ok_or_else(|| self.call.nonsense("that is no merge request"))
    }

    async fn pulls_of(&self, commit: &str) -> Result<Vec<Pull>, ForgeError> {
        let path = ["repository", "commits", commit, "merge_requests"];
        let request = self.request("find the merge request of a commit", &path).what(format!("commit {commit}"));
        let answer = self.call.send(&request).await?;
        let list = answer.body.as_array().ok_or_else(|| self.call.nonsense("that is no list of merge requests"))?;
        Ok(list.iter().filter_map(pull_of).collect())
    }

    async fn comments(&self, pull: u64) -> Result<Vec<Comment>, ForgeError> {
        let request = self.notes("read the notes", pull, &[]).query("sort", "asc").query("order_by", "created_at");
        let has_next = |answer: &Answer| answer.headers.get("x-next-page").is_some_and(|page| !page.is_empty());
        let values = self.call.pages(&request, "per_page", |answer| answer.body.as_array().cloned(), has_next).await?;
        Ok(values.iter().filter_map(comment_of).collect())
    }

    async fn create(&self, pull: u64, body: &str) -> Result<CommentId, ForgeError> {
        let request = self.notes("write a note", pull, &[]).post(&json!({"body": body}));
        let answer = self.call.send(&request).await?;
        number_at(&answer.body, "/id").map(CommentId::new).ok_or_else(|| self.call.uncertain())
    }

    async fn update(&self, pull: u64, id: CommentId, body: &str) -> Result<(), ForgeError> {
        let request = self.notes("edit its note", pull, &[&id.number.to_string()]);
        self.call.send(&request.put(&json!({"body": body}))).await.map(drop)
    }

    async fn delete(&self, pull: u64, id: CommentId) -> Result<(), ForgeError> {
        self.call.remove(self.notes("remove its note", pull, &[&id.number.to_string()])).await
    }
}

/// Notes of the system say what happened; nobody wrote them.
fn comment_of(value: &Value) -> Option<Comment> {
    let is_of_system = value.get("system").and_then(Value::as_bool).unwrap_or_default();
    let comment = Comment {
        id: CommentId::new(number_at(value, "/id")?),
        author: number_at(value, "/author/id").map(|id| id.to_string()),
        body: text_at(value, "/body")?.to_owned(),
    };
    (!is_of_system).then_some(comment)
}
