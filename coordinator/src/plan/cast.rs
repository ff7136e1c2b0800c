//! Who plays which role in the jobs of a plan. A cast holds the language models that the plan names; a
//! role that is not in it is played offline.

use std::collections::BTreeSet;

use proto::job::Stage;
use proto::record::{Cast, Endpoint, Money, Prices, Role, UserProtocol, Writing, prompts_digest};
use proto::store::budgets::MOST;

use super::Plan;
use super::identity::differences;
use super::models::model_in;
use super::money::Decimal;

/// The explorer without a model.
pub const SYMBOLIC: &str = "symbolic";
/// The writer without a model.
pub const TEMPLATE: &str = "template";
/// The user without a model.
pub const AGENDA: &str = "agenda";

impl Plan {
    /// What the plan says of a role; of agents it says more than one thing.
    pub fn player(&self, role: Role) -> &str {
        match role {
            Role::Explorer => &self.explorer,
            Role::Writer => &self.writer,
            Role::Validity => &self.validity,
            Role::User => &self.user,
            Role::Judge => &self.judge,
            Role::Agent => "",
        }
    }

    /// Models and prompts for the jobs of a stage; for rollouts, of this agent.
    pub fn cast(&self, stage: Stage, agent: &str) -> Cast {
        let players: &[(Role, &str)] = match stage {
            Stage::Explore => &[(Role::Explorer, &self.explorer)],
            Stage::Synthesize => &[(Role::Writer, &self.writer)],
            Stage::Verify => &[(Role::Validity, &self.validity)],
            Stage::Rollout => &[
                (Role::Agent, agent),
                (Role::User, &self.user),
                (Role::Judge, &self.judge),
            ],
        };
        let model = |&(role, player): &(Role, &str)| Some((role, self.played_by(player)?));
        let models: Vec<(Role, Endpoint)> = players.iter().filter_map(model).collect();
        let prompts = if models.is_empty() {
            Vec::new()
        } else {
            self.prompt_texts.clone().into_iter().collect()
        };
        let played = |role| models.iter().any(|(by_model, _)| *by_model == role);
        let writing = Writing {
            attempts: self.writer_attempts,
            fallback: self.writer_fallback,
        };
        Cast {
            writing: if played(Role::Writer) {
                writing
            } else {
                Writing::default()
            },
            votes: if played(Role::Validity) || played(Role::Judge) {
                self.votes
            } else {
                0
            },
            budget: self.budget().filter(|_| !models.is_empty()),
            user_protocol: if played(Role::User) {
                self.user_protocol
            } else {
                UserProtocol::Form
            },
            models,
            prompts,
        }
    }

    /// What the plan's models may cost together. Without a limit, whatever costs something is counted all
    /// the same, so that it can be seen.
    pub fn budget(&self) -> Option<Money> {
        let endpoints = self.models_in_use().into_iter();
        let priced = endpoints
            .filter_map(|name| self.endpoint(name))
            .any(|endpoint| endpoint.prices != Prices::default());
        let limit = self.budget_dollars.map(|Decimal(nanos)| Money(nanos));
        limit.or(priced.then_some(MOST))
    }

    /// The model that a text such as `model:small` stands for, if the plan has it.
    fn played_by(&self, player: &str) -> Option<Endpoint> {
        self.endpoint(model_in(player)?)
    }

    /// What stands for an agent of the plan in the ids of its jobs and episodes.
    pub fn agent_identity(&self, place: usize) -> String {
        let agent = &self.agents[place];
        self.cast(Stage::Rollout, agent).identity(agent)
    }

    /// In what the models that play a role there have other answers here; the work of one name is that
    /// of one model.
    pub fn models_differing(&self, there: &Self) -> Vec<String> {
        let used = there.models_in_use();
        let both = used
            .iter()
            .filter_map(|&name| Some((name, self.models.get(name)?, there.models.get(name)?)));
        let mut differing: Vec<String> = both
            .flat_map(|(name, here, there)| {
                let differing = differences(&here.answers(), &there.answers());
                differing
                    .into_iter()
                    .map(move |line| format!("models.{name}.{line}"))
            })
            .collect();
        if !used.is_empty() && self.prompt_texts != there.prompt_texts {
            let digest = |plan: &Self| prompts_digest(&plan.prompt_texts);
            differing.push(format!(
                "texts of prompts: {} there, {} here",
                digest(there),
                digest(self)
            ));
        }
        differing
    }

    /// In what the conversations of evaluations differ, whoever is evaluated; those of runs differ in
    /// their identity then.
    pub fn talk_differing(&self, there: &Self) -> Vec<String> {
        [Role::User, Role::Judge]
            .into_iter()
            .map(|role| (role.label(), self.talker(role), there.talker(role)))
            .filter(|(_, here, there)| here != there)
            .map(|(role, here, there)| format!("{role}: {there} there, {here} here"))
            .collect()
    }

