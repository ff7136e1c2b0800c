//! Variables of the environment: how those of settings begin, and whose the others are.

/// First part of the name of every variable that sets something.
pub const PREFIX: &str = "T2T_";

/// Beginnings of `T2T_` variables that are not settings, and whose they are.
pub const OTHER_VARIABLES: [(&str, &str); 21] = [
    (
        "T2T_REQUIRE_",
        "tests: what must be present, so that nothing is skipped",
    ),
    ("T2T_VENV", "tests: where the Python environments are"),
    ("T2T_TAU2", "tests: where the benchmark's data is"),
    (
        "T2T_BLESS",
        "tests: rewrite files that are generated from the code",
    ),
    (
        "T2T_LOG",
        "what is logged: a level, or TARGET=LEVEL, separated by commas",
    ),
    (
        "T2T_BROKER",
        "fleet: RabbitMQ's URL, user and password, as `t2t run --help` says",
    ),
    ("T2T_CACHE", "fleet: likewise for Redis"),
    (
        "T2T_LASTING",
        "fleet: likewise for a Redis that does not evict",
    ),
    (
        "T2T_PREFIX",
        "fleet: beginning of every queue's and key's name",
    ),
    (
        "T2T_CA_FILE",
        "fleet: certificates of the authorities to trust",
    ),
    (
        "T2T_REPLY_DAYS",
        "fleet: days that a reply, and what a run has spent, is kept; 30",
    ),
    (
        "T2T_SNAPSHOT_DAYS",
        "fleet: days that a world is kept after its last use; 7",
    ),
    ("T2T_LISTEN", "where health and metrics are answered"),
    ("T2T_OUT", "`t2t serve --out`"),
    (
        "T2T_WINDOW",
        "`--window`: jobs in flight of a run over a fleet",
    ),
    ("T2T_STAGES", "`t2t-worker --stages`"),
    ("T2T_CONCURRENCY", "`t2t-worker --concurrency`"),
    ("T2T_PREFETCH", "`t2t-worker --prefetch`"),
    ("T2T_GRACE", "`t2t-worker --grace`"),
    (
        "T2T_SERVICE_",
        "set by Kubernetes beside a service named `t2t`",
    ),
    ("T2T_PORT", "set by Kubernetes beside a service named `t2t`"),
];
