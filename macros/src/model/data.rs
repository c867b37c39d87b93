//! A payload type: a struct or an enum that owns what it holds.

use syn::{Data, DeriveInput, Meta, Path, Token, punctuated::Punctuated};

use crate::{diag::Errors, mistake::DataMistake};

/// Whether the type can be given serde's derives.
pub(crate) fn check(input: &DeriveInput, errors: &mut Errors) -> bool {
    let before = errors.count();
    if let Data::Union(data) = &input.data {
        errors.on(data.union_token, DataMistake::OnOther);
    }
    for lifetime in input.generics.lifetimes() {
        errors.on(lifetime, DataMistake::Borrows);
    }
    for derived in derives(input) {
        for name in ["Serialize", "Deserialize"] {
            if derived
                .segments
                .last()
                .is_some_and(|last| last.ident == name)
            {
                errors.on(&derived, DataMistake::DerivedTwice(name));
            }
        }
    }
    errors.count() == before
}

fn derives(input: &DeriveInput) -> Vec<Path> {
    let lists = input
        .attrs
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("derive") => list
                .parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)
                .ok(),
            _ => None,
        });
    lists.flatten().collect()
}
