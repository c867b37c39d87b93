//! Codecs for tests: one marks what it encodes, one binds it to its subject.

use std::sync::{Arc, Mutex};

use durably_engine::Payload;
use futures::future::BoxFuture;

use super::codec::{Codec, CodecError, Codecs};
use crate::wire::payload_fields::Subject;

/// Puts its mark behind the data of what it encodes, and takes it off again. It cannot decode what has
/// no mark, and cannot encode the text `"unmarkable"`.
struct Mark {
    mark: u8,
    seen: Seen,
}

/// What the payloads belonged to that codecs were given.
pub(crate) type Seen = Arc<Mutex<Vec<Subject>>>;

/// Codecs that append these marks, and the subjects that they receive.
pub(crate) fn marks(marks: &[u8]) -> (Codecs, Seen) {
    let seen = Seen::default();
    let mark = |mark: &u8| -> Box<dyn Codec> {
        Box::new(Mark {
            mark: *mark,
            seen: Arc::clone(&seen),
        })
    };
    (Codecs::new(marks.iter().map(mark).collect()), seen)
}

/// A payload of JSON with marks behind it.
pub(crate) fn marked(json: &str, marks: &str) -> Payload {
    Payload::json(format!("{json}{marks}").into_bytes())
}

impl Mark {
    fn note(&self, about: &Subject) {
        let mut seen = self.seen.lock().expect("nobody panics with the lock");
        seen.push(about.clone());
    }
}

impl Codec for Mark {
    fn encode<'a>(
        &'a self,
        payloads: Vec<Payload>,
        about: &'a Subject,
    ) -> BoxFuture<'a, Result<Vec<Payload>, CodecError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.note(about);
            let encode = |payload: Payload| {
                if payload.data() == b"\"unmarkable\"" {
                    return Err("there is no key".into());
                }
                let (_, mut data, _) = payload.into_parts();
                data.push(self.mark);
                Ok(Payload::json(data))
            };
            payloads.into_iter().map(encode).collect()
        })
    }

    fn decode<'a>(
        &'a self,
        payloads: Vec<Payload>,
        about: &'a Subject,
    ) -> BoxFuture<'a, Result<Vec<Payload>, CodecError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.note(about);
            let decode = |payload: Payload| {
                let (_, mut data, _) = payload.into_parts();
                match data.pop() {
                    Some(last) if last == self.mark => Ok(Payload::json(data)),
                    _ => Err("the key does not fit".into()),
                }
            };
            payloads.into_iter().map(decode).collect()
        })
    }
}

/// Codecs by which a payload can be decoded for the subject alone that it was encoded for.
pub(crate) fn keyed() -> Codecs {
    Codecs::new(vec![Box::new(Keyed)])
}

/// Puts the subject before the data; everything it encodes has its encoding.
struct Keyed;

const SEALED: &str = "binary/sealed";

fn key(about: &Subject) -> Vec<u8> {
    let activity_type = about.activity_type.as_deref().unwrap_or_default();
    format!("{}/{activity_type}:", about.workflow_id).into_bytes()
}

impl Codec for Keyed {
    fn encode<'a>(
        &'a self,
        payloads: Vec<Payload>,
        about: &'a Subject,
    ) -> BoxFuture<'a, Result<Vec<Payload>, CodecError>> {
        let encode = move |payload: Payload| {
            let mut data = key(about);
            data.extend(payload.encoding().bytes().chain([0]));
            data.extend(payload.data());
            Payload::new(SEALED, data)
        };
        let encoded = payloads.into_iter().map(encode).collect();
        Box::pin(async move { Ok(encoded) })
    }

    fn decode<'a>(
        &'a self,
        payloads: Vec<Payload>,
        about: &'a Subject,
    ) -> BoxFuture<'a, Result<Vec<Payload>, CodecError>> {
        let decode = move |payload: Payload| {
            let key = key(about);
            let Some(content) = payload.data().strip_prefix(&*key) else {
                let sealed = String::from_utf8_lossy(payload.data());
                let key = String::from_utf8_lossy(&key);
                return Err(format!("`{sealed}` was not encoded for `{key}`").into());
            };
            let end = content.iter().position(|byte| *byte == 0);
            let (encoding, data) = content.split_at(end.ok_or("it was not encoded here")?);
            Ok(Payload::from_encoding_bytes(encoding, data[1..].to_vec()))
        };
        let decoded = payloads.into_iter().map(decode).collect();
        Box::pin(async move { decoded })
    }
}
