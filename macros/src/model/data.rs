//! A payload type: a struct or an enum that owns what it holds.

use proc_macro2::Span;
use syn::{
    Data, DeriveInput, Field, Lifetime, Meta, Path, Token, Type, TypePath, TypeReference,
    punctuated::Punctuated,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

use super::payload_type;
use crate::{
    diag::Errors,
    mistake::DataMistake,
    syntax::signature::{is_named, ungrouped},
};

/// Whether the type can be given serde's derives.
pub(crate) fn check(input: &DeriveInput, errors: &mut Errors) -> bool {
    let before = errors.count();
    if let Data::Union(data) = &input.data {
        errors.on(data.union_token, DataMistake::OnOther);
    }
    for lifetime in input.generics.lifetimes() {
        errors.on(lifetime, DataMistake::Borrows);
    }
    if errors.count() == before {
        for reference in references(input) {
            let instead = payload_type::owned(&reference.elem);
            errors.on(reference, DataMistake::BorrowedField(instead));
        }
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

/// The type with a lifetime at every reference, so that rustc does not ask for one that would be
/// refused here.
pub(crate) fn with_lifetimes(mut input: DeriveInput) -> DeriveInput {
    struct Static;
    impl VisitMut for Static {
        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            reference
                .lifetime
                .get_or_insert_with(|| Lifetime::new("'static", Span::call_site()));
            visit_mut::visit_type_reference_mut(self, reference);
        }
    }
    Static.visit_derive_input_mut(&mut input);
    input
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

/// The references in the fields, but for those that serde is told something about.
fn references(input: &DeriveInput) -> Vec<&TypeReference> {
    struct Search<'i>(Vec<&'i TypeReference>);
    impl<'i> Visit<'i> for Search<'i> {
        fn visit_field(&mut self, field: &'i Field) {
            if !field.attrs.iter().any(|a| a.path().is_ident("serde")) {
                visit::visit_field(self, field);
            }
        }

        fn visit_type(&mut self, ty: &'i Type) {
            match ungrouped(ty) {
                Type::Reference(reference) => self.0.push(reference),
                // It holds nothing.
                Type::Path(TypePath { .. }) if is_named(ty, "PhantomData") => {}
                _ => visit::visit_type(self, ty),
            }
        }
    }
    let mut search = Search(Vec::new());
    search.visit_data(&input.data);
    search.0
}
