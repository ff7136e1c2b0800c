//! Whether hidden slots were asked for before anything fixed them.

use proto::record::Asked;

use crate::dialogue::facts::AgentFacts;

/// State of one slot that must be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Asked,
    /// A proposal or a write came first: a lucky guess at best.
    Fixed,
}

/// Watches the slots that must be asked for.
#[derive(Debug)]
pub(super) struct Clarification<'a> {
    wanted: &'a [Asked],
    states: Vec<State>,
}

impl<'a> Clarification<'a> {
    pub(super) fn new(wanted: &'a [Asked]) -> Self {
        Self {
            wanted,
            states: vec![State::Waiting; wanted.len()],
        }
    }

    /// A proposal in the same message comes before the question in it: it fixes the slot.
    pub(super) fn agent_said(&mut self, facts: &AgentFacts) {
        for (wanted, state) in self.wanted.iter().zip(&mut self.states) {
            if *state != State::Waiting {
                continue;
            }
            let fixes = facts.proposal.as_ref().is_some_and(|proposal| {
                proposal.tool.as_deref() == Some(&wanted.tool)
                    && !proposal.of(&wanted.slot).is_empty()
            });
            if fixes {
                *state = State::Fixed;
            } else if facts.asks.contains(&wanted.slot) {
                *state = State::Asked;
            }
        }
    }

    pub(super) fn about_to_call(&mut self, tool: &str) {
        for (wanted, state) in self.wanted.iter().zip(&mut self.states) {
            if *state == State::Waiting && wanted.tool == tool {
                *state = State::Fixed;
            }
        }
    }

    pub(super) fn met(&self) -> bool {
        self.states.iter().all(|&state| state == State::Asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::Mentions;

    fn asks(slot: &str) -> AgentFacts {
        AgentFacts {
            asks: vec![slot.to_owned()],
            ..AgentFacts::default()
        }
    }

    fn proposes(tool: &str, slot: &str) -> AgentFacts {
        let mentions = Mentions {
            tool: Some(tool.to_owned()),
            slots: vec![(slot.to_owned(), vec!["x".into()])],
        };
        AgentFacts {
            proposal: Some(mentions),
            ..AgentFacts::default()
        }
    }

    #[test]
    fn only_a_question_before_proposal_and_write_counts() {
        let wanted = [Asked {
            slot: "order".to_owned(),
            tool: "cancel".to_owned(),
        }];
        let met = |facts: &[AgentFacts], write_first: bool| {
            let mut watch = Clarification::new(&wanted);
            if write_first {
                watch.about_to_call("cancel");
            }
            facts.iter().for_each(|facts| watch.agent_said(facts));
            watch.met()
        };
        assert!(met(&[asks("order")], false));
        assert!(met(&[asks("order"), proposes("cancel", "order")], false));
        assert!(met(&[proposes("return", "order"), asks("order")], false));
        assert!(!met(&[proposes("cancel", "order"), asks("order")], false));
        assert!(!met(&[asks("order")], true));
        assert!(!met(&[asks("payment")], false));
        let both = AgentFacts {
            asks: vec!["order".to_owned()],
            ..proposes("cancel", "order")
        };
        assert!(!met(&[both], false));
    }
}
