//! How each forge says it: paths, bodies and pages, from its documents. Nothing here is shared with the
//! clients, so that one mistake cannot hide the other.

use axum::http::{HeaderMap, Method};
use base64::Engine as _;
use hubjobs::forge::ForgeKind;
use serde_json::{Value, json};

use super::played::{ME, Op, PULL, Stored, TOKEN, World};

/// Path of the API, before everything else.
pub(super) fn base(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::GitHub => "/api/v3",
        ForgeKind::GitLab => "/api/v4",
        ForgeKind::Azure => "/fabrikam",
        ForgeKind::Bitbucket => "/2.0",
    }
}

/// The repository, as it is typed.
pub(super) fn repository(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::GitLab => "group/sub group/fleet",
        ForgeKind::Azure => "Smart Buildings/fleet",
        ForgeKind::GitHub | ForgeKind::Bitbucket => "contoso/fleet",
    }
}

/// Whether a call is signed in, and asks for a version where one must.
pub(super) fn knows(kind: ForgeKind, headers: &HeaderMap, query: &[(String, String)]) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let basic = || format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!(":{TOKEN}")));
    match kind {
        ForgeKind::GitHub => header("authorization") == format!("Bearer {TOKEN}") && !header("user-agent").is_empty(),
        ForgeKind::GitLab => header("private-token") == TOKEN,
        ForgeKind::Azure => {
            let authorization = header("authorization");
            let has_version = query.iter().all(|(name, value)| name != "api-version" || value == "7.1");
            has_version && (authorization == format!("Bearer {TOKEN}") || authorization == basic())
        }
        ForgeKind::Bitbucket => header("authorization") == format!("Bearer {TOKEN}"),
    }
}

