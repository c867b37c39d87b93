//! Client calls: generates the handlers' methods on handles, and the workflow type's functions.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::{
    allow_lints, braces,
    call::{doc, doc_before, encoded, parameters, payload_of_output, success},
    fn_at, local, placed,
};
use crate::{
    model::{
        handler::Handler,
        workflow::{Init, Workflow},
    },
    syntax::{marker::Marker, signature::Output},
};

/// Names the type parameter for how methods are called. Type parameters shadow the user's types, so
/// the name is unusual.
pub(super) fn via() -> Ident {
    Ident::new("DurablyVia", Span::call_site())
}

/// `pub struct GreetingMethods<V>(V);`, public because a public type's handle derefs to it.
pub(super) fn methods_type(workflow: &Workflow) -> TokenStream {
    let (methods, via) = (&workflow.methods, via());
    let text = format!(
        "Signals, queries and updates of [`{}`]; every handle derefs to it.",
        workflow.ident
    );
    let doc = doc(&text);
    // All spans are the user's type's, so that rustc reports a second block or a type of that name there.
    let definition = quote_spanned!(methods.span()=> pub struct #methods<#via>(#via););
    let allow_lints = allow_lints();
    quote! {
        #doc
        #allow_lints
        #[derive(::core::fmt::Debug)]
        #definition
    }
}

/// Generates the methods.
pub(super) fn methods_impl(workflow: &Workflow) -> TokenStream {
    let (root, methods, via, allow_lints) =
        (&workflow.root, &workflow.methods, via(), allow_lints());
    let wrapped = local("via");
    let each: TokenStream = workflow
        .handlers
        .iter()
        .filter(|handler| !handler.is_dynamic)
        .map(|handler| method(handler, workflow))
        .collect();
    quote! {
        #allow_lints
        impl<#via: #root::__private::Via> #root::__private::MethodsOf<#via> for #methods<#via> {
            fn new(#wrapped: #via) -> Self {
                Self(#wrapped)
            }
        }
        #allow_lints
        impl<#via> ::core::ops::Deref for #methods<#via> {
            type Target = #via;
            fn deref(&self) -> &#via {
                &self.0
            }
        }
        #allow_lints
        impl<#via: #root::__private::Via> #methods<#via> {
            #each
        }
    }
}

