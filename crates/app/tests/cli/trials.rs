//! Shadows and canaries on the console: looked at, begun, changed, taken over and thrown away by page.

use crate::support::browser::{Browser, with_console};
use crate::support::partner::{Line, Sink};
use crate::support::{Site, adt, channel, klinke};

fn steps(mark: &str) -> String {
    channel(&format!("\n[[step]]\nset = {{ \"MSH-6\" = \"{mark}\" }}\n"))
}

fn mark(arrival: &[u8]) -> String {
    String::from_utf8_lossy(arrival).split('|').nth(5).unwrap_or_default().to_owned()
}

const PAGE: &str = "/channels/adt/trial";

#[test]
fn a_shadow_is_looked_at_begun_and_taken_over_by_page() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    site.write("channels/adt.toml", &steps("OLD"));
    with_console(&site);
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    assert!(boss.get("/channels/adt").ended(200).body.contains(PAGE), "reachable from the channel's page");
    assert!(boss.get("/").ended(200).body.contains("href=\"/trials\""), "and from the navigation");
    assert!(boss.get("/trials").ended(200).body.contains("Nothing is on trial"));

    site.write("channels/adt.toml", &steps("NEW"));
    let look = boss.submit(PAGE, PAGE, &[("what", "look"), ("against", "")]).ended(200);
    assert!(
        look.body.contains("OLD") && look.body.contains("class=\"plus\"") && look.body.contains("NEW"),
        "{}",
        look.body
    );
    assert!(
        site.json("status", &[])["deployed"]["shadows"].as_array().is_some_and(Vec::is_empty),
        "only shown"
    );
    let start = [("what", "start"), ("kind", "shadow"), ("against", ".")];
    boss.submit(PAGE, PAGE, &start).ended(400);
    let with_reason = [&start[..], &[("reason", "new ward codes")]].concat();
    boss.submit(PAGE, PAGE, &with_reason).ended(303);
    for number in 1..=3 {
        line.send(&adt(&format!("M{number}"), "4711")).expect("an answer");
    }
    serve.wait_for("the shadow to follow", || {
        site.json("status", &[])["deployed"]["shadows"][0]["differ"] == 3
    });
    let page = boss.get(PAGE).ended(200).body;
    assert!(page.contains("MSH-6") && page.contains("OLD") && page.contains("<mark>NEW</mark>"), "{page}");
    let german = boss.get("/language/de?to=/trials");
    assert_eq!(german.status, 303);
    let list = boss.get("/trials").ended(200).body;
    assert!(list.contains("Schatten") && list.contains("etwas ist anders"), "{list}");
    assert!(list.contains(PAGE), "{list}");

    // The site follows this very folder: a canary of it would bring it to life.
    assert!(look.body.contains("The site follows this folder"), "{}", look.body);
    let canary = [("what", "start"), ("kind", "canary"), ("against", "."), ("share", "5%"), ("reason", "x")];
    boss.submit(PAGE, PAGE, &canary).ended(409);
    boss.submit(PAGE, PAGE, &[("what", "take"), ("kind", "shadow"), ("reason", "seen for a day")]).ended(303);
    line.send(&adt("M4", "4711")).expect("the connection lives");
    assert_eq!(
        sink.wait_for(4).iter().map(|one| mark(one)).collect::<Vec<_>>(),
        ["OLD", "OLD", "OLD", "NEW"]
    );
    let entries = klinke(&["--json", "audit", "list", site.path(), "--action", "deploy"]).ended(0).out;
    assert!(entries.contains("shadow: taken over: seen for a day"), "{entries}");
    let entries = klinke(&["--json", "audit", "list", site.path(), "--action", "shadow"]).ended(0).out;
    assert!(entries.contains("shadow: .: new ward codes"), "{entries}");
    serve.stop();
}

#[test]
fn a_canary_begins_handles_others_and_is_thrown_away_by_page() {
    let sink = Sink::open();
    // It follows a ref: what lies in its folder is not what runs.
    let (site, _) = crate::deploy::followed(&sink);
    with_console(&site);
    site.write("channels/adt.toml", &steps("OLD"));
    std::fs::remove_dir_all(site.folder().join("examples")).expect("removed");
    crate::deploy::commit(&site, "old");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    site.write("channels/adt.toml", &steps("NEW"));
    let start = |more: &[(&'static str, &'static str)]| {
        [&[("what", "start"), ("kind", "canary"), ("against", "."), ("reason", "try it")], more].concat()
    };
    boss.submit(PAGE, PAGE, &start(&[])).ended(400);
    boss.submit(PAGE, PAGE, &start(&[("share", "5%"), ("key", "\"PID-3.1\" = [\"1\"]")])).ended(400);
    boss.submit(PAGE, PAGE, &start(&[("share", "0")])).ended(400);
    let outside = [("what", "look"), ("against", site.path())];
    boss.submit(PAGE, PAGE, &outside).ended(400);
    boss.submit(PAGE, PAGE, &start(&[("share", "100%")])).ended(303);
    line.send(&adt("M1", "1")).expect("an answer");
    assert_eq!(mark(&sink.wait_for(1)[0]), "NEW");
    let page = boss.get(PAGE).ended(200).body;
    assert!(page.contains("100%") && page.contains("The canary"), "{page}");

    // Others from now on: of one patient alone.
    let change =
        [("what", "change"), ("kind", "canary"), ("key", "\"PID-3.1\" = [\"2\"]"), ("reason", "fewer")];
    boss.submit(PAGE, PAGE, &change).ended(303);
    line.send(&adt("M2", "1")).expect("the connection lives");
    line.send(&adt("M3", "2")).expect("the connection lives");
    assert_eq!(sink.wait_for(3)[1..].iter().map(|one| mark(one)).collect::<Vec<_>>(), ["OLD", "NEW"]);
    // The command line does the same.
    site.klinke("canary", &["--channel", "adt", "--share", "100%", "--reason", "all well"]).ended(0);
    line.send(&adt("M4", "1")).expect("the connection lives");
    assert_eq!(mark(&sink.wait_for(4)[3]), "NEW");

    let mut lena = Browser::enter(&serve, &site, "lena", "viewer");
    assert!(!lena.get(PAGE).ended(200).body.contains("Throw it away"));
    lena.submit("/account", PAGE, &[("what", "drop"), ("kind", "canary"), ("reason", "x")]).ended(403);
    boss.submit(PAGE, PAGE, &[("what", "drop"), ("kind", "canary"), ("reason", "enough")]).ended(303);
    line.send(&adt("M5", "1")).expect("the connection lives");
    assert_eq!(mark(&sink.wait_for(5)[4]), "OLD");
    let entries = klinke(&["--json", "audit", "list", site.path(), "--action", "deploy"]).ended(0).out;
    assert!(entries.contains("from now on: fewer") && entries.contains("for 100%: try it"), "{entries}");
    let entries = klinke(&["--json", "audit", "list", site.path(), "--action", "rollback"]).ended(0).out;
    assert!(entries.contains("canary: thrown away: enough"), "{entries}");
    serve.stop();
}
