//! Errors made from texts: generates an assertion for each `Err("..".into())` of an activity whose error type
//! is its own. rustc would only name the missing conversion.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{
    Block, Expr, ExprCall, ExprLit, ExprMethodCall, Item, Lit,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use crate::{crate_path::CratePath, syntax::signature::Output};

/// Asserts, before the function, that its error type is made from the texts in its body.
pub(super) fn checks(output: &Output, body: &Block, root: &CratePath) -> TokenStream {
    let Output::Fallible(ty) = output else {
        return TokenStream::new();
    };
    let mut search = Search(Vec::new());
    search.visit_block(body);
    let check = |text: &(TokenStream, Span)| {
        let (text, at) = text;
        let (root, ty) = (root.at(*at), placed_at(ty.to_token_stream(), *at));
        let error = quote_spanned!(*at=> <#ty as #root::__private::Outcome>::Err);
        quote_spanned! {*at=>
            const _: ::core::marker::PhantomData<#root::__private::ErrorOf<#text, #error>> =
                ::core::marker::PhantomData;
        }
    };
    search.0.iter().map(check).collect()
}

/// The same tokens, at the place of the text, where rustc then reports the type.
fn placed_at(tokens: TokenStream, at: Span) -> TokenStream {
    let placed = |mut token: TokenTree| {
        if let TokenTree::Group(group) = &token {
            let inner = placed_at(group.stream(), at);
            token = Group::new(group.delimiter(), inner).into();
        }
        token.set_span(at.resolved_at(token.span()));
        token
    };
    tokens.into_iter().map(placed).collect()
}

/// The texts that become errors, with their types.
struct Search(Vec<(TokenStream, Span)>);

impl Visit<'_> for Search {
    fn visit_expr_call(&mut self, call: &ExprCall) {
        if let (Expr::Path(function), Some(Expr::MethodCall(into))) =
            (&*call.func, call.args.first())
            && function.path.is_ident("Err")
            && into.method == "into"
            && let Some(ty) = type_of_text(&into.receiver)
        {
            self.0.push((ty, into.receiver.span()));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_item(&mut self, _: &Item) {}
}

/// The type of a text, if the expression shows that it is one.
fn type_of_text(expression: &Expr) -> Option<TokenStream> {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Str(_), ..
        }) => Some(quote!(&'static ::core::primitive::str)),
        Expr::Macro(call) if call.mac.path.is_ident("format") => Some(string()),
        Expr::MethodCall(ExprMethodCall {
            receiver, method, ..
        }) if method == "to_string" || method == "to_owned" => {
            type_of_text(receiver).map(|_| string())
        }
        _ => None,
    }
}

fn string() -> TokenStream {
    quote!(::std::string::String)
}
