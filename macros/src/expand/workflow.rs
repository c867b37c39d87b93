//! Workflows: generates the calls, and the implementation of `Workflow` for the worker.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ItemImpl;

use super::{
    allow_lints, asserts, async_method_hints, braces,
    call::associated_output,
    client::{functions, methods_impl, methods_type, queue},
    handlers, import_dispatch_traits, iteration, unmarked_method_hints,
};
use crate::{
    determinism::iteration::Iterated,
    model::{
        handler::Handler,
        workflow::{Init, Versioning, Workflow},
    },
    rewrite::AsyncMethod,
    syntax::marker::Marker,
};

/// Expands a block under `#[workflow]`.
pub(crate) fn expand(
    workflow: &Workflow,
    block: &ItemImpl,
    async_methods: &[AsyncMethod],
    iterated: &[Iterated],
) -> TokenStream {
    let methods_type = methods_type(workflow);
    let methods_impl = methods_impl(workflow);
    let unmarked = unmarked_method_hints::methods(workflow);
    let functions = functions(workflow);
    let implementation = implementation(workflow);
    let checks: TokenStream = checks(workflow).collect();
    let iteration = iteration::checks(workflow, iterated);
    let plain = import_dispatch_traits(&workflow.root);
    let hints = async_method_hints::methods(workflow, async_methods);
    // Refused methods are not called, so rustc would also warn that they are unused.
    let refused = (workflow.is_placeholder).then(|| quote!(#[allow(dead_code, unused_variables)]));
    quote! {
        #refused
        #block
        #hints
        const _: () = {
            #plain
            #methods_type
            #unmarked
            #methods_impl
            #functions
            #implementation
            #checks
            #iteration
        };
    }
}

fn implementation(workflow: &Workflow) -> TokenStream {
    let (root, ty, name) = (&workflow.root, &workflow.ty, &workflow.name);
    let (methods, queue, allow_lints) = (&workflow.methods, queue(workflow), allow_lints());
    let output = associated_output(&workflow.run.output, root);
    let task_queue = match &workflow.task_queue {
        Some(queue) => quote!(::core::option::Option::Some(#queue)),
        None => quote!(::core::option::Option::None),
    };
    let dynamic = workflow.is_dynamic.then(|| {
        quote!(
            const __IS_DYNAMIC: bool = true;
        )
    });
    let versioning = workflow.versioning.map(|versioning| {
        let versioning = match versioning {
            Versioning::Pinned => quote!(Pinned),
            Versioning::AutoUpgrade => quote!(AutoUpgrade),
        };
        quote!(
            const VERSIONING: ::core::option::Option<#root::__private::Versioning> =
                ::core::option::Option::Some(#root::__private::Versioning::#versioning);
        )
    });
    let table = match workflow.is_placeholder {
        false => handlers::table(workflow),
        true => quote!(loop {}),
    };
    let at = workflow.ident.span();
    let here = root.at(at);
    let items = quote! {
            const NAME: &'static str = #name;
            #dynamic
            const TASK_QUEUE: ::core::option::Option<&'static str> = #task_queue;
            #versioning
            #output
            type Queue = #queue;
            type Methods<DurablyVia: #root::__private::Via> = #methods<DurablyVia>;
            fn __definition() -> &'static #root::__private::Definition<Self> {
                #table
            }
    };
    // The impl has the span of the user's type, where rustc reports a second block.
    let items = braces(items, at);
    let implementation = quote_spanned!(at=> impl #here::__private::Workflow for #ty #items);
    quote! {
        #allow_lints
        #implementation
    }
}

fn checks(workflow: &Workflow) -> impl Iterator<Item = TokenStream> {
    let root = &workflow.root;
    let of = move |handler: &Handler| {
        let assert_result_spelling = asserts::assert_result_spelling(&handler.output, root);
        let assert_no_context = asserts::assert_no_context(&handler.arguments, root);
        let assert_unit_success = (handler.marker == Marker::Signal)
            .then(|| asserts::assert_unit_success(&handler.output, root))
            .flatten();
        let checks = quote!(#assert_result_spelling #assert_no_context #assert_unit_success);
        if checks.is_empty() {
            return checks;
        }
        let conditions = &handler.inherited.conditions;
        quote! {
            #(#conditions)*
            const _: () = { #checks };
        }
    };
    let init = match &workflow.init {
        Init::Written(init) => Some(&**init),
        Init::Default | Init::Refused => None,
    };
    workflow
        .handlers
        .iter()
        .chain((!workflow.is_placeholder).then_some(&workflow.run))
        .chain(init)
        .map(of)
}
