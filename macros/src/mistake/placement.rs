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
                "this block is a `#[workflow]`; move what is not one into a block of a type of its own, under `{second}`"
            ),
            Self::TwoMarks(first, second) => write!(
                f,
                "a method has one role, and this one is `{first}` already; remove `{second}`"
            ),
            Self::StrayMark(marker) => write!(
                f,
                "`{marker}` marks a method of a `#[workflow] impl` block; put `#[workflow]` on the impl (which does not see marks that a macro or a `cfg_attr` writes)"
            ),
            Self::MarkOnOther(marker) => write!(
                f,
                "`{marker}` marks a method, which is what a worker can call; write it as one"
            ),
            Self::ForeignMark(instead) => f.write_str(instead),
            Self::MarkOfOtherBlock(Marker::Activity) => f.write_str(
                "an activity does not belong in a workflow; write it as a function, or in an `#[activities] impl` block of a type of its own",
            ),
            Self::MarkOfOtherBlock(marker) => write!(
                f,
                "`{marker}` marks a method of a `#[workflow] impl` block; this block holds activities"
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
            Self::TraitBlock(marker) => write!(
                f,
                "`{marker}` goes on an inherent impl block; move the methods out of the trait impl"
            ),
            Self::GenericType(Marker::Activities) => f.write_str(
                "each activity has one name and one payload format, so its type cannot be generic; keep a `Box<dyn Trait>` in a field instead",
            ),
            Self::GenericType(_) => f.write_str(
                "a workflow type has one name and one payload format, so it cannot be generic; write one type for each case",
            ),
            Self::OptionOfBlock(key) => write!(
                f,
                "on a type `#[workflow]` only checks the fields; give `{key}` to the one on the impl block"
            ),
            Self::BorrowingType(Marker::Activities) => f.write_str(
                "activities run as long as their worker does, so what they share is owned; use `String` or `Arc<..>` in place of a reference",
            ),
            Self::BorrowingType(_) => f.write_str(
                "a workflow outlives every borrow, on whichever worker runs it next; drop the lifetime and use owned fields",
            ),
            Self::UnnamedType(marker) => write!(
                f,
                "`{marker}` needs a struct or enum of your own, written by its name"
            ),
        }
    }
}
