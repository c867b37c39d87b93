//! Codecs of the library and of the program's own, and values that may not be seen.
#![deny(warnings, missing_docs)]

use durably::{
    client::RemoteCodec,
    codec::{
        ClaimCheck, CodecContext, CodecError, Codecs, Compression, Encryption, Folder, Keys,
        PayloadCodec,
    },
    data::{Encrypted, Payload, Sensitive},
    prelude::*,
};

/// Changes nothing.
pub struct Own;

impl PayloadCodec for Own {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        match (context.workflow_type(), context.activity_type()) {
            (Some("Order"), _) | (_, Some("charge")) | (None, None) => Ok(payloads),
            (_, _) => Err("there is no key".into()),
        }
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        Ok(payloads)
    }
}

/// All of them at once.
pub fn codecs(key: [u8; 32]) -> Result<Codecs> {
    let encryption = Encryption::aes256_gcm(Keys::new("new", key).and("old", [7; 32]));
    let cards = Encryption::aes256_gcm(Keys::new("cards", key)).only_encrypted();
    let remote = RemoteCodec::new("http://localhost:8081")?.header("authorization", "Bearer x")?;
    Ok(Codecs::new()
        .codec(encryption)
        .codec(ClaimCheck::new(Folder::new("payloads")).min_bytes(100_000))
        .codec(Compression::zstd().min_bytes(100).max_bytes(100_000_000))
        .codec(remote)
        .codec(Own)
        .encrypted_values(cards)
        .encode_failures()
        .encode_headers()
        .timeout(secs(3)))
}

/// A value that is encrypted, and one that is not sent.
#[activity(start_to_close = "10s")]
pub async fn charge(card: Encrypted<String>) -> Encrypted<usize> {
    let card: Sensitive<String> = card.into_sensitive();
    Sensitive::new(card.expose().len()).encrypt()
}

fn main() {}
