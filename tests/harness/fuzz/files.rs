//! Small files and lines from outside: plans, manifests, lines for `domain replay`, names of agents,
//! expressions for the calculator.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use coordinator::dataset::manifest::{self, MANIFEST};
use coordinator::dataset::{CardFacts, DatasetWriter, Settings};
use coordinator::plan::Plan;
use coordinator::plan::settings::{Flags, Known, PlanFile, resolve, toml};
use proto::digest::Digest;
use proto::record::{Actor, Map, Value};
use tempfile::TempDir;
use worker::domains::retail::replay;
use worker::domains::retail::state::{Base, World};
use worker::environment::Environment;
use worker::participants::agents::PlannedAgent;
use worker::stages::play;

use super::Target;
use super::corpus::{DESK, OF_DESK, shop};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "plan",
        about: "a plan file resolves to a plan that is written and resolved the same, or is an error",
        run: plan,
        seeds: plans,
        words: &[
            "[world]",
            "[mix]",
            "[dataset]",
            "[[mix]]",
            "agents = ",
            "[\"gold\"]",
            "= 0",
            "= -1",
            "= 1e9",
            "= nan",
            "= inf",
            "= 18446744073709551615",
            "= 9223372036854775808",
            "\"\"\"",
            "'''",
            "{a=",
            "[",
            "1979-05-27",
            "\\u0000",
            "tasks = 1\n",
            "strata = 0\n",
        ],
        cases: 1500,
    },
    Target {
        name: "manifest",
        about: "a manifest that was touched is refused",
        run: touched,
        seeds: || vec![DATASET.manifest.clone()],
        words: &["\"files\"", "}", "\n]"],
        cases: 300,
    },
    Target {
        name: "manifest-mended",
        about: "behind a right digest a manifest is read without a panic, and vouches for no file outside of its folder",
        run: mended,
        seeds: || vec![DATASET.manifest.clone()],
        words: &[
            "\"path\":\"../README.md\"",
            "\"path\":\"/dev/zero\"",
            "\"path\":\"raw/../../x\"",
            "\"path\":\"\"",
            "\"rows\":",
            "\"train\":",
            "18446744073709551615",
            "-1",
            "{",
            "[",
            "\"complete\":1",
            "null",
        ],
        cases: 800,
    },
    Target {
        name: "replay",
        about: "lines of calls give a line of JSON each, or an error that names the line",
        run: replay_lines,
        seeds: || lines().into_iter().map(String::into_bytes).collect(),
        words: &[
            "\"steps\":",
            "\"arguments\":",
            "\"requestor\":\"user\"",
            "\"name\":\"calculate\"",
            "NaN",
            "-Infinity",
            "[",
            "{\"a\":",
            "\\ud800",
            "\"1**1\"",
            "null",
            "[[",
            "{}",
            "99999999999999999999999",
            "1e400",
            "\n",
            "#W0000000",
            "\"a\":1,",
            "\"modify_user_address\"",
        ],
        cases: 1200,
    },
    Target {
        name: "agent-name",
        about: "a name is an agent's or an error; what is an agent's plays to an end",
        run: agent_name,
        seeds: || {
            [
                "gold",
                "heldout",
                "noisy:0.2",
                "noisy:1",
                "parrot",
                "stale",
                "tampered",
                "hasty",
            ]
            .map(|name| name.as_bytes().to_vec())
            .to_vec()
        },
        words: &[
            "noisy:",
            "NaN",
            "inf",
            "-0",
            "1e-320",
            "0x1",
            "+",
            "gold",
            ":",
            "\u{0}",
            "hasty:write:0",
        ],
        cases: 600,
    },
    Target {
        name: "calculator",
        about: "an expression comes to a number or an error, soon",
        run: calculator,
        seeds: || EXPRESSIONS.map(|text| text.as_bytes().to_vec()).to_vec(),
        words: &[
            "**",
            "//",
            "9**9999",
            "(",
            ")",
            "((",
            "-",
            "*9**300000",
            "+10**315000",
            "1e5",
            ".",
            "0.1",
            "/0",
            "-1",
            "**-1",
            "99999999999999999999",
            " ",
        ],
        cases: 1500,
    },
];

const EXPRESSIONS: [&str; 8] = [
    "1 + 2",
    "(138.5 - 99.99) * 2",
    "2**3**2 - -1",
    "10**400//10**399",
    "(2**64+1)/(2**64-1)",
    "0.1 + 0.2 + 0.3 - 1e0",
    "9**20*9**20/3",
    "-(-(-(5.)))",
];

fn plans() -> Vec<Vec<u8>> {
    let kept = [
        include_str!("../../../deploy/plans/first.toml"),
        include_str!("../../../deploy/plans/evaluation.toml"),
        include_str!("../../../deploy/plans/hard.toml"),
        include_str!("../../../deploy/plans/large.toml"),
    ];
    let mut plans: Vec<String> = kept.map(str::to_owned).to_vec();
    plans.push(toml(&Plan::default()));
    plans.into_iter().map(String::into_bytes).collect()
}

fn plan(bytes: &[u8]) {
    match resolved(&String::from_utf8_lossy(bytes)) {
        Ok(plan) => assert_eq!(resolved(&toml(&plan)).as_ref(), Ok(&plan)),
        Err(error) => assert!(!error.is_empty()),
    }
}

/// The plan of a file with this text.
fn resolved(text: &str) -> Result<Plan, String> {
    let file = PlanFile {
        path: PathBuf::from("plan.toml"),
        text: text.to_owned(),
    };
    let found = resolve(Some(&file), [], &Flags::default(), &Known::built_in());
    found
        .map(|found| found.plan)
        .map_err(|error| error.to_string())
}

