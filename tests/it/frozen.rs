//! What an offline plan came to when models were not yet in plans, and must go on coming to: its run id,
//! the ids of its jobs and episodes, and the bytes of its dataset. Whoever means to change one of these
//! raises the version of what is changed, and writes the new value here.

use std::path::Path;

use harness::outcomes;
use proto::digest::{Digest, Hasher};
use proto::outcome::StageResult;

use crate::pipeline::program;

/// Run id, digest of the job ids, digest of the episode ids, digest of the dataset's manifest.
type Frozen = [String; 4];

fn frozen(domain: &str, tasks: &str) -> Frozen {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let mut command = program();
    command
        .args(["run", "--seed", "7", "--domain", domain, "--tasks", tasks])
        .args(["--agent", "gold", "--agent", "noisy:0.2", "--out"]);
    let output = command.arg(&out).output().unwrap();
    assert!(
        out.join("seal.json").exists(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let manifest = std::fs::read(out.join("dataset/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let [run, jobs, episodes] = ids(&out);
    [
        run,
        jobs,
        episodes,
        manifest["digest"].as_str().unwrap().to_owned(),
    ]
}

fn ids(out: &Path) -> [String; 3] {
    let run = std::fs::read(out.join("run.json")).unwrap();
    let run: coordinator::home::RunFile = serde_json::from_slice(&run).unwrap();
    let (mut jobs, mut episodes) = (Vec::new(), Vec::new());
    for outcome in outcomes::of(out) {
        jobs.push(outcome.job.0);
        if let StageResult::Played(episode) = outcome.result {
            episodes.push(episode.id.0);
        }
    }
    [run.identity.run().to_string(), all(jobs), all(episodes)]
}

/// One digest of many, whatever their order.
fn all(mut digests: Vec<Digest>) -> String {
    digests.sort();
    let mut hasher = Hasher::new("test.frozen", 1);
    for digest in &digests {
        hasher.digest(digest);
    }
    format!("{} {}", digests.len(), hasher.finish())
}

#[test]
fn an_offline_plan_comes_to_what_it_always_came_to() {
    let desk = [
        "run_9e9e5e9c8d81ca2b62667422",
        "96 a8add5a44444ae2ad0303acf6d45d92a594f2fb6873678d524ef79590edcc96f",
        "60 4aaee04f70eca800a56f7be14fb4f74388e49f4b7e6e65e7a53bcf34a159616e",
        "f3a2e0cf125f9b1f03030ab3524f662f1c3782f95d354f02c42e6b449e114267",
    ];
    assert_eq!(frozen("tickets", "12"), desk);
    let shop = [
        "run_2500d9e2ecb80a51629701a1",
        "64 39e7803d98de4fe99fe556db174d3fe7a97171afb0fabf8325c62feb3d8e425f",
        "40 7432f7d4e360a8fa24e115aa8d1d9af49f1189864f37f2ee4ae8950f53c1e011",
        "4668f9f47bfee6fa9d2e5bc5dfd8dc7e0c9daca445b2a77471ec1594ec342646",
    ];
    assert_eq!(frozen("retail", "8"), shop);
}
