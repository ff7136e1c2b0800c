//! Makes a broken case small: operations go, in ever smaller pieces, then what is left becomes plainer,
//! as long as the case stays broken.

use super::case::{Act, Case, Setting};

/// Most cases that are tried.
const TRIALS: usize = 2000;

/// The smallest case found that still fails.
pub fn shrink(case: &Case, fails: &dyn Fn(&Case) -> bool) -> Case {
    let mut search = Search {
        best: case.clone(),
        fails,
        left: TRIALS,
    };
    loop {
        let before = search.best.clone();
        search.drop_operations();
        search.calm_the_setting();
        search.soften_operations();
        if search.best == before || search.left == 0 {
            return search.best;
        }
    }
}

struct Search<'a> {
    best: Case,
    fails: &'a dyn Fn(&Case) -> bool,
    left: usize,
}

impl Search<'_> {
    /// Takes a candidate over if it differs and still fails.
    fn try_on(&mut self, candidate: Case) -> bool {
        if self.left == 0 || candidate == self.best {
            return false;
        }
        self.left -= 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.best = candidate;
        }
        fails
    }

    fn drop_operations(&mut self) {
        let mut size = self.best.operations.len();
        while size > 0 {
            let mut start = 0;
            while start < self.best.operations.len() {
                let mut candidate = self.best.clone();
                let end = (start + size).min(candidate.operations.len());
                candidate.operations.drain(start..end);
                if !self.try_on(candidate) {
                    start += size;
                }
            }
            size /= 2;
        }
    }

    fn calm_the_setting(&mut self) {
        let calm = Setting::CALM;
        let softer: [fn(&mut Setting, &Setting); 11] = [
            |setting, calm| setting.reorder = calm.reorder,
            |setting, calm| setting.duplicate = calm.duplicate,
            |setting, calm| setting.lose = calm.lose,
            |setting, calm| setting.poison = calm.poison,
            |setting, calm| setting.workers = calm.workers,
            |setting, calm| setting.slots = calm.slots,
            |setting, calm| setting.window = calm.window,
            |setting, calm| setting.capacity = calm.capacity,
            |setting, calm| setting.sole = calm.sole,
            |setting, calm| setting.recipe = calm.recipe,
            |setting, _| setting.tasks = (setting.tasks - 1).max(1),
        ];
        for change in softer {
            let mut candidate = self.best.clone();
            change(&mut candidate.setting, &calm);
            self.try_on(candidate);
        }
    }

    fn soften_operations(&mut self) {
        for place in 0..self.best.operations.len() {
            loop {
                let mut candidate = self.best.clone();
                let operation = &mut candidate.operations[place];
                match &mut operation.act {
                    Act::Crash { crossings, .. } => *crossings /= 2,
                    Act::Freeze {
                        crossings, millis, ..
                    } => {
                        *crossings /= 2;
                        *millis /= 2;
                    }
                    _ => {}
                }
                if !self.try_on(candidate) {
                    break;
                }
            }
            for rounded in [1000, 100] {
                let mut candidate = self.best.clone();
                let at = &mut candidate.operations[place].at;
                *at -= *at % rounded;
                if self.try_on(candidate) {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::case::{Operation, Who};

    #[test]
    fn what_matters_is_left() {
        let crash = |at, crossings| Operation {
            at,
            act: Act::Crash {
                who: Who::Worker(0),
                crossings,
            },
        };
        let mut case = Case::drawn(3);
        case.operations.extend([
            crash(400_000, 90),
            Operation {
                at: 400_001,
                act: Act::Flush,
            },
        ]);
        let fails = |case: &Case| {
            let flushed = case.operations.iter().any(|other| other.act == Act::Flush);
            let late = |operation: &Operation| {
                operation.at >= 300_500
                    && matches!(operation.act, Act::Crash { crossings, .. } if crossings > 20)
            };
            flushed && case.operations.iter().any(late)
        };
        assert!(fails(&case));
        let small = shrink(&case, &fails);
        assert_eq!(small.operations.len(), 2);
        assert_eq!(small.operations[0], crash(400_000, 22));
        assert_eq!(
            small.setting,
            Setting {
                tasks: 1,
                ..Setting::CALM
            }
        );
    }
}
