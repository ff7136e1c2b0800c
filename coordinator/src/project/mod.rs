//! Projections of a ledger: dataset and report, each a pure function of what the ledger holds, made
//! in one pass over tasks and episodes in slot order.

mod judged;
mod models;
pub mod rows;
pub mod tell;

use std::path::Path;

use proto::record::Effect;

use crate::archive::{Archive, ArchiveError};
use crate::dataset::{
    CardFacts, DatasetError, DatasetWriter, Settings, Shares, SharesError, Written,
};
use rows::Rows;

/// Why a projection can't be made.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The run can't be read back.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The plan's splits don't add up.
    #[error("the plan in run.json: {0}")]
    Shares(#[from] SharesError),
    /// The dataset can't be written.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The statistics can't take an episode.
    #[error(transparent)]
    Statistics(#[from] crate::report::statistics::StatisticsError),
    /// A task's start can't be restored.
    #[error(transparent)]
    Restore(#[from] worker::domains::RestoreError),
    /// A report that does not render.
    #[error("failed to render the report: {0}")]
    Render(String),
}

/// Writes the dataset of an archive in the given formats.
pub fn dataset(archive: &Archive, dir: &Path, settings: Settings) -> Result<Written, ProjectError> {
    let plan = &archive.course.plan;
    let shares = Shares::new(plan.dataset.validation_permille, plan.dataset.test_permille)?;
    let mut rows = Rows::new(archive, shares);
    let mut writer = DatasetWriter::create(dir, settings)?;
    for filled in archive.filled() {
        let filled = filled?;
        rows.tasks += 1;
        for played in archive.episodes(&filled)? {
            if let Some(row) = rows.row(&filled, &played) {
                writer.push(&row)?;
            }
        }
    }
    let facts: CardFacts = rows.facts(archive);
    Ok(writer.finish(&facts)?)
}

/// Whether a tool of the archive's domain changes the world.
pub(crate) fn writes(archive: &Archive) -> impl Fn(&str) -> bool + '_ {
    |name| archive.domain.effect(name) == Some(Effect::Write)
}
