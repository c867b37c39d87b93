//! Documentation of async methods: shows rustdoc the signatures that the user wrote.
//!
//! The compiled method takes a cell in place of `self`, which readers of the documentation cannot use.

use syn::{ImplItem, ImplItemFn, ItemImpl, parse_quote};

/// Adds the signatures as `written` to `block` under `cfg(doc)`, and hides the compiled methods there.
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
