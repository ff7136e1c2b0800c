//! P5: agents that do nothing useful earn 0. The bureaucrat may pass an infeasible task whose feasible
//! twin it fails.

use proto::record::Check;

use super::{Context, Finding, plain};
use crate::participants::agents::controls::Family;

/// Families that must fail every task.
const FAMILIES: [Family; 5] = [
    Family::Null,
    Family::Refuser,
    Family::Transferrer,
    Family::Asker,
    Family::Parrot,
];

pub(super) fn check(context: &Context<'_>) -> Finding {
    let mut passed = plain(Check::Null);
    for family in FAMILIES {
        context.all_fail(family, &mut passed)?;
    }
    if context.paired {
        passed
            .not_applicable
            .push("bureaucrat (its twin fails it)".to_owned());
    } else {
        context.all_fail(Family::Bureaucrat, &mut passed)?;
    }
    Ok(passed)
}
