//! Signatures: parses the receiver, the parameters and the output of a function or method.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{Attribute, FnArg, Lifetime, Pat, PatType, ReturnType, Signature, Type, TypeReference};

/// How a method takes `self`.
#[derive(Clone)]
pub(crate) enum Receiver {
    None,
    Shared(Reference),
    Exclusive(Reference),
    /// `self`, `self: Box<Self>` and the like.
    Other(TokenStream),
}

/// A receiver by reference.
#[derive(Clone)]
pub(crate) struct Reference {
    /// The whole receiver, for error spans.
    pub(crate) tokens: TokenStream,
    /// The word `self`.
    pub(crate) at: Span,
    /// The reference's lifetime, if it is named.
    pub(crate) lifetime: Option<Lifetime>,
}

/// One parameter after the receiver.
#[derive(Clone)]
pub(crate) struct Parameter {
    pub(crate) pattern: Pat,
    pub(crate) ty: Type,
    /// The parameter's `cfg` or `cfg_attr`, which would change the signature.
    pub(crate) conditional: Option<Attribute>,
}

impl Parameter {
    /// Returns the parameter's name, if its pattern is a plain one.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match &self.pattern {
            Pat::Ident(name) if name.subpat.is_none() && name.by_ref.is_none() => Some(&name.ident),
            _ => None,
        }
    }

    /// Returns the parameter's type, if it is a reference.
    pub(crate) fn reference(&self) -> Option<&TypeReference> {
        match ungrouped(&self.ty) {
            Type::Reference(reference) => Some(reference),
            _ => None,
        }
    }
}

/// A function's return type.
#[derive(Clone)]
pub(crate) enum Output {
    Unit,
    Value(Type),
    /// A type whose name ends in `Result`.
    Fallible(Type),
}

impl Output {
    pub(crate) fn of(output: &ReturnType) -> Self {
        let ReturnType::Type(_, ty) = output else {
            return Self::Unit;
        };
        match ungrouped(ty) {
            Type::Path(path)
                if path
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident.to_string().ends_with("Result")) =>
            {
                Self::Fallible((**ty).clone())
            }
            Type::Tuple(unit) if unit.elems.is_empty() => Self::Unit,
            _ => Self::Value((**ty).clone()),
        }
    }
}

impl Receiver {
    pub(crate) fn of(signature: &Signature) -> Self {
        let Some(receiver) = signature.receiver() else {
            return Self::None;
        };
        let tokens = receiver.to_token_stream();
        let (lifetime, exclusive) = match (&receiver.reference, ungrouped(&receiver.ty)) {
            (Some((_, lifetime)), _) => (lifetime.clone(), receiver.mutability.is_some()),
            // `self: &mut Self`
            (None, Type::Reference(ty)) if is_self_type(&ty.elem) => {
                (ty.lifetime.clone(), ty.mutability.is_some())
            }
            _ => return Self::Other(tokens),
        };
        let reference = Reference {
            tokens,
            at: receiver.self_token.span,
            lifetime,
        };
        match exclusive {
            true => Self::Exclusive(reference),
            false => Self::Shared(reference),
        }
    }

    /// Returns the receiver's tokens for an error span, if there is a receiver.
    pub(crate) fn tokens(&self) -> Option<&TokenStream> {
        match self {
            Self::None => None,
            Self::Shared(reference) | Self::Exclusive(reference) => Some(&reference.tokens),
            Self::Other(tokens) => Some(tokens),
        }
    }
}

/// Parses the parameters after the receiver.
pub(crate) fn parameters(signature: &Signature) -> Vec<Parameter> {
    signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Receiver(_) => None,
            FnArg::Typed(PatType { attrs, pat, ty, .. }) => Some(Parameter {
                pattern: (**pat).clone(),
                ty: (**ty).clone(),
                conditional: attrs
                    .iter()
                    .find(|a| a.path().is_ident("cfg") || a.path().is_ident("cfg_attr"))
                    .cloned(),
            }),
        })
        .collect()
}

/// Unwraps a type from the invisible groups that `macro_rules` puts around its fragments.
pub(crate) fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

/// Whether the last segment of the type's path is `name`.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ungrouped(ty), Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == name))
}

fn is_self_type(ty: &Type) -> bool {
    matches!(ungrouped(ty), Type::Path(path) if path.path.is_ident("Self"))
}
