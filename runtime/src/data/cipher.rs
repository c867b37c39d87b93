//! What encrypts values that are always encrypted.

use durably_engine::Payload;

/// Encrypts one payload, and decrypts it; the errors are in words.
pub trait Cipher: Send + Sync {
    /// The encrypted payload.
    fn encrypt(&self, payload: Payload) -> Result<Payload, String>;

    /// Reverses [`encrypt`](Self::encrypt).
    fn decrypt(&self, payload: Payload) -> Result<Payload, String>;
}
