//! Connections by configuration: the profiles of `temporal.toml` and the variables `TEMPORAL_*`, as the
//! other SDKs and the CLI
//! [read them](https://docs.temporal.io/develop/environment-configuration).

use std::{
    collections::BTreeMap,
    fmt, io,
    ops::Range,
    path::{Path, PathBuf},
};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use tracing::warn;

#[cfg(not(feature = "tls"))]
use super::address::without_credentials;
use super::{ClientBuilder, address::DEFAULT_PORT};
use crate::error::ConnectError;

const DEFAULT_PROFILE: &str = "default";
const META: &str = "TEMPORAL_GRPC_META_";
/// One that is set asks for TLS.
const TLS_VARIABLES: [&str; 9] = [
    "TEMPORAL_TLS",
    "TEMPORAL_TLS_CLIENT_CERT_PATH",
    "TEMPORAL_TLS_CLIENT_CERT_DATA",
    "TEMPORAL_TLS_CLIENT_KEY_PATH",
    "TEMPORAL_TLS_CLIENT_KEY_DATA",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
    "TEMPORAL_TLS_SERVER_CA_CERT_DATA",
    "TEMPORAL_TLS_SERVER_NAME",
    "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION",
];

/// The environment variables of this process, or those of a test.
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(super) fn of_process() -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Self(variables.collect())
    }

    /// A variable; an empty one is not set.
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    /// Whether a variable asks for TLS.
    fn has_any_of_tls(&self) -> bool {
        TLS_VARIABLES.iter().any(|name| self.get(name).is_some())
    }

    /// The variables of TLS that nobody reads, such as those of an older CLI.
    fn unknown_of_tls(&self) -> impl Iterator<Item = &str> {
        let names = self.0.keys().map(String::as_str);
        names.filter(|name| name.starts_with("TEMPORAL_TLS_") && !TLS_VARIABLES.contains(name))
    }

    fn bool(&self, name: &str) -> Result<Option<bool>, ConnectError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match &*value.to_ascii_lowercase() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(wrong(format!(
                "`{value}` is no value of {name}: it is `true` or `false`"
            ))),
        }
    }

    /// The headers that variables set, and those that an empty variable removes.
    fn headers(&self) -> impl Iterator<Item = (String, &str)> {
        self.0.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix(META)?;
            Some((header(name), value.as_str()))
        })
    }

    /// `temporalio/temporal.toml` in the folder for the configuration of the user's programs.
    fn default_file(&self) -> Option<PathBuf> {
        let home = || std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let folder = if cfg!(windows) {
            self.get("APPDATA").map(PathBuf::from)
        } else if cfg!(target_vendor = "apple") {
            home().map(|home| home.join("Library/Application Support"))
        } else {
            let folder = self.get("XDG_CONFIG_HOME").map(PathBuf::from);
            let folder = folder.filter(|it| it.is_absolute());
            folder.or_else(|| home().map(|home| home.join(".config")))
        };
        Some(folder?.join("temporalio").join("temporal.toml"))
    }
}

/// What a file says: the chosen profile, if it has it, and the names of all.
#[derive(Default)]
struct ConfigFile {
    chosen: Option<Profile>,
    names: Vec<String>,
}

/// Reads a file for one profile. The others may be for other programs, and have keys that only those know.
#[derive(Clone, Copy)]
struct ForProfile<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for ForProfile<'_> {
    type Value = ConfigFile;

    fn deserialize<D: Deserializer<'de>>(self, file: D) -> Result<ConfigFile, D::Error> {
        file.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ForProfile<'_> {
    type Value = ConfigFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of profiles")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut tables: A) -> Result<ConfigFile, A::Error> {
        let mut file = ConfigFile::default();
        while let Some(key) = tables.next_key::<TopLevel>()? {
            match key {
                TopLevel::Profile => file = tables.next_value_seed(Profiles(self.0))?,
            }
        }
        Ok(file)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum TopLevel {
    Profile,
}

