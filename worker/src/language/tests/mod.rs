//! The writer and its checks over a population of synthetic intents.

mod population;
mod shop;
mod spellings;

use proto::record::{Change, Descriptor, Task, Trigger, Value, Visibility};
use proto::seed::Seed;

use self::population::{Case, TOOLS, TOPICS, changed, drawn, question, request, write};
use self::shop::{Shop, Stub};
use super::fidelity::check_texts;
use super::phrasing::Tone;
use super::small_talk::{Reply, small_talk};
use super::variety::{Masker, VarietyTable};
use crate::dialogue::facts::read_user;

fn texts(task: &Task) -> Vec<String> {
    let script = &task.script;
    let mut texts = vec![script.identity.clone(), script.opening.clone()];
    let change = script.change.as_ref();
    texts.extend(change.map(|change| change.text.clone()));
    for goal in script
        .goals
        .iter()
        .chain(change.into_iter().flat_map(|change| &change.goals))
    {
        texts.push(goal.say.clone());
        texts.extend(goal.reveals.iter().map(|reveal| reveal.text.clone()));
    }
    texts
}

/// Whether the first word is an address of electronic mail, which keeps its case there, too.
fn starts_with_mail(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    let address = word.trim_end_matches(['.', ',', '?', '!', ':', ';']);
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    address.split_once('@').is_some_and(|(name, host)| {
        let labels = || host.split('.');
        !name.is_empty()
            && name.chars().all(part)
            && labels().count() > 1
            && labels().all(|label| !label.is_empty() && label.chars().all(part))
    })
}

#[test]
fn only_an_address_may_start_in_lower_case() {
    for (text, tidy) in [
        ("ada.lopez7@example.com is my e-mail.", true),
        ("ada@example.com.", true),
        ("my e-mail is ada@example.com.", false),
        ("ada@example is my e-mail.", false),
        ("@example.com is it.", false),
        ("ada at example.com is it.", false),
        ("Ada@example.com is it.", true),
    ] {
        assert_eq!(untidy(text).is_none(), tidy, "{text}");
    }
}

/// What is wrong with the form of a text.
fn untidy(text: &str) -> Option<String> {
    let start = text.trim_start_matches(['"', '#', '(', '+']);
    let lower = text.to_lowercase();
    let bad = [
        "$",
        "{",
        "}",
        "[",
        "]",
        "|",
        "  ",
        " a a ",
        "the the ",
        " an an ",
        " a the ",
        " ,",
        " .",
        "..",
        ".,",
        ",.",
        "?.",
        "?!",
        " my my ",
        " to to ",
        " in in ",
        "()",
        ",,",
        " ?",
        "my the ",
        "the my ",
        " i i ",
        "because because",
        "so so ",
        "i'd like to to",
    ];
    let spoken = lower
        .replace(" a one", " ")
        .replace(" a eu", " ")
        .replace(" a un", " ")
        .replace(" a us", " ");
    let wrong = [" a a", " a e", " a i", " a o", " a u"];
    let found = bad
        .iter()
        .find(|bad| lower.contains(*bad))
        .or_else(|| wrong.iter().find(|wrong| spoken.contains(*wrong)));
    if let Some(found) = found {
        return Some(format!("{found:?} in {text:?}"));
    }
    let starts = start.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
        || starts_with_mail(text);
    (!starts || !text.ends_with(['.', '?', '!'])).then(|| format!("start or end of {text:?}"))
}

fn problems(case: &Case) -> Vec<String> {
    let mut problems: Vec<String> = texts(&case.task)
        .iter()
        .filter_map(|text| untidy(text))
        .collect();
    problems.extend(check_texts(&Stub, &case.shop, &case.task).err());
    problems
}

fn assert_none(cases: impl Iterator<Item = Case>) {
    let all: Vec<String> = cases.flat_map(|case| problems(&case)).collect();
    let some: Vec<&str> = all.iter().take(15).map(String::as_str).collect();
    assert!(
        all.is_empty(),
        "{} problems, such as\n{}",
        all.len(),
        some.join("\n")
    );
}

#[test]
fn mixed_intents_are_told_faithfully() {
    assert_none((0..1000).map(drawn));
}

#[test]
fn every_cell_is_told_faithfully() {
    let hides = [
        None,
        Some("order"),
        Some("items"),
        Some("new_items"),
        Some("payment"),
        Some("reason"),
        Some("address"),
    ];
    let cells = TOOLS
        .iter()
        .flat_map(|tool| hides.map(|hide| (*tool, hide)));
    let changes: Vec<(Change, Trigger)> = Change::ALL
        .into_iter()
        .flat_map(|change| Trigger::ALL.map(|trigger| (change, trigger)))
        .collect();
    assert_none(cells.flat_map(|(tool, hide)| {
        let each = changes
            .iter()
            .flat_map(move |&(change, trigger)| (0..3).map(move |round| (change, trigger, round)));
        each.map(move |(change, trigger, round)| {
            let label = format!("{tool}{hide:?}{}{}", change.label(), trigger.label());
            let seed = Seed::root(5).child(&label, round);
            let mut rng = seed.child("intent", 0).rng();
            let shop = Shop::draw(&mut rng);
            let goals = vec![write(&shop, tool, 0, hide, &mut rng)];
            changed(shop, goals, change, trigger, seed, &mut rng)
        })
        .collect::<Vec<_>>()
    }));
}

