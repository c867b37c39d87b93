//! The check visits code and reports the operations on the denylist.

use std::mem;

use quote::ToTokens;
use syn::{
    Expr, ExprAsync, ExprClosure, ExprForLoop, ExprMethodCall, ExprPath, Ident, ImplItemFn, Item,
    ItemFn, ItemImpl, ItemStatic, ItemUse, Local, Macro, Path, PathArguments, Stmt, TypePath,
    UseTree,
    parse::{Parse as _, Parser as _},
    visit_mut::{self, VisitMut},
};

use super::{
    awaiting_macros,
    denylist::{self, Group},
    iteration::{self, Field, Iterated},
    permits::{
        add_clippy_allow, allow_in_clippy, attributes_of, ends_with_semicolon, leftmost_attributes,
        lift_permits, take_permits,
    },
    statics::{StaticIn, Statics, changes_static, has_interior, is_name_of_static},
    tokens,
};
use crate::{
    diag::Errors,
    mistake::{BodyMistake, DeterminismMistake},
    rewrite,
    syntax::macro_body::MacroBody,
};

pub(super) struct Check<'e> {
    errors: &'e mut Errors,
    scope: Scope,
    /// Whether a permit covers the visited code.
    permitted: bool,
    /// The items on which a permit is allowed here, for messages.
    permit_on: &'static str,
    /// Whether the visited code is in every build, and `self` is the workflow's state.
    has_state: bool,
    iterated: Vec<Iterated>,
}

/// The code around the visited code, by its access to the workflow's state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// The `#[workflow]` block, outside of its methods.
    Block,
    /// The body of an async method, which holds the state between awaits and lends it during them.
    Holder,
    /// Code that does not hold the state while it awaits.
    Other,
}

impl<'e> Check<'e> {
    pub(super) fn of_code(errors: &'e mut Errors) -> Self {
        Self {
            errors,
            scope: Scope::Block,
            permitted: false,
            permit_on: "statement or fn",
            has_state: false,
            iterated: Vec::new(),
        }
    }

    pub(super) fn of_field(errors: &'e mut Errors) -> Self {
        Self {
            permit_on: "field",
            ..Self::of_code(errors)
        }
    }

    /// Checks a block; returns what it iterates over.
    pub(super) fn block(mut self, block: &mut ItemImpl) -> Vec<Iterated> {
        self.visit_item_impl_mut(block);
        self.iterated
    }

    /// Visits code with its `permit`, if it has one, and restores the outer permission.
    fn with_permit<T: ?Sized>(
        &mut self,
        permit: bool,
        it: &mut T,
        visit: impl FnOnce(&mut Self, &mut T),
    ) {
        let permitted = self.permitted || permit;
        let before = mem::replace(&mut self.permitted, permitted);
        visit(self, it);
        self.permitted = before;
    }

    /// Visits code of another scope, and restores the outer one.
    fn within<T: ?Sized>(
        &mut self,
        scope: Scope,
        it: &mut T,
        visit: impl FnOnce(&mut Self, &mut T),
    ) {
        let before = mem::replace(&mut self.scope, scope);
        visit(self, it);
        self.scope = before;
    }

    /// Visits code in which `self` is the workflow's state in every build, or is not.
    fn with_state<T: ?Sized>(
        &mut self,
        has_state: bool,
        it: &mut T,
        visit: impl FnOnce(&mut Self, &mut T),
    ) {
        let before = mem::replace(&mut self.has_state, has_state);
        visit(self, it);
        self.has_state = before;
    }

    fn iterate(&mut self, field: Option<Field>) {
        if self.has_state
            && !self.permitted
            && let Some(of_method) = self.iterated.last_mut()
        {
            of_method.fields.extend(field);
        }
    }

    fn refuse(&mut self, place: impl ToTokens, name: &str, group: &Group) {
        if !self.permitted {
            self.errors.on(
                place,
                DeterminismMistake::Refused {
                    name,
                    why: group.why,
                    instead: group.instead,
                    permit_on: self.permit_on,
                },
            );
        }
    }

    fn refuse_static(&mut self, name: &Ident) {
        if !self.permitted {
            self.errors.on(name, DeterminismMistake::SharedStatic(name));
        }
    }

    /// Checks a function or constant that is named in an expression.
    fn operation(&mut self, path: &Path) {
        match denylist::operation(&segments(path)) {
            Some(group) => self.refuse(path, &segments(path).join("::"), group),
            None => self.type_in(path),
        }
    }

