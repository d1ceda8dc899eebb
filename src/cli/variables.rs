//! Every environment variable that the program reads, in tables: they are a section of the manual, and a test
//! holds the code to them.

/// An environment variable, or several that serve one end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variable {
    /// Their names.
    pub(super) names: &'static [&'static str],
    /// What they do.
    pub(super) meaning: &'static str,
}

/// What our own code reads, in the order of names; those of forges and of Azure stand together. Variables that a project names itself, such as that of
/// `auth: {connectionStringEnv: NAME}`, are not here.
pub(super) const VARIABLES: &[Variable] = &[
    Variable {
        names: &["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
        meaning: "In GitHub Actions, with `permissions: id-token: write`: sign-in with Entra without a secret.",
    },
    Variable {
        names: &[
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
            "AZURESUBSCRIPTION_CLIENT_ID",
            "AZURESUBSCRIPTION_TENANT_ID",
            "SYSTEM_OIDCREQUESTURI",
        ],
        meaning: "In Azure Pipelines, with `SYSTEM_ACCESSTOKEN`: sign-in with Entra without a secret.",
    },
    Variable {
        names: &["AZURE_AUTHORITY_HOST"],
        meaning: "The cloud to sign in to, such as `https://login.microsoftonline.us`.",
    },
    Variable {
        names: &["AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"],
        meaning: "A PEM file with certificate and private key to sign in with; `true` sends its chain as well.",
    },
    Variable { names: &["AZURE_CLIENT_SECRET"], meaning: "The secret to sign in with." },
    Variable {
        names: &["AZURE_FEDERATED_TOKEN_FILE"],
        meaning: "The file of a token that somebody else issues and renews, such as Kubernetes, to sign in with.",
    },
    Variable {
        names: &["AZURE_POD_IDENTITY_AUTHORITY_HOST"],
        meaning: "Where the metadata service of the machine is, when elsewhere than on every Azure machine.",
    },
    Variable {
        names: &["AZURE_TENANT_ID", "AZURE_CLIENT_ID"],
        meaning: "The tenant and the application, or managed identity, to sign in as, where `auth` names none.",
    },
    Variable {
        names: &["BITBUCKET_BUILD_NUMBER", "BITBUCKET_COMMIT", "BITBUCKET_PR_ID", "BITBUCKET_REPO_FULL_NAME"],
        meaning: "In Bitbucket Pipelines: the pull request that `hubjobs ci comment` writes to.",
    },
    Variable {
        names: &["BITBUCKET_TOKEN", "BITBUCKET_ACCESS_TOKEN"],
        meaning: "The token of Bitbucket, the first that is set.",
    },
    Variable {
        names: &["CI"],
        meaning: "Set, and not `false`: a pipeline, so no colours, and a warning of secrets that live long.",
    },
    Variable {
        names: &[
            "CI_API_V4_URL",
            "CI_COMMIT_SHA",
            "CI_JOB_URL",
            "CI_MERGE_REQUEST_IID",
            "CI_MERGE_REQUEST_PROJECT_ID",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID",
            "CI_PROJECT_ID",
            "GITLAB_CI",
        ],
        meaning: "In GitLab CI: the merge request that `hubjobs ci comment` writes to.",
    },
    Variable { names: &["COLUMNS"], meaning: "Width of a plan in text on a terminal, instead of the terminal's own." },
    Variable { names: &["COMPUTERNAME"], meaning: "On Windows, a name under which the emulator answers." },
    Variable {
        names: &[
            "GITHUB_ACTIONS",
            "GITHUB_API_URL",
            "GITHUB_EVENT_PATH",
            "GITHUB_REF",
            "GITHUB_REPOSITORY",
            "GITHUB_RUN_ID",
            "GITHUB_SERVER_URL",
            "GITHUB_SHA",
        ],
        meaning: "In GitHub Actions: the pull request that `hubjobs ci comment` writes to.",
    },
    Variable { names: &["GITHUB_TOKEN", "GH_TOKEN"], meaning: "The token of GitHub, the first that is set." },
    Variable { names: &["GITLAB_TOKEN", "CI_JOB_TOKEN"], meaning: "The token of GitLab, the first that is set." },
    Variable {
        names: &["HTTPS_PROXY", "ALL_PROXY"],
        meaning: "The proxy through which others are reached, the first that is set: `http://HOST:PORT`, or \
                  `http://USER:PASSWORD@HOST:PORT`. Lower case will do.",
    },
    Variable {
        names: &["HUBJOBS_CA_FILE"],
        meaning: "A file of certificates to trust beside the system's, where `--ca-file` names none.",
    },
    Variable { names: &["HUBJOBS_ENV"], meaning: "The environment, where `--environment` names none." },
    Variable {
        names: &["HUBJOBS_LOG"],
        meaning: "What to log to stderr, such as `hubjobs=debug` or `hubjobs::hub=trace`. Keys and tokens are never \
                  shown.",
    },
    Variable {
        names: &["HUBJOBS_PLAN_KEY"],
        meaning: "The key that signs saved plans and checks their signatures, in Base64, such as `openssl rand -base64 32` \
                  prints.",
    },
    Variable {
        names: &["IDENTITY_ENDPOINT", "IDENTITY_HEADER"],
        meaning: "In App Service and Container Apps: where the managed identity gives tokens.",
    },
    Variable {
        names: &["IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET"],
        meaning: "Tell of managed identities that hubjobs cannot use: Service Fabric, Arc, Machine Learning, Cloud Shell.",
    },
    Variable { names: &["JENKINS_URL"], meaning: "As `CI`, tells of a pipeline." },
    Variable { names: &["NO_COLOR"], meaning: "Set: no colours." },
    Variable {
        names: &["NO_PROXY"],
        meaning: "Hosts that are reached without a proxy, with commas between them; this machine is, too, unless it is set and empty. Lower \
                  case will do.",
    },
    Variable {
        names: &["SYSTEM_ACCESSTOKEN", "AZURE_DEVOPS_EXT_PAT"],
        meaning: "The token of Azure DevOps, the first that is set.",
    },
    Variable {
        names: &[
            "TF_BUILD",
            "BUILD_BUILDID",
            "BUILD_REPOSITORY_ID",
            "BUILD_REPOSITORY_NAME",
            "BUILD_REPOSITORY_PROVIDER",
            "BUILD_SOURCEVERSION",
            "SYSTEM_COLLECTIONURI",
            "SYSTEM_PULLREQUEST_ISFORK",
            "SYSTEM_PULLREQUEST_PULLREQUESTID",
            "SYSTEM_PULLREQUEST_SOURCECOMMITID",
            "SYSTEM_TEAMPROJECT",
            "SYSTEM_TEAMPROJECTID",
        ],
        meaning: "In Azure Pipelines: the pull request that `hubjobs ci comment` writes to.",
    },
];

/// What libraries read for us, in the order of names: rustls-native-certs.
pub(super) const OF_LIBRARIES: &[Variable] = &[
    Variable { names: &["SSL_CERT_DIR"], meaning: "Folders of the certificates to trust, instead of the system's." },
    Variable { names: &["SSL_CERT_FILE"], meaning: "The certificates to trust, instead of the system's." },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Words that look like a variable of the environment, and are none. An entry that is not needed any
    /// more is a finding.
    const OTHERS: &[&str] = &[
        // Of examples, and of what other programs are told or not told.
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "CLIENT_ID",
        "HUB_EU",
        "HUB_US",
        "IOTHUB_CONNECTION_STRING",
        "NODE_EXTRA_CA_CERTS",
        "OBJECT_ID",
        "REQUESTS_CA_BUNDLE",
        "TENANT_ID",
    ];

    /// Calls that read a variable.
    const READERS: [&str; 3] = ["env::var(", "env::var_os(", "is_set("];

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }

    /// The lines of all files without comments and tests, but for this one, and for the query language, whose
    /// functions have such names.
    fn lines() -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut paths = Vec::new();
        files(&root, &mut paths);
        let is_code = |path: &PathBuf| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            !name.ends_with("tests") && !path.ends_with("cli/variables.rs") && !path.starts_with(root.join("query"))
        };
        let code = |path: &PathBuf| {
            let text = fs::read_to_string(path).expect("a readable source");
            let end = text.find("\n#[cfg(test)]\nmod ").unwrap_or(text.len());
            let is_code = |line: &&str| !line.trim_start().starts_with("//") && !line.contains("env!(");
            text[..end].lines().filter(is_code).map(str::to_owned).collect::<Vec<_>>()
        };
        paths.iter().filter(|path| is_code(path)).flat_map(code).collect()
    }

    fn literals(line: &str) -> impl Iterator<Item = &str> {
        line.split('"').skip(1).step_by(2)
    }

    /// Names like `HUBJOBS_ENV`, wherever they stand, and others where a variable is read.
    fn looks_like_one(line: &str, literal: &str) -> bool {
        let is_name = literal.starts_with(|c: char| c.is_ascii_uppercase())
            && literal.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        is_name && (literal.contains('_') || READERS.iter().any(|reader| line.contains(reader)))
    }

    fn found() -> BTreeSet<String> {
        let names = |line: &String| {
            let names = literals(line).filter(|literal| looks_like_one(line, literal));
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        lines().iter().flat_map(names).collect()
    }

    #[test]
    fn the_table_has_every_variable_that_the_code_names() {
        let found = found();
        let names = |table: &[Variable]| table.iter().flat_map(|variable| variable.names).copied().collect::<Vec<_>>();
        let wanted = [names(VARIABLES), OTHERS.to_vec()].concat();
        let known = [names(OF_LIBRARIES), wanted.clone()].concat();
        let unknown: Vec<_> = found.iter().filter(|name| !known.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "no table has {unknown:?}");
        let gone: Vec<_> = wanted.iter().filter(|&&name| !found.contains(name)).collect();
        assert!(gone.is_empty(), "no code names {gone:?}");
    }

    #[test]
    fn the_tables_are_sorted_and_in_sentences() {
        for table in [VARIABLES, OF_LIBRARIES] {
            assert!(table.is_sorted_by_key(|variable| variable.names[0]));
            for Variable { names, meaning } in table {
                assert!(meaning.ends_with('.'), "{names:?}");
            }
        }
    }

    #[test]
    fn the_scanner_knows_a_variable() {
        assert!(looks_like_one(r#"const A: &str = "HUBJOBS_ENV";"#, "HUBJOBS_ENV"));
        assert!(looks_like_one(r#"std::env::var_os("CI")"#, "CI"));
        assert!(!looks_like_one(r#"method("PUT")"#, "PUT"));
        assert_eq!(literals(r#"f("A", "b")"#).collect::<Vec<_>>(), ["A", "b"]);
    }
}
