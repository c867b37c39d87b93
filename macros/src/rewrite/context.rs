//! The context parameter of an async method, recognised by its name.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, ImplItemFn, PatIdent, visit::Visit};

use crate::syntax::signature::parameters;

/// The name of a method's context.
pub(super) struct Context {
    pub(super) name: Ident,
    /// Whether the body binds the name again, for example to a clone.
    is_shadowed: bool,
}

impl Context {
    /// Whether an expression uses the name, for the context or a variable that shadows it.
    pub(super) fn may_be_in(&self, expression: &Expr) -> bool {
        super::mentions(expression, &self.name.to_string())
    }

    /// Whether code uses the name, and nothing shadows it.
    pub(super) fn is_in(&self, code: impl ToTokens) -> bool {
        !self.is_shadowed && super::mentions(code, &self.name.to_string())
    }
}

/// Finds the context of a method: the first parameter, if it is a reference. Its type cannot be checked
/// here, because it may be an alias.
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
