//! Payload types: generates serde's derives through the runtime crate, so that users need no dependency
//! on serde; or implements the encoding of a protobuf message. They name the runtime crate by public paths,
//! which rustc prints in its errors.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, Ident, spanned::Spanned as _};

use super::allow_lints;
use crate::{
    crate_path::CratePath,
    model::data::{MessageEncoding, serialized_fields},
};

/// Adds serde's derives to the type.
pub(crate) fn serialised(input: &DeriveInput, root: &CratePath) -> TokenStream {
    let (serde, alias) = serde_path(&input.ident, root);
    let allow_lints = allow_lints();
    let assertions = serialized_fields(input).map(|(conditions, ty)| {
        let at = ty.span();
        let root = root.at(at);
        quote_spanned!(at=> #(#conditions)* let _ = <#ty as #root::__private::Serialisable<#root::__private::BySerde>>::payload;)
    });
    let assertions: TokenStream = assertions.collect();
    // The assertions precede the derives, so that our message about a field without serde's traits comes
    // first.
    let check = (!assertions.is_empty()).then(
        || quote!(#allow_lints #[allow(unused_qualifications)] const _: fn() = || { #assertions };),
    );
    quote! {
        #check
        #alias
        #[derive(#root::data::serde::Serialize, #root::data::serde::Deserialize)]
        #[serde(crate = #serde)]
        #input
    }
}

/// Implements `durably::Encoding` for a protobuf message. Errors about the message point to its name.
pub(crate) fn message(
    input: &DeriveInput,
    encoding: MessageEncoding,
    root: &CratePath,
) -> TokenStream {
    let name = &input.ident;
    let at = name.span();
    let root = root.at(at);
    let cfgs = input.attrs.iter().filter(|it| it.path().is_ident("cfg"));
    let (parameters, arguments, conditions) = input.generics.split_for_impl();
    let (written, read) = match encoding {
        MessageEncoding::Binary => {
            let message = quote_spanned!(at=> <Self as #root::__private::AsBinaryProto>);
            // By a method, which rustc chooses by the traits of the message.
            let read = quote_spanned!(at=> (&&#root::__private::Spelled::<Self>::HERE).decode(payload, #message::decode));
            (message, read)
        }
        MessageEncoding::Json => {
            let message = quote_spanned!(at=> <Self as #root::__private::AsJsonProto>);
            let read = quote_spanned!(at=> #message::decode(payload));
            (message, read)
        }
    };
    let allow_lints = allow_lints();
    quote_spanned! {at=>
        #input
        #(#cfgs)*
        #allow_lints
        impl #parameters #root::Encoding for #name #arguments #conditions {
            fn encode(&self) -> ::core::result::Result<#root::data::Payload, #root::data::EncodingError> {
                #written::encode(self)
            }

            fn decode(
                payload: #root::data::Payload,
            ) -> ::core::result::Result<Self, #root::data::EncodingError> {
                #[allow(unused_imports)]
                use #root::__private::{DecodeBinary as _, DecodeBinaryOrJson as _};
                #read
            }
        }
    }
}

/// Returns the text for serde's `crate` attribute. A path with `$crate` cannot be a text, so it is
/// imported under a name, and the import is returned too.
pub(super) fn serde_path(of: &Ident, root: &CratePath) -> (String, Option<TokenStream>) {
    if let Some(root) = root.to_text() {
        return (format!("{root}::data::serde"), None);
    }
    let name = format_ident!("__serde_of_{}", of);
    let import = quote! {
        #[doc(hidden)]
        #[allow(unused_imports, non_snake_case)]
        use #root::data::serde as #name;
    };
    (name.to_string(), Some(import))
}
