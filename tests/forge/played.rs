//! A forge on this machine: one pull request with its comments, served as the forge at hand documents its
//! API, with faults at places that a test chooses.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use hubjobs::forge::ForgeKind;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::apis;

/// The token that the forge knows.
pub(super) const TOKEN: &str = "marked-secret-Kx81";
/// Its user, as the API names it.
pub(super) const ME: &str = "1001";
/// A commit that was merged, and the tip of the branch before it.
pub(super) const MERGE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const HEAD: &str = "4f2a91c07be34d5568a0c1d2e3f405162738495a";
/// Number of the pull request.
pub(super) const PULL: u64 = 7;

/// What a call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    Author,
    Pull(u64),
    PullsOf(String),
    List,
    Create(String),
    Update(u64, String),
    Delete(u64),
}

/// The kind of a call, for faults and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    Author,
    Pull,
    List,
    Create,
    Update,
    Delete,
}

impl Op {
    pub(super) const fn on(&self) -> On {
        match self {
            Self::Author => On::Author,
            Self::Pull(_) | Self::PullsOf(_) => On::Pull,
            Self::List => On::List,
            Self::Create(_) => On::Create,
            Self::Update(..) => On::Update,
            Self::Delete(_) => On::Delete,
        }
    }
}

/// What befalls a call.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// Refused, with headers and words.
    Refuse(u16, Vec<(&'static str, String)>, &'static str),
    /// Carried out, and then no whole answer.
    LoseReply,
    /// Carried out, and then the answer of a proxy.
    BadGateway,
    /// Before it, somebody removes every comment.
    Emptied,
    /// Before it, another run of ours writes a comment.
    OtherRun(String),
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) is_deleted: bool,
}

/// What there is.
#[derive(Debug)]
pub(super) struct World {
    pub(super) kind: ForgeKind,
    pub(super) comments: Vec<Stored>,
    pub(super) state: &'static str,
    pub(super) head: String,
    /// Whether the API tells who the token is.
    pub(super) tells_author: bool,
    pub(super) faults: VecDeque<(On, Fault)>,
    /// Every call that was carried out or refused.
    pub(super) calls: Vec<On>,
    next: u64,
}

impl World {
    pub(super) fn add(&mut self, author: &str, body: &str) -> u64 {
        self.next += 3;
        let (id, author, body) = (self.next, author.to_owned(), body.to_owned());
        self.comments.push(Stored { id, author, body, is_deleted: false });
        id
    }

    /// Comments that a person sees.
    pub(super) fn shown(&self) -> Vec<&Stored> {
        self.comments.iter().filter(|comment| !comment.is_deleted).collect()
    }

    pub(super) fn count(&self, on: On) -> usize {
        self.calls.iter().filter(|call| **call == on).count()
    }

    fn find(&mut self, id: u64) -> Option<&mut Stored> {
        self.comments.iter_mut().find(|comment| comment.id == id && !comment.is_deleted)
    }

    /// Carries a call out; status and what the forge says.
    fn carry_out(&mut self, op: &Op, page: usize, page_len: usize) -> (u16, Value, Option<usize>) {
        let missing = (404, json!({"message": "Not Found"}), None);
        match op {
            Op::Author if self.tells_author => (200, apis::author(self.kind), None),
            Op::Author => (403, json!({"message": "no scope"}), None),
            Op::Pull(PULL) => (200, apis::pull(self), None),
            Op::PullsOf(commit) if commit == MERGE => (200, apis::pulls_of(self), None),
            Op::PullsOf(_) | Op::Pull(_) => missing,
            Op::List => {
                let all: Vec<_> = self.comments.iter().map(|comment| apis::comment(self.kind, comment)).collect();
                let page_len = if self.kind == ForgeKind::Azure { usize::MAX } else { page_len.min(100) };
                let pages: Vec<_> = all.chunks(page_len).collect();
                let values = pages.get(page - 1).map(|page| page.to_vec()).unwrap_or_default();
                (200, Value::Array(values), (page < pages.len()).then_some(page + 1))
            }
            Op::Create(body) => {
                let id = self.add(ME, body);
                let comment = self.find(id).expect("it was just added").clone();
                (201, apis::created(self.kind, &comment), None)
            }
            Op::Update(id, body) => match self.find(*id) {
                None => missing,
                Some(comment) if comment.author != ME => (403, json!({"message": "not yours"}), None),
                Some(comment) => {
                    comment.body.clone_from(body);
                    (200, json!({}), None)
                }
            },
            Op::Delete(id) => match self.find(*id) {
                None => missing,
                Some(comment) if comment.author != ME => (403, json!({"message": "not yours"}), None),
                Some(comment) => {
                    comment.is_deleted = true;
                    (204, Value::Null, None)
                }
            },
        }
    }
}

