//! Log-in at an OpenID provider that this test plays: how it should be, and what somebody would try who wants
//! to come in as somebody else.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::support::browser::{Answer, Browser};
use crate::support::provider::{ADDRESS, CLIENT, Key, Provider, Script, Signed, fields};
use crate::support::{Site, klinke};

const BY_GROUP: &str = "roles = { operator = [\"klinke-operators\"], viewer = [\"wards\"] }\n";

fn anna() -> Value {
    json!({ "preferred_username": "Anna", "name": "Anna <b>Muster", "groups": ["klinke-operators", "x"] })
}

/// Log-ins of the audit log, the oldest first: who, how, how it ended, and why.
fn log_ins(site: &Site) -> Vec<[String; 4]> {
    let lines =
        klinke(&["--json", "audit", "list", site.path(), "--action", "log-in", "--limit", "500"]).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |line: &Value| {
        let entry = &line["entry"];
        [
            text(&entry["who"]["name"]),
            text(&entry["who"]["via"]),
            text(&entry["outcome"]),
            text(&entry["note"]),
        ]
    };
    let mut all: Vec<_> = lines.as_array().unwrap().iter().map(one).collect();
    all.reverse();
    all
}

fn account(site: &Site, name: &str) -> Value {
    let all = klinke(&["--json", "people", "list", site.path()]).json();
    all.as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap_or_default()
}

/// Empties the log between two starts: each tells at which port it listens.
fn forget_log(site: &Site) {
    site.write("serve.log", "");
}

fn is_in(browser: &mut Browser) -> bool {
    browser.get("/account").status == 200
}

#[track_caller]
fn came_in(answer: Answer) -> Answer {
    let answer = answer.ended(303);
    assert_eq!(answer.head("location"), "/queues");
    answer
}

#[test]
fn whoever_the_provider_knows_comes_in_with_the_role_of_their_group() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(anna());
    provider.join(&site, BY_GROUP);
    site.klinke("check", &[]).ended(0);
    let serve = site.serve();
    let mut browser = Browser::fresh(&serve, 1);
    let page = browser.get("/login").ended(200);
    assert!(page.body.contains("Log in with Haus-Anmeldung") && !page.body.contains(&provider.issuer));
    came_in(provider.log_in(&mut browser));
    let page = browser.get("/account").ended(200).body;
    assert!(
        page.contains("Anna &lt;b&gt;Muster") && page.contains("Log out") && !page.contains("New password")
    );
    let kept = account(&site, "anna");
    assert_eq!((&kept["roles"], &kept["factors"]), (&json!(["operator"]), &json!(["oidc"])));
    assert_eq!(log_ins(&site), [["anna", &format!("oidc {}", provider.issuer), "done", ""]]);
    // Other groups, other roles; the account is found by what the provider calls her for ever.
    provider.change(|script| script.claims = json!({ "preferred_username": "anna.neu", "groups": "wards" }));
    let mut second = Browser::fresh(&serve, 1);
    came_in(provider.log_in(&mut second));
    assert_eq!(account(&site, "anna")["roles"], json!(["viewer"]));
    assert_eq!(account(&site, "anna.neu"), Value::Null);
    // A token needs no password, which she has not, but a log-in of just now; it ends with her roles.
    let token = second.token(&["view-state"]);
    let heads = [("Authorization", &*format!("Bearer {token}"))];
    let status =
        || crate::support::browser::http(&second.address, "GET", "/api/v1/status", &heads, b"").status;
    assert_eq!(status(), 200);
    provider.change(|script| script.claims = json!({ "preferred_username": "anna", "groups": ["x"] }));
    let refused = provider.log_in(&mut Browser::fresh(&serve, 1)).ended(403);
    assert!(refused.body.contains("have no account here"), "{}", refused.body);
    assert_eq!(account(&site, "anna")["roles"], json!([]));
    assert_eq!(status(), 403);
    assert!(!is_in(&mut browser) && !is_in(&mut second));
    let last = log_ins(&site).pop().unwrap();
    assert_eq!(
        [&*last[0], &*last[2], &*last[3]],
        ["anna", "refused", "none of their groups has a role here"]
    );
}

