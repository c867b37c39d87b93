//! Hints for unmarked methods: generates methods on handles that explain which methods a handle has.
//!
//! rustc would only report that the method does not exist, although the user sees it in the block. A
//! generated method of its name is found instead, whose bound fails with an `on_unimplemented` message.

use proc_macro2::{Ident, Span, TokenStream};
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
            is_dynamic,
        } = method;
        let lacking = Ident::new(
            match is_dynamic {
                true => "CalledWithoutName",
                false => "CalledThroughHandle",
            },
            Span::call_site(),
        );
        let arguments = (0..*arguments).map(|_| quote!(_: impl ::core::marker::Sized));
        let at = ident.span();
        let here = root.at(at);
        let bound = quote_spanned! {at=>
            for<'durably> #ty: #here::__private::#lacking<'durably>
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
