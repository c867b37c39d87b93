//! Permits: `#[allow_nondeterminism(reason = "..")]`, which the macros remove and pass on to clippy.

use quote::ToTokens;
use syn::{Attribute, Expr, Ident, LitStr, Stmt, Token, parse_quote};

use crate::{
    diag::Errors,
    mistake::DeterminismMistake,
    syntax::{marker::Marker, options::Options},
};

/// Replaces the permits among attributes by an `allow` for clippy; returns whether there was one.
pub(crate) fn lift_permits(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> bool {
    let permitted = take_permits(attributes, errors);
    if permitted {
        attributes.push(permit_of_clippy());
    }
    permitted
}

/// Removes the permits among attributes, without an `allow` in their place.
pub(super) fn take_permits(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> bool {
    let is_permit = |it: &Attribute| Marker::of(it) == Some(Marker::AllowNondeterminism);
    for permit in attributes.iter().filter(|it| is_permit(it)) {
        let options = Options::of(permit, Marker::AllowNondeterminism, errors);
        reason(options, permit.path(), errors);
    }
    let before = attributes.len();
    attributes.retain(|it| !is_permit(it));
    attributes.len() < before
}

/// The `allow` that permits the same to clippy.
fn permit_of_clippy() -> Attribute {
    parse_quote! {
        #[allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
    }
}

/// Checks the required reason of a permit.
pub(crate) fn reason(mut options: Options, place: impl ToTokens, errors: &mut Errors) {
    let before = errors.count();
    let reason: Option<LitStr> = options.text("reason", errors).map(|given| given.value);
    options.finish(errors);
    if reason.is_none() && errors.count() == before {
        errors.on(place, DeterminismMistake::NoReason);
    }
}

/// Adds an `allow` for clippy to a permitted statement. The attribute is put on a block around the
/// statement: rustc ignores it on a macro, and rejects it before an assignment.
pub(super) fn add_clippy_allow(statement: &mut Stmt) {
    let allow = permit_of_clippy();
    *statement = Stmt::Expr(
        parse_quote!(#allow { #statement }),
        Some(Token![;](proc_macro2::Span::mixed_site())),
    );
}

/// Adds an `allow` for clippy to the body of a closure. It is put on a statement, because rustc does not accept
/// it on an expression.
pub(super) fn allow_in_clippy(body: &mut Expr) {
    let allow = permit_of_clippy();
    let value = Ident::new("value", proc_macro2::Span::mixed_site());
    *body = parse_quote!({ #allow let #value = #body; #value });
}

/// Finds the leftmost operand of an expression, to which the parser attaches a statement's attributes.
pub(super) fn leftmost_attributes(expression: &mut Expr) -> Option<&mut Vec<Attribute>> {
    match expression {
        Expr::Assign(assign) => leftmost_attributes(&mut assign.left),
        Expr::Binary(binary) => leftmost_attributes(&mut binary.left),
        other => attributes_of(other),
    }
}

pub(super) fn attributes_of(expression: &mut Expr) -> Option<&mut Vec<Attribute>> {
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

pub(super) fn ends_with_semicolon(statement: &Stmt) -> bool {
    match statement {
        Stmt::Expr(_, semicolon) => semicolon.is_some(),
        Stmt::Macro(call) => call.semi_token.is_some(),
        Stmt::Local(_) | Stmt::Item(_) => false,
    }
}
