//! An endpoint that misbehaves in every way it knows, each at all requests of some conversations, with 200
//! conversations at once: how many episodes end otherwise than the table of misbehaviours says, and how
//! often something is asked for that was answered before.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use harness::endpoint::{Endpoint, Expected, Fault, Form, Misbehaviour, Settings, When};
use harness::fleet::Programs;
use harness::outcomes;
use proto::ids::EpisodeId;
use proto::outcome::StageResult;
use proto::record::{Ending, Episode, Message, Recipe};
use worker::worlds;

use crate::stage::Stage;
use crate::{Asked, Figure};

const TASKS: usize = 500;
const SLOTS: usize = 200;
/// Of all conversations, how many meet a misbehaviour.
const STRUCK: f64 = 0.5;
/// So that as many conversations are open at once as there are slots.
const LATENCY: Duration = Duration::from_millis(500);
/// What silence costs, while nothing that is answered takes as long; and when those are given up that are left in the
/// end, to whom the endpoint answers nothing. With prices, so that money is reserved for each call.
const TERMS: &str = "connect_seconds = 5\nfirst_byte_seconds = 3\ntotal_seconds = 6\ndown_seconds = 60\n\
                        price_input = 3\nprice_output = 15\n";
/// What can pass is tried five times over some minutes before it is given up.
const LONGEST: Duration = Duration::from_secs(1_200);
const GLANCE: Duration = Duration::from_millis(100);
/// The policy is the same over any world.
const SMALL: Recipe = Recipe {
    seed: 1,
    products: 12,
    people: 40,
    orders: 90,
};
/// Exit codes of an evaluation: of one that is whole, and of one with many conversations that have no score.
const ENDS: [i32; 2] = [0, 6];

pub(crate) fn measure(programs: Programs) -> Option<Vec<Figure>> {
    let settings = Settings {
        latency: LATENCY,
        ..Settings::default()
    };
    let mut stage = Stage::with(programs, settings, &format!("tasks = {TASKS}\n"), TERMS)?;
    let _workers = stage.workers(1, SLOTS);
    stage.endpoint.set_faults(faults());
    let (stormy, took) = evaluated(&mut stage, "stormy");
    let stats = stage.endpoint.stats();
    let fates = fates(&stage.endpoint, &stormy);
    stage.endpoint.set_faults(Vec::new());
    let (calm, _) = evaluated(&mut stage, "calm");
    println!(
        "misbehaviour: {} episodes in {:.0} s, {} calls in flight at most, {} requests of which {} met one of {} misbehaviours",
        stormy.len(),
        took.as_secs_f64(),
        stats.most_in_flight,
        stats.requests,
        stats.misbehaved.values().sum::<u64>(),
        stats.misbehaved.len(),
    );
    println!("endings: {:?}", endings(&stormy));
    let wrong = |(id, episode): (&EpisodeId, &Episode)| {
        let fate = fates[id];
        let why = otherwise(fate, episode, calm.get(id)?)?;
        Some(format!(
            "{id}, {}: {why}",
            fate.map_or("calm", Misbehaviour::name)
        ))
    };
    let wrong: Vec<String> = stormy.iter().filter_map(wrong).collect();
    wrong.iter().for_each(|line| println!("  {line}"));
    let figure = |name, value: usize, asked| Figure {
        name,
        value: value as f64,
        unit: "",
        asked,
    };
    // Gold played as many when the tasks were made.
    let made = episodes(&stage.fleet.at("made")).len();
    let both = calm.keys().filter(|id| stormy.contains_key(id)).count();
    let uneven = [&stormy, &calm].map(|some| made.abs_diff(both) + some.len().abs_diff(both));
    Some(vec![
        figure(
            "misbehaviours met",
            stats.misbehaved.len(),
            Asked::Least(30.0),
        ),
        figure(
            "conversations at once",
            stats.most_in_flight as usize,
            Asked::Least(0.9 * SLOTS as f64),
        ),
        figure(
            "episodes missing or too many",
            uneven.iter().sum(),
            Asked::Most(0.0),
        ),
        figure(
            "episodes that end not as the table says",
            wrong.len(),
            Asked::Most(0.0),
        ),
        figure(
            "kept replies asked for again",
            stats.asked_again as usize,
            Asked::Most(0.0),
        ),
    ])
}

fn evaluated(stage: &mut Stage, out: &str) -> (BTreeMap<EpisodeId, Episode>, Duration) {
    let (mut run, began) = stage.evaluation(1, out);
    while run.runs() {
        assert!(began.elapsed() < LONGEST, "no end: {}", run.printed());
        sleep(GLANCE);
    }
    let code = run.ends();
    assert!(ENDS.contains(&code), "{code}: {}", run.printed());
    (episodes(&stage.fleet.at(out)), began.elapsed())
}

fn endings(episodes: &BTreeMap<EpisodeId, Episode>) -> BTreeMap<String, usize> {
    let mut endings: BTreeMap<String, usize> = BTreeMap::new();
    for episode in episodes.values() {
        *endings.entry(episode.ending.label()).or_default() += 1;
    }
    endings
}

/// Every misbehaviour that can befall one conversation and not the next.
fn faults() -> Vec<Fault> {
    let all = Misbehaviour::ALL.iter().copied();
    let one =
        |what: &Misbehaviour| *what != Misbehaviour::ConnectRefused && what.speaks(Form::OpenAi);
    let all: Vec<Misbehaviour> = all.filter(one).collect();
    let when = When::Conversations(STRUCK / all.len() as f64);
    let fault = |misbehaviour| Fault { misbehaviour, when };
    all.into_iter().map(fault).collect()
}

fn episodes(run: &Path) -> BTreeMap<EpisodeId, Episode> {
    let mut episodes = BTreeMap::new();
    for outcome in outcomes::of(run) {
        if let StageResult::Played(episode) = outcome.result {
            let twice = episodes.insert(episode.id, *episode);
            assert!(twice.is_none(), "an episode was kept twice: {twice:?}");
        }
    }
    episodes
}

/// What befell each conversation.
fn fates(
    endpoint: &Endpoint,
    episodes: &BTreeMap<EpisodeId, Episode>,
) -> BTreeMap<EpisodeId, Option<Misbehaviour>> {
    let shop = worlds::generated("retail", SMALL).expect("a small shop");
    let fate = |(id, episode): (&EpisodeId, &Episode)| {
        let Some(Message::User { text }) = episode.messages.first() else {
            panic!("{id} has no opening");
        };
        (*id, endpoint.fate(shop.policy(), text))
    };
    episodes.iter().map(fate).collect()
}

/// In what an episode is not what its fate makes of it, if it is not.
fn otherwise(fate: Option<Misbehaviour>, episode: &Episode, calm: &Episode) -> Option<String> {
    let ending = &episode.ending;
    let right = match fate.map_or(Expected::Harmless, Misbehaviour::expected) {
        Expected::Agent(fault) => *ending == Ending::Agent(fault),
        Expected::Scored => ending.scored(),
        Expected::Infrastructure => matches!(ending, Ending::Infrastructure(_)),
        Expected::Harmless => {
            episode.messages == calm.messages
                && *ending == calm.ending
                && episode.verdict == calm.verdict
        }
    };
    (!right).then(|| format!("{ending:?}, and in calm {:?}", calm.ending))
}
