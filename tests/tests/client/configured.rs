//! One `temporal.toml` for clients in Rust and in Python. The variables are set in processes of their own.

use std::process::Command;

use durably::prelude::*;
use durably_tests::{
    World, on_both_servers,
    process::{output, python},
    tls::{self, Certificates},
};

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
}

async fn a_file_drives_a_client_of_ours_and_one_in_python(world: &World) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let address = tls::proxy(&certificates, world.address()).await?;
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
    let mut all = vec![Command::new(env!("CARGO_BIN_EXE_test-client"))];
    all.extend(python("configured_client.py"));
    for mut command in all {
        command
            .env("TEMPORAL_CONFIG_FILE", &file)
            .env("TEMPORAL_PROFILE", "behind-tls")
            .env("ECHO_QUEUE", &world.queue);
        let said = output(command).await;
        assert!(said.contains("CONFIGURED"), "{said}");
    }
    worker.shutdown().await
}
