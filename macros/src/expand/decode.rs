//! Worker-side conversions: decodes a method's arguments, and encodes its result.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::{
    call::{argument_of, payload_of_argument},
    local,
};
use crate::{
    crate_path::CratePath,
    model::arguments::{Arguments, Passing},
    syntax::signature::Output,
};

/// Generates statements that decode arguments from the local `arguments`; returns their locals too.
pub(super) fn decoded(arguments: &Arguments, root: &CratePath) -> (TokenStream, Vec<Ident>) {
    let source = local("arguments");
    let mut names = Vec::new();
    let mut statements = TokenStream::new();
    for (index, argument) in arguments.list.iter().enumerate() {
        let name = local(&format!("argument_{index}"));
        let (ty, text) = (&argument.ty, &argument.text);
        let at = ty.span();
        let here = root.at(at);
        let value = match arguments.passing {
            Passing::Each => {
                let payload = payload_of_argument(ty, root);
                quote!(#payload.next(&mut #source, #text)?)
            }
            Passing::NameAndAll if index == 0 => {
                let of = quote_spanned!(at=> <#ty as #here::__private::CalledName>::of);
                quote!(#of(&#source))
            }
            Passing::NameAndAll | Passing::All => {
                let of = quote_spanned!(at=> <#ty as #here::__private::AllArguments>::of);
                quote!(#of(&mut #source))
            }
        };
        statements.extend(quote!(let #name = #value;));
        names.push(name);
    }
    (statements, names)
}

/// Generates the context argument. A trait decides which contexts are valid, with the user's span.
pub(super) fn context(
    arguments: &Arguments,
    of: &str,
    value: TokenStream,
    root: &CratePath,
) -> Option<TokenStream> {
    let ty = arguments.context.as_ref()?;
    let at = ty.span();
    let of = Ident::new(of, Span::call_site());
    let root = root.at(at);
    Some(quote_spanned!(at=> <#ty as #root::__private::#of>::of(#value),))
}

/// Generates the result of `call` as a payload or an error; `converter` is that of the worker.
pub(super) fn encoded_result(
    output: &Output,
    call: TokenStream,
    payload: TokenStream,
    converter: TokenStream,
    root: &CratePath,
) -> TokenStream {
    match output {
        Output::Unit | Output::Value(_) => quote!(#payload.value(&#call, #converter)),
        Output::Fallible(ty) => {
            let at = argument_of(ty, 1).map_or_else(|| ty.span(), |error| error.span());
            let at_error = root.at(at);
            let error = quote_spanned!(at=> <#ty as #at_error::__private::Outcome>::Err);
            let failure = quote_spanned!(at=> (&&#at_error::__private::Spelled::<#error>::HERE).failure_by(<#error as #at_error::__private::IntoFailure>::into_failure));
            let at = ty.span();
            let root = root.at(at);
            let into_result = quote_spanned!(at=> <#ty as #root::__private::Outcome>::into_result);
            quote_spanned!(at=> #payload.result(#into_result(#call), #failure, #converter))
        }
    }
}