fn id(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

fn text(body: &Value, pointer: &str) -> String {
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What a call means.
pub(super) fn route(kind: ForgeKind, method: &Method, path: &[&str], body: &Value) -> Option<Op> {
    let pull = PULL.to_string();
    let pull = pull.as_str();
    match kind {
        ForgeKind::GitHub => match (method.as_str(), path) {
            ("POST", ["api", "graphql"]) if text(body, "/query").contains("viewer") => Some(Op::Author),
            (_, ["api", "v3", "repos", "contoso", "fleet", rest @ ..]) => match (method.as_str(), rest) {
                ("GET", ["pulls", number]) => Some(Op::Pull(id(number))),
                ("GET", ["commits", commit, "pulls"]) => Some(Op::PullsOf((*commit).to_owned())),
                ("GET", ["issues", number, "comments"]) if *number == pull => Some(Op::List),
                ("POST", ["issues", number, "comments"]) if *number == pull => Some(Op::Create(text(body, "/body"))),
                ("PATCH", ["issues", "comments", comment]) => Some(Op::Update(id(comment), text(body, "/body"))),
                ("DELETE", ["issues", "comments", comment]) => Some(Op::Delete(id(comment))),
                _ => None,
            },
            _ => None,
        },
        ForgeKind::GitLab => match (method.as_str(), path) {
            ("GET", ["api", "v4", "user"]) => Some(Op::Author),
            (_, ["api", "v4", "projects", "group/sub group/fleet", rest @ ..]) => match (method.as_str(), rest) {
                ("GET", ["merge_requests", number]) => Some(Op::Pull(id(number))),
                ("GET", ["repository", "commits", commit, "merge_requests"]) => Some(Op::PullsOf((*commit).to_owned())),
                ("GET", ["merge_requests", number, "notes"]) if *number == pull => Some(Op::List),
                ("POST", ["merge_requests", number, "notes"]) if *number == pull => {
                    Some(Op::Create(text(body, "/body")))
                }
                ("PUT", ["merge_requests", number, "notes", note]) if *number == pull => {
                    Some(Op::Update(id(note), text(body, "/body")))
                }
                ("DELETE", ["merge_requests", number, "notes", note]) if *number == pull => Some(Op::Delete(id(note))),
                _ => None,
            },
            _ => None,
        },
        ForgeKind::Azure => match (method.as_str(), path) {
            ("GET", ["fabrikam", "_apis", "connectionData"]) => Some(Op::Author),
            (_, ["fabrikam", "Smart Buildings", "_apis", "git", "repositories", "fleet", rest @ ..]) => {
                match (method.as_str(), rest) {
                    ("GET", ["pullRequests", number]) => Some(Op::Pull(id(number))),
                    ("POST", ["pullrequestquery"]) if text(body, "/queries/0/type") == "lastMergeCommit" => {
                        Some(Op::PullsOf(text(body, "/queries/0/items/0")))
                    }
                    ("GET", ["pullRequests", number, "threads"]) if *number == pull => Some(Op::List),
                    ("POST", ["pullRequests", number, "threads"])
                        if *number == pull && text(body, "/status") == "closed" =>
                    {
                        Some(Op::Create(text(body, "/comments/0/content")))
                    }
                    ("PATCH", ["pullRequests", number, "threads", thread, "comments", "1"]) if *number == pull => {
                        Some(Op::Update(id(thread), text(body, "/content")))
                    }
                    ("DELETE", ["pullRequests", number, "threads", thread, "comments", "1"]) if *number == pull => {
                        Some(Op::Delete(id(thread)))
                    }
                    _ => None,
                }
            }
            _ => None,
        },
        ForgeKind::Bitbucket => match (method.as_str(), path) {
            ("GET", ["2.0", "user"]) => Some(Op::Author),
            (_, ["2.0", "repositories", "contoso", "fleet", rest @ ..]) => match (method.as_str(), rest) {
                ("GET", ["pullrequests", number]) => Some(Op::Pull(id(number))),
                ("GET", ["commit", commit, "pullrequests"]) => Some(Op::PullsOf((*commit).to_owned())),
                ("GET", ["pullrequests", number, "comments"]) if *number == pull => Some(Op::List),
                ("POST", ["pullrequests", number, "comments"]) if *number == pull => {
                    Some(Op::Create(text(body, "/content/raw")))
                }
                ("PUT", ["pullrequests", number, "comments", comment]) if *number == pull => {
                    Some(Op::Update(id(comment), text(body, "/content/raw")))
                }
                ("DELETE", ["pullrequests", number, "comments", comment]) if *number == pull => {
                    Some(Op::Delete(id(comment)))
                }
                _ => None,
            },
            _ => None,
        },
    }
}

/// Who the token is.
pub(super) fn author(kind: ForgeKind) -> Value {
    match kind {
        ForgeKind::GitHub => json!({"data": {"viewer": {"login": ME}}}),
        ForgeKind::GitLab => json!({"id": id(ME), "username": "project_1_bot"}),
        ForgeKind::Azure => json!({"authenticatedUser": {"id": ME, "providerDisplayName": "Build Service"}}),
        ForgeKind::Bitbucket => json!({"uuid": ME, "type": "user"}),
    }
}

/// The pull request.
pub(super) fn pull(world: &World) -> Value {
    let World { kind, state, head, .. } = world;
    match kind {
        ForgeKind::GitHub => {
            let merged_at = (*state == "merged").then_some("2026-11-20T10:00:00Z");
            let state = if *state == "open" { "open" } else { "closed" };
            json!({"number": PULL, "state": state, "merged_at": merged_at, "head": {"sha": head},
                   "merge_commit_sha": super::played::MERGE})
        }
        ForgeKind::GitLab => {
            let state = if *state == "open" { "opened" } else { state };
            json!({"iid": PULL, "id": 99_001, "state": state, "sha": head})
        }
        ForgeKind::Azure => {
            let status = match *state {
                "open" => "active",
                "merged" => "completed",
                _ => "abandoned",
            };
            json!({"pullRequestId": PULL, "status": status, "lastMergeSourceCommit": {"commitId": head}})
        }
        ForgeKind::Bitbucket => {
            let state = match *state {
                "open" => "OPEN",
                "merged" => "MERGED",
                _ => "DECLINED",
            };
            // Twelve digits of a hash, as Bitbucket shows it.
            json!({"id": PULL, "state": state, "source": {"commit": {"hash": head.chars().take(12).collect::<String>()}}})
        }
    }
}

/// The pull requests of the merge commit.
pub(super) fn pulls_of(world: &World) -> Value {
    let pull = pull(world);
    match world.kind {
        ForgeKind::GitHub | ForgeKind::GitLab => json!([pull]),
        ForgeKind::Azure => json!({"results": [{super::played::MERGE: [pull]}]}),
        ForgeKind::Bitbucket => json!({"values": [{"id": PULL, "state": pull["state"]}]}),
    }
}

/// A comment in a list.
pub(super) fn comment(kind: ForgeKind, stored: &Stored) -> Value {
    let Stored { id: number, author, body, is_deleted } = stored;
    match kind {
        ForgeKind::GitHub => json!({"id": number, "user": {"login": author, "type": "Bot"}, "body": body}),
        ForgeKind::GitLab => json!({"id": number, "author": {"id": id(author)}, "body": body, "system": false}),
        ForgeKind::Azure => {
            let mut comment = json!({"id": 1, "author": {"id": author}, "content": body, "isDeleted": is_deleted});
            if *is_deleted {
                comment.as_object_mut().expect("an object").remove("content");
            }
            json!({"id": number, "comments": [comment], "isDeleted": is_deleted, "status": "closed"})
        }
        ForgeKind::Bitbucket => {
            let raw = if *is_deleted { "" } else { body };
            json!({"id": number, "user": {"uuid": author}, "content": {"raw": raw}, "deleted": is_deleted})
        }
    }
}

/// A comment that was just written.
pub(super) fn created(kind: ForgeKind, stored: &Stored) -> Value {
    comment(kind, stored)
}

/// A page of comments, and what says that there is another.
pub(super) fn page(
    kind: ForgeKind,
    values: Value,
    page: usize,
    next: Option<usize>,
) -> (Value, Vec<(&'static str, String)>) {
    match kind {
        // Addresses of others: who follows them sends the token there.
        ForgeKind::GitHub => {
            let link = |next| {
                (
                    "link",
                    format!(
                        "<https://elsewhere.example/?page={next}>; rel=\"next\", <https://elsewhere.example/?page=9>; rel=\"last\""
                    ),
                )
            };
            (values, next.map(link).into_iter().collect())
        }
        ForgeKind::GitLab => {
            let next = next.map(|next| next.to_string()).unwrap_or_default();
            (values, vec![("x-page", page.to_string()), ("x-next-page", next)])
        }
        ForgeKind::Azure => (json!({"count": values.as_array().map_or(0, Vec::len), "value": values}), Vec::new()),
        ForgeKind::Bitbucket => {
            let mut body = json!({"pagelen": 100, "page": page, "values": values});
            if let Some(next) = next {
                body["next"] = json!(format!("https://elsewhere.example/?page={next}"));
            }
            (body, Vec::new())
        }
    }
}
