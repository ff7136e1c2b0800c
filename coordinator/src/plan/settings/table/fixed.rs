//! The settings that a plan has once.

use proto::record::UserProtocol;

use super::{Kind, Setting, setting};

/// How a model answers that simulates the user, as plans write it.
const USER_PROTOCOLS: [&str; 2] = [UserProtocol::Form.label(), UserProtocol::Tau2.label()];

/// Every setting that has one key, those outside any section first.
pub const FIXED: [Setting; 33] = [
    setting(
        "domain",
        Kind::Text,
        "domain",
        "Name of the domain that tasks are made for.",
    ),
    setting(
        "seed",
        Kind::Whole(0, u64::MAX),
        "seed",
        "Root of every random choice. From 2^63 on it is written in quotes, since numbers in TOML end there.",
    ),
    setting(
        "tasks",
        Kind::Whole(1, 10_000_000),
        "tasks",
        "Number of slots: tasks wanted. Raising it in the same `--out` does only the new work.",
    ),
    setting(
        "strata",
        Kind::Whole(1, 4096),
        "",
        "Parts that slots and people are split into; a slot draws only people of its own part. At most the number of people.",
    ),
    setting(
        "max_candidates",
        Kind::Whole(1, 65_535),
        "",
        "A slot is given up, and reported as exhausted, after this many rejected candidates.",
    ),
    setting(
        "agents",
        Kind::Texts,
        "agent",
        "Agents that are rolled out on every task: `gold`, `noisy:0.2`, `model:NAME`, … Each at most once.",
    ),
    setting(
        "trials",
        Kind::Whole(1, 64),
        "trials",
        "Conversations per task and agent.",
    ),
    setting(
        "explorer",
        Kind::Text,
        "",
        "Who explores: `symbolic`, or `model:NAME` for a model of this plan.",
    ),
    setting(
        "writer",
        Kind::Text,
        "",
        "Who words the scripts: `template`, or `model:NAME`.",
    ),
    setting(
        "writer_attempts",
        Kind::Whole(1, 16),
        "",
        "Tries of a model that words a script, before it is given up.",
    ),
    setting(
        "writer_fallback",
        Kind::Truth,
        "",
        "Whether a script that a model can't word is worded by templates; else its candidate is rejected.",
    ),
    setting(
        "validity",
        Kind::Text,
        "",
        "Who judges whether a task is natural and consistent, beside the proof: empty for nobody, or `model:NAME`.",
    ),
    setting(
        "votes",
        Kind::Whole(1, 15),
        "",
        "Judgements of `validity` on a task and of `judge` on a conversation, of which most count; an odd number.",
    ),
    setting(
        "user",
        Kind::Text,
        "",
        "Who simulates the user: `agenda`, or `model:NAME`.",
    ),
    setting(
        "user_protocol",
        Kind::Choice(&USER_PROTOCOLS),
        "",
        "How a model answers that simulates the user: in a `form` that says what it reveals and how it leaves, or as the users of τ²-bench do (`tau2`), in free text with words that stop the conversation.",
    ),
    setting(
        "judge",
        Kind::Text,
        "",
        "Who judges in conversations what exact matching can't decide, beside it: empty for nobody, or `model:NAME`. It can take a reward away, and gives none.",
    ),
    setting(
        "prompts",
        Kind::Text,
        "",
        "Folder of prompts that replace the built-in ones of the same file names, seen from the current directory; empty for none.",
    ),
    setting(
        "budget_dollars",
        Kind::Dollars,
        "",
        "What models may cost together; empty for no limit. The models' prices must be known.",
    ),
    setting(
        "workers",
        Kind::Whole(0, 1024),
        "workers",
        "Workers in this process; 0 for one per processor core. Results do not depend on it.",
    ),
    setting(
        "partition",
        Kind::Part,
        "partition",
        "Part of the plan that this coordinator sees to, `I/N`, counted from 1: of the strata every N-th, from the I-th on. Each part has an `--out` of its own; `t2t merge` makes the run of them. At most as many parts as strata.",
    ),
    setting(
        "world.file",
        Kind::Text,
        "world-file",
        "A database in the benchmark's form (`db.json`), seen from the current directory; empty to generate one. With a file the sizes below count for nothing.",
    ),
    setting(
        "world.products",
        Kind::Whole(1, 1_000_000),
        "products",
        "Product types of a generated world.",
    ),
    setting(
        "world.people",
        Kind::Whole(1, 9_000_000),
        "people",
        "People of a generated world.",
    ),
    setting(
        "world.orders",
        Kind::Whole(0, 9_000_000),
        "orders",
        "Orders of a generated world.",
    ),
    setting(
        "mix.general",
        Kind::Whole(0, 1_000_000),
        "mix",
        "Share of tasks with nothing special about them, in any unit: shares count relative to their sum, and are exact counts where that is `tasks`.",
    ),
    setting(
        "mix.ambiguous",
        Kind::Whole(0, 1_000_000),
        "mix",
        "Share of tasks whose opening fits several outcomes.",
    ),
    setting(
        "mix.changing",
        Kind::Whole(0, 1_000_000),
        "mix",
        "Share of tasks whose user changes their mind.",
    ),
    setting(
        "mix.infeasible",
        Kind::Whole(0, 1_000_000),
        "mix",
        "Share of tasks whose wish a rule forbids.",
    ),
    setting(
        "dataset.validation_permille",
        Kind::Whole(0, 1000),
        "",
        "Thousandths of the people whose tasks go to the validation split.",
    ),
    setting(
        "dataset.test_permille",
        Kind::Whole(0, 1000),
        "",
        "Thousandths of the people whose tasks go to the test split; what is left goes to train.",
    ),
    setting(
        "dataset.license",
        Kind::Text,
        "",
        "Licence of the rows, as an SPDX identifier in lower case.",
    ),
    setting(
        "dataset.lawful_only",
        Kind::Truth,
        "",
        "Whether episodes that broke a procedural rule stay out of the training rows.",
    ),
    setting(
        "dataset.keep_reasoning",
        Kind::Truth,
        "",
        "Whether what a model thought before it spoke is kept in the rows' metadata, as `reasoning`: a text for each message of the agent.",
    ),
];
