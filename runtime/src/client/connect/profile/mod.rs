//! Connections by configuration: the profiles of `temporal.toml` and the variables `TEMPORAL_*`, as the
//! other SDKs and the CLI
//! [read them](https://docs.temporal.io/develop/environment-configuration).

#[cfg(all(test, feature = "tls"))]
mod cases;
mod environment;
mod file;
mod tls;

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, de::IgnoredAny};
use tracing::warn;

pub(super) use self::environment::Environment;
use self::{environment::header, file::read, tls::TlsTable};
use super::{ClientBuilder, address::DEFAULT_PORT, codec_endpoint::CodecEndpoint};
use crate::error::ConnectError;

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
struct CodecTable {
    endpoint: Option<String>,
    auth: Option<String>,
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
    profile.builder(environment)
}

/// A value; an empty one is not set.
fn set(value: Option<String>) -> Option<String> {
    value.filter(|it| !it.is_empty())
}

pub(super) fn wrong(problem: String) -> ConnectError {
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
        let codec = self.codec.get_or_insert_default();
        replace(&mut codec.endpoint, "TEMPORAL_CODEC_ENDPOINT");
        replace(&mut codec.auth, "TEMPORAL_CODEC_AUTH");
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

    fn builder(self, environment: &Environment) -> Result<ClientBuilder, ConnectError> {
        let address = set(self.address);
        let address = address.unwrap_or_else(|| format!("localhost:{DEFAULT_PORT}"));
        let mut builder = ClientBuilder::new(address);
        if let Some(authority) = set(self.authority) {
            builder = builder.authority(authority);
        }
        if let Some(namespace) = set(self.namespace) {
            builder = builder.namespace(namespace);
        }
        let codec = self.codec.unwrap_or_default();
        if let Some(url) = set(codec.endpoint) {
            builder.codec_endpoint = Some(CodecEndpoint {
                url,
                authorization: set(codec.auth),
            });
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
            Some(tls) => tls.apply(builder, environment),
            None => Ok(builder),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use durably_engine::Payload;

    use super::{Environment, builder};
    use crate::{
        client::ClientBuilder,
        codec::{CodecContext, CodecError, Codecs, PayloadCodec},
        error::ConnectError,
    };

    /// A file that is removed at the end of a test.
    pub(super) struct File(PathBuf);

    impl File {
        pub(super) fn of(test: &str, text: &str) -> Self {
            let name = format!("durably-{test}-{}.toml", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, text).unwrap();
            Self(path)
        }

        #[cfg(feature = "tls")]
        pub(super) fn path(&self) -> &std::path::Path {
            &self.0
        }

        pub(super) fn environment(&self, variables: &[(&str, &str)]) -> Environment {
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

    pub(super) fn problem(built: Result<ClientBuilder, ConnectError>) -> String {
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
            ("[profile.a]\napi_key: \"s3cret==\"", ["line 2", ""]),
            ("[profile.a]\ns3cret==", ["line 2", ""]),
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
            "[profile.default.tls]\nclient_cert_path = \"a.pem\"",
        );
        for (variables, words) in [
            (
                ("TEMPORAL_TLS_CLIENT_CERT_DATA", "pem"),
                "both `tls.client_cert_path` and TEMPORAL_TLS_CLIENT_CERT_DATA are set",
            ),
            (("TEMPORAL_TLS_SERVER_NAME", "x"), "belong together"),
            (("TEMPORAL_TLS", "yes"), "`yes` is no value of TEMPORAL_TLS"),
        ] {
            let error = problem(builder(&file.environment(&[variables]), None));
            assert!(error.contains(words), "{error}");
        }
    }

    /// The codecs of a client that the builder makes, as `Debug` shows them.
    fn codecs(built: Result<ClientBuilder, ConnectError>) -> Result<String, String> {
        let chosen = built.and_then(|builder| builder.chosen_codecs());
        let chosen = chosen.map_err(|error| error.to_string())?;
        Ok(format!("{chosen:?}"))
    }

    #[test]
    fn the_codec_endpoint_is_for_programs_that_name_no_codecs() {
        let file = File::of(
            "codec",
            "[profile.default.codec]\nendpoint = \"http://localhost:8081\"\nauth = \"s3cret\"",
        );
        let environment = file.environment(&[]);
        let shown = format!("{:?}", builder(&environment, None).unwrap());
        assert!(shown.contains("http://localhost:8081"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
        let none = builder(&environment, None).map(|it| it.codecs(Codecs::new()));
        assert!(codecs(none).unwrap().contains("codecs: []"));
        let own = builder(&environment, None).map(|it| it.codec(Own));
        assert!(codecs(own).unwrap().contains("codecs: [\"Own\"]"));
        let named_nowhere = codecs(builder(&environment, None));
        if cfg!(feature = "remote-codec") {
            let shown = named_nowhere.unwrap();
            assert!(shown.contains("codecs: [\"RemoteCodec\"]"), "{shown}");
            let wrong = file.environment(&[("TEMPORAL_CODEC_ENDPOINT", "localhost:8081")]);
            let error = codecs(builder(&wrong, None)).expect_err("it has no scheme");
            assert!(error.contains("`localhost:8081` is not the URL"), "{error}");
            let wrong = file.environment(&[("TEMPORAL_CODEC_AUTH", "s3cret\n")]);
            let error = codecs(builder(&wrong, None)).expect_err("it has a line break");
            assert!(
                error.contains("authorization") && !error.contains("s3cret"),
                "{error}"
            );
        } else {
            let error = named_nowhere.expect_err("payloads would be sent as they are");
            for words in [
                "`http://localhost:8081`",
                "`.codecs(Codecs::new())`",
                "`remote-codec`",
            ] {
                assert!(error.contains(words), "{error}");
            }
        }
    }

    /// A codec that changes nothing.
    struct Own;

    impl PayloadCodec for Own {
        async fn encode(
            &self,
            payloads: Vec<Payload>,
            _: &CodecContext,
        ) -> Result<Vec<Payload>, CodecError> {
            Ok(payloads)
        }

        async fn decode(
            &self,
            payloads: Vec<Payload>,
            _: &CodecContext,
        ) -> Result<Vec<Payload>, CodecError> {
            Ok(payloads)
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
