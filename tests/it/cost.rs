//! What a plan will cost is told from a few of its slots, and the run goes on from those.

use harness::endpoint::Stats;
use serde_json::Value as Json;

use crate::recording::Desk;

const TASKS: u32 = 48;
const AGENTS: &str = "agents = [\"model:small\", \"model:free\"]\n";
const MODELS: &str = "price_input = \"2.5\"\nprice_cached = \"1.25\"\nprice_output = \"10\"\n\
                      [models.free]\nURL\nmodel = \"f\"\n";

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

/// Calls, tokens of input and output, and dollars of all requests of a run, as its recording has them.
fn spent(desk: &Desk) -> [f64; 4] {
    let rows = json(&desk.prints("inspect out --requests --json"));
    let mut sums = [0.0; 4];
    for row in rows.as_array().unwrap() {
        let tokens = |key: &str| row["usage"][key].as_f64().unwrap();
        let (input, cached, output) = (tokens("input"), tokens("cached"), tokens("output"));
        sums[0] += 1.0;
        sums[1] += input;
        sums[2] += output;
        if row["model"] == "small" {
            sums[3] += ((input - cached) * 2.5 + cached * 1.25 + output * 10.0) / 1e6;
        }
    }
    sums
}

#[test]
fn the_interval_of_a_pilot_holds_what_the_plan_comes_to() {
    let desk = Desk::with(TASKS, Vec::new(), AGENTS, MODELS);
    let cost = "plan cost plan.toml --pilot 8";
    let found = json(&desk.prints(&format!("{cost} --out out --json")));
    let asked = |desk: &Desk| -> Stats { desk.endpoint.stats() };
    let pilot = asked(&desk);
    assert_eq!(
        (found["pilot"].as_u64(), found["slots"].as_u64()),
        (Some(8), Some(48))
    );
    assert_eq!(
        found["total"]["calls"]["pilot"].as_f64(),
        Some(pilot.requests as f64)
    );
    assert_eq!(found["unpriced"], json("[\"free\"]"));

    // The run goes on from the pilot, and nothing is paid for twice.
    desk.prints("run plan.toml --out out");
    let all = asked(&desk);
    assert_eq!(all.asked_again, 0, "{all:?}");
    assert!(
        pilot.requests * 3 < all.requests,
        "a pilot is small: {pilot:?} of {all:?}"
    );
    let truth = spent(&desk);
    assert_eq!(truth[0], all.requests as f64);
    for (key, truth) in ["calls", "input", "output", "dollars"]
        .into_iter()
        .zip(truth)
    {
        let figure = &found["total"][key];
        let [low, plan, high] = ["low", "plan", "high"].map(|end| figure[end].as_f64().unwrap());
        assert!(
            low <= truth && truth <= high,
            "{key}: {truth} is not in {figure}"
        );
        assert!(
            low < plan && plan < high && high < 2.0 * truth,
            "{key}: {figure}"
        );
    }

    // The same from the recording, in words, asking nobody.
    let told = desk.prints(&format!("{cost} --replay out"));
    assert_eq!(asked(&desk), all);
    let again = json(&desk.prints(&format!("{cost} --replay out --json")));
    assert_eq!(again, found);
    let dollars = found["total"]["dollars"]["plan"].as_f64().unwrap();
    for part in [
        "from 8 of 48 slots, 2 agents x 1 trials",
        "writer    small",
        "validity  small",
        "agent     free",
        &format!("dollars        {dollars:.2}, 95 %: "),
        "no price is known of free",
    ] {
        assert!(told.contains(part), "no `{part}` in\n{told}");
    }

    // Without models there is nothing to pay.
    let free = desk.prints("plan cost --tasks 100 --json");
    assert_eq!(json(&free)["lines"], json("[]"));
}
