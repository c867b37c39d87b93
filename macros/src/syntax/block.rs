//! An impl block: its marked methods, and the block without the marks.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use proc_macro2::Span;
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl};

use super::{
    marker::{self, Marker},
    options::Options,
};
use crate::{
    diag::Errors,
    mistake::{BlockMistake, PlacementMistake},
};

/// An impl block, its marks taken off.
pub(crate) struct Block {
    pub(crate) item: ItemImpl,
    pub(crate) marked: Vec<Marked>,
    /// The places of marked methods of which nothing can be made, which was reported.
    pub(crate) refused: BTreeSet<usize>,
}

/// One marked method.
pub(crate) struct Marked {
    pub(crate) marker: Marker,
    pub(crate) options: Options,
    /// Its place among the block's items.
    pub(crate) index: usize,
}

impl Block {
    /// Takes the marks that `belongs` here off the methods of `item`.
    pub(crate) fn split(
        mut item: ItemImpl,
        belongs: fn(Marker) -> bool,
        errors: &mut Errors,
    ) -> Self {
        drop_second_methods(&mut item, errors);
        let mut marked = Vec::new();
        for (index, item) in item.items.iter_mut().enumerate() {
            let ImplItem::Fn(method) = item else {
                refuse_marks(item, errors);
                continue;
            };
            method.attrs.retain(|attribute| {
                let foreign = foreign_mark(attribute).filter(|_| belongs(Marker::Update));
                if let Some(instead) = foreign {
                    errors.on(attribute, PlacementMistake::ForeignMark(instead));
                }
                foreign.is_none()
            });
            let mut first = None;
            method.attrs.retain(|attribute| {
                let Some(marker) = Marker::of(attribute).filter(|marker| belongs(*marker)) else {
                    return true;
                };
                match first {
                    None => {
                        first = Some(marker);
                        marked.push(Marked {
                            marker,
                            options: Options::of(attribute, marker, errors),
                            index,
                        });
                    }
                    Some(first) => errors.on(attribute, PlacementMistake::TwoMarks(first, marker)),
                }
                false
            });
            for attribute in &method.attrs {
                if let Some(stray) = Marker::of(attribute)
                    && (stray.is_of_workflow() || stray == Marker::Activity)
                {
                    errors.on(attribute, PlacementMistake::MarkOfOtherBlock(stray));
                }
            }
            method
                .attrs
                .retain(|attribute| !is_ours_on_method(attribute));
        }
        Self {
            item,
            marked,
            refused: BTreeSet::new(),
        }
    }

    /// A method by its place.
    pub(crate) fn method(&self, index: usize) -> &ImplItemFn {
        match &self.item.items[index] {
            ImplItem::Fn(method) => method,
            _ => unreachable!("places were taken from methods"),
        }
    }
}

/// Two methods of one name would be told by rustc once for each thing generated for them.
/// Conditional ones may never meet.
fn drop_second_methods(item: &mut ItemImpl, errors: &mut Errors) {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    item.items.retain(|item| {
        let ImplItem::Fn(method) = item else {
            return true;
        };
        let is_conditional = |attribute: &Attribute| {
            attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
        };
        if method.attrs.iter().any(is_conditional) {
            return true;
        }
        let ident = &method.sig.ident;
        match seen.entry(ident.to_string()) {
            Entry::Vacant(free) => {
                free.insert(ident.span());
                true
            }
            Entry::Occupied(first) => {
                errors.at(ident.span(), BlockMistake::MethodTwice(ident));
                errors.at(*first.get(), BlockMistake::FirstMethod);
                false
            }
        }
    });
}

/// Takes our marks off what is no method.
fn refuse_marks(item: &mut ImplItem, errors: &mut Errors) {
    let attributes = match item {
        ImplItem::Const(constant) => &mut constant.attrs,
        ImplItem::Type(ty) => &mut ty.attrs,
        ImplItem::Macro(call) => &mut call.attrs,
        // A method without a body, which rustc tells.
        ImplItem::Verbatim(tokens) => {
            *tokens = marker::strip(std::mem::take(tokens));
            return;
        }
        _ => return,
    };
    attributes.retain(|attribute| match Marker::of(attribute) {
        Some(marker) if is_ours_on_method(attribute) => {
            errors.on(attribute, PlacementMistake::MarkOnOther(marker));
            false
        }
        _ => true,
    });
}

/// What to write instead of a mark that other SDKs have.
fn foreign_mark(attribute: &Attribute) -> Option<&'static str> {
    let last = attribute.path().segments.last()?;
    ["validator", "update_validator"]
        .iter()
        .any(|word| last.ident == word)
        .then_some("a validator takes no mark; its update names it: `#[update(validator = check)]`")
}

fn is_ours_on_method(attribute: &Attribute) -> bool {
    Marker::of(attribute)
        .is_some_and(|marker| marker.is_of_workflow() || marker == Marker::Activity)
}
