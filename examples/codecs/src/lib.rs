//! The codecs of a service, for its clients, its workers and its codec endpoint.

use durably::codec::{Codecs, Compression, Encryption, Keys};

/// Payloads and the messages of failures are compressed, and then encrypted.
///
/// The key is here for the example alone: keep yours where you keep secrets.
pub fn codecs() -> Codecs {
    let keys = Keys::new("example", *b"32 bytes, which anybody can read");
    Codecs::new()
        .codec(Encryption::aes256_gcm(keys))
        .codec(Compression::zstd())
        .encode_failures()
}
