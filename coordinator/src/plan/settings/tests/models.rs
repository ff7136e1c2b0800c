//! Models in a plan: from every layer, shown and read back, and what is refused.

use proptest::option;
use proptest::prelude::*;
use proto::record::{CallForm, Patience, Prices, Protocol, Rates, Structured, Value};

use super::{KNOWN, file, from_environment, from_file, from_flags, variables};
use crate::plan::models::ModelPlan;
use crate::plan::money::Decimal;
use crate::plan::settings::{Flags, Resolved, Source, resolve, show, toml};

/// A model that can be asked.
const SMALL: &str = "[models.small]\nurl = \"http://127.0.0.1:8000/v1\"\nmodel = \"m\"\n";

/// Any model that can be asked.
pub(super) fn any_model() -> impl Strategy<Value = ModelPlan> {
    let sampling = (
        option::of(0.0..=1.0_f64),
        option::of(0.0..=1.0_f64),
        1..=1_000_000_u32,
        any::<bool>(),
    );
    let prices = [(); 4].map(|()| option::of(any::<u64>().prop_map(Decimal)));
    let limits = (0..1_000_000_u32, 0..1_000_000_000_000_u64, 0..1_000_000_u32);
    let extra = proptest::collection::btree_map(".{0,6}x", any_value(), 0..3);
    let words = (".{1,9}", proptest::collection::vec(".{0,9}", 1..3));
    (
        0..4_usize,
        words,
        sampling,
        extra,
        any::<bool>(),
        prices,
        limits,
        1..=86_400_u32,
    )
        .prop_map(
            |(protocol, words, sampling, extra, react, prices, limits, seconds)| {
                let protocol = Protocol::ALL[protocol];
                let program = protocol == Protocol::Program;
                let url = if program { "" } else { "https://host:1/v1" };
                ModelPlan {
                    protocol,
                    url: url.to_owned(),
                    command: if program { words.1 } else { Vec::new() },
                    model: words.0,
                    key: if react {
                        "A_KEY".to_owned()
                    } else {
                        String::new()
                    },
                    temperature: sampling.0,
                    top_p: sampling.1,
                    max_tokens: sampling.2,
                    seeded: sampling.3,
                    extra,
                    form: CallForm::ALL[usize::from(react)],
                    structured: Structured::ALL[usize::from(react)],
                    return_reasoning: react,
                    omit: if react {
                        vec!["seed".to_owned()]
                    } else {
                        Vec::new()
                    },
                    price_input: prices[0],
                    price_cached: prices[1],
                    price_written: prices[3],
                    price_output: prices[2],
                    requests_per_minute: limits.0,
                    tokens_per_minute: limits.1,
                    concurrency: limits.2,
                    connect_seconds: seconds,
                    first_byte_seconds: seconds.min(100),
                    total_seconds: seconds,
                    down_seconds: 86_401 - seconds,
                }
            },
        )
}

/// Any value that TOML and JSON can both say.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        ".{0,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            proptest::collection::btree_map(".{0,6}", inner, 0..3).prop_map(Value::Map),
        ]
    })
}

fn small(resolved: &Resolved) -> &ModelPlan {
    &resolved.plan.models["small"]
}

