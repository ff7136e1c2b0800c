//! An episode with a model in it: the driver that does the waiting.
//!
//! An episode that stops begins anew wherever its job comes next, and hears at once everything that was
//! said before, since replies are kept. So nothing of a conversation lies anywhere but in its worker.

use proto::outcome::StageResult;
use proto::record::{CallForm, Ending, Endpoint, Episode, Part, Role, Task, UserProtocol};
use proto::seed::Seed;

use super::agent::{self, Briefing, ModelAgent};
use super::judge::{Judgement, ModelJudge, Paper};
use super::prompts::{PromptError, Prompts};
use super::user::tau2::{Instructions, Tau2User};
use super::user::{self, ModelUser, Script};
use super::work::Work;
use crate::chat::session::{Stop, Subject};
use crate::dialogue::conversation::{Conversation, Limits, Next};
use crate::executor::Done;
use crate::participants::agenda::Agenda;
use crate::participants::agents::PlannedAgent;
use crate::participants::{Agent, User as _};
use crate::stages::{AGENDA, episode_id};

/// Plays an episode in which a model plays a part.
pub async fn perform(work: &Work<'_>, task: &Task, agent: &str, trial: u32) -> Done {
    let subject = Subject {
        slot: work.job.cell.slot,
        candidate: work.job.candidate,
        agent: agent.to_owned(),
        trial,
        twin: task.twin_of.is_some(),
    };
    let episode = Play {
        work,
        subject: &subject,
        task,
    };
    match episode.play().await {
        Ok(Ok(episode)) => work.came_to(StageResult::Played(Box::new(episode))),
        Ok(Err(done)) => done,
        Err(error) => work.failed(error),
    }
}

/// One episode to be played.
struct Play<'a> {
    work: &'a Work<'a>,
    subject: &'a Subject,
    task: &'a Task,
}

