//! Hints for async methods: generates trait methods that explain where an async method can be called.
//!
//! The rewritten method takes a cell in place of `self`, so for `value.run(..)` rustc would report that
//! it is not a method and suggest to call it as a function. Method resolution finds the trait method
//! instead, whose bound fails with an `on_unimplemented` message. No valid call resolves to it: methods
//! by `&self` and the type's own methods take precedence.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{allow_lints, braces};
use crate::{model::workflow::Workflow, rewrite::AsyncMethod};

/// `trait Greeting_has_one_workflow_block_with_all_its_methods { fn run(&mut self, ..) -> .. where .. }`
pub(super) fn methods(workflow: &Workflow, async_methods: &[AsyncMethod]) -> TokenStream {
    if async_methods.is_empty() {
        return TokenStream::new();
    }
    let (root, ty) = (&workflow.root, &workflow.ty);
    let name = &workflow.async_methods;
    let at = name.span();
    let allow_lints = allow_lints();
    let methods = async_methods.iter().map(|method| {
        let AsyncMethod {
            ident,
            conditions,
            arguments,
            ..
        } = method;
        let arguments = (0..*arguments).map(|_| quote!(_: impl ::core::marker::Sized));
        let at = ident.span();
        let here = root.at(at);
        let bound = quote_spanned! {at=>
            for<'durably> Self: #here::__private::CalledInside<'durably>
        };
        quote! {
            #(#conditions)*
            fn #ident<DurablyOutput>(
                &mut self,
                #(#arguments),*
            ) -> ::core::future::Ready<DurablyOutput>
            where
                #bound,
            {
                loop {}
            }
        }
    });
    let (methods, nothing) = (braces(quote!(#(#methods)*), at), braces(quote!(), at));
    let definition = quote_spanned!(at=> trait #name #methods);
    let implementation = quote_spanned!(at=> impl #name for #ty #nothing);
    quote! {
        #[doc(hidden)]
        #allow_lints
        #[allow(non_camel_case_types)]
        #definition
        #implementation
    }
}
