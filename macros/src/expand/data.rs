//! `#[durably::data]`: serde's derives through the one crate that users depend on.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::root::Root;

/// The type with serde's derives on it.
pub(crate) fn expand(input: &DeriveInput, root: &Root) -> TokenStream {
    let serde = format!("{}::__private::serde", root.to_text());
    quote! {
        #[derive(#root::__private::serde::Serialize, #root::__private::serde::Deserialize)]
        #[serde(crate = #serde)]
        #input
    }
}
