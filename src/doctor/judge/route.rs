//! The way to the hub: name, port, certificate, clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::doctor::check::Check;
use crate::doctor::code::Code;
use crate::doctor::finding::Finding;
use crate::model::Seconds;
use crate::net::{CertificateSeen, CertificateTrouble};

/// Ends of the names that Azure gives to hubs, by cloud.
const AZURE_SUFFIXES: [&str; 3] = [".azure-devices.net", ".azure-devices.us", ".azure-devices.cn"];

/// Who signs the certificates of Azure ("Azure certificate authority details").
const AZURE_ISSUERS: [&str; 2] = ["microsoft", "digicert"];

/// Certificates of Azure are replaced long before that.
const CERTIFICATE_LEFT_MIN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// As far apart as `plan` and `apply` let clocks be.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(60);

/// As far apart as a hub lets the clocks of tokens be (`SharedAccessSignatureConstants` of the .NET SDK).
const TOKEN_SKEW_MAX: SignedDuration = SignedDuration::from_mins(5);

/// What became of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::doctor) enum DnsSeen {
    /// A proxy looks it up.
    LeftToProxy,
    /// It has these addresses, at least one.
    Addresses(Vec<String>),
    /// It has none, or nobody answered.
    Unresolved,
}

/// What became of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::doctor) enum TcpSeen {
    /// It came about.
    Connected {
        /// With what.
        address: String,
        /// After how long.
        took: Duration,
    },
    /// One to a proxy came about.
    ToProxy {
        /// Name and port of the proxy.
        proxy: String,
        /// After how long.
        took: Duration,
    },
    /// It did not, in words.
    Failed(String),
    /// One to a proxy did not.
    FailedToProxy {
        /// Name and port of the proxy.
        proxy: String,
        /// In words.
        cause: String,
    },
}

/// What became of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::doctor) enum TlsSeen {
    /// The certificate is accepted.
    Trusted(CertificateSeen),
    /// It is, and it could not be read beside.
    TrustedUnread,
    /// It is not.
    Refused {
        /// The certificate, if it can be read.
        certificate: Option<CertificateSeen>,
        /// Why.
        trouble: CertificateTrouble,
    },
    /// There was no certificate, and why.
    Failed(String),
}

/// What the hub said of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::doctor) enum ClockSeen {
    /// Its clock, and ours when it did: the middle between asking and its answer.
    Read {
        /// `Date` of its answer, to the second.
        hub: Timestamp,
        /// Our clock.
        ours: Timestamp,
        /// Whether the answer was such as hubs give.
        is_a_hub: bool,
    },
    /// It answered without a time.
    Silent,
}

/// Judges what became of the name.
pub(in crate::doctor) fn judge_dns(host: &str, seen: &DnsSeen) -> Finding {
    match seen {
        DnsSeen::Addresses(addresses) => {
            let first = addresses.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(", ");
            Finding::ok(Check::Dns, format!("`{host}` is {first}"))
        }
        DnsSeen::LeftToProxy => Finding::new(Check::Dns, Code::NotApplicable, "the proxy looks names up"),
        DnsSeen::Unresolved => {
            Finding::new(Check::Dns, Code::NameUnresolved, format!("the name `{host}` cannot be resolved"))
                .help("check `hostName` in hubjobs.yaml: `az iot hub show --name NAME --query properties.hostName`")
                .help(format!("check that this machine resolves names: `nslookup {host}`"))
        }
    }
}

/// Judges what became of the connection.
pub(in crate::doctor) fn judge_tcp(host: &str, port: u16, seen: &TcpSeen) -> Finding {
    match seen {
        TcpSeen::Connected { address, took } => {
            Finding::ok(Check::Tcp, format!("{address} answers in {} ms", took.as_millis()))
        }
        TcpSeen::ToProxy { proxy, took } => {
            Finding::ok(Check::Tcp, format!("the proxy {proxy} answers in {} ms", took.as_millis()))
        }
        TcpSeen::FailedToProxy { proxy, cause } => {
            Finding::new(Check::Tcp, Code::NoConnection, format!("the proxy {proxy}: {cause}"))
                .help("check `HTTPS_PROXY`; `NO_PROXY=HOST` goes to a host without a proxy")
        }
        TcpSeen::Failed(cause) => {
            Finding::new(Check::Tcp, Code::NoConnection, format!("port {port} of `{host}`: {cause}")).help(format!(
                "open port {port} in the firewall, or `export HTTPS_PROXY=http://HOST:PORT` if only a proxy leads out"
            ))
        }
    }
}

