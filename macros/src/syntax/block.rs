//! Impl blocks: separates the marks of methods from the block.

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

/// An impl block without marks, and its marked methods.
pub(crate) struct Block {
    pub(crate) item: ItemImpl,
    pub(crate) marked: Vec<Marked>,
    /// Indices of marked methods with a reported mistake, for which no code is generated.
    pub(crate) refused: BTreeSet<usize>,
}

/// One marked method.
pub(crate) struct Marked {
    pub(crate) marker: Marker,
    pub(crate) options: Options,
    /// The method's index among the block's items.
    pub(crate) index: usize,
}

impl Block {
    /// Removes from the methods of `item` the marks for which `belongs` is true; reports other marks.
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

    /// Returns the method at an index of the block's items.
    pub(crate) fn method(&self, index: usize) -> &ImplItemFn {
        match &self.item.items[index] {
            ImplItem::Fn(method) => method,
            _ => unreachable!("places were taken from methods"),
        }
    }
}

/// Drops the second of two methods of one name: rustc would report it once for each item generated
/// for it. Methods under a `cfg` stay, because their conditions may exclude each other.
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

/// Removes and reports marks on items other than methods.
fn refuse_marks(item: &mut ImplItem, errors: &mut Errors) {
    let attributes = match item {
        ImplItem::Const(constant) => &mut constant.attrs,
        ImplItem::Type(ty) => &mut ty.attrs,
        ImplItem::Macro(call) => &mut call.attrs,
        // A method without a body, which rustc reports.
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

/// Translates a mark of another SDK into ours.
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
