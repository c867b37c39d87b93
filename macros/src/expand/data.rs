//! `#[durably::data]`: serde's derives through the one crate that users depend on.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, spanned::Spanned as _};

use super::allow_lints;
use crate::{crate_path::CratePath, model::data::serialized_fields};

/// The type with serde's derives on it.
pub(crate) fn expand(input: &DeriveInput, root: &CratePath) -> TokenStream {
    let (serde, alias) = serde(input, root);
    let allow_lints = allow_lints();
    let travel = serialized_fields(input).map(|(conditions, ty)| {
        let at = ty.span();
        let root = root.at(at);
        quote_spanned!(at=> #(#conditions)* let _ = <#ty as #root::__private::Serialisable>::payload;)
    });
    let travel: TokenStream = travel.collect();
    // Before the derives, so that ours is the first message about a field that does not travel.
    let asked = (!travel.is_empty()).then(
        || quote!(#allow_lints #[allow(unused_qualifications)] const _: fn() = || { #travel };),
    );
    quote! {
        #asked
        #alias
        #[derive(#root::__private::serde::Serialize, #root::__private::serde::Deserialize)]
        #[serde(crate = #serde)]
        #input
    }
}

/// The path of serde in its own attribute, which takes a text, and an import to refer to where no
/// text says the same: `$crate` in a text means nothing.
fn serde(input: &DeriveInput, root: &CratePath) -> (String, Option<TokenStream>) {
    if let Some(root) = root.to_text() {
        return (format!("{root}::__private::serde"), None);
    }
    let name = format_ident!("__serde_of_{}", input.ident);
    let import = quote! {
        #[doc(hidden)]
        #[allow(unused_imports, non_snake_case)]
        use #root::__private::serde as #name;
    };
    (name.to_string(), Some(import))
}
