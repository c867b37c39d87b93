//! Values of parts: a message and a checksum.

use prost::Message;

use crate::checksum::Checksum;
use crate::snapshot::key::PartKey;

/// Encodes a part's message and adds the checksum.
pub(super) fn seal(key: &PartKey, message: &impl Message) -> Vec<u8> {
    let mut value = Vec::with_capacity(message.encoded_len() + CHECKSUM);
    message
        .encode(&mut value)
        .expect("a vector grows as needed");
    let checksum = checksum(key, &value);
    value.extend_from_slice(&checksum);
    value
}

/// Checks the checksum and decodes the message.
pub(super) fn open<M: Message + Default>(key: &PartKey, value: &[u8]) -> Result<M, String> {
    let (message, found) = value
        .split_last_chunk::<CHECKSUM>()
        .ok_or_else(|| format!("it has {} bytes", value.len()))?;
    if *found != checksum(key, message) {
        return Err("its checksum is wrong".to_owned());
    }
    M::decode(message).map_err(|error| error.to_string())
}

fn checksum(key: &PartKey, message: &[u8]) -> [u8; CHECKSUM] {
    let mut checksum = Checksum::default();
    checksum.add(key.as_bytes());
    checksum.add(message);
    let value = checksum.value().to_le_bytes();
    let (low, high) = value.split_at(CHECKSUM);
    std::array::from_fn(|place| low[place] ^ high[place])
}

/// Bytes of a checksum.
const CHECKSUM: usize = 4;
