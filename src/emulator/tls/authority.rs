//! Making certificates, in the shape that the strictest client demands: Python 3.13 wants an authority
//! key identifier in the server's, and key usage, subject key identifier and critical basic
//! constraints in the authority's.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rand::RngExt as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use serde::{Deserialize, Serialize};

use crate::emulator::auth::Key;
use crate::emulator::names::HubNames;

/// The authority is never renewed, for people tell their machines to trust it. Both ends are before
/// 2050, after which dates have another form that old clients do not read.
const AUTHORITY_FROM: (i32, u8, u8) = (2020, 1, 1);
const AUTHORITY_UNTIL: (i32, u8, u8) = (2049, 12, 31);
/// Some clients refuse server certificates that live longer.
const SERVER_LIFE: SignedDuration = SignedDuration::from_hours(397 * 24);
/// A machine whose clock is behind still takes a new certificate.
const SERVER_HEAD_START: SignedDuration = SignedDuration::from_hours(48);

/// A certificate and its key, both in PEM. Not `Debug`: it holds a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) certificate: String,
    pub(super) key: Key,
}

/// A new authority.
///
/// # Errors
/// When the machine has no randomness.
pub(super) fn new_authority() -> Result<Identity, rcgen::Error> {
    let mut params = CertificateParams::default();
    // A name of its own, so that the authorities of two emulators can be trusted side by side.
    let number: u32 = rand::rng().random();
    params.distinguished_name.push(DnType::CommonName, format!("hubjobs emulator {number:08x}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial_number());
    set_validity(&mut params, AUTHORITY_FROM, AUTHORITY_UNTIL);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    Ok(Identity { certificate: params.self_signed(&key)?.pem(), key: Key::new(key.serialize_pem()) })
}

/// A new certificate for these names, and when it ends.
///
/// # Errors
/// When the authority cannot be read, or a name cannot stand in a certificate.
pub(super) fn new_server(
    authority: &Identity,
    names: &HubNames,
    now: Timestamp,
) -> Result<(Identity, Timestamp), rcgen::Error> {
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, KeyPair::from_pem(authority.key.expose())?)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.subject_alt_names =
        names.iter().map(|name| alternative(name.as_str(), name.address())).collect::<Result<_, _>>()?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(serial_number());
    let ends = now.saturating_add(SERVER_LIFE).unwrap_or(Timestamp::MAX);
    let begins = now.saturating_sub(SERVER_HEAD_START).unwrap_or(Timestamp::MIN);
    set_validity(&mut params, day(begins), day(ends));
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.signed_by(&key, &issuer)?.pem();
    Ok((Identity { certificate, key: Key::new(key.serialize_pem()) }, ends))
}

fn alternative(name: &str, address: Option<IpAddr>) -> Result<SanType, rcgen::Error> {
    Ok(match address {
        Some(address) => SanType::IpAddress(address),
        None => SanType::DnsName(name.try_into()?),
    })
}

/// Random, for two certificates of one issuer must not have the same; positive, as the standard wants.
fn serial_number() -> SerialNumber {
    let mut bytes: [u8; 16] = rand::rng().random();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// Year, month and day: the library takes no more.
fn day(time: Timestamp) -> (i32, u8, u8) {
    let date = time.to_zoned(TimeZone::UTC).date();
    let part = |part: i8| u8::try_from(part).expect("months and days are positive");
    (date.year().into(), part(date.month()), part(date.day()))
}

fn set_validity(params: &mut CertificateParams, from: (i32, u8, u8), until: (i32, u8, u8)) {
    params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
    params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
}
