//! Log-in at a provider of others: `oidc-provider` (npm), certified by the OpenID Foundation.

use std::collections::BTreeMap;

use crate::support::Site;
use crate::support::browser::{Browser, http};
use crate::support::provider::{ADDRESS, fields};
use crate::{Peer, is_there, node, script};

fn provider(group: &str, algorithm: &str) -> Option<Peer> {
    let mut trial = node();
    trial.args(["-e", "require.resolve('oidc-provider')"]);
    if !is_there("oidc-provider", trial) {
        return None;
    }
    let free = klinke_testkit::free_port();
    let mut command = node();
    command.args([&script("oidc_provider.cjs"), &free.to_string(), group, algorithm]);
    Some(Peer::start(command))
}

/// A browser at the provider: follows where it leads until it leads back to the console.
fn follow(place: &str) -> String {
    let mut cookies: BTreeMap<String, String> = BTreeMap::new();
    let mut place = place.to_owned();
    for _ in 0..10 {
        if let Some(back) = place.strip_prefix(ADDRESS) {
            return back.to_owned();
        }
        let rest = place.strip_prefix("http://").expect("the provider");
        let (host, path) = rest.split_once('/').expect("a path");
        let head: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = http(host, "GET", &format!("/{path}"), &[("Cookie", &head.join("; "))], b"");
        for (_, value) in answer.heads.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) =
                value.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let next = answer.head("location").to_owned();
        assert!(!next.is_empty(), "{place}: {} {}", answer.status, answer.body);
        place = if next.starts_with('/') { format!("http://{host}{next}") } else { next };
    }
    panic!("led about for ever: {place}")
}

#[test]
fn oidc_provider_lets_people_in() {
    for algorithm in ["RS256", "ES256"] {
        let Some(peer) = provider("klinke-operators", algorithm) else { return };
        let site = Site::to_partner(1, "");
        let node = std::fs::read_to_string(site.folder().join("klinke.toml")).expect("klinke.toml");
        let table = format!(
            "{node}\n[console]\nlisten = \"127.0.0.1:0\"\naddress = \"{ADDRESS}\"\n[console.oidc]\ntitle = \"Haus\"\n\
             issuer = \"http://127.0.0.1:{}\"\nclient = \"klinke\"\nsecret = \"${{KLINKE_TEST_SECRET}}\"\n\
             scopes = [\"profile\", \"groups\"]\nroles = {{ operator = [\"klinke-operators\"] }}\n",
            peer.port
        );
        site.write("klinke.toml", &table);
        let serve = site.serve_with(&[("KLINKE_TEST_SECRET", "geheim")], &[]);
        let mut browser = Browser::fresh(&serve, 1);
        let sent = browser.get("/login/oidc?to=%2Fqueues").ended(303).head("location").to_owned();
        let back = follow(&sent);
        let came = browser.get(&back);
        assert_eq!((came.status, came.head("location")), (303, "/queues"), "{algorithm}: {}", serve.log());
        assert!(browser.get("/account").ended(200).body.contains("Anna Muster"));
        let again = Browser::fresh(&serve, 2).get(&back);
        assert_eq!(again.status, 401, "an answer is good once");
        let run = |words: &[&str]| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_klinke"));
            command
                .env("KLINKE_TEST_SECRET", "geheim")
                .env("LANG", "C")
                .args(words)
                .output()
                .expect("klinke runs")
        };
        let list = run(&["--json", "people", "list", site.path()]);
        let text = String::from_utf8_lossy(&list.stdout).into_owned();
        assert!(text.contains("\"anna\"") && text.contains("\"operator\""), "{text}");
        let place = browser.get("/login/oidc/out").ended(303).head("location").to_owned();
        let sent = fields(place.split_once('?').expect("a query").1);
        assert_eq!(sent["post_logout_redirect_uri"], format!("{ADDRESS}/login"));
        let (host, path) = place.trim_start_matches("http://").split_once('/').expect("a path");
        assert_eq!(
            http(host, "GET", &format!("/{path}"), &[], b"").status,
            200,
            "the provider asks whether to log out"
        );
    }
}
