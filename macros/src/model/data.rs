//! Payload types: checks the struct or enum under `#[durably::data]`, whose fields must be owned, and parses
//! the encoding of a protobuf message.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{
    Attribute, Data, DeriveInput, Field, GenericParam, Lifetime, Meta, Path, Token, Type, TypePath,
    TypeReference,
    punctuated::Punctuated,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

use super::payload_type;
use crate::{
    diag::Errors,
    mistake::DataMistake,
    syntax::{
        options::Options,
        signature::{is_named, ungrouped},
    },
};

/// The encoding of a protobuf message.
#[derive(Clone, Copy)]
pub(crate) enum MessageEncoding {
    Binary,
    Json,
}

impl MessageEncoding {
    pub(crate) const BINARY: &'static str = "binary/protobuf";
    pub(crate) const JSON: &'static str = "json/protobuf";
}

/// Takes the option `encoding = ".."`.
pub(crate) fn encoding(options: &mut Options, errors: &mut Errors) -> Option<MessageEncoding> {
    let found = options.text("encoding", errors)?;
    match found.value.value().as_str() {
        MessageEncoding::BINARY => Some(MessageEncoding::Binary),
        MessageEncoding::JSON => Some(MessageEncoding::Json),
        "json/plain" => {
            errors.on(found.value, DataMistake::EncodingOfSerde);
            None
        }
        other => {
            errors.on(&found.value, DataMistake::UnknownEncoding(other.to_owned()));
            None
        }
    }
}

/// Checks that serde's derives apply to the type; or the encoding of a message, whose serde traits are the
/// user's own.
pub(crate) fn check(
    input: &DeriveInput,
    encoding: Option<MessageEncoding>,
    errors: &mut Errors,
) -> bool {
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
    let own_derives = match encoding {
        Some(_) => Vec::new(),
        None => derives(input),
    };
    for derived in own_derives {
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

/// Returns the types of fields that must implement serde's traits, each with its `cfg`s. Omits fields
/// with a serde attribute, which may convert the field, and types that name a type parameter or `Self`,
/// which an assertion outside of the type cannot name.
pub(crate) fn serialized_fields(
    input: &DeriveInput,
) -> impl Iterator<Item = (Vec<&Attribute>, &Type)> {
    let parameters: Vec<&Ident> = input
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    let fields: Vec<(&[Attribute], &Field)> = match &input.data {
        Data::Struct(data) => data.fields.iter().map(|field| (&[][..], field)).collect(),
        Data::Enum(data) => data
            .variants
            .iter()
            .flat_map(|variant| variant.fields.iter().map(|it| (&variant.attrs[..], it)))
            .collect(),
        Data::Union(_) => Vec::new(),
    };
    let converted = input.attrs.iter().any(|it| is_of_serde(it) && converts(it));
    let is_nameable = move |ty: &Type| {
        !mentions_any(ty.to_token_stream(), &|ident| {
            ident == "Self" || parameters.contains(&ident)
        })
    };
    fields
        .into_iter()
        .filter(move |(variant, field)| {
            !converted
                && !variant.iter().chain(&field.attrs).any(is_of_serde)
                && is_nameable(&field.ty)
        })
        .map(|(variant, field)| {
            let attributes = variant.iter().chain(&field.attrs);
            let conditions = attributes.filter(|it| it.path().is_ident("cfg"));
            (conditions.collect(), &field.ty)
        })
}

fn is_of_serde(attribute: &Attribute) -> bool {
    attribute.path().is_ident("serde") || attribute.path().is_ident("cfg_attr")
}

/// Whether the attribute makes serde convert to another type, or use other bounds.
fn converts(attribute: &Attribute) -> bool {
    let names = ["from", "try_from", "into", "remote", "bound"];
    mentions_any(attribute.to_token_stream(), &|ident| {
        names.iter().any(|name| ident == name)
    })
}

fn mentions_any(tokens: TokenStream, named: &dyn Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => named(&ident),
        TokenTree::Group(group) => mentions_any(group.stream(), named),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Adds `'static` to every reference of a refused type: rustc would suggest a lifetime parameter, which
/// a payload type cannot have.
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

/// Returns the references in fields without serde attributes.
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
                // `PhantomData` holds no value.
                Type::Path(TypePath { .. }) if is_named(ty, "PhantomData") => {}
                _ => visit::visit_type(self, ty),
            }
        }
    }
    let mut search = Search(Vec::new());
    search.visit_data(&input.data);
    search.0
}
