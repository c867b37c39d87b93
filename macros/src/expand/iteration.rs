//! Iteration over the state: generates a call of a hidden method of each field that a method iterates over.
//! For containers whose order is random it has a bound that fails with an `on_unimplemented` message.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Attribute;

use super::allow_lints;
use crate::{
    determinism::iteration::{Field, Iterated},
    model::workflow::Workflow,
};

/// `const _: fn(&mut Greeting) = |this| (&this.names).__durably_iterates();`
pub(super) fn checks(workflow: &Workflow, iterated: &[Iterated]) -> TokenStream {
    if iterated.is_empty() {
        return TokenStream::new();
    }
    let (root, ty, allow_lints) = (&workflow.root, &workflow.ty, allow_lints());
    let check = |field: &Field, conditions: &[Attribute]| {
        let (at, members) = (field.span(), &field.0);
        let call = quote_spanned!(at=> |this| (&this #(.#members)*).__durably_iterates());
        quote! {
            #(#conditions)*
            #allow_lints
            const _: fn(&mut #ty) = #call;
        }
    };
    let checks = iterated.iter().flat_map(|method| {
        let fields = method.fields.iter();
        fields.map(|field| check(field, &method.conditions))
    });
    quote! {
        use #root::__private::{HashOrdered as _, NotHashOrdered as _};
        #(#checks)*
    }
}
