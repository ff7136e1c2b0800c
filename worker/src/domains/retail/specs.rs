//! The tools as an agent is told of them. Names and arguments are the benchmark's; the words are ours.

use std::collections::BTreeMap;

use proto::record::{Actor, Effect, Map, ToolSpec, Value};

use super::tools::Tool;

/// The sixteen tools, by name.
pub fn tools() -> Vec<ToolSpec> {
    Tool::ALL.into_iter().map(spec).collect()
}

fn spec(tool: Tool) -> ToolSpec {
    ToolSpec {
        name: tool.name().to_owned(),
        description: description(tool).to_owned(),
        parameters: parameters(tool),
        effect: effect(tool),
        actor: Actor::Assistant,
    }
}

/// What a tool does to a world.
pub fn effect(tool: Tool) -> Effect {
    match tool {
        Tool::Calculate | Tool::TransferToHumanAgents => Effect::Generic,
        Tool::FindUserIdByEmail
        | Tool::FindUserIdByNameZip
        | Tool::GetItemDetails
        | Tool::GetOrderDetails
        | Tool::GetProductDetails
        | Tool::GetUserDetails
        | Tool::ListAllProductTypes => Effect::Read,
        Tool::CancelPendingOrder
        | Tool::ExchangeDeliveredOrderItems
        | Tool::ModifyPendingOrderAddress
        | Tool::ModifyPendingOrderItems
        | Tool::ModifyPendingOrderPayment
        | Tool::ModifyUserAddress
        | Tool::ReturnDeliveredOrderItems => Effect::Write,
    }
}

fn description(tool: Tool) -> &'static str {
    match tool {
        Tool::Calculate => {
            "Works out a sum written with numbers, + - * /, parentheses and spaces, and gives it in two decimals."
        }
        Tool::CancelPendingOrder => {
            "Calls off an order that is still pending and starts its refund: at once to a gift card, within 5 to 7 \
             business days to any other method. Say what will happen and get a clear yes first. Answers with the order."
        }
        Tool::ExchangeDeliveredOrderItems => {
            "Requests that items of a delivered order be swapped for other variants of the same products; the price \
             difference goes to or comes from one payment method. An order takes one exchange or return in all, so \
             collect every item, and get a clear yes first. Answers with the order."
        }
        Tool::FindUserIdByEmail => {
            "Looks up a customer by email address and answers with the user id."
        }
        Tool::FindUserIdByNameZip => {
            "Looks up a customer by first name, last name and zip code and answers with the user id. Use it when the \
             email address is unknown or finds nobody."
        }
        Tool::GetItemDetails => {
            "Shows one item (a variant of a product): its options, price and availability."
        }
        Tool::GetOrderDetails => "Shows an order: status, items, address, parcels and payments.",
        Tool::GetProductDetails => {
            "Shows a product with all its variants: item ids, options, prices and availability."
        }
        Tool::GetUserDetails => {
            "Shows a customer: name, address, email, payment methods and order ids."
        }
        Tool::ListAllProductTypes => {
            "Lists the names of all products of the shop with their product ids."
        }
        Tool::ModifyPendingOrderAddress => {
            "Sends a pending order to another address. Give the address whole, and get a clear yes first. Answers with \
             the order."
        }
        Tool::ModifyPendingOrderItems => {
            "Replaces items of a pending order by other variants of the same products; the price difference goes to or \
             comes from one payment method. It works once per order, so collect every item, and get a clear yes first. \
             Answers with the order."
        }
        Tool::ModifyPendingOrderPayment => {
            "Moves the payment of a pending order to another of the customer's methods and refunds the first. Get a \
             clear yes first. Answers with the order."
        }
        Tool::ModifyUserAddress => {
            "Replaces a customer's default address; orders already placed keep theirs. Give the address whole, and get \
             a clear yes first. Answers with the customer."
        }
        Tool::ReturnDeliveredOrderItems => {
            "Requests the return of items of a delivered order, with the refund to the method that paid or to a gift \
             card. An order takes one exchange or return in all. Get a clear yes first. Answers with the order."
        }
        Tool::TransferToHumanAgents => {
            "Hands the customer over to a human colleague: when asked for one, or when policy and tools leave nothing \
             else to do."
        }
    }
}

fn parameters(tool: Tool) -> Value {
    let names = tool.parameters();
    let properties: Map = names
        .iter()
        .map(|name| ((*name).to_owned(), property(tool, name)))
        .collect();
    object([
        ("type", "object".into()),
        ("properties", Value::Map(properties)),
        ("required", Value::texts(names.iter().copied())),
        ("additionalProperties", false.into()),
    ])
}

fn property(tool: Tool, name: &str) -> Value {
    let text = |says: &str| object([("type", "string".into()), ("description", says.into())]);
    let list = |says: &str| {
        object([
            ("type", "array".into()),
            ("items", object([("type", "string".into())])),
            ("description", says.into()),
        ])
    };
    match name {
        "expression" => text("The sum, such as '(12.50 + 3) * 2'."),
        "order_id" => text("Order id with its leading '#', such as '#W0000000'."),
        "reason" => object([
            ("type", "string".into()),
            (
                "enum",
                Value::texts(["no longer needed", "ordered by mistake"]),
            ),
            ("description", "Why the customer calls it off.".into()),
        ]),
        "item_ids" => list("Ids of the items in the order concerned; an id once for each piece."),
        "new_item_ids" => {
            list("Ids of the replacements, each at the place of the item it replaces.")
        }
        "payment_method_id" if tool == Tool::ReturnDeliveredOrderItems => text(
            "Id of the customer's payment method that takes the refund, such as 'gift_card_0000000'.",
        ),
        "payment_method_id" => {
            text("Id of the customer's payment method, such as 'credit_card_0000000'.")
        }
        "email" => text("Email address, such as 'someone@example.com'."),
        "first_name" => text("First name."),
        "last_name" => text("Last name."),
        "zip" => text("Zip code of five digits."),
        "item_id" => text("Item id of ten digits; not a product id."),
        "product_id" => text("Product id of ten digits; not an item id."),
        "user_id" => text("User id, such as 'ann_lee_1234'."),
        "address1" => text("Street and number."),
        "address2" => text("Suite or apartment; empty if there is none."),
        "city" => text("City."),
        "state" => text("State in two letters, such as 'CA'."),
        "country" => text("Country, such as 'USA'."),
        "summary" => text("What the customer wants and what has been done so far."),
        _ => object([]),
    }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<BTreeMap<_, _>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_and_parameter_is_described() {
        let tools = tools();
        assert!(tools.is_sorted_by(|one, other| one.name < other.name));
        for (spec, tool) in tools.iter().zip(Tool::ALL) {
            assert_eq!(Tool::named(&spec.name), Some(tool));
            assert!(spec.description.ends_with('.'), "{}", spec.name);
            let schema = spec.parameters.as_map().unwrap();
            let properties = schema["properties"].as_map().unwrap();
            assert_eq!(properties.len(), tool.parameters().len());
            for (name, property) in properties {
                let says = &property.as_map().unwrap_or_else(|| panic!("{name}"))["description"];
                assert!(!says.as_str().unwrap().is_empty());
            }
        }
        let count = |effect: Effect| tools.iter().filter(|spec| spec.effect == effect).count();
        assert_eq!(
            [
                count(Effect::Read),
                count(Effect::Write),
                count(Effect::Generic)
            ],
            [7, 7, 2]
        );
    }
}
