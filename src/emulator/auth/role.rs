//! Data actions of IoT Hub, and the roles of Entra that hold them.

/// What all data actions of a hub begin with.
const PREFIX: &str = "microsoft.devices/iothubs/";

/// The data action, without its prefix, that a call of the service API is.
pub(super) fn data_action(method: &str, path: &[String]) -> &'static str {
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    match (method, path.as_slice()) {
        ("GET", ["jobs", ..]) => "jobs/read",
        ("DELETE", ["jobs", ..]) | ("POST", ["jobs", "v2", _, "cancel"]) => "jobs/delete",
        (_, ["jobs", ..]) => "jobs/write",
        ("POST", ["devices", "query"]) | ("GET", ["twins", ..]) => "twins/read",
        ("POST", ["twins", .., "methods"]) => "directMethods/invoke/action",
        (_, ["twins", ..]) => "twins/write",
        ("DELETE", ["devices", _, "commands"]) => "cloudToDeviceMessages/queue/purge/action",
        ("POST", ["devices", _, "applyConfigurationContent"]) => "configurations/applyToEdgeDevice/action",
        ("GET", ["devices", ..]) => "devices/read",
        ("DELETE", ["devices", ..]) => "devices/delete",
        (_, ["devices", ..]) => "devices/write",
        ("GET", ["configurations", ..]) => "configurations/read",
        ("DELETE", ["configurations", ..]) => "configurations/delete",
        ("POST", ["configurations", "testQueries"]) => "configurations/testQueries/action",
        (_, ["configurations", ..]) => "configurations/write",
        (_, ["statistics", ..]) => "statistics/read",
        // Only who may do everything may do what has no name here.
        _ => "*",
    }
}

/// Whether a role holds an action: one of IoT Hub's four roles, or a data action written out, in which
/// `*` stands for any text.
pub(super) fn grants(role: &str, action: &str) -> bool {
    let plain: String = role.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let action = action.to_ascii_lowercase();
    match plain.as_str() {
        "iothubdatacontributor" => true,
        "iothubdatareader" => action.ends_with("/read"),
        "iothubregistrycontributor" => action.starts_with("devices/"),
        "iothubtwincontributor" => action.starts_with("twins/"),
        other => other.strip_prefix(PREFIX).is_some_and(|pattern| matches(pattern, &action)),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(call: &str) -> &'static str {
        let (method, path) = call.split_once(" /").unwrap();
        let path: Vec<_> = path.split('/').map(str::to_owned).collect();
        data_action(method, &path)
    }

    #[test]
    fn roles_hold_what_azure_gives_them() {
        let allowed = |role: &str, call: &str| grants(role, action(call));
        for call in
            ["GET /jobs/v2/a", "POST /devices/query", "GET /twins/a", "GET /devices/a", "GET /statistics/devices"]
        {
            assert!(allowed("IoT Hub Data Contributor", call) && allowed("IoT Hub Data Reader", call), "{call}");
        }
        for call in
            ["PUT /jobs/v2/a", "POST /jobs/v2/a/cancel", "PATCH /twins/a", "DELETE /devices/a", "POST /twins/a/methods"]
        {
            assert!(allowed("IoTHubDataContributor", call) && !allowed("IoT Hub Data Reader", call), "{call}");
        }
        assert!(allowed("IoT Hub Twin Contributor", "PUT /twins/a/modules/b"));
        assert!(!allowed("IoT Hub Twin Contributor", "POST /twins/a/modules/b/methods"));
        assert!(allowed("IoT Hub Registry Contributor", "DELETE /devices/a"));
        assert!(!allowed("IoT Hub Registry Contributor", "GET /twins/a"));
        assert!(!allowed("Owner", "GET /twins/a") && !allowed("Contributor", "GET /twins/a"));
    }

    #[test]
    fn actions_may_be_written_out() {
        let custom = "Microsoft.Devices/IotHubs/jobs/*";
        assert!(grants(custom, action("PUT /jobs/v2/a")) && !grants(custom, action("GET /twins/a")));
        assert!(grants("Microsoft.Devices/IotHubs/*/read", "twins/read"));
        assert!(!grants("Microsoft.Devices/IotHubs/twins/read", "twins/write"));
    }
}
