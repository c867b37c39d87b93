//! A connection with TLS

use durably::prelude::*;

pub async fn connect(certificate: Vec<u8>) -> Result<Client> {
    Ok(Client::builder("temporal.internal:7233").tls(certificate).await?)
}

fn main() {}
