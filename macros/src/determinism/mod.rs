//! What would make a replay differ, as far as written paths tell.
//!
//! The lists in [`list`] name *operations*, not modules: values such as `std::net::IpAddr` pass.
//! Aliases, helpers elsewhere and methods on values are for clippy and for the checks at run time.

mod list;

use std::mem;

use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprPath, ImplItemFn, ItemFn, ItemImpl, ItemStatic, LitStr, Local, Macro,
    Path, PathArguments, Stmt, Type, TypePath,
    visit_mut::{self, VisitMut},
};

use crate::{
    diag::Errors,
    mistake::DeterminismMistake,
    syntax::{attr::Options, macro_body::MacroBody, marker::Marker, signature::ungrouped},
};

/// Checks the bodies and signatures of a block, and takes the permits off.
pub(crate) fn check_block(block: &mut ItemImpl, errors: &mut Errors) {
    Check {
        errors,
        permitted: false,
    }
    .visit_item_impl_mut(block);
}

/// Checks the type of a field.
pub(crate) fn check_type(ty: &Type, errors: &mut Errors) {
    Check {
        errors,
        permitted: false,
    }
    .visit_type_mut(&mut ty.clone());
}

/// Whether an attribute is `#[allow_nondeterminism]`.
pub(crate) fn is_permit(attribute: &Attribute) -> bool {
    Marker::of(attribute) == Some(Marker::AllowNondeterminism)
}

/// Whether there is a permit among the attributes; one without a reason is reported.
pub(crate) fn is_allowed(attributes: &[Attribute], errors: &mut Errors) -> bool {
    let mut allowed = false;
    for permit in attributes.iter().filter(|attribute| is_permit(attribute)) {
        allowed = true;
        reason(
            Options::of(permit, Marker::AllowNondeterminism, errors),
            permit.path(),
            errors,
        );
    }
    allowed
}

/// The required reason of a permit.
pub(crate) fn reason(mut options: Options, place: impl ToTokens, errors: &mut Errors) {
    let before = errors.count();
    let reason: Option<LitStr> = options.text("reason", errors).map(|given| given.value);
    options.finish(errors);
    if reason.is_none() && errors.count() == before {
        errors.on(place, DeterminismMistake::NoReason);
    }
}

struct Check<'e> {
    errors: &'e mut Errors,
    /// Whether a permit stands around what is visited.
    permitted: bool,
}

impl Check<'_> {
    /// Visits something that may carry a permit, which is taken off.
    fn under(&mut self, attributes: &mut Vec<Attribute>) -> bool {
        let allowed = is_allowed(attributes, self.errors);
        attributes.retain(|attribute| !is_permit(attribute));
        let permitted = self.permitted || allowed;
        mem::replace(&mut self.permitted, permitted)
    }

    fn refuse(&mut self, place: impl ToTokens, what: &str, instead: &str) {
        if !self.permitted {
            self.errors.on(
                place,
                DeterminismMistake::Nondeterministic { what, instead },
            );
        }
    }

    /// A function or constant that is named in an expression.
    fn operation(&mut self, path: &Path) {
        if let Some(instead) = list::operation(&segments(path)) {
            self.refuse(path, &format!("`{}`", segments(path).join("::")), instead);
        }
    }

    /// A container whose order differs between processes.
    fn container(&mut self, path: &Path) {
        if path
            .segments
            .first()
            .is_some_and(|first| first.ident == "durably")
        {
            return;
        }
        for segment in &path.segments {
            let own_hasher = matches!(&segment.arguments, PathArguments::AngleBracketed(given)
                if given.args.len() == list::arguments_with_hasher(&segment.ident.to_string()));
            if let Some(instead) = list::container(&segment.ident.to_string())
                && !own_hasher
            {
                let what = format!("the iteration order of `{}`", segment.ident);
                self.refuse(&segment.ident, &what, instead);
            }
        }
    }
}

impl VisitMut for Check<'_> {
    fn visit_impl_item_fn_mut(&mut self, method: &mut ImplItemFn) {
        let before = self.under(&mut method.attrs);
        visit_mut::visit_impl_item_fn_mut(self, method);
        self.permitted = before;
    }

    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        let before = self.under(&mut function.attrs);
        visit_mut::visit_item_fn_mut(self, function);
        self.permitted = before;
    }

    fn visit_local_mut(&mut self, local: &mut Local) {
        let before = self.under(&mut local.attrs);
        visit_mut::visit_local_mut(self, local);
        self.permitted = before;
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        let attributes = match statement {
            Stmt::Expr(expression, _) => leftmost_attributes(expression),
            Stmt::Macro(call) => Some(&mut call.attrs),
            Stmt::Local(_) | Stmt::Item(_) => None,
        };
        let before = match attributes {
            Some(attributes) => self.under(attributes),
            None => self.permitted,
        };
        visit_mut::visit_stmt_mut(self, statement);
        self.permitted = before;
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let before = match attributes_of(expression) {
            Some(attributes) => self.under(attributes),
            None => self.permitted,
        };
        visit_mut::visit_expr_mut(self, expression);
        self.permitted = before;
    }

    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        self.operation(&path.path);
        self.container(&path.path);
        visit_mut::visit_expr_path_mut(self, path);
    }

    fn visit_type_path_mut(&mut self, path: &mut TypePath) {
        self.container(&path.path);
        visit_mut::visit_type_path_mut(self, path);
    }

    fn visit_item_static_mut(&mut self, item: &mut ItemStatic) {
        let before = self.under(&mut item.attrs);
        let mutable = matches!(item.mutability, syn::StaticMutability::Mut(_));
        let shared = matches!(ungrouped(&item.ty), Type::Path(path)
            if path.path.segments.last().is_some_and(|last| list::has_interior(&last.ident.to_string())));
        if (mutable || shared) && !self.permitted {
            self.errors
                .on(&item.ident, DeterminismMistake::SharedStatic(&item.ident));
        }
        visit_mut::visit_type_mut(self, &mut item.ty);
        self.permitted = before;
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        if let Some(instead) = list::macro_call(&segments(&call.path)) {
            let name = call.path.segments.last().map(|last| &last.ident);
            let what = format!("`{}!`", name.map(ToString::to_string).unwrap_or_default());
            self.refuse(&call.path, &what, instead);
            return;
        }
        let mut body = MacroBody::of(call);
        for expression in body.expressions() {
            self.visit_expr_mut(expression);
        }
    }
}

fn segments(path: &Path) -> Vec<String> {
    path.segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect()
}

/// Where the parser puts the attributes of a statement that begins with this expression.
fn leftmost_attributes(expression: &mut Expr) -> Option<&mut Vec<Attribute>> {
    match expression {
        Expr::Assign(assign) => leftmost_attributes(&mut assign.left),
        Expr::Binary(binary) => leftmost_attributes(&mut binary.left),
        other => attributes_of(other),
    }
}

fn attributes_of(expression: &mut Expr) -> Option<&mut Vec<Attribute>> {
    macro_rules! attributes {
        ($($variant:ident)*) => {
            match expression {
                $(Expr::$variant(inner) => Some(&mut inner.attrs),)*
                _ => None,
            }
        };
    }
    attributes!(
        Array Assign Async Await Binary Block Break Call Cast Closure Const Continue Field ForLoop
        Group If Index Let Lit Loop Macro Match MethodCall Paren Path Range Reference Repeat Return
        Struct Try TryBlock Tuple Unary Unsafe While Yield
    )
}
