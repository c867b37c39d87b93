//! Arguments: checks a method's parameters, an optional context followed by payload arguments.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::{GenericArgument, Pat, PathArguments, Type, ext::IdentExt as _, parse_quote};

use super::payload_type::{self, Obstacle};
use crate::{
    diag::Errors,
    mistake::SignatureMistake,
    syntax::{
        incomplete::is_incomplete_argument,
        marker::Marker,
        signature::{Parameter, is_named, ungrouped},
    },
};

/// The parameters of a handler, run method, constructor or activity.
#[derive(Clone)]
pub(crate) struct Arguments {
    /// The type behind the `&` of the first parameter. Whether it is a context is decided by a
    /// trait, not by its spelling.
    pub(crate) context: Option<Type>,
    pub(crate) list: Vec<Argument>,
    pub(crate) passing: Passing,
}

/// What the arguments are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// Each is decoded from a payload of its own.
    Each,
    /// One argument holds all payloads of the caller.
    All,
    /// The name of the message, and all payloads of the caller.
    NameAndAll,
}

/// One argument.
#[derive(Clone)]
pub(crate) struct Argument {
    pub(crate) name: Ident,
    /// The argument's name in errors at run time.
    pub(crate) text: String,
    pub(crate) ty: Type,
    /// The trait of the caller's parameter, if the argument is text: a call takes `&str` for `String`.
    pub(crate) text_trait: Option<&'static str>,
}

impl Arguments {
    /// Checks parameters; `None` if any has a mistake.
    pub(crate) fn of(
        parameters: &[Parameter],
        self_ty: Option<&Type>,
        marker: Marker,
        passing: Passing,
        errors: &mut Errors,
    ) -> Option<Self> {
        let before = errors.count();
        let is_incomplete =
            |parameter: &Parameter| parameter.name().is_some_and(is_incomplete_argument);
        if parameters.iter().any(is_incomplete) {
            return None;
        }
        let mut arguments = Self {
            context: None,
            list: Vec::new(),
            passing,
        };
        for (index, parameter) in parameters.iter().enumerate() {
            if let Some(attribute) = &parameter.conditional {
                errors.on(attribute, SignatureMistake::ConditionalArgument);
            }
            match parameter.reference() {
                Some(reference) if index == 0 && may_be_context(&reference.elem) => {
                    if let Some(lifetime) =
                        reference.lifetime.as_ref().filter(|l| l.ident == "static")
                    {
                        errors.on(lifetime, SignatureMistake::StaticContext);
                    }
                    if let Some(exclusive) = &reference.mutability {
                        errors.on(exclusive, SignatureMistake::ExclusiveContext);
                    }
                    arguments.context = Some((*reference.elem).clone());
                }
                Some(reference) if index > 0 && is_context_by_name(&reference.elem) => {
                    errors.on(reference, SignatureMistake::ContextNotFirst);
                }
                _ => arguments.add(parameter, self_ty, marker, errors),
            }
        }
        (errors.count() == before && arguments.are_distinct()).then_some(arguments)
    }

    /// Creates the placeholders of a refused method's arguments, which accept every type.
    pub(crate) fn placeholder(parameters: &[Parameter]) -> Self {
        let is_context = |index: usize, parameter: &Parameter| {
            let reference = parameter.reference().filter(|_| index == 0);
            reference.is_some_and(|first| may_be_context(&first.elem))
                || mentions_context(parameter.ty.to_token_stream())
        };
        let list = parameters.iter().enumerate();
        let list = list.filter(|(index, parameter)| !is_context(*index, parameter));
        let argument = |(index, _)| Argument {
            name: format_ident!("argument_{index}"),
            text: String::new(),
            ty: parse_quote!(impl ::core::marker::Sized),
            text_trait: None,
        };
        Self {
            context: None,
            list: list.map(argument).collect(),
            passing: Passing::Each,
        }
    }

    /// Checks the number of arguments of a dynamic handler, run method, constructor or activity.
    pub(crate) fn check_passing(&self, marker: Marker, ident: &Ident, errors: &mut Errors) {
        let fits = match (self.passing, marker) {
            (Passing::Each, _) => true,
            // One of the two may leave them to the other.
            (Passing::All, Marker::Run | Marker::Init) => self.list.len() <= 1,
            (Passing::All, _) => self.list.len() == 1,
            (Passing::NameAndAll, _) => self.list.len() == 2,
        };
        if !fits {
            let mistake = match self.passing {
                Passing::NameAndAll => SignatureMistake::DynamicHandlerArguments(marker),
                Passing::Each | Passing::All => SignatureMistake::DynamicArguments(marker),
            };
            errors.at(ident.span(), mistake);
        }
    }

