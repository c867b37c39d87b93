//! A workflow: the user's block, the calls, and the implementation the worker reads.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemImpl;

use super::{
    asserts,
    call::success,
    client::{functions, methods_impl, methods_type, queue},
    handlers, quiet,
};
use crate::{
    model::{handler::Handler, workflow::Workflow},
    syntax::marker::Marker,
};

/// Everything `#[workflow]` puts in place of the block.
pub(crate) fn expand(workflow: &Workflow, block: &ItemImpl) -> TokenStream {
    let methods_type = methods_type(workflow);
    let methods_impl = methods_impl(workflow);
    let functions = functions(workflow);
    let implementation = implementation(workflow);
    let checks: TokenStream = checks(workflow).collect();
    quote! {
        #block
        #methods_type
        const _: () = {
            #methods_impl
            #functions
            #implementation
            #checks
        };
    }
}

fn implementation(workflow: &Workflow) -> TokenStream {
    let (root, ty, name) = (&workflow.root, &workflow.ty, &workflow.name);
    let (methods, queue, quiet) = (&workflow.methods, queue(workflow), quiet());
    let output = success(&workflow.run.output, root);
    let task_queue = match &workflow.task_queue {
        Some(queue) => quote!(::core::option::Option::Some(#queue)),
        None => quote!(::core::option::Option::None),
    };
    let table = handlers::table(workflow);
    quote! {
        #quiet
        impl #root::Workflow for #ty {
            const NAME: &'static str = #name;
            const TASK_QUEUE: ::core::option::Option<&'static str> = #task_queue;
            type Output = #output;
            type Queue = #queue;
            type Methods<DurablyVia: #root::__private::Via> = #methods<DurablyVia>;
            fn __definition() -> &'static #root::__private::Definition<Self> {
                #table
            }
        }
    }
}

fn checks(workflow: &Workflow) -> impl Iterator<Item = TokenStream> {
    let root = &workflow.root;
    let of = move |handler: &Handler| {
        let nothing = (handler.marker == Marker::Signal)
            .then(|| asserts::gives_nothing(&handler.output, root));
        let (spelled, nothing) = (asserts::spelled(&handler.output, root), nothing.flatten());
        let conditions = &handler.carried.conditions;
        quote! {
            #(#conditions)*
            const _: () = { #spelled #nothing };
        }
    };
    workflow
        .handlers
        .iter()
        .chain([&workflow.run])
        .filter(|handler| has_checks(handler))
        .map(of)
}

fn has_checks(handler: &Handler) -> bool {
    use crate::syntax::signature::Output;
    match handler.output {
        Output::Unit => false,
        Output::Value(_) => true,
        Output::Fallible(_) => handler.marker == Marker::Signal,
    }
}
