//! Compression of payloads.
//!
//! The form is that of the zlib codec of the Go SDK, for Zstandard, too: the data is the compressed message of the
//! payload, which stays as it is if that would not make it smaller.

use std::io::{self, Read, Write};

use durably_engine::Payload;
use flate2::{Compression as Level, read::ZlibDecoder, write::ZlibEncoder};

use super::{CodecContext, CodecError, PayloadCodec, at};
use crate::wire::payload;

const ZSTD: &str = "binary/zstd";
const ZLIB: &str = "binary/zlib";
/// Smaller payloads gain nothing.
const MIN_BYTES: usize = 256;
/// A server takes two megabytes a payload; this leaves room for what compresses well, and none for an attack.
const MAX_BYTES: usize = 128 * 1024 * 1024;
/// Bytes that are compressed at the connection: they take some hundred microseconds at most.
const IN_PLACE: usize = 16 * 1024;

/// Compresses payloads that become smaller by it, with their metadata: encoding `binary/zstd`, or `binary/zlib`
/// as the codec of the Go SDK writes it. Both are decompressed by either.
///
/// A codec that encrypts comes before it: what is encrypted cannot be compressed.
///
/// ```
/// # #[cfg(feature = "encryption")]
/// # {
/// use durably::codec::{Codecs, Compression, Encryption, Keys};
///
/// # let key = [1; 32];
/// let encryption = Encryption::aes256_gcm(Keys::new("2026-11", key));
/// let codecs = Codecs::new()
///     .codec(encryption.clone())
///     .codec(Compression::zstd().min_bytes(1024).max_bytes(8 << 20));
/// let for_go = Codecs::new().codec(encryption).codec(Compression::zlib());
/// # drop((codecs, for_go));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Compression {
    method: Method,
    min_bytes: usize,
    max_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
enum Method {
    Zstd,
    Zlib,
}

impl Compression {
    /// Compression with Zstandard.
    pub fn zstd() -> Self {
        Self::with(Method::Zstd)
    }

    /// Compression with zlib, which other languages have in their standard libraries.
    pub fn zlib() -> Self {
        Self::with(Method::Zlib)
    }

    fn with(method: Method) -> Self {
        Self {
            method,
            min_bytes: MIN_BYTES,
            max_bytes: MAX_BYTES,
        }
    }

    /// Leaves payloads of fewer bytes as they are; 256 if not set.
    #[must_use]
    pub fn min_bytes(mut self, bytes: usize) -> Self {
        self.min_bytes = bytes;
        self
    }

    /// Refuses payloads that would have more bytes once they are decompressed, so that nobody can fill the memory
    /// with a small one; 128 MiB if not set.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    fn compress(&self, payload: Payload) -> io::Result<Payload> {
        if payload.data().len() < self.min_bytes {
            return Ok(payload);
        }
        let bytes = payload::to_bytes(payload);
        let (encoding, compressed) = match self.method {
            Method::Zstd => (
                ZSTD,
                zstd::bulk::compress(&bytes, zstd::DEFAULT_COMPRESSION_LEVEL)?,
            ),
            Method::Zlib => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Level::default());
                encoder.write_all(&bytes)?;
                (ZLIB, encoder.finish()?)
            }
        };
        match compressed.len() < bytes.len() {
            true => Ok(Payload::new(encoding, compressed)),
            false => payload::from_bytes(&bytes).map_err(io::Error::other),
        }
    }

    fn decompress(&self, payload: Payload) -> Result<Payload, String> {
        let bytes = match payload.encoding() {
            ZSTD => match zstd::Decoder::new(payload.data()) {
                Ok(decoder) => self.read(decoder),
                Err(error) => Err(error.to_string()),
            },
            ZLIB => self.read(ZlibDecoder::new(payload.data())),
            _ => return Ok(payload),
        };
        let encoding = payload.encoding();
        let bytes = bytes.map_err(|reason| format!("its `{encoding}` is damaged: {reason}"))?;
        if bytes.len() > self.max_bytes {
            let max = self.max_bytes;
            return Err(format!(
                "it has more than {max} bytes when it is decompressed"
            ));
        }
        payload::from_bytes(&bytes)
            .map_err(|reason| format!("what is compressed does not hold a payload: {reason}"))
    }

    /// One byte more than is allowed, if there are so many.
    fn read(&self, decoder: impl Read) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let most = (self.max_bytes as u64).saturating_add(1);
        let read = decoder.take(most).read_to_end(&mut bytes);
        read.map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}