    /// Who plays a role in conversations, and how.
    pub fn talker(&self, role: Role) -> String {
        match self.player(role) {
            "" => "nobody".to_owned(),
            player if model_in(player).is_none() => player.to_owned(),
            player if role == Role::User => format!("{player}{}", self.user_protocol.suffix()),
            player if role == Role::Judge => format!("{player}/{}", self.votes),
            player => player.to_owned(),
        }
    }

    /// Names of the models that play a role.
    pub fn models_in_use(&self) -> BTreeSet<&str> {
        let roles = Role::ALL.iter().map(|&role| self.player(role));
        let agents = self.agents.iter().map(String::as_str);
        roles.chain(agents).filter_map(model_in).collect()
    }
}

/// The casts of a plan's jobs, made once.
#[derive(Debug, Clone, PartialEq)]
pub struct Casts {
    /// Of the stages before the rollout, in order.
    stages: [Cast; 3],
    /// Of rollouts, by the place of the agent in the plan; with what stands for it in ids.
    rollouts: Vec<(Cast, String)>,
}

impl Casts {
    /// Those of a plan.
    pub fn of(plan: &Plan) -> Self {
        let rollout = |agent: &String| {
            let cast = plan.cast(Stage::Rollout, agent);
            let identity = cast.identity(agent);
            (cast, identity)
        };
        Self {
            stages: [Stage::Explore, Stage::Synthesize, Stage::Verify]
                .map(|stage| plan.cast(stage, "")),
            rollouts: plan.agents.iter().map(rollout).collect(),
        }
    }

    /// That of a job: of its stage, or of a rollout's agent by its place in the plan.
    pub fn cast(&self, stage: Stage, agent: Option<u16>) -> &Cast {
        match agent {
            Some(place) => &self.rollouts[usize::from(place)].0,
            None => &self.stages[stage as usize],
        }
    }

    /// What stands in ids for the agent at this place in the plan.
    pub fn identity(&self, agent: u16) -> &str {
        &self.rollouts[usize::from(agent)].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::models::ModelPlan;

    fn plan(temperature: f64, url: &str) -> Plan {
        let model = ModelPlan {
            url: url.to_owned(),
            temperature: Some(temperature),
            ..ModelPlan::default()
        };
        Plan {
            models: [("small", model.clone()), ("idle", model)]
                .map(|(name, model)| (name.to_owned(), model))
                .into(),
            agents: vec!["gold".to_owned(), "model:small".to_owned()],
            ..Plan::default()
        }
    }

    #[test]
    fn an_agent_with_other_sampling_is_another_and_elsewhere_the_same() {
        let identity = |plan: &Plan| [plan.agent_identity(0), plan.agent_identity(1)];
        let [gold, small] = identity(&plan(0.0, "one"));
        assert_eq!(gold, "gold");
        let settings = plan(0.0, "one").endpoint("small").unwrap().settings();
        assert_eq!(small, format!("model:small@{settings}"));
        assert_eq!(identity(&plan(0.0, "two")), [gold.clone(), small.clone()]);
        let warmer = identity(&plan(1.0, "one"));
        assert_eq!(warmer[0], gold);
        assert_ne!(warmer[1], small);
    }

    #[test]
    fn one_name_in_a_folder_is_one_model() {
        let cold = plan(0.0, "one");
        assert!(plan(0.0, "two").models_differing(&cold).is_empty());
        let warm = plan(1.0, "one");
        let wanted = ["models.small.temperature: 0.0 there, 1.0 here"];
        assert_eq!(warm.models_differing(&cold), wanted);
        let unused = Plan {
            agents: vec!["gold".to_owned()],
            ..cold.clone()
        };
        assert!(warm.models_differing(&unused).is_empty());
        let mut prompted = cold.clone();
        let text = ("agent.md".to_owned(), "Be kind.".to_owned());
        prompted.prompt_texts.extend([text]);
        let differing = prompted.models_differing(&cold);
        assert!(
            differing[0].starts_with("texts of prompts: "),
            "{differing:?}"
        );
    }

    #[test]
    fn the_casts_made_once_are_those_of_the_plan() {
        let mut plan = plan(0.0, "one");
        plan.user = "model:idle".to_owned();
        let casts = Casts::of(&plan);
        for (place, agent) in plan.agents.iter().enumerate() {
            let cast = casts.cast(Stage::Rollout, Some(place as u16));
            assert_eq!(*cast, plan.cast(Stage::Rollout, agent));
            assert_eq!(casts.identity(place as u16), plan.agent_identity(place));
        }
        for stage in [Stage::Explore, Stage::Synthesize, Stage::Verify] {
            assert_eq!(*casts.cast(stage, None), plan.cast(stage, ""));
        }
        assert!(casts.identity(0).starts_with("gold user:idle@"));
    }
}
