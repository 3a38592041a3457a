//! Times as people read them: in the site's zone, which every table names; the tooltip has the zone's own word
//! for it and the same moment in UTC.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::web::Console;

tokio::task_local! {
    /// The zone of the site whose page is being made.
    static ZONE: TimeZone;
}

/// Makes what follows show times in the console's zone.
pub async fn scope(State(console): State<Console>, request: Request, next: Next) -> Response {
    ZONE.scope(console.zone().clone(), next.run(request)).await
}

fn zone() -> TimeZone {
    ZONE.try_with(TimeZone::clone).unwrap_or(TimeZone::UTC)
}

fn local(text: &str) -> Option<jiff::ZonedDateTime> {
    Some(text.parse::<Timestamp>().ok()?.to_zoned_datetime(zone()))
}

/// The zone's name.
pub fn zone_name() -> String {
    zone().iana_name().unwrap_or("UTC").to_owned()
}

/// A heading of times, with the zone that they are in.
pub fn zoned(text: &str) -> String {
    format!("{text} ({})", zone_name())
}

/// A time as a page shows it: to the second, with the whole of it for machines.
pub fn time(text: &str) -> Markup {
    html! { time.nowrap datetime=(text) title=[tooltip(text)] { (clock(text)) } }
}

/// A time within a sentence, with the zone's word.
pub fn moment(text: &str) -> Markup {
    html! { time.nowrap datetime=(text) title=[tooltip(text)] { (said(text)) } }
}

/// The same as a text.
pub fn said(text: &str) -> String {
    local(text).map_or_else(|| text.to_owned(), |at| at.strftime("%F %T %Z").to_string())
}

/// `2026-11-29T02:07:16.123456Z` to the second, in the site's zone; other texts as they are.
pub fn clock(text: &str) -> String {
    local(text).map_or_else(|| text.to_owned(), |at| at.strftime("%F %T").to_string())
}

/// Hour and minute of a second since 1970.
pub fn hour(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or_default();
    at.to_zoned_datetime(zone()).strftime("%H:%M").to_string()
}

fn tooltip(text: &str) -> Option<String> {
    let (at, utc) = (local(text)?, text.parse::<Timestamp>().ok()?.to_zoned_datetime(TimeZone::UTC));
    Some(format!("{} ({}) · {}", at.strftime("%F %T %Z"), zone_name(), utc.strftime("%F %T UTC")))
}

/// What somebody typed, `2026-11-29T02:07` or `2026-11-29`, in the site's zone, as microseconds since 1970.
pub fn typed(text: &str) -> Option<i64> {
    let at: DateTime = text.parse().ok()?;
    Some(at.to_zoned_datetime(zone()).ok()?.timestamp().as_microsecond())
}

/// The end of a day that somebody typed, in the site's zone.
pub fn day_after(text: &str) -> Option<i64> {
    let next = text.parse::<Date>().ok()?.tomorrow().ok()?;
    Some(next.to_zoned_datetime(zone()).ok()?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_berlin<T>(work: impl FnOnce() -> T) -> T {
        ZONE.sync_scope(TimeZone::get("Europe/Berlin").unwrap(), work)
    }

    #[test]
    fn times_are_shown_and_taken_in_the_sites_zone() {
        in_berlin(|| {
            assert_eq!(clock("2026-11-29T02:07:16.123456Z"), "2026-11-29 03:07:16");
            assert_eq!(said("2026-07-01T23:30:00Z"), "2026-07-02 01:30:00 CEST");
            assert_eq!(zoned("since"), "since (Europe/Berlin)");
            let shown = time("2026-11-29T02:07:16Z").into_string();
            assert!(
                shown.contains("title=\"2026-11-29 03:07:16 CET (Europe/Berlin) · 2026-11-29 02:07:16 UTC\""),
                "{shown}"
            );
            let at = typed("2026-11-29T03:07").unwrap();
            assert_eq!(klinke_model::Timestamp(at).to_string(), "2026-11-29T02:07:00.000Z");
            assert_eq!(
                klinke_model::Timestamp(typed("2026-07-01").unwrap()).to_string(),
                "2026-06-30T22:00:00.000Z"
            );
            assert_eq!((typed("soon"), typed(""), typed("2026-02-30")), (None, None, None));
            let end = klinke_model::Timestamp(day_after("2026-10-25").unwrap());
            assert_eq!(end.to_string(), "2026-10-25T23:00:00.000Z", "a day of 25 hours");
            assert_eq!(clock("soon"), "soon");
            assert_eq!(hour(3_600), "02:00");
        });
        assert_eq!(clock("2026-11-29T02:07:16Z"), "2026-11-29 02:07:16", "UTC where nothing is said");
    }
}
