//! Budgets in a file of the run, for what must outlast the process that counts: an embedded run's
//! reservations, and what a coordinator last heard from its fleet.
//!
//! After its title, a line is a fact, written before what it is about happens and read back in order: a floor of
//! what is spent, a reservation, what a call cost, what calls of a model cost beyond what their requests showed.
//!
//! Whoever opens the file takes reservations that were never settled for spent: their process is gone, and
//! the calls may have been paid for. The file is begun anew then, with a line for each run and model, so that it
//! grows with the calls of one process only. A line is handed to the system in one piece and outlasts a process that
//! is killed; it is not synced, so a machine that loses its power may forget the last of them.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::budgets::countable_cost;
use super::{Balance, Budgets, Claim, Cost, MemoryBudgets, Reservation, StoreError};
use crate::excerpt::excerpt;
use crate::record::Money;

const TITLE: &str = "t2t spending 1";
/// Characters of a line that an error shows.
const SHOWN: usize = 80;

/// See the module documentation.
#[derive(Debug)]
pub struct Spending {
    path: PathBuf,
    file: File,
    counted: MemoryBudgets,
}

/// A line of the file, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Fact<'a> {
    /// At least so much is spent.
    Floor { run: Cow<'a, str>, nanos: Money },
    /// A call may cost so much.
    Reserve {
        run: Cow<'a, str>,
        call: Cow<'a, str>,
        nanos: Money,
    },
    /// It cost so much.
    Settle {
        run: Cow<'a, str>,
        call: Cow<'a, str>,
        nanos: Money,
    },
    /// A model's calls have cost so much beyond what their requests showed.
    Surcharge {
        run: Cow<'a, str>,
        model: Cow<'a, str>,
        nanos: Money,
    },
}

impl Fact<'_> {
    fn line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("a fact is plain data");
        line.push('\n');
        line
    }
}

impl Spending {
    /// Opens the file, or makes it. Of processes that may have it open at once, all but one may only say
    /// how much is spent at least ([`Budgets::restart`]).
    ///
    /// # Errors
    /// [`StoreError::Refused`] with file and line for one that is no such file or has a line that says
    /// nothing; the file is left as it is then. A torn last line was never acted on, and is let go.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(refused(path, &format!("can't read: {error}"))),
        };
        let counted = counted(&text).map_err(|fault| refused(path, &fault))?;
        let file = begin_anew(path, &counted)
            .map_err(|error| refused(path, &format!("can't write: {error}")))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            counted,
        })
    }

    fn write(&self, fact: &Fact<'_>) -> Result<(), StoreError> {
        (&self.file)
            .write_all(fact.line().as_bytes())
            .map_err(|error| StoreError::Full(format!("{}: {error}", self.path.display())))
    }
}

/// What the lines of a file come to.
fn counted(text: &str) -> Result<MemoryBudgets, String> {
    let budgets = MemoryBudgets::default();
    let mut lines = text.split_inclusive('\n').zip(1_u32..);
    match lines.next() {
        None => return Ok(budgets),
        Some((title, _)) if title.trim_end_matches('\n') == TITLE => {}
        // Torn in its first line, it never counted anything.
        Some((title, _)) if TITLE.starts_with(title) => return Ok(budgets),
        Some((title, _)) => {
            let shown = excerpt(title.trim_end(), SHOWN);
            return Err(format!(
                "line 1 is `{shown}`, not `{TITLE}`: use the release that wrote it, or move the file away and lower the budget by what is spent"
            ));
        }
    }
    for (line, number) in lines {
        let Some(whole) = line.strip_suffix('\n') else {
            break;
        };
        let fact = serde_json::from_str(whole).map_err(|error| {
            let shown = excerpt(whole, SHOWN);
            format!(
                "line {number} is `{shown}`: {error}; restore the file, or move it away and lower the budget by what is spent"
            )
        })?;
        match fact {
            Fact::Floor { run, nanos } => {
                budgets.raise(&run, nanos);
            }
            Fact::Reserve { run, call, nanos } => budgets.note(&run, &call, nanos),
            Fact::Settle { run, call, nanos } => {
                budgets.end(&run, &call, Cost::foreseen(nanos));
            }
            Fact::Surcharge { run, model, nanos } => budgets.show(&run, &model, nanos),
        }
    }
    budgets.close_all();
    Ok(budgets)
}

/// A file with a line for each run, and for each model it knows of, in place of the old one, open for more.
fn begin_anew(path: &Path, counted: &MemoryBudgets) -> io::Result<File> {
    let mut text = format!("{TITLE}\n");
    for (run, Balance { spent, .. }) in counted.balances() {
        let run = Cow::from(run);
        text += &Fact::Floor { run, nanos: spent }.line();
    }
    for ((run, model), nanos) in counted.surcharges() {
        let (run, model) = (Cow::from(run), Cow::from(model));
        text += &Fact::Surcharge { run, model, nanos }.line();
    }
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    OpenOptions::new().append(true).open(path)
}

fn refused(path: &Path, fault: &str) -> StoreError {
    StoreError::Refused(format!("spending {}: {fault}", path.display()))
}

#[async_trait]
impl Budgets for Spending {
    async fn reserve(&self, claim: Claim<'_>) -> Result<Reservation, StoreError> {
        let reservation = self.counted.reserve(claim).await?;
        if let Reservation::Granted(nanos) = reservation
            && let Err(error) = self.write(&Fact::Reserve {
                run: claim.run.into(),
                call: claim.call.into(),
                nanos,
            })
        {
            self.counted.end(claim.run, claim.call, Cost::NOTHING);
            return Err(error);
        }
        Ok(reservation)
    }

    async fn settle(&self, run: &str, call: &str, cost: Cost) -> Result<bool, StoreError> {
        let cost = countable_cost(cost)?;
        let Some(ended) = self.counted.end(run, call, cost) else {
            return Ok(false);
        };
        self.write(&Fact::Settle {
            run: run.into(),
            call: call.into(),
            nanos: cost.paid,
        })?;
        if let Some((model, nanos)) = ended.shown {
            let (run, model) = (run.into(), model.into());
            self.write(&Fact::Surcharge { run, model, nanos })?;
        }
        Ok(true)
    }

    async fn restart(&self, run: &str, floor: Money) -> Result<Balance, StoreError> {
        let before = self.counted.balance(run).await?;
        let balance = self.counted.restart(run, floor).await?;
        if before.is_none_or(|before| before.spent < balance.spent) {
            self.write(&Fact::Floor {
                run: run.into(),
                nanos: floor,
            })?;
        }
        Ok(balance)
    }

    async fn balance(&self, run: &str) -> Result<Option<Balance>, StoreError> {
        self.counted.balance(run).await
    }
}

#[cfg(test)]
mod tests;
