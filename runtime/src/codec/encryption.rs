//! Encryption of payloads with AES-256-GCM.
//!
//! The form is that of the samples of the other SDKs: the data is a nonce of 12 bytes, the encrypted message of the
//! payload, and a tag of 16 bytes; `encryption-key-id` names the key.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use durably_engine::Payload;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

use super::{CodecContext, CodecError, PayloadCodec, at};
use crate::{
    data::{Cipher, Text},
    error::DataFault,
    wire::payload,
};

/// `encoding` of an encrypted payload.
const ENCODING: &str = "binary/encrypted";
/// The metadata that names the key.
const KEY_ID: &str = "encryption-key-id";
/// Bytes that are encrypted at the connection: they take some hundred microseconds at most.
const IN_PLACE: usize = 256 * 1024;

/// Keys of 256 bits with their names: one that encrypts, and those that only decrypt what was encrypted before.
///
/// A key is replaced in three steps: all clients and workers [learn](Self::and) the new one, then all
/// encrypt with it and still know the old one, and after the retention of the namespace the old one
/// is forgotten. One key must encrypt no more than 2³² payloads.
///
/// ```
/// use durably::codec::Keys;
///
/// # let (current, previous) = ([1; 32], [2; 32]);
/// let keys = Keys::new("2026-11", current).and("2026-05", previous);
/// // The keys themselves are not shown.
/// assert_eq!(format!("{keys:?}"), r#"Keys { encrypts: "2026-11", decrypts: ["2026-05", "2026-11"] }"#);
/// ```
#[derive(Clone)]
pub struct Keys {
    current: String,
    all: BTreeMap<String, LessSafeKey>,
}

impl Keys {
    /// The key that encrypts, which also decrypts.
    pub fn new(id: impl Text, key: [u8; 32]) -> Self {
        let current = id.into_text();
        let all = [(current.clone(), aes(&key))].into();
        Self { current, all }
    }

    /// Another key, which only decrypts. A key of the same name is replaced.
    #[must_use]
    pub fn and(mut self, id: impl Text, key: [u8; 32]) -> Self {
        self.all.insert(id.into_text(), aes(&key));
        self
    }

    fn encrypt(&self, payload: Payload) -> Result<Payload, String> {
        let mut nonce = [0; NONCE_LEN];
        let random = SystemRandom::new().fill(&mut nonce);
        random.map_err(|_| "the operating system has no random numbers")?;
        let mut data = payload::to_bytes_after(&nonce, payload, AES_256_GCM.tag_len());
        let key = &self.all[&self.current];
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut data[NONCE_LEN..]);
        let tag = sealed.map_err(|_| "it is larger than AES-GCM allows")?;
        data.extend_from_slice(tag.as_ref());
        let id = self.current.clone().into_bytes();
        Ok(Payload::new(ENCODING, data).with_metadata(KEY_ID, id))
    }

    /// What no key can decrypt is told first, so that all workers say the same of it, whatever keys they have.
    fn decrypt(&self, payload: Payload) -> Result<Payload, DataFault> {
        let Some(id) = payload.metadata_of(KEY_ID) else {
            return Err(damaged(format!("its metadata has no `{KEY_ID}`")));
        };
        let id = String::from_utf8_lossy(id).into_owned();
        let length = payload.data().len();
        let least = NONCE_LEN + AES_256_GCM.tag_len();
        if length < least {
            return Err(damaged(format!(
                "it is truncated: {length} bytes, of at least {least}"
            )));
        }
        let Some(key) = self.all.get(&id) else {
            let known: Vec<_> = self.all.keys().map(String::as_str).collect();
            let known = known.join("`, `");
            return Err(fault(format!(
                "it is encrypted with key `{id}`, which is not here; the keys are `{known}`"
            )));
        };
        let mut data = payload.into_data();
        let nonce = data[..NONCE_LEN].try_into();
        let nonce = Nonce::assume_unique_for_key(nonce.expect("the length was checked"));
        let opened = key.open_in_place(nonce, Aad::empty(), &mut data[NONCE_LEN..]);
        let opened = opened.map_err(|_| {
            fault(format!(
                "it has been changed, or encrypted with another key that is called `{id}`, too"
            ))
        })?;
        payload::from_bytes(opened).map_err(|reason| {
            damaged(format!(
                "what is encrypted does not hold a payload: {reason}"
            ))
        })
    }
}

