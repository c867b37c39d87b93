//! Activity functions: generates the type of the function's name, by which it is called and registered.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::AttrStyle;

use super::{
    allow_lints, asserts,
    call::{associated_output, doc, doc_before, encoded, parameters},
    decode::{context, decoded, encoded_result},
    import_dispatch_traits,
    lints::required_signature,
    local, placed, text_errors,
};
use crate::{
    crate_path::CratePath,
    model::activity::{Activity, Declared, Millis, Placeholder},
    syntax::activity_fn::ActivityFn,
};

/// Expands a function under `#[activity]`.
pub(crate) fn expand(activity: &Activity, function: &ActivityFn, root: &CratePath) -> TokenStream {
    let body = guarded(activity, function, root);
    let (ident, vis, wire) = (&activity.ident, &function.vis, &activity.wire.text);
    let (conditions, rest) = (&activity.inherited.conditions, &activity.inherited.rest);
    let words = (!activity.inherited.documented)
        .then(|| doc(&format!("The activity `{wire}`, to call and to register.")));
    let implementation = implementation(activity, quote!(#ident), root);
    let invoke = function.body.as_ref().map(|_| invoke(activity, root));
    let call = call(activity, root);
    let checks = checks(activity, root);
    let text_errors = function
        .body
        .as_ref()
        .map(|body| text_errors::checks(&activity.output, body, root))
        .filter(|checks| !checks.is_empty())
        .map(|checks| quote!(#(#conditions)* const _: () = { #checks };));
    let plain = import_dispatch_traits(root);
    let allow_lints = allow_lints();
    // The type has the span of the function's name, so that rustc's errors about the type point there.
    // It is a struct with braces, because a unit struct would also claim the function's value name.
    let kind = quote_spanned!(ident.span()=> struct #ident { never: ::core::convert::Infallible });
    // Before the body, where rustc would report the missing conversion first.
    quote! {
        #text_errors
        #body
        #(#conditions)*
        #words
        #(#rest)*
        #allow_lints
        #[allow(non_camel_case_types)]
        #[derive(::core::fmt::Debug)]
        #vis #kind
        #(#conditions)*
        const _: () = {
            #plain
            #implementation
            #invoke
            #call
            #checks
        };
    }
}

/// Generates the placeholder for a refused function: calls and registration compile, without effect.
pub(crate) fn placeholder(placeholder: &Placeholder, root: &CratePath) -> TokenStream {
    let Placeholder {
        ident,
        vis,
        inherited,
        arguments,
        output,
    } = placeholder;
    let (conditions, allow_lints, name) = (&inherited.conditions, allow_lints(), ident.to_string());
    let (parameters, output) = (parameters(arguments, root), associated_output(output, root));
    let plain = import_dispatch_traits(root);
    quote! {
        #(#conditions)*
        #allow_lints
        #[allow(non_camel_case_types, missing_docs)]
        #[derive(::core::fmt::Debug)]
        #vis struct #ident { never: ::core::convert::Infallible }
        #(#conditions)*
        const _: () = {
            #plain
            #allow_lints
            impl #root::__private::Activity for #ident {
                const NAME: &'static str = #name;
                #output
                fn __defaults() -> #root::__private::ActivityOptions {
                    ::core::unreachable!()
                }
            }
            #allow_lints
            impl #root::__private::FreeActivity for #ident {
                fn __invoke(_: #root::__private::ActivityCtx, _: #root::__private::Args) -> #root::__private::Invocation {
                    ::core::unreachable!()
                }
            }
            #allow_lints
            #[allow(unused_variables)]
            impl #ident {
                pub fn call(_: &(impl #root::__private::AsCtx + ?::core::marker::Sized), #parameters) -> #root::__private::ActivityCall<#ident, #root::__private::TimeoutSet> {
                    ::core::unreachable!()
                }
            }
        };
    }
}

/// Guards the user's function against direct calls in workflow code, which must use `call`.
fn guarded(activity: &Activity, function: &ActivityFn, root: &CratePath) -> Option<TokenStream> {
    let statements = &function.body.as_ref()?.stmts;
    let (vis, sig, wire) = (&function.vis, &function.sig, &activity.wire.text);
    let outer = function
        .attrs
        .iter()
        .filter(|attribute| matches!(attribute.style, AttrStyle::Outer));
    let inner = function
        .attrs
        .iter()
        .filter(|attribute| matches!(attribute.style, AttrStyle::Inner(_)));
    let rest = if activity.arguments.list.is_empty() {
        ""
    } else {
        ", .."
    };
    let instead = format!("{}::call(ctx{rest})", sig.ident);
    let required_signature = required_signature();
    Some(quote! {
        #required_signature
        #(#outer)*
        #vis #sig {
            #(#inner)*
            #root::__private::forbid_in_workflow(#wire, #instead);
            #(#statements)*
        }
    })
}

/// Generates the checks that need type information.
pub(super) fn checks(activity: &Activity, root: &CratePath) -> TokenStream {
    let assert_result_spelling = asserts::assert_result_spelling(&activity.output, root);
    let assert_no_context = asserts::assert_no_context(&activity.arguments, root);
    quote!(#assert_result_spelling #assert_no_context)
}

/// Implements `Activity` for the activity's type.
pub(super) fn implementation(
    activity: &Activity,
    kind: TokenStream,
    root: &CratePath,
) -> TokenStream {
    let (wire, allow_lints) = (&activity.wire.text, allow_lints());
    let output = associated_output(&activity.output, root);
    let defaults = defaults(&activity.declared, root);
    let dynamic = activity.is_dynamic.then(|| {
        quote!(
            const __IS_DYNAMIC: bool = true;
        )
    });
    quote! {
        #allow_lints
        impl #root::__private::Activity for #kind {
            const NAME: &'static str = #wire;
            #dynamic
            #output
            fn __defaults() -> #root::__private::ActivityOptions {
                #defaults
            }
        }
    }
}

