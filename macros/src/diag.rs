//! The sink of mistakes. It panics when it is dropped unread, so no mistake is lost on the way.

use std::fmt;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found so far.
pub(crate) struct Errors {
    found: Vec<syn::Error>,
    reported: bool,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self {
            found: Vec::new(),
            reported: false,
        }
    }

    /// A mistake that all of `tokens` make.
    pub(crate) fn on(&mut self, tokens: impl ToTokens, mistake: impl fmt::Display) {
        self.found
            .push(syn::Error::new_spanned(tokens, mistake.to_string()));
    }

    /// A mistake at one place.
    pub(crate) fn at(&mut self, place: Span, mistake: impl fmt::Display) {
        self.found.push(syn::Error::new(place, mistake.to_string()));
    }

    /// What syn has to say.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    /// How many there are; two counts tell whether a step found any.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// Takes over those of another sink.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.found.append(&mut others.found);
        others.reported = true;
    }

    /// Forgets them: each was said before, in other words.
    pub(crate) fn discard(mut self) {
        self.reported = true;
    }

    /// All of them as `compile_error!` calls.
    pub(crate) fn report(mut self) -> TokenStream {
        self.reported = true;
        self.found
            .iter()
            .map(syn::Error::to_compile_error)
            .collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        assert!(
            self.reported || std::thread::panicking(),
            "mistakes were collected but never reported"
        );
    }
}