/// The table of profiles.
struct Profiles<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Profiles<'_> {
    type Value = ConfigFile;

    fn deserialize<D: Deserializer<'de>>(self, profiles: D) -> Result<ConfigFile, D::Error> {
        profiles.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Profiles<'_> {
    type Value = ConfigFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table for each profile")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut profiles: A) -> Result<ConfigFile, A::Error> {
        let mut file = ConfigFile::default();
        while let Some(name) = profiles.next_key::<String>()? {
            match name == self.0 {
                true => file.chosen = Some(profiles.next_value()?),
                false => profiles.next_value::<IgnoredAny>().map(drop)?,
            }
            file.names.push(name);
        }
        Ok(file)
    }
}

/// How to connect, as far as it is configured.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    address: Option<String>,
    authority: Option<String>,
    namespace: Option<String>,
    api_key: Option<String>,
    tls: Option<TlsTable>,
    codec: Option<CodecTable>,
    #[serde(default)]
    grpc_meta: BTreeMap<String, String>,
    /// The CLI's own: how it has got the key.
    #[serde(rename = "oauth")]
    _oauth: Option<IgnoredAny>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsTable {
    disabled: Option<bool>,
    client_cert_path: Option<String>,
    client_cert_data: Option<String>,
    client_key_path: Option<String>,
    client_key_data: Option<String>,
    server_ca_cert_path: Option<String>,
    server_ca_cert_data: Option<String>,
    server_name: Option<String>,
    #[serde(default)]
    disable_host_verification: bool,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodecTable {
    endpoint: Option<String>,
    #[serde(rename = "auth")]
    _auth: Option<String>,
}

/// The builder that the file and the variables describe; the profile is the named one, or that of
/// `TEMPORAL_PROFILE`, or `default`.
pub(super) fn builder(
    environment: &Environment,
    profile: Option<&str>,
) -> Result<ClientBuilder, ConnectError> {
    let file = environment.get("TEMPORAL_CONFIG_FILE").map(PathBuf::from);
    let file = file.or_else(|| environment.default_file());
    let named = profile.or_else(|| environment.get("TEMPORAL_PROFILE"));
    let mut profile = read(file.as_deref(), named)?;
    profile.change(environment)?;
    profile.builder()
}

/// The profile in the file. Without a file, and without the profile `default` in it, it is empty.
fn read(file: Option<&Path>, name: Option<&str>) -> Result<Profile, ConnectError> {
    let chosen = name.unwrap_or(DEFAULT_PROFILE);
    let found = match file.map(|file| (file, std::fs::read_to_string(file))) {
        Some((file, Ok(text))) => parse(file, &text, chosen)?,
        Some((file, Err(error))) if error.kind() != io::ErrorKind::NotFound => {
            let file = file.display();
            return Err(wrong(format!("`{file}` cannot be read: {error}")));
        }
        Some((_, Err(_))) | None => ConfigFile::default(),
    };
    match (found.chosen, name) {
        (Some(profile), _) => Ok(profile),
        (None, None) => Ok(Profile::default()),
        (None, Some(name)) => {
            let mut known = found.names;
            known.sort();
            let known = match known.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has `{}`", known.join("`, `")),
            };
            let file = match file {
                Some(file) => format!("`{}`", file.display()),
                None => "the configuration".to_owned(),
            };
            Err(wrong(format!("{file} has no profile `{name}`: {known}")))
        }
    }
}

fn parse(file: &Path, text: &str, profile: &str) -> Result<ConfigFile, ConnectError> {
    let parsed = toml::Deserializer::parse(text);
    let parsed = parsed.and_then(|document| ForProfile(profile).deserialize(document));
    parsed.map_err(|error| {
        let place = error.span().map(|span| place(text, span));
        let file = file.display();
        let place = place.map_or_else(|| file.to_string(), |place| format!("{file}, {place}"));
        wrong(format!("{place}: {}", without_value(error.message())))
    })
}

/// The line, and the key in it.
fn place(text: &str, span: Range<usize>) -> String {
    let before = text.bytes().take(span.start);
    let line = before.filter(|byte| *byte == b'\n').count();
    let key = text.lines().nth(line).and_then(|it| it.split_once('='));
    let number = line + 1;
    match key {
        Some((key, _)) => format!("line {number}, `{}`", key.trim()),
        None => format!("line {number}"),
    }
}