#[test]
fn a_log_out_leads_to_the_provider_who_wants_to_go_there() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(anna());
    provider.join(&site, BY_GROUP);
    let serve = site.serve();
    let mut browser = Browser::fresh(&serve, 1);
    came_in(provider.log_in(&mut browser));
    let out = browser.submit("/account", "/logout", &[]).ended(303);
    assert_eq!(out.head("location"), "/login?out=1");
    assert!(!is_in(&mut browser));
    assert!(browser.get("/login?out=1").body.contains("href=\"/login/oidc/out\""));
    let place = browser.get("/login/oidc/out").ended(303).head("location").to_owned();
    let (before, query) = place.split_once("&").unwrap();
    assert_eq!(before, format!("{}/out?x=1", provider.issuer));
    let sent = fields(query);
    assert_eq!(
        (sent["client_id"].as_str(), &sent["post_logout_redirect_uri"]),
        (CLIENT, &format!("{ADDRESS}/login"))
    );
    let mut local = Browser::enter(&serve, &site, "boss", "administrator");
    assert_eq!(local.submit("/account", "/logout", &[]).ended(303).head("location"), "/login");
}

#[test]
fn a_local_administrator_comes_in_while_the_provider_is_down() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(anna());
    provider.join(&site, BY_GROUP);
    let serve = site.serve();
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let back = provider.grant(Browser::fresh(&serve, 1).get("/login/oidc").ended(303).head("location"));
    provider.go_down();
    let mut browser = Browser::fresh(&serve, 1);
    let refused = browser.get(&back).ended(401);
    assert!(!refused.body.contains(&provider.issuer));
    // The document is kept for a while: one is still led there. Coming back is another matter.
    let sent = browser.get("/login/oidc").ended(303);
    let state = fields(sent.head("location").split_once('?').unwrap().1)["state"].clone();
    let told = browser.get(&format!("/login/oidc/done?code=x&state={state}")).ended(503);
    assert!(
        told.body.contains("Haus-Anmeldung can&#39;t be asked")
            || told.body.contains("Haus-Anmeldung can't be asked")
    );
    boss.submit("/account", "/logout", &[]).ended(303);
    let fields = [("name", "boss"), ("password", "vier Pferde im Regen")];
    boss.submit("/login", "/login", &fields).ended(303);
    assert!(is_in(&mut boss));
    assert_eq!(serve.stop(), 0);
    forget_log(&site);
    let serve = site.serve();
    let mut browser = Browser::fresh(&serve, 1);
    let told = browser.get("/login/oidc").ended(503);
    assert!(told.body.contains("name=\"password\""), "the log-in with a password is there: {}", told.body);
    assert!(serve.log().contains("the OpenID provider can't be asked"));
}

#[test]
fn without_groups_an_administrator_says_who_comes_from_there() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(anna());
    provider.join(&site, "");
    let serve = site.serve();
    provider.log_in(&mut Browser::fresh(&serve, 1)).ended(403);
    assert_eq!(account(&site, "anna"), Value::Null);
    // An account of the same name that proves itself here is not taken over.
    Browser::enter(&serve, &site, "anna", "administrator");
    provider.log_in(&mut Browser::fresh(&serve, 2)).ended(403);
    assert_eq!(account(&site, "anna")["factors"], json!(["password"]));
    klinke(&["people", "remove", site.path(), "anna"]).ended(0);
    let said =
        klinke(&["people", "add", site.path(), "anna", "--role", "operator", "--from", "oidc"]).ended(0);
    assert!(!said.out.contains("code"), "{}", said.out);
    let mut browser = Browser::fresh(&serve, 3);
    came_in(provider.log_in(&mut browser));
    assert_eq!(account(&site, "anna")["roles"], json!(["operator"]));
    // The account is bound to her: another one who goes by her name there is nobody here.
    provider.change(|script| script.claims["sub"] = json!("4711"));
    provider.log_in(&mut Browser::fresh(&serve, 4)).ended(403);
    klinke(&["people", "lock", site.path(), "anna"]).ended(0);
    provider.change(|script| script.claims["sub"] = json!("0815"));
    provider.log_in(&mut Browser::fresh(&serve, 5)).ended(403);
    assert!(!is_in(&mut browser));
}

