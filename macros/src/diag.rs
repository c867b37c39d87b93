//! The error sink collects mistakes until they are reported. Dropping an unreported sink panics, so
//! that no mistake is lost between stages.

use std::fmt;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Collects mistakes as `syn::Error`s.
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

    /// Records a mistake that spans all of `tokens`.
    pub(crate) fn on(&mut self, tokens: impl ToTokens, mistake: impl fmt::Display) {
        self.found
            .push(syn::Error::new_spanned(tokens, mistake.to_string()));
    }

    /// Records a mistake at one span.
    pub(crate) fn at(&mut self, place: Span, mistake: impl fmt::Display) {
        self.found.push(syn::Error::new(place, mistake.to_string()));
    }

    /// Records a syntax error of syn's.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    /// Returns the number of mistakes; comparing two counts shows whether a step recorded any.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// Moves the mistakes of another sink into this one.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.found.append(&mut others.found);
        others.reported = true;
    }

    /// Drops the mistakes unreported, where each repeats a mistake that is reported already.
    pub(crate) fn discard(mut self) {
        self.reported = true;
    }

    /// Converts all mistakes into `compile_error!` calls.
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
