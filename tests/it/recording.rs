//! What models answered is recorded, and a replay of it comes to the same bytes and asks nobody.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;

use harness::endpoint::{Brain, Endpoint, Fault, Misbehaviour, Settings, When};
use tempfile::TempDir;

use crate::pipeline::program;

pub(crate) const KEY: &str = "sk-of-nobody-else-5271";
const VARIABLE: &str = "SMALL_KEY";
const RUN: &str = "run plan.toml";

/// A folder with a plan whose models are at an endpoint that wants a key.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) endpoint: Endpoint,
}

impl Desk {
    fn new(tasks: u32) -> Self {
        Self::with(tasks, Vec::new(), "agents = [\"model:small\"]\n", "")
    }

    /// One with these agents, and with further settings of models.
    pub(crate) fn with(tasks: u32, faults: Vec<Fault>, agents: &str, models: &str) -> Self {
        let endpoint = Endpoint::start(Settings {
            brain: Brain::Roles,
            reasoning: true,
            key: Some(KEY.to_owned()),
            faults,
            ..Settings::default()
        });
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            endpoint: endpoint.unwrap(),
        };
        let url = desk.endpoint.base_url();
        let plan = format!(
            "domain = \"retail\"\ntasks = {tasks}\nseed = 5\ntrials = 1\n{agents}\
             writer = \"model:small\"\nvalidity = \"model:small\"\nvotes = 1\n\
             [models.small]\nurl = \"{url}\"\nmodel = \"m\"\nkey = \"{VARIABLE}\"\n{models}"
        );
        let plan = plan.replace("URL", &format!("url = \"{url}\"\nkey = \"{VARIABLE}\""));
        fs::write(desk.at("plan.toml"), plan).unwrap();
        desk
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// A command that may ask the models.
    #[track_caller]
    fn asks(&self, line: &str) {
        let output = command(self.folder.path(), line, Some(KEY));
        assert!(output.status.success(), "t2t {line}\n{}", told(&output));
    }

    /// The same; what it prints.
    #[track_caller]
    pub(crate) fn prints(&self, line: &str) -> String {
        let output = command(self.folder.path(), line, Some(KEY));
        assert!(output.status.success(), "t2t {line}\n{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Stops the endpoint; whoever connects from now on is counted.
    fn close(self) -> Closed {
        let Self { folder, endpoint } = self;
        let address = endpoint.address();
        drop(endpoint);
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        Closed { folder, listener }
    }
}

/// The same without its endpoint.
struct Closed {
    folder: TempDir,
    listener: TcpListener,
}

impl Closed {
    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// A command that has no key and reaches nobody.
    #[track_caller]
    fn does(&self, line: &str) -> Output {
        let output = command(self.folder.path(), line, None);
        let reached = self.listener.accept();
        let nobody = reached.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(nobody, "t2t {line} has connected to the endpoint");
        output
    }

    #[track_caller]
    fn ends(&self, line: &str) {
        let output = self.does(line);
        assert!(output.status.success(), "t2t {line}\n{}", told(&output));
    }

    /// A command that fails; what it says.
    #[track_caller]
    fn refuses(&self, line: &str, words: &[&str]) {
        let output = self.does(line);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(1), "t2t {line}\n{told}");
        for word in words {
            assert!(told.contains(word), "t2t {line}: no `{word}` in\n{told}");
        }
    }

    fn dataset(&self, run: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let dataset = self.at(run).join("dataset");
        let mut found = BTreeMap::new();
        gather(&dataset, &dataset, &mut found);
        assert!(found.len() > 3, "{run} holds {:?}", found.keys());
        found
    }
}

fn gather(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_owned();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
}

pub(crate) fn command(folder: &Path, line: &str, key: Option<&str>) -> Output {
    let mut command = program();
    command.current_dir(folder).args(line.split_whitespace());
    match key {
        Some(key) => command.env(VARIABLE, key),
        None => command.env_remove(VARIABLE),
    };
    command.output().unwrap()
}

fn told(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|told| String::from_utf8_lossy(told));
    format!("{out}{err}")
}

#[test]
fn what_a_service_broke_comes_to_the_same_in_a_replay() {
    let frail = Endpoint::start(Settings {
        brain: Brain::Roles,
        faults: vec![Fault {
            misbehaviour: Misbehaviour::Runaway,
            when: When::Conversations(0.4),
        }],
        ..Settings::default()
    });
    let frail = frail.unwrap();
    let models = format!(
        "[models.frail]\nurl = \"{}\"\nmodel = \"m\"\n",
        frail.base_url()
    );
    let desk = Desk::with(8, Vec::new(), "agents = [\"model:frail\"]\n", &models);
    let ended = command(
        desk.folder.path(),
        &format!("{RUN} --out broken"),
        Some(KEY),
    );
    let said = told(&ended);
    assert!(ended.status.success(), "{said}");
    assert!(said.contains("conversations have no score"), "{said}");
    let broken = frail.stats().misbehaved;
    assert!(broken[Misbehaviour::Runaway.name()] > 0, "{broken:?}");
    let asked = frail.stats().requests;
    let desk = desk.close();
    desk.ends(&format!("{RUN} --replay broken --out again"));
    assert_eq!(frail.stats().requests, asked);
    assert!(desk.dataset("broken") == desk.dataset("again"));
    let report = |run: &str| fs::read_to_string(desk.at(run).join("report.md")).unwrap();
    assert!(
        report("broken").contains("infrastructure"),
        "{}",
        report("broken")
    );
    assert_eq!(report("broken"), report("again"));
    // What got no reply is shown as such.
    let told = desk.does("inspect broken --requests");
    assert!(told.status.success());
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("no reply is kept: it got none"));
}