#[test]
fn a_password_of_an_account_from_elsewhere_opens_nothing() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(anna());
    provider.join(&site, BY_GROUP);
    let serve = site.serve();
    let mut browser = Browser::fresh(&serve, 1);
    came_in(provider.log_in(&mut browser));
    let own = [("password", ""), ("new", "fünf Kühe im Garten"), ("again", "fünf Kühe im Garten")];
    browser.submit("/account", "/account/password", &own).ended(409);
    let secret = "A".repeat(32);
    let factor = [("what", "add"), ("secret", secret.as_str()), ("code", "123456"), ("password", "")];
    browser.submit("/account", "/account/factor", &factor).ended(409);
    let typed = [("name", "anna"), ("password", "fünf Kühe im Garten")];
    Browser::fresh(&serve, 2).submit("/login", "/login", &typed).ended(401);
    // A reset brings the account home: the provider no longer opens it.
    let code = klinke(&["--json", "people", "reset", site.path(), "anna"]).json()["code"].clone();
    provider.log_in(&mut Browser::fresh(&serve, 3)).ended(403);
    let mut home = Browser::fresh(&serve, 4);
    let chosen = [
        ("name", "anna"),
        ("code", code.as_str().unwrap()),
        ("password", "fünf Kühe im Garten"),
        ("again", "fünf Kühe im Garten"),
    ];
    home.submit("/welcome", "/welcome", &chosen).ended(303);
    provider.log_in(&mut Browser::fresh(&serve, 5)).ended(403);
}

#[test]
fn the_userinfo_endpoint_is_asked_where_the_token_says_too_little() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(json!({ "preferred_username": "anna" }));
    let more = json!({ "sub": "0815", "preferred_username": "boss", "realm_access": { "roles": ["wards"] } });
    provider.change(|script| script.userinfo = Some(more));
    provider.join(&site, &format!("groups = \"realm_access.roles\"\n{BY_GROUP}"));
    let serve = site.serve();
    came_in(provider.log_in(&mut Browser::fresh(&serve, 1)));
    assert_eq!(account(&site, "anna")["roles"], json!(["viewer"]), "what is signed counts more");
    provider.change(|script| script.userinfo.as_mut().unwrap()["sub"] = json!("4711"));
    provider.log_in(&mut Browser::fresh(&serve, 2)).ended(401);
    assert_eq!(log_ins(&site).pop().unwrap()[3], "userinfo speaks of somebody else");
}

/// The provider has new keys: it signs with one that it did not show before, and then no longer shows the old.
#[test]
fn new_keys_are_learned_and_old_ones_forgotten() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(anna());
    provider.join(&site, BY_GROUP);
    let serve = site.serve();
    came_in(provider.log_in(&mut Browser::fresh(&serve, 1)));
    std::thread::sleep(std::time::Duration::from_secs(11));
    provider.change(|script| script.keys.insert(0, Key::new("second")));
    came_in(provider.log_in(&mut Browser::fresh(&serve, 1)));
    let asked = provider.script.lock().unwrap().asked.iter().filter(|path| *path == "/keys").count();
    assert_eq!(asked, 2, "keys are asked for when one is new, and not each time");
    // The old one was stolen: the provider shows it no more, and somebody still signs with it.
    std::thread::sleep(std::time::Duration::from_secs(11));
    let mut old = Vec::new();
    provider.change(|script| old = std::mem::replace(&mut script.keys, vec![Key::new("third")]));
    came_in(provider.log_in(&mut Browser::fresh(&serve, 1)));
    provider.change(|script| {
        script.hidden = old.len();
        old.append(&mut script.keys);
        script.keys = old;
    });
    provider.log_in(&mut Browser::fresh(&serve, 2)).ended(401);
}

