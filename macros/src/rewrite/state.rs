//! The state in a body: the variable that holds it, its lease and its cell.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::Cx;

/// The expression for `self` in a body.
#[derive(Clone)]
pub(super) struct State {
    pub(super) access: Access,
    pub(super) holder: Holder,
}

/// A body's access to `self`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Exclusive,
    Shared,
}

/// The variable that holds the state. Its uses have the hygiene of its declaration: a body may come
/// from another macro than its signature.
#[derive(Clone)]
pub(super) enum Holder {
    /// The method's receiver.
    Receiver(Span),
    /// A local of a nested body.
    Local(String, Span),
}

impl State {
    /// Whether `self` stays as it is written.
    pub(super) fn is_as_written(&self) -> bool {
        matches!(
            (&self.holder, self.access),
            (Holder::Receiver(_), Access::Exclusive)
        )
    }

    /// Generates the expression for `self`.
    pub(super) fn value(&self, cx: &Cx, at: Span) -> TokenStream {
        let (variable, root) = (self.variable(at), cx.root.at(at));
        match self.access {
            Access::Exclusive => quote!(#variable),
            Access::Shared => quote_spanned!(at=> #root::__private::shared(#variable)),
        }
    }

    pub(super) fn variable(&self, at: Span) -> Ident {
        match &self.holder {
            Holder::Receiver(declared) => Ident::new("self", at.resolved_at(*declared)),
            Holder::Local(name, declared) => Ident::new(name, at.resolved_at(*declared)),
        }
    }

    /// Generates the lease as an argument.
    pub(super) fn lease(&self, at: Span) -> TokenStream {
        let lease = lease(at);
        match self.holder {
            Holder::Receiver(_) => quote!(#lease),
            Holder::Local(..) => quote_spanned!(at=> &mut #lease),
        }
    }
}

/// Generates the first statements of a body that takes the state into a variable of its own.
pub(super) fn opening(state: &State, cx: &Cx, at: Span) -> TokenStream {
    let (variable, lease, cell, held, root) = (
        state.variable(at),
        lease(at),
        cell(at),
        hidden("root", at),
        &cx.root,
    );
    quote_spanned! {at=>
        let mut #held = #root::__private::Root::new(#cell);
        let mut #lease = #root::__private::Lease::new(&mut #held);
        #[allow(unused_mut, unused_variables, unused_assignments)]
        let mut #variable: &mut Self = #lease.take();
    }
}

pub(super) fn lease(at: Span) -> Ident {
    hidden("durably_lease", at)
}

pub(super) fn cell(at: Span) -> Ident {
    hidden("cell", at)
}

/// Names a local with mixed-site hygiene, which user code cannot name.
pub(super) fn hidden(name: &str, at: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(at))
}
