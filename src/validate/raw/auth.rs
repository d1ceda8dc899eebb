//! `auth` of a hub.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::json;

/// How to sign in: one word, or a map.
#[derive(Debug)]
pub(in crate::validate) enum Auth<'a> {
    /// `entra`, the only word that the schema lets pass.
    Word,
    /// One of its fields.
    Fields(AuthFields<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Auth<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrMap;

        impl<'de> Visitor<'de> for WordOrMap {
            type Value = Auth<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`entra` or a map")
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Auth::Word)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                AuthFields::deserialize(MapAccessDeserializer::new(map)).map(Auth::Fields)
            }
        }

        deserializer.deserialize_any(WordOrMap)
    }
}

impl JsonSchema for Auth<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Auth".into()
    }

    /// The map's schema, whose keywords say nothing about a text; and for a text, the one word.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = AuthFields::json_schema(generator);
        schema.insert("type".to_owned(), json!(["string", "object"]));
        schema.insert("examples".to_owned(), json!(["entra"]));
        schema.insert("if".to_owned(), json!({"type": "string"}));
        schema.insert("then".to_owned(), json!({"const": "entra"}));
        schema
    }
}

/// How to sign in to an IoT Hub: `entra`, or one of these fields.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
pub(in crate::validate) struct AuthFields<'a> {
    /// Microsoft Entra, without a secret where that is possible. `auth: entra` is the same as
    /// `auth: {entra: {}}`.
    #[schemars(example = json!({"use": ["githubActions", "azureCli"]}))]
    #[serde(borrow)]
    pub(in crate::validate) entra: Option<Entra<'a>>,
    /// Name of the environment variable that holds a connection string of the hub. The string
    /// itself never stands in a file that git keeps.
    #[schemars(
        extend("pattern" = "^[A-Za-z_][A-Za-z0-9_]*$", "patternErrorMessage" = "the name of an environment variable"),
        example = &"IOTHUB_CONNECTION_STRING"
    )]
    pub(in crate::validate) connection_string_env: Option<&'a str>,
    /// File that holds a connection string of the hub, such as a secret that Kubernetes mounts. A
    /// relative path begins at this file. Git must not keep it.
    #[schemars(length(min = 1), example = &"/run/secrets/iothub")]
    pub(in crate::validate) connection_string_file: Option<&'a str>,
}

/// How to sign in with Microsoft Entra. What is not said here, the environment says.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Entra<'a> {
    /// Sources of tokens to try, in this order; one that is not there is passed over, one that is set
    /// up and fails ends the search. Default: all, in the order `clientSecret` (`AZURE_CLIENT_SECRET`),
    /// `clientCertificate` (`AZURE_CLIENT_CERTIFICATE_PATH`, a PEM file), `workloadIdentity`
    /// (`AZURE_FEDERATED_TOKEN_FILE`), `githubActions`, `azurePipelines`, `managedIdentity`, `azureCli`.
    #[serde(rename = "use")]
    #[schemars(length(min = 1), example = json!(["githubActions", "azureCli"]))]
    pub(in crate::validate) sources: Option<Vec<EntraSource>>,
    /// Tenant (directory) of the identity: its id, or a domain of it. Default: `AZURE_TENANT_ID`.
    #[schemars(length(min = 1), example = &"5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10")]
    pub(in crate::validate) tenant_id: Option<&'a str>,
    /// Client (application) id of the application, or of a user-assigned managed identity. Default:
    /// `AZURE_CLIENT_ID`.
    #[schemars(length(min = 1), example = &"0f6a3c1e-8d57-4c8e-b1a4-6f2d9c7b5e30")]
    pub(in crate::validate) client_id: Option<&'a str>,
    /// Whose Entra it is: `public`, `usGovernment` or `china`. Default: `public`.
    #[schemars(example = &"public")]
    pub(in crate::validate) cloud: Option<EntraCloud>,
    /// Address of Entra, for a cloud that has none of these names. Default: `AZURE_AUTHORITY_HOST`, else
    /// that of `cloud`.
    #[schemars(length(min = 1), example = &"https://login.microsoftonline.com")]
    pub(in crate::validate) authority_host: Option<&'a str>,
    /// Whom the tokens are for. Default: `https://iothubs.azure.net`, in every cloud. Hubs of Azure
    /// Government may want `https://iothubs.azure.us`; that is not documented.
    #[schemars(length(min = 1), example = &"https://iothubs.azure.net")]
    pub(in crate::validate) audience: Option<&'a str>,
    /// Id of the service connection whose identity `azurePipelines` takes. Default:
    /// `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID`, which the task `AzureCLI@2` sets.
    #[schemars(length(min = 1), example = &"9a1c7d2e-4b3f-4f6a-8e21-7c5d0b9f3a64")]
    pub(in crate::validate) service_connection_id: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(in crate::validate) enum EntraSource {
    ClientSecret,
    ClientCertificate,
    WorkloadIdentity,
    GithubActions,
    AzurePipelines,
    ManagedIdentity,
    AzureCli,
}

#[derive(Debug, Clone, Copy, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(in crate::validate) enum EntraCloud {
    Public,
    UsGovernment,
    China,
}
