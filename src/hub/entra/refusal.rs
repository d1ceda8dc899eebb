//! Why Entra gave no token, from the numbers that it names (`AADSTS700213`). Its texts change, and
//! hold names that are not ours to print; the numbers stay.

/// Why Entra gave no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No federated credential has the subject of the token.
    WrongSubject,
    /// No federated credential has the issuer of the token.
    WrongIssuer,
    /// No federated credential has the audience of the token.
    WrongAudience,
    /// The token is expired or not valid yet.
    NotInTime,
    /// The signature of the token is not by the issuer's, or the certificate's, key.
    WrongSignature,
    /// The tenant has no such application.
    UnknownApplication,
    /// The application is there, and not allowed to sign in.
    DisabledApplication,
    /// There is no such tenant.
    UnknownTenant,
    /// The secret is another.
    WrongSecret,
    /// The secret was right once.
    ExpiredSecret,
    /// The tenant does not know whom the token would be for.
    UnknownResource,
    /// A rule of the tenant forbids it.
    Forbidden,
    /// The person has to sign in again.
    SignInAgain,
    /// Anything else.
    Other,
}

impl Refusal {
    const NUMBERED: [(u32, Self); 26] = [
        (70_021, Self::WrongSubject),
        (700_213, Self::WrongSubject),
        (700_211, Self::WrongIssuer),
        (700_212, Self::WrongAudience),
        (700_024, Self::NotInTime),
        (50_013, Self::WrongSignature),
        (700_027, Self::WrongSignature),
        (700_016, Self::UnknownApplication),
        (7_000_229, Self::UnknownApplication),
        (7_000_112, Self::DisabledApplication),
        (90_002, Self::UnknownTenant),
        (900_023, Self::UnknownTenant),
        (900_021, Self::UnknownTenant),
        (7_000_215, Self::WrongSecret),
        (7_000_218, Self::WrongSecret),
        (7_000_222, Self::ExpiredSecret),
        (500_011, Self::UnknownResource),
        (650_057, Self::UnknownResource),
        (53_003, Self::Forbidden),
        (530_003, Self::Forbidden),
        (65_001, Self::Forbidden),
        (70_043, Self::SignInAgain),
        (700_082, Self::SignInAgain),
        (50_076, Self::SignInAgain),
        (50_078, Self::SignInAgain),
        (50_173, Self::SignInAgain),
    ];

    /// What a number means.
    #[must_use]
    pub fn of(number: u32) -> Self {
        Self::NUMBERED.iter().find(|(known, _)| *known == number).map_or(Self::Other, |(_, refusal)| *refusal)
    }

    /// The stable name of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongSubject => "wrong-subject",
            Self::WrongIssuer => "wrong-issuer",
            Self::WrongAudience => "wrong-audience",
            Self::NotInTime => "assertion-not-in-time",
            Self::WrongSignature => "wrong-signature",
            Self::UnknownApplication => "unknown-application",
            Self::DisabledApplication => "disabled-application",
            Self::UnknownTenant => "unknown-tenant",
            Self::WrongSecret => "wrong-secret",
            Self::ExpiredSecret => "expired-secret",
            Self::UnknownResource => "unknown-resource",
            Self::Forbidden => "forbidden-by-tenant",
            Self::SignInAgain => "sign-in-again",
            Self::Other => "refused",
        }
    }
}

/// The first number in a text, such as 700213 of `AADSTS700213: No matching ...`.
pub(super) fn number_in(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("AADSTS")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_meanings() {
        for (text, number, code) in [
            ("AADSTS700213: No matching federated identity record found\r\nTrace ID: x", 700_213, "wrong-subject"),
            ("ERROR: AADSTS70043: The refresh token has expired", 70_043, "sign-in-again"),
            ("AADSTS1", 1, "refused"),
        ] {
            assert_eq!(number_in(text), Some(number));
            assert_eq!(Refusal::of(number).code(), code);
        }
        for text in ["", "AADSTS", "AADSTS: 5", "AADSTS99999999999"] {
            assert_eq!(number_in(text), None, "{text}");
        }
    }

    #[test]
    fn no_number_has_two_meanings() {
        let mut numbers = Refusal::NUMBERED.map(|(number, _)| number).to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), Refusal::NUMBERED.len());
    }
}
