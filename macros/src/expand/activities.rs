//! Sets of activities: generates the stub with their calls, and their registration.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{ImplItem, ItemImpl, parse_quote, spanned::Spanned as _};

use super::{
    activity::{checks, implementation, invocation},
    allow_lints, braces,
    call::{doc, encoded, parameters},
    fn_at, import_dispatch_traits,
    lints::required_signature,
    local, placed, text_errors,
};
use crate::model::activities::{Activities, Method, STUB_OPTIONS, Takes};

/// Expands a block under `#[activities]`.
pub(crate) fn expand(set: &Activities, mut block: ItemImpl) -> TokenStream {
    let text_errors: TokenStream = set
        .methods
        .iter()
        .map(|method| text_errors(set, method, &block))
        .collect();
    for method in &set.methods {
        guard(set, method, &mut block);
    }
    let stub = stub_type(set);
    let kinds: TokenStream = set.methods.iter().map(|method| kind(set, method)).collect();
    let plain = import_dispatch_traits(&set.root);
    let (calls, options, registration) = (calls(set), options(set), registration(set));
    quote! {
        #text_errors
        #block
        const _: () = {
            #plain
            #stub
            #kinds
            #calls
            #options
            #registration
        };
    }
}

fn text_errors(set: &Activities, method: &Method, block: &ItemImpl) -> TokenStream {
    let (activity, root) = (&method.activity, &set.root);
    let checks = match &block.items[method.index] {
        ImplItem::Fn(item) => text_errors::checks(&activity.output, &item.block, root),
        _ => TokenStream::new(),
    };
    if checks.is_empty() {
        return checks;
    }
    let conditions = &activity.inherited.conditions;
    quote! {
        #(#conditions)*
        const _: () = { #checks };
    }
}

/// Guards a method's body against direct calls in workflow code, which must go through the stub.
fn guard(set: &Activities, method: &Method, block: &mut ItemImpl) {
    let (root, wire) = (&set.root, &method.activity.wire.text);
    if let ImplItem::Fn(item) = &mut block.items[method.index] {
        let rest = if method.activity.arguments.list.is_empty() {
            ""
        } else {
            ".."
        };
        let instead = format!("{}::stub(ctx).{}({rest})", set.ident, item.sig.ident);
        let guard = parse_quote!(#root::__private::forbid_in_workflow(#wire, #instead););
        item.block.stmts.insert(0, guard);
        item.attrs.insert(0, required_signature());
    }
}

/// Names the type parameter for whether a timeout is set. Type parameters shadow the user's types, so
/// the name is unusual.
fn timeout() -> Ident {
    Ident::new("DurablyTimeout", Span::call_site())
}

/// Names the type parameter for the type that owns the activity.
fn owner() -> Ident {
    Ident::new("DurablyOwner", Span::call_site())
}

fn stub_type(set: &Activities) -> TokenStream {
    let (root, stub, timeout, allow_lints) = (&set.root, &set.stub, timeout(), allow_lints());
    let doc = doc(&format!(
        "Calls of the activities of [`{}`] from a workflow.",
        set.ident
    ));
    quote! {
        #doc
        #allow_lints
        #[derive(::core::fmt::Debug)]
        pub struct #stub<#timeout = #root::__private::NoTimeout>(#root::__private::Stub<#timeout>);
    }
}

/// Generates the type that implements `Activity`, as visible as its method.
///
/// Its parameter is always the user's type: thereby a public method of a private type may return
/// private values, as methods may.
fn kind(set: &Activities, method: &Method) -> TokenStream {
    let (root, ty, kind, vis, allow_lints) =
        (&set.root, &set.ty, &method.kind, &method.vis, allow_lints());
    let wire = &method.activity.wire.text;
    let (words, owner) = (doc(&format!("The activity `{wire}`.")), owner());
    let conditions = &method.activity.inherited.conditions;
    let implementation = implementation(&method.activity, quote!(#kind), root);
    let checks = checks(&method.activity, root);
    quote! {
        #(#conditions)*
        #words
        #allow_lints
        #[allow(non_camel_case_types)]
        #[derive(::core::fmt::Debug)]
        #vis struct #kind<#owner = #ty> {
            never: ::core::convert::Infallible,
            of: ::core::marker::PhantomData<fn() -> #owner>,
        }
        #(#conditions)*
        const _: () = { #implementation #checks };
    }
}

fn calls(set: &Activities) -> TokenStream {
    let (root, stub, timeout, allow_lints) = (&set.root, &set.stub, timeout(), allow_lints());
    let one = |method: &Method| {
        let (activity, kind, vis) = (&method.activity, &method.kind, &method.vis);
        let (conditions, rest) = (&activity.inherited.conditions, &activity.inherited.rest);
        let words = (!activity.inherited.documented)
            .then(|| doc(&format!("Calls the activity `{}`.", activity.wire.text)));
        let ident = &activity.ident;
        let parameters = parameters(&activity.arguments, root);
        let source = quote!(self.0.arguments());
        let (statements, arguments) = encoded(&activity.arguments, source, root);
        let known = match activity.declared.has_timeout() {
            true => quote!(#root::__private::TimeoutSet),
            false => quote!(#timeout),
        };
        let at = ident.span();
        let (keyword, here) = (fn_at(at), root.at(at));
        let gives = quote_spanned!(at=> #here::__private::ActivityCall<#kind, #known>);
        // A dynamic activity is called by the name of a type.
        let name = local("name");
        let (named, call) = match activity.is_dynamic {
            true => (
                Some(quote!(#name: impl #root::__private::Text,)),
                quote!(self.0.call_named(#name, #arguments)),
            ),
            false => (None, quote!(self.0.call(#arguments))),
        };
        let body = braces(quote!(#statements #call), at);
        quote! {
            #(#conditions)*
            #words
            #(#rest)*
            #[track_caller]
            #vis #keyword #ident(&self, #named #parameters) -> #gives #body
        }
    };
    let calls: TokenStream = set.methods.iter().map(one).collect();
    quote! {
        #allow_lints
        impl<#timeout> #stub<#timeout> {
            #calls
        }
    }
}

fn options(set: &Activities) -> TokenStream {
    let (root, ty, stub, timeout, allow_lints) =
        (&set.root, &set.ty, &set.stub, timeout(), allow_lints());
    let ctx = local("ctx");
    let setters: TokenStream = STUB_OPTIONS
        .iter()
        .map(|option| setter(set, option))
        .collect();
    let name = placed("stub", &set.ident);
    quote! {
        #allow_lints
        impl<#timeout> #stub<#timeout> {
            #setters
        }
        #allow_lints
        impl #ty {
            /// Typed calls of these activities from a workflow.
            pub fn #name(#ctx: &(impl #root::__private::AsCtx + ?::core::marker::Sized)) -> #stub {
                #stub(#root::__private::Stub::new(#root::__private::AsCtx::__ctx(#ctx)))
            }
        }
    }
}

fn setter(set: &Activities, (name, takes): &(&str, Takes)) -> TokenStream {
    let (root, stub, value) = (&set.root, &set.stub, local("value"));
    let ident = Ident::new(name, Span::call_site());
    let doc = doc(&format!(
        "The option `{name}` of each call, as `ActivityCall` has it."
    ));
    let ty = match takes {
        Takes::ClosingTimeout | Takes::Duration => quote!(impl #root::__private::Span),
        Takes::Retry => quote!(#root::__private::Retry),
        Takes::Priority => quote!(#root::__private::Priority),
        Takes::Text => quote!(impl #root::__private::Text),
    };
    let timeout = match takes {
        Takes::ClosingTimeout => quote!(#root::__private::TimeoutSet),
        Takes::Duration | Takes::Retry | Takes::Priority | Takes::Text => {
            timeout().into_token_stream()
        }
    };
    quote! {
        #doc
        #[must_use]
        pub fn #ident(self, #value: #ty) -> #stub<#timeout> {
            #stub(self.0.#ident(#value))
        }
    }
}

fn registration(set: &Activities) -> TokenStream {
    let (root, ty, allow_lints) = (&set.root, &set.ty, allow_lints());
    let (add, this, ctx, arguments) = (
        local("add"),
        local("this"),
        local("ctx"),
        local("arguments"),
    );
    let one = |method: &Method| {
        let (activity, kind) = (&method.activity, &method.kind);
        let (conditions, wire, ident) = (
            &activity.inherited.conditions,
            &activity.wire.text,
            &activity.ident,
        );
        let name = match activity.is_dynamic {
            true => quote!(#root::__private::ActivityName::Dynamic),
            false => quote!(#root::__private::ActivityName::Named(#wire)),
        };
        let receiver = method.takes_self.then(|| quote!(&*#this,));
        let invocation = invocation(
            activity,
            quote!(<#ty>::#ident),
            receiver,
            quote!(#kind),
            root,
        );
        quote! {
            #(#conditions)*
            {
                let #this = ::std::sync::Arc::clone(&self);
                #add(#name, ::std::sync::Arc::new(
                    move |#ctx: #root::__private::ActivityCtx, mut #arguments: #root::__private::Args| {
                        let #this = ::std::sync::Arc::clone(&#this);
                        #invocation
                    },
                ));
            }
        }
    };
    let each: TokenStream = set.methods.iter().map(one).collect();
    // A bound here makes rustc check the types here and assume them below, so a missing impl is one error.
    let shared = quote_spanned!(ty.span()=> #ty: ::core::marker::Send + ::core::marker::Sync);
    quote! {
        #allow_lints
        #[allow(trivial_bounds)]
        impl #root::__private::ActivitySet for #ty
        where
            #shared
        {
            fn __register(
                self: ::std::sync::Arc<Self>,
                #add: &mut dyn ::core::ops::FnMut(#root::__private::ActivityName, #root::__private::ActivityFn),
            ) {
                #each
            }
        }
    }
}
