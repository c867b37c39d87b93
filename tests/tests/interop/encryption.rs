//! Encryption with others: a Python client and worker with the codec of Temporal's samples, and the codec endpoint
//! with the `temporal` CLI.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
};

use durably::{
    client::RemoteCodec,
    codec::{Codecs, Compression, Encryption, Endpoint, Keys},
    prelude::*,
};
use durably_proto::Message as _;
use durably_tests::{
    World, history, on_both_servers,
    process::{Process, python, tool},
    unique,
};
use serde_json::{Value, json};

use super::payloads::python_output;

const SECRET: &str = "s3cret-4711";
const PROGRAM: &str = "encryption.py";

fn secret(what: &str) -> String {
    format!("{SECRET} {what}")
}

/// As the program in Python has them.
pub(super) fn codecs() -> Codecs {
    let keys = Keys::new("test-key-id", *b"test-key-test-key-test-key-test!");
    let encryption = Encryption::aes256_gcm(keys).only_encrypted();
    Codecs::new().codec(encryption).encode_failures()
}

#[activity(name = "stamp", start_to_close = "10s")]
async fn stamp(text: String) -> String {
    format!("{text}, stamped by rust")
}

/// Has its text signed by an activity in Python.
#[derive(Default)]
struct RustLetter {
    words: Vec<String>,
}

#[workflow(name = "rust-letter")]
impl RustLetter {
    #[run]
    async fn run(&mut self, ctx: &Ctx, text: String) -> Result<String> {
        ctx.wait_until(|| !self.words.is_empty()).await?;
        let python = ctx.task_queue().trim_end_matches("-rust").to_owned();
        let signed = ctx
            .activity::<String>("sign", (text,))
            .start_to_close(secs(10))
            .task_queue(python)
            .await;
        match signed {
            Ok(signed) => Ok(format!("{signed}, {}", self.words[0])),
            Err(error) => Err(AppError::new("Lost", secret("of rust"))
                .details(secret("detail"))
                .caused_by(error)
                .into()),
        }
    }

    #[signal]
    fn say(&mut self, word: String) {
        self.words.push(word);
    }

    #[query]
    fn said(&self) -> Vec<String> {
        self.words.clone()
    }

    #[update]
    fn change(&mut self, word: String) -> String {
        format!("changed to {word}")
    }
}

on_both_servers! {
    python_and_durably_read_what_the_other_encrypts
    python_and_a_program_without_keys_read_what_the_other_encrypts
    the_cli_decodes_by_the_codec_endpoint
}

async fn is_unseen(world: &World, workflow_id: &str) -> bool {
    !is_in_history(world, workflow_id, SECRET).await
}

/// Whether a word stands in a history as it is.
pub(crate) async fn is_in_history(world: &World, workflow_id: &str, word: &str) -> bool {
    let events = history::events(&world.address(), workflow_id, "").await;
    let bytes: Vec<u8> = events
        .iter()
        .flat_map(|event| event.encode_to_vec())
        .collect();
    bytes.windows(word.len()).any(|it| it == word.as_bytes())
}

async fn python_and_durably_read_what_the_other_encrypts(world: &World) -> Result<()> {
    exchange_letters(world, codecs()).await
}

async fn python_and_a_program_without_keys_read_what_the_other_encrypts(
    world: &World,
) -> Result<()> {
    let served = Served::start(Endpoint::new(codecs())).await?;
    let remote = RemoteCodec::new(format!("http://{}", served.address))?;
    exchange_letters(world, Codecs::new().codec(remote).encode_failures()).await
}

async fn exchange_letters(world: &World, codecs: Codecs) -> Result<()> {
    let Some(mut command) = python(PROGRAM) else {
        return Ok(());
    };
    command
        .args([&world.address(), &world.queue, "worker"])
        .stdin(Stdio::piped());
    let _python = Process::start(command, "ready");
    let client = world.client.with_codecs(codecs);
    let worker = Worker::new(&client, format!("{}-rust", world.queue))
        .workflow::<RustLetter>()
        .activity::<stamp>();
    let worker = worker.spawn().await?;

    // A client in Python, a workflow here, an activity in Python.
    let read = python_output(PROGRAM, world, &["client"]).await?;
    assert_eq!(read.as_deref().map(str::trim), Some("read by python"));

    // A client here, a workflow in Python, an activity here.
    let id = unique("letter");
    let letter = client
        .start("python-letter", (secret("from rust"),))
        .id(&id);
    let letter = letter.task_queue(&world.queue).await?;
    let changed: String = letter.update("change", (secret("update"),)).await?;
    assert_eq!(changed, format!("changed to {}", secret("update")));
    let refused = letter
        .update::<String>("change", (secret("refused"),))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(
        refused.app().map(|app| app.message.clone()),
        Some(secret("of an update"))
    );
    letter.signal("say", (secret("signal"),)).await?;
    let said: Vec<String> = letter.query("said", ()).await?;
    assert_eq!(said, [secret("signal")]);
    let result: String = letter.result().await?;
    assert_eq!(
        result,
        format!(
            "{}, stamped by rust, {}",
            secret("from rust"),
            secret("signal")
        )
    );
    assert!(is_unseen(world, &id).await);

    let id = unique("letter");
    let letter = client.start("python-letter", (secret("lost"),)).id(&id);
    let letter = letter.task_queue(&world.queue).await?;
    letter.signal("say", (secret("signal"),)).await?;
    let lost = letter.result::<String>().await.unwrap_err();
    let app = lost.app().expect("the workflow says why");
    assert_eq!((&*app.kind, &*app.message), ("Lost", &*secret("is lost")));
    assert_eq!(app.detail::<String>(0)?, secret("detail"));
    assert!(is_unseen(world, &id).await);
    worker.shutdown().await
}

