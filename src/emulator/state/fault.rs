//! Every refusal of the hub: one table of kinds, and the fault that carries one of them.

use std::fmt;

/// Why the hub does not do what was asked. A skin renders it: status and `iothub-errorcode`
/// from the kind, the body from the envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {text}")]
pub struct HubFault {
    /// Which refusal.
    pub kind: FaultKind,
    /// The hub's words.
    pub text: String,
    /// How the body is to be wrapped.
    pub envelope: Envelope,
}

impl HubFault {
    /// A refusal in other words than the usual ones of its kind.
    #[must_use]
    pub fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), envelope: kind.usual_envelope() }
    }

    /// The same refusal as the answer to a direct method call.
    #[must_use]
    pub fn of_method(self) -> Self {
        Self { envelope: Envelope::NumberedInMessage, ..self }
    }
}

/// A refusal in the usual words of its kind.
impl From<FaultKind> for HubFault {
    fn from(kind: FaultKind) -> Self {
        Self::new(kind, kind.usual_text())
    }
}

/// How the body of a refusal is wrapped (reference 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Envelope {
    /// `{"Message": "ErrorCode:<name>;<text>", "ExceptionMessage": "Tracking ID:..."}`.
    Plain,
    /// `{"errorCode": .., "message": .., "trackingId": .., ..}`.
    Numbered,
    /// The numbered form as a string inside `Message`: direct methods.
    NumberedInMessage,
    /// The plain form as a string inside `Message` of the plain form: lanes.
    PlainInMessage,
}

macro_rules! fault_kinds {
    ($($(#[$doc:meta])* $kind:ident = $status:literal, $number:literal, $envelope:ident, $fact:literal, $text:literal;)+) => {
        /// The refusals of the hub, by their names on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind { $($(#[$doc])* $kind,)+ }

        impl FaultKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// Symbolic name, the value of `iothub-errorcode`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => stringify!($kind),)+ }
            }

            /// HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$kind => $status,)+ }
            }

            /// Numeric code of the numbered envelope.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self { $(Self::$kind => $number,)+ }
            }

            /// How the body is wrapped, except in the answer to a direct method call.
            #[must_use]
            pub const fn usual_envelope(self) -> Envelope {
                match self { $(Self::$kind => Envelope::$envelope,)+ }
            }

            /// Which entry of the table of facts says how sure it is.
            #[must_use]
            pub const fn fact(self) -> &'static str {
                match self { $(Self::$kind => $fact,)+ }
            }

            /// What the hub says when there is nothing particular to say.
            #[must_use]
            pub const fn usual_text(self) -> &'static str {
                match self { $(Self::$kind => $text,)+ }
            }
        }
    };
}

