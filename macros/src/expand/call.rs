//! The calling side of a method: parameters, and how they are encoded.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{GenericArgument, PathArguments, Type, spanned::Spanned as _};

use super::local;
use crate::{
    model::arguments::{Argument, Arguments, is_context_by_name},
    root::Root,
    syntax::signature::{Output, ungrouped},
};

/// `name: impl Text, amount: u64`
pub(super) fn parameters(arguments: &Arguments, root: &Root) -> TokenStream {
    let parameter = |Argument {
                         name, ty, is_text, ..
                     }: &Argument| match is_text {
        true => {
            let at = ty.span();
            let root = root.at(at);
            let text = quote_spanned!(at=> impl #root::__private::Text);
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

/// `<Ty as Serialisable>::payload()`, which checks the type, where it is written. A function with a bound
/// would do too, but rustc would add where that bound is.
pub(super) fn payload_of(ty: TokenStream, at: Span, root: &Root) -> TokenStream {
    let root = root.at(at);
    quote_spanned!(at=> <#ty as #root::__private::Serialisable>::payload())
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
    let root = root.at(at);
    quote_spanned!(at=> #root::__private::Spelled::<#ty>::payload())
}

/// The conversions of what a method gives.
pub(super) fn payload_of_output(output: &Output, root: &Root) -> TokenStream {
    match output {
        Output::Unit => payload_of(quote!(()), Span::call_site(), root),
        Output::Value(ty) => plain_payload(ty, root),
        Output::Fallible(ty) => payload_of(success(output, root), success_span(ty), root),
    }
}

/// `type Output` and `fn __output`, all of it at the user's type: what is wrong with that type is
/// then told once, and there.
pub(super) fn associated_output(output: &Output, root: &Root) -> TokenStream {
    let (success, payload) = (success(output, root), payload_of_output(output, root));
    let at = success.span();
    let root = root.at(at);
    quote_spanned! {at=>
        type Output = #success;
        fn __output() -> #root::__private::PayloadOf<#success> {
            #payload
        }
    }
}

/// The type of a success.
pub(super) fn success(output: &Output, root: &Root) -> TokenStream {
    match output {
        Output::Unit => quote!(()),
        Output::Value(ty) => ty.to_token_stream(),
        Output::Fallible(ty) => {
            let at = success_span(ty);
            let root = root.at(at);
            quote_spanned!(at=> <#ty as #root::__private::Outcome>::Ok)
        }
    }
}

/// Where the type of a success is written: the `T` of `Result<T, E>`, or the alias.
fn success_span(ty: &Type) -> Span {
    argument_of(ty, 0).map_or_else(|| ty.span(), |success| success.span())
}

/// A type argument of the last segment: the `T` or the `E` in `Result<T, E>`, to point at.
pub(super) fn argument_of(ty: &Type, index: usize) -> Option<&Type> {
    let Type::Path(path) = ungrouped(ty) else {
        return None;
    };
    match &path.path.segments.last()?.arguments {
        PathArguments::AngleBracketed(given) => match given.args.iter().nth(index)? {
            GenericArgument::Type(argument) => Some(argument),
            _ => None,
        },
        _ => None,
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
