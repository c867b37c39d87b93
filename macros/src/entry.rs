//! Entry points of the macros: run the stages, collect mistakes and emit code.
//!
//! A macro that finds mistakes still emits the user's item, with our attributes removed and bodies
//! rewritten, and all code that could be generated. Names stay resolvable, so rustc adds no errors
//! of its own to a mistake, and editors keep completion.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{DeriveInput, Item, ItemFn, ItemImpl};

use crate::{
    crate_path::CratePath,
    determinism,
    diag::Errors,
    expand,
    mistake::{DataMistake, MainMistake, OurBug, PlacementMistake},
    model,
    syntax::{activity_fn::ActivityFn, incomplete, marker, marker::Marker, options::Options},
};

/// A macro's implementation: expands options and item, and records mistakes in the sink.
pub(crate) type Macro = fn(TokenStream, TokenStream, &mut Errors) -> TokenStream;

/// Expands a macro for the compiler: converts its token streams.
pub(crate) fn run(
    of: Macro,
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expand(of, options.into(), item.into()).into()
}

/// Expands a derive for the compiler. It adds to the item, which it does not emit.
pub(crate) fn run_derive(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand_derive(item.into()).into()
}

/// Expands `#[derive(durably::Failure)]` into its code and a `compile_error!` for each mistake.
pub(crate) fn expand_derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let code = catch_unwind(AssertUnwindSafe(|| failure(item, &mut errors)));
    let code = code.unwrap_or_else(|panic| {
        errors.at(Span::call_site(), OurBug(message_of(&*panic)));
        TokenStream::new()
    });
    let errors = errors.report();
    quote!(#errors #code)
}

