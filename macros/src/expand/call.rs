//! Calls: generates the caller's parameters and encodes the arguments.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{GenericArgument, Ident, PathArguments, Type, spanned::Spanned as _};

use super::local;
use crate::{
    crate_path::CratePath,
    model::arguments::{Argument, Arguments, Passing, is_context_by_name},
    syntax::signature::{Output, ungrouped},
};

/// Generates the parameters of a call: `name: impl Text, amount: u64`; those of a dynamic one are a list.
pub(super) fn parameters(arguments: &Arguments, root: &CratePath) -> TokenStream {
    if arguments.passing != Passing::Each {
        let list = local("args");
        return quote!(#list: impl #root::__private::ArgList,);
    }
    let parameter = |Argument {
                         name,
                         ty,
                         text_trait,
                         ..
                     }: &Argument| match text_trait {
        Some(text) => {
            let at = ty.span();
            let text = Ident::new(text, at);
            let root = root.at(at);
            let text = quote_spanned!(at=> impl #root::__private::#text);
            quote!(#name: #text,)
        }
        None => quote!(#name: #ty,),
    };
    arguments.list.iter().map(parameter).collect()
}

/// Generates statements that encode the parameters, and the expression of the payloads; `source` is the
/// expression of the caller's encoder.
pub(super) fn encoded(
    arguments: &Arguments,
    source: TokenStream,
    root: &CratePath,
) -> (TokenStream, TokenStream) {
    let encoder = local("arguments");
    if arguments.passing != Passing::Each {
        let list = local("args");
        return (quote!(let #encoder = #source;), quote!(#encoder.all(#list)));
    }
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

/// An assertion that refuses a type, which then compiles, so that rustc reports it once.
#[derive(Clone, Copy)]
enum Refusal {
    Result,
    Context,
}

/// Generates the payload conversions of a type. rustc selects them by the type, and reports a type
/// without conversions at `at`. Needs the imports of [`import_dispatch_traits`].
///
/// [`import_dispatch_traits`]: super::import_dispatch_traits
fn payload_of(
    ty: TokenStream,
    at: Span,
    refused: Option<Refusal>,
    root: &CratePath,
) -> TokenStream {
    let root = root.at(at);
    let here = quote_spanned!(at=> #root::__private::Spelled::<#ty>::HERE);
    let chosen = quote_spanned!(at=> (&&&&&#here).payload());
    let chosen = match refused {
        None => chosen,
        Some(Refusal::Result) => quote_spanned!(at=> #here.unless_result(#chosen)),
        Some(Refusal::Context) => quote_spanned!(at=> #here.unless_context(#chosen)),
    };
    quote_spanned!(at=> <#ty as #root::__private::Serialisable<_>>::payload(#chosen))
}

/// Generates the payload conversions of an argument.
pub(super) fn payload_of_argument(ty: &Type, root: &CratePath) -> TokenStream {
    let refused = is_context_by_name(ty).then_some(Refusal::Context);
    payload_of(ty.to_token_stream(), ty.span(), refused, root)
}

/// Generates the payload conversions of a method's output.
pub(super) fn payload_of_output(output: &Output, root: &CratePath) -> TokenStream {
    match output {
        Output::Unit => payload_of(quote!(()), Span::call_site(), None, root),
        Output::Value(ty) => {
            let refused = Some(Refusal::Result);
            payload_of(ty.to_token_stream(), ty.span(), refused, root)
        }
        Output::Fallible(ty) => payload_of(success(output, root), success_span(ty), None, root),
    }
}

/// `type Output` and `fn __output`, all of it with the span of the user's type, so that
/// rustc reports an error of that type once, and there.
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

/// Generates the type of a successful output.
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

/// Returns the span of the success type: the `T` of `Result<T, E>`, or the alias.
fn success_span(ty: &Type) -> Span {
    argument_of(ty, 0).map_or_else(|| ty.span(), |success| success.span())
}

/// Returns a type argument of the last segment: the `T` or the `E` in `Result<T, E>`, for its span.
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

/// Generates the doc comment of an item for which the user wrote none.
pub(super) fn doc(text: &str) -> TokenStream {
    quote!(#[doc = #text])
}

/// Generates the first line of a function's documentation, which the user's doc comment follows.
pub(super) fn doc_before(text: &str, documented: bool) -> TokenStream {
    let gap = documented.then(|| quote!(#[doc = ""]));
    quote!(#[doc = #text] #gap)
}
