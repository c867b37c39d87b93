//! The calling side of a method: parameters, and how they are encoded.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Type, spanned::Spanned as _};

use super::local;
use crate::{
    model::arguments::{Argument, Arguments, is_context_by_name},
    root::Root,
    syntax::signature::Output,
};

/// `name: impl Text, amount: u64`
pub(super) fn parameters(arguments: &Arguments, root: &Root) -> TokenStream {
    let parameter = |Argument {
                         name, ty, is_text, ..
                     }: &Argument| match is_text {
        true => {
            let at = ty.span();
            let text = quote_spanned!(at=> impl #root::Text);
            quote!(#name: #text,)
        }
        false => quote!(#name: #ty,),
    };
    arguments.list.iter().map(parameter).collect()
}

/// Statements that encode the parameters, and the expression that has them.
pub(super) fn encoded(arguments: &Arguments, root: &Root) -> (TokenStream, TokenStream) {
    let encoder = local("arguments");
    let one = |Argument {
                   name,
                   text,
                   ty,
                   is_text,
               }: &Argument| {
        let payload = payload_of_argument(ty, root);
        match is_text {
            true => quote!(#payload.add_text(&mut #encoder, #text, #name);),
            false => quote!(#payload.add(&mut #encoder, #text, &#name);),
        }
    };
    let statements: TokenStream = arguments.list.iter().map(one).collect();
    let mutability = (!arguments.list.is_empty()).then(|| quote!(mut));
    (
        quote! {
            let #mutability #encoder = <#root::__private::ArgsEncoder as ::core::default::Default>::default();
            #statements
        },
        quote!(#encoder.finish()),
    )
}

/// `payload::<Ty>()`, which checks that the type travels, at the type.
pub(super) fn payload_of(ty: TokenStream, at: Span, root: &Root) -> TokenStream {
    quote_spanned!(at=> #root::__private::payload::<#ty>())
}

/// As [`payload_of`], and silent about a context, which an assertion names.
pub(super) fn payload_of_argument(ty: &Type, root: &Root) -> TokenStream {
    match is_context_by_name(ty) {
        true => plain_payload(ty, root),
        false => payload_of(ty.to_token_stream(), ty.span(), root),
    }
}

/// As [`payload_of`], and silent about types that an assertion names. Needs `Plain` in scope.
pub(super) fn plain_payload(ty: &Type, root: &Root) -> TokenStream {
    let at = ty.span();
    quote_spanned!(at=> #root::__private::Spelled::<#ty>::payload())
}

/// The conversions of what a method gives.
pub(super) fn payload_of_output(output: &Output, root: &Root) -> TokenStream {
    match output {
        Output::Unit => payload_of(quote!(()), Span::call_site(), root),
        Output::Value(ty) => plain_payload(ty, root),
        Output::Fallible(ty) => payload_of(success(output, root), ty.span(), root),
    }
}

/// The type of a success.
pub(super) fn success(output: &Output, root: &Root) -> TokenStream {
    match output {
        Output::Unit => quote!(()),
        Output::Value(ty) => ty.to_token_stream(),
        Output::Fallible(ty) => {
            let at = ty.span();
            quote_spanned!(at=> <#ty as #root::__private::Outcome>::Ok)
        }
    }
}

/// `#[doc = ".."]` for a generated item that the user did not document.
pub(super) fn doc(text: &str) -> TokenStream {
    quote!(#[doc = #text])
}

/// The first line of a generated function, then the user's doc comment.
pub(super) fn doc_before(text: &str, documented: bool) -> TokenStream {
    let gap = documented.then(|| quote!(#[doc = ""]));
    quote!(#[doc = #text] #gap)
}
