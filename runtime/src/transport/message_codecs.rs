//! Codecs over the payloads of messages.
//!
//! They run where the call runs, which is next to the connection or in the task of the client's caller, or on
//! threads of their own; never on a thread that runs workflow code.

use std::{collections::HashMap, sync::Arc};

use durably_engine::{FailureRecord, Payload, QueryAnswer};
use durably_proto::api::{
    query::v1::WorkflowQueryResult, workflowservice::v1::RespondWorkflowTaskCompletedRequest,
};

use crate::{
    codec::{Batch, Chain, ChainFault, CodecContext, Codecs, Direction},
    error::AppError,
    wire::{
        command::query_result,
        encoded_failure::CODEC_FAILURE,
        payload,
        payload_fields::{Field, PayloadFields, Subject, VisitOptions, Visitor},
        status::CodecFault,
    },
};

/// The codecs of one client or worker.
#[derive(Clone, Debug, Default)]
pub(crate) struct MessageCodecs(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    chain: Chain,
    options: VisitOptions,
}

impl MessageCodecs {
    pub(crate) fn new(codecs: &Codecs) -> Self {
        let chain = codecs.chain();
        if chain.is_empty() && !codecs.encode_failures {
            return Self(None);
        }
        Self(Some(Arc::new(Inner {
            chain,
            options: VisitOptions {
                headers: codecs.encode_headers,
                encode_failures: codecs.encode_failures,
                limit_causes: false,
            },
        })))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Encodes the payloads of a message.
    pub(crate) async fn encode<M: PayloadFields>(
        &self,
        message: &mut M,
        namespace: &Arc<str>,
        about: Subject,
    ) -> Result<(), CodecFault> {
        self.transform(Direction::Encode, message, namespace, about)
            .await
    }

    /// Decodes the payloads of a message, which after an error has lost them.
    pub(crate) async fn decode<M: PayloadFields>(
        &self,
        message: &mut M,
        namespace: &Arc<str>,
        about: Subject,
    ) -> Result<(), CodecFault> {
        self.transform(Direction::Decode, message, namespace, about)
            .await
    }

    /// Decodes the payloads of a message that shows many things: one that cannot be decoded becomes a payload that says
    /// why, and does not hide the rest.
    ///
    /// # Errors
    /// The codecs did not come to an end.
    pub(crate) async fn decode_what_can_be<M: PayloadFields>(
        &self,
        message: &mut M,
        namespace: &Arc<str>,
        about: Subject,
    ) -> Result<(), CodecFault> {
        match &self.0 {
            None => Ok(()),
            Some(inner) => inner.decode_what_can_be(message, namespace, about).await,
        }
    }

    /// The answer to a query, encoded, or that it failed because it cannot be.
    pub(crate) async fn encode_query_result(
        &self,
        id: String,
        answer: WorkflowQueryResult,
        namespace: &Arc<str>,
        about: Subject,
    ) -> (String, WorkflowQueryResult) {
        let mut message = RespondWorkflowTaskCompletedRequest {
            query_results: [(id.clone(), answer)].into(),
            ..Default::default()
        };
        let encoded = self.encode(&mut message, namespace, about).await;
        match (encoded, message.query_results.remove(&id)) {
            (Ok(()), answer) => (id, answer.unwrap_or_default()),
            (Err(fault), _) => query_result(QueryAnswer {
                id,
                result: Err(codec_failure(&fault)),
            }),
        }
    }

    async fn transform<M: PayloadFields>(
        &self,
        direction: Direction,
        message: &mut M,
        namespace: &Arc<str>,
        about: Subject,
    ) -> Result<(), CodecFault> {
        match &self.0 {
            None => Ok(()),
            Some(inner) => inner.transform(direction, message, namespace, about).await,
        }
    }
}

impl Inner {
    async fn transform<M: PayloadFields>(
        &self,
        direction: Direction,
        message: &mut M,
        namespace: &Arc<str>,
        about: Subject,
    ) -> Result<(), CodecFault> {
        let options = VisitOptions {
            encode_failures: self.options.encode_failures && direction == Direction::Encode,
            ..self.options
        };
        let taken = TakenPayloads::of(message, options, namespace, about.clone())?;
        if taken.is_empty() {
            return Ok(());
        }
        if direction == Direction::Encode
            && let Some(reason) = taken.undecoded()
        {
            return Err(CodecFault::new(&reason));
        }
        let TakenPayloads {
            batches,
            of,
            fields,
        } = taken;
        let transformed = match self.chain.transform(direction, batches).await {
            Ok(transformed) => transformed,
            Err(fault) => {
                let reason = describe(&fault, direction, message, options, &fields, &of, &about);
                return Err(CodecFault::new(&reason));
            }
        };
        put(message, options, about, transformed, fields)
    }

