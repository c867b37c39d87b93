//! Evaluation order around an await: moves operands out of an expression and evaluates them before it,
//! so that no place in the state is borrowed while they are awaited.
//!
//! ```text
//!   self.rows[i.await] = v           ->  match v { value => match i.await { index => self.rows[index] = value } }
//!   self.list.push(x.await)          ->  match x.await { argument => self.list.push(argument) }
//!   show(&self.list, x.await)        ->  match x.await { argument => show(&self.list, argument) }
//! ```
//!
//! The moved operands keep Rust's order of evaluation. The operands that stay have no effects: literals,
//! closures, variables, and places in the state. Plain Rust would keep such a place borrowed during the
//! await, so no program can observe that it is read afterwards.

use proc_macro2::Ident;
use syn::{
    BinOp, Expr, ExprBinary, Path, Token, UnOp, parse_quote, punctuated::Punctuated,
    spanned::Spanned as _,
};

use super::{
    hidden, mentions,
    state_place::{is_place_of_self, is_self},
};
use crate::syntax::macro_body::MacroBody;

/// The form of the expression that remains.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A value.
    Value,
    /// An assignment.
    Statement,
    /// A `match`, which can be a statement without a semicolon.
    Branches,
    /// A place that is read.
    Place,
}

/// Moved operands with the names that replace them, in evaluation order.
type Operands = Vec<(Ident, Expr)>;

/// Moves the operands that must be evaluated before an expression out of it; `None` if it has none.
pub(super) fn take_out(expression: &mut Expr) -> Option<(Operands, Form)> {
    let mut taken = TakenOut::default();
    let form = match expression {
        Expr::Assign(assign) if awaits_in_assignee(&assign.left) => {
            taken.take(&mut assign.right);
            taken.take_indices(&mut assign.left);
            Form::Statement
        }
        // The right operand is evaluated first, as Rust does for primitive types.
        Expr::Binary(update) if is_awaiting_update(update) => {
            taken.take(&mut update.right);
            if awaits_in_place(&update.left) {
                taken.take_indices(&mut update.left);
            }
            Form::Statement
        }
        Expr::MethodCall(call) if awaits_beside_place(&call.receiver, &call.args) => {
            taken.take_indices(&mut call.receiver);
            taken.take_arguments(&mut call.args);
            Form::Value
        }
        Expr::MethodCall(call)
            if is_variable(&call.receiver) && refers_to_self_across_await(&call.args) =>
        {
            taken.take_arguments(&mut call.args);
            Form::Value
        }
        Expr::Call(call) if awaits_beside_place(&call.func, &call.args) => {
            taken.take_indices(&mut call.func);
            taken.take_arguments(&mut call.args);
            Form::Value
        }
        Expr::Call(call) if is_variable(&call.func) && refers_to_self_across_await(&call.args) => {
            taken.take_arguments(&mut call.args);
            Form::Value
        }
        Expr::Reference(reference) if awaits_in_place(&reference.expr) => {
            taken.take_indices(&mut reference.expr);
            Form::Value
        }
        Expr::Match(branches) if awaits_in_place(&branches.expr) => {
            taken.take_indices(&mut branches.expr);
            Form::Branches
        }
        place if awaits_in_place(place) => {
            taken.take_indices(place);
            Form::Place
        }
        _ => return None,
    };
    (!taken.0.is_empty()).then_some((taken.0, form))
}

/// Moves the awaiting arguments out of a macro that borrows all of its arguments at once.
pub(super) fn take_out_of_macro(path: &Path, body: &mut MacroBody) -> Option<Operands> {
    let looked_at = match path.segments.last()?.ident.to_string().as_str() {
        "format" | "print" | "println" | "eprint" | "eprintln" | "panic" | "todo"
        | "unimplemented" | "unreachable" | "write" | "writeln" | "bail" => usize::MAX,
        // The message is evaluated only when the assertion fails.
        "assert_eq" | "assert_ne" => 2,
        _ => return None,
    };
    let MacroBody::List(list) = body else {
        return None;
    };
    let values = list
        .iter_mut()
        .take(looked_at)
        .map(|argument| match argument {
            // `name = value`
            Expr::Assign(named) => &mut *named.right,
            value => value,
        });
    let values: Vec<_> = values.collect();
    let looks = is_before_await(values.iter().map(|value| &**value), is_place_of_self);
    let mut taken = TakenOut::default();
    if looks {
        taken.take_looked_at(values);
    }
    (!taken.0.is_empty()).then_some(taken.0)
}

/// The operands moved so far, in evaluation order.
#[derive(Default)]
struct TakenOut(Vec<(Ident, Expr)>);

