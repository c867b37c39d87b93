//! The definition table: generates the functions by which a worker calls the constructor, the run method
//! and the handlers.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::{
    call::{payload_of_output, success},
    decode::{context, decoded, encoded_result},
    local,
};
use crate::{
    crate_path::CratePath,
    model::{
        handler::{Handler, Unfinished, Validator},
        workflow::{Init, Workflow},
    },
    rewrite::body_name,
    syntax::marker::Marker,
};

/// Generates `&Definition { .. }`.
pub(super) fn table(workflow: &Workflow) -> TokenStream {
    let root = &workflow.root;
    let (init, run) = (init(workflow), run(workflow));
    let of = |marker: Marker, is_dynamic: bool| -> TokenStream {
        workflow
            .handlers
            .iter()
            .filter(|handler| handler.marker == marker && handler.is_dynamic == is_dynamic)
            .map(|handler| {
                let conditions = &handler.inherited.conditions;
                let entry = entry(handler, workflow);
                quote!(#(#conditions)* #entry,)
            })
            .collect()
    };
    let [signals, queries, updates] =
        [Marker::Signal, Marker::Query, Marker::Update].map(|marker| of(marker, false));
    let [dynamic_signal, dynamic_query, dynamic_update] =
        [Marker::Signal, Marker::Query, Marker::Update].map(|marker| of(marker, true));
    quote! {
        &#root::__private::Definition {
            init: #init,
            run: #run,
            signals: &[#signals],
            queries: &[#queries],
            updates: &[#updates],
            dynamic_signal: &[#dynamic_signal],
            dynamic_query: &[#dynamic_query],
            dynamic_update: &[#dynamic_update],
        }
    }
}

fn entry(handler: &Handler, workflow: &Workflow) -> TokenStream {
    let root = &workflow.root;
    let wire = match handler.is_dynamic {
        true => "",
        false => &*handler.wire.text,
    };
    match handler.marker {
        Marker::Query => {
            let query = query(handler, workflow);
            match handler.is_dynamic {
                true => query,
                false => quote!((#wire, #query)),
            }
        }
        Marker::Update => {
            let (validate, call) = (validate(handler, workflow), message(handler, workflow));
            let unfinished = unfinished(handler, root);
            quote!(#root::__private::Update {
                name: #wire,
                unfinished: #unfinished,
                validate: #validate,
                call: #call,
            })
        }
        _ => {
            let (unfinished, call) = (unfinished(handler, root), message(handler, workflow));
            quote!(#root::__private::Signal { name: #wire, unfinished: #unfinished, call: #call })
        }
    }
}

fn unfinished(handler: &Handler, root: &CratePath) -> TokenStream {
    let policy = match handler.unfinished {
        Unfinished::Warn => quote!(Warn),
        Unfinished::Abandon => quote!(Abandon),
        Unfinished::Wait => quote!(Wait),
    };
    quote!(#root::__private::Unfinished::#policy)
}

fn init(workflow: &Workflow) -> TokenStream {
    let (root, ty) = (&workflow.root, &workflow.ty);
    let (view, arguments) = (local("view"), local("arguments"));
    let init = match &workflow.init {
        Init::Written(init) => init,
        Init::Default => {
            let at = workflow.ident.span();
            let root = root.at(at);
            let initial = quote_spanned!(at=> <#ty as #root::__private::Initial>::initial());
            return quote!(|#view, #arguments| ::core::result::Result::Ok(#initial));
        }
        Init::Refused => return quote!(|#view, #arguments| ::core::unreachable!()),
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
    let at = success(&workflow.run.output, root).span();
    let root = root.at(at);
    let output = quote_spanned!(at=> <#ty as #root::__private::Workflow>::__output());
    running(&workflow.run, workflow, output)
}

/// Generates the entry of a signal or an update.
fn message(handler: &Handler, workflow: &Workflow) -> TokenStream {
    if handler.is_async {
        let payload = payload_of_output(&handler.output, &workflow.root);
        return running(handler, workflow, payload);
    }
    let (root, ty, method) = (&workflow.root, &workflow.ty, &handler.ident);
    let (cell, ctx, arguments) = (local("cell"), local("ctx"), local("arguments"));
    let state = local("state");
    let (statements, names) = decoded(&handler.arguments, root);
    let context = context(&handler.arguments, "CtxArg", quote!(&#ctx), root);
    let call = quote!(#cell.with(|#state| <#ty>::#method(#state, #context #(#names),*)));
    let payload = payload_of_output(&handler.output, root);
    let converter = quote!(#arguments.converter());
    let result = encoded_result(&handler.output, call, payload, converter, root);
    quote! {
        |#cell, #ctx, mut #arguments| {
            #statements
            ::core::result::Result::Ok(#root::__private::Called::Done(#result))
        }
    }
}

/// Generates a call of an async method's body. Takes the state from the cell as the method itself
/// would, and spares the run a second copy of the arguments.
fn running(handler: &Handler, workflow: &Workflow, payload: TokenStream) -> TokenStream {
    let (root, ty, body) = (&workflow.root, &workflow.ty, body_name(&handler.ident));
    let (cell, ctx, arguments) = (local("cell"), local("ctx"), local("arguments"));
    let (held, lease, state) = (local("root"), local("lease"), local("state"));
    let (statements, names) = decoded(&handler.arguments, root);
    let context = context(&handler.arguments, "CtxArg", quote!(&#ctx), root);
    let call = quote!(<#ty>::#body(#state, &mut #lease, #context #(#names),*).await);
    let converter = local("converter");
    let result = encoded_result(&handler.output, call, payload, quote!(&#converter), root);
    quote! {
        |#cell, #ctx, mut #arguments| {
            #statements
            let #converter = ::core::clone::Clone::clone(#arguments.converter());
            ::core::result::Result::Ok(#root::__private::Called::Running(
                ::std::boxed::Box::pin(async move {
                    let mut #held = #root::__private::Root::new(&#cell);
                    let mut #lease = #root::__private::Lease::new(&mut #held);
                    let #state = #lease.take();
                    #result
                }),
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
    let payload = payload_of_output(&handler.output, root);
    let converter = quote!(#arguments.converter());
    let result = encoded_result(&handler.output, call, payload, converter, root);
    quote!(|#state, #view, mut #arguments| { #statements #result })
}

fn validate(handler: &Handler, workflow: &Workflow) -> TokenStream {
    let Some(validator) = &handler.validator else {
        return quote!(::core::option::Option::None);
    };
    let Validator {
        ident,
        context,
        parameters,
        output,
    } = validator;
    let (root, ty) = (&workflow.root, &workflow.ty);
    let (state, view, arguments) = (local("state"), local("view"), local("arguments"));
    let (statements, names) = decoded(&handler.arguments, root);
    let context = context.as_ref().map(|context| {
        let at = context.span();
        let root = root.at(at);
        quote_spanned!(at=> <#context as #root::__private::ViewArg>::of(#view),)
    });
    // A local whose name has the span of the update's argument makes rustc report a wrong type there, and
    // label the validator's.
    let taken = handler.arguments.list.iter().map(|argument| &argument.ty);
    let looks = names.iter().zip(parameters).zip(taken);
    let looks = looks.map(|((name, ty), taken)| {
        let look = Ident::new(&format!("__{name}"), taken.span());
        quote!(let #look = &#name; let #name: #ty = #look;)
    });
    let at = output.span();
    let root = root.at(at);
    let conversion = quote_spanned!(at=> (&&#root::__private::Spelled::<#output>::HERE).verdict_by(<#output as #root::__private::Verdict>::into_verdict));
    let verdict = quote_spanned!(at=> #root::__private::verdict);
    quote! {
        ::core::option::Option::Some(|#state, #view, mut #arguments| {
            #statements
            #(#looks)*
            #verdict(<#ty>::#ident(#state, #context #(#names),*), #conversion)
        })
    }
}
