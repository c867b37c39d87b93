//! Payload codecs: encryption, compression, storage elsewhere, between this program and the server.
//!
//! A codec transforms every payload that a client or its workers send, and reverses that in every payload
//! that they receive: arguments, results, signals, queries, updates, memos, schedules, heartbeats, details of
//! errors and summaries. Search attributes stay as they are, because the server reads them.
//!
//! - [`PayloadCodec`] is the trait to implement; [`Codecs`] are those of a client, with their options.
//! - `Encryption` (feature `encryption`) encrypts with AES-256-GCM, and `Compression` (feature `compression`)
//!   compresses with Zstandard or zlib, both as the samples of the other SDKs do.
//! - `ClaimCheck` (feature `claim-check`) keeps large payloads in a store of your own.
//! - `Endpoint` (feature `codec-server`) lets the `temporal` CLI and the UI decode, and
//!   [`client::RemoteCodec`](crate::client) (feature `remote-codec`) a program that must not have the keys.
//!
//! ```no_run
//! # #[cfg(all(feature = "encryption", feature = "compression"))]
//! # async fn example(key: [u8; 32]) -> durably::Result<()> {
//! use durably::{Client, codec::{Compression, Encryption, Keys}};
//!
//! // Payloads are compressed first, and then encrypted: the first codec is next to the server.
//! let client = Client::builder("temporal.acme.com:7233")
//!     .codec(Encryption::aes256_gcm(Keys::new("2026-11", key)))
//!     .codec(Compression::zstd())
//!     .connect()
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod chain;
#[cfg(feature = "claim-check")]
mod claim_check;
mod codecs;
#[cfg(feature = "compression")]
mod compression;
#[cfg(feature = "encryption")]
mod encryption;
#[cfg(feature = "codec-server")]
mod endpoint;
mod threads;

use std::{fmt, sync::Arc};

use durably_engine::Payload;
use futures::future::BoxFuture;

pub(crate) use self::chain::{Batch, Chain, ChainFault, Direction};
#[cfg(feature = "claim-check")]
pub use self::claim_check::{ClaimCheck, Folder, Store};
pub use self::codecs::Codecs;
#[cfg(feature = "compression")]
pub use self::compression::Compression;
#[cfg(feature = "encryption")]
pub use self::encryption::{Encryption, Keys};
#[cfg(feature = "codec-server")]
pub use self::endpoint::Endpoint;
#[cfg(feature = "replay")]
pub(crate) use self::threads::block_on;
use crate::{
    data::type_name,
    wire::{self, payload_fields::Subject},
};

