//! From a request to an event: the checks in the order of the service, then the translation.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use futures_util::StreamExt as _;
use serde_json::Value;
use url::form_urlencoded;

use super::route::Operation;
use crate::emulator::auth::random_bytes;
use crate::emulator::state::{Entropy, FaultKind, HubEvent, HubFault, PageRequest, parse_json};

/// Largest body.
pub(super) const BODY_LEN_MAX: usize = 256 * 1024;
/// How much of a body that is too large is still read, so that the client gets to see the reply.
const BODY_LEN_DRAINED: usize = 8 << 20;

const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const MAX_ITEM_COUNT: HeaderName = HeaderName::from_static("x-ms-max-item-count");
/// `x-ms-continuation`, on requests and replies.
pub(super) const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation");

/// The method that is meant: Java's HTTP stack has no PATCH and says so in a header.
pub(super) fn effective_method(method: &Method, headers: &HeaderMap) -> Method {
    let meant = text(headers, &METHOD_OVERRIDE).and_then(|name| name.to_ascii_uppercase().parse().ok());
    match meant {
        Some(meant) if method == Method::POST => meant,
        _ => method.clone(),
    }
}

/// The web server in front of the hub wants to know how long a body is, even an empty one.
///
/// # Errors
/// When the request does not tell.
pub(super) fn check_length(method: &Method, headers: &HeaderMap) -> Result<(), HubFault> {
    let has_body = method == Method::POST || method == Method::PUT || method == Method::PATCH;
    let told = headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    if has_body && !told { Err(FaultKind::LengthRequired.into()) } else { Ok(()) }
}

/// Takes any date-like version, `-preview` included: clients use many.
///
/// # Errors
/// When it is missing or does not look like a version.
pub(super) fn check_version(uri: &Uri) -> Result<(), HubFault> {
    let version = parameter(uri, "api-version").unwrap_or_default();
    let date = version.strip_suffix("-preview").unwrap_or(&version);
    match date.parse::<jiff::civil::Date>() {
        Ok(_) if date.len() == "2021-04-12".len() => Ok(()),
        _ => Err(FaultKind::InvalidProtocolVersion.into()),
    }
}

/// Reads a body as JSON; an empty one is null.
///
/// # Errors
/// When it is too large or not JSON.
pub(super) async fn read_json(body: Body) -> Result<Value, HubFault> {
    let bytes = read_bytes(body).await?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    parse_json(&bytes).map_err(|error| {
        HubFault::new(FaultKind::GenericBadRequest, format!("BadRequest: the body is not JSON: {error}"))
    })
}

/// Reads a body.
///
/// # Errors
/// When it is too large.
pub(super) async fn read_bytes(body: Body) -> Result<Vec<u8>, HubFault> {
    let mut bytes = Vec::new();
    let mut total = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| HubFault::from(FaultKind::GenericBadRequest))?;
        total += chunk.len();
        if total <= BODY_LEN_MAX {
            bytes.extend_from_slice(&chunk);
        } else if total > BODY_LEN_DRAINED {
            break;
        }
    }
    if total > BODY_LEN_MAX { Err(FaultKind::MessageTooLarge.into()) } else { Ok(bytes) }
}