#[test]
fn a_replay_comes_to_the_same_bytes_and_asks_nobody() {
    let desk = Desk::new(8);
    desk.asks(&format!("{RUN} --record kept --out recorded"));
    assert!(!desk.at("recorded/replies").exists());
    desk.asks(&format!("{RUN} --out plain"));
    assert!(desk.at("plain/replies").exists());
    desk.asks("eval --tasks plain --models plan.toml --agent model:small --trials 2 --out eval");
    // A folder goes on with its recording wherever that is.
    let before = desk.endpoint.stats().requests;
    desk.asks(&format!("{RUN} --out recorded --trials 2"));
    let grown = desk.endpoint.stats().requests;
    assert!(grown > before, "the second trials are new");
    let plan = fs::read_to_string(desk.at("plan.toml")).unwrap();
    fs::write(
        desk.at("plan.toml"),
        plan.replace("trials = 1", "trials = 2"),
    )
    .unwrap();
    fs::remove_dir_all(desk.at("recorded/ledger")).unwrap();
    desk.asks(&format!("{RUN} --out recorded"));
    assert_eq!(desk.endpoint.stats().requests, grown, "all of it was kept");

    let desk = desk.close();
    desk.ends(&format!("{RUN} --replay kept --out from-file"));
    desk.ends(&format!("{RUN} --replay recorded --out from-run"));
    let recorded = desk.dataset("recorded");
    assert!(recorded == desk.dataset("from-file"));
    assert!(recorded == desk.dataset("from-run"));
    desk.ends("verify from-file");
    desk.ends("run plan.toml --trials 1 --replay plain/replies --out plain-again");
    assert!(desk.dataset("plain") == desk.dataset("plain-again"));
    desk.ends(
        "eval --tasks plain --models plan.toml --agent model:small --trials 2 --replay eval --out eval-again",
    );
    let results = |run: &str| fs::read(desk.at(run).join("results.json")).unwrap();
    assert!(results("eval") == results("eval-again"));
    for run in ["from-file", "from-run"] {
        assert!(!desk.at(run).join("replies").exists(), "{run}");
    }
}

#[test]
fn a_recording_that_will_not_do_is_refused_with_the_place_and_left_as_it_is() {
    let desk = Desk::new(4);
    desk.asks(&format!("{RUN} --out out"));
    let whole = fs::read(desk.at("out/replies")).unwrap();
    let desk = desk.close();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let cut = &whole[..whole.len() * 2 / 3];
    for (name, bytes, words) in [
        (
            "cut",
            cut,
            &[
                "no reply of",
                "model:small for slot ",
                "turn ",
                "leave --replay out",
            ][..],
        ),
        ("flipped", &flipped, &["flipped: damaged at byte "]),
        (
            "strange",
            b"dear recording, where are you? ".repeat(9).as_slice(),
            &["strange: not a recording"],
        ),
    ] {
        fs::write(desk.at(name), bytes).unwrap();
        desk.refuses(&format!("{RUN} --replay {name} --out from-{name}"), words);
        assert_eq!(fs::read(desk.at(name)).unwrap(), bytes, "{name}");
        assert!(!desk.at(&format!("from-{name}/dataset")).exists());
    }
    // What a cut recording left undone is done from the whole one, in the same folder.
    desk.ends(&format!("{RUN} --replay out --out from-cut"));
    assert!(desk.dataset("out") == desk.dataset("from-cut"));

    desk.refuses(
        &format!("{RUN} --seed 6 --replay out --out other"),
        &["it is of run", "plan and seed"],
    );
    desk.refuses(
        &format!("{RUN} --replay gone --out other2"),
        &["gone: can't open"],
    );
    desk.refuses(
        &format!("{RUN} --record moved --out out"),
        &["already", "out/replies"],
    );
    fs::create_dir(desk.at("empty")).unwrap();
    desk.refuses(
        &format!("{RUN} --replay empty --out other3"),
        &["empty holds no recording"],
    );
    let both = desk.does(&format!("{RUN} --replay out --record x --out other4"));
    assert_eq!(both.status.code(), Some(2), "{}", told(&both));
    let fleet = "--broker amqp://127.0.0.1:9 --cache redis://127.0.0.1:9";
    let over = desk.does(&format!("{RUN} --replay out --out other5 {fleet}"));
    let said = told(&over);
    assert_eq!(over.status.code(), Some(2), "{said}");
    assert!(said.contains("needs no fleet"), "{said}");
}
