//! MessagePack, as a user writes it.

use durably::data::{EncodingError, Format, FormatReader, FormatValue};

/// See [`Format`].
pub struct MessagePack;

impl Format for MessagePack {
    fn encoding(&self) -> &'static str {
        "binary/msgpack"
    }

    fn write(&self, value: FormatValue<'_>) -> Result<Vec<u8>, EncodingError> {
        Ok(rmp_serde::to_vec_named(&value)?)
    }

    fn read(&self, data: &[u8], reader: FormatReader<'_>) -> Result<(), EncodingError> {
        reader.read(&mut rmp_serde::Deserializer::new(data))
    }
}
