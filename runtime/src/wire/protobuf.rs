//! Histories in protobuf's binary encoding.

use durably_proto::{Message as _, api::history::v1::History};
use prost::DecodeError;

pub(crate) fn history(bytes: &[u8]) -> Result<History, DecodeError> {
    History::decode(bytes)
}

pub(crate) fn write(history: &History) -> Vec<u8> {
    history.encode_to_vec()
}