fn aes(key: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key);
    LessSafeKey::new(key.expect("32 bytes are a key"))
}

/// Keys are shown by their names.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.all.keys().collect();
        f.debug_struct("Keys")
            .field("encrypts", &self.current)
            .field("decrypts", &ids)
            .finish()
    }
}

/// Encrypts every payload with AES-256-GCM, in the form of the samples of the other SDKs: encoding
/// `binary/encrypted`, with the name of the key as `encryption-key-id`. Their codecs decrypt it with the same
/// key, and the other way round.
///
/// A payload that is not encrypted is read as it is, because a history may be older than the encryption;
/// [`only_encrypted`](Self::only_encrypted) refuses it. An [`Encrypted`](crate::data::Encrypted) value is not
/// encrypted twice.
///
/// ```no_run
/// # async fn example(key: [u8; 32]) -> durably::Result<()> {
/// use durably::{Client, codec::{Codecs, Encryption, Keys}};
///
/// let encryption = Encryption::aes256_gcm(Keys::new("2026-11", key)).only_encrypted();
/// let codecs = Codecs::new().codec(encryption).encode_failures();
/// let client = Client::builder("temporal.acme.com:7233").codecs(codecs).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Encryption {
    keys: Arc<RwLock<Arc<Keys>>>,
    only_encrypted: bool,
}

impl Encryption {
    /// Encryption with these keys.
    pub fn aes256_gcm(keys: Keys) -> Self {
        Self {
            keys: Arc::new(RwLock::new(Arc::new(keys))),
            only_encrypted: false,
        }
    }

    /// Refuses payloads that are not encrypted, also those of histories from before the encryption.
    #[must_use]
    pub fn only_encrypted(mut self) -> Self {
        self.only_encrypted = true;
        self
    }

    /// Replaces the keys, here and in all clones, so that a client and its workers go on with the new
    /// ones without being made again.
    ///
    /// ```
    /// use durably::codec::{Codecs, Encryption, Keys};
    ///
    /// # let (old, new) = ([1; 32], [2; 32]);
    /// let encryption = Encryption::aes256_gcm(Keys::new("2026-05", old));
    /// let codecs = Codecs::new().codec(encryption.clone());
    /// encryption.set_keys(Keys::new("2026-11", new).and("2026-05", old));
    /// # drop(codecs);
    /// ```
    pub fn set_keys(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PayloadCodec for Encryption {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let keys = self.keys();
        let encrypt = |(index, payload): (usize, Payload)| match is_encrypted(&payload, &keys) {
            true => Ok(payload),
            false => keys.encrypt(payload).map_err(|reason| at(index, reason)),
        };
        payloads.into_iter().enumerate().map(encrypt).collect()
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let keys = self.keys();
        let decrypt = |(index, payload): (usize, Payload)| {
            let read = read(payload, &keys, !self.only_encrypted);
            read.map_err(|reason| at(index, reason))
        };
        payloads.into_iter().enumerate().map(decrypt).collect()
    }

    fn runs_in_place(&self, bytes: usize) -> bool {
        bytes <= IN_PLACE
    }

    fn __cipher(&self) -> Option<Arc<dyn Cipher>> {
        Some(Arc::new(EncryptedValues {
            encryption: self.clone(),
            takes_plain: true,
        }))
    }
}

/// Whether a value was encrypted before it came to the codecs: by one of the keys, or else it is a payload of the
/// user's that merely says so.
fn is_encrypted(payload: &Payload, keys: &Keys) -> bool {
    payload.encoding() == ENCODING && keys.decrypt(payload.clone()).is_ok()
}

/// Decrypts a payload; a plain one is taken as it is, or refused.
fn read(payload: Payload, keys: &Keys, takes_plain: bool) -> Result<Payload, DataFault> {
    match payload.encoding() {
        ENCODING => keys.decrypt(payload),
        _ if takes_plain => Ok(payload),
        other => Err(DataFault::NotEncrypted {
            encoding: other.to_owned(),
        }),
    }
}

fn fault(reason: String) -> DataFault {
    DataFault::Encryption { reason }
}

fn damaged(reason: String) -> DataFault {
    DataFault::Damaged { reason }
}

/// For values that are always encrypted.
pub(super) struct EncryptedValues {
    pub(super) encryption: Encryption,
    /// Whether a codec has decrypted them already.
    pub(super) takes_plain: bool,
}

impl Cipher for EncryptedValues {
    fn encrypt(&self, payload: Payload) -> Result<Payload, DataFault> {
        self.encryption.keys().encrypt(payload).map_err(fault)
    }