/// What serde says of a value of a wrong type has the value, which may be a key: its kind is enough.
fn without_value(message: &str) -> String {
    let message = message.trim_end();
    let parts = message
        .strip_prefix("invalid type: ")
        .and_then(|rest| rest.rsplit_once(", expected "));
    let Some((found, expected)) = parts else {
        return message.to_owned();
    };
    let kind = found.split(['"', '`']).next().unwrap_or_default();
    format!("invalid type: {}, expected {expected}", kind.trim())
}

/// As headers are named in HTTP.
fn header(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// A value; an empty one is not set.
fn set(value: Option<String>) -> Option<String> {
    value.filter(|it| !it.is_empty())
}

fn wrong(problem: String) -> ConnectError {
    ConnectError::Configuration { problem }
}

impl Profile {
    /// Variables come before what the file says.
    fn change(&mut self, environment: &Environment) -> Result<(), ConnectError> {
        let replace = |place: &mut Option<String>, name: &str| {
            if let Some(value) = environment.get(name) {
                *place = Some(value.to_owned());
            }
        };
        replace(&mut self.address, "TEMPORAL_ADDRESS");
        replace(&mut self.authority, "TEMPORAL_CLIENT_AUTHORITY");
        replace(&mut self.namespace, "TEMPORAL_NAMESPACE");
        replace(&mut self.api_key, "TEMPORAL_API_KEY");
        if let Some(endpoint) = environment.get("TEMPORAL_CODEC_ENDPOINT") {
            self.codec.get_or_insert_default().endpoint = Some(endpoint.to_owned());
        }
        for name in environment.unknown_of_tls() {
            warn!("the variable {name} is not one of the configuration, and has no effect");
        }
        if environment.has_any_of_tls() {
            let tls = self.tls.get_or_insert_default();
            if let Some(on) = environment.bool("TEMPORAL_TLS")? {
                tls.disabled = Some(!on);
            }
            replace(&mut tls.client_cert_path, "TEMPORAL_TLS_CLIENT_CERT_PATH");
            replace(&mut tls.client_cert_data, "TEMPORAL_TLS_CLIENT_CERT_DATA");
            replace(&mut tls.client_key_path, "TEMPORAL_TLS_CLIENT_KEY_PATH");
            replace(&mut tls.client_key_data, "TEMPORAL_TLS_CLIENT_KEY_DATA");
            replace(
                &mut tls.server_ca_cert_path,
                "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
            );
            replace(
                &mut tls.server_ca_cert_data,
                "TEMPORAL_TLS_SERVER_CA_CERT_DATA",
            );
            replace(&mut tls.server_name, "TEMPORAL_TLS_SERVER_NAME");
            if let Some(disabled) = environment.bool("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION")? {
                tls.disable_host_verification = disabled;
            }
        }
        let from_file = std::mem::take(&mut self.grpc_meta).into_iter();
        self.grpc_meta = from_file
            .map(|(name, value)| (header(&name), value))
            .collect();
        for (name, value) in environment.headers() {
            match value.is_empty() {
                true => self.grpc_meta.remove(&name),
                false => self.grpc_meta.insert(name, value.to_owned()),
            };
        }
        Ok(())
    }

    fn builder(self) -> Result<ClientBuilder, ConnectError> {
        if self
            .codec
            .is_some_and(|codec| set(codec.endpoint).is_some())
        {
            return Err(wrong(
                "the codec endpoint (`codec.endpoint`, TEMPORAL_CODEC_ENDPOINT) is not supported: \
                 payloads would be sent as they are"
                    .to_owned(),
            ));
        }
        let address = set(self.address);
        let address = address.unwrap_or_else(|| format!("localhost:{DEFAULT_PORT}"));
        let mut builder = ClientBuilder::new(address);
        if let Some(authority) = set(self.authority) {
            builder = builder.authority(authority);
        }
        if let Some(namespace) = set(self.namespace) {
            builder = builder.namespace(namespace);
        }
        let key = set(self.api_key);
        let has_key = key.is_some();
        if let Some(key) = key {
            builder = builder.api_key(key);
        }
        for (name, value) in self.grpc_meta {
            builder = builder.header(name, value);
        }
        match self.tls {
            // Whoever switches TLS off by name also means it for the key.
            Some(tls) if tls.disabled == Some(true) => Ok(match has_key {
                true => builder.allow_plain_api_key(),
                false => builder,
            }),
            Some(tls) => tls.apply(builder),
            None => Ok(builder),
        }
    }
}

/// Something in the PEM format, in a file or in place.
#[cfg_attr(
    not(feature = "tls"),
    expect(dead_code, reason = "without TLS it is checked and not used")
)]
enum Source {
    Path(String),
    Data {
        /// Its key, for errors.
        key: &'static str,
        pem: String,
    },
}

