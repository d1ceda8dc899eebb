//! Why Entra gave no token, from the numbers that it names (`AADSTS700213`). Its texts change, and
//! hold names that are not ours to print; the numbers stay.

use crate::model::explained;

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
        self.explained().code
    }
}

explained! { pub Refusal {
    Self::WrongSubject => "wrong-subject":
        "No federated credential of the application has the subject of the token, such as the branch or the environment of a workflow."
        | "the job runs for another branch or environment than the one that the credential was made for"
        | "Add a federated credential with that subject; the error prints the command.";
    Self::WrongIssuer => "wrong-issuer":
        "No federated credential of the application has the issuer of the token."
        | "the credential was made for GitHub, and the job runs on a server of the company"
        | "Add a federated credential with that issuer; the error prints the command.";
    Self::WrongAudience => "wrong-audience":
        "No federated credential of the application has the audience of the token."
        | "the credential, or the pipeline that asks for the token, names another audience than `api://AzureADTokenExchange`"
        | "Add a federated credential with that audience; the error prints the command.";
    Self::NotInTime => "assertion-not-in-time":
        "The token or certificate that vouches for the application is expired or not valid yet."
        | "the clock of the machine is ten minutes off, or a job used its OIDC token much later than it got it"
        | "Set the clock, or repeat the command, so that a fresh token is asked for.";
    Self::WrongSignature => "wrong-signature":
        "The signature of the token is by no key of its issuer, or by none of the application's certificates."
        | "the certificate was replaced on the machine and not in Entra, or the issuer has just changed its keys"
        | "Add the certificate to the application, or repeat the command in a few minutes.";
    Self::UnknownApplication => "unknown-application":
        "The tenant has no application of that client id."
        | "`clientId` is the object id of the application, or `tenantId` is another tenant's"
        | "Check `clientId` and `tenantId`; `az ad sp show --id CLIENT_ID` must find it.";
    Self::DisabledApplication => "disabled-application":
        "The application is there, and is not allowed to sign in."
        | "somebody has blocked the application in the portal"
        | "Allow it: `az ad sp update --id CLIENT_ID --set accountEnabled=true`.";
    Self::UnknownTenant => "unknown-tenant":
        "There is no such tenant in this cloud."
        | "a letter of `tenantId` is wrong, or the tenant is in another cloud than `cloud` says"
        | "Check `tenantId`; `az account list --query '[].tenantId'` lists yours.";
    Self::WrongSecret => "wrong-secret":
        "The client secret is not one of the application."
        | "`AZURE_CLIENT_SECRET` holds the id of the secret, which the portal shows beside its value"
        | "Set it to the value, or sign in with an OIDC token, which needs no secret.";
    Self::ExpiredSecret => "expired-secret":
        "The client secret was right once, and has expired."
        | "the secret was made two years ago"
        | "Make a new one, or sign in with an OIDC token, which does not expire on you.";
    Self::UnknownResource => "unknown-resource":
        "The tenant does not know the audience that a token was asked for."
        | "`audience` has a typing mistake, or the cloud calls IoT Hub otherwise"
        | "Check `audience` in `auth.entra`; without it, `https://iothubs.azure.net` is asked for.";
    Self::Forbidden => "forbidden-by-tenant":
        "A rule of the tenant, such as conditional access, forbids this sign-in."
        | "sign-ins are allowed from the company's network alone"
        | "Ask whoever runs the tenant: its sign-in log names the rule.";
    Self::SignInAgain => "sign-in-again":
        "The person's sign-in has expired, or Entra wants another proof."
        | "`az login` was done months ago"
        | "Sign in again: `az login`.";
    Self::Other => "sign-in-refused":
        "Entra gave no token, for a reason that hubjobs does not know; the message names its number."
        | "AADSTS90072, the account is not one of the tenant"
        | "Look the number up at https://login.microsoftonline.com/error.";
} }

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
            ("AADSTS1", 1, "sign-in-refused"),
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
