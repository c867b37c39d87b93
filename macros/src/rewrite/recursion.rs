//! Recursion: reports async methods that await themselves, directly or through others. rustc would report
//! it for both generated methods of each.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{
    Expr, ExprAsync, ExprAwait, ExprClosure, ImplItemFn, Item,
    visit::{self, Visit},
};

use super::{Cx, state_place::is_self};
use crate::{diag::Errors, mistake::BodyMistake};

/// Reports the awaits that close a cycle, each of which `Box::pin` would break; returns the indices of
/// their methods.
pub(super) fn check<'a>(
    methods: impl Iterator<Item = (usize, &'a ImplItemFn)>,
    cx: &Cx,
    errors: &mut Errors,
) -> BTreeSet<usize> {
    let mut calls = BTreeMap::new();
    for (index, method) in methods {
        let mut found = Awaited { cx, calls: vec![] };
        found.visit_block(&method.block);
        calls.insert(method.sig.ident.to_string(), (index, found.calls));
    }
    let mut search = Search {
        calls: &calls,
        path: Vec::new(),
        done: BTreeSet::new(),
        closing: BTreeSet::new(),
    };
    for name in calls.keys() {
        search.visit(name);
    }
    let mut places = BTreeSet::new();
    for (caller, call) in search.closing {
        let (index, calls) = &calls[caller];
        let (callee, tokens) = &calls[call];
        errors.on(tokens, BodyMistake::Recursion(callee));
        places.insert(*index);
    }
    places
}

/// Methods by name: their indices, and the calls that they await.
type Calls = BTreeMap<String, (usize, Vec<Call>)>;

/// The name of an awaited method, and the await.
type Call = (String, TokenStream);

/// Collects the calls of async methods that a body itself awaits. Async blocks are skipped, because they
/// may be boxed.
struct Awaited<'a> {
    cx: &'a Cx,
    calls: Vec<Call>,
}

impl Awaited<'_> {
    fn callee(&self, awaited: &Expr) -> Option<String> {
        match awaited {
            Expr::MethodCall(call) if is_self(&call.receiver) && self.cx.is_async(&call.method) => {
                Some(call.method.to_string())
            }
            Expr::Call(call) => match &*call.func {
                Expr::Path(function) if self.cx.names_async(&function.path) => {
                    Some(function.path.segments.last()?.ident.to_string())
                }
                _ => None,
            },
            Expr::Group(group) => self.callee(&group.expr),
            Expr::Paren(paren) => self.callee(&paren.expr),
            _ => None,
        }
    }
}

impl Visit<'_> for Awaited<'_> {
    fn visit_expr_await(&mut self, awaited: &ExprAwait) {
        if let Some(callee) = self.callee(&awaited.base) {
            self.calls.push((callee, awaited.to_token_stream()));
        }
        visit::visit_expr_await(self, awaited);
    }

    fn visit_expr_async(&mut self, _: &ExprAsync) {}

    fn visit_expr_closure(&mut self, _: &ExprClosure) {}

    fn visit_item(&mut self, _: &Item) {}
}

/// A depth-first search for calls of methods that are being visited.
struct Search<'a> {
    calls: &'a Calls,
    path: Vec<&'a str>,
    done: BTreeSet<&'a str>,
    closing: BTreeSet<(&'a str, usize)>,
}

impl<'a> Search<'a> {
    fn visit(&mut self, name: &'a str) {
        if self.done.contains(name) {
            return;
        }
        let Some((_, calls)) = self.calls.get(name) else {
            return;
        };
        self.path.push(name);
        for (index, (callee, _)) in calls.iter().enumerate() {
            match self.path.contains(&callee.as_str()) {
                true => drop(self.closing.insert((name, index))),
                false => self.visit(callee),
            }
        }
        self.path.pop();
        self.done.insert(name);
    }
}