/// Expands a macro into its code and a `compile_error!` for each mistake; a panic becomes one too.
pub(crate) fn expand(of: Macro, options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let code = catch_unwind(AssertUnwindSafe(|| of(options, item.clone(), &mut errors)));
    let code = code.unwrap_or_else(|panic| {
        errors.at(Span::call_site(), OurBug(message_of(&*panic)));
        marker::strip(item)
    });
    let errors = errors.report();
    quote!(#errors #code)
}

pub(crate) fn workflow(
    options: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let options = Options::parse(options, Marker::Workflow, errors);
    if let Some((block, for_editor)) = incomplete::block(item.clone(), errors) {
        let mut checked = model::workflow::check(options, block, errors);
        if let Some(workflow) = &checked.workflow {
            expand::lints::allow(workflow, &checked.async_methods, &mut checked.item);
            expand::rustdoc::add_written_signatures(&mut checked.item, checked.written);
        }
        let block = &checked.item;
        let code = match &checked.workflow {
            Some(workflow) => {
                expand::workflow::expand(workflow, block, &checked.async_methods, &checked.iterated)
            }
            None => quote!(#[allow(dead_code, unused_variables)] #block),
        };
        return quote!(#code #for_editor);
    }
    if let Ok(mut fields) = syn::parse2::<DeriveInput>(item.clone()) {
        model::fields::check(options, &mut fields, errors);
        return fields.into_token_stream();
    }
    misplaced::<ItemImpl>(item, PlacementMistake::WorkflowOnOther, errors)
}

pub(crate) fn activity(
    options: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let mut options = Options::parse(options, Marker::Activity, errors);
    let root = root(&mut options, errors);
    let read = incomplete::function::<ActivityFn>(item.clone(), errors);
    let Some((function, for_editor)) = read else {
        return misplaced::<ItemFn>(item, PlacementMistake::ActivityOnOther, errors);
    };
    let code = match model::activity::function(options, &function, errors) {
        Some(activity) => expand::activity::expand(&activity, &function, &root),
        None => {
            let placeholder = model::activity::placeholder(&function);
            let placeholder =
                placeholder.map(|placeholder| expand::activity::placeholder(&placeholder, &root));
            match function.body {
                Some(_) => quote!(#item #placeholder),
                None => quote!(#placeholder),
            }
        }
    };
    quote!(#code #for_editor)
}

pub(crate) fn activities(
    options: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let options = Options::parse(options, Marker::Activities, errors);
    let Some((block, for_editor)) = incomplete::block(item.clone(), errors) else {
        return misplaced::<ItemImpl>(item, PlacementMistake::ActivitiesOnOther, errors);
    };
    let code = match model::activities::check(options, block, errors) {
        (block, Some(set)) => expand::activities::expand(&set, block),
        (block, None) => quote!(#[allow(dead_code, unused_variables)] #block),
    };
    quote!(#code #for_editor)
}

pub(crate) fn data(options: TokenStream, item: TokenStream, errors: &mut Errors) -> TokenStream {
    let mut options = Options::parse(options, Marker::Data, errors);
    let root = root(&mut options, errors);
    let before = errors.count();
    let encoding = model::data::encoding(&mut options, errors);
    let is_unknown = errors.count() > before;
    options.finish(errors);
    let Ok(input) = syn::parse2::<DeriveInput>(item.clone()) else {
        return misplaced::<DeriveInput>(item, DataMistake::OnOther, errors);
    };
    if is_unknown {
        return item;
    }
    match model::data::check(&input, encoding, errors) {
        true => match encoding {
            Some(encoding) => expand::data::message(&input, encoding, &root),
            None => expand::data::serialised(&input, &root),
        },
        false => model::data::with_lifetimes(input).into_token_stream(),
    }
}

fn failure(item: TokenStream, errors: &mut Errors) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => {
            errors.push(error);
            return TokenStream::new();
        }
    };
    match model::failure::check(&input, errors) {
        (_, Some(failure)) => expand::failure::expand(&failure),
        // With its parameters it would need more than a placeholder, and a union is no error.
        (_, None) if !input.generics.params.is_empty() => TokenStream::new(),
        (_, None) if matches!(input.data, syn::Data::Union(_)) => TokenStream::new(),
        (root, None) => expand::failure::placeholder(&input.ident, &root),
    }
}

pub(crate) fn main(options: TokenStream, item: TokenStream, errors: &mut Errors) -> TokenStream {
    let mut options = Options::parse(options, Marker::Main, errors);
    let root = root(&mut options, errors);
    options.finish(errors);
    let Some((function, for_editor)) = incomplete::function::<ItemFn>(item.clone(), errors) else {
        return misplaced::<ItemFn>(item, MainMistake::OnOther, errors);
    };
    let code = match model::main::check(&function, errors) {
        true => expand::main::expand(&function, &root),
        false => expand::main::without_body(&function),
    };
    quote!(#code #for_editor)
}

pub(crate) fn allow_nondeterminism(
    options: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let options = Options::parse(options, Marker::AllowNondeterminism, errors);
    determinism::reason(options, TokenStream::new(), errors);
    item
}

macro_rules! stray {
    ($($name:ident $marker:ident)*) => { $(
        /// Reports a mark outside of a `#[workflow]` block, which would have consumed the mark.
        pub(crate) fn $name(_: TokenStream, item: TokenStream, errors: &mut Errors) -> TokenStream {
            errors.at(Span::call_site(), PlacementMistake::StrayMark(Marker::$marker));
            item
        }
    )* };
}
stray! {
    stray_run Run
    stray_init Init
    stray_signal Signal
    stray_query Query
    stray_update Update
}

fn root(options: &mut Options, errors: &mut Errors) -> CratePath {
    options
        .path("crate", errors)
        .map_or_else(CratePath::found, |path| CratePath::written(&path))
}

/// Reports an item of another kind, or the syntax error of an item that does not parse as `Wanted`.
fn misplaced<Wanted: syn::parse::Parse>(
    item: TokenStream,
    mistake: impl fmt::Display,
    errors: &mut Errors,
) -> TokenStream {
    match (
        syn::parse2::<Item>(item.clone()),
        syn::parse2::<Wanted>(item.clone()),
    ) {
        (Ok(_), _) => errors.at(Span::call_site(), mistake),
        (Err(_), Err(error)) => errors.push(error),
        (Err(error), Ok(_)) => errors.push(error),
    }
    marker::strip(item)
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
}
