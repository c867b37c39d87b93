//! Generated names: chooses names of generated types that do not shadow a type in the user's code.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident};
use syn::{FnArg, ImplItem, ItemImpl, ext::IdentExt as _};

use crate::crate_path::CratePath;

/// The user's names that generated code repeats: those in the block's type, in its signatures and in
/// the path of the runtime crate.
///
/// Names in bodies do not count: generated types stand in a scope of their own, and bodies stay
/// outside of it.
pub(crate) struct UsedNames(BTreeSet<String>);

impl UsedNames {
    pub(crate) fn of(block: &ItemImpl, root: &CratePath) -> Self {
        // Generated code itself names `&'static str`.
        let mut used_names = Self(BTreeSet::from(["str".to_owned()]));
        used_names.add(root.to_token_stream());
        used_names.add(block.self_ty.to_token_stream());
        for item in &block.items {
            if let ImplItem::Fn(method) = item {
                for input in &method.sig.inputs {
                    if let FnArg::Typed(input) = input {
                        used_names.add(input.ty.to_token_stream());
                    }
                }
                used_names.add(method.sig.output.to_token_stream());
            }
        }
        used_names
    }

    /// Returns `name`, with underscores added until the block does not use it.
    pub(crate) fn unused_name(&self, name: Ident) -> Ident {
        match self.0.contains(&name.unraw().to_string()) {
            true => self.unused_name(format_ident!("{}_", name, span = name.span())),
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
