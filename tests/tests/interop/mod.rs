//! Interoperation: histories of both servers compared, and the Python SDK as client and worker.

mod headers;
mod histories;
mod payloads;
mod python;
