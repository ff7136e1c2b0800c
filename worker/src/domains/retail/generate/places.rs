//! Where people live: cities of the United States with their states and zip codes, and streets.

use std::sync::Arc;

use proto::seed::Rng;

use crate::domains::retail::state::Address;

/// City, state, and the first three digits of its zip codes.
const CITIES: &[(&str, &str, &[&str])] = &[
    ("Albuquerque", "NM", &["871"]),
    ("Anchorage", "AK", &["995"]),
    ("Atlanta", "GA", &["303"]),
    ("Austin", "TX", &["787"]),
    ("Baltimore", "MD", &["212"]),
    ("Birmingham", "AL", &["352"]),
    ("Boise", "ID", &["837"]),
    ("Boston", "MA", &["021", "022"]),
    ("Buffalo", "NY", &["142"]),
    ("Charlotte", "NC", &["282"]),
    ("Chicago", "IL", &["606"]),
    ("Cincinnati", "OH", &["452"]),
    ("Cleveland", "OH", &["441"]),
    ("Dallas", "TX", &["752", "753"]),
    ("Denver", "CO", &["802"]),
    ("Des Moines", "IA", &["503"]),
    ("Detroit", "MI", &["482"]),
    ("Hartford", "CT", &["061"]),
    ("Honolulu", "HI", &["968"]),
    ("Houston", "TX", &["770", "772"]),
    ("Kansas City", "MO", &["641"]),
    ("Las Vegas", "NV", &["891"]),
    ("Los Angeles", "CA", &["900"]),
    ("Louisville", "KY", &["402"]),
    ("Memphis", "TN", &["381"]),
    ("Miami", "FL", &["331"]),
    ("Milwaukee", "WI", &["532"]),
    ("Minneapolis", "MN", &["554"]),
    ("Nashville", "TN", &["372"]),
    ("New Orleans", "LA", &["701"]),
    ("Oklahoma City", "OK", &["731"]),
    ("Omaha", "NE", &["681"]),
    ("Orlando", "FL", &["328"]),
    ("Philadelphia", "PA", &["191"]),
    ("Phoenix", "AZ", &["850"]),
    ("Pittsburgh", "PA", &["152"]),
    ("Portland", "OR", &["972"]),
    ("Providence", "RI", &["029"]),
    ("Raleigh", "NC", &["276"]),
    ("Richmond", "VA", &["232"]),
    ("Sacramento", "CA", &["958"]),
    ("Salt Lake City", "UT", &["841"]),
    ("Seattle", "WA", &["981"]),
    ("Spokane", "WA", &["992"]),
    ("Tampa", "FL", &["336"]),
    ("Tucson", "AZ", &["857"]),
];

const STREETS: &[&str] = &[
    "Alder Street",
    "Aspen Court",
    "Bayview Road",
    "Beacon Street",
    "Birch Avenue",
    "Bluebell Lane",
    "Bridge Street",
    "Canal Street",
    "Canyon Road",
    "Cherry Lane",
    "Clover Court",
    "College Avenue",
    "Copper Way",
    "Cottonwood Drive",
    "Creekside Drive",
    "Cypress Avenue",
    "Dogwood Lane",
    "Fairview Avenue",
    "Falcon Way",
    "Fern Street",
    "Forest Avenue",
    "Garden Street",
    "Granite Way",
    "Harbor Drive",
    "Hawthorn Road",
    "Heron Court",
    "Hilltop Road",
    "Ivy Lane",
    "Jasmine Court",
    "Juniper Street",
    "Lantern Lane",
    "Larkspur Drive",
    "Liberty Avenue",
    "Linden Street",
    "Magnolia Avenue",
    "Market Street",
    "Meadow Lane",
    "Mill Road",
    "Monroe Street",
    "Mulberry Street",
    "Orchard Road",
    "Pioneer Way",
    "Poplar Street",
    "Prairie Road",
    "Quarry Road",
    "Railroad Avenue",
    "Redwood Drive",
    "Ridge Road",
    "Rosewood Court",
    "Sage Street",
    "Spruce Street",
    "Station Road",
    "Summit Avenue",
    "Sycamore Street",
    "Tamarack Road",
    "Valley Road",
    "Vine Street",
    "Walnut Street",
    "Willow Way",
    "Windmill Lane",
];

/// The second line of an address: what it starts with, and its lowest and highest number.
const DOORS: [(&str, i64, i64); 3] = [("Suite", 100, 499), ("Apt", 101, 599), ("Unit", 1, 99)];

/// Texts that addresses share.
pub(super) struct Places {
    country: Arc<str>,
    cities: Vec<City>,
    doors: Vec<Vec<Arc<str>>>,
}

struct City {
    name: Arc<str>,
    state: Arc<str>,
    zips: Vec<Arc<str>>,
}

impl Places {
    pub(super) fn new() -> Self {
        let city = |&(name, state, prefixes): &(&str, &str, &[&str])| City {
            name: name.into(),
            state: state.into(),
            zips: prefixes
                .iter()
                .flat_map(|prefix| (1..100).map(move |end| format!("{prefix}{end:02}").into()))
                .collect(),
        };
        let door = |&(word, low, high): &(&str, i64, i64)| {
            (low..=high)
                .map(|number| format!("{word} {number}").into())
                .collect()
        };
        Self {
            country: "USA".into(),
            cities: CITIES.iter().map(city).collect(),
            doors: DOORS.iter().map(door).collect(),
        }
    }

    /// Some address.
    pub(super) fn draw(&self, rng: &mut Rng) -> Address {
        let number = rng.between(100, 999);
        let street = STREETS[rng.below(STREETS.len())];
        let doors = &self.doors[rng.below(self.doors.len())];
        let city = &self.cities[rng.below(self.cities.len())];
        Address {
            address1: format!("{number} {street}").into(),
            address2: doors[rng.below(doors.len())].clone(),
            city: city.name.clone(),
            country: self.country.clone(),
            state: city.state.clone(),
            zip: city.zips[rng.below(city.zips.len())].clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proto::seed::Seed;

    use super::*;

    #[test]
    fn cities_and_their_zip_codes_are_distinct() {
        assert!(CITIES.len() >= 25);
        let names: BTreeSet<_> = CITIES.iter().map(|city| city.0).collect();
        assert_eq!(
            names.len(),
            CITIES.len(),
            "a city said without its state is clear"
        );
        let prefixes: Vec<_> = CITIES.iter().flat_map(|city| city.2).collect();
        assert_eq!(
            prefixes.iter().collect::<BTreeSet<_>>().len(),
            prefixes.len()
        );
        assert!(
            prefixes
                .iter()
                .all(|p| p.len() == 3 && p.chars().all(|c| c.is_ascii_digit()))
        );
        assert_eq!(STREETS.iter().collect::<BTreeSet<_>>().len(), STREETS.len());
    }

    #[test]
    fn an_address_is_of_one_city() {
        let places = Places::new();
        let mut rng = Seed::root(5).rng();
        for _ in 0..500 {
            let address = places.draw(&mut rng);
            let city = CITIES.iter().find(|city| city.0 == &*address.city).unwrap();
            assert_eq!(city.1, &*address.state);
            assert!(
                city.2.contains(&&address.zip[..3]) && address.zip.len() == 5,
                "{address:?}"
            );
        }
    }
}
