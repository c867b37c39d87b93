//! Typed errors: checks the struct or enum under `#[derive(durably::Failure)]`.

use std::{collections::BTreeMap, time::Duration};

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Attribute, Data, DeriveInput, Field, Fields, LitStr, Member, Meta, Type, parse_quote};

use super::payload_type::{self, Obstacle};
use crate::{
    crate_path::CratePath,
    diag::Errors,
    mistake::FailureMistake,
    syntax::{
        marker::Marker,
        options::{Keyed, Options},
    },
};

/// The types of the failures that durably itself reports of runs, handlers and activities. An error of that
/// name would be decoded from them.
const RESERVED: &[&str] = &[
    "CompleteLater",
    "DataError",
    "Error",
    "MessageTooLarge",
    "Nondeterminism",
    "NotFoundError",
    "Panic",
    "PayloadCodec",
    "ReadOnly",
    "RuntimeShutdown",
    "UnknownQuery",
    "UpdateRejected",
    "WorkerShutdown",
    "WorkflowFault",
];

/// An error type.
pub(crate) struct Failure {
    pub(crate) ident: Ident,
    /// The type of its failures.
    pub(crate) name: String,
    pub(crate) shapes: Shapes,
    pub(crate) root: CratePath,
}

/// What an error can be.
pub(crate) enum Shapes {
    Struct(Box<Shape>),
    Enum(Vec<Variant>),
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// Its name in failures.
    pub(crate) name: String,
    pub(crate) shape: Shape,
}

/// A struct, or a variant of an enum.
pub(crate) struct Shape {
    /// Fields that are data. They have names, or none has.
    pub(crate) data: Vec<DataField>,
    /// The field that is the cause of the failure.
    pub(crate) cause: Option<CauseField>,
    pub(crate) retry: Retry,
}

pub(crate) struct DataField {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    /// The field's `#[serde(..)]`.
    pub(crate) serde: Vec<Attribute>,
}

pub(crate) struct CauseField {
    pub(crate) member: Member,
    pub(crate) ty: Type,
}

#[derive(Clone, Copy)]
pub(crate) enum Retry {
    /// As the retry policy says.
    Policy,
    Never,
    AfterMillis(u64),
    /// As the cause says.
    LikeCause,
}

/// The options of a type or a variant.
struct Declared {
    name: Option<LitStr>,
    retry: Option<Retry>,
}