/// The codec endpoint on a port of its own, until this is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start(endpoint: Endpoint) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, endpoint.into_router()).await;
            served.expect("it serves until the end of the test");
        });
        Ok(Self { address, task })
    }

    /// Status, headers and body of the response to a request.
    async fn request(&self, head: &str, body: &[u8]) -> (u16, String, String) {
        let mut request = format!(
            "{head}\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        let address = self.address;
        let response = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(&request)?;
            let mut response = String::new();
            stream.read_to_string(&mut response)?;
            std::io::Result::Ok(response)
        });
        let response = response
            .await
            .expect("it does not panic")
            .expect("the endpoint answers");
        let (head, body) = response
            .split_once("\r\n\r\n")
            .expect("a response has a head");
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        (
            status.expect("a response has a status"),
            head.to_ascii_lowercase(),
            body.to_owned(),
        )
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nX-Namespace: default"
        );
        let (status, _, body) = self.request(&head, body.to_string().as_bytes()).await;
        (status, body)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn the_cli_decodes_by_the_codec_endpoint(world: &World) -> Result<()> {
    let Some(cli) = tool("DURABLY_TEMPORAL_CLI", "the codec endpoint") else {
        return Ok(());
    };
    let served = Served::start(Endpoint::new(codecs())).await?;
    let client = world.client.with_codecs(codecs());
    let id = unique("letter");
    let letter = RustLetter::start(&client, secret("argument"))
        .id(&id)
        .task_queue(format!("{}-rust", world.queue))
        .await?;
    let show = |endpoint: Option<String>| {
        let mut command = Command::new(&cli);
        command
            .args([
                "--address",
                &world.address(),
                "workflow",
                "show",
                "-o",
                "json",
            ])
            .args(["--workflow-id", &id]);
        command.args(endpoint.iter().flat_map(|it| ["--codec-endpoint", it]));
        tokio::task::spawn_blocking(move || command.output())
    };
    let plain = show(None).await.expect("it does not panic")?;
    assert!(plain.status.success());
    let plain = String::from_utf8_lossy(&plain.stdout).into_owned();
    assert!(!plain.contains(SECRET), "{plain}");
    let endpoint = format!("http://{}", served.address);
    let decoded = show(Some(endpoint)).await.expect("it does not panic")?;
    let shown = String::from_utf8_lossy(&decoded.stdout).into_owned();
    assert!(
        decoded.status.success(),
        "{}",
        String::from_utf8_lossy(&decoded.stderr)
    );
    // The CLI may write JSON payloads as JSON, or in Base64.
    assert!(
        shown.contains(&secret("argument")) || shown.contains("InMzY3JldC00NzExIGFyZ3VtZW50Ig=="),
        "{shown}"
    );
    letter.terminate("it was shown").await?;
    Ok(())
}

fn payload(encoding: &str, data: &str) -> Value {
    json!({"metadata": {"encoding": encoding}, "data": data})
}

