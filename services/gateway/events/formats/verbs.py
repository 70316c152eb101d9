"""The spellings of shoppers' actions in many systems, and of events that are skipped."""

from services.gateway.events.event_validation import ACTIONS
from services.gateway.events.formats.fields import NotAnInteraction, Unreadable, shown
from services.gateway.events.formats.spelling import snake_case

_INTERACTIONS = {
    "view": (
        "view viewed view_item product_view product_viewed view_product item_view detail_view "
        "detail_page_view product_detail_view product_page_view pdp_view read watch"
    ),
    "click": (
        "click clicked click_through clickthrough product_click product_clicked item_click "
        "item_clicked select_item result_click search_click"
    ),
    "add_to_cart": (
        "add_to_cart added_to_cart addtocart add_cart cart_add cart add_to_basket added_to_basket basket "
        "add_to_bag added_to_bag product_added product_added_to_cart item_added_to_cart"
    ),
    "remove_from_cart": (
        "remove_from_cart removed_from_cart removefromcart cart_remove remove_from_basket "
        "removed_from_basket remove_from_bag removed_from_bag product_removed "
        "product_removed_from_cart"
    ),
    "purchase": (
        "purchase purchased purchase_complete purchase_completed product_purchased order ordered "
        "order_completed order_complete order_placed buy bought checkout_complete transaction"
    ),
    "wishlist": (
        "wishlist add_to_wishlist added_to_wishlist wishlisted product_added_to_wishlist add_to_list "
        "add_to_favorites add_to_favourites favorite favourite like liked star save saved bookmark"
    ),
}
# Skipped verbs, by reason
_OTHERS = {
    "search": "search searched on_search query product_search products_searched view_search_results",
    "impression": (
        "impression impressions hits_viewed view_item_list item_list_viewed product_list_viewed "
        "products_viewed category_viewed"
    ),
    "page_view": (
        "home_page_view category_page_view shopping_cart_page_view page_view page_visit page_viewed "
        "screen_view view_cart cart_viewed page_exit"
    ),
    "promotion": "promotion_offered promotion_not_offered view_promotion select_promotion",
    "completion": "completion type_ahead autocomplete",
    "checkout": "checkout_start begin_checkout checkout_started add_payment_info add_shipping_info",
    "return": "refund refunded return returned order_refunded",
    "unlisted": "remove_from_list remove_from_wishlist removed_from_wishlist unlike dislike unfavorite",
    "navigation": (
        "hover product_hover scroll sort product_sort filter type_filter brand_filter global_click "
        "login logout"
    ),
}
_ACTION_OF = {spelling: action for action, listed in _INTERACTIONS.items() for spelling in listed.split()}
_REASON_OF = {spelling: reason for reason, listed in _OTHERS.items() for spelling in listed.split()}
_MOST_CHARACTERS = 100  # no verb is longer


def action_of(field: str, verb: str) -> str:
    """The action that a verb means, in any case and with any separators.

    Raises NotAnInteraction for a known verb that is not an action, and Unreadable, naming the
    field, for an unknown one.
    """
    known = known_action(verb)
    if not verb:
        raise Unreadable(field, f"is required; use one of: {', '.join(ACTIONS)}")
    if not known:
        raise Unreadable(
            field,
            f"{shown(verb)!r} is unknown; use one of: {', '.join(ACTIONS)}, or a spelling of docs/events.md",
        )
    return known


def known_action(verb: str) -> str:
    """Like action_of, but empty if the verb is unknown."""
    word = snake_case(verb[:_MOST_CHARACTERS])
    if reason := _REASON_OF.get(word):
        raise NotAnInteraction(reason)
    return _ACTION_OF.get(word, "")