#[test]
fn a_model_has_the_defaults_and_what_each_layer_says_of_it() {
    let text = format!(
        "{SMALL}temperature = 0\nprice_input = 0.15\nprice_output = \"0.6\"\nconcurrency = 4\n\
         extra = {{ topK = 40, \"a.b\" = {{ c = [1, 2.0, \"x\"] }} }}\n"
    );
    let environment = [
        ("T2T_MODELS__SMALL__URL", "http://10.0.0.1/v1"),
        ("T2T_MODELS__SMALL__TOP_P", "0.5"),
        ("T2T_MODELS__OTHER_ONE__PROTOCOL", "program"),
        ("T2T_MODELS__OTHER_ONE__COMMAND", "python, agent.py"),
        ("T2T_MODELS__OTHER_ONE__EXTRA", r#"{"deep":{"er":[true]}}"#),
    ];
    let flags = Flags::default();
    let resolved = resolve(Some(&file(&text)), variables(&environment), &flags, &KNOWN).unwrap();
    let extra = r#"{"a.b":{"c":[1,2.0,"x"]},"topK":40}"#;
    let expected = ModelPlan {
        url: "http://10.0.0.1/v1".to_owned(),
        model: "m".to_owned(),
        temperature: Some(0.0),
        top_p: Some(0.5),
        extra: Value::parse(extra).unwrap().as_map().unwrap().clone(),
        price_input: Some(Decimal(150)),
        price_output: Some(Decimal(600)),
        concurrency: 4,
        ..ModelPlan::default()
    };
    assert_eq!(*small(&resolved), expected);
    let other = &resolved.plan.models["other_one"];
    assert_eq!(other.protocol, Protocol::Program);
    assert_eq!(other.command, ["python", "agent.py"]);
    assert_eq!(
        Value::Map(other.extra.clone()).to_string(),
        r#"{"deep":{"er":[true]}}"#
    );
    for (key, source) in [
        ("models.small.model", Source::File("some/plan.toml".into())),
        (
            "models.small.url",
            Source::Environment(environment[0].0.to_owned()),
        ),
        ("models.small.max_tokens", Source::Default),
        (
            "models.other_one.command",
            Source::Environment(environment[3].0.to_owned()),
        ),
    ] {
        assert_eq!(resolved.sources[key], source, "{key}");
    }
    let shown = show(&resolved);
    for line in [
        "models.small.price_input              \"0.15\"",
        "models.small.temperature              0.0 ",
        "models.small.top_p                    0.5 ",
        "models.other_one.temperature          \"\" ",
    ] {
        assert!(
            shown.lines().any(|shown| shown.starts_with(line)),
            "{line}\n{shown}"
        );
    }
    assert_eq!(
        from_file(&toml(&resolved.plan)).unwrap().plan,
        resolved.plan
    );
}

#[test]
fn an_endpoint_is_the_model_in_the_units_of_jobs() {
    let text = format!(
        "{SMALL}price_input = 3\nprice_output = 15\nrequests_per_minute = 60\nconnect_seconds = 5\n"
    );
    let plan = from_file(&text).unwrap().plan;
    let endpoint = plan.endpoint("small").unwrap();
    let prices = Prices {
        input: 3_000,
        cached: 3_000,
        written: 3_000,
        output: 15_000,
    };
    assert_eq!(endpoint.prices, prices);
    let native = format!("{text}protocol = \"anthropic\"\n");
    let native = from_file(&native).unwrap().plan.endpoint("small").unwrap();
    assert_eq!(
        native.prices,
        Prices {
            written: 3_750,
            ..prices
        }
    );
    let told = format!("{text}price_written = 4\n");
    let told = from_file(&told).unwrap().plan.endpoint("small").unwrap();
    assert_eq!(told.prices.written, 4_000);
    let rates = Rates {
        requests_per_minute: 60,
        ..Rates::default()
    };
    assert_eq!(endpoint.rates, rates);
    let patience = Patience {
        connect: 5_000,
        ..Patience::default()
    };
    assert_eq!(endpoint.patience, patience);
    assert!(endpoint.sampling.seeded);
    assert!(plan.endpoint("large").is_none());
    let anthropic = from_file(&format!("{SMALL}protocol = \"anthropic\"\n")).unwrap();
    assert!(!small(&anthropic).endpoint("small").sampling.seeded);
}

#[test]
fn what_changes_answers_is_what_the_settings_of_an_endpoint_are_a_digest_of() {
    let plan = small(&from_file(SMALL).unwrap()).clone();
    let elsewhere = ModelPlan {
        url: "http://10.0.0.1/v1".to_owned(),
        key: "A_KEY".to_owned(),
        price_input: Some(Decimal(1)),
        concurrency: 1,
        total_seconds: 900,
        ..plan.clone()
    };
    let warmer = ModelPlan {
        temperature: Some(1.0),
        ..plan.clone()
    };
    let settings = |plan: &ModelPlan| plan.endpoint("small").settings();
    assert_eq!(plan.answers(), elsewhere.answers());
    assert_eq!(settings(&plan), settings(&elsewhere));
    assert_ne!(plan.answers(), warmer.answers());
    assert_ne!(settings(&plan), settings(&warmer));
}

/// What may be said of [`SMALL`], and a part of what is said about it.
const OF_SMALL: &[(&str, &str)] = &[
    (
        "ulr = 1",
        "unknown setting `models.small.ulr` in some/plan.toml: did you mean `models.small.url`?",
    ),
    (
        "protocol = \"http\"",
        "`models.small.protocol` in some/plan.toml is the string \"http\", but must be one of openai, anthropic, service, program",
    ),
    (
        "temperature = 2.5",
        "is `2.5`, but must be a number from 0 to 2, or empty",
    ),
    (
        "temperature = \"hot\"",
        "is the string \"hot\", but must be a number",
    ),
    ("top_p = nan", "is `NaN`, but must be"),
    ("max_tokens = 0", "from 1 to 1000000"),
    (
        "price_input = 0.0001",
        "is `0.0001`, but must be dollars as a decimal number with at most 3 places",
    ),
    ("price_output = -1", "is `-1`, but must be dollars"),
    ("extra = 5", "is `5`, but must be a table"),
    (
        "extra = { at = inf }",
        "is a table, but must be a table without null",
    ),
    (
        "extra = { stream = true }",
        "`stream` is written by this program",
    ),
    ("form = \"xml\"", "must be one of native, react, json"),
    (
        "omit = [\"tools\"]",
        "no request is one without it; take it out",
    ),
    (
        "omit = [\"max_tokens\"]",
        "without it a reply could be of any length, and cost any sum; take it out, or set `max_completion_tokens` in `extra`",
    ),
    (
        "omit = [\"max_completion_tokens\"]\nextra = { max_completion_tokens = 9 }",
        "and cost any sum; take it out",
    ),
    (
        "protocol = \"anthropic\"\nomit = [\"max_tokens\"]\nextra = { max_completion_tokens = 9 }",
        "and cost any sum; take it out",
    ),
    (
        "extra = { max_completion_tokens = 9.0 }",
        "`max_completion_tokens` is no whole number above 0; write it as",
    ),
    (
        "first_byte_seconds = 700",
        "is 700: more than `total_seconds`, which is 600; set it to 600 or less",
    ),
    (
        "protocol = \"anthropic\"\ntemperature = 1.5",
        "Anthropic's Messages go up to 1",
    ),
    (
        "command = [\"x\"]",
        "the protocol is openai, which starts no program",
    ),
    (
        "protocol = \"program\"",
        "`models.small.command` (a default) is empty: there is no program",
    ),
    (
        "protocol = \"program\"\ncommand = [\"x\"]",
        "a program is started",
    ),
    ("key = \"T2T_KEY\"", "variables that begin with T2T_"),
];

/// Other models, likewise.
const OTHERS: &[(&str, &str)] = &[
    (
        "[models.Small]\nurl = \"x\"",
        "`models.Small` in some/plan.toml is a model called `Small`, but must be called by at most 40 small letters",
    ),
    ("[models.\"a.url\"]\nurl = \"x\"", "a model called `a.url`"),
    (
        "[model.small]\nurl = \"x\"",
        "unknown setting `model` in some/plan.toml: did you mean `models`?",
    ),
    (
        "models = 5",
        "`models` in some/plan.toml is `5`, but must be a section of models: give each a table",
    ),
    (
        "[models]\nsmall = \"x\"",
        "`models.small` in some/plan.toml is the string \"x\", but must be a section: set protocol, url",
    ),
    (
        "[models.a]\nmodel = \"m\"",
        "`models.a.url` (a default) is empty: the model has no place",
    ),
    ("[models.a]\nurl = \"localhost:80\"", "is no URL of HTTP"),
    ("[models.a]\nurl = \"http://host/v1?x=1\"", "without query"),
    (
        "[models.a]\nurl = \"http://host/v1\"",
        "`models.a.model` (a default) is empty: the server would not know",
    ),
];

/// Variables with values, likewise.
const VARIABLES: &[(&str, &str, &str)] = &[
    (
        "T2T_MODELS__SMALL__ULR",
        "x",
        "did you mean T2T_MODELS__SMALL__URL?",
    ),
    (
        "T2T_MODELS__SMALL__EXTRA",
        "x=1",
        "is the string \"x=1\", but must be a table",
    ),
    (
        "T2T_MODELS__SMALL__EXTRA",
        r#"{"x":null}"#,
        "but must be a table without null",
    ),
    ("T2T_MODELS__SMALL", "x", "must be a section: set protocol"),
    ("T2T_MODELS__1__URL", "x", "a model called `1`"),
];

#[test]
fn faults_of_models_name_key_place_and_mend() {
    for (text, wanted) in OF_SMALL {
        let error = from_file(&format!("{SMALL}{text}\n"));
        let error = error.unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}\n{error}");
    }
    for (text, wanted) in OTHERS {
        let error = from_file(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}\n{error}");
    }
    for (name, value, wanted) in VARIABLES {
        let error = from_environment(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(wanted), "{name}={value}\n{error}");
    }
    assert!(from_flags("").unwrap().plan.models.is_empty());
}

#[test]
fn a_secret_in_a_plan_is_refused_and_not_repeated() {
    for secret in ["sk-abcdef0123", "AKIA0123456789ABCDEF", "hunter2"] {
        let error = from_file(&format!("{SMALL}key = \"{secret}\"\n")).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("secrets never stand in a plan"), "{error}");
        assert!(!error.contains(secret), "{error}");
    }
    let text = SMALL.replace("127", "me:hunter2@127");
    let error = from_file(&text).unwrap_err().to_string();
    assert!(error.contains("secrets never stand in a plan"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    for name in ["OPENAI_API_KEY", "KEY", "SMALL_KEY_2"] {
        assert!(
            from_file(&format!("{SMALL}key = \"{name}\"\n")).is_ok(),
            "{name}"
        );
    }
}