#[test]
fn a_reload_takes_over_what_the_site_says_of_its_provider() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(anna());
    provider.join(&site, BY_GROUP);
    let serve = site.serve();
    let mut browser = Browser::fresh(&serve, 1);
    came_in(provider.log_in(&mut browser));
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    site.write("klinke.toml", &node.replace("Haus-Anmeldung", "Klinik-Anmeldung"));
    serve.signal("HUP");
    serve.wait_for("the new title", || browser.get("/login").body.contains("Log in with Klinik-Anmeldung"));
    let without = node.split("[console.oidc]").next().unwrap();
    site.write("klinke.toml", without);
    serve.signal("HUP");
    serve.wait_for("the way to go", || !browser.get("/login").body.contains("Klinik-Anmeldung"));
    browser.get("/login/oidc").ended(404);
    browser.get("/login/oidc/done?code=x&state=y").ended(404);
    assert!(is_in(&mut browser), "who is in stays in");
}

/// What a provider, somebody between, or somebody with another's answer would try. Each comes from an address
/// of its own, so that no delay hides what is tried.
#[test]
fn nobody_comes_in_by_an_answer_that_was_not_asked_for() {
    type Change = Box<dyn Fn(&mut Script)>;
    let claims = |key: &'static str, value: Value| -> Change {
        Box::new(move |script: &mut Script| script.claims[key] = value.clone())
    };
    let signed = |how: Signed| -> Change { Box::new(move |script: &mut Script| script.signed = how) };
    let elsewhere = |path: &'static str, status: u16| -> Change {
        Box::new(move |script: &mut Script| {
            let heads = "Location: http://127.0.0.1:1/evil\r\n".to_owned();
            script.instead.insert(path.to_owned(), (status, heads, "{}".to_owned()));
        })
    };
    let tries: Vec<(&str, u16, Change)> = vec![
        ("another nonce", 401, claims("nonce", json!("AAAA"))),
        ("no nonce", 401, claims("nonce", Value::Null)),
        ("for another client", 401, claims("aud", json!("other"))),
        ("for another client, too", 401, claims("aud", json!([CLIENT, "other"]))),
        ("of another issuer", 401, claims("iss", json!("https://evil.example"))),
        ("long over", 401, claims("exp", json!(1_700_000_000))),
        ("from tomorrow", 401, claims("iat", json!(4_000_000_000_u64))),
        ("nobody", 401, claims("sub", Value::Null)),
        ("not signed", 401, signed(Signed::None)),
        ("signed with the public key", 401, signed(Signed::ByPublicKey)),
        ("signed by another", 401, signed(Signed::ByAnother)),
        ("tokens elsewhere", 503, elsewhere("/token", 307)),
        ("keys elsewhere", 503, elsewhere("/keys", 302)),
        ("no tokens", 401, elsewhere("/token", 400)),
        (
            "endless keys",
            503,
            Box::new(|script| {
                drop(script.instead.insert("/keys".to_owned(), (200, String::new(), "x".repeat(600_000))))
            }),
        ),
    ];
    for (at, (what, status, change)) in tries.into_iter().enumerate() {
        let site = Site::to_partner(1, "");
        let provider = Provider::start(anna());
        provider.change(|script| change(script));
        provider.join(&site, BY_GROUP);
        let serve = site.serve();
        let mut browser = Browser::fresh(&serve, 10 + at as u8);
        let answer = provider.log_in(&mut browser);
        assert_eq!(answer.status, status, "{what}: {}\n{}", answer.body, serve.log());
        assert!(answer.body.len() < 4_096 && !answer.body.contains("evil") && !is_in(&mut browser), "{what}");
        assert_eq!(account(&site, "anna"), Value::Null, "{what}");
        let entries = log_ins(&site);
        let refused = entries.iter().filter(|entry| entry[2] == "refused" && entry[0].is_empty()).count();
        assert_eq!(
            (entries.len(), refused),
            if status == 401 { (1, 1) } else { (0, 0) },
            "{what}: {entries:?}"
        );
        assert!(!serve.log().contains("panicked"), "{what}");
    }
}