#[test]
fn questions_and_requests_are_told_faithfully() {
    let keys = [
        "apply_coupon",
        "change_email",
        "expedite_shipping",
        "price_match",
        "gift_wrap",
        "change_phone",
        "unheard_of",
    ];
    let forms = TOPICS
        .iter()
        .map(|topic| (*topic, true))
        .chain(keys.map(|key| (key, false)));
    assert_none(forms.flat_map(|(form, asks)| {
        (0..40).map(move |round| {
            let seed = Seed::root(6).child(form, round);
            let mut rng = seed.rng();
            let shop = Shop::draw(&mut rng);
            let goal = if asks {
                question(&shop, form, &mut rng)
            } else {
                request(&shop, form, &mut rng)
            };
            population::case(shop, vec![goal], vec![0], vec![0], None, seed)
        })
    }));
}

#[test]
#[ignore = "prints samples and figures to read"]
fn samples() {
    for index in 0..60 {
        let case = drawn(index);
        println!(
            "{} [{}] {}",
            index, case.task.script.persona.style, case.task.script.opening
        );
        if let Some(change) = &case.task.script.change {
            println!("      ~~ {}", change.text);
        }
        if index % 6 == 0 {
            for goal in &case.task.script.goals {
                println!("      say: {}", goal.say);
                for reveal in &goal.reveals {
                    println!("      {}: {}", reveal.slot, reveal.text);
                }
            }
        }
    }
    variety();
}

