//! What a process has used, as the system tells.

use std::fs;

use harness::fleet::Member;

/// Milliseconds of a tick in `/proc`: a hundred a second on every Linux that anybody runs.
const TICK: f64 = 10.0;
/// Fields of `/proc/ID/stat` behind the name, up to the time in user mode.
const USER: usize = 11;

/// Milliseconds of processor time so far.
pub(crate) fn processor(member: &Member) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", member.id())).expect("it runs");
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = fields.split_whitespace().skip(USER).take(2);
    ticks
        .map(|ticks| ticks.parse::<f64>().expect("a number") * TICK)
        .sum()
}

/// The most memory that it had so far, in megabytes.
pub(crate) fn memory(member: &Member) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", member.id())).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.split_whitespace().next());
    let kilobytes: f64 = kilobytes
        .and_then(|text| text.parse().ok())
        .expect("a peak");
    kilobytes / 1024.0
}
