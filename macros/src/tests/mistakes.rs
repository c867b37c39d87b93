//! Mistakes: the reported messages, and the code that is emitted for editors.

use proc_macro2::TokenStream;
use quote::quote;

use super::{laid_out, mistakes};
use crate::entry;

#[test]
fn all_mistakes_of_a_block_are_told_at_once() {
    let code = entry::expand(
        entry::workflow,
        quote!(nmae = "x"),
        quote! {
            impl Greeting {
                #[run]
                fn run(&mut self) {}
                #[query]
                async fn names(&mut self) {}
                #[signal]
                fn submit(&mut self, name: &str) -> usize { 1 }
            }
        },
    );
    assert_eq!(mistakes(&code).len(), 7, "{:#?}", mistakes(&code));
}

#[test]
fn a_mistake_in_one_handler_leaves_the_others_callable() {
    let code = entry::expand(
        entry::workflow,
        quote!(),
        quote! {
            impl Greeting {
                #[run]
                async fn run(&mut self) {}
                #[query]
                async fn names(&self) -> usize { 1 }
                #[signal]
                fn submit(&mut self, name: String) {}
            }
        },
    );
    assert_eq!(mistakes(&code).len(), 1);
    let code = laid_out(code);
    assert!(code.contains("fn start("));
    assert!(code.contains("fn submit("));
    assert!(code.contains("async fn names("));
    let item = &code[code.find("impl Greeting").expect("the block is kept")..];
    assert!(!item.contains("#[query]"));
}

#[test]
fn a_block_without_run_is_echoed_without_marks() {
    let code = entry::expand(
        entry::workflow,
        quote!(),
        quote! {
            impl Greeting {
                #[signal]
                fn submit(&mut self, name: String) { self.names.push(name) }
            }
        },
    );
    assert_eq!(mistakes(&code).len(), 1);
    let code = laid_out(code);
    assert!(code.contains("self.names.push(name)"));
    assert!(!code.contains("#[signal]"));
}

#[test]
fn code_that_cannot_be_read_yet_is_echoed_without_marks() {
    let half_typed = quote! {
        impl Greeting {
            #[durably::signal(name = "x")]
            fn submit(&mut self) { self. }
        }
    };
    let code = entry::expand(entry::workflow, quote!(), half_typed).to_string();
    assert!(code.contains("compile_error"));
    assert!(code.contains("fn submit"));
    assert!(!code.contains("signal"));
}

#[test]
fn an_activity_with_a_wrong_option_can_still_be_called() {
    let code = entry::expand(
        entry::activity,
        quote!(start_to_close = "10 seconds"),
        quote!(
            async fn greet(name: String) -> String {
                name
            }
        ),
    );
    assert_eq!(mistakes(&code).len(), 1);
    let code = laid_out(code);
    assert!(code.contains("pub fn call("));
    assert!(
        code.contains("TimeoutSet"),
        "no second mistake about a missing timeout"
    );
}

#[test]
fn all_mistakes_of_an_error_are_told_at_once_and_it_can_still_be_named() {
    let code = entry::expand_derive(quote! {
        #[failure(nmae = "x")]
        enum PayError {
            #[failure(non_retryable, next_retry_delay = "30")]
            Declined { reason: &'static str },
            #[failure(name = "Declined")]
            Refused(#[failure(skip)] u8),
            Busy(#[serde(default)] u8, #[source] A, #[source] B),
        }
    });
    assert_eq!(mistakes(&code).len(), 8, "{:#?}", mistakes(&code));
    assert!(laid_out(code).contains("TypedError for PayError"));
}

#[test]
fn options_of_several_attributes_are_one_list() {
    let code = entry::expand_derive(quote! {
        #[failure(name = "Pay")]
        #[failure(non_retryable)]
        struct PayError;
    });
    assert_eq!(mistakes(&code), Vec::<String>::new());
    let code = laid_out(code);
    assert!(
        code.contains("\"Pay\"") && code.contains("non_retryable()"),
        "{code}"
    );
    let twice = entry::expand_derive(quote! {
        #[failure(non_retryable)]
        #[failure(non_retryable)]
        struct PayError;
    });
    assert_eq!(
        mistakes(&twice),
        ["`non_retryable` is given twice; keep one"]
    );
}

#[test]
fn a_panic_of_ours_is_worded_as_a_bug() {
    fn buggy(_: TokenStream, _: TokenStream, _: &mut crate::diag::Errors) -> TokenStream {
        panic!("we did not think of this")
    }
    let code = entry::expand(
        buggy,
        quote!(),
        quote!(
            struct Kept;
        ),
    );
    let said = mistakes(&code);
    assert!(said[0].contains("a bug of ours (we did not think of this)"));
    assert!(laid_out(code).contains("struct Kept;"));
}

#[test]
#[should_panic(expected = "never reported")]
fn mistakes_that_nobody_reports_are_a_bug() {
    let mut errors = crate::diag::Errors::new();
    errors.at(
        proc_macro2::Span::call_site(),
        crate::mistake::DeterminismMistake::NoReason,
    );
}