    /// Checks the types in a path, including the type before an associated item.
    fn type_in(&mut self, path: &Path) {
        let written = segments(path);
        for (at, segment) in path.segments.iter().enumerate() {
            let Some(group) = denylist::type_named(&written[..=at]) else {
                continue;
            };
            let arguments = match &segment.arguments {
                PathArguments::AngleBracketed(given) => given.args.len(),
                PathArguments::None | PathArguments::Parenthesized(_) => 0,
            };
            let with_hasher = denylist::takes_hasher(&written[at], arguments)
                || written
                    .get(at + 1)
                    .is_some_and(|it| denylist::is_made_with_hasher(it));
            if !with_hasher {
                self.refuse(&segment.ident, &written[at], group);
            }
        }
    }

    /// Checks the names that a `use` inside a body imports: later calls of an imported function show only
    /// its last segment, which alone is not on the denylist.
    fn check_use_tree(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.check_use_tree(&step.tree, path);
                path.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.check_use_tree(tree, path);
                }
            }
            UseTree::Name(name) => self.check_use_name(&name.ident, path),
            UseTree::Rename(name) => self.check_use_name(&name.ident, path),
            UseTree::Glob(_) => {}
        }
    }

    fn check_use_name(&mut self, name: &Ident, path: &[String]) {
        let path = [path, &[name.to_string()]].concat();
        let renamed_type = || denylist::type_named(&path);
        if let Some(group) = denylist::operation(&path).or_else(renamed_type) {
            self.refuse(name, &path.join("::"), group);
        }
    }

    /// Permits what the closure of a side effect takes from outside: a replay uses the recorded value.
    fn side_effect(&mut self, call: &mut ExprMethodCall) {
        self.visit_expr_mut(&mut call.receiver);
        let closure = call.args.len() - 1;
        for (at, argument) in call.args.iter_mut().enumerate() {
            self.with_permit(at == closure, argument, |this, argument| {
                this.visit_expr_mut(argument);
            });
            if let (true, Expr::Closure(closure)) = (at == closure, argument) {
                allow_in_clippy(&mut closure.body);
            }
        }
    }

    /// Checks the statics in `thread_local! { .. }` and `lazy_static! { .. }`.
    fn statics(&mut self, call: &Macro) {
        let Ok(statics) = Statics::parse.parse2(call.tokens.clone()) else {
            return;
        };
        for StaticIn {
            attributes,
            name,
            ty,
            mut value,
        } in statics.0
        {
            let permit = take_permits(&mut attributes.clone(), self.errors);
            self.with_permit(permit, &mut value, |this, value| {
                if has_interior(&ty) {
                    this.refuse_static(&name);
                } else {
                    this.visit_type_mut(&mut ty.clone());
                    this.visit_expr_mut(value);
                }
            });
        }
    }

    /// Checks the paths among the tokens of a macro of unknown grammar.
    fn opaque(&mut self, call: &Macro) {
        for path in tokens::paths(call.tokens.clone()) {
            let written = path.written();
            let found = match path.is_macro {
                true => denylist::macro_named(&written),
                false => denylist::operation(&written).or_else(|| {
                    (1..=written.len()).find_map(|to| denylist::type_named(&written[..to]))
                }),
            };
            if let Some(group) = found.filter(|_| written.len() > 1 || path.is_macro) {
                self.refuse(&path, &path.name(), group);
            }
        }
    }
}

