//! Statics: which are mutable at run time, so that all runs of a worker share them.

use syn::{
    Attribute, Expr, ExprMethodCall, Ident, Token, Type, TypePath,
    parse::{Parse, ParseStream},
    visit::{self, Visit},
};

use super::denylist;

/// The grammar of `thread_local!` and `lazy_static!`.
pub(super) struct Statics(pub(super) Vec<StaticIn>);

pub(super) struct StaticIn {
    pub(super) attributes: Vec<Attribute>,
    pub(super) name: Ident,
    pub(super) ty: Type,
    pub(super) value: Expr,
}

impl Parse for Statics {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut statics = Vec::new();
        while !input.is_empty() {
            let attributes = input.call(Attribute::parse_outer)?;
            input.parse::<syn::Visibility>()?;
            input.parse::<Token![static]>()?;
            input.parse::<Option<Token![ref]>>()?;
            let name = input.parse()?;
            input.parse::<Token![:]>()?;
            let ty = input.parse()?;
            input.parse::<Token![=]>()?;
            let value = input.parse()?;
            input.parse::<Option<Token![;]>>()?;
            statics.push(StaticIn {
                attributes,
                name,
                ty,
                value,
            });
        }
        Ok(Self(statics))
    }
}

/// Whether a static of this type is mutable at run time.
pub(super) fn has_interior(ty: &Type) -> bool {
    struct Interior(bool);
    impl Visit<'_> for Interior {
        fn visit_type_path(&mut self, path: &TypePath) {
            let last = path.path.segments.last();
            self.0 |= last.is_some_and(|last| denylist::is_interior(&last.ident.to_string()));
            visit::visit_type_path(self, path);
        }
    }
    let mut interior = Interior(false);
    interior.visit_type(ty);
    interior.0
}

/// Whether a name is in upper case, as statics are.
pub(super) fn is_name_of_static(name: &Ident) -> bool {
    let name = name.to_string();
    name.len() > 1 && !name.contains(char::is_lowercase)
}

/// Whether a call on a static shows that the static is mutable.
pub(super) fn changes_static(call: &ExprMethodCall) -> bool {
    let of_ordering = |argument: &Expr| matches!(argument, Expr::Path(it) if it.path.segments.iter().any(|it| it.ident == "Ordering"));
    let method = call.method.to_string();
    denylist::changes_by(&method)
        || matches!(method.as_str(), "load" | "store" | "swap")
            && call.args.last().is_some_and(of_ordering)
}
