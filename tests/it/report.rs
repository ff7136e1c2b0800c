//! The report as a whole: printed twice it is the same, and hostile text stays text.

use coordinator::report::model::Slice;
use coordinator::report::{html, markdown};
use harness::report;

#[test]
fn two_reports_of_the_same_data_are_equal() {
    let (one, other) = (report::model(120), report::model(120));
    assert_eq!(html::render(&one).unwrap(), html::render(&other).unwrap());
    assert_eq!(
        markdown::render(&one).unwrap(),
        markdown::render(&other).unwrap()
    );
}

#[test]
fn hostile_text_stays_text() {
    let mut model = report::model(40);
    model.run.world = "</title><script>alert(1)</script>{{ 7 * 6 }}".to_owned();
    model.pass[0].agent = "\"><img src=x onerror=alert(1)>".to_owned();
    let page = html::render(&model).unwrap();
    assert_eq!(page.matches("<script").count(), 1, "our own script alone");
    assert!(!page.contains("<img"));
    assert!(
        page.contains("{{ 7 * 6 }}"),
        "what looks like a template is printed as it is"
    );
    let text = markdown::render(&model).unwrap();
    assert!(!text.contains("<script") && !text.contains("<img"));
}

#[test]
fn the_page_names_no_place_to_load_from() {
    let page = html::render(&report::model(40)).unwrap();
    for sign in ["http:", "https:", "url(", "@import", " src="] {
        assert!(
            !page.contains(sign),
            "the page must be self-contained, but has `{sign}`"
        );
    }
}

#[test]
fn both_forms_show_every_figure_of_the_headline() {
    let model = report::model(400);
    let (page, text) = (
        html::render(&model).unwrap(),
        markdown::render(&model).unwrap(),
    );
    for agent in ["gold", "noisy:0.1", "noisy:0.3"] {
        let all = |row: &&coordinator::report::model::PassRow| {
            row.agent == agent && row.scenario == "all" && row.slice == Slice::All
        };
        let row = model.pass.iter().find(all).unwrap();
        assert_eq!(row.tasks, 400, "twins are not in the headline");
        let shown = format!("{:.1}", row.pass[3].mean * 100.0);
        let shown = if agent == "gold" { "100" } else { &shown };
        assert!(
            page.contains(&format!("<b>{shown}</b>")),
            "{agent}: {shown}"
        );
        assert!(text.contains(&format!(" {shown} (")), "{agent}: {shown}");
    }
    assert_eq!(
        model.counts.control_passes, 0,
        "the bureaucrat fails every twin"
    );
    assert!(model.controls.iter().any(|row| row.excused == 100));
    let noisy = model.pass.iter().filter(|row| row.agent == "noisy:0.3");
    assert!(
        noisy.clone().any(|row| row.unreliable),
        "2.5 % of its trials have no score"
    );
}

#[test]
#[ignore = "takes seconds; run by name to measure"]
fn a_hundred_thousand_tasks_stay_small() {
    let aggregate = report::statistics(100_000);
    let model = aggregate.finish(coordinator::report::model::RunFacts::default(), Vec::new());
    assert_eq!(model.counts.tasks, 100_000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find(|line| line.starts_with("VmHWM")) {
        eprintln!("{} episodes, {peak}", model.counts.episodes);
    }
}

#[test]
fn megabytes_of_conversations_fit_in_the_reader() {
    let mut model = report::model(40);
    let few = model.samples.clone();
    model.samples = few.iter().cycle().take(300).cloned().collect();
    let page = html::render(&model).unwrap();
    assert_eq!(page.matches("<article class=\"sample\"").count(), 300);
    assert!(page.len() > 2_000_000, "{} bytes", page.len());
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/large.html"), page).unwrap();
}
