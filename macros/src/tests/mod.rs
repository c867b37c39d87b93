//! Tests of whole expansions, of valid and of invalid code.
//!
//! `snapshots/` holds expansions; `BLESS=1 cargo test -p durably-macros` writes them.

#[path = "../../../tests/blessed.rs"]
mod blessed;
mod doc_comments;
mod expansion;
mod incomplete;
mod mistakes;

use proc_macro2::TokenStream;
use syn::visit::Visit;

use crate::entry::{self, Macro};

/// Expands a valid item and formats the code.
fn expanded(of: Macro, options: TokenStream, item: TokenStream) -> String {
    let code = entry::expand(of, options, item);
    assert_eq!(mistakes(&code), Vec::<String>::new());
    laid_out(code)
}

/// Collects the texts of the `compile_error!`s in an expansion.
fn mistakes(code: &TokenStream) -> Vec<String> {
    struct Errors(Vec<String>);
    impl Visit<'_> for Errors {
        fn visit_macro(&mut self, call: &syn::Macro) {
            if call
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "compile_error")
            {
                let text: syn::LitStr = call.parse_body().expect("a message is one string");
                self.0.push(text.value());
            }
        }
    }
    let file: syn::File = syn::parse2(code.clone()).expect("an expansion is items");
    let mut errors = Errors(Vec::new());
    errors.visit_file(&file);
    errors.0
}

fn laid_out(code: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(code).expect("an expansion is items"))
}
