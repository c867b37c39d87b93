//! Inherited attributes: those of the user's that generated items repeat.

use quote::quote;
use syn::{Attribute, Meta, Token, punctuated::Punctuated};

/// The attributes of a user's item that the items generated for it repeat.
#[derive(Clone, Default)]
pub(crate) struct InheritedAttributes {
    /// `cfg` and `cfg_attr(.., cfg(..))`: whether the item is there at all.
    pub(crate) conditions: Vec<Attribute>,
    /// `doc`, `deprecated`, `allow` and conditional ones of these.
    pub(crate) rest: Vec<Attribute>,
    /// Whether there is a doc comment.
    pub(crate) documented: bool,
}

impl InheritedAttributes {
    pub(crate) fn of(attributes: &[Attribute]) -> Self {
        let mut inherited = Self::default();
        for attribute in attributes {
            let path = attribute.path();
            if path.is_ident("cfg") {
                inherited.conditions.push(attribute.clone());
            } else if path.is_ident("cfg_attr") {
                inherited.conditional(attribute);
            } else if path.is_ident("doc") {
                inherited.documented = true;
                inherited.rest.push(attribute.clone());
            } else if path.is_ident("deprecated") || path.is_ident("allow") {
                inherited.rest.push(attribute.clone());
            } else if path.is_ident("expect") {
                inherited.rest.push(as_allow(attribute));
            }
        }
        inherited
    }

    /// `cfg_attr(condition, attributes..)`, reduced to the attributes that are inherited.
    fn conditional(&mut self, attribute: &Attribute) {
        let parts = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        let Ok(parts) = parts else { return };
        let mut parts = parts.into_iter();
        let Some(condition) = parts.next() else {
            return;
        };
        for part in parts {
            let inner: Attribute = syn::parse_quote!(#[#part]);
            let part = Self::of(&[inner]);
            let of = |inner: &Attribute| {
                let meta = &inner.meta;
                syn::parse_quote!(#[cfg_attr(#condition, #meta)])
            };
            self.conditions.extend(part.conditions.iter().map(of));
            self.rest.extend(part.rest.iter().map(of));
            self.documented |= part.documented;
        }
    }
}

/// Converts `expect` into `allow`: the lint expected in the user's code may not fire in generated code.
fn as_allow(attribute: &Attribute) -> Attribute {
    match &attribute.meta {
        Meta::List(list) => {
            let lints = &list.tokens;
            syn::parse_quote!(#[allow(#lints)])
        }
        other => {
            let tokens = quote!(#other);
            syn::parse_quote!(#[#tokens])
        }
    }
}