/// A forge that is served.
#[derive(Debug, Clone)]
pub(super) struct Played {
    pub(super) url: String,
    world: Arc<Mutex<World>>,
}

impl Played {
    pub(super) async fn start(kind: ForgeKind) -> Self {
        let world = World {
            kind,
            comments: Vec::new(),
            state: "open",
            head: HEAD.to_owned(),
            tells_author: true,
            faults: VecDeque::new(),
            calls: Vec::new(),
            next: 100,
        };
        let world = Arc::new(Mutex::new(world));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&world));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: format!("http://{address}{}", apis::base(kind)), world }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no test holds it while it panics")
    }

    pub(super) fn fault(&self, on: On, fault: Fault) {
        self.world().faults.push_back((on, fault));
    }
}

async fn answer(
    State(world): State<Arc<Mutex<World>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut world = world.lock().expect("no test holds it while it panics");
    let segments: Vec<_> = uri.path().split('/').skip(1).map(decoded).collect();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let query: Vec<(String, String)> = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let number = |name: &str| query.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok());
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !apis::knows(world.kind, &headers, &query) {
        return respond(401, &[], &json!({"message": "Unauthorized"}));
    }
    let Some(op) = apis::route(world.kind, &method, &segments, &body) else {
        return respond(400, &[], &json!({"message": format!("the played API has no {method} {uri}")}));
    };
    world.calls.push(op.on());
    let fault = match world.faults.front() {
        Some((on, _)) if *on == op.on() => world.faults.pop_front().map(|(_, fault)| fault),
        _ => None,
    };
    match &fault {
        Some(Fault::Refuse(status, headers, words)) => {
            return respond(*status, headers, &json!({"message": words}));
        }
        Some(Fault::Emptied) => world.comments.iter_mut().for_each(|comment| comment.is_deleted = true),
        Some(Fault::OtherRun(body)) => drop(world.add(ME, body)),
        Some(Fault::LoseReply | Fault::BadGateway) | None => {}
    }
    // As Azure DevOps and Bitbucket list what was removed, and the others do not.
    if matches!(world.kind, ForgeKind::GitHub | ForgeKind::GitLab) {
        world.comments.retain(|comment| !comment.is_deleted);
    }
    let (page, page_len) = (number("page").unwrap_or(1), number("per_page").or(number("pagelen")).unwrap_or(20));
    let (status, value, next) = world.carry_out(&op, page, page_len);
    match fault {
        Some(Fault::LoseReply) => {
            let broken =
                futures_util::stream::iter([Ok::<_, std::io::Error>("{\"id\":"), Err(std::io::Error::other("cut"))]);
            return Response::builder().status(status).body(Body::from_stream(broken)).expect("a response");
        }
        Some(Fault::BadGateway) => return respond(502, &[], &Value::Null),
        _ => {}
    }
    let (value, headers) = match op {
        Op::List => apis::page(world.kind, value, page, next),
        _ => (value, Vec::new()),
    };
    respond(status, &headers, &value)
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

fn respond(status: u16, headers: &[(&'static str, String)], value: &Value) -> Response {
    let mut response = Response::builder().status(StatusCode::from_u16(status).expect("a status"));
    for (name, text) in headers {
        response = response.header(*name, text);
    }
    let body = if value.is_null() { Body::empty() } else { Body::from(value.to_string()) };
    response.body(body).expect("headers of a test are well-formed")
}
