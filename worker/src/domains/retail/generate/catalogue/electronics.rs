//! Electronics.

use super::{ProductType, graded, of, plain};

/// Screens, sound, pictures, computers and what belongs to them.
pub(super) static TYPES: &[ProductType] = &[
    of(
        "Computer Monitor",
        488,
        &[
            graded("screen size", &["24-inch", "27-inch", "32-inch"]),
            plain("panel type", &["IPS", "VA", "OLED"]),
            graded("refresh rate", &["60 Hz", "120 Hz", "165 Hz"]),
            graded("screen shape", &["flat screen", "curved screen"]),
        ],
    ),
    of(
        "Wireless Router",
        289,
        &[
            graded("wireless standard", &["Wi-Fi 5", "Wi-Fi 6", "Wi-Fi 7"]),
            graded("coverage", &["1500 sq ft", "2500 sq ft", "4000 sq ft"]),
            plain("color", &["black", "white", "gray"]),
        ],
    ),
    of(
        "External Hard Drive",
        181,
        &[
            graded("capacity", &["1TB", "2TB", "4TB"]),
            plain("connector", &["USB-A", "USB-C", "Thunderbolt"]),
            plain("color", &["black", "silver", "blue"]),
        ],
    ),
    of(
        "Soundbar",
        380,
        &[
            graded(
                "channels",
                &["2.1 channels", "3.1 channels", "5.1 channels"],
            ),
            plain("connection", &["HDMI", "optical cable", "Bluetooth"]),
            plain("color", &["black", "white", "walnut"]),
        ],
    ),
    of(
        "Home Projector",
        1854,
        &[
            graded("resolution", &["720p", "1080p", "4K"]),
            graded("light source", &["halogen lamp", "LED", "laser"]),
            plain("color", &["black", "white", "gray"]),
        ],
    ),
    of(
        "Camera Drone",
        2602,
        &[
            graded("video resolution", &["1080p", "2.7K", "4K"]),
            graded("flight time", &["20 minutes", "30 minutes", "45 minutes"]),
            plain("color", &["gray", "white", "orange"]),
        ],
    ),
    of(
        "Turntable",
        636,
        &[
            plain("drive type", &["belt drive", "direct drive"]),
            graded("speeds", &["2 speeds", "3 speeds"]),
            plain("finish", &["black", "walnut", "white", "cherry"]),
            plain("preamp", &["built-in preamp", "external preamp"]),
        ],
    ),
    of(
        "Webcam",
        168,
        &[
            graded("resolution", &["720p", "1080p", "1440p"]),
            plain("mount", &["clip mount", "tripod mount", "magnetic mount"]),
            plain("field of view", &["65 degrees", "78 degrees", "90 degrees"]),
        ],
    ),
    of(
        "Studio Microphone",
        510,
        &[
            plain(
                "pickup pattern",
                &["cardioid", "omnidirectional", "bidirectional"],
            ),
            plain("connector", &["USB-C", "XLR", "3.5 mm plug"]),
            plain("color", &["black", "silver", "red"]),
        ],
    ),
    of(
        "Dash Cam",
        254,
        &[
            graded("resolution", &["1080p", "1440p", "4K"]),
            graded("coverage", &["front only", "front and rear"]),
            graded("storage", &["32GB", "64GB", "128GB", "256GB"]),
        ],
    ),
    of(
        "Smart Doorbell",
        314,
        &[
            plain("power", &["battery powered", "hardwired", "solar powered"]),
            graded("resolution", &["1080p", "1536p", "2K"]),
            plain("finish", &["bronze", "nickel", "black"]),
        ],
    ),
    of(
        "Graphics Tablet",
        364,
        &[
            graded("drawing area", &["small", "medium", "large"]),
            graded("pen pressure", &["4096 levels", "8192 levels"]),
            plain("connection", &["USB-C cable", "Bluetooth"]),
            plain("color", &["black", "white"]),
        ],
    ),
    of(
        "Laser Printer",
        608,
        &[
            graded("print mode", &["monochrome", "full color"]),
            graded("paper handling", &["single-sided", "double-sided"]),
            plain("connectivity", &["USB", "Ethernet", "Wi-Fi"]),
            graded("paper tray", &["150 sheets", "250 sheets", "500 sheets"]),
        ],
    ),
    of(
        "Solar Charger",
        96,
        &[
            graded("output", &["10 watts", "21 watts", "28 watts"]),
            graded("ports", &["1 port", "2 ports", "3 ports"]),
            plain("color", &["black", "orange", "green"]),
        ],
    ),
    of(
        "Gaming Console",
        665,
        &[
            graded("storage", &["512GB", "1TB", "2TB"]),
            graded("edition", &["digital edition", "disc edition"]),
            plain("color", &["black", "white", "blue", "red"]),
        ],
    ),
    of(
        "Camera Lens",
        2123,
        &[
            plain("focal length", &["24 mm", "35 mm", "50 mm", "85 mm"]),
            graded("aperture", &["f/2.8", "f/1.8", "f/1.4"]),
            plain("lens mount", &["E-mount", "F-mount", "Z-mount"]),
        ],
    ),
    of(
        "Desktop Computer",
        2981,
        &[
            graded("processor", &["6-core", "8-core", "12-core"]),
            graded("memory", &["16GB RAM", "32GB RAM", "64GB RAM"]),
            graded("storage", &["512GB SSD", "1TB SSD", "2TB SSD"]),
            plain("case color", &["black", "white"]),
        ],
    ),
    of(
        "Television",
        2432,
        &[
            graded("screen size", &["43-inch", "55-inch", "65-inch", "75-inch"]),
            graded("display type", &["LCD", "Mini-LED", "OLED"]),
            plain("stand", &["center stand", "wall bracket"]),
        ],
    ),
    of(
        "Baby Monitor",
        239,
        &[
            plain("connection", &["Wi-Fi", "radio link"]),
            graded("screen size", &["2.8-inch", "4.3-inch", "5-inch"]),
            plain("color", &["white", "mint", "gray", "pink"]),
        ],
    ),
    of(
        "Label Maker",
        114,
        &[
            plain("keyboard layout", &["QWERTY", "alphabetical"]),
            graded("tape width", &["6 mm", "9 mm", "12 mm"]),
            plain("color", &["black", "white", "blue", "pink"]),
        ],
    ),
];
