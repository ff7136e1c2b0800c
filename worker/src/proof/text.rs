//! P9: the opening and the script say what the intent says: no hidden slot leaks, no fact is missing,
//! none is invented. The texts are judged as texts, whoever wrote them.

use proto::record::Check;

use super::{Context, Finding, plain};
use crate::language::fidelity::check_texts;

pub(super) fn check(context: &Context<'_>) -> Finding {
    let start = &context.task.golden.start.delta;
    let world = context
        .domain
        .restore(start)
        .map_err(|error| error.to_string())?;
    check_texts(context.domain, &*world, context.task)?;
    Ok(plain(Check::Text))
}
