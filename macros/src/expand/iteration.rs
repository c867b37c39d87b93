//! Iteration over the state: generates a call that takes the order of each field that a method iterates over.
//! For containers whose order is random it fails with an `on_unimplemented` message.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Attribute;

use super::allow_lints;
use crate::{
    determinism::iteration::{Field, Iterated},
    model::workflow::Workflow,
};

/// `const _: fn(&mut Greeting) = |this| <_ as SameOrder>::same_order((&this.names).__durably_order());`
pub(super) fn checks(workflow: &Workflow, iterated: &[Iterated]) -> TokenStream {
    if iterated.is_empty() {
        return TokenStream::new();
    }
    let (root, ty, allow_lints) = (&workflow.root, &workflow.ty, allow_lints());
    let check = |field: &Field, conditions: &[Attribute]| {
        let (at, members) = (field.span(), &field.0);
        let root = root.at(at);
        let call = quote_spanned!(at=> |this| <_ as #root::__private::SameOrder>::same_order(
            (&this #(.#members)*).__durably_order()
        ));
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
