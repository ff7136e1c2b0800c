//! Language models in the roles of a job, and the jobs in which they have one.
//!
//! A participant here takes its turn as those of [`participants`](crate::participants) do, but has to be
//! waited for, and may come back without a turn: then the job stops, and what it heard is kept. Who is a
//! model and who is not is mixed freely.
//!
//! Reading order: [`prompts`] (the words models are asked in), [`agent`] and [`react`] (the agent under
//! test), [`user`] (the simulated
//! one), [`rollout`] (the conversation), [`alone`] (one worker a job).

pub mod agent;
pub mod alone;
pub mod prompts;
pub mod react;
pub mod rollout;
pub mod structured;
pub mod user;
