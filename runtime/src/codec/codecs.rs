//! The codecs of a client, and their options.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{Chain, DynCodec, PayloadCodec, threads::THREADS};
use crate::{data::Cipher, time::span::Span};

/// Shorter than the time of a workflow task, ten seconds by default, so that the server hears why it fails.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The codecs of a client and its workers, with their options.
///
/// The codec that is named first is next to the server: payloads pass it last when they are sent, and first when
/// they are received.
///
/// ```
/// use durably::{Client, codec::{Codecs, PayloadCodec}, secs};
///
/// fn secured(client: &Client, encryption: impl PayloadCodec, compression: impl PayloadCodec) -> Client {
///     let codecs = Codecs::new()
///         .codec(encryption)
///         .codec(compression)
///         .encode_failures()
///         .encode_headers()
///         .timeout(secs(3));
///     client.with_codecs(codecs)
/// }
/// ```
#[derive(Clone)]
pub struct Codecs {
    codecs: Vec<Arc<dyn DynCodec>>,
    timeout: Duration,
    /// The threads that they may have at once, on all clients.
    threads: Arc<Semaphore>,
    pub(crate) encode_failures: bool,
    pub(crate) encode_headers: bool,
    pub(crate) cipher: Option<Arc<dyn Cipher>>,
}

impl Codecs {
    /// No codecs.
    pub fn new() -> Self {
        Self {
            codecs: Vec::new(),
            timeout: TIMEOUT,
            threads: Arc::new(Semaphore::new(THREADS)),
            encode_failures: false,
            encode_headers: false,
            cipher: None,
        }
    }

    /// Adds a codec: payloads that are sent pass it before those that are there already.
    #[must_use]
    pub fn codec(mut self, codec: impl PayloadCodec) -> Self {
        self.cipher = codec.__cipher().or(self.cipher);
        self.codecs.push(Arc::new(codec));
        // They are other codecs than those that this is a clone of.
        self.threads = Arc::new(Semaphore::new(THREADS));
        self
    }

    /// How long the codecs may take for the payloads of one message, 5 seconds if not set. A message that takes
    /// longer fails, and others are not held up by it: of codecs that never return, 128 calls keep a thread, and further
    /// calls of the same codecs fail until one returns. Workflow tasks have ten seconds by default, in which
    /// payloads are decoded and encoded.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.timeout = timeout.into_duration();
        self
    }

    /// Moves the message and the stack trace of each failure into a payload, which the codecs transform; the
    /// failure itself says `Encoded failure`. The other SDKs do the same if their failure converter has
    /// `encode_common_attributes`, and all of them read it.
    ///
    /// The types of errors stay readable, because the server retries by them. So do messages in the logs of a worker and
    /// in spans: they stay in the program that has the keys, and go where its own log lines go. Without them nobody could
    /// say why an activity fails. Export neither to those who may not see the values, or keep values out of errors.
    #[must_use]
    pub fn encode_failures(mut self) -> Self {
        self.encode_failures = true;
        self
    }

    /// Transforms headers, too, which other SDKs leave as they are by default: set it only if all clients and
    /// workers do, in Python with `HeaderCodecBehavior.CODEC`.
    #[must_use]
    pub fn encode_headers(mut self) -> Self {
        self.encode_headers = true;
        self
    }

    /// Encrypts the [`Encrypted`](crate::data::Encrypted) values with these keys, and nothing else: for clients whose
    /// codecs do not encrypt. A codec [`Encryption`](super::Encryption) sets them as well, and the two must have
    /// the same keys.
    ///
    /// ```
    /// use durably::codec::{Codecs, Encryption, Keys};
    ///
    /// # let key = [1; 32];
    /// let cards = Encryption::aes256_gcm(Keys::new("cards-2026", key));
    /// let codecs = Codecs::new().encrypted_values(cards);
    /// # drop(codecs);
    /// ```
    #[cfg(feature = "encryption")]
    #[must_use]
    pub fn encrypted_values(mut self, encryption: super::Encryption) -> Self {
        self.cipher = Some(Arc::new(super::encryption::EncryptedValues {
            encryption,
            takes_plain: false,
        }));
        self
    }

    pub(crate) fn chain(&self) -> Chain {
        Chain::new(&self.codecs, self.timeout, &self.threads)
    }
}

impl Default for Codecs {
    fn default() -> Self {
        Self::new()
    }
}

/// Codecs are shown by their types: they may hold keys.
impl fmt::Debug for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codecs")
            .field("codecs", &self.chain())
            .field("timeout", &self.timeout)
            .field("encode_failures", &self.encode_failures)
            .field("encode_headers", &self.encode_headers)
            .finish()
    }
}
