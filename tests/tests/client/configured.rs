//! One `temporal.toml` for clients in Rust and in Python. The variables are set in processes of their own.

use std::process::Command;

use durably::{
    codec::{Codecs, Encryption, Endpoint, Keys},
    prelude::*,
};
use durably_tests::{
    World, on_both_servers,
    process::{output, python, tool},
    tls::{Certificates, TlsProxy},
};

use crate::interop::encryption::{Served, is_in_history};

#[derive(Default)]
struct Echo;

#[workflow(name = "echo")]
impl Echo {
    #[run]
    async fn run(&mut self, word: String) -> String {
        word.to_uppercase()
    }
}

on_both_servers! {
    a_file_drives_a_client_of_ours_and_one_in_python
    variables_alone_drive_a_client_of_ours_and_one_in_python
    the_codec_endpoint_of_a_file_encrypts_for_a_client_and_decrypts_for_the_cli
}

/// The clients that are driven: ours by the variables, ours by the profile that the program names, Python's.
fn clients() -> Vec<Command> {
    let ours = || Command::new(env!("CARGO_BIN_EXE_test-client"));
    let mut named = ours();
    named.env("ECHO_PROFILE", "behind-tls");
    let mut all = vec![ours(), named];
    all.extend(python("configured_client.py"));
    all
}

async fn assert_connects(mut client: Command, world: &World) {
    client.env("ECHO_QUEUE", &world.queue);
    let said = output(client).await;
    assert!(said.contains("CONFIGURED"), "{said}");
}

async fn a_file_drives_a_client_of_ours_and_one_in_python(world: &World) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let address = TlsProxy::start(&certificates, world.address())
        .await?
        .address;
    let file = certificates.authority().with_file_name("temporal.toml");
    let text = format!(
        "[profile.default]\naddress = \"nowhere:1\"\n[profile.behind-tls]\naddress = \"{address}\"\n\
         [profile.behind-tls.grpc_meta]\nx-team = \"checkout\"\n[profile.behind-tls.tls]\n\
         server_ca_cert_path = \"{}\"\nclient_cert_path = \"{}\"\nclient_key_path = \"{}\"\n",
        certificates.authority().display(),
        certificates.certificate("client").display(),
        certificates.key("client").display(),
    );
    std::fs::write(&file, text)?;
    let worker = world.worker().workflow::<Echo>().spawn().await?;
    for (mut client, profile) in clients()
        .into_iter()
        .zip(["behind-tls", "default", "behind-tls"])
    {
        client
            .env("TEMPORAL_CONFIG_FILE", &file)
            .env("TEMPORAL_PROFILE", profile);
        assert_connects(client, world).await;
    }
    worker.shutdown().await
}

async fn variables_alone_drive_a_client_of_ours_and_one_in_python(world: &World) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let address = TlsProxy::start(&certificates, world.address())
        .await?
        .address;
    let read = |file| std::fs::read_to_string(file);
    let namespace = world.own_namespace().await?;
    let worker = Worker::new(&namespace, &world.queue)
        .workflow::<Echo>()
        .spawn()
        .await?;
    // The file is for another server, except that it has the profile that one of the clients names.
    let file = certificates.authority().with_file_name("temporal.toml");
    std::fs::write(
        &file,
        "[profile.default]\naddress = \"nowhere:1\"\n[profile.behind-tls]\naddress = \"nowhere:1\"\n\
         [profile.behind-tls.tls]\ndisabled = true\n",
    )?;
    for mut client in clients() {
        client
            .env("TEMPORAL_CONFIG_FILE", &file)
            .env("TEMPORAL_ADDRESS", &address)
            .env("TEMPORAL_NAMESPACE", &world.queue)
            .env("TEMPORAL_TLS", "true")
            .env("TEMPORAL_TLS_SERVER_NAME", "127.0.0.1")
            .env("TEMPORAL_GRPC_META_X_TEAM", "checkout")
            .env(
                "TEMPORAL_TLS_SERVER_CA_CERT_DATA",
                read(certificates.authority())?,
            )
            .env(
                "TEMPORAL_TLS_CLIENT_CERT_DATA",
                read(certificates.certificate("client"))?,
            )
            .env(
                "TEMPORAL_TLS_CLIENT_KEY_DATA",
                read(certificates.key("client"))?,
            );
        assert_connects(client, world).await;
    }
    worker.shutdown().await
}

/// The SDK for Python does not know the key, and the CLI reads it as ours does.
async fn the_codec_endpoint_of_a_file_encrypts_for_a_client_and_decrypts_for_the_cli(
    world: &World,
) -> Result<()> {
    let keys = Keys::new("key", *b"test-key-test-key-test-key-test!");
    let codecs = || Codecs::new().codec(Encryption::aes256_gcm(keys.clone()));
    let served = Served::start(Endpoint::new(codecs())).await?;
    let folder = Certificates::issue("unused")?;
    let file = folder.authority().with_file_name("temporal.toml");
    let text = format!(
        "[profile.default]\naddress = \"{}\"\n[profile.default.codec]\nendpoint = \"http://{}\"\n",
        world.address(),
        served.address
    );
    std::fs::write(&file, text)?;
    let client = world.client.with_codecs(codecs());
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Echo>()
        .spawn()
        .await?;
    let mut ours = Command::new(env!("CARGO_BIN_EXE_test-client"));
    ours.env("TEMPORAL_CONFIG_FILE", &file);
    assert_connects(ours, world).await;
    worker.shutdown().await?;

    let id = format!("rust-{}", world.queue);
    for word in ["configured", "CONFIGURED"] {
        assert!(
            !is_in_history(world, &id, word).await,
            "{word} is plain text"
        );
    }
    if let Some(cli) = tool("DURABLY_TEMPORAL_CLI", "the codec endpoint of a file") {
        let mut show = Command::new(cli);
        show.env("TEMPORAL_CONFIG_FILE", &file)
            .args(["workflow", "show", "-o", "json"]);
        show.args(["--workflow-id", &id]);
        let shown = output(show).await;
        // The CLI may write JSON payloads as JSON, or in Base64.
        for (word, in_base64) in [
            ("configured", "ImNvbmZpZ3VyZWQi"),
            ("CONFIGURED", "IkNPTkZJR1VSRUQi"),
        ] {
            let is_shown = shown.contains(word) || shown.contains(in_base64);
            assert!(is_shown, "{word}: {shown}");
        }
    }
    Ok(())
}

/// The table is also read by the unit tests of the client, value by value.
#[tokio::test]
async fn python_reads_configurations_as_the_table_says() {
    const TABLE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../runtime/src/client/connect/profile/cases.toml"
    );
    let Some(mut reader) = python("configurations.py") else {
        return;
    };
    reader.arg(TABLE);
    let read = output(reader).await;
    let cases = std::fs::read_to_string(TABLE).expect("the table is there");
    let cases = cases.lines().filter(|line| *line == "[[case]]").count();
    assert_eq!(read.trim(), format!("{cases} cases"));
}
