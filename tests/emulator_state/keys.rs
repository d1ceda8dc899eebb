//! Keys that the hub makes by itself.

use std::num::NonZeroU32;

use hubjobs::emulator::state::{Entropy, HubEvent, HubOptions, HubState, Reply};
use hubjobs::model::{HubSize, Sku};
use jiff::SignedDuration;
use serde_json::json;

/// Primary key of a module that a deployment made, on a device whose keys come from that entropy.
fn deployed_key(entropy: u8) -> String {
    let mut hub = HubState::new(
        HubOptions::new(HubSize { sku: Sku::S1, units: NonZeroU32::MIN }),
        "2026-12-01T08:00:00Z".parse().expect("a time"),
    );
    let (now, device_id) = (hub.now(), "edge".to_owned());
    let identity = json!({"capabilities": {"iotEdge": true}});
    let entropy = Entropy::new([entropy; Entropy::LEN]);
    hub.apply(HubEvent::PutDevice { device_id, identity, if_match: None, entropy }, now).expect("new");
    let content = json!({"modulesContent": {"tool": {"properties.desired.level": 1}}});
    let configuration = json!({"targetCondition": "*", "content": content});
    hub.apply(HubEvent::PutConfiguration { id: "deploy".to_owned(), configuration, if_match: None }, now).expect("new");
    let (device_id, module_id) = ("edge".to_owned(), "tool".to_owned());
    let module = hub.apply(HubEvent::GetModule { device_id, module_id }, now + SignedDuration::from_mins(10));
    let Ok(Reply::Document { body, .. }) = module else { panic!("{module:?}") };
    body["authentication"]["symmetricKey"]["primaryKey"].as_str().expect("a key").to_owned()
}

#[test]
fn keys_of_deployed_modules_cannot_be_guessed() {
    assert_ne!(deployed_key(1), deployed_key(2), "whoever knows only the ids knows no key");
    assert_eq!(deployed_key(1), deployed_key(1), "a replay makes the same");
}