fn masker() -> Masker {
    let kinds = shop::KINDS;
    let mut values: Vec<(&'static str, String)> = Vec::new();
    values.extend(kinds.iter().map(|kind| ("PRODUCT", kind.0.to_owned())));
    values.extend(
        kinds
            .iter()
            .flat_map(|kind| kind.1)
            .flat_map(|axis| axis.1)
            .map(|value| ("OPTION", (*value).to_owned())),
    );
    values.extend(
        kinds
            .iter()
            .flat_map(|kind| kind.1)
            .map(|axis| ("AXIS", axis.0.to_owned())),
    );
    values.extend(shop::CITIES.iter().map(|city| ("CITY", (*city).to_owned())));
    values.extend(
        shop::NAMES
            .iter()
            .flat_map(|name| [name.0, name.1])
            .map(|name| ("NAME", name.to_owned())),
    );
    Masker::new(values)
}

fn variety() {
    let openings: Vec<String> = (0..1000)
        .map(|index| drawn(index).task.script.opening)
        .collect();
    let mut table = VarietyTable::default();
    table.measure("openings", &masker(), openings.iter().map(String::as_str));
    table.measure(
        "openings (114)",
        &masker(),
        openings.iter().take(114).map(String::as_str),
    );
    println!("{}", table.render());
}

/// A task of one return that hides its payment, with known texts.
fn planted() -> Case {
    let seed = Seed::root(9);
    let mut rng = seed.rng();
    let shop = Shop::draw(&mut rng);
    let mut goal = write(
        &shop,
        "return_delivered_order_items",
        0,
        Some("payment"),
        &mut rng,
    );
    let name = shop::KINDS[shop.orders[0].2[0]].0;
    let descriptor = |predicate: &str, argument: &str, visibility| Descriptor {
        predicate: predicate.to_owned(),
        arguments: vec![Value::from(argument)],
        visibility,
    };
    goal.slots[0].says = vec![descriptor(
        "order.id",
        &shop.orders[0].0,
        Visibility::Opening,
    )];
    goal.slots[1].says = vec![descriptor("items.product", name, Visibility::Opening)];
    goal.slots[2].says = vec![descriptor(
        "payment.source",
        "paypal",
        Visibility::OnRequest,
    )];
    population::case(shop, vec![goal], vec![0], vec![0], None, seed)
}

#[test]
fn planted_faults_are_caught() {
    let case = planted();
    assert_eq!(check_texts(&Stub, &case.shop, &case.task), Ok(()));
    let id = &case.shop.orders[0].0;
    let name = shop::KINDS[case.shop.orders[0].2[0]].0;
    let other = shop::KINDS[case.shop.orders[1].2[0]].0;
    let (foreign, city) = (&case.shop.orders[1].0, case.shop.orders[0].1);
    let faults = [
        (format!("I want to return the {name} from order {id}."), ""),
        (
            format!(
                "I want to return the {} from order {id}.",
                name.to_uppercase()
            ),
            "",
        ),
        (
            format!("I want to return the {name} from order {id} to my PayPal."),
            "kept back",
        ),
        (format!("I want to return the {name}."), "does not say"),
        (
            format!("I want to return something from order {id}."),
            "does not say",
        ),
        (
            format!("I want to return the {name} and the {other} from order {id}."),
            "does not hold",
        ),
        (
            format!("I want to return the {name} from order {id}, not {foreign}."),
            "does not hold",
        ),
        (
            format!("I want to return the {name} from order {id} that went to {city}."),
            "does not hold",
        ),
        (
            format!("I want to return the {name} from order {id} to my gift card."),
            "does not hold",
        ),
        (
            format!("I want to return the {name} from order {id}, it is too large or firm or red."),
            "does not hold",
        ),
    ];
    for (text, wrong) in faults {
        let mut task = case.task.clone();
        task.script.opening = text.clone();
        let found = check_texts(&Stub, &case.shop, &task);
        let as_wished = found.as_ref().err().map_or(wrong.is_empty(), |error| {
            !wrong.is_empty() && error.contains(wrong)
        });
        // The last line's words are only wrong where the shop's products have such options.
        assert!(
            as_wished || text.contains("large or firm"),
            "{text}: {found:?}"
        );
    }
    let mut task = case.task.clone();
    task.script.goals[0].reveals[0].text = format!("It's {id}, and the money goes to my PayPal.");
    assert!(check_texts(&Stub, &case.shop, &task).is_err());
}

#[test]
fn a_manner_tells_nothing_of_the_case() {
    let Case { shop, task } = planted();
    let order = &shop.orders[0];
    let name = shop::KINDS[order.2[0]].0;
    let other = shop::KINDS[shop.orders[1].2[0]].0;
    let long = "so ".repeat(80);
    let found = |manner: &str| {
        let mut task = task.clone();
        task.script.persona.manner = manner.to_owned();
        check_texts(&Stub, &shop, &task)
    };
    for fine in ["", "They write the way they talk, and seldom ask twice."] {
        assert_eq!(found(fine), Ok(()), "{fine}");
    }
    for (told, wrong) in [
        (name, "no fact of the case"),
        (other, "no fact of the case"),
        (order.1, "no fact of the case"),
        (shop.first, "no fact of the case"),
        ("PayPal", "no fact of the case"),
        (order.0.as_str(), "holds a number"),
        ("½", "holds a number"),
        ("\n", "one paragraph"),
        (long.as_str(), "characters"),
    ] {
        let error = found(&format!("They keep saying {told} again.")).unwrap_err();
        assert!(error.contains(wrong), "{told}: {error}");
    }
    assert!(found(" ").unwrap_err().contains("says nothing"));
}

#[test]
fn only_a_yes_reads_as_one() {
    for index in 0..400 {
        let task = drawn(index).task;
        // The identity and the opening answer no proposal.
        for text in texts(&task).iter().skip(2) {
            assert_ne!(read_user(text).consent, Some(true), "{text}");
        }
    }
    let mut rng = Seed::root(4).rng();
    let cases = [
        (Reply::Yes, Some(true)),
        (Reply::No, Some(false)),
        (Reply::NoThanks, None),
        (Reply::PushBack, None),
        (Reply::Nudge, None),
        (Reply::DontKnow, None),
    ];
    for tone in Tone::ALL {
        for (reply, consent) in cases {
            for _ in 0..60 {
                let text = small_talk(reply, tone.label(), &mut rng);
                assert_eq!(read_user(&text).consent, consent, "{text}");
            }
        }
    }
}

#[test]
fn a_script_is_frozen() {
    let opening = |index| drawn(index).task.script.opening;
    assert_eq!(opening(3), opening(3));
    let all: String = (0..50)
        .flat_map(|index| texts(&drawn(index).task))
        .collect::<Vec<_>>()
        .join("\n");
    assert_eq!(
        proto::digest::Hasher::new("t2t.test.texts", 1)
            .text(&all)
            .finish()
            .to_string(),
        FROZEN
    );
}

/// Digest of the first fifty scripts' texts: changing a table changes it, and the writer's version.
const FROZEN: &str = "d7902e6c0d58f9b220da0d62459a58c51c28921b6eefad682fe9ad66584a9074";

#[test]
fn openings_rarely_repeat() {
    let openings: Vec<String> = (0..1000)
        .map(|index| drawn(index).task.script.opening)
        .collect();
    let mut table = VarietyTable::default();
    table.measure("openings", &masker(), openings.iter().map(String::as_str));
    table.measure(
        "openings (114)",
        &masker(),
        openings.iter().take(114).map(String::as_str),
    );
    assert!(
        table.rows[0].distinct_per_1000 >= 900.0,
        "{}",
        table.render()
    );
    // 0.8 of the 0.35 that the benchmark's 114 human-written reasons measure.
    assert!(table.rows[1].distinct_2 >= 0.28, "{}", table.render());
}
