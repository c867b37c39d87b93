//! A codec for tests that refuses, panics or does not return where a payload has a certain text.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use durably_engine::Payload;

use crate::{
    codec::{self, CodecContext, CodecError, Codecs, PayloadCodec},
    millis, secs,
};

/// The JSON that the codec acts on, as it does on each text that ends so.
pub(crate) const BAD: &str = "\"bad\"";

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Refuse,
    Panic,
    Hang,
    Block,
}

pub(crate) const ACTS: [Act; 4] = [Act::Refuse, Act::Panic, Act::Hang, Act::Block];

/// Does this with what is bad until it is repaired, and nothing with the rest.
struct Faulty {
    act: Act,
    is_repaired: Arc<AtomicBool>,
}

/// Repairs the codec that it was made with.
pub(crate) struct Repair(Arc<AtomicBool>);

impl Repair {
    pub(crate) fn set(&self, is_repaired: bool) {
        self.0.store(is_repaired, Ordering::Relaxed);
    }
}

impl Faulty {
    async fn act(&self, payloads: Vec<Payload>) -> Result<Vec<Payload>, CodecError> {
        if self.is_repaired.load(Ordering::Relaxed) {
            return Ok(payloads);
        }
        let bad = |payload: &Payload| is_bad(payload.data());
        if let Some(index) = payloads.iter().position(bad) {
            match self.act {
                Act::Refuse => return Err(codec::at(index, "it is damaged")),
                Act::Panic => panic!("no key"),
                Act::Hang => std::future::pending().await,
                Act::Block => std::thread::park_timeout(secs(5)),
            }
        }
        Ok(payloads)
    }
}

impl PayloadCodec for Faulty {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        self.act(payloads).await
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        self.act(payloads).await
    }

    /// What is good then needs no thread, which a busy machine may not start in time.
    fn runs_in_place(&self, _: usize) -> bool {
        matches!(self.act, Act::Hang)
    }
}

/// Whether a message, or the data of a payload, has what is bad.
pub(crate) fn is_bad(bytes: &[u8]) -> bool {
    let end = &BAD.as_bytes()[1..];
    bytes.windows(end.len()).any(|window| window == end)
}

pub(crate) fn faulty(act: Act) -> (Codecs, Repair) {
    let is_repaired = Arc::<AtomicBool>::default();
    let repair = Repair(Arc::clone(&is_repaired));
    let codecs = Codecs::new()
        .codec(Faulty { act, is_repaired })
        .encode_headers();
    let codecs = match act {
        // A panic prints where it was, which takes a while.
        Act::Refuse | Act::Panic => codecs,
        Act::Hang => codecs.timeout(millis(20)),
        Act::Block => codecs.timeout(millis(100)),
    };
    (codecs, repair)
}

impl Act {
    /// The error of a call to `encode` or `decode`, with the payload and what it belongs to.
    pub(crate) fn told(self, call: &str, what: &str) -> String {
        let why = match self {
            Self::Refuse => "it is damaged",
            Self::Panic => "it panicked: no key",
            Self::Hang => "it took longer than 20ms",
            Self::Block => "it took longer than 100ms",
        };
        format!("codec `Faulty` cannot {call} {what}: {why}")
    }

    /// Whether the codec comes to an end.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::Refuse | Self::Panic)
    }
}
