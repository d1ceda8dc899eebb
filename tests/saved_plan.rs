//! Plans in files: what is written can be read, and what was changed is refused.
//!
//! `HUBJOBS_UPDATE=1 cargo test --test saved_plan` rewrites `schemas/plan.schema.json`.

use std::fs;
use std::path::Path;
use std::process::Command;

use hubjobs::report::document::{
    InvalidPlanKey, PlanKey, Provenance, SavedPlan, UnusablePlan, open, plan_schema_json, seal,
};
use jsonschema::Validator;
use serde_json::Value;

const KEY: &str = "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMsIG9mIDMyIGJ5dGVzIGF0IGxlYXN0";

fn key() -> PlanKey {
    PlanKey::from_base64(KEY).expect("a key of the tests")
}

/// The plan of a small project, as the program saves it.
fn saved(is_signed: bool) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cli/apply.in");
    fs::create_dir(dir.path().join("jobs")).expect("an empty folder");
    for file in ["hubjobs.yaml", "fleet.yaml", "jobs/doors.yaml"] {
        fs::copy(sample.join(file), dir.path().join(file)).expect("part of the sample");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
    command.args(["plan", "--out", "plan.json"]).current_dir(dir.path());
    command.env_remove("HUBJOBS_ENV").env_remove("HUBJOBS_PLAN_KEY");
    if is_signed {
        command.env("HUBJOBS_PLAN_KEY", KEY);
    }
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(dir.path().join("plan.json")).expect("the plan was saved")
}

fn read(text: &[u8]) -> Result<(SavedPlan, Provenance), UnusablePlan> {
    open(text, Some(&key()))
}

#[test]
fn what_is_written_is_read_again() {
    let text = saved(true);
    let (plan, provenance) = read(text.as_bytes()).expect("a plan of ours");
    assert_eq!(provenance, Provenance::Verified);
    assert_eq!(plan.intent.digest(), plan.plan.digest);
    assert_eq!(seal(&plan, Some(&key())), text, "the same plan has the same text");
    let (unchecked, provenance) = open(text.as_bytes(), None).expect("a plan of ours");
    assert_eq!((unchecked, provenance), (plan, Provenance::Unchecked));
    assert_eq!(read(saved(false).as_bytes()).expect("a plan of ours").1, Provenance::Unsigned);
}

/// Every byte, three ways: another digit or letter, the other case, and no text at all. Where such a
/// file still opens, it says the same: white space became other white space, or an escape is spelt
/// another way.
#[test]
fn no_byte_of_a_signed_plan_can_be_changed() {
    let text = saved(true).into_bytes();
    let (plan, _) = read(&text).expect("a plan of ours");
    let (mut refused, mut same) = (0, 0);
    for at in 0..text.len() {
        for change in [0x01, 0x20, 0x80] {
            let mut changed = text.clone();
            changed[at] ^= change;
            match read(&changed) {
                Err(_) => refused += 1,
                Ok((read, Provenance::Verified)) => {
                    assert_eq!(read, plan, "byte {at} xor {change:#x}");
                    same += 1;
                }
                Ok((_, provenance)) => panic!("byte {at} xor {change:#x} gives a plan that is {provenance:?}"),
            }
        }
    }
    assert!(refused > same && refused + same == 3 * text.len(), "{refused} refused, {same} the same");
}

#[test]
fn no_byte_of_an_unsigned_plan_changes_by_accident() {
    let text = saved(false).into_bytes();
    let (plan, _) = open(&text, None).expect("a plan of ours");
    for at in 0..text.len() {
        let mut changed = text.clone();
        changed[at] ^= 0x01;
        if let Ok((read, _)) = open(&changed, None) {
            assert_eq!(read, plan, "byte {at}");
        }
    }
}

#[test]
fn a_plan_that_was_cut_is_refused() {
    let text = saved(true);
    let end = text.trim_end().len();
    for len in 0..end {
        assert!(read(&text.as_bytes()[..len]).is_err(), "the first {len} bytes");
    }
    assert!(read(&text.as_bytes()[..end]).is_ok(), "only white space is missing");
}

#[test]
fn a_signature_cannot_be_taken_away_or_lent() {
    let value: Value = serde_json::from_str(&saved(true)).expect("JSON");
    let mut without = value.clone();
    without.as_object_mut().expect("an object").remove("signature");
    assert_eq!(read(without.to_string().as_bytes()).expect("an unsigned plan").1, Provenance::Unsigned);
    for signature in [Value::Null, "".into(), "hmac-sha256:".into(), 7.into(), "hmac-sha256:00".into()] {
        let mut other = value.clone();
        other["signature"] = signature.clone();
        assert_eq!(read(other.to_string().as_bytes()), Err(UnusablePlan::Signature), "{signature}");
    }
    // A checksum is anybody's to compute, a signature is not.
    let (mut plan, _) = read(value.to_string().as_bytes()).expect("a plan of ours");
    plan.acknowledgements.push("max-devices=9800".to_owned());
    let mut forged: Value = serde_json::from_str(&seal(&plan, None)).expect("JSON");
    assert!(open(forged.to_string().as_bytes(), None).is_ok(), "its checksum fits");
    forged["signature"] = value["signature"].clone();
    assert_eq!(read(forged.to_string().as_bytes()), Err(UnusablePlan::Signature));
    let other = PlanKey::from_base64("b3RoZXIga2V5IG9mIHRoZSB0ZXN0cywgb2YgMzIgYnl0ZXMgYXQgbGVhc3Q=").expect("a key");
    assert_eq!(open(value.to_string().as_bytes(), Some(&other)), Err(UnusablePlan::Signature));
}

