//! Mistakes in the placement of an attribute.

use std::fmt;

use crate::syntax::marker::Marker;

pub(crate) enum PlacementMistake {
    TwoMarks(Marker, Marker),
    StrayMark(Marker),
    MarkOnOther(Marker),
    ForeignMark(&'static str),
    MarkOfOtherBlock(Marker),
    WorkflowOnOther,
    ActivityOnOther,
    ActivitiesOnOther,
    TraitBlock(Marker),
    GenericType(Marker),
    BorrowingType(Marker),
    OptionOfBlock(String),
    UnnamedType(Marker),
}

impl fmt::Display for PlacementMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoMarks(first, second) if first == second => {
                write!(f, "`{first}` stands here twice; keep one")
            }
            Self::TwoMarks(Marker::Workflow, second) => write!(
                f,
                "this block is marked `#[workflow]` already; move the other methods into a block of another type, under `{second}`"
            ),
            Self::TwoMarks(first, second) => write!(
                f,
                "a method has one role, and this one is `{first}` already; remove `{second}`"
            ),
            Self::StrayMark(marker) => write!(
                f,
                "`{marker}` marks a method of a `#[workflow] impl` block; put `#[workflow]` on the block (which does not see marks that a macro or a `cfg_attr` writes)"
            ),
            Self::MarkOnOther(marker) => write!(
                f,
                "`{marker}` marks a method; a worker calls nothing else"
            ),
            Self::ForeignMark(instead) => f.write_str(instead),
            Self::MarkOfOtherBlock(Marker::Activity) => f.write_str(
                "`#[activity]` does not mark a method of a `#[workflow] impl` block; write the activity as a function, or in an `#[activities] impl` block of another type",
            ),
            Self::MarkOfOtherBlock(marker) => write!(
                f,
                "`{marker}` marks a method of a `#[workflow] impl` block, and this block has activities; move the method"
            ),
            Self::WorkflowOnOther => f.write_str(
                "`#[workflow]` goes on the impl block with the workflow's methods (or, to check its fields, on the struct)",
            ),
            Self::ActivityOnOther => f.write_str(
                "`#[activity]` goes on a function; for methods of a struct put `#[activities]` on the impl block too",
            ),
            Self::ActivitiesOnOther => f.write_str(
                "`#[activities]` goes on the impl block of a struct; a single function takes `#[activity]`",
            ),
            Self::TraitBlock(Marker::Workflow) => f.write_str(
                "`#[workflow]` goes on an inherent impl block; write the run method and the handlers in `impl Greeting { .. }`, and call the trait's methods from them",
            ),
            Self::TraitBlock(marker) => write!(
                f,
                "`{marker}` goes on an inherent impl block; move the methods out of the trait impl"
            ),
            Self::GenericType(Marker::Activities) => f.write_str(
                "an activity has one name and one payload format, so its type cannot be generic; keep a `Box<dyn Trait>` in a field",
            ),
            Self::GenericType(_) => f.write_str(
                "a workflow has one name and one payload format, so its block cannot be generic; write one for each case, on an alias: `type OrderBatch = Batch<Order>;` and `#[workflow] impl OrderBatch` (generic helpers may stand in plain impl blocks)",
            ),
            Self::OptionOfBlock(key) => write!(
                f,
                "on a type `#[workflow]` only checks the fields; move `{key}` to the one on the impl block"
            ),
            Self::BorrowingType(Marker::Activities) => f.write_str(
                "activities run as long as their worker, so their type cannot borrow; use owned fields, such as `String` or `Arc<..>`",
            ),
            Self::BorrowingType(_) => f.write_str(
                "a workflow may move to another worker, so its type cannot borrow; use owned fields",
            ),
            Self::UnnamedType(marker) => write!(
                f,
                "`{marker}` needs a struct or enum of your own, written by its name"
            ),
        }
    }
}
