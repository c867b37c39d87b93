//! Names of generated types, which must not hide a type that the user names.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident};
use syn::{FnArg, ImplItem, ItemImpl, ext::IdentExt as _};

use crate::root::Root;

/// The words that generated code repeats: the block's type, the types in its signatures, and the
/// path of the runtime crate.
///
/// Generated types stand in a scope of their own, where they can only hide a type that is named
/// there. What stands in bodies is not repeated.
pub(crate) struct Spelled(BTreeSet<String>);

impl Spelled {
    pub(crate) fn of(block: &ItemImpl, root: &Root) -> Self {
        // `&'static str` is our own word.
        let mut spelled = Self(BTreeSet::from(["str".to_owned()]));
        spelled.add(root.to_token_stream());
        spelled.add(block.self_ty.to_token_stream());
        for item in &block.items {
            if let ImplItem::Fn(method) = item {
                for input in &method.sig.inputs {
                    if let FnArg::Typed(input) = input {
                        spelled.add(input.ty.to_token_stream());
                    }
                }
                spelled.add(method.sig.output.to_token_stream());
            }
        }
        spelled
    }

    /// `name`, with underscores added while the block has it for something else.
    pub(crate) fn other_than(&self, name: Ident) -> Ident {
        match self.0.contains(&name.unraw().to_string()) {
            true => self.other_than(format_ident!("{}_", name, span = name.span())),
            false => name,
        }
    }

    fn add(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    self.0.insert(word.unraw().to_string());
                }
                TokenTree::Group(group) => self.add(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}
