//! The calling side of a method: parameters, and how they are encoded.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{GenericArgument, Ident, PathArguments, Type, spanned::Spanned as _};

use super::local;
use crate::{
    crate_path::CratePath,
    model::arguments::{Argument, Arguments},
    syntax::signature::{Output, ungrouped},
};

/// `name: impl Text, amount: u64`
pub(super) fn parameters(arguments: &Arguments, root: &CratePath) -> TokenStream {
    let parameter = |Argument {
                         name,
                         ty,
                         text_trait,
                         ..
                     }: &Argument| match text_trait {
        Some(text) => {
            let text = Ident::new(text, Span::call_site());
            let at = ty.span();
            let root = root.at(at);
            let text = quote_spanned!(at=> impl #root::__private::#text);
            quote!(#name: #text,)
        }
        None => quote!(#name: #ty,),
    };
    arguments.list.iter().map(parameter).collect()
}

/// Statements that encode the parameters, and the expression that has them; `source` makes an encoder
/// for those who make the call.
pub(super) fn encoded(
    arguments: &Arguments,
    source: TokenStream,
    root: &CratePath,
) -> (TokenStream, TokenStream) {
    let encoder = local("arguments");
    let one = |Argument {
                   name,
                   text,
                   ty,
                   text_trait,
               }: &Argument| {
        let payload = payload_of_argument(ty, root);
        match text_trait {
            Some(_) => quote!(#payload.add_text(&mut #encoder, #text, #name);),
            None => quote!(#payload.add(&mut #encoder, #text, &#name);),
        }
    };
    let statements: TokenStream = arguments.list.iter().map(one).collect();
    let mutability = (!arguments.list.is_empty()).then(|| quote!(mut));
    (
        quote! {
            let #mutability #encoder = #source;
            #statements
        },
        quote!(#encoder.finish()),
    )
}

/// The conversions of a type, chosen by the type when the expansion is compiled: a message says there
/// if it has none. Silent about types that an assertion names. Needs the traits of [`import_dispatch_traits`].
///
/// [`import_dispatch_traits`]: super::import_dispatch_traits
pub(super) fn payload_of(ty: TokenStream, at: Span, root: &CratePath) -> TokenStream {
    let root = root.at(at);
    quote_spanned!(at=> (&&&&&#root::__private::Spelled::<#ty>::HERE).payload())
}

/// The conversions of an argument.
pub(super) fn payload_of_argument(ty: &Type, root: &CratePath) -> TokenStream {
    payload_of(ty.to_token_stream(), ty.span(), root)
}

/// The conversions of what a method gives.
pub(super) fn payload_of_output(output: &Output, root: &CratePath) -> TokenStream {
    match output {
        Output::Unit => payload_of(quote!(()), Span::call_site(), root),
        Output::Value(ty) => payload_of_argument(ty, root),
        Output::Fallible(ty) => payload_of(success(output, root), success_span(ty), root),
    }
}

/// `type Output` and `fn __output`, all of it at the user's type: what is wrong with that type is
/// then told once, and there.
pub(super) fn associated_output(output: &Output, root: &CratePath) -> TokenStream {
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
pub(super) fn success(output: &Output, root: &CratePath) -> TokenStream {
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
