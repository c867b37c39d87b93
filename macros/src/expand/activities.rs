//! A set of activities: the user's block, a stub with their calls, and their registration.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ImplItem, ItemImpl, parse_quote, spanned::Spanned as _};

use super::{
    activity::{checks, implementation, invocation},
    braces,
    call::{doc, encoded, parameters},
    fn_at, local, placed, plain_in_scope, quiet,
    shape::prescribed,
};
use crate::model::activities::{Activities, Method};

/// Everything `#[activities]` puts in place of the block.
pub(crate) fn expand(set: &Activities, mut block: ItemImpl) -> TokenStream {
    for method in &set.methods {
        guard(set, method, &mut block);
    }
    let stub = stub_type(set);
    let kinds: TokenStream = set.methods.iter().map(|method| kind(set, method)).collect();
    let plain = plain_in_scope(&set.root);
    let (calls, options, registration) = (calls(set), options(set), registration(set));
    quote! {
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

/// The method refuses to run as a plain function of a workflow.
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
        item.attrs.insert(0, prescribed());
    }
}

/// Whether a timeout is known. A type parameter hides the user's types of its name.
fn timeout() -> Ident {
    Ident::new("DurablyTimeout", Span::call_site())
}

/// The type whose activity it is.
fn owner() -> Ident {
    Ident::new("DurablyOwner", Span::call_site())
}

fn stub_type(set: &Activities) -> TokenStream {
    let (root, stub, timeout, quiet) = (&set.root, &set.stub, timeout(), quiet());
    let doc = doc(&format!(
        "Calls of the activities of [`{}`] from a workflow.",
        set.ident
    ));
    quote! {
        #doc
        #quiet
        #[derive(::core::fmt::Debug)]
        pub struct #stub<#timeout = #root::NoTimeout>(#root::__private::Stub<#timeout>);
    }
}

/// The type that stands for one activity, as visible as its method.
///
/// Its parameter is always the user's type: with it a public method of a private type may give
/// private values, as any method may.
fn kind(set: &Activities, method: &Method) -> TokenStream {
    let (root, ty, kind, vis, quiet) = (&set.root, &set.ty, &method.kind, &method.vis, quiet());
    let wire = &method.activity.wire.text;
    let (words, owner) = (doc(&format!("The activity `{wire}`.")), owner());
    let conditions = &method.activity.carried.conditions;
    let implementation = implementation(&method.activity, quote!(#kind), root);
    let checks = checks(&method.activity, root);
    quote! {
        #(#conditions)*
        #words
        #quiet
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
    let (root, stub, timeout, quiet) = (&set.root, &set.stub, timeout(), quiet());
    let one = |method: &Method| {
        let (activity, kind, vis) = (&method.activity, &method.kind, &method.vis);
        let (conditions, rest) = (&activity.carried.conditions, &activity.carried.rest);
        let words = (!activity.carried.documented)
            .then(|| doc(&format!("Calls the activity `{}`.", activity.wire.text)));
        let ident = &activity.ident;
        let parameters = parameters(&activity.arguments, root);
        let (statements, arguments) = encoded(&activity.arguments, root);
        let known = match activity.declared.has_timeout() {
            true => quote!(#root::TimeoutSet),
            false => quote!(#timeout),
        };
        let at = ident.span();
        let (keyword, here) = (fn_at(at), root.at(at));
        let gives = quote_spanned!(at=> #here::ActivityCall<#kind, #known>);
        let body = braces(quote!(#statements self.0.call(#arguments)), at);
        quote! {
            #(#conditions)*
            #words
            #(#rest)*
            #[track_caller]
            #vis #keyword #ident(&self, #parameters) -> #gives #body
        }
    };
    let calls: TokenStream = set.methods.iter().map(one).collect();
    quote! {
        #quiet
        impl<#timeout> #stub<#timeout> {
            #calls
        }
    }
}

fn options(set: &Activities) -> TokenStream {
    let (root, ty, stub, timeout, quiet) = (&set.root, &set.ty, &set.stub, timeout(), quiet());
    let (ctx, value) = (local("ctx"), local("value"));
    let name = placed("stub", &set.ident);
    quote! {
        #quiet
        impl<#timeout> #stub<#timeout> {
            /// The longest one attempt may take.
            #[must_use]
            pub fn start_to_close(self, #value: impl #root::Span) -> #stub<#root::TimeoutSet> {
                #stub(self.0.start_to_close(#value))
            }
            /// The longest all attempts together may take.
            #[must_use]
            pub fn schedule_to_close(self, #value: impl #root::Span) -> #stub<#root::TimeoutSet> {
                #stub(self.0.schedule_to_close(#value))
            }
            /// The longest an attempt may wait for a worker.
            #[must_use]
            pub fn schedule_to_start(self, #value: impl #root::Span) -> Self {
                Self(self.0.schedule_to_start(#value))
            }
            /// The longest pause between two heartbeats.
            #[must_use]
            pub fn heartbeat(self, #value: impl #root::Span) -> Self {
                Self(self.0.heartbeat(#value))
            }
            /// How failed attempts are retried.
            #[must_use]
            pub fn retry(self, #value: #root::Retry) -> Self {
                Self(self.0.retry(#value))
            }
            /// The task queue of the workers that run them.
            #[must_use]
            pub fn task_queue(self, #value: impl #root::Text) -> Self {
                Self(self.0.task_queue(#value))
            }
        }
        #quiet
        impl #ty {
            /// Typed calls of these activities from a workflow.
            pub fn #name(#ctx: &(impl #root::AsCtx + ?::core::marker::Sized)) -> #stub {
                #stub(#root::__private::Stub::new(#root::AsCtx::__ctx(#ctx)))
            }
        }
    }
}

fn registration(set: &Activities) -> TokenStream {
    let (root, ty, quiet) = (&set.root, &set.ty, quiet());
    let (add, this, ctx, arguments) = (
        local("add"),
        local("this"),
        local("ctx"),
        local("arguments"),
    );
    let one = |method: &Method| {
        let (activity, kind) = (&method.activity, &method.kind);
        let (conditions, wire, ident) = (
            &activity.carried.conditions,
            &activity.wire.text,
            &activity.ident,
        );
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
                #add(#wire, ::std::sync::Arc::new(
                    move |#ctx: #root::ActivityCtx, mut #arguments: #root::__private::Args| {
                        let #this = ::std::sync::Arc::clone(&#this);
                        #invocation
                    },
                ));
            }
        }
    };
    let each: TokenStream = set.methods.iter().map(one).collect();
    // Said here, it is asked here and taken for granted below: one message where a type is not.
    let shared = quote_spanned!(ty.span()=> #ty: ::core::marker::Send + ::core::marker::Sync);
    quote! {
        #quiet
        #[allow(trivial_bounds)]
        impl #root::ActivitySet for #ty
        where
            #shared
        {
            fn __register(
                self: ::std::sync::Arc<Self>,
                #add: &mut dyn ::core::ops::FnMut(&'static str, #root::__private::ActivityFn),
            ) {
                #each
            }
        }
    }
}
