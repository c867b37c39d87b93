//! Error messages of the macros: what is wrong, why, and what to write instead; one file per topic.
//!
//! Texts are lower case and end without a full stop. The second clause is the remedy, because a
//! procedural macro cannot attach a help line on stable Rust.

mod block;
mod body;
mod data;
mod determinism;
mod failure;
mod main;
mod names;
mod options;
mod placement;
mod signature;
mod suggestion;
mod validator;

use std::fmt;

pub(crate) use self::suggestion::nearest;
pub(crate) use self::{
    block::BlockMistake, body::BodyMistake, data::DataMistake, determinism::DeterminismMistake,
    failure::FailureMistake, main::MainMistake, names::NameMistake, options::OptionMistake,
    placement::PlacementMistake, signature::SignatureMistake, validator::ValidatorMistake,
};

/// A panic inside a macro, reported as a bug of this crate.
pub(crate) struct OurBug<'a>(pub(crate) &'a str);

impl fmt::Display for OurBug<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "durably's macro failed on this code, which is a bug of ours ({}); please report it with the code at \
             https://github.com/durably/durably/issues",
            self.0
        )
    }
}
