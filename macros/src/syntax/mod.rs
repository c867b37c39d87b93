//! What the user wrote, spans kept, before anything is judged.

pub(crate) mod activity_fn;
pub(crate) mod block;
pub(crate) mod duration;
pub(crate) mod incomplete;
pub(crate) mod inherited_attributes;
pub(crate) mod macro_body;
pub(crate) mod marker;
pub(crate) mod options;
pub(crate) mod signature;
