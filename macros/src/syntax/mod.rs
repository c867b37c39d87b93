//! What the user wrote, spans kept, before anything is judged.

pub(crate) mod activity_fn;
pub(crate) mod attr;
pub(crate) mod block;
pub(crate) mod carried;
pub(crate) mod duration;
pub(crate) mod half_typed;
pub(crate) mod macro_body;
pub(crate) mod marker;
pub(crate) mod signature;