impl Play<'_> {
    /// The episode, or why its job is not done now; an error is a fault of the software or the plan.
    async fn play(&self) -> Result<Result<Episode, Done>, String> {
        let cast = &self.work.job.cast;
        let prompts = Prompts::new(&cast.prompts).map_err(told)?;
        let by_model = cast.model(Role::Agent);
        let in_text = match by_model.map_or(CallForm::Native, |endpoint| endpoint.form) {
            CallForm::Native => false,
            CallForm::React => true,
            CallForm::Json => {
                return Err(
                    "an agent can't speak in the form json; take native or react".to_owned(),
                );
            }
        };
        let briefing = Briefing::new(self.work.domain, in_text, &prompts).map_err(told)?;
        let sheet = self.sheet(&prompts).map_err(told)?;
        let identity = cast.identity(&self.subject.agent);
        let id = episode_id(self.task.id, &identity, self.subject.trial);
        let mut agent = self.agent(by_model, &briefing, Seed(id.0).child("agent", 0))?;
        let mut user = self.user(&sheet, Seed(id.0).child("user", 0));
        let mut conversation =
            Conversation::new(self.work.domain, self.task, Limits::default(), true)
                .map_err(told)?;
        if let Err(stop) = converse(&mut conversation, &mut user, &mut agent).await {
            match self.work.settled(stop).await {
                Ok(why) => conversation.end(Ending::Infrastructure(why)),
                Err(done) => return Ok(Err(done)),
            }
        }
        let parts = user.into_part().into_iter().chain(agent.into_part());
        let mut episode = self.episode(conversation, id, parts.collect());
        if matches!(episode.ending, Ending::User(_))
            && let Some(endpoint) = cast.model(Role::Judge)
            && let Err(done) = self.judge(endpoint, &prompts, &mut episode).await?
        {
            return Ok(Err(done));
        }
        Ok(Ok(episode))
    }

    /// Has a conversation judged that its user ended.
    async fn judge(
        &self,
        endpoint: &Endpoint,
        prompts: &Prompts,
        episode: &mut Episode,
    ) -> Result<Result<(), Done>, String> {
        let paper = Paper::new(self.work.domain, self.task, &episode.messages, prompts);
        let paper = paper.map_err(told)?;
        let session = (self.work.models, self.work.place, self.subject, endpoint);
        let mut judge = ModelJudge::new(session, &paper);
        let fault = match judge.judge(self.work.job.cast.votes).await {
            Ok(Judgement::Judged(judged)) => {
                let verdict = episode.verdict.clone();
                episode.verdict = verdict.judged(judged);
                None
            }
            Ok(Judgement::Fault(why)) => Some(Ending::JudgeFault(why)),
            Err(stop) => match self.work.settled(stop).await {
                Ok(why) => Some(Ending::Infrastructure(why)),
                Err(done) => return Ok(Err(done)),
            },
        };
        // Who has earned nothing can't lose it by a vote: left out, such episodes would flatter the agent.
        if let Some(ending) = fault.filter(|_| episode.verdict.earned()) {
            episode.unscored(ending);
        }
        episode.parts.push(judge.into_part());
        Ok(Ok(()))
    }

    fn agent<'a>(
        &'a self,
        endpoint: Option<&'a Endpoint>,
        briefing: &'a Briefing<'a>,
        seed: Seed,
    ) -> Result<AgentSeat<'a>, String> {
        let Some(endpoint) = endpoint else {
            let planned = PlannedAgent::parse(&self.subject.agent).map_err(told)?;
            return Ok(AgentSeat::Scripted(planned.build(
                self.work.domain,
                self.task,
                seed,
            )));
        };
        let (models, place, subject) = (self.work.models, self.work.place, self.subject);
        let agent = ModelAgent::new(models, place, subject, endpoint, briefing);
        Ok(AgentSeat::Model(Box::new(agent)))
    }

    fn sheet(&self, prompts: &Prompts) -> Result<Sheet<'_>, PromptError> {
        let (cast, domain, task) = (&self.work.job.cast, self.work.domain, self.task);
        Ok(match (cast.model(Role::User), cast.user_protocol) {
            (None, _) => Sheet::Agenda,
            (Some(endpoint), UserProtocol::Form) => {
                Sheet::Form(endpoint, Script::new(domain, task, prompts)?)
            }
            (Some(endpoint), UserProtocol::Tau2) => {
                Sheet::Tau2(endpoint, Instructions::new(task, prompts)?)
            }
        })
    }

    fn user<'a>(&'a self, sheet: &'a Sheet<'a>, seed: Seed) -> UserSeat<'a> {
        let (domain, task) = (self.work.domain, self.task);
        let session = |endpoint| (self.work.models, self.work.place, self.subject, endpoint);
        match sheet {
            Sheet::Agenda => UserSeat::Agenda(Box::new(Agenda::new(domain, task, seed))),
            Sheet::Form(endpoint, script) => {
                let user = ModelUser::new(session(*endpoint), script, domain, task);
                UserSeat::Form(Box::new(user))
            }
            Sheet::Tau2(endpoint, instructions) => {
                let user = Tau2User::new(session(*endpoint), instructions, domain, task);
                UserSeat::Tau2(Box::new(user))
            }
        }
    }

    fn episode(
        &self,
        conversation: Conversation<'_>,
        id: proto::ids::EpisodeId,
        parts: Vec<Part>,
    ) -> Episode {
        let (messages, ending, state, verdict) = conversation.finish();
        Episode {
            id,
            task: self.task.id,
            agent: self.subject.agent.clone(),
            user: match self.work.job.cast.model(Role::User) {
                Some(endpoint) => {
                    let how = self.work.job.cast.user_protocol.suffix();
                    format!("model:{}{how}", endpoint.name)
                }
                None => AGENDA.to_owned(),
            },
            trial: self.subject.trial,
            messages,
            ending,
            state,
            verdict,
            parts,
        }
    }
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Who sits where the agent sits.
enum AgentSeat<'a> {
    Scripted(Box<dyn Agent + 'a>),
    Model(Box<ModelAgent<'a>>),
}

impl AgentSeat<'_> {
    async fn turn(&mut self, conversation: &Conversation<'_>) -> Result<agent::Turn, Stop> {
        match self {
            Self::Scripted(agent) => Ok(agent::Turn::Spoke(agent.turn(conversation))),
            Self::Model(agent) => agent.turn(conversation).await,
        }
    }

    fn into_part(self) -> Option<Part> {
        match self {
            Self::Scripted(_) => None,
            Self::Model(agent) => Some(agent.into_part()),
        }
    }
}

/// What the user is told before anything is said, with the model that plays it.
enum Sheet<'a> {
    Agenda,
    Form(&'a Endpoint, Script),
    Tau2(&'a Endpoint, Instructions),
}

/// Who sits where the user sits.
enum UserSeat<'a> {
    Agenda(Box<Agenda<'a>>),
    Form(Box<ModelUser<'a>>),
    Tau2(Box<Tau2User<'a>>),
}

impl UserSeat<'_> {
    async fn turn(&mut self, conversation: &Conversation<'_>) -> Result<user::Turn, Stop> {
        match self {
            Self::Agenda(user) => Ok(user::Turn::Took(user.turn(conversation))),
            Self::Form(user) => user.turn(conversation).await,
            Self::Tau2(user) => user.turn(conversation).await,
        }
    }

    fn into_part(self) -> Option<Part> {
        match self {
            Self::Agenda(_) => None,
            Self::Form(user) => Some(user.into_part()),
            Self::Tau2(user) => Some(user.into_part()),
        }
    }
}

/// Lets both speak until it is over, or someone can't.
async fn converse(
    conversation: &mut Conversation<'_>,
    user: &mut UserSeat<'_>,
    agent: &mut AgentSeat<'_>,
) -> Result<(), Stop> {
    loop {
        match conversation.next() {
            Next::User => match user.turn(conversation).await? {
                user::Turn::Took(turn) => conversation.user(turn),
                user::Turn::Fault(why) => conversation.end(Ending::UserFault(why)),
            },
            Next::Agent => match agent.turn(conversation).await? {
                agent::Turn::Spoke(turn) => conversation.agent(turn),
                agent::Turn::Ended(ending) => conversation.end(ending),
            },
            Next::Over(_) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
