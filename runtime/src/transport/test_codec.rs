//! Codecs for tests: one marks what it encodes, one binds it to its context.

use std::sync::{Arc, Mutex};

use durably_engine::Payload;

use crate::codec::{self, CodecContext, CodecError, Codecs, PayloadCodec};

/// Puts its mark behind the data of what it encodes, and takes it off again. It cannot decode what has
/// no mark, and cannot encode the text `"unmarkable"`.
struct Mark {
    mark: u8,
    seen: Seen,
}

/// The contexts of the payloads that codecs were given, one for each payload.
pub(crate) type Seen = Arc<Mutex<Vec<CodecContext>>>;

/// Codecs that append these marks, and the contexts that they receive.
pub(crate) fn marks(marks: &[u8]) -> (Codecs, Seen) {
    let seen = Seen::default();
    let mark = |codecs: Codecs, mark: &u8| {
        codecs.codec(Mark {
            mark: *mark,
            seen: Arc::clone(&seen),
        })
    };
    // The last one encodes first.
    (marks.iter().rev().fold(Codecs::new(), mark), seen)
}

/// A payload of JSON with marks behind it.
pub(crate) fn marked(json: &str, marks: &str) -> Payload {
    Payload::json(format!("{json}{marks}").into_bytes())
}

impl Mark {
    async fn each(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
        change: impl Fn(&mut Vec<u8>) -> Result<(), &'static str>,
    ) -> Result<Vec<Payload>, CodecError> {
        tokio::task::yield_now().await;
        let contexts = payloads.iter().map(|_| context.clone());
        let mut seen = self.seen.lock().expect("nobody panics with the lock");
        seen.extend(contexts);
        let change = |(index, payload): (usize, Payload)| {
            let mut data = payload.into_data();
            change(&mut data).map_err(|reason| codec::at(index, reason))?;
            Ok(Payload::json(data))
        };
        payloads.into_iter().enumerate().map(change).collect()
    }
}

impl PayloadCodec for Mark {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let mark = |data: &mut Vec<u8>| match data == b"\"unmarkable\"" {
            true => Err("there is no key"),
            false => {
                data.push(self.mark);
                Ok(())
            }
        };
        self.each(payloads, context, mark).await
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let unmark = |data: &mut Vec<u8>| match data.pop() {
            Some(last) if last == self.mark => Ok(()),
            _ => Err("the key does not fit"),
        };
        self.each(payloads, context, unmark).await
    }
}

/// Codecs by which a payload can be decoded in the context alone that it was encoded in.
pub(crate) fn keyed() -> Codecs {
    Codecs::new().codec(Keyed).encode_headers()
}

/// Puts the context before the data; everything it encodes has its encoding.
struct Keyed;

const SEALED: &str = "binary/sealed";

fn key(context: &CodecContext) -> Vec<u8> {
    let workflow_id = context.workflow_id().unwrap_or_default();
    let workflow_type = context.workflow_type().unwrap_or_default();
    let activity_type = context.activity_type().unwrap_or_default();
    format!("{workflow_id}/{workflow_type}/{activity_type}:").into_bytes()
}

impl PayloadCodec for Keyed {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let encode = |payload: Payload| {
            let mut data = key(context);
            data.extend(payload.encoding().bytes().chain([0]));
            data.extend(payload.data());
            Payload::new(SEALED, data)
        };
        Ok(payloads.into_iter().map(encode).collect())
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let decode = |payload: Payload| {
            let key = key(context);
            let Some(content) = payload.data().strip_prefix(&*key) else {
                let sealed = String::from_utf8_lossy(payload.data());
                let key = String::from_utf8_lossy(&key);
                return Err(format!("`{sealed}` was not encoded for `{key}`").into());
            };
            let end = content.iter().position(|byte| *byte == 0);
            let (encoding, data) = content.split_at(end.ok_or("it was not encoded here")?);
            Ok(Payload::from_encoding_bytes(encoding, data[1..].to_vec()))
        };
        payloads.into_iter().map(decode).collect()
    }
}