/// A transformation of payloads that can be reversed: encryption, compression, storage elsewhere.
///
/// It is given to [`ClientBuilder::codec`](crate::client::ClientBuilder::codec). Its methods run on threads
/// for codecs, never on those that run workflow code, so they may block; each message has to be transformed
/// within [`Codecs::timeout`]. A codec that fails, panics or takes too long fails the workflow task or the
/// attempt of the activity, which the server tries again, or the call of the client; a payload is never sent
/// as it was instead.
///
/// # Example: rotating letters
///
/// ```
/// use durably::{codec::{self, CodecContext, CodecError, PayloadCodec}, data::Payload};
///
/// struct Rotate;
///
/// const ENCODING: &str = "binary/rotated";
///
/// impl PayloadCodec for Rotate {
///     async fn encode(
///         &self,
///         payloads: Vec<Payload>,
///         _: &CodecContext,
///     ) -> Result<Vec<Payload>, CodecError> {
///         let rotate = |payload: Payload| {
///             let bytes = codec::to_bytes(payload).iter().map(|byte| byte.wrapping_add(13)).collect();
///             Payload::new(ENCODING, bytes)
///         };
///         Ok(payloads.into_iter().map(rotate).collect())
///     }
///
///     async fn decode(
///         &self,
///         mut payloads: Vec<Payload>,
///         _: &CodecContext,
///     ) -> Result<Vec<Payload>, CodecError> {
///         for payload in &mut payloads {
///             // Others may have sent it without this codec.
///             if payload.encoding() == ENCODING {
///                 let bytes: Vec<u8> = payload.data().iter().map(|byte| byte.wrapping_sub(13)).collect();
///                 *payload = codec::from_bytes(&bytes)?;
///             }
///         }
///         Ok(payloads)
///     }
///
///     fn runs_in_place(&self, bytes: usize) -> bool {
///         bytes < 100_000
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a payload codec",
    label = "`durably::codec::PayloadCodec` is not implemented"
)]
pub trait PayloadCodec: Send + Sync + 'static {
    /// Transforms payloads that leave this program; returns as many, in their order.
    ///
    /// # Errors
    /// Nothing is sent. [`CodecError`] is any error type, by `?`, or a text, by `.into()`.
    fn encode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> impl Future<Output = Result<Vec<Payload>, CodecError>> + Send;

    /// Reverses [`encode`](Self::encode); returns as many payloads, in their order. One that this codec has
    /// not encoded is returned as it is: its sender may not have the codec.
    ///
    /// # Errors
    /// What was received cannot be used.
    fn decode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> impl Future<Output = Result<Vec<Payload>, CodecError>> + Send;

    /// Whether payloads of so many bytes in all take this codec no more than some microseconds, without
    /// waiting for anything; `false` by default. They are then transformed where they are sent or received,
    /// which costs less than a change of threads, but a codec that blocks there blocks the connection.
    fn runs_in_place(&self, _bytes: usize) -> bool {
        false
    }

    /// What encrypts values that are always encrypted, if this codec can.
    #[doc(hidden)]
    fn __cipher(&self) -> Option<Arc<dyn crate::data::Cipher>> {
        None
    }
}

/// An error of a [`PayloadCodec`]: any error type, by `?`, or a text, by `.into()`. With
/// [`at`] it names the payload.
///
/// ```
/// use durably::{codec::{self, CodecError}, data::Payload};
///
/// fn check(payloads: &[Payload]) -> Result<(), CodecError> {
///     match payloads.iter().position(|payload| payload.data().len() > 1_000_000) {
///         Some(index) => Err(codec::at(index, "it has more than a megabyte")),
///         None => Ok(()),
///     }
/// }
/// ```
pub type CodecError = Box<dyn std::error::Error + Send + Sync>;

/// The error of one payload, by its index, so that the message says which field of which event or command it is.
///
/// ```
/// let error = durably::codec::at(2, "it is truncated");
/// assert_eq!(error.to_string(), "it is truncated");
/// ```
pub fn at(index: usize, error: impl Into<CodecError>) -> CodecError {
    Box::new(At {
        index,
        error: error.into(),
    })
}

/// A payload with its metadata as bytes, for a codec to transform: its message `temporal.api.common.v1.Payload`,
/// which the codecs of other SDKs encrypt and compress, too.
///
/// ```
/// use durably::{codec, data::Payload};
///
/// let payload = Payload::json(b"7".to_vec());
/// let bytes = codec::to_bytes(payload.clone());
/// assert_eq!(codec::from_bytes(&bytes).unwrap(), payload);
/// ```
pub fn to_bytes(payload: Payload) -> Vec<u8> {
    wire::payload::to_bytes(payload)
}

/// Reverses [`to_bytes`].
///
/// ```
/// assert!(durably::codec::from_bytes(b"\xff").is_err());
/// ```
///
/// # Errors
/// The bytes are not those of a payload.
pub fn from_bytes(bytes: &[u8]) -> Result<Payload, CodecError> {
    let read = wire::payload::from_bytes(bytes);
    read.map_err(|reason| format!("it does not hold a payload: {reason}").into())
}

