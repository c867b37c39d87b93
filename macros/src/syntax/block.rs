//! An impl block: its marked methods, and the block without the marks.

use syn::{ImplItem, ImplItemFn, ItemImpl};

use super::{attr::Options, marker::Marker};
use crate::{diag::Errors, mistake::PlaceMistake};

/// An impl block, its marks taken off.
pub(crate) struct Block {
    pub(crate) item: ItemImpl,
    pub(crate) marked: Vec<Marked>,
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
        let mut marked = Vec::new();
        for (index, item) in item.items.iter_mut().enumerate() {
            let ImplItem::Fn(method) = item else { continue };
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
                    Some(first) => errors.on(attribute, PlaceMistake::TwoMarks(first, marker)),
                }
                false
            });
            for attribute in &method.attrs {
                if let Some(stray) = Marker::of(attribute)
                    && (stray.is_of_workflow() || stray == Marker::Activity)
                {
                    errors.on(attribute, PlaceMistake::MarkOfOtherBlock(stray));
                }
            }
            method
                .attrs
                .retain(|attribute| !is_ours_on_method(attribute));
        }
        Self { item, marked }
    }

    /// A method by its place.
    pub(crate) fn method(&self, index: usize) -> &ImplItemFn {
        match &self.item.items[index] {
            ImplItem::Fn(method) => method,
            _ => unreachable!("places were taken from methods"),
        }
    }
}

fn is_ours_on_method(attribute: &syn::Attribute) -> bool {
    Marker::of(attribute)
        .is_some_and(|marker| marker.is_of_workflow() || marker == Marker::Activity)
}
