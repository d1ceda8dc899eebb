//! Who gets in.

use super::{Basis, Fact};

super::facts! {
    "sas-as-received", Documented, "control access with SAS; every SDK encodes differently",
        "A shared access signature covers `sr` exactly as the token has it; fields come in any order.";
    "sas-skew-300-s", Documented, "SharedAccessSignatureConstants of the .NET SDK; error code reference for 401003",
        "A token is taken until 300 s after its expiry, by the machine's clock unless it is to be the hub's.";
    "sas-resource", Documented, "control access with SAS",
        "A token is good for the paths below its `sr`, by whole segments; the host may be any name of the hub, in whatever case, with any port.";
    "policies-16", Documented, "IoT Hub quotas: 16 shared access policies, 10 that allow service connect",
        "A hub has at most 16 shared access policies, 10 of them with ServiceConnect.";
    "policy-rights", Documented, "control access with SAS; live hubs for twins",
        "Twins, queries and methods need ServiceConnect, identities RegistryRead or RegistryWrite; writing includes reading.";
    "policy-rights-of-jobs", Assumed, "how-to: registryReadWrite is enough for jobs",
        "Creating and cancelling jobs needs RegistryWrite, reading them RegistryRead, a query over devices.jobs what every query needs: ServiceConnect.";
    "bearer-tokens", Documented, "access control with Microsoft Entra ID; role definitions of IoT Hub",
        "With --entra-jwks, bearer tokens are checked: signature by kid, issuer, audience, times with 300 s of skew, and a role with the data action of the call.";
    "bearer-tokens-off", Assumed, "a hub always takes them; the emulator has no keys of Entra",
        "Without --entra-jwks a bearer token is 401; a lenient emulator takes any, for everything.";
    "bearer-roles", Assumed, "a hub looks assignments up by principal; here they stand in the token",
        "The roles of a principal are those in its roles claim: one of IoT Hub's four, or data actions written out.";
    "bearer-cancel", Assumed, "sources do not say whether a cancel is a write or a delete",
        "Cancelling a job needs jobs/delete; neither job type needs more than jobs/write.";
    "principal-without-role", Documented, "troubleshooting: principal is not authorized",
        "A principal without a role for the call is 401 IotHubUnauthorizedAccess, in words that name it, the method and the path.";
    "device-token", Documented, "control access with SAS",
        "A device gets in with a token for itself, signed by one of its own keys or by a policy with DeviceConnect.";
    "device-token-of-another", Assumed, "documented for tokens of policies only",
        "A device's own key signs for that device or module alone, not for the whole hub.";
    "device-x509", Documented, "X.509 device authentication",
        "A device with thumbprints gets in with a certificate that has one of them, by SHA-1 or SHA-256.";
    "device-x509-authority", Assumed, "the emulator takes in no certificate authorities",
        "A device that is to have a certificate of an authority is refused.";
    "device-refused", Documented, "MQTT support: not authorised",
        "A disabled or unknown device, and a module of one, is refused like a wrong key.";
}