#[derive(Debug)]
struct At {
    index: usize,
    error: CodecError,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for At {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// What the payloads of a codec belong to.
///
/// All who encode or decode a payload see the same context, whichever program they are, so a codec may choose
/// or derive a key by it. It says only what every message with the payload says:
///
/// | payload | context |
/// |---|---|
/// | arguments of a workflow, from a client, a parent, a schedule or the run before | the workflow, and its type |
/// | arguments of an activity | the workflow that calls it, and the type of the activity |
/// | results, failures and heartbeats of an activity | the workflow alone |
/// | the same, from a client that has only the task token | the namespace alone |
/// | memo, summary, result and failure of a child | the child |
/// | a signal from one workflow to another | the receiver |
/// | arguments and memo in a schedule | as of a workflow, with the workflow id in the schedule, to which servers add the time |
/// | the memo of a schedule | the namespace alone |
/// | everything else | the workflow in whose history or description it is |
///
/// The codec endpoint of the CLI and the UI knows the namespace alone.
///
/// ```
/// use durably::codec::CodecContext;
///
/// /// One key for each tenant, whose name begins the ids of its workflows.
/// fn key_id(context: &CodecContext) -> Option<&str> {
///     match (context.namespace(), context.activity_type()) {
///         ("audit", _) | (_, Some("report")) => Some("audit"),
///         _ => context.workflow_id()?.split('/').next(),
///     }
/// }
/// # assert_eq!(key_id(&CodecContext::of_namespace("shop")), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecContext {
    namespace: Arc<str>,
    subject: Subject,
}

impl CodecContext {
    pub(crate) fn new(namespace: &Arc<str>, subject: Subject) -> Self {
        Self {
            namespace: Arc::clone(namespace),
            subject,
        }
    }

    /// That of payloads of which only the namespace is known, for tests of codecs.
    ///
    /// ```
    /// let context = durably::codec::CodecContext::of_namespace("default");
    /// assert_eq!(context.workflow_id(), None);
    /// ```
    pub fn of_namespace(namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            subject: Subject::default(),
        }
    }

    /// The namespace of the client or worker.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The workflow that the payloads belong to.
    pub fn workflow_id(&self) -> Option<&str> {
        Some(&*self.subject.workflow_id).filter(|id| !id.is_empty())
    }

    /// The type of the workflow whose arguments the payloads are. No other payload has it: who reads a result, or sends
    /// a signal, may know the workflow by its id alone.
    ///
    /// ```
    /// use durably::codec::CodecContext;
    ///
    /// /// Arguments of payrolls have a key of their own.
    /// fn is_payroll(context: &CodecContext) -> bool {
    ///     context.workflow_type() == Some("Payroll")
    /// }
    /// # assert!(!is_payroll(&CodecContext::of_namespace("shop")));
    /// ```
    pub fn workflow_type(&self) -> Option<&str> {
        self.subject.workflow_type.as_deref()
    }

    /// The type of the activity whose arguments the payloads are.
    pub fn activity_type(&self) -> Option<&str> {
        self.subject.activity_type.as_deref()
    }
}

/// A [`PayloadCodec`] behind a pointer.
pub(crate) trait DynCodec: Send + Sync {
    fn name(&self) -> &'static str;

    fn transform<'a>(
        &'a self,
        direction: Direction,
        payloads: Vec<Payload>,
        context: &'a CodecContext,
    ) -> BoxFuture<'a, Result<Vec<Payload>, CodecError>>;

    fn runs_in_place(&self, bytes: usize) -> bool;
}

impl<C: PayloadCodec> DynCodec for C {
    fn name(&self) -> &'static str {
        type_name::bare::<C>()
    }

    fn transform<'a>(
        &'a self,
        direction: Direction,
        payloads: Vec<Payload>,
        context: &'a CodecContext,
    ) -> BoxFuture<'a, Result<Vec<Payload>, CodecError>> {
        match direction {
            Direction::Encode => Box::pin(async move { self.encode(payloads, context).await }),
            Direction::Decode => Box::pin(async move { self.decode(payloads, context).await }),
        }
    }

    fn runs_in_place(&self, bytes: usize) -> bool {
        PayloadCodec::runs_in_place(self, bytes)
    }
}