/// Judges what became of the handshake.
pub(in crate::doctor) fn judge_tls(host: &str, now: Timestamp, seen: &TlsSeen) -> Finding {
    let found = |code, said: String| Finding::new(Check::Tls, code, said);
    match seen {
        TlsSeen::Trusted(certificate) => judge_trusted(host, now, certificate),
        TlsSeen::TrustedUnread => {
            Finding::ok(Check::Tls, "the certificate is trusted; who signed it could not be read")
        }
        TlsSeen::Refused { certificate, trouble } => judge_refused(certificate.as_ref(), *trouble),
        TlsSeen::Failed(cause) => found(Code::NoTls, cause.clone())
            .help("check `hostName` and its port in hubjobs.yaml; a hub speaks TLS on 443"),
    }
}

fn judge_trusted(host: &str, now: Timestamp, certificate: &CertificateSeen) -> Finding {
    let CertificateSeen { issuer, not_after, .. } = certificate;
    let said = format!("certificate signed by {issuer}, valid until {}", day(*not_after));
    let is_azure = AZURE_SUFFIXES.iter().any(|suffix| host.ends_with(suffix));
    let signer = issuer.to_lowercase();
    if is_azure && !AZURE_ISSUERS.iter().any(|known| signer.contains(known)) {
        return Finding::new(
            Check::Tls,
            Code::CertificateNotOfMicrosoft,
            format!("{said}; Azure's are not signed by them"),
        )
        .help("this machine trusts whoever inspects its connections; ask for an exception for the hub's name");
    }
    if not_after.duration_since(now) < CERTIFICATE_LEFT_MIN {
        return Finding::new(Check::Tls, Code::CertificateExpiresSoon, said)
            .help("renew the certificate of the gateway in front of the hub; Azure renews its own in time");
    }
    Finding::ok(Check::Tls, said)
}

fn judge_refused(certificate: Option<&CertificateSeen>, trouble: CertificateTrouble) -> Finding {
    let by = certificate.map_or_else(String::new, |certificate| format!("; it is signed by {}", certificate.issuer));
    let found = |code, said: String| Finding::new(Check::Tls, code, format!("{said}{by}"));
    match trouble {
        CertificateTrouble::UnknownIssuer => {
            found(Code::Intercepted, "this machine does not trust the authority that signed the certificate".to_owned())
                .help("if your network inspects connections, name its authority: `hubjobs --ca-file FILE.pem doctor`")
                .help("never trust an authority that nobody of your network knows: it could read the tokens")
        }
        CertificateTrouble::Expired => {
            let when =
                certificate.map_or_else(String::new, |certificate| format!(" on {}", day(certificate.not_after)));
            found(Code::CertificateInvalid, format!("the certificate expired{when}"))
                .help("check the date of this machine: `date -u`; if it is right, whoever runs that server must renew")
        }
        CertificateTrouble::NotValidYet => {
            let when =
                certificate.map_or_else(String::new, |certificate| format!(" before {}", day(certificate.not_before)));
            found(Code::CertificateInvalid, format!("the certificate is not valid{when}"))
                .help("check the date of this machine: `date -u`")
        }
        CertificateTrouble::OtherName => {
            let whom = certificate.map_or_else(String::new, |certificate| format!(": for {}", certificate.subject));
            found(Code::CertificateInvalid, format!("the certificate is for another name{whom}"))
                .help("check `hostName` in hubjobs.yaml")
        }
        CertificateTrouble::Other => found(Code::CertificateInvalid, "the certificate is not valid".to_owned())
            .help("`hubjobs -vv doctor` says more"),
    }
}

