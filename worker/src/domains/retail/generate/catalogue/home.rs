//! House and kitchen.

use super::{ProductType, graded, of, plain};

/// Furniture, appliances, textiles and tableware.
pub(super) static TYPES: &[ProductType] = &[
    of(
        "Floor Lamp",
        271,
        &[
            plain("color", &["black", "brass", "white"]),
            graded("brightness", &["800 lumens", "1200 lumens", "1600 lumens"]),
            plain(
                "switch type",
                &["foot switch", "touch switch", "remote control"],
            ),
        ],
    ),
    of(
        "Blender",
        219,
        &[
            graded("capacity", &["1.2 liters", "1.5 liters", "2 liters"]),
            graded("motor power", &["600 watts", "900 watts", "1200 watts"]),
            plain("color", &["black", "red", "silver"]),
        ],
    ),
    of(
        "Toaster",
        102,
        &[
            graded("slots", &["2 slots", "4 slots", "6 slots"]),
            plain("controls", &["dial", "touchscreen", "lever"]),
            plain("color", &["cream", "black", "mint"]),
        ],
    ),
    of(
        "Stand Mixer",
        557,
        &[
            graded("bowl size", &["4.5 quarts", "5.5 quarts", "7 quarts"]),
            plain("head type", &["tilt head", "bowl lift"]),
            plain("color", &["red", "cream", "aqua", "charcoal"]),
        ],
    ),
    of(
        "Air Fryer",
        260,
        &[
            graded("basket size", &["3 quarts", "5 quarts", "8 quarts"]),
            plain("controls", &["dial", "touch panel"]),
            plain("color", &["black", "white", "green", "silver"]),
        ],
    ),
    of(
        "Cookware Set",
        447,
        &[
            plain(
                "material",
                &["stainless steel", "cast iron", "hard-anodized aluminum"],
            ),
            graded("piece count", &["6 pieces", "10 pieces", "14 pieces"]),
            plain("lids", &["glass lids", "metal lids", "silicone lids"]),
        ],
    ),
    of(
        "Chef Knife",
        128,
        &[
            graded("blade length", &["6-inch", "8-inch", "10-inch"]),
            plain(
                "blade material",
                &["carbon steel", "stainless steel", "ceramic"],
            ),
            plain("handle", &["rosewood", "walnut", "resin"]),
        ],
    ),
    of(
        "Rice Cooker",
        210,
        &[
            graded("capacity", &["3 cups", "6 cups", "10 cups"]),
            plain("heating method", &["induction", "pressure", "hot plate"]),
            plain("color", &["white", "black", "silver"]),
        ],
    ),
    of(
        "Food Processor",
        301,
        &[
            graded("bowl capacity", &["7 cups", "9 cups", "14 cups"]),
            graded("motor power", &["400 watts", "600 watts", "1000 watts"]),
            plain("color", &["white", "black", "red"]),
        ],
    ),
    of(
        "Mattress",
        1732,
        &[
            graded("size", &["twin", "full", "queen", "king"]),
            plain("firmness", &["soft", "medium", "firm"]),
            plain("material", &["memory foam", "latex", "innerspring"]),
        ],
    ),
    of(
        "Duvet Cover",
        206,
        &[
            graded("size", &["twin", "full", "queen", "king"]),
            plain("color", &["white", "sage", "navy", "terracotta", "lilac"]),
        ],
    ),
    of(
        "Area Rug",
        695,
        &[
            graded("size", &["4 by 6 ft", "5 by 8 ft", "8 by 10 ft"]),
            plain("material", &["wool", "jute", "polypropylene"]),
            plain("pattern", &["geometric", "floral", "striped"]),
        ],
    ),
    of(
        "Blackout Curtains",
        124,
        &[
            graded(
                "length",
                &["63 inches", "72 inches", "84 inches", "96 inches"],
            ),
            plain("color", &["charcoal", "ivory", "navy", "sage", "rust"]),
        ],
    ),
    of(
        "Throw Pillow",
        35,
        &[
            graded(
                "size",
                &["16 inches", "18 inches", "20 inches", "22 inches"],
            ),
            plain("color", &["mustard", "teal", "rust", "ivory", "charcoal"]),
        ],
    ),
    of(
        "Coffee Table",
        428,
        &[
            plain("tabletop", &["marble", "oak", "tempered glass"]),
            plain("shape", &["round", "oval", "rectangular"]),
            plain("base finish", &["black", "gold", "chrome"]),
        ],
    ),
    of(
        "Standing Desk",
        759,
        &[
            graded("width", &["48 inches", "55 inches", "63 inches"]),
            graded("lift", &["hand crank", "single motor", "dual motor"]),
            plain("top color", &["white", "maple", "black"]),
            plain("desk shape", &["rectangular", "L-shaped"]),
        ],
    ),
    of(
        "Sofa",
        2272,
        &[
            graded("seats", &["2 seats", "3 seats", "4 seats"]),
            plain("upholstery", &["leather", "velvet", "linen"]),
            plain("color", &["charcoal", "teal", "beige"]),
            plain("legs", &["walnut legs", "brass legs"]),
        ],
    ),
    of(
        "Bar Stool",
        215,
        &[
            plain("height", &["counter height", "bar height"]),
            plain("seat material", &["leather", "rattan", "plywood"]),
            plain("frame color", &["black", "gold", "white", "copper"]),
        ],
    ),
    of(
        "Humidifier",
        188,
        &[
            graded("tank size", &["2 liters", "4 liters", "6 liters"]),
            plain("mist type", &["cool mist", "warm mist", "dual mist"]),
            plain("color", &["white", "black", "blue"]),
        ],
    ),
    of(
        "Space Heater",
        195,
        &[
            graded("heat output", &["750 watts", "1000 watts", "1500 watts"]),
            plain("heating type", &["ceramic", "infrared", "oil-filled"]),
            plain("color", &["white", "black", "silver"]),
        ],
    ),
    of(
        "Wine Cooler",
        793,
        &[
            graded("capacity", &["12 bottles", "24 bottles", "36 bottles"]),
            graded("cooling zones", &["single zone", "dual zone"]),
            plain("door", &["glass door", "steel door"]),
            plain("installation", &["built-in", "freestanding"]),
        ],
    ),
    of(
        "Dinnerware Set",
        234,
        &[
            graded(
                "place settings",
                &["4 settings", "6 settings", "8 settings"],
            ),
            plain("material", &["stoneware", "porcelain", "melamine"]),
            plain("color", &["white", "speckled gray", "indigo"]),
        ],
    ),
    of(
        "Wall Mirror",
        327,
        &[
            plain("shape", &["round", "arched", "rectangular"]),
            graded("size", &["small", "medium", "large"]),
            plain("frame finish", &["black", "gold", "natural wood"]),
        ],
    ),
    of(
        "Laundry Hamper",
        61,
        &[
            plain("material", &["bamboo", "wicker", "canvas"]),
            graded("sections", &["1 section", "2 sections", "3 sections"]),
            plain("color", &["gray", "beige", "white"]),
        ],
    ),
];
