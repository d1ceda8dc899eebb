//! What kinds of findings there are. Each has a file in `examples`: what causes it, and what does not.

use super::example::Example;

macro_rules! codes {
    ($($variant:ident = $name:literal: $text:literal;)+) => {
        /// The kind of a finding. Names are stable: people search for them and filter by them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $text] $variant,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name as printed, in kebab-case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it means and what to do about it, in one paragraph.
            #[must_use]
            pub const fn explain(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The file with its example.
            const fn example_file(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("examples/", $name, ".md")),)+ }
            }
        }
    };
}

codes! {
    // Files
    FileUnreadable = "file-unreadable":
        "The file or folder could not be opened or read. Check that it exists and that you may read it.";
    FileTooLarge = "file-too-large":
        "The file is larger than 8 MiB. A manifest is a few hundred bytes; a file of this size is almost certainly \
         not one. Narrow `spec.manifests` of the project, or split the file.";
    NotUtf8 = "not-utf8":
        "The file is not UTF-8 text. Save it as UTF-8; other encodings (UTF-16, Latin-1) are not read.";
    ProjectNotFound = "project-not-found":
        "The folder has no `hubjobs.yaml`. That file names the project, its environments and its manifests; \
         `hubjobs init` writes one.";
    InvalidGlob = "invalid-glob":
        "An entry of `spec.manifests` is not a file pattern, or leaves the project's folder. `*` stands for any part \
         of a name, `**` for any folders, `{a,b}` for either; paths are relative to `hubjobs.yaml`.";
    NoManifests = "no-manifests":
        "No file matched an entry of `spec.manifests`, so it adds nothing to the project. Usually a folder was renamed.";

    // YAML and JSON
    YamlSyntax = "yaml-syntax":
        "The text is not YAML. The document is skipped as a whole; the other documents of the file are still read.";
    JsonSyntax = "json-syntax":
        "The file ends in `.json` and is not JSON. Comments and trailing commas are not JSON; a `.yaml` file may have \
         them.";
    TabIndentation = "tab-indentation":
        "YAML is indented with spaces; a tab is never indentation. Set the editor to insert spaces.";
    DuplicateKey = "duplicate-key":
        "One map has the same key twice. Other tools keep the first or the last silently; which one was meant only \
         the author knows.";
    KeyNotText = "key-not-text":
        "A key of a map is itself a list or a map. JSON, which the hub speaks, has only text keys.";
    UnknownAnchor = "unknown-anchor":
        "An alias `*name` stands before, or without, its anchor `&name`. Anchors live in one document only.";
    InvalidMerge = "invalid-merge":
        "The value of a merge key `<<` must be an alias of a map, or a list of such aliases. A quoted `\"<<\"` is an \
         ordinary key.";
    TooManyNodes = "too-many-nodes":
        "Aliases expand the document to more than 20 000 values. Aliases of aliases multiply; a few lines can stand \
         for billions of values and would stop every reader.";
    TooDeep = "too-deep":
        "Lists and maps are nested more than 128 deep. The hub takes 10 levels in a twin.";
    UnsupportedTag = "unsupported-tag":
        "A YAML tag such as `!!binary` or `!include` is not supported. Only `!!str`, `!!map` and `!!seq` are.";
    NumberNotFinite = "number-not-finite":
        "`.inf`, `.nan` and numbers too large for 64-bit floating point have no JSON form, and the hub speaks JSON.";
    IntegerTooLarge = "integer-too-large":
        "Whole numbers beyond 9007199254740991 (2^53 - 1) are changed by many JSON readers, JavaScript's among them. \
         Write it as a text, in quotes.";
    AmbiguousScalar = "ambiguous-scalar":
        "The value means different things to YAML 1.1 and YAML 1.2 readers: `on`, `off`, `yes`, `no`, `y`, `n`, `012`, \
         `1_000`, `12:30`. hubjobs reads YAML 1.2 and takes it as a text. Put it in quotes if a text is meant; write \
         `true`, `false` or the plain number otherwise.";

    // Shape
    UnknownKind = "unknown-kind":
        "The document's `kind` is not one that hubjobs knows: `Project`, `MethodJob`, `TwinJob`, `Policy` or `Fleet`.";
    MisplacedKind = "misplaced-kind":
        "The document is well-formed but stands in the wrong file: a `Project` belongs in `hubjobs.yaml` at the root \
         of the project, a `Fleet` in a file named by `emulator.fleet`, jobs and policies in the files that `spec.manifests` matches.";
    UnknownField = "unknown-field":
        "The field does not exist here. An unknown field is an error and never ignored, because a misspelled \
         `maxExecutionTime` would otherwise let a job run for the hub's default hour.";
    MissingField = "missing-field":
        "A field that must be there is missing.";
    WrongType = "wrong-type":
        "The value has the wrong type, such as a number where a text belongs. YAML reads `43` as a number and `\"43\"` \
         as a text.";
    NotOneOf = "not-one-of":
        "The value is not one of the words that the field takes. Case matters.";
    OutOfRange = "out-of-range":
        "The number is too small or too large for the field.";
    ExactlyOneOf = "exactly-one-of":
        "Exactly one of several fields must be there, for example `at`, `cron` or `asap` in a schedule.";
    InvalidValue = "invalid-value":
        "The value does not have the form that the field needs.";
    NotYetSupported = "not-yet-supported":
        "The feature is designed but this version of hubjobs does not have it yet. It is an error rather than ignored: \
         a rollout that silently became a job for all devices would be worse than none.";

    // Secrets
    SecretInManifest = "secret-in-manifest":
        "A text looks like a key, a token or a password. It is in git for ever, the hub shows it to whoever may read \
         jobs, and devices keep it in their twins. Revoke it, and let devices fetch a new one where only they can. \
         hubjobs writes asterisks for it wherever it shows a text.";

    // Names and durations
    InvalidName = "invalid-name":
        "Names enter job ids, which hold only lower-case letters, digits and inner hyphens, and have 64 characters for \
         everything. A manifest's name has at most 24, an owner at most 5.";
    InvalidDuration = "invalid-duration":
        "The text is not a duration. Write `90s`, `10m`, `1h30m`, `2d`, or ISO 8601 such as `PT1H30M`.";
    DurationOutOfRange = "duration-out-of-range":
        "The duration is shorter or longer than the field allows.";

    // Schedules
    InvalidTime = "invalid-time":
        "The text is not a time. Write RFC 3339 with an offset, `2026-12-01T09:30:00+01:00`, or local time together \
         with `timeZone`, `2026-12-01T09:30`. Job ids hold whole minutes, so seconds must be zero.";
    StartInGap = "start-in-gap":
        "The local time does not exist: clocks in that time zone jump over it. Choose another time, or write the \
         instant with an offset.";
    StartAmbiguous = "start-ambiguous":
        "The local time exists twice, because clocks in that time zone are set back over it. Write the instant with an \
         offset to say which one is meant.";
    UnknownTimeZone = "unknown-time-zone":
        "The time zone is not in the IANA database that this binary carries. Names look like `Europe/Berlin`; \
         abbreviations such as `CET` or `PST` are refused where they are ambiguous.";
    TimeZoneMissing = "time-zone-missing":
        "A cron schedule, or a local time without offset, means nothing without `timeZone`.";
    TimeZoneUnused = "time-zone-unused":
        "`timeZone` is given but nothing uses it: `at` has an offset of its own, or the schedule is `asap`. One of the \
         two must go, since they could contradict each other.";
    InvalidCron = "invalid-cron":
        "The text is not a cron expression of the standard five fields: minute, hour, day of month, month, day of \
         week (0 or 7 is Sunday).";
    FieldNotUsed = "field-not-used":
        "The field does nothing for this form of schedule, so it is refused rather than ignored.";

    // Targets
    InvalidDeviceId = "invalid-device-id":
        "A device id has 1 to 128 ASCII letters, digits and the characters `- : . + % _ # * ? ! ( ) , = @ ; $ '`.";
    DuplicateDeviceId = "duplicate-device-id":
        "The list names a device twice. The job would run once on it; usually another device was meant.";
    MissingAcknowledgement = "missing-acknowledgement":
        "The target is every device of the hub. Say how many those may be at the most, `expectDevices: {max: 6000}`: \
         whoever reviews the manifest then sees the number, and a plan that finds more is refused.";
    InvalidExpectation = "invalid-expectation":
        "`expectDevices.min` is greater than `expectDevices.max`, so that no number of devices fits.";

    // Policies
    InvalidExpression = "invalid-expression":
        "The text is not an expression of a policy. Rules are written in CEL (cel.dev) over `action`, `environment`, \
         `hub` and `plan`, for example `action.kind == 'method' && action.devices > 500`.";

    // Methods
    InvalidMethodName = "invalid-method-name":
        "A direct method's name has 1 to 64 of `A-Z a-z 0-9 _ . - *`.";
    PayloadTooLarge = "payload-too-large":
        "IoT Hub takes direct method payloads of up to 128 KB, counted as compact JSON.";
    TimeoutConflict = "timeout-conflict":
        "`connectTimeout` must not be longer than `responseTimeout`: the hub refuses such a call.";
    ExecutionTooShort = "execution-too-short":
        "The job ends before one device could have answered: `maxExecutionTime` is shorter than the response and \
         connect timeouts of the method together.";

    // Twins
    EmptyTwin = "empty-twin":
        "The twin update has neither tags nor desired properties, so the job would change nothing.";
    TwinKey = "twin-key":
        "A key of a twin holds a character that IoT Hub refuses (`.`, `$`, `#`, space, control characters) or is \
         longer than 1 KB.";
    TwinString = "twin-string":
        "A text in a twin has at most 4096 bytes of UTF-8.";
    TwinInteger = "twin-integer":
        "Whole numbers in a twin lie between -4503599627370496 and 4503599627370495 (2^52).";
    TwinDepth = "twin-depth":
        "A twin has at most 10 levels of objects below `tags` and below `desired`.";
    TwinSize = "twin-size":
        "Tags have at most 8 KB and desired properties at most 32 KB. What counts: keys and texts by their length, 8 \
         for a number, 4 for a boolean.";
    TwinNullInArray = "twin-null-in-array":
        "A null in a twin deletes its key; inside a list there is nothing to delete, and the hub answers 400.";

    // Across documents
    DuplicateManifestName = "duplicate-manifest-name":
        "Two manifests have the same name. The name is part of every job id, so both would claim the same jobs.";
    UnknownEnvironment = "unknown-environment":
        "A policy is for an environment that the project does not have. It would hold nowhere, and nobody would notice.";
    DuplicatePolicyName = "duplicate-policy-name":
        "Two policies, or two rules or windows of one policy, have the same name. What a policy says about a plan is \
         found by these names.";
    DuplicateProject = "duplicate-project":
        "`hubjobs.yaml` has more than one `Project` document; which one counts only the author knows.";
    DuplicateGroup = "duplicate-group":
        "Two groups of a fleet have the same name, or make the same device ids.";

    // Environments
    UndefinedVariable = "undefined-variable":
        "A manifest names a variable that the environment does not set. Each environment sets its own, under \
         `variables` in `hubjobs.yaml`; write `$${` where the characters `${` are meant.";
    UnusedVariable = "unused-variable":
        "An environment sets a variable that no manifest names. Usually one of the two names is misspelled.";
    InvalidVariable = "invalid-variable":
        "A variable cannot stand here: it has no proper name, or no value that fits, or it is not a constant of the \
         condition around it. In a condition a variable is a text in quotes, a number or a boolean and nothing else, \
         so that no value can widen the target.";
    UnmatchedPatch = "unmatched-patch":
        "A patch of an environment matches no manifest, so the environment does not differ where its author thinks \
         that it does.";
    PatchOfIdentity = "patch-of-identity":
        "A patch changes `apiVersion`, `kind` or `metadata.name`. By those a manifest is found, in patches, in plans \
         and in job ids.";

    DuplicateHub = "duplicate-hub":
        "An environment lists one hub under two names, so every job would be planned twice for it.";

    // Jobs that are on the hub already
    EarlierNameInUse = "earlier-name-in-use":
        "`moved` lists a name that a manifest of the project has. Own jobs under that name would be jobs of two \
         manifests, and a run could count for the wrong one.";
    EarlierNameTwice = "earlier-name-twice":
        "`moved` lists a name twice, in one manifest or in two. A manifest that was split in two has one heir; the \
         other is new.";
    AdoptedTwice = "adopted-twice":
        "Two manifests adopt one job. A job is one run, and that of one manifest.";
    AdoptWithoutAt = "adopt-without-at":
        "`adopt` stands in a manifest that runs again and again, or as soon as possible. Only `schedule.at` says \
         which run the job is.";

    // Conditions: the names are those of the query language's own findings.
    EmptyCondition = "empty-condition":
        "The condition has no text. Write `all: true` to target every device.";
    QueryAsCondition = "query-as-condition":
        "A whole query stands where a condition belongs. The hub puts `SELECT * FROM devices WHERE ` before the \
         condition; write only what follows WHERE.";
    LeadingWhere = "leading-where":
        "The condition begins with WHERE, which the hub adds itself.";
    QueryTooLong = "query-too-long":
        "IoT Hub takes queries of up to 8192 characters, and puts `SELECT * FROM devices WHERE ` before the condition. \
         A longer one is refused with a misleading 412.";
    NestedTooDeeply = "nested-too-deeply":
        "The condition has more levels of brackets or NOT than the parser follows.";
    UnclosedString = "unclosed-string":
        "A string of the condition has no closing quote.";
    UnclosedBracket = "unclosed-bracket":
        "A bracket of the condition is never closed.";
    UnmatchedBracket = "unmatched-bracket":
        "A closing bracket of the condition has no opening one.";
    DoubledQuote = "doubled-quote":
        "A quote inside a string is doubled, as in SQL. IoT Hub wants a backslash, or the other kind of quotes.";
    CurlyQuote = "curly-quote":
        "The condition has typographic quotes, usually pasted from a document. Only `'` and `\"` are quotes.";
    InvalidEscape = "invalid-escape":
        "A backslash in a string of the condition stands before a character that cannot be escaped.";
    InvalidNumber = "invalid-number":
        "Something in the condition begins like a number and is not one.";
    UnexpectedCharacter = "unexpected-character":
        "The query language does not know this character.";
    UnquotedName = "unquoted-name":
        "A property name with special characters must be written in double square brackets, `tags.[[my-tag]]`.";
    ForeignOperator = "foreign-operator":
        "The operator belongs to another language. IoT Hub has `=`, `!=`, `<>`, `<`, `<=`, `>`, `>=`, `AND`, `OR`, \
         `NOT`, `IN` and `NIN`.";
    NotAvailable = "not-available":
        "The clause, operator or function belongs to another SQL and does not exist in IoT Hub.";
    Semicolon = "semicolon":
        "A condition does not end with a semicolon.";
    Missing = "missing":
        "The condition ends, or goes on, where a value or an operator is missing.";
    Unexpected = "unexpected":
        "The condition has text where something else belongs.";
    ChainedComparison = "chained-comparison":
        "Comparisons cannot be chained. Write `a = b AND b = c`.";
    ElementAccess = "element-access":
        "Properties are reached with dots; IoT Hub has no element access with brackets.";
    InvalidList = "invalid-list":
        "`IN` and `NIN` take a list of constants in square brackets.";
    RoundList = "round-list":
        "The list stands in round brackets; only square brackets are documented.";
    UnknownFunction = "unknown-function":
        "IoT Hub has no function of this name.";
    WrongArguments = "wrong-arguments":
        "The function is called with too many or too few arguments, or of the wrong kind.";
    UnknownCollection = "unknown-collection":
        "IoT Hub has the collections `devices`, `devices.modules` and `devices.jobs`.";
    MissingPrefix = "missing-prefix":
        "Attributes of `devices.jobs` are written with that prefix.";
    InvalidProjection = "invalid-projection":
        "The projection or grouping is not one that the collection allows.";
    DuplicateColumn = "duplicate-column":
        "Two columns of the result have one name.";
    UnknownAttribute = "unknown-attribute":
        "No device has this attribute, so the condition never holds. Paths begin with `tags.`, \
         `properties.desired.`, `properties.reported.` or an attribute of the identity such as `deviceId`.";
    QuotedPath = "quoted-path":
        "A path in quotes is a text, and compares as one. Leave the quotes out.";
    ConstantComparison = "constant-comparison":
        "Two constants are compared, so the result is the same for every device.";
    UndefinedComparison = "undefined-comparison":
        "A comparison with `undefined` is never true. Use IS_DEFINED.";
    NullComparison = "null-comparison":
        "The value is never null: a null in a twin deletes its key. Use IS_DEFINED.";
    ObjectComparison = "object-comparison":
        "An object is compared; IoT Hub compares texts, numbers and booleans.";
    EmptyList = "empty-list":
        "`IN []` holds for no device, and `NIN []` for every one.";
    NotACondition = "not-a-condition":
        "A path or a constant stands where a condition belongs. Compare it with something.";
}

impl Code {
    /// What causes it, how to mend that, and what is fine.
    #[must_use]
    pub fn example(self) -> Example {
        Example::read(self.example_file())
    }

    /// The code of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_kebab_case_and_explained() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name is used twice: {names:?}");
        for code in Code::ALL {
            let name = code.as_str();
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
            assert!(code.explain().ends_with('.') && code.explain().len() > 30, "{name} has no explanation");
            assert_eq!(Code::from_name(name), Some(*code));
        }
    }
}