/// Generates one attempt: decodes the arguments and calls `function`, on `receiver` if it has one.
pub(super) fn invocation(
    activity: &Activity,
    function: TokenStream,
    receiver: Option<TokenStream>,
    kind: TokenStream,
    root: &CratePath,
) -> TokenStream {
    let (ctx, arguments) = (local("ctx"), local("arguments"));
    let (statements, names) = decoded(&activity.arguments, root);
    let context = context(&activity.arguments, "ActivityCtxArg", quote!(&#ctx), root);
    let call = quote!(#function(#receiver #context #(#names),*));
    let payload = quote!(<#kind as #root::__private::Activity>::__output());
    let unused = quote!(let _ = (&#ctx, &mut #arguments););
    let converter = quote!(#arguments.converter());
    if activity.is_async {
        let call = quote!(#call.await);
        let result = encoded_result(&activity.output, call, payload, converter, root);
        let at = activity.ident.span();
        return quote_spanned! {at=>
            #root::__private::Invocation::Async(::std::boxed::Box::pin(async move {
                #unused
                #statements
                #result
            }))
        };
    }
    let result = encoded_result(&activity.output, call, payload, converter, root);
    quote! {
        #root::__private::Invocation::Blocking(::std::boxed::Box::new(move || {
            #unused
            #statements
            #result
        }))
    }
}

fn invoke(activity: &Activity, root: &CratePath) -> TokenStream {
    let (ident, allow_lints) = (&activity.ident, allow_lints());
    let (ctx, arguments) = (local("ctx"), local("arguments"));
    let invocation = invocation(activity, quote!(#ident), None, quote!(#ident), root);
    quote! {
        #allow_lints
        impl #root::__private::FreeActivity for #ident {
            fn __invoke(
                #ctx: #root::__private::ActivityCtx,
                mut #arguments: #root::__private::Args,
            ) -> #root::__private::Invocation {
                #invocation
            }
        }
    }
}

fn call(activity: &Activity, root: &CratePath) -> TokenStream {
    let (ident, allow_lints, ctx) = (&activity.ident, allow_lints(), local("ctx"));
    let (rest, name) = (&activity.inherited.rest, placed("call", ident));
    let first = doc_before(
        "Calls this activity from a workflow.",
        activity.inherited.documented,
    );
    let parameters = parameters(&activity.arguments, root);
    let source = quote!(#root::__private::AsCtx::__ctx(#ctx).__arguments());
    let (statements, arguments) = encoded(&activity.arguments, source, root);
    let timeout = match activity.declared.has_timeout() {
        true => quote!(#root::__private::TimeoutSet),
        false => quote!(#root::__private::NoTimeout),
    };
    // A dynamic activity is called by the name of a type.
    let of_type = local("name");
    let named = activity
        .is_dynamic
        .then(|| quote!(#of_type: impl #root::__private::Text,));
    let on_ctx = quote!(#root::__private::AsCtx::__ctx(#ctx));
    let called = match activity.is_dynamic {
        true => quote!(#root::__private::ActivityCall::named(#on_ctx, #of_type, #arguments)),
        false => quote!(#root::__private::ActivityCall::new(#on_ctx, #arguments)),
    };
    quote! {
        #allow_lints
        impl #ident {
            #first
            #(#rest)*
            #[track_caller]
            pub fn #name(#ctx: &(impl #root::__private::AsCtx + ?::core::marker::Sized), #named #parameters) -> #root::__private::ActivityCall<#ident, #timeout> {
                #statements
                #called
            }
        }
    }
}

/// `Declared { start_to_close: .., ..Declared::NOTHING }.into()`
fn defaults(declared: &Declared, root: &CratePath) -> TokenStream {
    let mut given = TokenStream::new();
    let durations = [
        (quote!(start_to_close), declared.start_to_close),
        (quote!(schedule_to_close), declared.schedule_to_close),
        (quote!(schedule_to_start), declared.schedule_to_start),
        (quote!(heartbeat), declared.heartbeat),
    ];
    for (key, value) in durations {
        if let Some(Millis(millis)) = value {
            given.extend(quote! {
                #key: ::core::option::Option::Some(::core::time::Duration::from_millis(#millis)),
            });
        }
    }
    if let Some(attempts) = declared.max_attempts {
        given.extend(quote!(max_attempts: ::core::option::Option::Some(#attempts),));
    }
    if let Some(queue) = &declared.task_queue {
        given.extend(quote!(task_queue: ::core::option::Option::Some(#queue),));
    }
    let declared = match given.is_empty() {
        true => quote!(#root::__private::Declared::NOTHING),
        false => quote! {
            #root::__private::Declared { #given ..#root::__private::Declared::NOTHING }
        },
    };
    quote!(::core::convert::Into::into(#declared))
}