    async fn decode_what_can_be<M: PayloadFields>(
        &self,
        message: &mut M,
        namespace: &Arc<str>,
        about: Subject,
    ) -> Result<(), CodecFault> {
        let direction = Direction::Decode;
        let options = VisitOptions {
            encode_failures: false,
            ..self.options
        };
        let taken = TakenPayloads::of(message, options, namespace, about.clone())?;
        if taken.is_empty() {
            return Ok(());
        }
        let TakenPayloads {
            batches,
            of,
            fields,
        } = taken;
        let mut say =
            |fault: &ChainFault| describe(fault, direction, message, options, &fields, &of, &about);
        let decoded = self.chain.transform_each(direction, batches.clone());
        let decoded = match decoded.await {
            Ok(decoded) => decoded,
            Err(fault) => return Err(CodecFault::new(&say(&fault))),
        };

        // The payloads of a batch that cannot be decoded as a whole are decoded one by one.
        let mut singles = Vec::new();
        let mut places = Vec::new();
        for (index, (batch, decoded)) in batches.into_iter().zip(&decoded).enumerate() {
            if decoded.is_err() {
                let context = batch.context;
                for (payload, single) in batch.payloads.into_iter().enumerate() {
                    places.push((index, payload));
                    singles.push(Batch {
                        context: context.clone(),
                        payloads: vec![single],
                    });
                }
            }
        }
        let mut transformed: Vec<_> = decoded.into_iter().map(Result::unwrap_or_default).collect();
        if !singles.is_empty() {
            let singles = match self.chain.transform_each(direction, singles).await {
                Ok(singles) => singles,
                Err(fault) => {
                    let whole = ChainFault {
                        batch: None,
                        ..fault
                    };
                    return Err(CodecFault::new(&say(&whole)));
                }
            };
            for ((batch, payload), single) in places.into_iter().zip(singles) {
                match single {
                    Ok(decoded) => transformed[batch].extend(decoded),
                    Err(fault) => {
                        let reason = say(&ChainFault {
                            batch: Some(batch),
                            payload: Some(payload),
                            ..fault
                        });
                        transformed[batch].push(payload::undecoded(&reason));
                    }
                }
            }
        }
        put(message, options, about, transformed, fields)
    }
}

/// The failure of what has payloads that cannot be transformed. It may be tried again: the codec may be repaired.
pub(crate) fn codec_failure(fault: &CodecFault) -> FailureRecord {
    AppError::new(CODEC_FAILURE, fault.to_string()).into_record()
}

/// Puts transformed payloads back where they were taken.
fn put(
    message: &mut impl PayloadFields,
    options: VisitOptions,
    about: Subject,
    transformed: Vec<Vec<Payload>>,
    fields: Vec<Taken>,
) -> Result<(), CodecFault> {
    let mut transformed: Vec<_> = transformed.into_iter().map(Vec::into_iter).collect();
    let mut fields = fields.into_iter();
    let mut put = |_: &Subject, field: Field<'_>| {
        if let Some(Taken { batch, count }) = fields.next() {
            field.put(transformed[batch].by_ref().take(count));
        }
    };
    let options = VisitOptions {
        encode_failures: false,
        ..options
    };
    let visited = Visitor::new(about, options, &mut put).all_of(message);
    visited.map_err(|error| CodecFault::new(&error))
}

/// The payloads of a message: those of one subject are one batch.
#[derive(Default)]
struct TakenPayloads {
    batches: Vec<Batch>,
    /// The batch of each subject.
    of: HashMap<Subject, usize>,
    /// In the order of the visit.
    fields: Vec<Taken>,
}

/// What was taken from one field.
struct Taken {
    batch: usize,
    count: usize,
}

