//! What rustdoc shows of a workflow's async methods: the signatures that the user wrote.
//!
//! In code such a method takes a cell in place of `self`, which no reader of the documentation can
//! make use of.

use syn::{ImplItem, ImplItemFn, ItemImpl, parse_quote};

/// Adds the methods of `block` as they were `written`, for rustdoc alone.
pub(crate) fn add_written_signatures(block: &mut ItemImpl, written: Vec<ImplItemFn>) {
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item
            && written.iter().any(|it| it.sig.ident == method.sig.ident)
        {
            method.attrs.push(parse_quote!(#[cfg(not(doc))]));
        }
    }
    block.items.extend(written.into_iter().map(|mut method| {
        method.attrs.push(parse_quote!(#[cfg(doc)]));
        ImplItem::Fn(method)
    }));
}
