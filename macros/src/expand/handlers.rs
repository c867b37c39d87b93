//! The registration table: how the worker calls each method.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{
    local,
    take::{concluded, context, decoded},
};
use crate::{
    model::{
        handler::{Handler, Validator},
        workflow::Workflow,
    },
    syntax::marker::Marker,
};

/// `&Definition { .. }`
pub(super) fn table(workflow: &Workflow) -> TokenStream {
    let root = &workflow.root;
    let (init, run) = (init(workflow), run(workflow));
    let of = |marker: Marker| -> TokenStream {
        workflow
            .handlers
            .iter()
            .filter(|handler| handler.marker == marker)
            .map(|handler| {
                let conditions = &handler.carried.conditions;
                let entry = entry(handler, workflow);
                quote!(#(#conditions)* #entry,)
            })
            .collect()
    };
    let (signals, queries, updates) = (of(Marker::Signal), of(Marker::Query), of(Marker::Update));
    quote! {
        &#root::__private::Definition {
            init: #init,
            run: #run,
            signals: &[#signals],
            queries: &[#queries],
            updates: &[#updates],
        }
    }
}

fn entry(handler: &Handler, workflow: &Workflow) -> TokenStream {
    let (root, wire) = (&workflow.root, &handler.wire.text);
    match handler.marker {
        Marker::Query => {
            let query = query(handler, workflow);
            quote!((#wire, #query))
        }
        Marker::Update => {
            let (validate, call) = (validate(handler, workflow), message(handler, workflow));
            quote!(#root::__private::Update { name: #wire, validate: #validate, call: #call })
        }
        _ => {
            let call = message(handler, workflow);
            quote!((#wire, #call))
        }
    }
}

fn init(workflow: &Workflow) -> TokenStream {
    let (root, ty) = (&workflow.root, &workflow.ty);
    let (view, arguments) = (local("view"), local("arguments"));
    let Some(init) = &workflow.init else {
        let at = workflow.ident.span();
        let initial = quote_spanned!(at=> #root::__private::initial::<#ty>());
        return quote!(|#view, #arguments| ::core::result::Result::Ok(#initial));
    };
    let (statements, names) = decoded(&init.arguments, root);
    let context = context(&init.arguments, "ViewArg", quote!(#view), root);
    let method = &init.ident;
    quote! {
        |#view, mut #arguments| {
            #statements
            ::core::result::Result::Ok(<#ty>::#method(#context #(#names),*))
        }
    }
}

fn run(workflow: &Workflow) -> TokenStream {
    let (root, ty) = (&workflow.root, &workflow.ty);
    let output = quote!(#root::__private::output_of::<#ty>());
    running(&workflow.run, workflow, Some(output))
}

/// A signal or an update.
fn message(handler: &Handler, workflow: &Workflow) -> TokenStream {
    if handler.is_async {
        return running(handler, workflow, None);
    }
    let (root, ty, method) = (&workflow.root, &workflow.ty, &handler.ident);
    let (cell, ctx, arguments) = (local("cell"), local("ctx"), local("arguments"));
    let state = local("state");
    let (statements, names) = decoded(&handler.arguments, root);
    let context = context(&handler.arguments, "CtxArg", quote!(&#ctx), root);
    let call = quote!(#cell.with(|#state| <#ty>::#method(#state, #context #(#names),*)));
    let result = concluded(&handler.output, call, None, root);
    quote! {
        |#cell, #ctx, mut #arguments| {
            #statements
            ::core::result::Result::Ok(#root::__private::Called::Done(#result))
        }
    }
}

fn running(handler: &Handler, workflow: &Workflow, payload: Option<TokenStream>) -> TokenStream {
    let (root, ty, method) = (&workflow.root, &workflow.ty, &handler.ident);
    let (cell, ctx, arguments) = (local("cell"), local("ctx"), local("arguments"));
    let (statements, names) = decoded(&handler.arguments, root);
    let context = context(&handler.arguments, "CtxArg", quote!(&#ctx), root);
    let call = quote!(<#ty>::#method(&#cell, #context #(#names),*).await);
    let result = concluded(&handler.output, call, payload, root);
    quote! {
        |#cell, #ctx, mut #arguments| {
            #statements
            ::core::result::Result::Ok(#root::__private::Called::Running(
                ::std::boxed::Box::pin(async move { #result }),
            ))
        }
    }
}

fn query(handler: &Handler, workflow: &Workflow) -> TokenStream {
    let (root, ty, method) = (&workflow.root, &workflow.ty, &handler.ident);
    let (state, view, arguments) = (local("state"), local("view"), local("arguments"));
    let (statements, names) = decoded(&handler.arguments, root);
    let context = context(&handler.arguments, "ViewArg", quote!(#view), root);
    let call = quote!(<#ty>::#method(#state, #context #(#names),*));
    let result = concluded(&handler.output, call, None, root);
    quote!(|#state, #view, mut #arguments| { #statements #result })
}

fn validate(handler: &Handler, workflow: &Workflow) -> TokenStream {
    let Some(Validator { ident, context }) = &handler.validator else {
        return quote!(::core::option::Option::None);
    };
    let (root, ty) = (&workflow.root, &workflow.ty);
    let (state, view, arguments) = (local("state"), local("view"), local("arguments"));
    let (statements, names) = decoded(&handler.arguments, root);
    let context = context.as_ref().map(|context| {
        let at = syn::spanned::Spanned::span(context);
        quote_spanned!(at=> <#context as #root::__private::ViewArg>::of(#view),)
    });
    let at = ident.span();
    let verdict =
        quote_spanned!(at=> #root::__private::reject(<#ty>::#ident(#state, #context #(&#names),*)));
    quote! {
        ::core::option::Option::Some(|#state, #view, mut #arguments| { #statements #verdict })
    }
}
