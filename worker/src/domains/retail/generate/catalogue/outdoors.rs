//! Sport, garden and the open air.

use super::{ProductType, graded, of, plain};

/// Camping, water, fitness, games and garden.
pub(super) static TYPES: &[ProductType] = &[
    of(
        "Camping Tent",
        349,
        &[
            graded("sleeps", &["2 people", "4 people", "6 people"]),
            graded("season rating", &["3-season", "4-season"]),
            plain("color", &["green", "orange", "gray", "blue"]),
            plain("setup", &["pole frame", "pop-up"]),
        ],
    ),
    of(
        "Sleeping Bag",
        244,
        &[
            graded(
                "temperature rating",
                &["40 degrees", "20 degrees", "0 degrees"],
            ),
            graded("fill", &["synthetic", "down"]),
            plain("length", &["regular", "long"]),
            plain("color", &["blue", "red"]),
        ],
    ),
    of(
        "Trekking Poles",
        155,
        &[
            graded("material", &["aluminum", "carbon fiber"]),
            plain("lock", &["flip lock", "twist lock"]),
            plain("grip", &["cork", "foam", "rubber"]),
            plain("color", &["black", "green"]),
        ],
    ),
    of(
        "Kayak",
        1619,
        &[
            graded("length", &["8 ft", "10 ft", "12 ft"]),
            plain("hull type", &["sit-on-top", "sit-inside", "inflatable"]),
            plain("color", &["yellow", "red", "blue"]),
        ],
    ),
    of(
        "Paddle Board",
        882,
        &[
            graded("length", &["10 ft", "11 ft", "12 ft"]),
            plain("construction", &["inflatable", "epoxy", "foam"]),
            plain("color", &["turquoise", "coral", "white"]),
        ],
    ),
    of(
        "Inline Skates",
        265,
        &[
            plain("size", &["size 7", "size 8", "size 9", "size 10"]),
            plain("brake", &["heel brake", "brake-free"]),
            plain("color", &["black", "teal", "pink"]),
        ],
    ),
    of(
        "Tennis Racket",
        283,
        &[
            graded("head size", &["98 sq in", "100 sq in", "105 sq in"]),
            plain("weight", &["270 grams", "285 grams", "300 grams"]),
            plain("color", &["black", "blue", "yellow"]),
        ],
    ),
    of(
        "Basketball",
        51,
        &[
            graded("ball size", &["size 5", "size 6", "size 7"]),
            plain("court type", &["indoor", "outdoor", "all-court"]),
            graded("material", &["rubber", "composite", "leather"]),
        ],
    ),
    of(
        "Rowing Machine",
        1444,
        &[
            graded("resistance type", &["magnetic", "air", "water"]),
            graded("frame material", &["steel", "aluminum", "ash wood"]),
            plain("display", &["LCD display", "touchscreen", "tablet holder"]),
        ],
    ),
    of(
        "Exercise Bike",
        1129,
        &[
            plain("resistance type", &["magnetic", "friction"]),
            graded("flywheel", &["16 kg", "20 kg", "24 kg"]),
            plain("color", &["black", "white", "gray", "red"]),
            plain("seating", &["upright", "recumbent"]),
        ],
    ),
    of(
        "Resistance Bands",
        32,
        &[
            graded(
                "resistance",
                &["10 lbs", "20 lbs", "30 lbs", "40 lbs", "50 lbs"],
            ),
            plain("shape", &["loop", "tube", "flat strip", "figure eight"]),
        ],
    ),
    of(
        "Golf Bag",
        396,
        &[
            plain("bag type", &["stand bag", "cart bag", "carry bag"]),
            graded("dividers", &["4 dividers", "6 dividers", "14 dividers"]),
            plain("color", &["black", "navy", "white"]),
        ],
    ),
    of(
        "Fishing Rod",
        161,
        &[
            graded("length", &["6 ft", "7 ft", "8 ft"]),
            plain("action", &["fast action", "moderate action", "slow action"]),
            plain("rod type", &["spinning", "casting", "fly"]),
        ],
    ),
    of(
        "Cooler Box",
        372,
        &[
            graded("capacity", &["20 quarts", "35 quarts", "65 quarts"]),
            plain("carrying", &["wheeled", "hand-carried"]),
            plain("color", &["white", "tan", "blue", "seafoam"]),
        ],
    ),
    of(
        "Camping Hammock",
        87,
        &[
            plain("material", &["cotton", "nylon", "polyester"]),
            graded("size", &["single", "double"]),
            plain("color", &["olive", "navy", "orange", "purple"]),
        ],
    ),
    of(
        "Fire Pit",
        321,
        &[
            plain("fuel", &["propane", "wood", "bioethanol"]),
            plain("shape", &["round", "square", "hexagonal"]),
            plain("finish", &["black", "bronze", "stone gray"]),
        ],
    ),
    of(
        "Lawn Mower",
        726,
        &[
            plain("power source", &["gasoline", "battery", "power cord"]),
            graded("cutting width", &["16 inches", "18 inches", "21 inches"]),
            graded("drive", &["push", "self-propelled", "ride-on"]),
        ],
    ),
    of(
        "Binoculars",
        307,
        &[
            graded("magnification", &["8x", "10x", "12x"]),
            graded("objective lens", &["25 mm", "32 mm", "42 mm"]),
            plain("color", &["black", "green", "brown"]),
        ],
    ),
    of(
        "Electric Bike",
        3190,
        &[
            plain("frame size", &["small", "medium", "large"]),
            graded("battery", &["400 Wh", "500 Wh", "625 Wh"]),
            plain("bike type", &["city", "cargo", "trail"]),
            plain("color", &["black", "white"]),
        ],
    ),
];
