//! Failures whose message and stack trace are in a payload, so that codecs transform them.
//!
//! The payload is `json/plain`, whatever format values have, because the failure converters of the other SDKs
//! write and read it.

use durably_engine::{
    FailureRecord, Payload,
    payload::{JSON, JSON_PROTOBUF},
};
use durably_proto::api::failure::v1::{Failure, failure::FailureInfo};

use super::payload;

/// What a failure says instead of its message.
const MESSAGE: &str = "Encoded failure";

/// The type of the failure that says why payloads cannot be encoded. It has no values of users, and must not
/// fail as well.
pub(crate) const CODEC_FAILURE: &str = "PayloadCodec";

#[derive(serde::Serialize, serde::Deserialize)]
struct Attributes {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    stack_trace: Option<String>,
}

/// Moves the message and the stack trace of one failure, without its causes, into its attributes, unless they
/// are there already.
pub(super) fn encode(failure: &mut Failure) {
    let is_about_codecs = matches!(
        &failure.failure_info,
        Some(FailureInfo::ApplicationFailureInfo(info)) if info.r#type == CODEC_FAILURE
    );
    if failure.encoded_attributes.is_none() && !is_about_codecs {
        let attributes = attributes(
            std::mem::replace(&mut failure.message, MESSAGE.to_owned()),
            std::mem::take(&mut failure.stack_trace),
        );
        failure.encoded_attributes = Some(payload::to_proto(attributes));
    }
}

/// Reads message and stack trace from the attributes. Those that are still encoded stay there, as do those of
/// other failure converters.
pub(super) fn decode(record: &mut FailureRecord) {
    if let Some(read) = read(record) {
        record.message = read.message.unwrap_or_default();
        record.stack_trace = read.stack_trace.unwrap_or_default();
    }
}

/// A failure that had its message in attributes has it there again when it is passed on, whatever the options of
/// who passes it on: it was not to be read.
pub(super) fn restore(record: &mut FailureRecord) {
    if read(record).is_some() {
        record.encoded_attributes = Some(attributes(
            std::mem::replace(&mut record.message, MESSAGE.to_owned()),
            std::mem::take(&mut record.stack_trace),
        ));
    }
}

fn attributes(message: String, stack_trace: String) -> Payload {
    let attributes = Attributes {
        message: Some(message),
        stack_trace: Some(stack_trace),
    };
    Payload::json(serde_json::to_vec(&attributes).expect("strings are always JSON"))
}

fn read(record: &FailureRecord) -> Option<Attributes> {
    let payload = record.encoded_attributes.as_ref()?;
    match payload.encoding() {
        JSON | JSON_PROTOBUF => serde_json::from_slice(payload.data()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use durably_engine::FailureInfo as Info;

    use super::*;
    use crate::wire::failure::{from_proto, to_proto};

    fn secret() -> FailureRecord {
        let mut record = FailureRecord::new("card 4711 is blocked", Info::Unset);
        record.stack_trace = "at charge 4711".to_owned();
        record
    }

    #[test]
    fn message_and_stack_trace_are_only_in_the_attributes_and_are_read_from_there() {
        let mut failure = to_proto(secret());
        encode(&mut failure);
        assert_eq!(
            (&*failure.message, &*failure.stack_trace),
            ("Encoded failure", "")
        );
        let attributes = failure.encoded_attributes.clone().expect("they are set");
        assert_eq!(
            attributes.data,
            br#"{"message":"card 4711 is blocked","stack_trace":"at charge 4711"}"#
        );
        let twice = failure.clone();
        encode(&mut failure);
        assert_eq!(failure, twice);

        let read = from_proto(failure.clone());
        assert_eq!(read.message, secret().message);
        assert_eq!(read.stack_trace, secret().stack_trace);
        // Whoever passes it on does not lay it open.
        assert_eq!(to_proto(read), failure);
    }

    #[test]
    fn attributes_that_nobody_here_can_read_stay() {
        for attributes in [
            Payload::new("binary/encrypted", vec![1, 2]),
            Payload::json(b"[1]".to_vec()),
            Payload::json(b"{\"message\":7}".to_vec()),
        ] {
            let mut record = FailureRecord::new(MESSAGE, Info::Unset);
            record.encoded_attributes = Some(attributes);
            assert_eq!(from_proto(to_proto(record.clone())), record);
        }
    }

    #[test]
    fn the_reason_why_payloads_cannot_be_encoded_stays_readable() {
        let info = Info::Application {
            kind: CODEC_FAILURE.to_owned(),
            non_retryable: false,
            details: Vec::new(),
            next_retry_delay: None,
            category: Default::default(),
        };
        let mut failure = to_proto(FailureRecord::new("there is no key", info));
        encode(&mut failure);
        assert_eq!(failure.message, "there is no key");
        assert_eq!(failure.encoded_attributes, None);
    }
}
