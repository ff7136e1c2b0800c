//! Music, craft, children, pets and care.

use super::{ProductType, graded, of, plain};

/// Instruments, hobbies, family, pets, beauty and health.
pub(super) static TYPES: &[ProductType] = &[
    of(
        "Acoustic Guitar",
        998,
        &[
            graded("top wood", &["spruce", "cedar", "mahogany"]),
            plain("body shape", &["dreadnought", "concert", "parlor"]),
            plain("finish", &["natural", "sunburst", "black"]),
            plain("strings", &["nylon strings", "steel strings"]),
        ],
    ),
    of(
        "Digital Piano",
        1984,
        &[
            graded("keys", &["61 keys", "76 keys", "88 keys"]),
            graded("key action", &["spring action", "hammer action"]),
            plain("color", &["black", "white", "rosewood", "walnut"]),
        ],
    ),
    of(
        "Telescope",
        1277,
        &[
            graded("optics", &["refractor", "reflector", "catadioptric"]),
            graded("aperture", &["70 mm", "114 mm", "130 mm"]),
            plain("mount", &["altazimuth", "equatorial", "computerized"]),
        ],
    ),
    of(
        "Sewing Machine",
        388,
        &[
            graded("stitches", &["20 stitches", "60 stitches", "120 stitches"]),
            graded("control", &["mechanical", "computerized"]),
            plain("color", &["white", "lilac", "mint", "red"]),
        ],
    ),
    of(
        "Chess Set",
        144,
        &[
            plain("material", &["maple", "marble", "resin"]),
            graded("board size", &["12 inches", "15 inches", "18 inches"]),
            plain("board style", &["folding", "flat", "magnetic"]),
        ],
    ),
    of(
        "Baby Stroller",
        582,
        &[
            graded("seats", &["single", "double"]),
            plain("fold", &["one-hand fold", "umbrella fold", "flat fold"]),
            plain("color", &["black", "gray", "navy", "sage"]),
        ],
    ),
    of(
        "Child Car Seat",
        409,
        &[
            plain("seat type", &["infant", "convertible", "booster"]),
            plain("fabric", &["jersey", "mesh", "merino wool"]),
            plain("color", &["black", "gray", "blue"]),
        ],
    ),
    of(
        "Building Blocks",
        42,
        &[
            graded("piece count", &["250 pieces", "500 pieces", "1000 pieces"]),
            plain("theme", &["castle", "space", "city", "pirates"]),
            plain("age group", &["toddlers", "grade-schoolers"]),
        ],
    ),
    of(
        "Cat Tree",
        202,
        &[
            graded("height", &["3 ft", "4 ft", "6 ft"]),
            plain("covering", &["plush", "sisal", "carpet"]),
            plain("color", &["beige", "gray", "brown"]),
        ],
    ),
    of(
        "Dog Harness",
        39,
        &[
            graded("size", &["S", "M", "L", "XL"]),
            plain("leash clip", &["front clip", "back clip"]),
            plain("color", &["red", "blue", "black"]),
        ],
    ),
    of(
        "Aquarium",
        342,
        &[
            graded("capacity", &["10 gallons", "20 gallons", "40 gallons"]),
            plain("tank shape", &["cube", "rectangular", "bow front"]),
            plain("lighting", &["white LED", "blue LED", "RGB"]),
        ],
    ),
    of(
        "Hair Dryer",
        229,
        &[
            graded("power", &["1400 watts", "1800 watts", "2200 watts"]),
            plain("attachment", &["diffuser", "concentrator", "comb nozzle"]),
            plain("color", &["black", "white", "fuchsia"]),
        ],
    ),
    of(
        "Beard Trimmer",
        110,
        &[
            graded("runtime", &["60 minutes", "90 minutes", "120 minutes"]),
            plain(
                "blade material",
                &["stainless steel", "ceramic", "titanium"],
            ),
            plain("color", &["black", "silver", "copper"]),
        ],
    ),
    of(
        "Massage Gun",
        334,
        &[
            graded("speeds", &["3 speeds", "5 speeds", "9 speeds"]),
            graded("heads", &["4 heads", "6 heads", "8 heads"]),
            plain("color", &["black", "gray", "rose gold"]),
        ],
    ),
    of(
        "Weighted Blanket",
        139,
        &[
            graded("weight", &["10 lbs", "15 lbs", "20 lbs"]),
            plain("fabric", &["cotton", "minky", "bamboo"]),
            plain("color", &["gray", "navy", "cream"]),
        ],
    ),
    of(
        "Fountain Pen",
        106,
        &[
            plain("nib", &["fine nib", "medium nib", "broad nib"]),
            plain("filling system", &["cartridge", "piston", "vacuum"]),
            plain("barrel color", &["black", "emerald", "burgundy"]),
        ],
    ),
    of(
        "Watercolor Set",
        55,
        &[
            graded("color count", &["12 colors", "24 colors", "48 colors"]),
            plain("paint form", &["pans", "tubes", "liquid bottles"]),
            plain("case", &["tin case", "wooden case", "fabric roll"]),
        ],
    ),
    of(
        "Aroma Diffuser",
        46,
        &[
            graded("tank size", &["150 ml", "300 ml", "500 ml"]),
            plain("material", &["bamboo", "ceramic", "frosted glass"]),
            plain("light", &["warm light", "multicolor light", "unlit"]),
        ],
    ),
    of(
        "Jewelry Box",
        133,
        &[
            graded("drawers", &["2 drawers", "3 drawers", "5 drawers"]),
            plain("material", &["velvet", "walnut", "faux leather"]),
            plain("color", &["black", "blush", "ivory"]),
        ],
    ),
];
