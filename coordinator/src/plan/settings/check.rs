//! What a plan's values must be to each other and to the world outside.

mod models;
pub(super) mod prompts;
mod roles;

use std::fs::File;

use super::{Known, Resolved, SettingsError};

/// Refuses a plan that cannot be carried out, and reads the prompts that it names.
pub(super) fn check(resolved: &mut Resolved, known: &Known<'_>) -> Result<(), SettingsError> {
    domain(resolved, known)?;
    models::models(resolved)?;
    roles::roles(resolved, known)?;
    world(resolved, known)?;
    partition(resolved)?;
    mix(resolved)?;
    dataset(resolved)?;
    resolved.plan.prompt_texts = prompts::read(resolved, known)?;
    Ok(())
}

/// Refuses an evaluation whose conversations can't be had.
pub(super) fn evaluation(resolved: &Resolved, known: &Known<'_>) -> Result<(), SettingsError> {
    models::models(resolved)?;
    roles::talk(resolved, known)
}

fn refused(
    resolved: &Resolved,
    key: &str,
    value: impl ToString,
    problem: impl Into<String>,
    mend: impl Into<String>,
) -> SettingsError {
    SettingsError::Refused {
        key: key.into(),
        place: resolved.source(key),
        value: value.to_string(),
        problem: problem.into(),
        mend: mend.into(),
    }
}

fn domain(resolved: &Resolved, known: &Known<'_>) -> Result<(), SettingsError> {
    let domain = resolved.plan.domain.as_str();
    if known.domains.contains(&domain) {
        return Ok(());
    }
    let mend = format!("take one of {}", known.domains.join(", "));
    Err(refused(
        resolved,
        "domain",
        format!("`{domain}`"),
        "there is no such domain",
        mend,
    ))
}

fn world(resolved: &Resolved, known: &Known<'_>) -> Result<(), SettingsError> {
    let plan = &resolved.plan;
    let path = &plan.world.file;
    if !path.is_empty() {
        let opened = File::open(path).and_then(|file| file.metadata());
        let problem = match opened {
            Ok(metadata) if metadata.is_file() => return Ok(()),
            Ok(_) => "it is not a file".to_owned(),
            Err(error) => format!("it cannot be read ({error})"),
        };
        let mend = "give the path of a `db.json` from the current directory, or leave it empty to generate a world";
        return Err(refused(
            resolved,
            "world.file",
            format!("`{path}`"),
            problem,
            mend,
        ));
    }
    if plan.strata > plan.world.people {
        let people = plan.world.people;
        return Err(refused(
            resolved,
            "strata",
            plan.strata,
            format!(
                "more parts than `world.people`, which is {people} ({})",
                resolved.source("world.people")
            ),
            format!("set it to {people} or less, or raise `world.people`"),
        ));
    }
    (known.sizes)(&plan.world).map_err(|problem| {
        let mend = "change the sizes in `world`";
        refused(resolved, "world.orders", plan.world.orders, problem, mend)
    })
}

fn partition(resolved: &Resolved) -> Result<(), SettingsError> {
    let (partition, strata) = (resolved.plan.partition, resolved.plan.strata);
    if partition.of() <= strata {
        return Ok(());
    }
    Err(refused(
        resolved,
        "partition",
        partition,
        format!(
            "more parts than `strata`, which is {strata} ({})",
            resolved.source("strata")
        ),
        format!("split the plan into {strata} parts at most; more strata make it another run"),
    ))
}

fn mix(resolved: &Resolved) -> Result<(), SettingsError> {
    let mix = &resolved.plan.mix;
    if mix.general | mix.ambiguous | mix.changing | mix.infeasible != 0 {
        return Ok(());
    }
    let problem = "and so is every other share, so that no task has a scenario";
    Err(refused(
        resolved,
        "mix.general",
        0,
        problem,
        "give at least one scenario of `mix` a share",
    ))
}

fn dataset(resolved: &Resolved) -> Result<(), SettingsError> {
    let dataset = &resolved.plan.dataset;
    let (validation, test) = (dataset.validation_permille, dataset.test_permille);
    if u32::from(validation) + u32::from(test) > 1000 {
        let place = resolved.source("dataset.test_permille");
        return Err(refused(
            resolved,
            "dataset.validation_permille",
            validation,
            format!("with `dataset.test_permille` = {test} ({place}) it comes to more than 1000"),
            format!("lower it to {} or less", 1000 - test),
        ));
    }
    let license = dataset.license.as_str();
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".+-".contains(&byte);
    if license.is_empty() || !license.bytes().all(allowed) {
        let problem = "not an SPDX identifier in lower case";
        let mend = "write one such as `apache-2.0` or `cc-by-4.0`";
        return Err(refused(
            resolved,
            "dataset.license",
            format!("`{license}`"),
            problem,
            mend,
        ));
    }
    Ok(())
}
