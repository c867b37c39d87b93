//! The service, as its container runs it. `TEMPORAL_ADDRESS` names the server, which is one in this process if it is
//! not set; `DATABASE_URL` the database, and `LISTEN` the address of the API.

use std::env;

use durably::prelude::*;
use durably_example_service::{api, service, store::Store};

#[durably::main]
async fn main() -> Result<()> {
    let client = match env::var("TEMPORAL_ADDRESS") {
        Ok(_) => Client::from_env().await?,
        Err(_) => Client::development().await?,
    };
    let database = env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://orders.db".to_owned());
    let store = Store::open(&database).await?;
    let listen = env::var("LISTEN").unwrap_or_else(|_| format!("0.0.0.0:{}", api::PORT));
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    println!("listens on {}", listener.local_addr()?);
    service::run(client, store, listener, service::stop_requested()).await?;
    println!("stopped");
    Ok(())
}
