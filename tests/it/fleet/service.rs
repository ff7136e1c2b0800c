//! A run as a service with its standby, a run in parts at once, and what is done about jobs that were
//! given up.

use std::process::Command;

use harness::fleet::{Member, wait};
use proto::digest::Digest;
use proto::queue::amqp::{AmqpQueue, AmqpSettings};
use proto::queue::{Message, Queue};
use proto::topology::{INSTANCE_HEADER, Lane};
use tokio::runtime::Runtime;

use super::{PLAN, PROGRAMS, Site, slots};

/// Waits until a service is in a state, and ready.
fn is(service: &Member, state: &str) {
    wait(&format!("it to be {state}"), &[service], || {
        let progress = service.progress();
        let ready = service
            .page("/readyz")
            .is_some_and(|page| page.status == 200);
        ready && progress.is_some_and(|progress| progress["state"] == state)
    });
}

#[test]
fn a_service_goes_on_where_the_one_before_it_was_killed() {
    let Some(mut site) = Site::open() else { return };
    let line = format!("serve {PLAN} --out out");
    let mut first = site.fleet.coordinator(&line);
    is(&first, "running");
    let mut worker = site.fleet.ready_worker("--concurrency 2");
    first.comes_to(10);
    worker.kill();
    let mut alone = site.fleet.coordinator(&format!("{line} --alone"));
    assert_eq!(alone.ends(), 1, "{}", alone.printed());
    let mut second = site.fleet.coordinator(&line);
    is(&second, "standing by");
    first.kill();
    is(&second, "running");
    let _workers = [(); 2].map(|()| site.fleet.ready_worker("--concurrency 4"));
    assert_eq!(second.ends(), 0, "{}", second.printed());
    site.as_embedded("out", PLAN);
    // Started once more, as by a supervisor that knows no better, it finds everything done.
    let mut again = site.fleet.coordinator(&line);
    assert_eq!(again.ends(), 0, "{}", again.printed());
    site.as_embedded("out", PLAN);
}

#[test]
fn parts_at_the_same_time_over_one_fleet_make_the_run() {
    let Some(mut site) = Site::open() else { return };
    let _workers = [(); 2].map(|()| site.fleet.ready_worker("--concurrency 4"));
    let mut parts = [1, 2, 3].map(|part| {
        let line = format!("run {PLAN} --partition {part}/3 --out part-{part}");
        site.fleet.coordinator(&line)
    });
    for part in &mut parts {
        assert_eq!(part.ends(), 0, "{}", part.printed());
    }
    site.fleet.alone("merge part-2 part-3 part-1 --out out");
    site.as_embedded("out", PLAN);
    // The folder of a run over a fleet holds no lock; making the report takes one.
    site.fleet.alone("report part-1");
    site.fleet.alone("verify part-1");
}

/// Standard output and error of a command of `t2t` over the fleet's services that ends with `code`.
#[track_caller]
fn ends(site: &Site, code: i32, line: &str) -> (String, String) {
    let mut command = Command::new(PROGRAMS.t2t);
    command
        .args(line.split_whitespace())
        .current_dir(site.fleet.at("."))
        .env("T2T_BROKER", site.vhost.url())
        .env("T2T_CACHE", site.cache.url());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{line}\n{out}\n{err}");
    (out, err)
}

#[test]
fn dead_letters_of_a_run_are_told_apart_and_put_back() {
    let Some(mut site) = Site::open() else { return };
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    wait("the run to begin", &[&run], || {
        site.fleet.at("out/run.json").exists() && run.progress().is_some()
    });
    let instance = std::fs::read_to_string(site.fleet.at("out/instance")).unwrap();
    let (ours, theirs) = (Digest::of(b"ours"), Digest::of(b"theirs"));
    let runtime = Runtime::new().unwrap();
    let lane = Lane::Verify;
    let reject = async {
        let queue = AmqpQueue::connect(&AmqpSettings::new(site.vhost.url()))
            .await
            .unwrap();
        let mut jobs = queue.subscribe(lane, slots(2)).await.unwrap();
        for (id, instance) in [(ours, instance.trim()), (theirs, "00000000000000aa")] {
            let message = Message::new(id, b"?".to_vec()).with(INSTANCE_HEADER, instance);
            queue.publish(lane, message).await.unwrap();
            let delivery = jobs.next().await.unwrap().unwrap();
            delivery.reject("for the test").await.unwrap();
        }
        drop(jobs);
        let mut letters = 0;
        while letters < 2 {
            letters = queue.dead(lane, 9, &|_| true).await.unwrap().len();
        }
        queue.close().await;
    };
    runtime.block_on(reject);
    assert_eq!(ends(&site, 0, "dead list").0.lines().count(), 2);
    let (listed, _) = ends(&site, 0, "dead list --run out");
    assert_eq!(listed.lines().count(), 1);
    assert!(
        listed.contains(&proto::ids::JobId(ours).to_string()),
        "{listed}"
    );
    assert!(listed.contains("for the test"), "{listed}");
    let (_, refused) = ends(&site, 1, "dead requeue --run out");
    assert!(refused.contains("a coordinator is at out"), "{refused}");
    let (table, _) = ends(&site, 0, "status");
    let row = table.lines().find(|line| line.starts_with("verify"));
    let row: Vec<&str> = row.unwrap().split_whitespace().collect();
    assert_eq!(row, ["verify", "0", "0", "0", "0", "2"], "{table}");

    run.kill();
    let mut said = String::new();
    // The broker takes a moment to see that it is gone.
    wait("the coordinator to be gone", &[], || {
        let mut command = Command::new(PROGRAMS.t2t);
        command.args(["dead", "requeue", "--run", "out"]);
        command.current_dir(site.fleet.at("."));
        command.env("T2T_BROKER", site.vhost.url());
        command.env("T2T_CACHE", site.cache.url());
        let output = command.output().unwrap();
        said = String::from_utf8(output.stderr).unwrap();
        output.status.success()
    });
    assert!(
        said.contains("1 messages are back in their lanes"),
        "{said}"
    );
    let (left, _) = ends(&site, 0, "dead list");
    assert!(
        left.lines().count() == 1 && !listed.contains(&left),
        "{left}"
    );
}