#[tokio::test]
async fn the_endpoint_encodes_and_decodes_lists() -> Result<()> {
    let served = Served::start(Endpoint::new(codecs().codec(Compression::zlib()))).await?;
    // `json/plain` and `"Bob"` in Base64.
    let plain = json!({"payloads": [payload("anNvbi9wbGFpbg==", "IkJvYiI="), payload("anNvbi9wbGFpbg==", "MQ==")]});
    let (status, encoded) = served.post("/encode", &plain).await;
    assert_eq!(status, 200, "{encoded}");
    let encoded: Value = serde_json::from_str(&encoded)?;
    for payload in encoded["payloads"].as_array().expect("it is a list") {
        // `binary/encrypted` and `test-key-id`.
        assert_eq!(payload["metadata"]["encoding"], "YmluYXJ5L2VuY3J5cHRlZA==");
        assert_eq!(payload["metadata"]["encryption-key-id"], "dGVzdC1rZXktaWQ=");
    }
    let (status, decoded) = served.post("/decode", &encoded).await;
    assert_eq!(
        (status, serde_json::from_str::<Value>(&decoded)?),
        (200, plain)
    );
    let (status, none) = served.post("/decode", &json!({})).await;
    assert_eq!((status, &*none), (200, r#"{"payloads":[]}"#));
    Ok(())
}

#[tokio::test]
async fn what_the_endpoint_cannot_use_is_a_bad_request_with_words() -> Result<()> {
    let served = Served::start(Endpoint::new(codecs())).await?;
    let not_base64 = "the body is not a list of payloads as JSON: ";
    let cases: [(&[u8], &str); 9] = [
        (b"", "the body is not a list of payloads as JSON: EOF while parsing a value at line 1 column 0"),
        (b"\xff\xfe", "the body is not a list of payloads as JSON: expected value at line 1 column 1"),
        (b"[", "the body is not a list of payloads as JSON: "),
        (br#"{"payloads": 7}"#, "the body is not a list of payloads as JSON: invalid type: integer `7`, expected a sequence"),
        (br#"{"payloads": [{}, {"data": "?"}]}"#, "the body is not a list of payloads as JSON: `payloads[1].data`: Invalid"),
        (
            br#"{"payloads": [{"metadata": {"encoding": "?"}}]}"#,
            "the body is not a list of payloads as JSON: `payloads[0].metadata.encoding`: Invalid",
        ),
        // `json/plain`, which this codec refuses, and a key that is not here.
        (
            br#"{"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ=="}]}"#,
            "codec `Encryption` cannot decode payload 0: it is not encrypted; its encoding is `json/plain`",
        ),
        (
            br#"{"payloads": [{"metadata": {"encoding": "YmluYXJ5L2VuY3J5cHRlZA==", "encryption-key-id": "azk="}, "data": "MQ=="}]}"#,
            "codec `Encryption` cannot decode payload 0: it is truncated: 1 bytes, of at least 28",
        ),
        (
            br#"{"payloads": [{"metadata": {"encoding": "YmluYXJ5L2VuY3J5cHRlZA==", "encryption-key-id": "azk="}, "data": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}]}"#,
            "codec `Encryption` cannot decode payload 0: it is encrypted with key `k9`, which is not here; the keys are `test-key-id`",
        ),
    ];
    assert!(
        cases
            .iter()
            .all(|(_, words)| words.starts_with("codec") || words.starts_with(not_base64))
    );
    for (body, words) in cases {
        let (status, _, answer) = served.request("POST /decode HTTP/1.1", body).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer.starts_with(words), "{answer}\n{words}");
    }
    let namespace = "POST /decode HTTP/1.1\r\nX-Namespace: caf\u{e9}";
    let (status, _, answer) = served.request(namespace, b"{}").await;
    assert_eq!(
        (status, &*answer),
        (400, "`x-namespace` is not the name of a namespace")
    );
    let (status, ..) = served.request("GET /decode HTTP/1.1", b"").await;
    assert_eq!(status, 405);
    let (status, ..) = served.request("POST /other HTTP/1.1", b"{}").await;
    assert_eq!(status, 404);
    Ok(())
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call_the_endpoint_and_no_other() -> Result<()> {
    let endpoint = Endpoint::new(codecs()).allow_origin("http://localhost:8233");
    let served = Served::start(endpoint).await?;
    let asked = |origin: &str| {
        format!(
            "OPTIONS /decode HTTP/1.1\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: content-type,x-namespace"
        )
    };
    let (status, head, _) = served.request(&asked("http://localhost:8233"), b"").await;
    assert_eq!(status, 204);
    for header in [
        "access-control-allow-origin: http://localhost:8233",
        "access-control-allow-credentials: true",
        "access-control-allow-methods: post, options",
        "access-control-allow-headers: authorization, content-type, x-namespace",
        "vary: origin",
    ] {
        assert!(head.contains(header), "{head}");
    }
    let (_, head, _) = served.request(&asked("http://localhost:82330"), b"").await;
    assert!(!head.contains("access-control"), "{head}");
    let call = "POST /decode HTTP/1.1\r\nOrigin: http://localhost:8233";
    let (status, head, _) = served.request(call, b"[").await;
    assert_eq!(status, 400);
    assert!(
        head.contains("access-control-allow-origin: http://localhost:8233"),
        "{head}"
    );
    Ok(())
}
