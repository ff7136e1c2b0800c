//! Whether blocked goals were resolved as the policy asks, on evidence.

use proto::record::{ExpectedResolution, PlannedCall, Resolution};

use crate::dialogue::facts::AgentFacts;
use crate::domains::Domain;

/// Watches refusals.
#[derive(Debug)]
pub(super) struct Resolutions<'a> {
    wanted: &'a [ExpectedResolution],
    /// Per wanted resolution: whether evidence was there when its reason was first given.
    on_evidence: Vec<Option<bool>>,
    /// Every class of reasons given in a refusal, each once. More than one counts as none.
    reasons: Vec<String>,
}

impl<'a> Resolutions<'a> {
    pub(super) fn new(wanted: &'a [ExpectedResolution]) -> Self {
        Self {
            wanted,
            on_evidence: vec![None; wanted.len()],
            reasons: Vec::new(),
        }
    }

    pub(super) fn agent_said(&mut self, facts: &AgentFacts, done: &[PlannedCall]) {
        let Some(given) = &facts.refusal else { return };
        for reason in given {
            if !self.reasons.contains(reason) {
                self.reasons.push(reason.clone());
            }
        }
        for (wanted, on_evidence) in self.wanted.iter().zip(&mut self.on_evidence) {
            if on_evidence.is_none() && given.contains(&wanted.reason) {
                *on_evidence = Some(shown(wanted, done));
            }
        }
    }

    /// The one reason given, where a refusal for it is wanted; and whether its evidence was read before.
    pub(super) fn refused(&self) -> Option<(&'a str, bool)> {
        let [given] = &self.reasons[..] else {
            return None;
        };
        let mut wanted = self.wanted.iter().zip(&self.on_evidence);
        let (right, on_evidence) = wanted.find(|(wanted, _)| {
            wanted.resolution == Resolution::Refuse && wanted.reason == *given
        })?;
        Some((&right.reason, *on_evidence == Some(true)))
    }

    pub(super) fn met(&self, domain: &dyn Domain, done: &[PlannedCall]) -> bool {
        self.wanted
            .iter()
            .zip(&self.on_evidence)
            .all(|(wanted, on_evidence)| match wanted.resolution {
                Resolution::Refuse => {
                    *on_evidence == Some(true) && self.reasons == [wanted.reason.as_str()]
                }
                Resolution::Transfer => {
                    let transfer = domain.transfer("").map(|call| call.name);
                    done.iter()
                        .any(|call| Some(&call.name) == transfer.as_ref())
                }
            })
    }
}

/// Whether every piece of evidence was read successfully.
fn shown(wanted: &ExpectedResolution, done: &[PlannedCall]) -> bool {
    wanted
        .evidence
        .iter()
        .all(|alternatives| alternatives.iter().any(|call| done.contains(call)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> PlannedCall {
        PlannedCall::new("get_order", [("order_id", "#W1")])
    }

    fn refuses(reasons: &[&str]) -> AgentFacts {
        let reasons = reasons.iter().map(|&reason| reason.to_owned()).collect();
        AgentFacts {
            refusal: Some(reasons),
            ..AgentFacts::default()
        }
    }

    #[test]
    fn one_reason_on_evidence_read_before() {
        let wanted = [ExpectedResolution {
            resolution: Resolution::Refuse,
            rule: "pending-only".to_owned(),
            reason: "not_pending".to_owned(),
            evidence: vec![vec![read()]],
        }];
        let met = |facts: &AgentFacts, done: &[PlannedCall]| {
            let mut watch = Resolutions::new(&wanted);
            watch.agent_said(facts, done);
            // What is read after the refusal comes too late.
            watch.on_evidence == [Some(true)] && watch.reasons == ["not_pending"]
        };
        assert!(met(&refuses(&["not_pending"]), &[read()]));
        assert!(!met(&refuses(&["not_pending"]), &[]));
        assert!(!met(&refuses(&["not_pending", "balance"]), &[read()]));
        assert!(!met(&refuses(&[]), &[read()]));
        assert!(!met(&AgentFacts::default(), &[read()]));
    }
}
