//! Generates gRPC clients and server traits on top of the messages that `temporalio-protos`
//! publishes: it hands its descriptor set to the build scripts of those who depend on it.

use prost::Message as _;
use prost_types::FileDescriptorSet;

/// The services durably speaks; the others in the descriptor set (Temporal Cloud, Nexus) stay out.
const SERVICES: [&str; 4] = [
    "temporal.api.workflowservice.v1",
    "temporal.api.operatorservice.v1",
    "temporal.api.testservice.v1",
    "grpc.health.v1",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let path = std::env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?;
    println!("cargo:rustc-env=DURABLY_DESCRIPTOR_SET={path}");
    let (client, server) = (has("CLIENT"), has("SERVER"));
    if !client && !server {
        return Ok(());
    }
    let mut set = FileDescriptorSet::decode(&*std::fs::read(path)?)?;
    // The messages exist already, so only the files that declare a service are left to generate.
    set.file
        .retain(|file| SERVICES.contains(&file.package()) && !file.service.is_empty());
    for file in &mut set.file {
        file.source_code_info = None;
    }
    tonic_prost_build::configure()
        .build_client(client)
        .build_server(server)
        .generate_default_stubs(true)
        .extern_path(".temporal.api", "::temporalio_protos::temporal::api")
        .extern_path(".grpc.health.v1", "::temporalio_protos::grpc::health::v1")
        .compile_fds(set)?;
    Ok(())
}

fn has(feature: &str) -> bool {
    std::env::var_os(format!("CARGO_FEATURE_{feature}")).is_some()
}
