//! The page about de-identification says what the table says.

use klinke_dimse::deidentify::table::{self, Action};
use klinke_dimse::deidentify::{ProfileOption, ProfileOptions};

#[test]
fn the_page_counts_as_the_table_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deidentification.md");
    let page = std::fs::read_to_string(path).expect("docs/deidentification.md");
    let count =
        |is: &dyn Fn(Action) -> bool| table::all().filter(|row| is(row.action(ProfileOptions::NONE))).count();
    let basic = format!(
        "| {} rows of Table E.1-1: {} removed, {} emptied, {} dummies, {} UIDs |",
        table::all().count(),
        count(&|action| action == Action::Remove),
        count(&|action| action == Action::Zero),
        count(&|action| action == Action::Dummy),
        count(&|action| action == Action::Uid),
    );
    assert!(page.contains(&basic), "{basic}");
    for option in ProfileOption::ALL {
        let done = |is: &dyn Fn(Action) -> bool| {
            table::all().filter_map(|row| row.option(option)).filter(|it| is(*it)).count()
        };
        let line = format!(
            "| {} | {} | {} | {} |",
            option.name(),
            option.code(),
            done(&|action| matches!(action, Action::Keep(_))),
            done(&|action| matches!(action, Action::Clean(_))),
        );
        assert!(page.contains(&line), "{line}");
    }
}
