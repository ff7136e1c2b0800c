use std::sync::Arc;

use proptest::prelude::*;
use proto::job::{Cell, Wanted};
use proto::record::{Kind, Scenario, Value, Wish};

use super::*;
use crate::domains::Want;
use crate::domains::retail::Retail;
use crate::domains::retail::generate::{Parts, WorldSettings, generate};
use crate::domains::retail::state::Base;
use crate::domains::tickets::Tickets;
use crate::domains::tickets::desk::{Desk, PRIORITIES};

fn desk() -> Tickets {
    Tickets::new(Arc::new(Desk::generate(40, Seed::root(3))))
}

fn cell(scenario: Scenario, kind: Kind, wants: Vec<Wanted>) -> Cell {
    Cell {
        slot: 0,
        stratum: 0,
        strata: 1,
        scenario,
        kind,
        wants,
    }
}

fn plain(wants: Vec<Wanted>) -> Cell {
    cell(Scenario::General, Kind::Plain, wants)
}

fn write(tool: &str) -> Wanted {
    Wanted::Write(tool.to_owned())
}

fn set(ticket: &str, priority: &str) -> PlannedCall {
    PlannedCall::new(
        "set_priority",
        [("ticket_id", ticket), ("priority", priority)],
    )
}

/// Lets a trail look around as an honest agent would; ids of the person's open tickets.
fn look_around(domain: &Tickets, theme: &Theme, trail: &mut Trail<'_>) -> Vec<String> {
    assert!(!trail.call(theme.introduction().call.clone()).error);
    let reads = domain.reach(&*trail.start, theme.person());
    let mut open = Vec::new();
    for read in reads {
        let seen = trail.call(read.clone());
        assert!(!seen.error, "{seen:?}");
        let ticket = read.text("ticket_id").map(str::to_owned);
        open.extend(ticket.filter(|_| seen.text.contains("\"open\"")));
    }
    open
}

/// Whether a ticket is open at the start, so that nothing but who asks stands against a change.
fn is_open(trail: &Trail<'_>, ticket: &str) -> bool {
    let read = PlannedCall::new("get_ticket", [("ticket_id", ticket)]);
    let mut world = trail.start.fork();
    let seen = world.call(Actor::Assistant, &read.name, &read.arguments);
    seen.text.contains("\"open\"")
}

/// Two priorities that the ticket does not have.
fn other_priorities(trail: &Trail<'_>, ticket: &str) -> [&'static str; 2] {
    let fitting = PRIORITIES.into_iter().filter(|priority| {
        let call = set(ticket, priority);
        let mut world = trail.start.fork();
        let seen = world.call(Actor::Assistant, &call.name, &call.arguments);
        !seen.error && world.state_id() != trail.start.state_id()
    });
    let fitting: Vec<&str> = fitting.collect();
    [fitting[0], fitting[1]]
}

fn pruned(trail: &Trail<'_>, why: Pruned) -> usize {
    trail.pruned.get(&why).copied().unwrap_or_default()
}