impl PayloadCodec for Compression {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let compress = |payload| Ok(self.compress(payload)?);
        payloads.into_iter().map(compress).collect()
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let decompress = |(index, payload): (usize, Payload)| {
            self.decompress(payload).map_err(|reason| at(index, reason))
        };
        payloads.into_iter().enumerate().map(decompress).collect()
    }

    fn runs_in_place(&self, bytes: usize) -> bool {
        bytes <= IN_PLACE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long() -> Payload {
        Payload::json(format!("\"{}\"", "ab".repeat(1000)).into_bytes())
            .with_metadata("messageType", b"Text".to_vec())
    }

    #[test]
    fn a_long_payload_becomes_smaller_and_both_methods_read_both() {
        let methods = [Compression::zstd(), Compression::zlib()];
        for (method, encoding) in methods.iter().zip([ZSTD, ZLIB]) {
            let compressed = method.compress(long()).expect("it is compressed in memory");
            assert_eq!(
                (compressed.encoding(), compressed.metadata()),
                (encoding, &[][..])
            );
            assert!(compressed.data().len() < 200);
            for reader in &methods {
                assert_eq!(reader.decompress(compressed.clone()), Ok(long()));
            }
        }
    }

    #[test]
    fn what_would_not_become_smaller_stays_as_it_is() {
        let short = Payload::json(vec![b'1'; 255]);
        let noise: Vec<u8> = (0..64u32)
            .flat_map(|n| n.wrapping_mul(0x9E37_79B9).to_be_bytes())
            .collect();
        for method in [Compression::zstd(), Compression::zlib()] {
            for payload in [short.clone(), Payload::bytes(noise.clone())] {
                let same = method
                    .compress(payload.clone())
                    .expect("it is compressed in memory");
                assert_eq!(same, payload);
                assert_eq!(method.decompress(same), Ok(payload));
            }
        }
    }

    #[test]
    fn damage_is_an_error_at_every_length() {
        for method in [Compression::zstd(), Compression::zlib()] {
            let whole = method.compress(long()).expect("it is compressed in memory");
            for length in 0..whole.data().len() {
                let short =
                    Payload::new(whole.encoding().to_owned(), whole.data()[..length].to_vec());
                let reason = method.decompress(short).expect_err("it is truncated");
                let expected = format!("its `{}` is damaged: ", whole.encoding());
                assert!(reason.starts_with(&expected), "{length}: {reason}");
            }
            let plain = zstd::bulk::compress(b"\xff", 1).expect("it is compressed in memory");
            let reason = method
                .decompress(Payload::new(ZSTD, plain))
                .expect_err("it holds no payload");
            assert!(
                reason.starts_with("what is compressed does not hold a payload"),
                "{reason}"
            );
        }
    }

    #[test]
    fn a_small_payload_that_would_fill_the_memory_is_refused() {
        for method in [Compression::zstd(), Compression::zlib()] {
            let huge = Payload::bytes(vec![0; 1 << 20]);
            let small = method
                .compress(huge.clone())
                .expect("it is compressed in memory");
            assert!(small.data().len() < 4096);
            let reason = method.clone().max_bytes(1 << 20).decompress(small.clone());
            assert_eq!(
                reason.expect_err("the message around it is larger"),
                "it has more than 1048576 bytes when it is decompressed"
            );
            assert_eq!(method.decompress(small), Ok(huge));
        }
    }
}