#[test]
fn white_space_and_the_order_of_members_do_not_matter() {
    let text = saved(true);
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    value.sort_all_objects();
    let (plan, provenance) = read(value.to_string().as_bytes()).expect("the same plan");
    assert_eq!((plan, provenance), read(text.as_bytes()).expect("a plan of ours"));
}

/// A person who reads the file, and programs that take the first of two members, would see another plan.
#[test]
fn nothing_stands_twice_in_a_plan() {
    let text = saved(true);
    for (member, name) in [("{\n  \"rows\": [],", "rows"), ("{\n  \"signature\": \"\",", "signature")] {
        let twice = text.replacen('{', member, 1);
        let why = read(twice.as_bytes()).expect_err("it was changed");
        assert!(why.is_tampered(), "{why}");
        assert!(why.to_string().starts_with(&format!("a name stands in it twice: `{name}` at line ")), "{why}");
    }
    let within = text.replacen("\"hub\": {", "\"hub\": {\"name\": \"a\", ", 1);
    assert_ne!(within, text);
    assert!(matches!(read(within.as_bytes()), Err(UnusablePlan::Twice(_))));
}

#[test]
fn what_is_no_plan_says_so() {
    let value: Value = serde_json::from_str(&saved(false)).expect("JSON");
    let with = |name: &str, to: Value| {
        let mut value = value.clone();
        value[name] = to;
        open(value.to_string().as_bytes(), None).expect_err("it was changed").to_string()
    };
    for (text, words) in [
        (String::new(), "it is not JSON"),
        ("\u{feff}{}".to_owned(), "it is not JSON"),
        ("[".repeat(100_000), "it is not JSON"),
        ("[]".to_owned(), "it is JSON, but no saved plan"),
        ("{}".to_owned(), "it is JSON, but no saved plan"),
        ("null".to_owned(), "it is JSON, but no saved plan"),
    ] {
        let why = open(text.as_bytes(), None).expect_err("no plan").to_string();
        assert!(why.starts_with(words), "{why}");
    }
    assert!(with("kind", "terraform".into()).contains("its `kind` is not `hubjobs.plan`"));
    for version in [2.into(), 0.into(), "1".into(), Value::Null, 1.5.into()] {
        let why = with("formatVersion", version.clone());
        assert!(why.contains(&format!("its `formatVersion` is {version}, and this hubjobs reads 1")), "{why}");
    }
    assert!(with("environment", "other".into()).contains("its checksum does not fit"));
}

/// Whoever changes a plan can give it a checksum that fits; it still has to agree with itself.
#[test]
fn a_plan_agrees_with_itself() {
    let (plan, _) = open(saved(false).as_bytes(), None).expect("a plan of ours");
    let refused = |change: &dyn Fn(&mut SavedPlan)| {
        let mut plan = plan.clone();
        change(&mut plan);
        open(seal(&plan, None).as_bytes(), None).expect_err("it contradicts itself").to_string()
    };
    let digest = refused(&|plan| plan.intent.manifests[0].generation += 1);
    assert!(digest.contains("`digest` is not the digest of `intent`"), "{digest}");
    let other = refused(&|plan| plan.plan.hub.name = "other.azure-devices.net".to_owned());
    assert!(other.contains("another environment, hub or owner"), "{other}");
    let name = refused(&|plan| plan.plan.rows[0].name = "\u{1b}[2Jrm".to_owned());
    assert!(!name.contains('\u{1b}'), "{name:?}");
    refused(&|plan| plan.plan.environment = "Prod\n".to_owned());
    refused(&|plan| plan.plan.owner = "nobody at all".to_owned());
}

#[test]
fn only_a_key_with_enough_bytes_is_one() {
    use InvalidPlanKey::{Empty, NotBase64, Short};
    for (text, why) in [
        ("", Empty),
        ("  \n", Empty),
        ("correct horse battery staple", NotBase64),
        ("cGFzc3dvcmQ=", Short(8)),
        ("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ==", Short(31)),
    ] {
        assert_eq!(PlanKey::from_base64(text).expect_err("no key"), why, "{text}");
    }
    let key = PlanKey::from_base64(&format!(" {KEY}\n")).expect("what a shell hands over");
    assert_eq!(format!("{key:?}"), "***");
}

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(&plan_schema_json()).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is valid")
}

#[test]
fn the_published_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/plan.schema.json");
    if std::env::var_os("HUBJOBS_UPDATE").is_some() {
        fs::write(&path, plan_schema_json()).expect("the folder is writable");
    }
    let published = fs::read_to_string(&path).expect("the schema is checked in");
    assert!(published == plan_schema_json(), "stale: run `HUBJOBS_UPDATE=1 cargo test --test saved_plan`");
}

#[test]
fn saved_plans_fit_the_schema() {
    let validator = validator();
    for is_signed in [false, true] {
        let value: Value = serde_json::from_str(&saved(is_signed)).expect("JSON");
        let errors: Vec<_> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let mut without = value.clone();
        without.as_object_mut().expect("an object").remove("rows");
        assert!(!validator.is_valid(&without), "a plan has rows");
    }
}
