//! What a handle answers that is asked for a method without a mark.
//!
//! rustc would only say that there is no such method, although the user reads it in the block. A
//! method of its name is found instead, and does not compile with words on what a handle calls.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{allow_lints, client::via};
use crate::model::workflow::{Unmarked, Workflow};

/// `fn total(&self, ..) -> .. where ..`
pub(super) fn methods(workflow: &Workflow) -> Option<TokenStream> {
    if workflow.unmarked.is_empty() {
        return None;
    }
    let (root, ty, methods) = (&workflow.root, &workflow.ty, &workflow.methods);
    let (via, allow_lints) = (via(), allow_lints());
    let each = workflow.unmarked.iter().map(|method| {
        let Unmarked {
            ident,
            conditions,
            arguments,
        } = method;
        let arguments = (0..*arguments).map(|_| quote!(_: impl Sized));
        let at = ident.span();
        let here = root.at(at);
        let bound = quote_spanned! {at=>
            for<'durably> #ty: #here::__private::CalledThroughHandle<'durably>
        };
        quote! {
            #(#conditions)*
            #[doc(hidden)]
            pub fn #ident<DurablyOutput>(
                &self,
                #(#arguments),*
            ) -> DurablyOutput
            where
                #bound,
            {
                loop {}
            }
        }
    });
    Some(quote! {
        #allow_lints
        impl<#via> #methods<#via> {
            #(#each)*
        }
    })
}