#[test]
fn a_write_against_the_policy_is_told_and_never_carried_out() {
    let domain = desk();
    let theme = Theme::of(&domain, &plain(vec![write("set_priority")]), Seed::root(1)).unwrap();
    let mut trail = Trail::new(&domain, &theme, Seed::root(2)).unwrap();
    let own = domain.reach(&*trail.start, theme.person());
    let mut tickets = own.iter().filter_map(|read| read.text("ticket_id"));
    let ticket = tickets.find(|ticket| is_open(&trail, ticket)).unwrap();
    // Before anybody is authenticated, before it is looked up, and somebody else's.
    let hasty = trail.call(set(ticket, "low"));
    assert!(
        hasty.error && hasty.text.contains("find their user id"),
        "{hasty:?}"
    );
    let open = look_around(&domain, &theme, &mut trail);
    let before = trail.world.state_id();
    let people = (0..domain.people()).map(|place| domain.person(place));
    let others = people.filter(|person| person != theme.person());
    let foreign: Vec<PlannedCall> = others
        .flat_map(|person| domain.reach(&*trail.start, &person))
        .filter(|read| read.text("ticket_id").is_some_and(|id| is_open(&trail, id)))
        .take(5)
        .collect();
    for read in foreign {
        let unseen = trail.call(set(read.text("ticket_id").unwrap(), "low"));
        assert!(unseen.error, "{unseen:?}");
        trail.call(read.clone());
        let barred = trail.call(set(read.text("ticket_id").unwrap(), "low"));
        assert!(
            barred.error && barred.text.contains("policy forbids"),
            "{barred:?}"
        );
    }
    assert_eq!(trail.world.state_id(), before);
    assert!(pruned(&trail, Pruned::Unlawful("own-tickets-only")) > 0);
    assert!(trail.found().is_none());
    // What is lawful is found, and nothing of the rest is in it.
    let [priority, _] = other_priorities(&trail, &open[0]);
    let done = trail.call(set(&open[0], priority));
    assert!(
        !done.error && done.text.contains("This is kept"),
        "{done:?}"
    );
    let found = trail.found().unwrap();
    let writes = found
        .walk
        .steps
        .iter()
        .filter(|step| step.call.name == "set_priority");
    assert_eq!(
        writes.map(|step| &step.call).collect::<Vec<_>>(),
        [&set(&open[0], priority)]
    );
}

#[test]
fn what_a_later_write_undoes_is_erased() {
    let domain = desk();
    let wants = vec![write("set_priority"), Wanted::AnyWrite];
    let theme = Theme::of(&domain, &plain(wants), Seed::root(1)).unwrap();
    let mut trail = Trail::new(&domain, &theme, Seed::root(2)).unwrap();
    let open = look_around(&domain, &theme, &mut trail);
    let start = trail.world.state_id();
    let present = PRIORITIES.into_iter().find(|priority| {
        let call = set(&open[0], priority);
        let mut world = trail.start.fork();
        world
            .call(Actor::Assistant, &call.name, &call.arguments)
            .error
            || world.state_id() == start
    });
    let [one, two] = other_priorities(&trail, &open[0]);
    trail.call(set(&open[0], one));
    trail.call(set(&open[0], two));
    assert_eq!(trail.writes.len(), 2);
    let back = trail.call(set(&open[0], present.unwrap()));
    assert!(back.text.contains("not kept: undone later"), "{back:?}");
    assert_eq!((trail.world.state_id(), trail.writes.len()), (start, 0));
    assert_eq!(pruned(&trail, Pruned::Undone), 3);
    assert_eq!(trail.choose(), [None, None]);
}

#[test]
fn of_two_writes_on_one_thing_the_later_stands_and_company_is_elsewhere() {
    let domain = desk();
    let wants = vec![write("set_priority"), Wanted::AnyWrite];
    let theme = Theme::of(&domain, &plain(wants), Seed::root(1)).unwrap();
    let mut trail = Trail::new(&domain, &theme, Seed::root(2)).unwrap();
    let open = look_around(&domain, &theme, &mut trail);
    let [one, two] = other_priorities(&trail, &open[0]);
    trail.call(set(&open[0], one));
    trail.call(set(&open[0], two));
    let close = |ticket: &str| {
        PlannedCall::new(
            "close_ticket",
            [("ticket_id", ticket), ("reason", "solved")],
        )
    };
    let same = trail.call(close(&open[0]));
    assert!(same.text.contains("in the way of another wish"), "{same:?}");
    assert!(trail.found().is_none());
    let done = trail.call(close(&open[1]));
    assert!(!done.error, "{done:?}");
    let found = trail.found().unwrap();
    let wishes: Vec<&PlannedCall> = found
        .goals
        .iter()
        .filter_map(|goal| goal.wish.call())
        .collect();
    assert_eq!(wishes, [&set(&open[0], two), &close(&open[1])]);
}

