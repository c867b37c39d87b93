//! durably