    fn decrypt(&self, payload: Payload) -> Result<Payload, DataFault> {
        read(payload, &self.encryption.keys(), self.takes_plain)
    }
}

/// Keys are shown by their names.
impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryption")
            .field("keys", &self.keys())
            .field("only_encrypted", &self.only_encrypted)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn payload() -> Payload {
        Payload::json(b"\"card 4711\"".to_vec()).with_metadata("messageType", b"Card".to_vec())
    }

    fn encryption(id: &str, byte: u8) -> Encryption {
        Encryption::aes256_gcm(Keys::new(id, [byte; 32]))
    }

    fn encoded(encryption: &Encryption, payload: Payload) -> Payload {
        let context = CodecContext::of_namespace("default");
        let encoded = encryption.encode(vec![payload], &context).now_or_never();
        let mut encoded = encoded
            .expect("it waits for nothing")
            .expect("it can be encrypted");
        encoded.remove(0)
    }

    fn decoded(encryption: &Encryption, payload: Payload) -> Result<Payload, String> {
        let context = CodecContext::of_namespace("default");
        let decoded = encryption.decode(vec![payload], &context).now_or_never();
        let decoded = decoded.expect("it waits for nothing");
        decoded
            .map(|mut it| it.remove(0))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_payload_is_encrypted_with_its_metadata_each_time_differently() {
        let encryption = encryption("k1", 1);
        let [one, other] = [
            encoded(&encryption, payload()),
            encoded(&encryption, payload()),
        ];
        assert_ne!(one, other);
        assert_eq!(one.encoding(), "binary/encrypted");
        assert_eq!(one.metadata(), [(KEY_ID.to_owned(), b"k1".to_vec())]);
        assert!(
            !one.data()
                .windows(4)
                .any(|it| it == b"4711" || it == b"Card")
        );
        assert_eq!(decoded(&encryption, one), Ok(payload()));
    }

    /// As `cryptography.hazmat.primitives.ciphers.aead.AESGCM` of Python encrypts it, with the nonce before it.
    #[test]
    fn what_the_python_sample_encrypts_is_decrypted() {
        let key = *b"test-key-test-key-test-key-test!";
        let encryption = Encryption::aes256_gcm(Keys::new("test-key-id", key));
        let data = b"\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\
            \xf9\x2b\x89\xda\x27\x68\x61\xd2\x65\x73\x95\xa2\xa3\xf7\xf7\xd1\xe8\xa4\x56\x22\x93\x85\x92\xd0\
            \x67\xe1\xa3\x22\x78\xef\x06\xd3\x4e\x7b\x64\xc0\x3f\x29\x7d\x23\x4f\xdb\xbd\x33\xfd\x96\xd3";
        let foreign =
            Payload::new(ENCODING, data.to_vec()).with_metadata(KEY_ID, b"test-key-id".to_vec());
        assert_eq!(
            decoded(&encryption, foreign),
            Ok(Payload::json(b"\"Bob\"".to_vec()))
        );
    }

    #[test]
    fn keys_are_rotated_while_clients_run() {
        let rotated = encryption("k1", 1);
        let old = encoded(&rotated, payload());
        let in_use = rotated.clone();
        rotated.set_keys(Keys::new("k2", [2; 32]).and("k1", [1; 32]));
        let new = encoded(&in_use, payload());
        assert_eq!(new.metadata_of(KEY_ID), Some(&b"k2"[..]));
        for payload_of_history in [old.clone(), new] {
            assert_eq!(decoded(&in_use, payload_of_history), Ok(payload()));
        }
        rotated.set_keys(Keys::new("k2", [2; 32]));
        assert_eq!(
            decoded(&in_use, old).unwrap_err(),
            "it is encrypted with key `k1`, which is not here; the keys are `k2`"
        );
    }

    #[test]
    fn damage_is_named_and_nothing_is_taken_for_plain_text() {
        let encryption = encryption("k1", 1);
        let whole = encoded(&encryption, payload());
        let with_data = |data: &[u8]| {
            Payload::new(ENCODING, data.to_vec()).with_metadata(KEY_ID, b"k1".to_vec())
        };
        for length in 0..NONCE_LEN + AES_256_GCM.tag_len() {
            let reason = decoded(&encryption, with_data(&whole.data()[..length])).unwrap_err();
            assert_eq!(
                reason,
                format!("it is truncated: {length} bytes, of at least 28")
            );
        }
        let changed = "it has been changed, or encrypted with another key that is called `k1`, too";
        let short = &whole.data()[..whole.data().len() - 1];
        assert_eq!(decoded(&encryption, with_data(short)).unwrap_err(), changed);
        for at in 0..whole.data().len() {
            let mut data = whole.data().to_vec();
            data[at] ^= 1;
            assert_eq!(decoded(&encryption, with_data(&data)).unwrap_err(), changed);
        }
        let other = Encryption::aes256_gcm(Keys::new("k1", [2; 32]));
        assert_eq!(decoded(&other, whole.clone()).unwrap_err(), changed);
        let without_id = Payload::new(ENCODING, whole.into_data());
        assert_eq!(
            decoded(&encryption, without_id).unwrap_err(),
            "its metadata has no `encryption-key-id`"
        );
    }

    #[test]
    fn what_no_key_can_decrypt_is_damaged_for_workers_without_the_key_too() {
        let whole = encoded(&encryption("k1", 1), payload());
        for other in [encryption("k1", 1), encryption("k2", 2)] {
            let values = EncryptedValues {
                encryption: other,
                takes_plain: false,
            };
            let without_id = Payload::new(ENCODING, whole.data().to_vec());
            assert_eq!(
                values.decrypt(without_id),
                Err(damaged(
                    "its metadata has no `encryption-key-id`".to_owned()
                ))
            );
            let short = Payload::new(ENCODING, whole.data()[..27].to_vec());
            assert_eq!(
                values.decrypt(short.with_metadata(KEY_ID, b"k1".to_vec())),
                Err(damaged(
                    "it is truncated: 27 bytes, of at least 28".to_owned()
                ))
            );
        }
        let other = encryption("k1", 2).keys().decrypt(whole.clone());
        assert!(
            matches!(other, Err(DataFault::Encryption { .. })),
            "{other:?}"
        );
        let other = encryption("k2", 2).keys().decrypt(whole);
        assert!(
            matches!(other, Err(DataFault::Encryption { .. })),
            "{other:?}"
        );
    }

    #[test]
    fn plain_payloads_are_read_unless_only_encrypted_ones_are() {
        let encryption = encryption("k1", 1);
        assert_eq!(decoded(&encryption, payload()), Ok(payload()));
        let strict = encryption.only_encrypted();
        assert_eq!(
            decoded(&strict, payload()).unwrap_err(),
            "it is not encrypted; its encoding is `json/plain`"
        );
    }

    #[test]
    fn what_is_encrypted_already_is_encrypted_once_and_what_only_says_so_is_encrypted() {
        let encryption = encryption("k1", 1);
        let once = encoded(&encryption, payload());
        assert_eq!(encoded(&encryption, once.clone()), once);
        let pretended = Payload::new(ENCODING, b"card 4711".to_vec());
        let sealed = encoded(&encryption, pretended.clone());
        assert!(!sealed.data().windows(4).any(|it| it == b"4711"));
        assert_eq!(decoded(&encryption, sealed), Ok(pretended));
    }

    #[test]
    fn keys_are_not_shown() {
        let encryption = encryption("k1", 0xAB);
        let shown = format!("{encryption:?} {:#?}", Keys::new("k1", [0xAB; 32]));
        assert!(shown.contains("k1"), "{shown}");
        for secret in ["171", "ab", "AB", "LessSafeKey"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