/// Checks the type. Its crate path is returned in any case, for a placeholder.
pub(crate) fn check(input: &DeriveInput, errors: &mut Errors) -> (CratePath, Option<Failure>) {
    let before = errors.count();
    let mut options = options_of(&input.attrs, errors);
    let of_type = declared(&mut options, errors);
    let root = options
        .path("crate", errors)
        .map_or_else(CratePath::found, |path| CratePath::written(&path));
    options.finish(errors);
    let name = match &of_type.name {
        Some(name) => name.value(),
        None => plain(&input.ident),
    };
    if RESERVED.contains(&&*name) {
        let mistake = FailureMistake::ReservedName(name.clone());
        match &of_type.name {
            Some(name) => errors.on(name, mistake),
            None => errors.on(&input.ident, mistake),
        }
    }
    if let Data::Enum(_) = &input.data {
        refuse_serde(&input.attrs, errors);
    }
    for parameter in &input.generics.params {
        errors.on(
            parameter,
            match parameter {
                syn::GenericParam::Lifetime(_) => FailureMistake::Borrows,
                syn::GenericParam::Type(_) | syn::GenericParam::Const(_) => FailureMistake::Generic,
            },
        );
    }
    let this: Type = {
        let ident = &input.ident;
        parse_quote!(#ident)
    };
    let is_borrowing = input.generics.lifetimes().next().is_some();
    let shape = |attributes: &[Attribute], fields: &Fields, retry, errors: &mut Errors| {
        shape(attributes, fields, &this, retry, is_borrowing, errors)
    };
    let shapes = match &input.data {
        Data::Struct(data) => {
            let shape = shape(&input.attrs, &data.fields, of_type.retry, errors);
            Some(Shapes::Struct(Box::new(shape)))
        }
        Data::Enum(data) => {
            let mut variants = Vec::new();
            let mut names = BTreeMap::new();
            for variant in &data.variants {
                let mut options = options_of(&variant.attrs, errors);
                let of_variant = declared(&mut options, errors);
                options.finish(errors);
                let name = of_variant
                    .name
                    .map_or_else(|| plain(&variant.ident), |name| name.value());
                if let Some(other) = names.insert(name.clone(), plain(&variant.ident)) {
                    errors.on(
                        &variant.ident,
                        FailureMistake::SameName(name.clone(), other),
                    );
                }
                let retry = of_variant.retry.or(of_type.retry);
                variants.push(Variant {
                    ident: variant.ident.clone(),
                    name,
                    shape: shape(&variant.attrs, &variant.fields, retry, errors),
                });
            }
            Some(Shapes::Enum(variants))
        }
        Data::Union(data) => {
            errors.on(data.union_token, FailureMistake::OnOther);
            None
        }
    };
    let failure = shapes
        .filter(|_| errors.count() == before)
        .map(|shapes| Failure {
            ident: input.ident.clone(),
            name,
            shapes,
            root: root.clone(),
        });
    (root, failure)
}

/// Parses all `#[failure(..)]` of an item as one list.
fn options_of(attributes: &[Attribute], errors: &mut Errors) -> Options {
    let ours = attributes.iter().filter(|it| it.path().is_ident("failure"));
    let mut all: Option<Options> = None;
    for attribute in ours {
        let more = Options::of(attribute, Marker::Failure, errors);
        all = Some(match all {
            Some(mut all) => {
                all.append(more, errors);
                all
            }
            None => more,
        });
    }
    all.unwrap_or_else(|| Options::parse(TokenStream::new(), Marker::Failure, errors))
}

fn declared(options: &mut Options, errors: &mut Errors) -> Declared {
    let name = options.text("name", errors).map(|name| name.value);
    let never = options.flag("non_retryable", errors);
    let after = options.duration("next_retry_delay", errors);
    let retry = match (never, after) {
        (Some(_), Some(after)) => {
            errors.at(after.key, FailureMistake::NoNextAttempt);
            None
        }
        (Some(_), None) => Some(Retry::Never),
        (None, Some(Keyed { value, .. })) => Some(Retry::AfterMillis(millis(value))),
        (None, None) => None,
    };
    Declared { name, retry }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("options limit a duration to 10,000 years")
}

fn shape(
    attributes: &[Attribute],
    fields: &Fields,
    this: &Type,
    retry: Option<Retry>,
    is_borrowing: bool,
    errors: &mut Errors,
) -> Shape {
    refuse_serde(attributes, errors);
    let mut data = Vec::new();
    let mut cause: Option<CauseField> = None;
    for (field, member) in fields.iter().zip(fields.members()) {
        if let Some(ours) = field.attrs.iter().find(|it| it.path().is_ident("failure")) {
            errors.on(ours, FailureMistake::OptionOnField);
        }
        let ty = payload_type::without_self(&field.ty, this);
        if is_cause(field) {
            if cause.is_some() {
                errors.on(&field.ty, FailureMistake::TwoCauses);
            }
            cause.get_or_insert(CauseField { member, ty });
            continue;
        }
        if !is_borrowing {
            match payload_type::obstacle(&field.ty) {
                Some(Obstacle::Borrowed(tokens, instead)) => {
                    errors.on(tokens, FailureMistake::BorrowedField(instead));
                }
                // rustc reports them in every type.
                Some(Obstacle::Unsized(..)) => {}
                Some(Obstacle::Opaque(tokens)) => errors.on(tokens, FailureMistake::OpaqueField),
                None => {}
            }
        }
        let serde = field.attrs.iter().filter(|it| it.path().is_ident("serde"));
        let serde: Vec<Attribute> = serde.cloned().collect();
        for attribute in &serde {
            match (&member, conversion(attribute)) {
                (Member::Unnamed(_), _) => errors.on(attribute, FailureMistake::SerdeOfUnnamed),
                (Member::Named(_), Some(word)) => {
                    errors.on(word, FailureMistake::SerdeConversion);
                }
                (Member::Named(_), None) => {}
            }
        }
        data.push(DataField { member, ty, serde });
    }
    let retry = match retry {
        Some(retry) => retry,
        None if cause.is_some() && attributes.iter().any(is_transparent) => Retry::LikeCause,
        None => Retry::Policy,
    };
    Shape { data, cause, retry }
}

/// Reports serde's attributes of a type or variant: fields alone are encoded by serde.
fn refuse_serde(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes.iter().filter(|it| it.path().is_ident("serde")) {
        errors.on(attribute, FailureMistake::SerdeOfShape);
    }
}

/// Whether thiserror takes the field for the error's source.
fn is_cause(field: &Field) -> bool {
    let is_marked = field
        .attrs
        .iter()
        .any(|it| it.path().is_ident("from") || it.path().is_ident("source"));
    is_marked || field.ident.as_ref().is_some_and(|name| name == "source")
}

/// `#[error(transparent)]` of thiserror.
fn is_transparent(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("error") => {
            matches!(list.tokens.clone().into_iter().next(), Some(TokenTree::Ident(word)) if word == "transparent")
        }
        _ => false,
    }
}

/// The word of a serde attribute that converts the field by a function, which gets a reference to what
/// the attribute is on: here, to a reference.
fn conversion(attribute: &Attribute) -> Option<Ident> {
    let Meta::List(list) = &attribute.meta else {
        return None;
    };
    list.tokens
        .clone()
        .into_iter()
        .find_map(|token| match token {
            TokenTree::Ident(word) if word == "with" || word == "serialize_with" => Some(word),
            _ => None,
        })
}

/// A name without `r#`.
fn plain(ident: &Ident) -> String {
    let text = ident.to_token_stream().to_string();
    text.strip_prefix("r#").unwrap_or(&text).to_owned()
}
