//! The attribute macros of durably.

use proc_macro::TokenStream;

macro_rules! pass { ($($n:ident)*) => { $(
    /// Passes its item through.
    #[proc_macro_attribute]
    pub fn $n(_: TokenStream, item: TokenStream) -> TokenStream { item }
)* } }
pass!(workflow activity activities data main run init signal query update allow_nondeterminism);