impl TakenOut {
    /// Moves an operand out, unless it has no effects.
    fn take(&mut self, operand: &mut Expr) {
        if matches!(operand, Expr::Closure(_) | Expr::Lit(_)) || is_reference_into_self(operand) {
            return;
        }
        let name = hidden(&format!("operand_{}", self.0.len()), operand.span());
        let value = std::mem::replace(operand, parse_quote!(#name));
        self.0.push((name, value));
    }

    /// Moves the indices out of a place in the state.
    fn take_indices(&mut self, place: &mut Expr) {
        match place {
            Expr::Field(field) => self.take_indices(&mut field.base),
            Expr::Group(group) => self.take_indices(&mut group.expr),
            Expr::Paren(paren) => self.take_indices(&mut paren.expr),
            Expr::Unary(dereferenced) => self.take_indices(&mut dereferenced.expr),
            Expr::Index(index) => {
                self.take_indices(&mut index.expr);
                self.take(&mut index.index);
            }
            // The left side of a destructuring assignment.
            Expr::Tuple(tuple) => tuple.elems.iter_mut().for_each(|e| self.take_indices(e)),
            Expr::Array(array) => array.elems.iter_mut().for_each(|e| self.take_indices(e)),
            _ => {}
        }
    }

    /// Moves the arguments of a call out, up to the last one that awaits.
    fn take_arguments(&mut self, arguments: &mut Punctuated<Expr, Token![,]>) {
        self.take_list(arguments.iter_mut().collect(), is_reference_into_self);
    }

    /// Moves the arguments out of a macro that takes them by reference.
    fn take_looked_at(&mut self, arguments: Vec<&mut Expr>) {
        self.take_list(arguments, |argument| {
            is_variable(argument) || is_place_of_self(argument)
        });
    }

    fn take_list(&mut self, mut arguments: Vec<&mut Expr>, stays: impl Fn(&Expr) -> bool) {
        let Some(last) = arguments.iter().rposition(|a| mentions(&**a, "await")) else {
            return;
        };
        for at in 0..=last {
            let (before, after) = arguments.split_at_mut(at + 1);
            let argument = &mut *before[at];
            let is_used_later = |variable: String| after.iter().any(|a| mentions(&**a, &variable));
            if !stays(argument) && variable(argument).is_none_or(is_used_later) {
                self.take(argument);
            }
        }
    }
}

/// `self.total += x.await`, `self.totals[i.await] += x`
fn is_awaiting_update(binary: &ExprBinary) -> bool {
    let assigns = matches!(
        binary.op,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    );
    let awaits = is_place_of_self(&binary.left) && mentions(&binary.right, "await");
    assigns && (awaits || awaits_in_place(&binary.left))
}

/// Whether a call of a place in the state, or of a method of it, awaits something first.
fn awaits_beside_place(place: &Expr, arguments: &Punctuated<Expr, Token![,]>) -> bool {
    let awaits = arguments.iter().any(|argument| mentions(argument, "await"));
    awaits_in_place(place) || (awaits && is_place_of_self(place))
}

/// Whether an expression is a place in the state with an index that awaits: `self.a[i.await].b`.
fn awaits_in_place(expression: &Expr) -> bool {
    fn awaits(expression: &Expr) -> Option<bool> {
        match expression {
            Expr::Field(field) => awaits(&field.base),
            Expr::Group(group) => awaits(&group.expr),
            Expr::Paren(paren) => awaits(&paren.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => awaits(&unary.expr),
            Expr::Index(index) => {
                let inside = awaits(&index.expr)?;
                Some(inside || mentions(&index.index, "await"))
            }
            other => is_self(other).then_some(false),
        }
    }
    awaits(expression) == Some(true)
}

/// The same, for the left side of an assignment, which may be a pattern of places.
fn awaits_in_assignee(expression: &Expr) -> bool {
    match expression {
        Expr::Tuple(tuple) => tuple.elems.iter().any(awaits_in_assignee),
        Expr::Array(array) => array.elems.iter().any(awaits_in_assignee),
        other => awaits_in_place(other),
    }
}

/// Whether an argument before the last one that awaits is a reference into the state.
fn refers_to_self_across_await(arguments: &Punctuated<Expr, Token![,]>) -> bool {
    is_before_await(arguments.iter(), is_reference_into_self)
}

fn is_before_await<'a>(
    arguments: impl DoubleEndedIterator<Item = &'a Expr>,
    is_it: fn(&Expr) -> bool,
) -> bool {
    arguments
        .rev()
        .skip_while(|argument| !mentions(argument, "await"))
        .any(is_it)
}

/// Whether an expression is a variable or a field of one.
fn is_variable(expression: &Expr) -> bool {
    variable(expression).is_some()
}

/// The variable that an expression is, or is a field of.
fn variable(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) if !is_self(expression) => {
            Some(path.path.segments.last()?.ident.to_string())
        }
        Expr::Field(field) => variable(&field.base),
        Expr::Group(group) => variable(&group.expr),
        _ => None,
    }
}

fn is_reference_into_self(argument: &Expr) -> bool {
    match argument {
        Expr::Reference(reference) => is_place_of_self(&reference.expr),
        Expr::Group(group) => is_reference_into_self(&group.expr),
        Expr::Paren(paren) => is_reference_into_self(&paren.expr),
        _ => false,
    }
}