fault_kinds! {
    /// An unparsable body, or a job type that does not exist.
    GenericBadRequest = 400, 400_000, Plain, "body-unparsable", "BadRequest";
    /// `api-version` is missing or unknown.
    InvalidProtocolVersion = 400, 400_001, Plain, "protocol-version", "The api-version is missing or not supported.";
    /// The hub does not like an argument.
    ArgumentInvalid = 400, 400_004, Plain, "argument-invalid", "BadRequest";
    /// An argument is missing.
    ArgumentNull = 400, 400_005, Plain, "query-missing", "BadRequest";
    /// A bulk call with the same device twice.
    DeviceDefinedMultipleTimes = 400, 400_011, Plain, "registry-bulk-twice", "A device is defined more than once.";
    /// A configuration whose target condition does not parse.
    InvalidConfigurationTargetCondition = 400, 400_401, Numbered, "configuration-invalid", "The target condition is not valid.";
    /// A configuration whose content cannot be applied.
    InvalidConfigurationContent = 400, 400_402, Numbered, "configuration-invalid", "The content is not valid.";
    /// An update of a configuration with other content.
    CannotModifyImmutableConfigurationContent = 400, 400_403, Numbered, "configuration-immutable", "The content of a configuration cannot be changed.";
    /// A configuration with a metric that does not parse.
    InvalidConfigurationCustomMetricsQuery = 400, 400_404, Numbered, "configuration-invalid", "A custom metrics query is not valid.";
    /// The signature is wrong, has expired, or its policy lacks the right.
    IotHubUnauthorizedAccess = 401, 401_002, Plain, "unauthorized", "Unauthorized";
    /// Today's messages are spent.
    IotHubQuotaExceeded = 403, 403_002, Plain, "quota-exceeded", "Total number of messages on the hub exceeded the allocated quota.";
    /// The device has too many direct calls to answer already.
    DeviceMaximumInflightMethodExceeded = 403, 403_800, NumberedInMessage, "method-in-flight", "The device has too many method calls in flight.";
    /// The device is not in the registry.
    DeviceNotFound = 404, 404_001, Plain, "device-not-found", "The device is not registered with this hub.";
    /// No such import or export job; only cancel says it of a scheduled job.
    JobNotFound = 404, 404_002, Plain, "job-cancel-unknown", "No job has this identifier.";
    /// The device has no such module.
    ModuleNotFound = 404, 404_010, Numbered, "module-not-found", "The module is not registered.";
    /// No such configuration.
    ConfigurationNotFound = 404, 404_301, Numbered, "configuration-not-found", "The configuration is not found.";
    /// The device of a direct method is not connected.
    DeviceNotOnline = 404, 404_103, NumberedInMessage, "method-offline", "The operation failed because the requested device isn't online.";
    /// No such resource.
    ResourceNotFound = 404, 404_000, Plain, "resource-not-found", "The resource does not exist.";
    /// Cancel of a job that runs or has ended.
    OperationNotAllowedInCurrentState = 405, 405_102, Plain, "job-cancel-running", "The job cannot be cancelled in its current status.";
    /// The device is in the registry already.
    DeviceAlreadyExists = 409, 409_001, Plain, "registry-create-update", "A device with this identifier is already registered.";
    /// The device has the module already.
    ModuleAlreadyExistsOnDevice = 409, 409_301, Numbered, "module-create-update", "The device already contains this module.";
    /// The hub still remembers a job of this id.
    JobAlreadyExists = 409, 409_104, Plain, "job-id-unique", "A job with this identifier already exists.";
    /// The hub has a configuration of that id.
    ConfigurationAlreadyExists = 409, 409_401, Numbered, "configuration-create-update", "The configuration already exists.";
    /// No `Content-Length`; the front end answers in HTML.
    LengthRequired = 411, 411_000, Plain, "length-required", "Length Required";
    /// An etag that does not match, `If-Match` missing, or an over-long condition of a job.
    PreconditionFailed = 412, 412_001, Plain, "twin-etag-match", "Precondition failed: the etag in the request does not match the etag of the resource.";
    /// A body that is too large.
    MessageTooLarge = 413, 413_001, Plain, "request-256-kb", "The message is too large.";
    /// A bulk call with too many devices.
    TooManyDevices = 413, 413_002, Plain, "registry-bulk-100", "Too many devices are being registered.";
    /// The hub has as many configurations as it may.
    ConfigurationCountLimitExceeded = 413, 413_101, Numbered, "configuration-limit", "The configuration count limit has been exceeded.";
    /// The device has as many modules as it may.
    TooManyModulesOnDevice = 413, 413_003, Numbered, "module-limit", "Too many modules are being registered on the device.";
    /// Too many calls.
    ThrottlingBacklogTimeout = 429, 429_003, Plain, "throttled", "The request has been throttled. Wait 10 seconds and try again.";
    /// No lane is free.
    ThrottlingMaxActiveJobCountExceeded = 429, 429_004, PlainInMessage, "job-lanes", "429";
    /// The emulator failed.
    ServerError = 500, 500_001, Plain, "emulator-failure", "The emulator failed.";
    /// The hub cannot answer just now.
    ServiceUnavailable = 503, 503_001, Plain, "emulator-failure", "The service is unavailable.";
    /// The device of a direct method does not answer in time.
    GatewayTimeout = 504, 504_101, NumberedInMessage, "method-silent", "The device did not answer in time.";
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
