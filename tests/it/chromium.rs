//! The report in a browser: its script runs, its policy is not broken, its reader shows a conversation.
//!
//! Skipped where there is no Chromium, unless `T2T_REQUIRE_CHROMIUM` is set.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use coordinator::report::{html, markdown};
use harness::report;

/// The first Chromium on the path.
fn chromium() -> Option<PathBuf> {
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "headless_shell",
    ];
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut found = names
        .iter()
        .flat_map(|name| folders.iter().map(move |f| f.join(name)));
    found.find(|candidate| candidate.is_file())
}

/// Opens a page and prints its document as the script left it.
fn open(browser: &Path, page: &Path) -> Output {
    let profile = tempfile::tempdir().expect("a folder for the profile");
    Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=5000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser starts")
}

#[test]
fn the_reader_shows_its_first_conversation() {
    let Some(browser) = chromium() else {
        assert!(
            std::env::var_os("T2T_REQUIRE_CHROMIUM").is_none(),
            "T2T_REQUIRE_CHROMIUM is set, but no Chromium is on the path; install `chromium`"
        );
        eprintln!("skipped: no Chromium on the path; install `chromium` to run this test");
        return;
    };
    // Kept beside the build, so that a person can open what the test saw.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let page = folder.join("report.html");
    let model = report::model(400);
    std::fs::write(&page, html::render(&model).unwrap()).unwrap();
    std::fs::write(folder.join("report.md"), markdown::render(&model).unwrap()).unwrap();

    let output = open(&browser, &page);
    let (dom, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{log}");
    let complaints: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    assert!(
        complaints.is_empty(),
        "the console must stay empty: {complaints:?}"
    );
    assert!(
        dom.contains(r#"data-shown="0""#),
        "the script did not show a conversation"
    );
    let shown: Vec<bool> = dom
        .match_indices("<article class=\"sample\"")
        .map(|(at, _)| {
            let tag = &dom[at..at + dom[at..].find('>').unwrap()];
            !tag.contains("hidden")
        })
        .collect();
    assert_eq!(shown.len(), model.samples.len());
    assert!(
        shown[0] && shown[1..].iter().all(|shown| !shown),
        "one at a time: {shown:?}"
    );
    assert!(
        !dom.contains("<title>taken"),
        "text of a conversation ran as a script"
    );
}
