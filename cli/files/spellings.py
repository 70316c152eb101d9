"""Other spellings of column names, by Aisle's name for each, and names of common attributes."""

SPELLINGS = {
    "product_id": "product_id id item_id product_number article_number article_id object_id",
    "title": "title name product_name product_title item_name item_title display_name",
    "type": "type",
    "primary_product_id": "primary_product_id parent_id parent_product_id variant_of",
    "description": "description product_description long_description full_description body body_html details",
    "brands": "brands brand brand_name product_brand vendor",
    "categories": "categories category product_category category_path "
    "category_name product_type category_names",
    "price": "price current_price unit_price selling_price",
    "sale_price": "sale_price special_price discounted_price",
    "price.original_amount": (
        "original_price price_original_amount regular_price list_price compare_at_price old_price "
        "was_price msrp rrp strike_price"
    ),
    "price.currency_code": "currency currency_code price_currency price_currency_code price.currency",
    "availability": (
        "availability stock_status availability_status in_stock is_in_stock is_available "
        "available inventory_status"
    ),
    "available_quantity": (
        "available_quantity stock quantity qty inventory inventory_quantity stock_quantity "
        "quantity_available stock_level inventory_level stock_qty qty_available"
    ),
    "rating": "rating average_rating rating_average avg_rating stars "
    "star_rating rating_value customer_rating",
    "rating.count": (
        "rating_count review_count reviews_count num_reviews number_of_reviews ratings_count "
        "num_ratings customer_review_count total_reviews"
    ),
    "gtin": "gtin ean ean13 ean_13 upc barcode isbn gtin8 gtin12 gtin13 gtin14 "
    "gtin_8 gtin_12 gtin_13 gtin_14 global_trade_item_number",
    "sku": "sku stock_keeping_unit",
    "uri": "uri url link product_url product_link permalink page_url",
    "images": (
        "images image image_url image_urls image_link image_links picture pictures picture_url "
        "thumbnail thumbnail_url img img_url image_src"
    ),
    "more_images": (
        "additional_images additional_image_link additional_image_links additional_image_urls "
        "additional_image_url"
    ),
    "tags": "tags tag labels keywords",
    "publish_time": (
        "publish_time released release_date published_at publish_date created_at date_created "
        "creation_date date_added"
    ),
    "available_time": "available_time availability_date available_from",
    "expire_time": "expire_time expiration_date expiry_date expires_at valid_until available_until",
    "language_code": "language_code language locale lang content_language",
    "attributes": "attributes specifications specs properties custom_attributes",
}
ATTRIBUTES = (
    "color size material pattern gender age_group condition style finish flavor scent shape "
    "fabric fit season weight width height length depth volume capacity mpn model "
    "model_number size_system size_type"
)