/// Judges the difference of the clocks.
pub(in crate::doctor) fn judge_clock(seen: ClockSeen) -> Finding {
    let ClockSeen::Read { hub, ours, is_a_hub } = seen else {
        return Finding::new(Check::Clock, Code::ClockUnknown, "the answer does not say what time it is")
            .help("check this machine's clock yourself: `date -u`");
    };
    let skew = ours.duration_since(hub);
    let side = if skew.is_negative() { "behind" } else { "ahead of" };
    let seconds = Seconds::new(skew.abs().as_secs().unsigned_abs());
    let said = format!("the clock of this machine is {seconds} {side} the hub's");
    let mend = "set this machine's clock: `sudo timedatectl set-ntp true`";
    if skew.abs() > TOKEN_SKEW_MAX {
        return Finding::new(Check::Clock, Code::ClockBreaksTokens, format!("{said}; the hub takes no token then"))
            .help(mend);
    }
    if skew.abs() > SKEW_MAX {
        return Finding::new(Check::Clock, Code::ClockOff, format!("{said}; plan and apply refuse more than 60s"))
            .help(mend);
    }
    if !is_a_hub {
        return Finding::new(Check::Clock, Code::NotAHub, "what answers there does not answer as an IoT Hub does")
            .help("check `hostName` in hubjobs.yaml; a portal that asks for a login may stand in between");
    }
    // `Date` has no fractions, so a second is nothing.
    match seconds.get() {
        0 | 1 => Finding::ok(Check::Clock, "agrees with the hub's"),
        _ => Finding::ok(Check::Clock, said),
    }
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "contoso.azure-devices.net";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn certificate(issuer: &str) -> CertificateSeen {
        CertificateSeen {
            subject: "CN=*.azure-devices.net".to_owned(),
            issuer: issuer.to_owned(),
            not_before: at("2026-06-01T00:00:00Z"),
            not_after: at("2027-06-01T00:00:00Z"),
        }
    }

    #[test]
    fn the_clock_is_judged_by_what_breaks() {
        let hub = at("2026-12-01T08:00:00Z");
        for (seconds, code) in [
            (0, Code::AsItShouldBe),
            (60, Code::AsItShouldBe),
            (-60, Code::AsItShouldBe),
            (61, Code::ClockOff),
            (-300, Code::ClockOff),
            (301, Code::ClockBreaksTokens),
            (-600, Code::ClockBreaksTokens),
        ] {
            let ours = hub + SignedDuration::from_secs(seconds);
            assert_eq!(judge_clock(ClockSeen::Read { hub, ours, is_a_hub: true }).code, code, "{seconds}");
        }
        assert_eq!(judge_clock(ClockSeen::Silent).code, Code::ClockUnknown);
        assert_eq!(judge_clock(ClockSeen::Read { hub, ours: hub, is_a_hub: false }).code, Code::NotAHub);
        let off = judge_clock(ClockSeen::Read { hub, ours: hub - SignedDuration::from_mins(10), is_a_hub: true });
        assert_eq!(off.said, "the clock of this machine is 10m behind the hub's; the hub takes no token then");
    }

    #[test]
    fn a_certificate_is_judged_by_signer_and_time() {
        let (early, late) = (at("2026-12-01T00:00:00Z"), at("2027-05-25T00:00:00Z"));
        let azure = certificate("CN=Microsoft Azure RSA TLS Issuing CA 04, O=Microsoft Corporation");
        let inspector = certificate("CN=Contoso Inspection");
        for (host, now, certificate, code) in [
            (HOST, early, &azure, Code::AsItShouldBe),
            (HOST, late, &azure, Code::CertificateExpiresSoon),
            (HOST, early, &inspector, Code::CertificateNotOfMicrosoft),
            ("localhost", early, &inspector, Code::AsItShouldBe),
        ] {
            assert_eq!(judge_tls(host, now, &TlsSeen::Trusted(certificate.clone())).code, code, "{host} {now}");
        }
    }

    #[test]
    fn a_middlebox_is_named() {
        let certificate = Some(certificate("CN=Contoso Inspection"));
        let seen = TlsSeen::Refused { certificate, trouble: CertificateTrouble::UnknownIssuer };
        let finding = judge_tls(HOST, at("2026-12-01T00:00:00Z"), &seen);
        assert_eq!(finding.code, Code::Intercepted);
        assert!(finding.said.ends_with("it is signed by CN=Contoso Inspection"), "{}", finding.said);
        assert!(finding.help[0].contains("--ca-file"));
    }
}
