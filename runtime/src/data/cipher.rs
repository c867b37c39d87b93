//! What encrypts values that are always encrypted.

use durably_engine::Payload;

use crate::error::DataFault;

/// Encrypts one payload, and decrypts it.
pub trait Cipher: Send + Sync {
    /// The encrypted payload.
    fn encrypt(&self, payload: Payload) -> Result<Payload, DataFault>;

    /// Reverses [`encrypt`](Self::encrypt).
    fn decrypt(&self, payload: Payload) -> Result<Payload, DataFault>;
}