fn source(
    path: (&'static str, Option<String>),
    data: (&'static str, Option<String>),
) -> Result<Option<Source>, ConnectError> {
    match (set(path.1), set(data.1)) {
        (Some(path), None) => Ok(Some(Source::Path(path))),
        (None, Some(pem)) => Ok(Some(Source::Data { key: data.0, pem })),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(wrong(format!(
            "both {} and {} are set, by the file or by TEMPORAL_TLS_*; only one can be used",
            path.0, data.0
        ))),
    }
}

impl TlsTable {
    fn apply(self, builder: ClientBuilder) -> Result<ClientBuilder, ConnectError> {
        let roots = source(
            ("`tls.server_ca_cert_path`", self.server_ca_cert_path),
            ("`tls.server_ca_cert_data`", self.server_ca_cert_data),
        )?;
        let certificate = source(
            ("`tls.client_cert_path`", self.client_cert_path),
            ("`tls.client_cert_data`", self.client_cert_data),
        )?;
        let key = source(
            ("`tls.client_key_path`", self.client_key_path),
            ("`tls.client_key_data`", self.client_key_data),
        )?;
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (certificate, _) => {
                let (set, missing) = match certificate {
                    Some(_) => ("client_cert", "client_key"),
                    None => ("client_key", "client_cert"),
                };
                return Err(wrong(format!(
                    "a client certificate and its key belong together: `tls.{set}_path` or \
                     `tls.{set}_data` is set, by the file or by TEMPORAL_TLS_*, and \
                     `tls.{missing}_path` or `tls.{missing}_data` is not"
                )));
            }
        };
        let name = set(self.server_name);
        with_tls(
            builder,
            roots,
            identity,
            name,
            self.disable_host_verification,
        )
    }
}

#[cfg(feature = "tls")]
fn with_tls(
    builder: ClientBuilder,
    roots: Option<Source>,
    identity: Option<(Source, Source)>,
    server_name: Option<String>,
    accepts_any: bool,
) -> Result<ClientBuilder, ConnectError> {
    use crate::transport::tls::Tls;

    let mut tls = Tls::new();
    if let Some(roots) = roots {
        tls = tls.roots_from(roots.into());
    }
    if let Some((certificate, key)) = identity {
        tls = tls.certificate_from(certificate.into(), key.into());
    }
    if let Some(name) = server_name {
        tls = tls.server_name(name);
    }
    if accepts_any {
        tls = tls.accept_any_certificate();
    }
    Ok(builder.tls(tls))
}

#[cfg(feature = "tls")]
impl From<Source> for crate::transport::tls::Pem {
    fn from(source: Source) -> Self {
        match source {
            Source::Path(path) => Self::File(path.into()),
            Source::Data { key, pem } => Self::from_setting(key, pem),
        }
    }
}

#[cfg(not(feature = "tls"))]
fn with_tls(
    builder: ClientBuilder,
    _: Option<Source>,
    _: Option<(Source, Source)>,
    _: Option<String>,
    _: bool,
) -> Result<ClientBuilder, ConnectError> {
    Err(ConnectError::TlsMissing {
        // No address has been parsed yet, which refuses one with a password.
        address: without_credentials(&builder.addresses[0]).into_owned(),
    })
}

/// Keys and data are not shown.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Environment, builder};
    use crate::{client::ClientBuilder, error::ConnectError};

    /// A file that is removed at the end of a test.
    struct File(PathBuf);

    impl File {
        fn of(test: &str, text: &str) -> Self {
            let name = format!("durably-{test}-{}.toml", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, text).unwrap();
            Self(path)
        }

        fn environment(&self, variables: &[(&str, &str)]) -> Environment {
            let file = ("TEMPORAL_CONFIG_FILE", self.0.to_str().unwrap());
            let all = variables.iter().chain([&file]);
            Environment(
                all.map(|(name, value)| ((*name).into(), (*value).into()))
                    .collect(),
            )
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    const FILE: &str = r#"
[profile.default]
address = "staging:7233"
namespace = "shop"
[profile.default.grpc_meta]
Custom_Header = "from the file"
other = "stays"

[profile.prod]
address = "http://prod:7233"
api_key = "s3cret"
[profile.prod.tls]
disabled = true
"#;

    fn problem(built: Result<ClientBuilder, ConnectError>) -> String {
        let error = built.expect_err("the configuration is wrong");
        assert!(
            matches!(error, ConnectError::Configuration { .. }),
            "{error:?}"
        );
        error.to_string()
    }

    #[test]
    fn variables_come_before_the_file() {
        let file = File::of("precedence", FILE);
        let built = builder(&file.environment(&[]), None).unwrap();
        assert_eq!(built.addresses, ["staging:7233"]);
        assert_eq!(built.namespace, "shop");
        let headers = |built: &ClientBuilder| built.headers.clone();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            headers(&built),
            [
                header("custom-header", "from the file"),
                header("other", "stays")
            ]
        );
        let changed = file.environment(&[
            ("TEMPORAL_ADDRESS", "localhost:7"),
            ("TEMPORAL_NAMESPACE", ""),
            ("TEMPORAL_GRPC_META_CUSTOM_HEADER", ""),
            ("TEMPORAL_GRPC_META_X_TEAM", "checkout"),
        ]);
        let built = builder(&changed, None).unwrap();
        assert_eq!(built.addresses, ["localhost:7"]);
        assert_eq!(built.namespace, "shop");
        assert_eq!(
            headers(&built),
            [header("other", "stays"), header("x-team", "checkout")]
        );
    }

    #[test]
    fn the_profile_is_the_named_one_then_that_of_the_variable() {
        let file = File::of("profiles", FILE);
        let built = builder(&file.environment(&[]), Some("prod")).unwrap();
        assert_eq!(built.addresses, ["http://prod:7233"]);
        assert!(built.target().is_ok(), "TLS is switched off by name");
        let environment = file.environment(&[("TEMPORAL_PROFILE", "prod")]);
        let built = builder(&environment, None).unwrap();
        assert_eq!(built.addresses, ["http://prod:7233"]);
        let built = builder(&environment, Some("default")).unwrap();
        assert_eq!(built.addresses, ["staging:7233"]);
        let error = problem(builder(&environment, Some("pord")));
        assert!(
            error.contains("no profile `pord`: it has `default`, `prod`"),
            "{error}"
        );
    }

    #[test]
    fn without_a_file_the_variables_are_enough() {
        let environment = Environment(
            [
                ("TEMPORAL_CONFIG_FILE", "/nowhere/temporal.toml"),
                ("TEMPORAL_ADDRESS", "a:1"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        );
        let built = builder(&environment, None).unwrap();
        assert_eq!(
            (&*built.addresses[0], &*built.namespace),
            ("a:1", "default")
        );
        let error = problem(builder(&environment, Some("prod")));
        assert!(error.contains("no profile `prod`: it has none"), "{error}");
    }

    #[test]
    fn what_is_wrong_in_the_file_is_named_by_line_and_key_and_no_value_is_shown() {
        for (text, words) in [
            ("[profile.a]\nadress = \"s3cret\"", ["line 2", "`adress`"]),
            (
                "[profile.a]\n\napi_key = 7",
                ["line 3, `api_key`", "integer"],
            ),
            (
                "[profile.a.tls]\ndisabled = \"s3cret\"",
                ["line 2, `disabled`", "boolean"],
            ),
            ("[profile.a\napi_key = \"s3cret\"", ["line 1", ""]),
            ("[profiles.a]", ["line 1", "`profiles`"]),
            (
                "[profile.a]\napi_key = 5367",
                ["line 2, `api_key`", "integer, expected a string"],
            ),
            (
                "[profile.a]\napi_key = 5367.5",
                ["line 2", "floating point"],
            ),
        ] {
            let file = File::of("wrong", text);
            let error = problem(builder(&file.environment(&[]), Some("a")));
            for word in words.into_iter().chain(["durably-wrong"]) {
                assert!(error.contains(word), "{word}: {error}");
            }
            assert!(
                !error.contains("s3cret") && !error.contains("5367"),
                "{error}"
            );
        }
        let folder = std::env::temp_dir();
        let environment = Environment(
            [(
                "TEMPORAL_CONFIG_FILE".to_owned(),
                folder.to_str().unwrap().to_owned(),
            )]
            .into(),
        );
        let error = problem(builder(&environment, None));
        assert!(error.contains("cannot be read"), "{error}");
    }

    #[test]
    fn what_other_programs_have_in_the_file_is_passed_over() {
        let file = File::of(
            "others",
            "[profile.other]\nretries = 3\n[profile.a]\naddress = \"a:1\"\nauthority = \
             \"temporal.acme.com\"\n[profile.a.oauth]\nclient_id = \"cli\"",
        );
        let built = builder(&file.environment(&[]), Some("a")).unwrap();
        assert_eq!(built.addresses, ["a:1"]);
        assert_eq!(built.authority.as_deref(), Some("temporal.acme.com"));
        let changed = file.environment(&[("TEMPORAL_CLIENT_AUTHORITY", "other")]);
        let built = builder(&changed, Some("a")).unwrap();
        assert_eq!(built.authority.as_deref(), Some("other"));
        let error = problem(builder(&file.environment(&[]), Some("other")));
        assert!(error.contains("`retries`"), "{error}");
    }

    #[test]
    fn what_is_empty_is_not_set() {
        let file = File::of(
            "empty",
            "[profile.default]\nnamespace = \"\"\napi_key = \"\"\n[profile.default.codec]\nendpoint = \
             \"\"",
        );
        let environment = file.environment(&[
            ("TEMPORAL_TLS", ""),
            ("TEMPORAL_TLS_SERVER_NAME", ""),
            // Not one of those that are read.
            ("TEMPORAL_TLS_CA", "ca.pem"),
        ]);
        let built = builder(&environment, None).unwrap();
        assert_eq!(built.namespace, "default");
        assert_eq!(built.target().unwrap().uri, "http://localhost:7233/");
    }

    #[test]
    fn values_that_contradict_each_other_are_refused() {
        let file = File::of(
            "contradictions",
            "[profile.default.tls]\nclient_cert_path = \"a.pem\"\n[profile.codec.codec]\nendpoint = \
             \"http://x\"",
        );
        for (variables, words) in [
            (
                ("TEMPORAL_TLS_CLIENT_CERT_DATA", "pem"),
                "both `tls.client_cert_path` and `tls.client_cert_data`",
            ),
            (("TEMPORAL_TLS_SERVER_NAME", "x"), "belong together"),
            (("TEMPORAL_TLS", "yes"), "`yes` is no value of TEMPORAL_TLS"),
            (("TEMPORAL_PROFILE", "codec"), "codec endpoint"),
            (("TEMPORAL_CODEC_ENDPOINT", "http://x"), "codec endpoint"),
        ] {
            let error = problem(builder(&file.environment(&[variables]), None));
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_not_shown() {
        let file = File::of("password", "");
        let environment = file.environment(&[
            ("TEMPORAL_ADDRESS", "http://me:s3cret@temporal.internal"),
            ("TEMPORAL_TLS_SERVER_NAME", "temporal.acme.com"),
        ]);
        let built = builder(&environment, None);
        let refused = built.and_then(|builder| builder.connect_lazily());
        let error = refused.expect_err("no server takes a password");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("temporal.internal"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_tls_table_or_a_key_asks_for_tls() {
        let file = File::of("tls", "[profile.a.tls]\n[profile.b]\napi_key = \"s3cret\"");
        for profile in ["a", "b"] {
            let built = builder(&file.environment(&[]), Some(profile)).unwrap();
            assert_eq!(built.target().unwrap().uri, "https://localhost:7233/");
        }
        let named = file.environment(&[
            ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "ca.pem"),
            ("TEMPORAL_TLS_CLIENT_CERT_DATA", "s3cret"),
            ("TEMPORAL_TLS_CLIENT_KEY_PATH", "orders.key"),
            ("TEMPORAL_TLS_SERVER_NAME", "temporal.acme.com"),
            ("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "1"),
        ]);
        let shown = format!("{:?}", builder(&named, None).unwrap());
        for part in [
            "ca.pem",
            "orders.key",
            "temporal.acme.com",
            "accepts_any: true",
        ] {
            assert!(shown.contains(part), "{shown}");
        }
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
