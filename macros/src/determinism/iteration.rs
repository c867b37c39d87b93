//! Iteration over fields of the state. Only the type of a field shows whether its order is the same in
//! each process, so the expansion of a block asks the types of the fields that are found here.

use proc_macro2::Span;
use syn::{
    Attribute, Expr, ExprCall, ExprForLoop, ExprMethodCall, ImplItemFn, Member,
    spanned::Spanned as _,
};

use crate::{rewrite::is_self, syntax::inherited_attributes::InheritedAttributes};

/// The fields of the state that one method iterates over, without those that a permit covers.
pub(crate) struct Iterated {
    /// The `cfg`s of the method.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) fields: Vec<Field>,
}

impl Iterated {
    /// None yet, by this method.
    pub(super) fn by(method: &ImplItemFn) -> Self {
        Self {
            conditions: InheritedAttributes::of(&method.attrs).conditions,
            fields: Vec::new(),
        }
    }
}

/// `self.a.b`
pub(crate) struct Field(pub(crate) Vec<Member>);

impl Field {
    pub(crate) fn span(&self) -> Span {
        self.0.last().map_or_else(Span::call_site, Member::span)
    }
}

/// The field that a loop iterates over.
pub(super) fn of_loop(each: &ExprForLoop) -> Option<Field> {
    field(&each.expr)
}

/// The field that a method call iterates over: `self.names.iter()`.
pub(super) fn of_call(call: &ExprMethodCall) -> Option<Field> {
    const ITERATING: [&str; 14] = [
        "difference",
        "drain",
        "extract_if",
        "intersection",
        "into_iter",
        "into_keys",
        "into_values",
        "iter",
        "iter_mut",
        "keys",
        "symmetric_difference",
        "union",
        "values",
        "values_mut",
    ];
    let name = call.method.to_string();
    match ITERATING.contains(&&*name) {
        true => field(&call.receiver),
        false => None,
    }
}

/// Whether code under these attributes is not in every build.
pub(super) fn is_conditional(attributes: &[Attribute]) -> bool {
    !InheritedAttributes::of(attributes).conditions.is_empty()
}

/// The field whose items an expression has: `&self.a.b`, `self.a.clone()`, `take(&mut self.a)`.
fn field(expression: &Expr) -> Option<Field> {
    match expression {
        Expr::Reference(reference) => field(&reference.expr),
        Expr::Paren(paren) => field(&paren.expr),
        Expr::Group(group) => field(&group.expr),
        Expr::MethodCall(call) if call.method == "clone" => field(&call.receiver),
        Expr::Call(ExprCall { func, args, .. }) if args.len() == 1 && is_take(func) => {
            field(&args[0])
        }
        Expr::Field(_) => path(expression).map(Field),
        _ => None,
    }
}

fn is_take(function: &Expr) -> bool {
    match function {
        Expr::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|it| it.ident == "take"),
        _ => false,
    }
}

fn path(expression: &Expr) -> Option<Vec<Member>> {
    match expression {
        Expr::Field(field) => {
            let mut members = path(&field.base)?;
            members.push(field.member.clone());
            Some(members)
        }
        other => is_self(other).then(Vec::new),
    }
}
