//! The program `durably-server` with certificates and keys, as clients reach it.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use durably_proto::api::workflowservice::v1::GetSystemInfoRequest;
use durably_proto::service::workflow::workflow_service_client::WorkflowServiceClient;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request};

const KEY: &str = "DURABLY_SERVER_API_KEY";

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_durably-server"));
    command
        .args(["--port", "0"])
        .args(arguments)
        .env_remove(KEY);
    command
}

/// The program while it runs; killed when dropped.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it is built");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it is text");
        let address = line.trim().strip_prefix("durably-server listens on ");
        let address = address
            .unwrap_or_else(|| panic!("it says `{line}`"))
            .to_owned();
        Self { child, address }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the program says when it does not start.
fn refusal(mut command: Command) -> String {
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it is built");
    assert!(!child.wait().expect("it is ours").success());
    let mut said = String::new();
    let mut errors = child.stderr.take().expect("it is piped");
    errors.read_to_string(&mut said).expect("it is text");
    said.lines().next().unwrap_or_default().to_owned()
}

/// Calls the server; the words of its refusal.
async fn call(url: String, tls: Option<ClientTlsConfig>, key: Option<&str>) -> Result<(), String> {
    let endpoint = Endpoint::from_shared(url).expect("it is a URL");
    let endpoint = match tls {
        Some(tls) => endpoint.tls_config(tls).expect("the certificates are good"),
        None => endpoint,
    };
    let channel = endpoint
        .connect()
        .await
        .map_err(|_| "no connection".to_owned())?;
    let mut request = Request::new(GetSystemInfoRequest {});
    if let Some(key) = key {
        let value = format!("Bearer {key}").parse().expect("it is a header");
        request.metadata_mut().insert("authorization", value);
    }
    let answer = WorkflowServiceClient::new(channel)
        .get_system_info(request)
        .await;
    answer.map(drop).map_err(|status| match status.code() {
        Code::Unauthenticated => status.message().to_owned(),
        // The server speaks another protocol, or has refused the certificate: in TLS 1.3 the handshake is over for
        // the client by then.
        _ => "no connection".to_owned(),
    })
}

const NO_KEY: &str = "the server requires an API key, in the header `authorization: Bearer <key>`";
const WRONG_KEY: &str = "the API key is not the server's";

#[tokio::test]
async fn a_key_of_the_command_line_or_of_the_variable_is_required_of_clients() {
    let mut of_the_variable = program(&[]);
    of_the_variable.env(KEY, "s3cret");
    let mut of_both = program(&["--api-key=s3cret"]);
    of_both.env(KEY, "other");
    for command in [program(&["--api-key", "s3cret"]), of_the_variable, of_both] {
        let server = Program::start(command);
        let url = || format!("http://{}", server.address);
        assert_eq!(call(url(), None, Some("s3cret")).await, Ok(()));
        assert_eq!(
            call(url(), None, Some("other")).await,
            Err(WRONG_KEY.into())
        );
        assert_eq!(call(url(), None, None).await, Err(NO_KEY.into()));
    }
    let open = Program::start(program(&[]));
    let url = format!("http://{}", open.address);
    assert_eq!(call(url, None, None).await, Ok(()));
}

#[test]
fn a_key_that_lets_everybody_in_is_refused() {
    let empty = "durably-server: the API key cannot be used: it is empty";
    let mut of_the_variable = program(&[]);
    of_the_variable.env(KEY, "");
    assert_eq!(refusal(of_the_variable), empty);
    assert_eq!(refusal(program(&["--api-key", ""])), empty);
    let mut with_a_line_break = program(&[]);
    with_a_line_break.env(KEY, "s3cret\n");
    assert_eq!(
        refusal(with_a_line_break),
        "durably-server: the API key cannot be used: it has characters that a header cannot have, such as a line \
         break at its end"
    );
}

/// A folder of certificates; removed when dropped.
struct Folder {
    path: PathBuf,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("durably-program-{test}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("the folder is new");
        let mut params = CertificateParams::new(Vec::new()).expect("there are no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("it has a key");
        let authority = CertifiedIssuer::self_signed(params, key).expect("it signs");
        std::fs::write(path.join("ca.pem"), authority.pem()).expect("it is written");
        Self { path, authority }
    }

    /// A certificate of the authority and its key, PEM.
    fn issue(&self) -> [String; 2] {
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("it is a name");
        let key = KeyPair::generate().expect("it has a key");
        let issued = params.signed_by(&key, &self.authority).expect("it signs");
        [issued.pem(), key.serialize_pem()]
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path.join(name);
        std::fs::write(&path, text).expect("it is written");
        shown(&path)
    }
}

fn shown(path: &Path) -> String {
    path.to_str().expect("it is UTF-8").to_owned()
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[tokio::test]
async fn certificates_of_the_command_line_are_presented_and_required() {
    let folder = Folder::new("certificates");
    let [certificate, key] = folder.issue();
    let (certificate, key) = (
        folder.file("server.pem", &certificate),
        folder.file("server.key", &key),
    );
    let authority = shown(&folder.path.join("ca.pem"));
    let trusting =
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(folder.authority.pem()));
    let [own, own_key] = folder.issue();
    let known = trusting.clone().identity(Identity::from_pem(own, own_key));
    let tls = ["--tls-cert", &*certificate, "--tls-key", &*key];

    let server = Program::start(program(&tls));
    let url = || format!("https://{}", server.address);
    assert_eq!(call(url(), Some(trusting.clone()), None).await, Ok(()));
    let plain = format!("http://{}", server.address);
    assert_eq!(call(plain, None, None).await, Err("no connection".into()));

    let all = [
        &tls[..],
        &["--tls-client-ca", &*authority, "--api-key", "s3cret"],
    ]
    .concat();
    let server = Program::start(program(&all));
    let url = || format!("https://{}", server.address);
    let known = || Some(known.clone());
    assert_eq!(call(url(), known(), Some("s3cret")).await, Ok(()));
    assert_eq!(
        call(url(), known(), Some("other")).await,
        Err(WRONG_KEY.into())
    );
    assert_eq!(call(url(), known(), None).await, Err(NO_KEY.into()));
    assert_eq!(
        call(url(), Some(trusting), Some("s3cret")).await,
        Err("no connection".into())
    );
}

#[test]
fn certificates_of_no_use_are_named() {
    let folder = Folder::new("no-use");
    let authority = shown(&folder.path.join("ca.pem"));
    let missing = shown(&folder.path.join("missing.pem"));
    let [certificate, key] = folder.issue();
    let certificate = folder.file("server.pem", &certificate);
    let key = folder.file("server.key", &key);
    for (arguments, words) in [
        (
            vec!["--tls-cert", &*missing, "--tls-key", &*key],
            format!("durably-server: cannot serve over TLS: `{missing}` cannot be read"),
        ),
        (
            vec!["--tls-cert", &*certificate, "--tls-key", &*certificate],
            format!("durably-server: cannot serve over TLS: `{certificate}`"),
        ),
        (
            vec!["--tls-client-ca", &*authority],
            "durably-server: cannot serve over TLS: ".to_owned(),
        ),
        (
            vec!["--tls-cert", &*certificate],
            "durably-server: --tls-cert and --tls-key belong together".to_owned(),
        ),
    ] {
        let said = refusal(program(&arguments));
        assert!(said.starts_with(&words), "{said}");
    }
}
