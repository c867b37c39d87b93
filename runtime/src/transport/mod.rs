//! Calls to a server: the connection, gRPC or in process, deadlines and retries.

pub(crate) mod availability;
pub(crate) mod caller;
pub(crate) mod channel;
pub(crate) mod connection;
mod deadline;
pub(crate) mod eager_starts;
#[cfg(test)]
pub(crate) mod faulty_codec;
pub(crate) mod first_bytes;
pub(crate) mod grpc;
pub(crate) mod id;
#[cfg(any(feature = "server", test))]
pub(crate) mod in_process;
pub(crate) mod message_codecs;
pub(crate) mod net;
#[cfg(all(test, feature = "replay"))]
#[path = "tests/payload_fields.rs"]
mod payload_fields;
pub(crate) mod proxy;
pub(crate) mod retry;
pub(crate) mod rpc;
#[cfg(test)]
#[path = "tests/subjects.rs"]
mod subjects;
pub(crate) mod target;
#[cfg(test)]
pub(crate) mod test_codec;
#[cfg(feature = "tls")]
pub(crate) mod tls;
