//! Calls to a server: the connection, gRPC or in process, deadlines and retries.

pub(crate) mod channel;
pub(crate) mod first_bytes;
mod grpc;
pub(crate) mod id;
pub(crate) mod net;
pub(crate) mod retry;
pub(crate) mod rpc;
