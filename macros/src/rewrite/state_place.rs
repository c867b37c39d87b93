//! Place expressions in the workflow state: `self`, `self.a.b`, `self.a[i]`.

use syn::Expr;

/// Whether an expression is `self`.
pub(crate) fn is_self(expression: &Expr) -> bool {
    match expression {
        Expr::Path(path) => path.path.is_ident("self"),
        Expr::Group(group) => is_self(&group.expr),
        Expr::Paren(paren) => is_self(&paren.expr),
        _ => false,
    }
}

/// Whether an expression is a place in the state: `self`, `self.a.b`, `self.a[i]`.
pub(super) fn is_place_of_self(expression: &Expr) -> bool {
    match expression {
        Expr::Field(field) => is_place_of_self(&field.base),
        Expr::Index(index) => {
            is_place_of_self(&index.expr) && !super::mentions(&index.index, "await")
        }
        Expr::Group(group) => is_place_of_self(&group.expr),
        Expr::Paren(paren) => is_place_of_self(&paren.expr),
        other => is_self(other),
    }
}
