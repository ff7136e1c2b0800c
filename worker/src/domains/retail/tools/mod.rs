//! The sixteen tools: names, parameters, and what each does to a world.

mod addresses;
mod calculator;
mod items;
mod look_up;
mod money;
mod returns;

use super::arguments::MOST;
use super::object::Object;
use super::refusal::Refusal;
use super::state::{Order, World};

/// A tool of the retail domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// `calculate`
    Calculate,
    /// `cancel_pending_order`
    CancelPendingOrder,
    /// `exchange_delivered_order_items`
    ExchangeDeliveredOrderItems,
    /// `find_user_id_by_email`
    FindUserIdByEmail,
    /// `find_user_id_by_name_zip`
    FindUserIdByNameZip,
    /// `get_item_details`
    GetItemDetails,
    /// `get_order_details`
    GetOrderDetails,
    /// `get_product_details`
    GetProductDetails,
    /// `get_user_details`
    GetUserDetails,
    /// `list_all_product_types`
    ListAllProductTypes,
    /// `modify_pending_order_address`
    ModifyPendingOrderAddress,
    /// `modify_pending_order_items`
    ModifyPendingOrderItems,
    /// `modify_pending_order_payment`
    ModifyPendingOrderPayment,
    /// `modify_user_address`
    ModifyUserAddress,
    /// `return_delivered_order_items`
    ReturnDeliveredOrderItems,
    /// `transfer_to_human_agents`
    TransferToHumanAgents,
}

impl Tool {
    /// All of them, by name.
    pub const ALL: [Self; 16] = [
        Self::Calculate,
        Self::CancelPendingOrder,
        Self::ExchangeDeliveredOrderItems,
        Self::FindUserIdByEmail,
        Self::FindUserIdByNameZip,
        Self::GetItemDetails,
        Self::GetOrderDetails,
        Self::GetProductDetails,
        Self::GetUserDetails,
        Self::ListAllProductTypes,
        Self::ModifyPendingOrderAddress,
        Self::ModifyPendingOrderItems,
        Self::ModifyPendingOrderPayment,
        Self::ModifyUserAddress,
        Self::ReturnDeliveredOrderItems,
        Self::TransferToHumanAgents,
    ];