    /// Returns the types as the user wrote them, for comparison.
    pub(crate) fn types(&self) -> Vec<String> {
        self.list
            .iter()
            .map(|argument| argument.ty.to_token_stream().to_string())
            .collect()
    }

    /// Whether all names differ; rustc reports those that do not.
    fn are_distinct(&self) -> bool {
        let names: BTreeSet<&str> = self.list.iter().map(|one| one.text.as_str()).collect();
        names.len() == self.list.len()
    }

    fn add(
        &mut self,
        parameter: &Parameter,
        self_ty: Option<&Type>,
        marker: Marker,
        errors: &mut Errors,
    ) {
        match payload_type::obstacle(&parameter.ty) {
            Some(Obstacle::Borrowed(tokens, _))
                if marker.is_of_workflow() && is_client(&parameter.ty) =>
            {
                errors.on(tokens, SignatureMistake::BorrowedClient(marker));
            }
            Some(Obstacle::Borrowed(tokens, _)) if ends_in_context(&tokens) => {
                errors.on(tokens, SignatureMistake::WrappedContext);
            }
            Some(Obstacle::Unsized(tokens, instead)) => {
                errors.on(tokens, SignatureMistake::UnsizedArgument(marker, instead));
            }
            Some(Obstacle::Borrowed(tokens, instead)) => {
                errors.on(tokens, SignatureMistake::BorrowedArgument(marker, instead));
            }
            Some(Obstacle::Opaque(tokens)) => {
                errors.on(tokens, SignatureMistake::OpaqueArgument(marker))
            }
            None => {}
        }
        let Some(name) = parameter.name() else {
            let mistake = match parameter.pattern {
                Pat::Wild(_) => SignatureMistake::UnnamedArgument(marker),
                _ => SignatureMistake::ArgumentWithoutName(marker),
            };
            errors.on(&parameter.pattern, mistake);
            return;
        };
        self.list.push(Argument {
            name: name.clone(),
            text: name.unraw().to_string(),
            text_trait: text_trait(&parameter.ty),
            ty: match self_ty {
                Some(self_ty) => payload_type::without_self(&parameter.ty, self_ty),
                None => parameter.ty.clone(),
            },
        });
    }
}

/// Recognises text types by spelling: for a user's type of such a name the generated conversion fails
/// to compile.
fn text_trait(ty: &Type) -> Option<&'static str> {
    if is_named(ty, "String") {
        return Some("Text");
    }
    let of_strings = only_parameter(ty).is_some_and(|inner| is_named(inner, "String"));
    match of_strings {
        true if is_named(ty, "Option") => Some("OptionalText"),
        true if is_named(ty, "Vec") => Some("TextList"),
        _ => None,
    }
}

/// Returns the `T` of `Vec<T>`.
fn only_parameter(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ungrouped(ty) else {
        return None;
    };
    match &path.path.segments.last()?.arguments {
        PathArguments::AngleBracketed(given) if given.args.len() == 1 => match &given.args[0] {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a reference to a context stands inside of another type.
fn ends_in_context(reference: &TokenStream) -> bool {
    let ty = syn::parse2::<Type>(reference.clone());
    ty.is_ok_and(|mut ty| {
        while let Type::Reference(reference) = ty {
            ty = *reference.elem;
        }
        is_context_by_name(&ty)
    })
}

/// Whether the name of a context stands anywhere in a type.
fn mentions_context(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(word) => CONTEXTS.iter().any(|name| word == name),
        TokenTree::Group(group) => mentions_context(group.stream()),
        _ => false,
    })
}

/// Whether the type is `&Client`, a common mistake with a message of its own.
fn is_client(ty: &Type) -> bool {
    matches!(ungrouped(ty), Type::Reference(reference) if is_named(&reference.elem, "Client"))
}

/// Whether a reference to the type may be the context. For the common payload types it is an argument
/// that must be owned, where rustc's error would be about contexts.
fn may_be_context(ty: &Type) -> bool {
    const NEVER: [&str; 20] = [
        "str", "String", "Vec", "Option", "Box", "bool", "char", "u8", "u16", "u32", "u64", "u128",
        "usize", "i8", "i16", "i32", "i64", "isize", "f32", "f64",
    ];
    matches!(ungrouped(ty), Type::Path(_)) && !NEVER.iter().any(|name| is_named(ty, name))
}

/// Whether the type is spelled like a context. Misplaced contexts are only suspected by spelling,
/// because a user's type may have that name; expansions assert the suspicion by type.
pub(crate) fn is_context_by_name(ty: &Type) -> bool {
    CONTEXTS.iter().any(|name| is_named(ty, name))
}

const CONTEXTS: [&str; 3] = ["Ctx", "View", "ActivityCtx"];
