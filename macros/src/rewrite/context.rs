//! The context parameter of an async method, recognised by its name.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, ImplItemFn, PatIdent, visit::Visit};

use crate::syntax::signature::parameters;

/// How a method calls its context.
pub(super) struct Context {
    pub(super) name: Ident,
    /// Whether the body gives the name to something else too, such as a clone.
    is_shadowed: bool,
}

impl Context {
    /// Whether an expression calls something by this name.
    pub(super) fn may_be_in(&self, expression: &Expr) -> bool {
        super::mentions(expression, &self.name.to_string())
    }

    /// Whether code surely means the context by this name.
    pub(super) fn is_in(&self, code: impl ToTokens) -> bool {
        !self.is_shadowed && super::mentions(code, &self.name.to_string())
    }
}

/// The context of a method: what its first reference is called, whatever its type.
pub(super) fn context_of(method: &ImplItemFn) -> Option<Context> {
    struct Rebinding<'a>(&'a Ident, bool);
    impl Visit<'_> for Rebinding<'_> {
        fn visit_pat_ident(&mut self, pattern: &PatIdent) {
            self.1 |= pattern.ident == *self.0;
        }
    }
    let first = parameters(&method.sig).into_iter().next()?;
    first.reference()?;
    let name = first.name()?.clone();
    let mut rebinding = Rebinding(&name, false);
    rebinding.visit_block(&method.block);
    let is_shadowed = rebinding.1;
    Some(Context { name, is_shadowed })
}
