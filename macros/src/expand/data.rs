//! `#[durably::data]`: serde's derives through the one crate that users depend on.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, spanned::Spanned as _};

use super::quiet;
use crate::{model::data::fields_that_travel, root::Root};

/// The type with serde's derives on it.
pub(crate) fn expand(input: &DeriveInput, root: &Root) -> TokenStream {
    let serde = format!("{}::__private::serde", root.to_text());
    let quiet = quiet();
    let travel = fields_that_travel(input).map(|(conditions, ty)| {
        let at = ty.span();
        let root = root.at(at);
        quote_spanned!(at=> #(#conditions)* #root::__private::travels::<#ty>();)
    });
    let travel: TokenStream = travel.collect();
    // Before the derives, so that ours is the first message about a field that does not travel.
    let asked = (!travel.is_empty())
        .then(|| quote!(#quiet #[allow(unused_qualifications)] const _: fn() = || { #travel };));
    quote! {
        #asked
        #[derive(#root::__private::serde::Serialize, #root::__private::serde::Deserialize)]
        #[serde(crate = #serde)]
        #input
    }
}