/// A finished dataset without rows, and its manifest's bytes.
struct Dataset {
    dir: TempDir,
    manifest: Vec<u8>,
}

impl Dataset {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder for a dataset");
        let writer = DatasetWriter::create(dir.path(), Settings::dataset("run_fuzz"));
        let writer = writer.expect("the folder is empty");
        writer
            .finish(&CardFacts::default())
            .expect("a dataset may be empty");
        let manifest = fs::read(dir.path().join(MANIFEST)).expect("it was written");
        Self { dir, manifest }
    }
}

/// The dataset whose manifest is where cases descend from.
static DATASET: LazyLock<Dataset> = LazyLock::new(Dataset::new);

thread_local! {
    /// A folder of this thread's own, whose manifest is written over.
    static FOLDER: RefCell<Option<Dataset>> = const { RefCell::new(None) };
}

/// Verifies the thread's dataset with another manifest in it.
fn verified(manifest: &[u8]) -> Result<manifest::Verified, Vec<manifest::Problem>> {
    FOLDER.with_borrow_mut(|folder| {
        let dataset = folder.get_or_insert_with(Dataset::new);
        fs::write(dataset.dir.path().join(MANIFEST), manifest).expect("the folder is there");
        manifest::verify(dataset.dir.path())
    })
}

fn touched(bytes: &[u8]) {
    let sound = verified(bytes).is_ok();
    assert_eq!(
        sound,
        bytes == DATASET.manifest,
        "a touched manifest passes, or the sound one does not"
    );
}

fn mended(bytes: &[u8]) {
    match verified(&with_digest(bytes)) {
        Ok(found) => {
            let whole = found
                .manifest
                .files
                .iter()
                .all(|file| !file.path.contains(".."));
            assert!(whole, "{:?}", found.manifest.files);
        }
        Err(problems) => {
            assert!(
                !problems.is_empty()
                    && problems
                        .iter()
                        .all(|problem| !problem.to_string().is_empty())
            );
        }
    }
}

/// The manifest with the digest that belongs to its bytes.
fn with_digest(bytes: &[u8]) -> Vec<u8> {
    const TAIL: &[u8] = b"\"\n}\n";
    let end = bytes.len().saturating_sub(TAIL.len() + 64);
    let digest = Digest::of(&[&bytes[..end], TAIL].concat());
    [&bytes[..end], digest.to_string().as_bytes(), TAIL].concat()
}

static CORNER_SHOP: LazyLock<Arc<Base>> = LazyLock::new(|| Arc::new(shop(2, 3, 6)));

/// Lines with every tool, on records that are there.
fn lines() -> Vec<String> {
    let base = &*CORNER_SHOP;
    let (order, user) = (&base.orders[0], &base.users[0]);
    let item = &order.items[0].item_id;
    let call = |name: &str, arguments: String| {
        format!("{{\"name\":\"{name}\",\"arguments\":{{{arguments}}}}}")
    };
    let steps = [
        call(
            "get_order_details",
            format!("\"order_id\":\"{}\"", order.order_id),
        ),
        call(
            "get_user_details",
            format!("\"user_id\":\"{}\"", user.user_id),
        ),
        call(
            "cancel_pending_order",
            format!(
                "\"order_id\":\"{}\",\"reason\":\"no longer needed\"",
                order.order_id
            ),
        ),
        call(
            "return_delivered_order_items",
            format!(
                "\"order_id\":\"{}\",\"item_ids\":[\"{item}\"],\"payment_method_id\":\"x\"",
                order.order_id
            ),
        ),
        call("calculate", "\"expression\":\"(1 + 2) * 3.5\"".to_owned()),
        call("think", "\"thought\":[1,2.5,null,{\"a\":true}]".to_owned()),
    ];
    let mut lines: Vec<String> = steps
        .iter()
        .map(|step| format!("{{\"seq\":1,\"steps\":[{step}]}}\n"))
        .collect();
    lines.push(format!(
        "{{\"seq\":\"all\",\"steps\":[{}]}}\n",
        steps.join(",")
    ));
    lines.push(format!("{}\n\n{}", lines[0].trim(), lines[1]));
    lines
}

fn replay_lines(bytes: &[u8]) {
    let mut out = Vec::new();
    let done = replay::replay(Arc::clone(&CORNER_SHOP), bytes, &mut out);
    let text = String::from_utf8(out).expect("it writes text");
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("it writes JSON");
    }
    let wanted = String::from_utf8_lossy(bytes);
    let wanted = wanted
        .split('\n')
        .filter(|line| !line.trim().is_empty())
        .count();
    match done {
        Ok(()) => assert_eq!(text.lines().count(), wanted),
        Err(error) => assert!(error.to_string().starts_with("line "), "{error}"),
    }
}

fn agent_name(bytes: &[u8]) {
    let name = String::from_utf8_lossy(bytes);
    match PlannedAgent::parse(&name) {
        Ok(agent) => {
            if let PlannedAgent::Noisy(p) = agent {
                assert!((0.0..=1.0).contains(&p), "{p}");
            }
            let task = OF_DESK.tasks().next().expect("the desk has tasks");
            play(&**DESK, task, &name, 0).expect("an agent of a plan plays");
        }
        Err(error) => assert!(error.to_string().contains("gold"), "{error}"),
    }
}

fn calculator(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let arguments = Map::from([("expression".to_owned(), Value::Str(text))]);
    let mut world = World::new(Arc::clone(&CORNER_SHOP));
    let seen = world.call(Actor::Assistant, "calculate", &arguments);
    let number = seen.text.parse::<f64>().is_ok();
    assert!(number != seen.error, "{}", seen.text);
}
