//! The bound on values that a workflow draws, with the compiler's words for other types.

use rand::{
    RngExt as _,
    distr::{Distribution, StandardUniform},
};

use crate::workflow::Random;

/// A value that is drawn at random.
#[diagnostic::on_unimplemented(
    message = "`ctx.random()` does not draw a `{Self}`",
    label = "not a number, `bool` or `char`, nor an array or tuple of them",
    note = "`ctx.rng()` is a generator for the traits and distributions of `rand`, and `ctx.uuid()` draws a UUID"
)]
pub trait Drawn: Sized {
    #[doc(hidden)]
    fn draw(random: &mut Random) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T> Drawn for T
where
    StandardUniform: Distribution<T>,
{
    fn draw(random: &mut Random) -> Self {
        random.random()
    }
}
