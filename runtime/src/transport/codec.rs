//! Codecs: transformations of every payload between this program and the server.
//!
//! They run where the call runs: next to the connection, or in the task of the client's caller; never
//! on a thread that runs workflow code.

use std::{fmt, sync::Arc};

use durably_engine::Payload;
use futures::future::BoxFuture;

use crate::wire::{
    payload_fields::{Field, PayloadFields, Subject, Visitor},
    status::CodecFault,
};

/// A transformation of payloads that can be reversed: encryption, compression, storage elsewhere.
pub(crate) trait Codec: Send + Sync {
    /// Transforms payloads that leave this program.
    fn encode<'a>(
        &'a self,
        payloads: Vec<Payload>,
        about: &'a Subject,
    ) -> BoxFuture<'a, Result<Vec<Payload>, CodecError>>;

    /// Reverses [`encode`](Self::encode). Payloads that this codec has not encoded are returned as they
    /// are: their sender may not have it.
    fn decode<'a>(
        &'a self,
        payloads: Vec<Payload>,
        about: &'a Subject,
    ) -> BoxFuture<'a, Result<Vec<Payload>, CodecError>>;
}

/// Why a codec could not transform payloads.
pub(crate) type CodecError = Box<dyn std::error::Error + Send + Sync>;

/// The codecs of one client or worker, in the order in which they encode; they decode in reverse.
#[derive(Clone, Default)]
pub(crate) struct Codecs(Option<Arc<[Box<dyn Codec>]>>);

#[derive(Clone, Copy)]
enum Direction {
    Encode,
    Decode,
}

impl Codecs {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "called by the option for codecs")
    )]
    pub(crate) fn new(codecs: Vec<Box<dyn Codec>>) -> Self {
        Self((!codecs.is_empty()).then(|| codecs.into()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Encodes the payloads of a message.
    pub(crate) async fn encode<M: PayloadFields>(
        &self,
        message: &mut M,
        about: Subject,
    ) -> Result<(), CodecFault> {
        self.transform(Direction::Encode, message, about).await
    }

    /// Decodes the payloads of a message, which after an error has lost them.
    pub(crate) async fn decode<M: PayloadFields>(
        &self,
        message: &mut M,
        about: Subject,
    ) -> Result<(), CodecFault> {
        self.transform(Direction::Decode, message, about).await
    }

    async fn transform<M: PayloadFields>(
        &self,
        direction: Direction,
        message: &mut M,
        about: Subject,
    ) -> Result<(), CodecFault> {
        match &self.0 {
            None => Ok(()),
            Some(codecs) => transform(codecs, direction, message, about).await,
        }
    }
}

async fn transform<M: PayloadFields>(
    codecs: &[Box<dyn Codec>],
    direction: Direction,
    message: &mut M,
    about: Subject,
) -> Result<(), CodecFault> {
    let mut fields = Vec::new();
    let mut take = |about: &Subject, field: Field<'_>| {
        fields.push((about.clone(), field.take()));
    };
    let visited = Visitor::new(about.clone(), &mut take).all_of(message);
    visited.map_err(|error| CodecFault::new(&error))?;

    for (about, payloads) in &mut fields {
        for index in 0..codecs.len() {
            let taken = std::mem::take(payloads);
            let transformed = match direction {
                Direction::Encode => codecs[index].encode(taken, about),
                Direction::Decode => codecs[codecs.len() - 1 - index].decode(taken, about),
            };
            *payloads = transformed.await.map_err(|error| CodecFault::new(&error))?;
        }
    }

    let mut transformed = fields.into_iter();
    let mut miscounted = None;
    let mut put = |_: &Subject, field: Field<'_>| {
        let (_, payloads) = transformed.next().unwrap_or_default();
        if let Err(count) = field.put(payloads) {
            miscounted.get_or_insert(count);
        }
    };
    let visited = Visitor::new(about, &mut put).all_of(message);
    visited.map_err(|error| CodecFault::new(&error))?;
    match miscounted {
        None => Ok(()),
        Some(count) => Err(CodecFault::new(&format!(
            "it returned {count} payloads where exactly one has to be"
        ))),
    }
}

impl fmt::Debug for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.as_ref().map_or(0, |codecs| codecs.len());
        f.debug_tuple("Codecs").field(&count).finish()
    }
}

#[cfg(test)]
mod tests {
    use durably_proto::{
        Message,
        api::{common::v1 as common, protocol, update::v1 as update, workflowservice::v1 as pb},
        wkt::Any,
    };

    use super::*;
    use crate::{
        transport::test_codec::{marked, marks},
        wire::payload,
    };

    /// A task with an update whose header has these entries.
    fn task(entries: [(&str, Payload); 3]) -> pb::PollWorkflowTaskQueueResponse {
        let fields = entries.map(|(key, value)| (key.to_owned(), payload::to_proto(value)));
        let header = common::Header {
            fields: fields.into(),
        };
        let request = update::Request {
            input: Some(update::Input {
                header: Some(header),
                ..Default::default()
            }),
            ..Default::default()
        };
        let body = Any {
            type_url: "type.googleapis.com/temporal.api.update.v1.Request".to_owned(),
            value: request.encode_to_vec(),
        };
        pb::PollWorkflowTaskQueueResponse {
            messages: vec![protocol::v1::Message {
                body: Some(body),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    /// What a message holds within a message is read anew for each visit, with a map of its own order.
    #[tokio::test]
    async fn entries_of_a_map_keep_their_values() {
        let (codecs, _) = marks(b"a");
        for _ in 0..64 {
            let mut task = task(["1", "2", "3"].map(|key| (key, marked(key, "a"))));
            let decoded = codecs.decode(&mut task, Subject::default()).await;
            decoded.expect("all are marked");
            let body = task.messages.remove(0).body.unwrap_or_default();
            let request = update::Request::decode(&*body.value).expect("it was encoded");
            let header = request.input.and_then(|it| it.header).unwrap_or_default();
            assert_eq!(header.fields.len(), 3);
            for (key, value) in header.fields {
                assert_eq!(payload::from_proto(value), marked(&key, ""));
            }
        }
    }
}
