//! Temporal's published messages, and the gRPC clients and server traits generated on top of them.
//!
//! The messages are those of the crate `temporalio-protos`; nothing here is written by hand but
//! the module tree. No other package names that crate.

/// Messages: `temporal.api.*`.
pub use temporalio_protos::temporal::api;

pub use prost::Message;
/// Protobuf's well-known types (`Duration`, `Timestamp`, ...).
pub use prost_wkt_types as wkt;

/// `google.rpc.Status`, the envelope of error details.
pub mod rpc {
    pub use temporalio_protos::google::rpc::Status;
}

/// `grpc.health.v1` messages.
pub mod health {
    pub use temporalio_protos::grpc::health::v1::*;
}

/// Every message and service that durably speaks, as a serialised `FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(env!("DURABLY_DESCRIPTOR_SET"));

/// gRPC clients and server traits, as the features say.
#[cfg(any(feature = "client", feature = "server"))]
#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
pub mod service {
    /// `temporal.api.workflowservice.v1.WorkflowService`.
    pub mod workflow {
        tonic::include_proto!("temporal.api.workflowservice.v1");
    }
    /// `temporal.api.operatorservice.v1.OperatorService`.
    pub mod operator {
        tonic::include_proto!("temporal.api.operatorservice.v1");
    }
    /// `temporal.api.testservice.v1.TestService`.
    pub mod testing {
        tonic::include_proto!("temporal.api.testservice.v1");
    }
    /// `grpc.health.v1.Health`.
    pub mod health {
        tonic::include_proto!("grpc.health.v1");
    }
}