#[test]
fn a_theme_is_its_jobs_alone_and_company_and_leads_spread() {
    let domain = desk();
    let wants = vec![write("close_ticket"), Wanted::AnyWrite];
    let theme = |seed: u64| Theme::of(&domain, &plain(wants.clone()), Seed::root(seed)).unwrap();
    assert_eq!(theme(5), theme(5));
    let themes: Vec<Theme> = (0..60).map(theme).collect();
    let company = |tool: &str| {
        let with = themes
            .iter()
            .filter(|theme| theme.sought().any(|s| s.any && s.tool == tool));
        with.count()
    };
    let [priority, moved] = [company("set_priority"), company("move_ticket")];
    assert_eq!(priority + moved, themes.len());
    assert!(priority.abs_diff(moved) < 30, "{priority} {moved}");
    for theme in &themes {
        let own = domain.reach(&*domain.start(), theme.person());
        assert!(
            theme
                .leads()
                .iter()
                .all(|lead| own.contains(lead) && lead.name == "get_ticket")
        );
    }
    // Each of a person's things comes first for some candidate.
    let firsts = |theme: &&Theme| theme.leads().len() > 1;
    let in_order = themes.iter().filter(firsts).filter(|theme| {
        theme
            .leads()
            .is_sorted_by_key(|lead| lead.text("ticket_id").map(str::to_owned))
    });
    assert!(in_order.count() < themes.iter().filter(firsts).count() * 2 / 3);
}

/// A call of somebody who tries whatever comes to mind.
fn whim(domain: &dyn Domain, trail: &Trail<'_>, person: &str, draw: u64) -> PlannedCall {
    let mut rng = Seed::root(draw).rng();
    let reach = domain.reach(&*trail.start, person);
    let writes = domain
        .tools()
        .iter()
        .filter(|tool| tool.effect == Effect::Write);
    let writes: Vec<&str> = writes.map(|tool| tool.name.as_str()).collect();
    let somebody = domain.person(rng.below(domain.people()));
    let for_whom = if rng.chance(0.15) { &somebody } else { person };
    let drawn = match rng.below(10) {
        0..4 => rng.pick(&reach).cloned(),
        4 => Some(PlannedCall::new::<Value>("no_such_tool", [])),
        _ => {
            let tool = writes[rng.below(writes.len())];
            let want = Want::Write { tool, hide: None };
            let world = if rng.chance(0.3) {
                &trail.start
            } else {
                &trail.world
            };
            let afforded = domain.afford(&**world, for_whom, &want, &mut rng);
            afforded.and_then(|afforded| afforded.goal.wish.call().cloned())
        }
    };
    drawn.unwrap_or_else(|| reach[0].clone())
}

/// Follows whims until something is found, looking up whatever is written to, which whims alone would not.
fn wander(domain: &dyn Domain, cell: &Cell, seed: u64, whims: &[u64]) -> Option<Exploration> {
    let theme = Theme::of(domain, cell, Seed::root(seed)).ok()?;
    let mut trail = Trail::new(domain, &theme, Seed::root(seed)).unwrap();
    trail.call(theme.introduction().call.clone());
    for &draw in whims {
        let call = whim(domain, &trail, theme.person(), draw);
        if let Some(target) = domain.target(&call).map(str::to_owned) {
            let reach = domain.reach(&*trail.start, theme.person());
            let about = |read: &&PlannedCall| {
                read.arguments
                    .values()
                    .any(|value| value.as_str() == Some(&target))
            };
            if let Some(read) = reach.iter().find(about) {
                trail.call(read.clone());
            }
        }
        trail.call(call);
        if let Some(found) = trail.found() {
            return Some(found);
        }
    }
    None
}