/// The event that the operation is.
pub(super) fn event(operation: Operation, uri: &Uri, headers: &HeaderMap, body: Value) -> HubEvent {
    let if_match = text(headers, &header::IF_MATCH).map(str::to_owned);
    let entropy = || Entropy::new(random_bytes());
    match operation {
        Operation::CreateJob(id) => HubEvent::CreateJob { id, request: body },
        Operation::GetJob(id) => HubEvent::GetJob { id },
        Operation::CancelJob(id) => HubEvent::CancelJob { id },
        Operation::ListJobs => HubEvent::ListJobs {
            job_type: parameter(uri, "jobType"),
            job_status: parameter(uri, "jobStatus"),
            page: page(uri, headers),
        },
        Operation::Query => HubEvent::Query { request: body, page: page(uri, headers) },
        Operation::GetTwin(device_id, module_id) => HubEvent::GetTwin { device_id, module_id },
        Operation::PatchTwin(device_id, module_id) => {
            HubEvent::PatchTwin { device_id, module_id, patch: body, if_match }
        }
        Operation::ReplaceTwin(device_id, module_id) => {
            HubEvent::ReplaceTwin { device_id, module_id, twin: body, if_match }
        }
        Operation::InvokeMethod(device_id, module_id) => HubEvent::InvokeMethod { device_id, module_id, request: body },
        Operation::GetDevice(device_id) => HubEvent::GetDevice { device_id },
        Operation::PutDevice(device_id) => {
            HubEvent::PutDevice { device_id, identity: body, if_match, entropy: entropy() }
        }
        Operation::DeleteDevice(device_id) => HubEvent::DeleteDevice { device_id, if_match },
        Operation::ListDevices => HubEvent::ListDevices { top: top(uri) },
        Operation::BulkDevices => HubEvent::BulkDevices { devices: body, entropy: entropy() },
        Operation::ListModules(device_id) => HubEvent::ListModules { device_id },
        Operation::GetModule(device_id, module_id) => HubEvent::GetModule { device_id, module_id },
        Operation::PutModule(device_id, module_id) => {
            HubEvent::PutModule { device_id, module_id, identity: body, if_match, entropy: entropy() }
        }
        Operation::DeleteModule(device_id, module_id) => HubEvent::DeleteModule { device_id, module_id, if_match },
        Operation::PurgeCommands(device_id) => HubEvent::PurgeCommands { device_id },
        Operation::ApplyConfigurationContent(device_id) => {
            HubEvent::ApplyConfigurationContent { device_id, content: body, entropy: entropy() }
        }
        Operation::ListConfigurations => HubEvent::ListConfigurations { top: top(uri) },
        Operation::TestConfigurationQueries => HubEvent::TestConfigurationQueries { request: body },
        Operation::GetConfiguration(id) => HubEvent::GetConfiguration { id },
        Operation::PutConfiguration(id) => HubEvent::PutConfiguration { id, configuration: body, if_match },
        Operation::DeleteConfiguration(id) => HubEvent::DeleteConfiguration { id, if_match },
        Operation::DeviceStatistics => HubEvent::DeviceStatistics,
        Operation::ServiceStatistics => HubEvent::ServiceStatistics,
        Operation::ListV1Jobs => HubEvent::ListV1Jobs,
        Operation::CreateV1Job => HubEvent::CreateV1Job { request: body },
        Operation::GetV1Job(id) => HubEvent::GetV1Job { id },
        Operation::CancelV1Job(id) => HubEvent::CancelV1Job { id },
    }
}

fn top(uri: &Uri) -> Option<u64> {
    parameter(uri, "top").and_then(|top| top.parse().ok())
}

/// The page asked for: headers as every client sends them, or the parameters of the documentation.
fn page(uri: &Uri, headers: &HeaderMap) -> PageRequest {
    let either = |header, name| text(headers, header).map(str::to_owned).or_else(|| parameter(uri, name));
    PageRequest {
        max_item_count: either(&MAX_ITEM_COUNT, "pageSize").and_then(|count| count.trim().parse().ok()),
        continuation: either(&CONTINUATION, "continuationToken"),
    }
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let check = |query: &str| check_version(&format!("/twins/a?{query}").parse().unwrap()).is_ok();
        for version in ["2021-04-12", "2018-06-30", "2020-05-31-preview", "2024-03-31"] {
            assert!(check(&format!("api-version={version}")), "{version}");
        }
        assert!(check("top=1&API-Version=2021-04-12"));
        for query in ["", "api-version=", "api-version=latest", "api-version=2021-13-01", "api-version=20210412"] {
            assert!(!check(query), "{query}");
        }
    }

    #[test]
    fn headers_win_over_parameters() {
        let uri: Uri = "/jobs/v2/query?pageSize=7&continuationToken=a".parse().unwrap();
        let mut headers = HeaderMap::new();
        let of_parameters = PageRequest { max_item_count: Some(7), continuation: Some("a".to_owned()) };
        assert_eq!(page(&uri, &headers), of_parameters);
        headers.insert(MAX_ITEM_COUNT, "3".parse().unwrap());
        headers.insert(CONTINUATION, "b".parse().unwrap());
        let of_headers = PageRequest { max_item_count: Some(3), continuation: Some("b".to_owned()) };
        assert_eq!(page(&uri, &headers), of_headers);
    }

    #[test]
    fn only_post_can_mean_another_method() {
        let mut headers = HeaderMap::new();
        headers.insert(METHOD_OVERRIDE, "patch".parse().unwrap());
        assert_eq!(effective_method(&Method::POST, &headers), Method::PATCH);
        assert_eq!(effective_method(&Method::GET, &headers), Method::GET);
    }
}
