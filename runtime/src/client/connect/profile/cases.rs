//! The table `cases.toml`, which the end-to-end tests let the Python SDK read, too; files that cannot be read.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::{
    Environment, builder,
    tests::{File, problem},
};
use crate::client::{connect::Key, tests::connections::server};

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    what: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    profile: Option<String>,
    values: Option<Values>,
    error: Option<String>,
    #[serde(rename = "python")]
    _python: Option<Values>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Values {
    address: Option<String>,
    namespace: Option<String>,
    api_key: Option<String>,
    tls: bool,
    server_name: Option<String>,
    roots: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    any_certificate: Option<String>,
    headers: BTreeMap<String, String>,
}

/// Reads the configuration of a case; the values are those that a connection would have.
fn read(case: &Case) -> Result<Values, String> {
    let file = File::of(&case.what.replace(' ', "-"), &case.file);
    let mut environment = file.environment(&[]);
    environment.0.extend(case.variables.clone());
    let built =
        builder(&environment, case.profile.as_deref()).map_err(|error| error.to_string())?;
    let mut tls = built
        .tls
        .as_ref()
        .map(|tls| tls.in_full())
        .unwrap_or_default();
    let mut tls = |name| tls.remove(name);
    Ok(Values {
        address: Some(built.addresses[0].clone()).filter(|it| it != "localhost:7233"),
        namespace: Some(built.namespace.clone()).filter(|it| it != "default"),
        api_key: built.api_key.as_ref().map(|key| match key {
            Key::Fixed(key) => key.clone(),
            Key::Given(_) => panic!("a configuration has no function"),
        }),
        tls: built.target().unwrap().tls.is_some(),
        server_name: tls("server_name"),
        roots: tls("roots"),
        certificate: tls("certificate"),
        key: tls("key"),
        any_certificate: tls("any_certificate"),
        headers: built.headers.into_iter().collect(),
    })
}

#[test]
fn configurations_are_read_as_the_table_says() {
    let Table { case: cases } = toml::from_str(include_str!("cases.toml")).unwrap();
    let mut variables = HashSet::new();
    for case in &cases {
        variables.extend(case.variables.keys().cloned());
        match (read(case), &case.values, &case.error) {
            (Ok(read), Some(values), None) => assert_eq!(read, *values, "{}", case.what),
            (Err(error), None, Some(part)) => {
                assert!(error.contains(part), "{}: {error}", case.what);
            }
            (read, ..) => panic!("{}: {read:?}", case.what),
        }
    }
    for name in super::environment::TLS_VARIABLES {
        assert!(variables.contains(name), "no case has {name}");
    }
}

#[tokio::test]
async fn the_headers_of_a_file_and_of_variables_are_sent() {
    let (address, mut headers) = server().await;
    let file = File::of(
        "headers",
        "[profile.default.grpc_meta]\nX_Team = \"checkout\"\nx-region = \"eu\"\ngone = \"yes\"",
    );
    let environment = file.environment(&[
        ("TEMPORAL_ADDRESS", &address),
        ("TEMPORAL_GRPC_META_X_TEAM", "billing"),
        ("TEMPORAL_GRPC_META_X_PLAN", "gold"),
        ("TEMPORAL_GRPC_META_GONE", ""),
    ]);
    let _client = builder(&environment, None).unwrap().await.unwrap();
    let sent = headers.recv().await.unwrap();
    assert_eq!(sent["x-team"], "billing");
    assert_eq!(sent["x-region"], "eu");
    assert_eq!(sent["x-plan"], "gold");
    assert_eq!(sent.get("gone"), None);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let file = File::of("latin-1", "");
    let path = file.path();
    std::fs::write(path, b"[profile.default]\nnamespace = \"caf\xe9\"").unwrap();
    let below = path.join("temporal.toml");
    let folder = std::env::temp_dir();
    let closed = File::of("closed", "");
    #[cfg(unix)]
    {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt};
        std::fs::set_permissions(closed.path(), Permissions::from_mode(0o0)).unwrap();
    }
    let mut wrong = vec![path, &below, &folder];
    // An administrator may read every file.
    if std::fs::read(closed.path()).is_err() {
        wrong.push(closed.path());
    }
    for path in wrong {
        let shown = path.to_str().unwrap();
        let variable = ("TEMPORAL_CONFIG_FILE".to_owned(), shown.to_owned());
        let error = problem(builder(&Environment([variable].into()), None));
        let expected = format!("`{shown}` cannot be read: ");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn a_certificate_that_cannot_be_read_is_named_with_its_setting() {
    let file = File::of(
        "certificates",
        "[profile.paths.tls]\nserver_ca_cert_path = \"nowhere/ca.pem\"\n\
         [profile.data.tls]\nserver_ca_cert_data = \"s3cret\"\n\
         [profile.folder.tls]\nserver_ca_cert_path = \"/\"",
    );
    let refused = |profile: &str, variables: &[(&str, &str)]| {
        let built = builder(&file.environment(variables), Some(profile)).unwrap();
        let error = built.connect_lazily().expect_err("it cannot be read");
        error.to_string()
    };
    let missing = "nowhere/ca.pem` of `tls.server_ca_cert_path` cannot be read: No such file";
    let variable = [("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "nowhere/other.pem")];
    let data = [("TEMPORAL_TLS_SERVER_CA_CERT_DATA", "s3cret")];
    for (error, words) in [
        (refused("paths", &[]), missing),
        (
            refused("paths", &variable),
            "nowhere/other.pem` of TEMPORAL_TLS_SERVER_CA_CERT_PATH cannot be read: No such file",
        ),
        (
            refused("folder", &[]),
            "`/` of `tls.server_ca_cert_path` cannot be read: Is a directory",
        ),
        (
            refused("data", &[]),
            "`tls.server_ca_cert_data` has no root certificate in the PEM format",
        ),
        (
            refused("data", &data),
            "TEMPORAL_TLS_SERVER_CA_CERT_DATA has no root certificate in the PEM format",
        ),
    ] {
        assert!(error.contains(words), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}
