//! The retail world as an environment: calls by name, identity, copies.

use std::any::Any;
use std::sync::Arc;

use proto::ids::StateId;
use proto::record::{Actor, Map, Observation};

use super::arguments;
use super::object::Object;
use super::refusal::Refusal;
use super::state::{Order, PaymentMethod, User, World};
use super::tools::Tool;
use super::{delta, identity};
use crate::environment::Environment;

impl Environment for World {
    fn call(&mut self, actor: Actor, name: &str, arguments: &Map) -> Observation {
        self.call_with(
            actor,
            name,
            arguments
                .iter()
                .map(|(name, value)| (name.as_str(), Object::from(value))),
        )
    }

    fn state_id(&self) -> StateId {
        identity::state_id(self)
    }

    fn fork(&self) -> Box<dyn Environment> {
        Box::new(self.clone())
    }

    fn delta(&self) -> Vec<u8> {
        delta::encode(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl World {
    /// [`Environment::call`] with arguments in their own order and with every type that Python knows.
    pub fn call_with<'a>(
        &mut self,
        actor: Actor,
        name: &str,
        arguments: impl Iterator<Item = (&'a str, Object<'a>)> + Clone,
    ) -> Observation {
        match self.try_call(actor, name, arguments) {
            Ok(text) => Observation { text, error: false },
            Err(Refusal(text)) => Observation {
                text: format!("Error: {text}"),
                error: true,
            },
        }
    }

    fn try_call<'a>(
        &mut self,
        actor: Actor,
        name: &str,
        arguments: impl Iterator<Item = (&'a str, Object<'a>)> + Clone,
    ) -> Result<String, Refusal> {
        let tool = match (actor, Tool::named(name)) {
            (Actor::Assistant, Some(tool)) => tool,
            (actor, _) => {
                arguments::refuse_taken(arguments)?;
                return Err(match actor {
                    Actor::User => "User tools not available".into(),
                    Actor::Assistant => format!("Tool '{name}' not found.").into(),
                });
            }
        };
        tool.run(self, &arguments::bind(name, tool.parameters(), arguments)?)
    }

    /// The user at a place, to be changed.
    pub fn user_mut(&mut self, place: u32) -> &mut User {
        let base = &self.base;
        Arc::make_mut(
            self.users
                .entry(place)
                .or_insert_with(|| base.users[place as usize].clone()),
        )
    }

    /// The order at a place, to be changed.
    pub fn order_mut(&mut self, place: u32) -> &mut Order {
        let base = &self.base;
        Arc::make_mut(
            self.orders
                .entry(place)
                .or_insert_with(|| base.orders[place as usize].clone()),
        )
    }

    /// A payment method by the place of its user and its index there.
    pub fn method_at(&self, (user, index): (u32, usize)) -> &PaymentMethod {
        &self.user_at(user).payment_methods[index]
    }
}
