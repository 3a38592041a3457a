//! The contract as tests: what every store must do, written once.
//!
//! A backend implements [`Subject`] and calls [`contract_tests!`](crate::contract_tests) with a function
//! that makes one; each case becomes a test of its own name.

#![allow(clippy::unwrap_used, reason = "these are tests, to be called from tests")]

pub mod audit;
pub mod bed;
pub mod deliveries;
pub mod finding;
pub mod journal;
pub mod people;
pub mod upkeep;

use std::path::Path;
use std::sync::Arc;

use crate::{KeyName, Keys, Store};

/// A store under test, with a place of its own.
pub trait Subject {
    /// Opens the store, with [`LineKeys`]. Called again after the last handle was dropped, it shows what
    /// was kept.
    fn open(&mut self) -> Arc<dyn Store>;
    /// An empty place for a backup, and the way to open one; `None` when the store has no files.
    fn open_backup(&mut self, folder: &Path) -> Option<Arc<dyn Store>>;
}

/// Search keys of the suite's payloads: every line `name=value` of a payload of format `lines` is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineKeys;

impl Keys for LineKeys {
    fn keys(&self, format: &str, payload: &[u8]) -> Vec<(KeyName, String)> {
        if format != "lines" {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(payload);
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let name = |name: &str| match name {
            "patient" => KeyName::Patient,
            "case" => KeyName::Case,
            "order" => KeyName::Order,
            "control" => KeyName::Control,
            "event" => KeyName::Event,
            path => KeyName::Path(path.to_owned()),
        };
        pairs.map(|(key, value)| (name(key), value.to_owned())).collect()
    }

    fn text(&self, format: &str, payload: &[u8]) -> Option<String> {
        (format == "lines").then(|| String::from_utf8_lossy(payload).into_owned())
    }
}

/// Makes one test of each case of the contract, over the [`Subject`] that the expression gives.
#[macro_export]
macro_rules! contract_tests {
    ($subject:expr) => {
        $crate::contract_tests!(@ $subject;
            journal::gives_names_numbers_that_stay,
            journal::numbers_envelopes_in_order,
            journal::calls_dones_in_order_over_threads,
            journal::answers_calls_made_in_a_done,
            journal::keeps_everything_over_a_restart,
            journal::gives_what_is_not_routed,
            journal::refuses_what_makes_no_sense_and_keeps_nothing_of_it,
            journal::answers_refusals_in_order,
            journal::routes_each_envelope_once,
            journal::tells_the_version_that_ran,
            journal::passes_over_nothing_that_was_refused,
            journal::takes_a_route_with_its_envelope,
            journal::takes_no_route_before_an_earlier_one,
            journal::takes_no_route_that_makes_no_sense,
            journal::counts_what_a_mark_passes_as_failed,
            journal::keeps_what_was_filtered_or_failed,
            journal::keeps_payloads_of_every_size,
            journal::keeps_parts_of_every_kind,
            journal::keeps_values,
            journal::lists_values_by_the_beginning_of_their_names,
            journal::knows_fingerprints,
            journal::knows_where_envelopes_came_from,
            deliveries::keeps_lanes_apart_and_in_order,
            deliveries::finds_the_oldest_that_waits,
            deliveries::holds_thousands_of_lanes,
            deliveries::keeps_a_retried_delivery_in_its_place,
            deliveries::ends_a_delivery_as_its_attempt_says,
            deliveries::keeps_late_attempts_without_changing_the_state,
            deliveries::holds_the_lane_of_a_held_attempt,
            deliveries::keeps_answers_of_every_size,
            deliveries::balances_its_books_at_every_step,
            people::holds_and_releases_once,
            people::kills_skips_and_revives_once,
            people::lists_the_dead_newest_first,
            audit::chains_its_entries_and_keeps_them,
            audit::finds_entries_by_time_and_pages_both_ways,
            audit::takes_from_the_old_end_alone,
            audit::outlives_the_envelopes,
            audit::seals_in_the_order_of_the_calls,
            finding::finds_by_every_key,
            finding::finds_by_plain_fields,
            finding::finds_by_state,
            finding::pages_in_both_directions,
            finding::finds_the_newest_at_once,
            upkeep::prunes_by_age_and_keeps_what_is_not_delivered,
            upkeep::prunes_by_size_oldest_first,
            upkeep::prunes_in_bites,
            upkeep::copies_itself_while_it_goes_on,
            upkeep::finds_nothing_wrong_with_itself,
        );
    };
    (@ $subject:expr; $($module:ident::$case:ident),* $(,)?) => {
        $(
            #[test]
            fn $case() {
                $crate::contract::$module::$case(&mut $subject);
            }
        )*
    };
}