/// What is handed on replays from its start to the last byte, breaks no rule, and has nothing in it but the
/// introduction, the look-ups that its goals need and one write for each.
fn exact(domain: &dyn Domain, cell: &Cell, found: &Exploration) {
    assert_eq!(found.goals.len(), cell.wants.len());
    let mut world = domain.restore(&found.walk.start.delta).unwrap();
    let mut earlier: Vec<PlannedCall> = Vec::new();
    for step in &found.walk.steps {
        let situation = Situation {
            world: &*world,
            call: &step.call,
            effect: domain.effect(&step.call.name).unwrap(),
            person: (!earlier.is_empty()).then_some(&found.person),
            earlier: &earlier,
            calls_in_message: 1,
            text_beside: false,
            exchange: None,
        };
        let broken = domain.rules().iter().find(|rule| (rule.breaks)(&situation));
        assert!(broken.is_none(), "{broken:?}: {step:?}");
        let seen = world.call(Actor::Assistant, &step.call.name, &step.call.arguments);
        assert_eq!((&seen, world.state_id()), (&step.observation, step.state));
        assert!(!seen.error && !earlier.contains(&step.call), "{step:?}");
        earlier.push(step.call.clone());
    }
    let mut needed = vec![&found.introduction.call];
    for goal in &found.goals {
        needed.extend(&goal.reads);
        if let Wish::Write(call) = &goal.wish {
            needed.push(call);
        }
    }
    assert!(
        earlier.iter().all(|call| needed.contains(&call)),
        "{earlier:?}"
    );
    assert!(
        needed.iter().all(|call| earlier.contains(call)),
        "{earlier:?}"
    );
    for (place, goal) in found.goals.iter().enumerate() {
        let others = &found.goals[..place];
        assert!(!others.iter().any(|other| domain.entangled(other, goal)));
    }
}

fn wishes(domain: &dyn Domain) -> Vec<Cell> {
    let tools = domain
        .tools()
        .iter()
        .filter(|tool| tool.effect == Effect::Write);
    let mut cells: Vec<Cell> = tools
        .flat_map(|tool| {
            let alone = vec![write(&tool.name)];
            let company = vec![write(&tool.name), Wanted::AnyWrite];
            let asked = vec![Wanted::Question, write(&tool.name)];
            [plain(alone), plain(company), plain(asked)]
        })
        .collect();
    cells.extend(domain.hideable().iter().map(|&(tool, slot)| {
        let kind = Kind::Hidden(slot.to_owned());
        cell(Scenario::Ambiguous, kind, vec![write(tool)])
    }));
    let blocking = domain.rules().iter();
    let blocking = blocking.filter(|rule| rule.sort == crate::rules::Sort::GoalBlocking);
    cells.extend(blocking.map(|rule| {
        let wants = vec![Wanted::Blocked(rule.id.to_owned()), Wanted::AnyWrite];
        cell(
            Scenario::Infeasible,
            Kind::Blocked(rule.id.to_owned()),
            wants,
        )
    }));
    cells
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_is_tried_what_is_kept_is_what_is_needed(
        seed in 0_u64..1_000,
        whims in prop::collection::vec(any::<u64>(), 40),
    ) {
        let domain = desk();
        let cells = wishes(&domain);
        let cell = &cells[seed as usize % cells.len()];
        if let Some(found) = wander(&domain, cell, seed, &whims) {
            exact(&domain, cell, &found);
        }
    }
}

#[test]
fn wandering_through_a_shop_finds_what_is_needed_and_no_more() {
    let settings = WorldSettings::new(30, 60, 200).unwrap();
    let Parts {
        products,
        users,
        orders,
    } = generate(&settings, Seed::root(4));
    let base = Base::build(products, users, orders).unwrap();
    let domain = Retail::new(Arc::new(base));
    let mut found = 0;
    for (nth, cell) in wishes(&domain).iter().enumerate() {
        let whims: Vec<u64> = (0..40).map(|draw| draw + 1_000 * nth as u64).collect();
        if let Some(walk) = wander(&domain, cell, nth as u64, &whims) {
            exact(&domain, cell, &walk);
            found += 1;
        }
    }
    assert!(found > 12, "{found}");
}