impl TakenPayloads {
    /// All of a message.
    fn of(
        message: &mut impl PayloadFields,
        options: VisitOptions,
        namespace: &Arc<str>,
        about: Subject,
    ) -> Result<Self, CodecFault> {
        let mut taken = Self::default();
        let mut take = |about: &Subject, field: Field<'_>| {
            taken.add(namespace, about, field.take());
        };
        let visited = Visitor::new(about, options, &mut take).all_of(message);
        visited.map_err(|error| CodecFault::new(&error))?;
        Ok(taken)
    }

    /// Whether no field has payloads, so that codecs have nothing to do, and the message is as it was.
    fn is_empty(&self) -> bool {
        self.fields.iter().all(|field| field.count == 0)
    }

    /// Why one of them could not be decoded, which therefore must not be sent.
    fn undecoded(&self) -> Option<String> {
        let mut payloads = self.batches.iter().flat_map(|batch| &batch.payloads);
        payloads.find_map(payload::why_undecoded)
    }

    fn add(&mut self, namespace: &Arc<str>, about: &Subject, payloads: Vec<Payload>) {
        let batch = match self.of.get(about) {
            Some(batch) => *batch,
            None => {
                self.batches.push(Batch {
                    context: CodecContext::new(namespace, about.clone()),
                    payloads: Vec::new(),
                });
                let batch = self.batches.len() - 1;
                self.of.insert(about.clone(), batch);
                batch
            }
        };
        let count = payloads.len();
        self.batches[batch].payloads.extend(payloads);
        self.fields.push(Taken { batch, count });
    }
}

/// The field of a payload of a batch, and its index there.
fn place(fields: &[Taken], batch: usize, payload: usize) -> Option<(usize, usize)> {
    let mut before = 0;
    let of_batch = fields
        .iter()
        .enumerate()
        .filter(|(_, it)| it.batch == batch);
    for (field, taken) in of_batch {
        if payload < before + taken.count {
            return Some((field, payload - before));
        }
        before += taken.count;
    }
    None
}

/// The fault in words, with the place of the payload in the message.
fn describe(
    fault: &ChainFault,
    direction: Direction,
    message: &mut impl PayloadFields,
    options: VisitOptions,
    fields: &[Taken],
    of: &HashMap<Subject, usize>,
    about: &Subject,
) -> String {
    let payload = fault.batch.zip(fault.payload).and_then(|(batch, payload)| {
        let (field, index) = place(fields, batch, payload)?;
        let path = Visitor::locate(message, options, field)?;
        Some(format!("payload `{path}[{index}]`"))
    });
    let payload = payload.unwrap_or_else(|| "payloads".to_owned());
    let mut subjects = of.iter();
    let subject = subjects.find(|(_, batch)| fault.batch == Some(**batch));
    let subject = subject.map_or(about, |(subject, _)| subject);
    let of = match &*subject.workflow_id {
        "" => String::new(),
        id => format!(" of workflow `{id}`"),
    };
    fault.describe(direction, &format!("{payload}{of}"))
}

#[cfg(test)]
mod tests {
    use durably_proto::{
        Message,
        api::{
            common::v1 as common,
            history::v1::{self as history, history_event::Attributes},
            protocol,
            update::v1 as update,
            workflowservice::v1 as pb,
        },
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
        let codecs = MessageCodecs::new(&codecs.encode_headers());
        for _ in 0..64 {
            let mut task = task(["1", "2", "3"].map(|key| (key, marked(key, "a"))));
            let decoded = codecs
                .decode(&mut task, &"default".into(), Subject::default())
                .await;
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

    /// The same for the details of a marker, in a page of history that is raw.
    #[tokio::test]
    async fn details_of_a_marker_keep_their_values() {
        let (codecs, _) = marks(b"a");
        let codecs = MessageCodecs::new(&codecs);
        for _ in 0..64 {
            let details = ["1", "2", "3"].map(|key| {
                let detail = payload::list_to_proto(vec![marked(key, "a")]);
                (key.to_owned(), detail.expect("it is not empty"))
            });
            let marker = history::MarkerRecordedEventAttributes {
                marker_name: "MutableSideEffect".to_owned(),
                details: details.into(),
                ..Default::default()
            };
            let event = history::HistoryEvent {
                attributes: Some(Attributes::MarkerRecordedEventAttributes(marker)),
                ..Default::default()
            };
            let page = history::History {
                events: vec![event],
            };
            let mut response = pb::GetWorkflowExecutionHistoryResponse {
                raw_history: vec![common::DataBlob {
                    data: page.encode_to_vec(),
                    ..Default::default()
                }],
                ..Default::default()
            };
            let decoded = codecs
                .decode(&mut response, &"default".into(), Subject::default())
                .await;
            decoded.expect("all are marked");
            let blob = response.raw_history.remove(0);
            let mut page = history::History::decode(&*blob.data).expect("it was encoded");
            let attributes = page.events.remove(0).attributes;
            let Some(Attributes::MarkerRecordedEventAttributes(marker)) = attributes else {
                panic!("it is a marker");
            };
            assert_eq!(marker.details.len(), 3);
            for (key, detail) in marker.details {
                let value = payload::list_from_proto(Some(detail));
                assert_eq!(value, [marked(&key, "")]);
            }
        }
    }
}
