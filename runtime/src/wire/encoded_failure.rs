//! Failures whose message and stack trace are in a payload, so that codecs transform them.
//!
//! The payload is `json/plain`, whatever format values have, because the failure converters of the other SDKs
//! write and read it.

use durably_engine::{
    FailureRecord, Payload,
    payload::{JSON, JSON_PROTOBUF},
};
use durably_proto::api::failure::v1::{Failure, failure::FailureInfo};
use serde_json::Value;

use super::payload;

/// What a failure says instead of its message.
const MESSAGE: &str = "Encoded failure";

/// The type of the failure that says why payloads cannot be encoded. It has no values of users, and must not
/// fail as well.
pub(crate) const CODEC_FAILURE: &str = "PayloadCodec";

/// The attributes that have the message and the stack trace.
const MESSAGE_ATTRIBUTE: &str = "message";
const STACK_TRACE: &str = "stack_trace";

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

/// Reads message and stack trace from the attributes, as far as these have them. Those that are still encoded stay
/// there, as do those that only other failure converters know.
pub(super) fn decode(record: &mut FailureRecord) {
    if let Some(reason) = record
        .encoded_attributes
        .as_ref()
        .and_then(payload::why_undecoded)
    {
        record.message = format!("{} ({reason})", record.message);
        record.encoded_attributes = None;
        return;
    }
    let Some(mut attributes) = read(record) else {
        return;
    };
    for (name, field) in fields(record) {
        if let Some(Value::String(text)) = attributes.remove(name) {
            *field = text;
        }
    }
}

/// A failure that had its message in attributes has it there again when it is passed on, whatever the options of
/// who passes it on: it was not to be read.
pub(super) fn restore(record: &mut FailureRecord) {
    let Some(mut attributes) = read(record) else {
        return;
    };
    let mut has_changed = false;
    for ((name, field), public) in fields(record).into_iter().zip([MESSAGE, ""]) {
        if let Some(Value::String(text)) = attributes.get_mut(name) {
            has_changed |= *text != *field;
            *text = std::mem::replace(field, public.to_owned());
        }
    }
    if has_changed {
        record.encoded_attributes = Some(json(&attributes));
    }
}

/// The fields of a failure that are attributes of the same names.
fn fields(record: &mut FailureRecord) -> [(&'static str, &mut String); 2] {
    [
        (MESSAGE_ATTRIBUTE, &mut record.message),
        (STACK_TRACE, &mut record.stack_trace),
    ]
}

type Attributes = serde_json::Map<String, Value>;

fn attributes(message: String, stack_trace: String) -> Payload {
    let attributes = [(MESSAGE_ATTRIBUTE, message), (STACK_TRACE, stack_trace)];
    let attributes = attributes.map(|(name, text)| (name.to_owned(), Value::String(text)));
    json(&attributes.into_iter().collect())
}

fn json(attributes: &Attributes) -> Payload {
    Payload::json(serde_json::to_vec(attributes).expect("a map of values is always JSON"))
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
            Payload::json(b"{}".to_vec()),
            Payload::json(b"{\"code\":7}".to_vec()),
        ] {
            let mut failure = to_proto(FailureRecord::new("it broke", Info::Unset));
            failure.stack_trace = "at work".to_owned();
            failure.encoded_attributes = Some(payload::to_proto(attributes));
            let read = from_proto(failure.clone());
            assert_eq!(
                (&*read.message, &*read.stack_trace),
                ("it broke", "at work")
            );
            assert_eq!(to_proto(read), failure);
        }
    }

    #[test]
    fn other_attributes_stay_with_the_message() {
        let attributes = |json: &str| payload::to_proto(Payload::json(json.as_bytes().to_vec()));
        let mut failure = to_proto(FailureRecord::new(MESSAGE, Info::Unset));
        failure.stack_trace = "at work".to_owned();
        failure.encoded_attributes = Some(attributes(r#"{"message":"m","code":7}"#));
        let mut read = from_proto(failure.clone());
        assert_eq!((&*read.message, &*read.stack_trace), ("m", "at work"));
        assert_eq!(to_proto(read.clone()), failure);

        read.message = "n".to_owned();
        failure.encoded_attributes = Some(attributes(r#"{"code":7,"message":"n"}"#));
        assert_eq!(to_proto(read), failure);
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
