//! P6: golden with one write dropped, one added or one argument changed earns 0, unless what comes out
//! truly is an expected outcome.

use proto::record::Check;

use super::{Context, Finding, plain};
use crate::participants::agents::controls::Family;

pub(super) fn check(context: &Context<'_>) -> Finding {
    let mut passed = plain(Check::Sharp);
    context.all_fail(Family::Tampered, &mut passed)?;
    Ok(passed)
}
