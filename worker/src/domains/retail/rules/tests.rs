//! Every rule finds its planted violation, and with its checker off nothing else does.

use std::collections::BTreeMap;
use std::sync::Arc;

use proto::record::{PlannedCall, Wish};
use proto::seed::Seed;

use super::super::afford;
use super::super::domain::POLICY;
use super::super::sample;
use super::super::state::World;
use super::{all, effect_of};
use crate::dialogue::facts::{AgentFacts, UserFacts};
use crate::domains::{Mentions, Want};
use crate::environment::Environment;
use crate::rules::{Rule, Situation, Sort};

/// A lawful moment, to be spoilt: a look-up first, a proposal, a yes, one call and no text.
struct Moment {
    world: Box<dyn Environment>,
    call: PlannedCall,
    person: Option<String>,
    earlier: Vec<PlannedCall>,
    calls_in_message: usize,
    text_beside: bool,
    proposal: Option<Mentions>,
    consent: Option<bool>,
}

impl Moment {
    fn new(world: &dyn Environment, person: &str, call: PlannedCall) -> Self {
        let seen = call
            .text("order_id")
            .map(|order| PlannedCall::new("get_order_details", [("order_id", order)]));
        Self {
            world: world.fork(),
            person: Some(person.to_owned()),
            earlier: seen.into_iter().collect(),
            calls_in_message: 1,
            text_beside: false,
            proposal: Some(Mentions {
                tool: Some(call.name.clone()),
                slots: ["order_id", "user_id"]
                    .into_iter()
                    .filter_map(|key| {
                        let id = call.arguments.get(key)?.clone();
                        Some((key.trim_end_matches("_id").to_owned(), vec![id]))
                    })
                    .collect(),
            }),
            consent: Some(true),
            call,
        }
    }

    fn broken(&self, rules: &[Rule]) -> Vec<&'static str> {
        let agent = AgentFacts {
            proposal: self.proposal.clone(),
            ..AgentFacts::default()
        };
        let user = UserFacts {
            consent: self.consent,
        };
        let situation = Situation {
            world: &*self.world,
            call: &self.call,
            effect: effect_of(&self.call.name),
            person: self.person.as_deref(),
            earlier: &self.earlier,
            calls_in_message: self.calls_in_message,
            text_beside: self.text_beside,
            exchange: Some((&agent, user)),
        };
        let broken = rules.iter().filter(|rule| (rule.breaks)(&situation));
        broken.map(|rule| rule.id).collect()
    }
}

fn shop() -> World {
    World::new(Arc::new(sample::base()))
}

/// A lawful write of someone in the sample shop.
fn lawful(world: &World) -> Moment {
    let rules = all();
    let want = Want::Write {
        tool: "cancel_pending_order",
        hide: None,
    };
    for user in &world.base.users {
        let mut rng = Seed::root(1).rng();
        if let Some(found) = afford::afford(world, &rules, &user.user_id, &want, &mut rng) {
            let call = found.goal.wish.call().unwrap().clone();
            return Moment::new(world, &user.user_id, call);
        }
    }
    panic!("the sample shop has a pending order")
}

fn planted() -> BTreeMap<&'static str, Moment> {
    let world = shop();
    let mut planted = BTreeMap::new();
    let mut plant = |id, spoil: fn(&mut Moment)| {
        let mut moment = lawful(&world);
        assert_eq!(moment.broken(&all()), Vec::<&str>::new());
        spoil(&mut moment);
        planted.insert(id, moment);
    };
    plant("authenticate-first", |moment| moment.person = None);
    plant("one-person", |moment| {
        moment.call = PlannedCall::new("get_user_details", [("user_id", "someone_else_1")]);
    });
    plant("confirm-first", |moment| moment.consent = None);
    plant("one-call-at-a-time", |moment| moment.calls_in_message = 2);
    plant("no-text-with-call", |moment| moment.text_beside = true);
    plant("look-before-write", |moment| moment.earlier.clear());
    planted
}

#[test]
fn procedural_violations_are_found_by_their_rule_alone() {
    let planted = planted();
    for rule in all().iter().filter(|rule| rule.sort == Sort::Procedural) {
        let moment = &planted[rule.id];
        assert_eq!(moment.broken(&all()), [rule.id]);
        let mut without = all();
        without.retain(|other| other.id != rule.id);
        assert_eq!(moment.broken(&without), Vec::<&str>::new());
    }
}

#[test]
fn a_yes_counts_only_for_what_was_proposed() {
    let world = shop();
    let spoil: [fn(&mut Moment); 4] = [
        |moment| moment.consent = Some(false),
        |moment| moment.proposal = None,
        |moment| {
            let other = Some("modify_user_address".to_owned());
            moment.proposal.as_mut().unwrap().tool = other;
        },
        |moment| moment.proposal = Some(Mentions::default()),
    ];
    for change in spoil {
        let mut moment = lawful(&world);
        change(&mut moment);
        assert_eq!(moment.broken(&all()), ["confirm-first"]);
    }
}

#[test]
fn goal_blocking_violations_are_found_by_their_rule_alone() {
    let world = World::new(afford::test_shop(150, 37));
    let rules = all();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.sort == Sort::GoalBlocking) {
        let mut without = all();
        without.retain(|other| other.id != rule.id);
        for (at, user) in world.base.users.iter().enumerate() {
            let mut rng = Seed::root(at as u64).child(rule.id, 1).rng();
            let want = Want::Blocked { rule: rule.id };
            let Some(wish) = afford::afford(&world, &rules, &user.user_id, &want, &mut rng) else {
                continue;
            };
            let Wish::Blocked(blocked) = &wish.goal.wish else {
                panic!("{wish:?}")
            };
            let Some(call) = &blocked.call else { continue };
            let start = wish.start.as_deref().unwrap_or(&world);
            let moment = Moment::new(start, &user.user_id, call.clone());
            assert_eq!(moment.broken(&rules), [rule.id]);
            assert_eq!(moment.broken(&without), Vec::<&str>::new());
            *found.entry(rule.id).or_default() += 1;
        }
        // No call can break it: there is none for what is out of scope.
        let planted = found.contains_key(rule.id) || rule.id == "out-of-scope";
        assert!(planted, "{}", rule.id);
    }
}

#[test]
fn every_sentence_stands_in_the_policy_once_and_every_id_is_its_own() {
    let rules = all();
    for (at, rule) in rules.iter().enumerate() {
        assert_eq!(
            POLICY.matches(rule.sentence).count(),
            1,
            "{}",
            rule.sentence
        );
        assert!(rules[..at].iter().all(|other| other.id != rule.id));
        assert_eq!(rule.reason.is_empty(), rule.sort == Sort::Procedural);
    }
    assert!((4_000..6_000).contains(&POLICY.len()), "{}", POLICY.len());
}