impl VisitMut for Check<'_> {
    fn visit_impl_item_fn_mut(&mut self, method: &mut ImplItemFn) {
        let permit = lift_permits(&mut method.attrs, self.errors);
        let signature = &method.sig;
        let awaits = signature.asyncness.is_some() && signature.receiver().is_some();
        let scope = match self.scope {
            Scope::Block if awaits => Scope::Holder,
            Scope::Block | Scope::Holder | Scope::Other => Scope::Other,
        };
        let takes_state = self.scope == Scope::Block && signature.receiver().is_some();
        self.iterated.push(Iterated::by(method));
        self.with_state(takes_state, method, |this, method| {
            this.within(scope, method, |this, method| {
                this.with_permit(permit, method, visit_mut::visit_impl_item_fn_mut);
            });
        });
        if self.iterated.last().is_some_and(|it| it.fields.is_empty()) {
            self.iterated.pop();
        }
    }

    fn visit_expr_for_loop_mut(&mut self, each: &mut ExprForLoop) {
        self.iterate(iteration::of_loop(each));
        visit_mut::visit_expr_for_loop_mut(self, each);
    }

    /// Visits items inside of a body, which have a `self` of their own or none.
    fn visit_item_mut(&mut self, item: &mut Item) {
        self.with_state(false, item, |this, item| {
            this.within(Scope::Other, item, visit_mut::visit_item_mut);
        });
    }

    fn visit_expr_async_mut(&mut self, block: &mut ExprAsync) {
        let scope = match rewrite::mentions(&block.block, "self") {
            true => self.scope,
            false => Scope::Other,
        };
        self.within(scope, block, visit_mut::visit_expr_async_mut);
    }

    fn visit_expr_closure_mut(&mut self, closure: &mut ExprClosure) {
        let scope = match closure.asyncness {
            Some(_) => Scope::Other,
            None => self.scope,
        };
        self.within(scope, closure, visit_mut::visit_expr_closure_mut);
    }

    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        let permit = lift_permits(&mut function.attrs, self.errors);
        self.with_permit(permit, function, visit_mut::visit_item_fn_mut);
    }

    fn visit_local_mut(&mut self, local: &mut Local) {
        let permit = lift_permits(&mut local.attrs, self.errors);
        let has_state = self.has_state && !iteration::is_conditional(&local.attrs);
        self.with_state(has_state, local, |this, local| {
            this.with_permit(permit, local, visit_mut::visit_local_mut);
        });
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        let attributes = match statement {
            Stmt::Expr(expression, _) => leftmost_attributes(expression),
            Stmt::Macro(call) => Some(&mut call.attrs),
            Stmt::Local(_) | Stmt::Item(_) => None,
        };
        let mut has_state = self.has_state;
        let permit = attributes.is_some_and(|them| {
            has_state &= !iteration::is_conditional(them);
            take_permits(them, self.errors)
        });
        self.with_state(has_state, statement, |this, statement| {
            this.with_permit(permit, statement, visit_mut::visit_stmt_mut);
        });
        if permit && ends_with_semicolon(statement) {
            add_clippy_allow(statement);
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let attributes = attributes_of(expression);
        let permit = attributes.is_some_and(|them| take_permits(them, self.errors));
        self.with_permit(permit, expression, visit_mut::visit_expr_mut);
    }

    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        self.operation(&path.path);
        visit_mut::visit_expr_path_mut(self, path);
    }

    fn visit_type_path_mut(&mut self, path: &mut TypePath) {
        self.type_in(&path.path);
        visit_mut::visit_type_path_mut(self, path);
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        if is_side_effect(call) {
            return self.side_effect(call);
        }
        self.iterate(iteration::of_call(call));
        if let Expr::Path(ExprPath { path, .. }) = &*call.receiver
            && let Some(name) = path.segments.last().map(|last| &last.ident)
            && is_name_of_static(name)
            && changes_static(call)
        {
            self.refuse_static(&name.clone());
        }
        visit_mut::visit_expr_method_call_mut(self, call);
    }

    fn visit_item_static_mut(&mut self, item: &mut ItemStatic) {
        let permit = lift_permits(&mut item.attrs, self.errors);
        self.with_permit(permit, item, |this, item| {
            if matches!(item.mutability, syn::StaticMutability::Mut(_)) || has_interior(&item.ty) {
                this.refuse_static(&item.ident);
            } else {
                visit_mut::visit_item_static_mut(this, item);
            }
        });
    }

    fn visit_item_use_mut(&mut self, item: &mut ItemUse) {
        let permit = lift_permits(&mut item.attrs, self.errors);
        self.with_permit(permit, item, |this, item| {
            this.check_use_tree(&item.tree, &mut Vec::new());
        });
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        let path = segments(&call.path);
        let name = path.last().map_or("", String::as_str);
        let mut body = MacroBody::of(call);
        let written = format!("{}!", path.join("::"));
        let refused = denylist::macro_named(&path).filter(|_| !is_biased(call));
        if let Some(group) = refused {
            self.refuse(&call.path, &written, group);
            if matches!(body, MacroBody::Opaque) && !self.permitted {
                return;
            }
        }
        let may_await = match refused {
            None => true,
            // A permit for a name without a path may mean a macro of the user's own.
            Some(_) => self.permitted && path.len() > 1,
        };
        if self.scope == Scope::Holder
            && may_await
            && let Some(instead) = awaiting_macros::replacement(&path)
        {
            let mistake = BodyMistake::AwaitingMacro {
                name: &written,
                instead,
            };
            return self.errors.on(&call.path, mistake);
        }
        match name {
            "stringify" | "concat" => return,
            "thread_local" | "lazy_static" => return self.statics(call),
            _ => {}
        }
        match &mut body {
            MacroBody::Opaque => self.opaque(call),
            understood => {
                for expression in understood.expressions() {
                    self.visit_expr_mut(expression);
                }
            }
        }
    }
}

/// Whether a `select!` is `biased`, and so polls in the order written.
fn is_biased(call: &Macro) -> bool {
    matches!(call.tokens.clone().into_iter().next(),
        Some(proc_macro2::TokenTree::Ident(first)) if first == "biased")
}

fn segments(path: &Path) -> Vec<String> {
    path.segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect()
}

/// Whether a closure is called for a value that is recorded: `ctx.side_effect(..)`.
fn is_side_effect(call: &ExprMethodCall) -> bool {
    let named = |name, arguments| call.method == name && call.args.len() == arguments;
    named("side_effect", 1) || named("mutable_side_effect", 2)
}
