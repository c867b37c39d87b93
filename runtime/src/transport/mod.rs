//! Calls to a server: the connection, gRPC or in process, deadlines and retries.

pub(crate) mod availability;
pub(crate) mod caller;
pub(crate) mod channel;
pub(crate) mod codec;
pub(crate) mod eager_starts;
pub(crate) mod first_bytes;
mod grpc;
pub(crate) mod id;
#[cfg(any(feature = "server", test))]
pub(crate) mod in_process;
pub(crate) mod net;
pub(crate) mod retry;
pub(crate) mod rpc;
#[cfg(test)]
#[path = "tests/subjects.rs"]
mod subjects;
#[cfg(test)]
pub(crate) mod test_codec;
