"""Which categories are found by other names: python -m bench.other_names

Encodes other names of categories, and queries that name none, with the encoder of the settings. For
several least cosines and leads, prints how many names find their category, and how many queries
find a wrong one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.embedding.config import EmbeddingConfig
from services.embedding.opening import open_encoder
from shared.text.stemming import stem
from shared.text.words import words

CATEGORIES = (
    "Hoodies;Jackets;Polo Shirts;T-Shirts;Shirts;Trousers;Jeans;Leggings;Track Pants;Sneakers;"
    "Boots;Sandals;Running Shoes;Sofas;Armchairs;Chairs;Tables;Desks;Lamps;Rugs;Curtains;"
    "Towels;Kettles;Toasters;Coffee Machines;Saucepans;Frying Pans;Knives;Cutlery;Laptops;"
    "Tablets;Phones;Phone Cases;Headphones;Keyboards;Mice;Monitors;Televisions;Cameras;"
    "Camera Straps;Vacuum Cleaners;Vacuum Cleaner Bags;Washing Machines;Refrigerators;"
    "Dishwashers;Strollers;Baby Sleepwear;Diapers;Hats;Scarves;Gloves;Socks;Underwear;Swimwear;"
    "Backpacks;Suitcases;Wallets;Watches;Necklaces;Rings;Perfume;Shampoo;Soft Drinks;Coffee;"
    "Tea;Chocolate;Biscuits;Dog Food;Cat Litter;Drills;Screws;Torches;Batteries;Bicycles;Tents;"
    "Sleeping Bags;Books;Puzzles;Board Games;Toy Cars"
)
OTHER_NAMES = {
    "Hoodies": ("hooded sweatshirt", "hooded jumper"),
    "Jackets": ("waterproof anorak", "windbreaker"),
    "T-Shirts": ("tee", "tee shirt"),
    "Track Pants": ("jogging pants", "joggers bottoms"),
    "Sneakers": ("trainers", "gym shoes"),
    "Trousers": ("slacks", "pants"),
    "Sofas": ("couch", "settee"),
    "Rugs": ("carpet", "hallway runner"),
    "Curtains": ("drapes", "window blinds"),
    "Coffee Machines": ("espresso maker", "coffee brewer"),
    "Frying Pans": ("skillet", "non-stick pan"),
    "Laptops": ("notebook computer", "portable computer"),
    "Phones": ("mobile", "handset"),
    "Phone Cases": ("cell phone case", "mobile cover"),
    "Headphones": ("earbuds", "headset"),
    "Televisions": ("tv", "telly"),
    "Vacuum Cleaners": ("hoover", "dust extractor"),
    "Refrigerators": ("fridge", "icebox"),
    "Strollers": ("pram", "baby buggy"),
    "Diapers": ("nappies", "baby pads"),
    "Hats": ("beanie", "baseball cap"),
    "Swimwear": ("bathing suit", "bikini"),
    "Backpacks": ("rucksack", "school bag"),
    "Suitcases": ("luggage", "travel trolley"),
    "Wallets": ("purse", "card holder"),
    "Perfume": ("fragrance", "eau de toilette"),
    "Soft Drinks": ("fizzy drinks", "soda"),
    "Biscuits": ("cookies", "crackers"),
    "Torches": ("flashlight", "pocket lamp"),
    "Bicycles": ("bike", "mountain bike"),
    "Puzzles": ("jigsaw", "brain teaser"),
}
NO_CATEGORY = (
    "gift for dad;red;wooden;something for the beach;wireless;cheap;birthday;garden;sale;"
    "for kids;large;stainless steel;made in italy;christmas decoration;car tyres;garden hose;"
    "guitar strings;aquarium filter;printer ink;ladder;paint roller;yoga block;toothbrush;"
    "wedding dress;umbrella;candles;picture frame;fishing rod;hammock;wine glass;mattress;"
    "sunscreen;protein powder;baby monitor;dog leash;door handle;light bulb;fridge magnet;"
    "knife sharpener;watch strap;camera bag;laptop stand;phone holder;bike lock;sofa cover;"
    "dog bowl;tea towel;coffee grinder;chair cushion;table cloth;desk lamp shade;shoe rack;"
    "ring box;tent pegs;keyboard cover;monitor arm;tv remote;drill bits;curtain rod;"
    "kettle descaler;headphone cable"
)
LEAST = (0.5, 0.55, 0.6, 0.65, 0.7)
LEADS = (0.0, 0.05, 0.1, 0.15)


def main() -> None:
    """Print a line for each pair of limits."""
    encoder = open_encoder(EmbeddingConfig())
    categories, unnamed = CATEGORIES.split(";"), NO_CATEGORY.split(";")
    vectors, _ = encoder.encode_products(categories)
    names = [(query, category) for category, queries in OTHER_NAMES.items() for query in queries]
    asked = [*names, *((query, "") for query in unnamed)]
    queries, _ = encoder.encode_products([query for query, _ in asked])
    cosines = queries @ vectors.T
    wanted = [categories.index(category) if category else -1 for _, category in asked]
    named = [[not _stems(query).isdisjoint(_stems(each)) for each in categories] for query, _ in asked]
    print(f"{len(names)} other names, {len(unnamed)} queries that name no category")
    print(f"{'least':>6} {'lead':>6} {'right':>6} {'wrong':>6}")
    for least in LEAST:
        for lead in LEADS:
            right, wrong = _counts(cosines, np.array(wanted), np.array(named), least, lead)
            print(f"{least:6.2f} {lead:6.2f} {right:6} {wrong:6}")


def _stems(text: str) -> set[str]:
    return {stem(word, "en") for word in words(text)}


def _counts(
    cosines: NDArray[Any],
    wanted: NDArray[Any],
    named: NDArray[Any],
    least: float,
    lead: float,
) -> tuple[int, int]:
    """How many of the queries find their category, and how many a wrong one.

    A category of which a query has a word is not meant by it (meant_category.py).
    """
    second, first = np.sort(cosines, axis=1)[:, -2:].T
    nearest = cosines.argmax(axis=1)
    sure = (first >= least) & (first - second >= lead) & ~named[np.arange(len(named)), nearest]
    right = nearest == wanted
    return int(np.count_nonzero(sure & right)), int(np.count_nonzero(sure & ~right))


if __name__ == "__main__":
    main()