    /// The tool of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "calculate" => Self::Calculate,
            "cancel_pending_order" => Self::CancelPendingOrder,
            "exchange_delivered_order_items" => Self::ExchangeDeliveredOrderItems,
            "find_user_id_by_email" => Self::FindUserIdByEmail,
            "find_user_id_by_name_zip" => Self::FindUserIdByNameZip,
            "get_item_details" => Self::GetItemDetails,
            "get_order_details" => Self::GetOrderDetails,
            "get_product_details" => Self::GetProductDetails,
            "get_user_details" => Self::GetUserDetails,
            "list_all_product_types" => Self::ListAllProductTypes,
            "modify_pending_order_address" => Self::ModifyPendingOrderAddress,
            "modify_pending_order_items" => Self::ModifyPendingOrderItems,
            "modify_pending_order_payment" => Self::ModifyPendingOrderPayment,
            "modify_user_address" => Self::ModifyUserAddress,
            "return_delivered_order_items" => Self::ReturnDeliveredOrderItems,
            "transfer_to_human_agents" => Self::TransferToHumanAgents,
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Calculate => "calculate",
            Self::CancelPendingOrder => "cancel_pending_order",
            Self::ExchangeDeliveredOrderItems => "exchange_delivered_order_items",
            Self::FindUserIdByEmail => "find_user_id_by_email",
            Self::FindUserIdByNameZip => "find_user_id_by_name_zip",
            Self::GetItemDetails => "get_item_details",
            Self::GetOrderDetails => "get_order_details",
            Self::GetProductDetails => "get_product_details",
            Self::GetUserDetails => "get_user_details",
            Self::ListAllProductTypes => "list_all_product_types",
            Self::ModifyPendingOrderAddress => "modify_pending_order_address",
            Self::ModifyPendingOrderItems => "modify_pending_order_items",
            Self::ModifyPendingOrderPayment => "modify_pending_order_payment",
            Self::ModifyUserAddress => "modify_user_address",
            Self::ReturnDeliveredOrderItems => "return_delivered_order_items",
            Self::TransferToHumanAgents => "transfer_to_human_agents",
        }
    }

    /// Its parameters in order; all are required.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Calculate => &["expression"],
            Self::CancelPendingOrder => &["order_id", "reason"],
            Self::ExchangeDeliveredOrderItems | Self::ModifyPendingOrderItems => {
                &["order_id", "item_ids", "new_item_ids", "payment_method_id"]
            }
            Self::FindUserIdByEmail => &["email"],
            Self::FindUserIdByNameZip => &["first_name", "last_name", "zip"],
            Self::GetItemDetails => &["item_id"],
            Self::GetOrderDetails => &["order_id"],
            Self::GetProductDetails => &["product_id"],
            Self::GetUserDetails => &["user_id"],
            Self::ListAllProductTypes => &[],
            Self::ModifyPendingOrderAddress => &[
                "order_id", "address1", "address2", "city", "state", "country", "zip",
            ],
            Self::ModifyUserAddress => &[
                "user_id", "address1", "address2", "city", "state", "country", "zip",
            ],
            Self::ModifyPendingOrderPayment => &["order_id", "payment_method_id"],
            Self::ReturnDeliveredOrderItems => &["order_id", "item_ids", "payment_method_id"],
            Self::TransferToHumanAgents => &["summary"],
        }
    }

    /// Runs it on `world` with its arguments in the order of [`Self::parameters`].
    pub(super) fn run(
        self,
        world: &mut World,
        given: &[Object<'_>; MOST],
    ) -> Result<String, Refusal> {
        let [first, second, third, fourth, ..] = given;
        match self {
            Self::Calculate => calculator::calculate(first),
            Self::CancelPendingOrder => money::cancel(world, first, second),
            Self::ExchangeDeliveredOrderItems => {
                returns::exchange(world, [first, second, third, fourth])
            }
            Self::FindUserIdByEmail => look_up::user_by_email(world, first),
            Self::FindUserIdByNameZip => look_up::user_by_name_zip(world, first, second, third),
            Self::GetItemDetails => look_up::item_details(world, first),
            Self::GetOrderDetails => look_up::order_details(world, first),
            Self::GetProductDetails => look_up::product_details(world, first),
            Self::GetUserDetails => look_up::user_details(world, first),
            Self::ListAllProductTypes => Ok(look_up::product_types(world)),
            Self::ModifyPendingOrderAddress => addresses::of_order(world, first, &given[1..]),
            Self::ModifyPendingOrderItems => items::modify(world, [first, second, third, fourth]),
            Self::ModifyPendingOrderPayment => money::change_payment(world, first, second),
            Self::ModifyUserAddress => addresses::of_user(world, first, &given[1..]),
            Self::ReturnDeliveredOrderItems => returns::give_back(world, first, second, third),
            Self::TransferToHumanAgents => Ok("Transfer successful".to_owned()),
        }
    }
}

/// Place of the order with this id.
fn order_place(world: &World, id: &Object<'_>) -> Result<u32, Refusal> {
    let place = id.key()?.and_then(|id| world.base.order_at.get(id));
    place.copied().ok_or_else(|| "Order not found".into())
}

/// Place of the user with this id.
fn user_place(world: &World, id: &Object<'_>) -> Result<u32, Refusal> {
    let place = id.key()?.and_then(|id| world.base.user_at.get(id));
    place.copied().ok_or_else(|| "User not found".into())
}

/// The result that shows an order.
fn show_order(order: &Order) -> String {
    let mut out = String::with_capacity(2048);
    super::print::order(&mut out, order);
    out
}
