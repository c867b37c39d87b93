//! Sync methods of a workflow block: reports their calls of async methods.

use syn::{
    ExprMethodCall, ImplItemFn, Item,
    visit::{self, Visit},
};

use super::{Cx, state_place::is_self};
use crate::{diag::Errors, mistake::BodyMistake};

/// Reports each call of an async method of the block: a sync method has no cell to lend the state
/// from.
pub(super) fn check(method: &ImplItemFn, cx: &Cx, errors: &mut Errors) {
    let mut calls = Calls { cx, errors };
    calls.visit_block(&method.block);
}

struct Calls<'a> {
    cx: &'a Cx,
    errors: &'a mut Errors,
}

impl Visit<'_> for Calls<'_> {
    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        if is_self(&call.receiver)
            && self.cx.is_async(&call.method)
            && !self.cx.refuses_call(&call.method, self.errors)
        {
            self.errors
                .on(&call.method, BodyMistake::AsyncFromSync(&call.method));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item(&mut self, _: &Item) {}
}
