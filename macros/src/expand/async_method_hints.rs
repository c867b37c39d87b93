//! What somebody finds who calls an async method as if it were one of any struct.
//!
//! The method itself takes a cell in place of `self`, so rustc would say that it is none and advise
//! to call it as a function. A trait method of its name is found instead, and does not compile with
//! words on where such methods run. Nothing else finds it: methods that are callable come first,
//! because they need no `&mut self` or are the type's own.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{allow_lints, braces};
use crate::{model::workflow::Workflow, rewrite::AsyncMethod};

/// `trait AsyncMethodsOf_Greeting { fn run(&mut self, ..) -> .. where .. }`
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
        let arguments = (0..*arguments).map(|_| quote!(_: impl Sized));
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
