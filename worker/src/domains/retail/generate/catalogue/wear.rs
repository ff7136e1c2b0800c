//! Clothes, shoes and what is carried.

use super::{ProductType, graded, of, plain};

/// Clothes, shoes, bags and accessories.
pub(super) static TYPES: &[ProductType] = &[
    of(
        "Rain Jacket",
        224,
        &[
            plain("size", &["S", "M", "L", "XL"]),
            plain("color", &["yellow", "navy", "olive"]),
            plain("hood", &["fixed hood", "removable hood"]),
        ],
    ),
    of(
        "Denim Jeans",
        150,
        &[
            plain(
                "waist",
                &["30 inches", "32 inches", "34 inches", "36 inches"],
            ),
            plain("fit", &["slim fit", "straight fit", "relaxed fit"]),
            plain("wash", &["light wash", "dark wash", "black"]),
        ],
    ),
    of(
        "Wool Sweater",
        174,
        &[
            plain("size", &["S", "M", "L", "XL"]),
            plain("color", &["cream", "charcoal", "forest green"]),
            plain("neckline", &["crew neck", "turtleneck", "half zip"]),
        ],
    ),
    of(
        "Winter Coat",
        533,
        &[
            plain("size", &["S", "M", "L", "XL"]),
            plain("color", &["black", "camel", "burgundy"]),
            graded("insulation", &["fleece", "synthetic", "goose down"]),
            plain("length", &["hip length", "knee length"]),
        ],
    ),
    of(
        "Leather Belt",
        73,
        &[
            plain(
                "length",
                &[
                    "32 inches",
                    "34 inches",
                    "36 inches",
                    "38 inches",
                    "40 inches",
                ],
            ),
            plain("color", &["black", "brown", "tan", "burgundy"]),
        ],
    ),
    of(
        "Baseball Cap",
        29,
        &[
            plain("closure", &["snapback", "strapback", "fitted"]),
            plain("material", &["cotton twill", "wool blend", "mesh"]),
            plain("color", &["black", "navy", "khaki", "red"]),
        ],
    ),
    of(
        "Dress Shirt",
        119,
        &[
            plain("size", &["S", "M", "L", "XL"]),
            plain("collar", &["spread collar", "button-down collar"]),
            plain("color", &["white", "light blue", "lavender"]),
        ],
    ),
    of(
        "Ankle Boots",
        295,
        &[
            plain("size", &["size 6", "size 7", "size 8", "size 9"]),
            plain("color", &["black", "cognac", "taupe"]),
            plain("heel", &["flat heel", "block heel", "stacked heel"]),
        ],
    ),
    of(
        "Loafers",
        277,
        &[
            plain(
                "size",
                &["size 8", "size 9", "size 10", "size 11", "size 12"],
            ),
            plain("material", &["suede", "smooth leather"]),
            plain("color", &["black", "brown", "navy"]),
        ],
    ),
    of(
        "Crossbody Bag",
        356,
        &[
            graded("size", &["small", "medium", "large"]),
            graded("material", &["canvas", "vegan leather", "calfskin"]),
            plain("color", &["black", "tan", "red"]),
        ],
    ),
    of(
        "Card Wallet",
        80,
        &[
            plain("style", &["bifold", "trifold", "money clip"]),
            graded("card slots", &["4 slots", "6 slots", "8 slots"]),
            plain("color", &["black", "brown", "navy"]),
        ],
    ),
    of(
        "Reading Glasses",
        67,
        &[
            plain("strength", &["+1.00", "+1.50", "+2.00", "+2.50", "+3.00"]),
            plain("frame color", &["black", "tortoise", "clear", "burgundy"]),
        ],
    ),
    of(
        "Ski Goggles",
        249,
        &[
            plain("lens shape", &["cylindrical", "spherical", "toric"]),
            plain("lens tint", &["amber", "rose", "smoke"]),
            plain("strap color", &["black", "white", "lime"]),
        ],
    ),
    of(
        "Travel Suitcase",
        467,
        &[
            graded("size", &["carry-on", "medium", "large"]),
            graded("shell", &["nylon", "polycarbonate", "aluminum"]),
            plain("color", &["black", "navy", "blush"]),
        ],
    ),
    of(
        "Dive Watch",
        2785,
        &[
            plain(
                "strap",
                &["rubber strap", "steel bracelet", "leather strap"],
            ),
            plain("dial color", &["black", "blue", "green"]),
            graded("movement", &["quartz", "automatic"]),
            plain("case size", &["38 mm", "42 mm"]),
        ],
    ),
];
