//! The codec endpoint of the service, for the `temporal` CLI and the UI.
//!
//! `cargo run -p durably-example-codecs --bin codec-server`, and then
//! `temporal workflow show -w ID --codec-endpoint http://localhost:8081`, or the glasses in the UI.

use durably::{Result, codec::Endpoint};
use durably_example_codecs::codecs;
use tokio::net::TcpListener;

#[durably::main]
async fn main() -> Result<()> {
    // Where the UI of a development server is.
    let endpoint = Endpoint::new(codecs()).allow_origin("http://localhost:8233");
    let listener = TcpListener::bind("127.0.0.1:8081").await?;
    println!("http://{} encodes and decodes", listener.local_addr()?);
    axum::serve(listener, endpoint.into_router()).await?;
    Ok(())
}