#[test]
fn an_answer_is_good_once_and_for_the_browser_that_asked() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(anna());
    provider.change(|script| script.keeps_codes = true);
    provider.join(&site, BY_GROUP);
    let serve = site.serve();
    let mut victim = Browser::fresh(&serve, 1);
    let sent = victim.get("/login/oidc?to=//evil.example").ended(303);
    let back = provider.grant(sent.head("location"));
    // Somebody has the whole answer, and not the cookie: it is used up by that.
    let mut thief = Browser::fresh(&serve, 2);
    thief.get(&back).ended(401);
    assert!(!is_in(&mut thief));
    victim.get(&back).ended(401);
    let sent = victim.get("/login/oidc?to=//evil.example").ended(303);
    let back = provider.grant(sent.head("location"));
    // The answer of another issuer in the place of this one's (mix-up).
    victim.get(&format!("{back}&iss=https%3A%2F%2Fevil.example")).ended(401);
    let sent = victim.get("/login/oidc?to=//evil.example").ended(303);
    let back = format!("{}&iss={}", provider.grant(sent.head("location")), provider.issuer);
    let came = victim.get(&back).ended(303);
    assert_eq!(came.head("location"), "/", "nobody is led elsewhere");
    let mut again = Browser::fresh(&serve, 3);
    again.get(&back).ended(401);
    victim.get(&back).ended(401);
    for odd in ["", "?state=", "?code=x&state=AAAA", "?error=access_denied", "?state=A&state=B&code=%00"] {
        let status = Browser::fresh(&serve, 4).get(&format!("/login/oidc/done{odd}")).status;
        assert!([400, 401, 429].contains(&status), "{odd}: {status}");
    }
    // Failures are counted, as those of passwords are.
    let mut guesser = Browser::fresh(&serve, 5);
    let tried: Vec<u16> =
        (0..7).map(|at| guesser.get(&format!("/login/oidc/done?code=x&state={at}")).status).collect();
    assert_eq!(tried[..5], [401; 5]);
    assert_eq!(tried[5..], [429; 2]);
    guesser.get("/login/oidc").ended(429);
    came_in(provider.log_in(&mut Browser::fresh(&serve, 6)));
}

#[test]
fn a_provider_that_names_itself_must_and_one_of_another_name_is_none() {
    let site = Site::to_partner(1, "");
    let provider = Provider::start(anna());
    let names = json!({ "authorization_response_iss_parameter_supported": true });
    provider.change(|script| script.document = names);
    provider.join(&site, BY_GROUP);
    let serve = site.serve();
    provider.log_in(&mut Browser::fresh(&serve, 1)).ended(401);
    assert_eq!(log_ins(&site).pop().unwrap()[3], "the answer is of another issuer");
    drop(serve);
    for document in [
        json!({ "issuer": "https://evil.example" }),
        json!({ "token_endpoint": "http://evil.example/token" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "jwks_uri": null }),
    ] {
        provider.change(|script| script.document = document.clone());
        forget_log(&site);
        let serve = site.serve();
        let answer = Browser::fresh(&serve, 2).get("/login/oidc").ended(503);
        assert!(answer.head("location").is_empty(), "{document}");
    }
}

#[test]
fn what_a_site_says_wrong_of_its_provider_is_told() {
    let site = Site::to_partner(1, "");
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let provider = Provider::start(anna());
    site.write("secrets/oidc", "x");
    let told = |text: String| {
        site.write("klinke.toml", &format!("{node}{text}"));
        site.klinke("check", &[]).ended(1).out
    };
    let said = told(provider.table("roles = { king = [\"x\"] }\n"));
    assert!(said.contains("there is no role `king`"), "{said}");
    let said = told(provider.table("").replace(&format!("address = \"{ADDRESS}\"\n"), ""));
    assert!(said.contains("console.address must say"), "{said}");
    for wrong in ["http://klinke.kh.example", "https://klinke.kh.example/x", "klinke.kh.example"] {
        let said = told(provider.table("").replace(ADDRESS, wrong));
        assert!(said.contains("klinke.toml:") && said.contains("without a path"), "{wrong}: {said}");
    }
    let said = told(provider.table("").replace(&provider.issuer, "http://sso.kh.example"));
    assert!(said.contains("an issuer is an address that begins with https://"), "{said}");
}
