//! One coordinator at a time: a second one is refused or stands by, and the first may come back as a
//! ghost.

use std::fs;

use harness::fleet::wait;

use super::{PLAN, Site};

#[test]
fn a_second_coordinator_is_refused_or_stands_by_until_the_first_is_gone() {
    let Some(mut site) = Site::open() else { return };
    let line = format!("run {PLAN} --out out");
    let mut first = site.fleet.coordinator(&line);
    let mut worker = site.fleet.ready_worker("--concurrency 2");
    first.comes_to(10);
    // Nothing goes on until all are in their places.
    worker.kill();
    let told = fs::read(site.fleet.at("out/run.json")).unwrap();
    let more = line.replace("--tasks 60", "--tasks 80");
    assert_ne!(more, line);
    for line in [&line, &more] {
        let mut refused = site.fleet.coordinator(line);
        assert_eq!(refused.ends(), 1);
        let words = refused.printed();
        assert!(
            words.contains("another coordinator is at this run"),
            "{words}"
        );
        assert!(words.contains("--standby"), "{words}");
    }
    // Nor may somebody work there without a fleet, or take its outcomes back.
    for line in [line.as_str(), "dead requeue --run out"] {
        site.fleet.alone_to(&[1], line);
    }
    let now = fs::read(site.fleet.at("out/run.json")).unwrap();
    assert!(
        now == told,
        "who was refused has changed what the folder says"
    );
    assert!(first.runs());

    let mut second = site.fleet.coordinator(&format!("{line} --standby"));
    second.says("standing by");
    first.kill();
    second.says("taking over");
    let _workers = [(); 2].map(|()| site.fleet.ready_worker("--concurrency 4"));
    assert_eq!(second.ends(), 0, "{}", second.printed());
    site.as_embedded("out", PLAN);
}

#[test]
fn a_coordinator_that_slept_through_its_succession_stops() {
    let Some(mut site) = Site::open() else { return };
    let line = format!("run {PLAN} --out out");
    // So that the broker soon takes it for dead.
    let broker = format!("{}?heartbeat=1", site.vhost.url());
    let mut first = site.fleet.coordinator_over(&line, &broker);
    let mut worker = site.fleet.ready_worker("--concurrency 2");
    first.comes_to(10);
    worker.kill();
    let mut second = site.fleet.coordinator(&format!("{line} --standby"));
    second.says("standing by");
    first.signal("STOP");
    second.says("taking over");
    first.signal("CONT");
    assert_eq!(first.ends(), 1, "{}", first.printed());
    let words = first.printed();
    assert!(words.contains("a later writer took over"), "{words}");
    let _workers = [(); 2].map(|()| site.fleet.ready_worker("--concurrency 4"));
    assert_eq!(second.ends(), 0, "{}", second.printed());
    site.as_embedded("out", PLAN);
}

#[test]
fn one_that_stood_by_to_the_end_leaves_the_run_as_it_is() {
    let Some(mut site) = Site::open() else { return };
    let line = format!("run {PLAN} --out out");
    let mut first = site.fleet.coordinator(&line);
    wait("the first one's turn", &[&first], || {
        site.fleet.at("out/run.json").exists()
    });
    let mut second = site.fleet.coordinator(&format!("{line} --standby"));
    second.says("standing by");
    let _worker = site.fleet.ready_worker("--concurrency 4");
    assert_eq!(first.ends(), 0, "{}", first.printed());
    let sealed = site.fleet.files("out");
    assert_eq!(second.ends(), 0, "{}", second.printed());
    let words = second.printed();
    assert!(words.contains("has brought the run to its end"), "{words}");
    assert!(site.fleet.files("out") == sealed, "it wrote something");
    site.as_embedded("out", PLAN);
}