fn method(handler: &Handler, workflow: &Workflow) -> TokenStream {
    let root = &workflow.root;
    let (ident, vis) = (&handler.ident, &handler.vis);
    let (wire, via) = (&handler.wire.text, via());
    let (conditions, rest) = (&handler.inherited.conditions, &handler.inherited.rest);
    let words = (!handler.inherited.documented).then(|| {
        doc(&format!(
            "The {} `{wire}` of [`{}`].",
            handler.marker.word(),
            workflow.ident
        ))
    });
    let parameters = parameters(&handler.arguments, root);
    let source = quote!(#root::__private::Via::arguments(&self.0));
    let (statements, arguments) = encoded(&handler.arguments, source, root);
    let result = success(&handler.output, root);
    let at = ident.span();
    let of_result = match handler.output {
        Output::Unit => at,
        Output::Value(_) | Output::Fallible(_) => result.span(),
    };
    let (from, here) = (root.at(of_result), root.at(at));
    let conversions = payload_of_output(&handler.output, root);
    let conversions = match handler.marker {
        Marker::Query | Marker::Update => quote!(, #conversions),
        _ => TokenStream::new(),
    };
    let (gives, bound, send) = match handler.marker {
        Marker::Query => (
            quote_spanned!(of_result=> #from::__private::QueryCall<#result>),
            Some(quote_spanned!(at=> where #via: #here::__private::CanQuery)),
            quote_spanned!(of_result=> #from::__private::CanQuery::query),
        ),
        Marker::Update => (
            quote_spanned!(of_result=> <#via as #from::__private::Via>::Update<#result>),
            Some(quote_spanned!(at=> where #via: #here::__private::CanUpdate)),
            quote_spanned!(of_result=> #from::__private::CanUpdate::update),
        ),
        _ => (
            quote_spanned!(at=> <#via as #here::__private::Via>::Signal),
            None,
            quote!(#root::__private::Via::signal),
        ),
    };
    let keyword = fn_at(at);
    let sent = quote_spanned!(of_result=> #send(&self.0, #wire, #arguments #conversions));
    let body = braces(quote!(#statements #sent), at);
    quote! {
        #(#conditions)*
        #words
        #(#rest)*
        #[track_caller]
        #vis #keyword #ident(&self, #parameters) -> #gives #bound #body
    }
}

/// `start`, `handle`, `child`, `external`, `continue_as_new`, as public as the run method.
pub(super) fn functions(workflow: &Workflow) -> TokenStream {
    let (root, ty, allow_lints) = (&workflow.root, &workflow.ty, allow_lints());
    let taken = match &workflow.init {
        Init::Written(init)
            if workflow.run.arguments.list.is_empty() && !workflow.is_placeholder =>
        {
            &init.arguments
        }
        _ => &workflow.run.arguments,
    };
    let parameters = parameters(taken, root);
    let from = |source: TokenStream| match workflow.is_placeholder {
        true => {
            let (_, arguments) = encoded(taken, TokenStream::new(), root);
            let encoder = local("arguments");
            (quote!(let #encoder = #source;), arguments)
        }
        false => encoded(taken, source, root),
    };
    let queue = queue(workflow);
    let (documented, rest) = (
        workflow.run.inherited.documented,
        workflow
            .run
            .inherited
            .rest
            .iter()
            .filter(|attribute| attribute.path().is_ident("doc"))
            .collect::<Vec<_>>(),
    );
    let start = doc_before(
        "Starts this workflow: `.await` returns a handle, `.result().await` its result.",
        documented,
    );
    let child = doc_before(
        "Runs this workflow as a child: `.await` returns its result, `.start().await` a handle.",
        documented,
    );
    let schedule = doc_before(
        "Creates a schedule that starts this workflow at given times: `.await` returns a handle of the schedule.",
        documented,
    );
    let (client, ctx, id) = (local("client"), local("ctx"), local("id"));
    let (of_client, started) =
        from(quote!(#root::__private::AsClient::__client(#client).__arguments()));
    let (of_ctx, called) = from(quote!(#root::__private::AsCtx::__ctx(#ctx).__arguments()));
    let (of_run, next) = from(quote!(#root::__private::arguments_of_next_run()));
    let (run, of_type, vis) = (&workflow.run.ident, &workflow.ident, &workflow.run.vis);
    // First and last tokens have the names' spans, so that rustc's errors point at those.
    let (at_run, at_type) = (run.span(), of_type.span());
    let (on_run, on_type) = (root.at(at_run), root.at(at_type));
    let start_call = quote_spanned!(at_run=> #on_run::__private::StartCall<#ty, #queue>);
    let child_call = quote_spanned!(at_run=> #on_run::__private::ChildCall<#ty>);
    let continued = quote_spanned!(at_run=> #on_run::__private::ContinueAsNew);
    let schedule_call = quote_spanned!(at_run=> #on_run::__private::ScheduleCall<#ty, #queue, #on_run::__private::NoTimes>);
    let handle = quote_spanned!(at_type=> #on_type::__private::Handle<#ty>);
    let external = quote_spanned!(at_type=> #on_type::__private::ExternalHandle<#ty>);
    // A dynamic workflow is started by the name of a type.
    let name = local("name");
    let named = workflow
        .is_dynamic
        .then(|| quote!(#name: impl #root::__private::Text,));
    let on_client = quote!(#root::__private::AsClient::__client(#client));
    let start_body = match workflow.is_dynamic {
        true => quote!(#root::__private::StartCall::named(#on_client, #name, #started)),
        false => quote!(#root::__private::StartCall::new(#on_client, #started)),
    };
    let schedule_id = local("schedule_id");
    let schedule_body = match workflow.is_dynamic {
        true => {
            quote!(#root::__private::ScheduleCall::named(#on_client, #schedule_id, #name, #started))
        }
        false => quote!(#root::__private::ScheduleCall::new(#on_client, #schedule_id, #started)),
    };
    let next_run = match workflow.is_dynamic {
        true => quote!(#root::__private::ContinueAsNew::of_same_type(#next)),
        false => quote! {
            #root::__private::ContinueAsNew::new(<#ty as #root::__private::Workflow>::NAME, #next)
        },
    };
    let each = [
        (
            placed("start", run),
            quote!(#start #(#rest)*),
            quote! {
                (#client: &(impl #root::__private::AsClient + ?::core::marker::Sized), #named #parameters) -> #start_call
            },
            quote! {
                #of_client
                #start_body
            },
        ),
        (
            placed("handle", of_type),
            doc("A handle to an execution that exists already."),
            quote! {
                (#client: &(impl #root::__private::AsClient + ?::core::marker::Sized), #id: impl #root::__private::Text) -> #handle
            },
            quote! {
                #root::__private::Handle::attach(#root::__private::AsClient::__client(#client), #root::__private::Text::into_text(#id))
            },
        ),
        (
            placed("child", run),
            quote!(#child #(#rest)* #[track_caller]),
            quote! {
                (#ctx: &(impl #root::__private::AsCtx + ?::core::marker::Sized), #parameters) -> #child_call
            },
            quote! {
                #of_ctx
                #root::__private::ChildCall::new(#root::__private::AsCtx::__ctx(#ctx), #called)
            },
        ),
        (
            placed("external", of_type),
            doc("A handle to another running workflow, for use inside a workflow."),
            quote! {
                (#ctx: &(impl #root::__private::AsCtx + ?::core::marker::Sized), #id: impl #root::__private::Text) -> #external
            },
            quote! {
                #root::__private::ExternalHandle::new(#root::__private::AsCtx::__ctx(#ctx), #root::__private::Text::into_text(#id))
            },
        ),
        (
            placed("schedule", run),
            quote!(#schedule #(#rest)*),
            quote! {
                (#client: &(impl #root::__private::AsClient + ?::core::marker::Sized), #schedule_id: impl #root::__private::Text, #named #parameters) -> #schedule_call
            },
            quote! {
                #of_client
                #schedule_body
            },
        ),
        (
            placed("continue_as_new", run),
            doc(
                "Ends this run and starts the next one with these arguments: \
                `return Self::continue_as_new(..).into()`.",
            ),
            quote!((#parameters) -> #continued),
            quote! {
                #of_run
                #next_run
            },
        ),
    ];
    let each = each
        .iter()
        .filter(|(name, ..)| !workflow.collisions.iter().any(|taken| name == taken))
        // A child is run by the name of its type.
        .filter(|(name, ..)| !(workflow.is_dynamic && name == "child"))
        .map(|(name, before, signature, body)| {
            let keyword = fn_at(name.span());
            let body = braces(body.clone(), name.span());
            quote!(#before #vis #keyword #name #signature #body)
        });
    quote! {
        #allow_lints
        impl #ty {
            #(#each)*
        }
    }
}

/// Generates the type that states whether a start has a task queue.
pub(super) fn queue(workflow: &Workflow) -> TokenStream {
    let root = &workflow.root;
    match &workflow.task_queue {
        Some(_) => quote!(#root::__private::QueueSet),
        None => quote!(#root::__private::NoQueue),
    }
}
