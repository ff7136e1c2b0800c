//! How long a server asks to be left alone.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The same in milliseconds, as some servers tell it.
const MILLISECONDS: HeaderName = HeaderName::from_static("retry-after-ms");

/// The wait that the headers ask for. A date is compared with the server's own, so that no clock but
/// its own matters; with ours where it does not tell the time.
pub(super) fn retry_after(headers: &HeaderMap, ours: SystemTime) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str| Duration::try_from_secs_f64(text.parse().ok()?).ok();
    let precise = text(MILLISECONDS).and_then(|text| {
        let milliseconds: f64 = text.parse().ok()?;
        Duration::try_from_secs_f64(milliseconds / 1000.0).ok()
    });
    precise.or_else(|| {
        let wait = text(RETRY_AFTER)?;
        seconds(wait).or_else(|| {
            let then = httpdate::parse_http_date(wait).ok()?;
            let theirs = text(DATE).and_then(|date| httpdate::parse_http_date(date).ok());
            let now = theirs.unwrap_or(ours);
            Some(then.duration_since(now).unwrap_or_default())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_milliseconds_and_dates_are_understood() {
        const NOW: (&str, &str) = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");
        // Ten seconds ahead of the server's.
        let ours = httpdate::parse_http_date("Wed, 21 Oct 2026 07:28:10 GMT").unwrap();
        for (headers, wanted) in [
            (vec![], None),
            (vec![("retry-after", "7")], Some(7_000)),
            (vec![("retry-after", " 0.5 ")], Some(500)),
            (
                vec![("retry-after", "7"), ("retry-after-ms", "1250")],
                Some(1_250),
            ),
            (
                vec![("retry-after", "7"), ("retry-after-ms", "soon")],
                Some(7_000),
            ),
            (
                vec![("retry-after", "Wed, 21 Oct 2026 07:28:42 GMT"), NOW],
                Some(42_000),
            ),
            (
                vec![("retry-after", "Wed, 21 Oct 2026 07:27:42 GMT"), NOW],
                Some(0),
            ),
            (
                vec![("retry-after", "Wed, 21 Oct 2026 07:28:42 GMT")],
                Some(32_000),
            ),
            (vec![("retry-after", "-1"), NOW], None),
            (vec![("retry-after", "1e300"), NOW], None),
            (vec![("retry-after", "NaN"), NOW], None),
            (vec![("retry-after", "tomorrow"), NOW], None),
        ] {
            let map = headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let map: HeaderMap = map.collect();
            let wanted = wanted.map(Duration::from_millis);
            assert_eq!(retry_after(&map, ours), wanted, "{headers:?}");
        }
    }
}
