//! The console from outside: requests in, answers out. What attackers would try is in here by name; the list
//! is in `docs/security.md`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use klinke_console::audit::Who;
use klinke_console::house::door::{About, Answers, Door};
use klinke_console::house::request::Request as Ask;
use klinke_console::house::{Asker, House, Refused};
use klinke_console::people::care;
use klinke_console::people::session::Lengths;
use klinke_console::people::{Actor, People, Role, Roles};
use klinke_console::web::{Console, routes};
use klinke_model::Timestamp;
use klinke_store::memory::MemoryStore;
use serde_json::{Value, json};
use tower::ServiceExt;

const GOOD: &str = "vier Pferde im Regen";

/// A house with one channel and one message.
struct Behind {
    door: Door,
}

struct Plain;

impl Answers for Plain {
    fn answer(&self, request: Ask) -> Result<Value, String> {
        let line = json!({
            "id": 1, "received": "2026-11-24T08:15:00.000Z", "channel": "adt", "system": "kis", "state": "delivered",
            "size": 3, "keys": [["patient", "4711"], ["event", "ADT^A01"]],
        });
        Ok(match request {
            Ask::Messages(_) => json!([line]),
            Ask::Read { .. } => json!({
                "message": {
                    "line": line, "peer": "10.0.0.1", "origin": "received", "parent": null, "children": [],
                    "version": 1, "stages": [{ "name": "received", "payloads": ["TVNIfE11c3Rlcm1hbm4="] }],
                    "ended": null, "trace": [], "deliveries": [],
                },
                "words": null, "sheets": [],
            }),
            Ask::Status => json!({
                "site": "Klinik", "serving": true, "channels": [],
                "store": { "bytes": 1, "free": 1, "envelopes": 1, "index_lag": 0, "refuses": null },
            }),
            _ => json!([]),
        })
    }

    fn about(&self, envelope: u64) -> Result<Option<About>, String> {
        let (channel, system) = ("adt".to_owned(), "kis".to_owned());
        Ok((envelope == 1).then(|| About { channel, system, patients: vec!["4711".to_owned()] }))
    }

    fn systems_of(&self, _channel: &str) -> Vec<String> {
        Vec::new()
    }
}

impl House for Behind {
    fn ask(&self, who: &Asker, request: Ask) -> Result<Value, Refused> {
        self.door.ask(&Plain, &who.actor, who.purpose.as_deref(), request)
    }

    fn ready(&self) -> bool {
        true
    }
}

struct Bed {
    routes: Router,
    people: Arc<People>,
    clock: Arc<AtomicI64>,
}

impl Bed {
    fn new() -> Bed {
        Bed::with(false)
    }

    fn with(is_secure: bool) -> Bed {
        let clock = Arc::new(AtomicI64::new(1_772_352_900_000_000));
        let time = clock.clone();
        let time = move || Timestamp(time.load(Ordering::Relaxed));
        let store = Arc::new(MemoryStore::default());
        let people = People::with_clock(store, Lengths::default(), Arc::new(time)).unwrap();
        let asked = Role {
            payload: ["*".to_owned()].into(),
            state: ["*".to_owned()].into(),
            purpose: true,
            ..Role::default()
        };
        people.set_roles(Roles::with([("asked".to_owned(), asked)].into()));
        let people = Arc::new(people);
        let house = Arc::new(Behind { door: Door::new(people.clone()) });
        let console = Console::new(house, "Klinik").with_people(people.clone(), is_secure);
        Bed { routes: routes(console), people, clock }
    }

    /// The same house for whoever reaches the port, as the demo has it.
    fn demo() -> Bed {
        let bed = Bed::new();
        let house = Arc::new(Behind { door: Door::new(bed.people.clone()) });
        Bed { routes: routes(Console::new(house, "Demo")), ..bed }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let mut request = request;
        let peer: SocketAddr = "10.0.0.7:50000".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response =
            self.routes.clone().layer(axum::Extension(ConnectInfo(peer))).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            heads: parts.headers,
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    async fn get(&self, path: &str, cookies: &str) -> Answer {
        let request = Request::get(path).header("accept", "text/html").header("cookie", cookies);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, cookies: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header("cookie", cookies)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(encoded(fields))).unwrap()).await
    }

    /// A new account's one-time code.
    fn invite(&self, name: &str, role: &str, title: &str) -> String {
        let local = Actor::local(Who::user("root", None));
        let (name, title, roles) = (name.to_owned(), title.to_owned(), [role.to_owned()].into());
        let made = self.people.answer(&local, care::Ask::Add { name, title, roles, from: None }).unwrap();
        made["code"].as_str().unwrap().to_owned()
    }

    /// The cookies of somebody with a role who has come in.
    async fn enter(&self, name: &str, role: &str) -> String {
        let code = self.invite(name, role, "");
        let page = self.get("/welcome", "").await;
        let token = page.field("form");
        let fields =
            [("form", token.as_str()), ("name", name), ("code", &code), ("password", GOOD), ("again", GOOD)];
        let answer = self.post("/welcome", &page.cookies(), &fields).await;
        assert_eq!(
            (answer.status, answer.place()),
            (StatusCode::SEE_OTHER, "/account".to_owned()),
            "{}",
            answer.text
        );
        answer.cookies()
    }

    async fn log_in(&self, cookies: &str, more: &[(&str, &str)]) -> Answer {
        let page = self.get("/login", cookies).await;
        let token = page.field("form");
        let mut fields = vec![("form", token.as_str())];
        fields.extend(more);
        self.post("/login", &format!("{cookies}; {}", page.cookies()), &fields).await
    }

    /// The token of the forms of somebody who is in.
    async fn token(&self, cookies: &str) -> String {
        self.get("/account", cookies).await.field("form")
    }
}

struct Answer {
    status: StatusCode,
    heads: HeaderMap,
    text: String,
}

impl Answer {
    /// The cookies that a browser would keep.
    fn cookies(&self) -> String {
        let mut kept = BTreeMap::new();
        for head in self.heads.get_all(header::SET_COOKIE) {
            let text = head.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            if !value.is_empty() {
                kept.insert(name.to_owned(), value.to_owned());
            }
        }
        kept.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn place(&self) -> String {
        self.heads.get(header::LOCATION).map(|head| head.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// The value of a hidden field.
    fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at =
            self.text.find(&start).unwrap_or_else(|| panic!("no field {name}: {}", self.text)) + start.len();
        self.text[at..].split('"').next().unwrap().to_owned()
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A body that nobody may look at.
fn untouchable() -> Body {
    Body::from_stream(futures_util::stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Vec<u8>, std::io::Error>>> {
            panic!("the body of a request of somebody unknown was read")
        },
    ))
}

/// The holes of the best-known engine in 2023: something of a request was parsed before it was known who sent it.
#[tokio::test]
async fn nothing_of_a_body_is_read_before_it_is_known_who_asks() {
    let bed = Bed::new();
    for path in
        ["/", "/users", "/account/password", "/logout", "/messages/1", "/no/such/page", "/audit/export"]
    {
        for method in ["POST", "PUT", "DELETE", "PATCH", "GET"] {
            let request =
                Request::builder().method(method).uri(path).header("content-type", "application/json");
            let answer = bed.send(request.body(untouchable()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
    // The forms of the door read theirs only with the cookie that the page set.
    bed.people.set_address(Some("https://klinke.kh.example:8443"));
    for path in ["/login", "/welcome", "/login/passkey", "/login/passkey/options"] {
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(bed.send(request.body(untouchable()).unwrap()).await.status, StatusCode::FORBIDDEN);
        let request =
            Request::post(path).header("content-type", "application/json").header("cookie", "klinke-form=x");
        assert_eq!(bed.send(request.body(untouchable()).unwrap()).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn answers_before_the_log_in_are_small_and_always_the_same() {
    let bed = Bed::new();
    let told = |answer: &Answer| {
        let heads: Vec<_> = answer.heads.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        (answer.status, heads, answer.text.clone())
    };
    let mut all = Vec::new();
    for path in
        ["/", "/users", "/messages/1", "/messages/2", "/nothing", "/audit", "/live", "/site/file?path=../x"]
    {
        let request = Request::get(path).header("cookie", "klinke-session=AAAA").body(Body::empty()).unwrap();
        all.push(told(&bed.send(request).await));
        let request =
            Request::get(path).header("authorization", "Bearer klinke_x_y").body(Body::empty()).unwrap();
        all.push(told(&bed.send(request).await));
    }
    all.dedup();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((all[0].0, all[0].2.as_str()), (StatusCode::UNAUTHORIZED, "not logged in\n"));
    for (path, to) in
        [("/messages/1", "/login?to=%2Fmessages%2F1"), ("/nothing?a=1", "/login?to=%2Fnothing%3Fa%3D1")]
    {
        let answer = bed.get(path, "").await;
        assert_eq!(
            (answer.status, answer.place(), answer.text.len()),
            (StatusCode::SEE_OTHER, to.to_owned(), 0)
        );
    }
    bed.people.set_address(Some("https://klinke.kh.example:8443"));
    let long = format!("/{}", "x".repeat(5_000));
    assert_eq!(bed.get(&long, "").await.place(), "/login");
    for path in ["/login", "/welcome"] {
        let page = bed.get(path, "").await;
        assert!(page.text.len() < 4_096 && !page.text.contains("Klinik"), "{}", page.text);
    }
}

#[tokio::test]
async fn a_log_in_makes_a_session_of_its_own_and_leads_nowhere_else() {
    let bed = Bed::new();
    bed.enter("anna", "operator").await;
    let planted = format!("klinke-session={}", "A".repeat(43));
    let to = [("name", "anna"), ("password", GOOD), ("to", "/messages/1")];
    let answer = bed.log_in(&planted, &to).await;
    assert_eq!((answer.status, answer.place()), (StatusCode::SEE_OTHER, "/messages/1".to_owned()));
    assert!(!answer.cookies().contains(&"A".repeat(43)), "session fixation");
    assert_eq!(bed.get("/", &planted).await.status, StatusCode::SEE_OTHER, "what was planted is nobody");
    assert_eq!(bed.get("/account", &answer.cookies()).await.status, StatusCode::OK);
    for odd in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let answer = bed.log_in("", &[("name", "anna"), ("password", GOOD), ("to", odd)]).await;
        assert_eq!(answer.place(), "/", "{odd}");
    }
}

#[tokio::test]
async fn cookies_are_for_no_script_and_for_no_other_host() {
    for (secure, name) in [(false, "klinke-session="), (true, "__Host-klinke-session=")] {
        let bed = Bed::with(secure);
        let code = bed.invite("anna", "viewer", "");
        let page = bed.get("/welcome", "").await;
        let token = page.field("form");
        let fields = [
            ("form", token.as_str()),
            ("name", "anna"),
            ("code", &code),
            ("password", GOOD),
            ("again", GOOD),
        ];
        let answer = bed.post("/welcome", &page.cookies(), &fields).await;
        let heads: Vec<&str> =
            answer.heads.get_all(header::SET_COOKIE).iter().map(|head| head.to_str().unwrap()).collect();
        let session = heads.iter().find(|head| head.starts_with(name)).unwrap();
        assert!(
            session.contains("HttpOnly") && session.contains("SameSite=Lax") && session.contains("Path=/;")
        );
        for head in &heads {
            assert_eq!(head.contains("; Secure"), secure, "{head}");
            assert!(head.contains("HttpOnly") && !head.contains("Domain"), "{head}");
        }
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_the_same_whatever_was_wrong() {
    let bed = Bed::new();
    bed.enter("anna", "operator").await;
    let mut pages = Vec::new();
    for (name, password) in [("anna", "falsch falsch"), ("nobody", GOOD)] {
        let answer = bed.log_in("", &[("name", name), ("password", password)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        pages.push(answer.text.replace(&answer.field("form"), "").replace(name, ""));
    }
    assert_eq!(pages[0], pages[1]);
    for _ in 0..8 {
        bed.log_in("", &[("name", "anna"), ("password", "falsch falsch")]).await;
    }
    let answer = bed.log_in("", &[("name", "anna"), ("password", GOOD)]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let bed = Bed::new();
    let (boss, anna) = (bed.enter("boss", "administrator").await, bed.enter("anna", "operator").await);
    let (own, other) = (bed.token(&boss).await, bed.token(&anna).await);
    let fields = |token: &'static str| [("form", token), ("what", "lock"), ("name", "anna")];
    for token in ["", "x"] {
        assert_eq!(bed.post("/users", &boss, &fields(token)).await.status, StatusCode::FORBIDDEN);
    }
    let with_other = [("form", other.as_str()), ("what", "lock"), ("name", "anna")];
    assert_eq!(bed.post("/users", &boss, &with_other).await.status, StatusCode::FORBIDDEN, "another's token");
    let good = [("form", own.as_str()), ("what", "lock"), ("name", "anna")];
    for heads in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let request = Request::post("/users")
            .header("cookie", &boss)
            .header("host", "klinke.kh")
            .header(heads.0, heads.1);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(
            bed.send(request.body(untouchable()).unwrap()).await.status,
            StatusCode::FORBIDDEN,
            "{heads:?}"
        );
    }
    assert_eq!(bed.get("/account", &anna).await.status, StatusCode::OK, "nobody was locked");
    assert_eq!(bed.post("/users", &boss, &good).await.status, StatusCode::SEE_OTHER);
    assert_eq!(bed.get("/account", &anna).await.status, StatusCode::SEE_OTHER, "now she is");
}

/// In the demo nobody logs in, so that the token of its forms is no secret: what the browser says of where a
/// request came from is what holds.
#[tokio::test]
async fn another_site_can_not_act_in_the_demo() {
    let bed = Bed::demo();
    let token = bed.get("/messages/1/act", "").await.field("form");
    let fields = encoded(&[("form", token.as_str()), ("reason", "x")]);
    let form = "application/x-www-form-urlencoded";
    let calls = [
        ("/messages/1/resend", form, fields.as_str()),
        ("/api/v1/messages/resend", "application/json", r#"{"envelopes":[1],"reason":"x"}"#),
    ];
    for (path, kind, body) in calls {
        let send = |name: &'static str, value: &'static str| {
            let request = Request::post(path).header("content-type", kind).header("host", "127.0.0.1:8443");
            bed.send(request.header(name, value).body(Body::from(body.to_owned())).unwrap())
        };
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            assert_eq!(send(name, value).await.status, StatusCode::FORBIDDEN, "{path} {name}");
        }
        let own = send("sec-fetch-site", "same-origin").await;
        assert!(own.status.is_success() || own.status.is_redirection(), "{path}: {}", own.text);
    }
    let plain = Request::post("/api/v1/messages/resend").header("content-type", "text/plain");
    let answer = bed.send(plain.body(Body::from(r#"{"envelopes":[1],"reason":"x"}"#)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

/// Bytes that nobody may look at before it is known who sends them, at the API as everywhere; and no more of
/// them than fit.
#[tokio::test(start_paused = true)]
async fn the_api_reads_no_body_of_strangers_and_no_endless_one() {
    let bed = Bed::new();
    let request = Request::post("/api/v1/accounts").header("content-type", "application/json");
    assert_eq!(bed.send(request.body(untouchable()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
    let bed = Bed::demo();
    let post = |body: Body| {
        let request = Request::post("/api/v1/queues/hold").header("content-type", "application/json");
        request.body(body).unwrap()
    };
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 10_000]));
    let answer = bed.send(post(Body::from_stream(endless))).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.heads[header::CONTENT_TYPE], "application/problem+json");
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    assert_eq!(bed.send(post(Body::from_stream(never))).await.status, StatusCode::REQUEST_TIMEOUT);
    let request = Request::delete("/api/v1/status").body(Body::empty()).unwrap();
    let answer = bed.send(request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.heads[header::ALLOW], "GET,HEAD");
}

#[tokio::test]
async fn fields_that_nobody_asked_for_change_nothing() {
    let bed = Bed::new();
    let code = bed.invite("anna", "viewer", "");
    let page = bed.get("/welcome", "").await;
    let token = page.field("form");
    let more = [
        ("role", "administrator"),
        ("roles", "administrator"),
        ("roles[]", "administrator"),
        ("is_locked", "false"),
        ("account.roles", "administrator"),
    ];
    let mut fields = vec![
        ("form", token.as_str()),
        ("name", "anna"),
        ("code", &code),
        ("password", GOOD),
        ("again", GOOD),
    ];
    fields.extend(more);
    let anna = bed.post("/welcome", &page.cookies(), &fields).await.cookies();
    let token = bed.token(&anna).await;
    let mut fields = vec![
        ("form", token.as_str()),
        ("password", GOOD),
        ("new", "fünf Kühe im Garten"),
        ("again", "fünf Kühe im Garten"),
        ("name", "boss"),
    ];
    fields.extend(more);
    assert_eq!(bed.post("/account/password", &anna, &fields).await.status, StatusCode::SEE_OTHER);
    let local = Actor::local(Who::user("root", None));
    let list = bed.people.answer(&local, care::Ask::List).unwrap();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["roles"]), (1, &json!(["viewer"])));
    assert_eq!(bed.get("/users", &anna).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn names_and_titles_are_shown_as_text() {
    let bed = Bed::new();
    let title = "<script>alert(1)</script>{{1337*7331}}${1337*7331}\"onload=x";
    bed.invite("anna", "viewer", title);
    let boss = bed.enter("boss", "administrator").await;
    let page = bed.get("/users", &boss).await;
    assert!(
        !page.text.contains("<script>alert") && page.text.contains("&lt;script&gt;alert(1)"),
        "{}",
        page.text
    );
    assert!(
        page.text.contains("{{1337*7331}}") && !page.text.contains("9801547"),
        "no template looks at it twice"
    );
    let odd = bed.get("/audit?who=%22%3E%3Cscript%3E&from=%3Cb%3E", &boss).await;
    assert!(!odd.text.contains("<script>&") && !odd.text.contains("<b>"), "{}", odd.text);
    let odd = bed.get("/audit/patient?patient=%3Cimg%20src%3Dx%3E", &boss).await;
    assert!(!odd.text.contains("<img src=x>") && odd.text.contains("&lt;img src=x&gt;"));
}

#[tokio::test]
async fn what_is_too_long_is_not_read() {
    let bed = Bed::new();
    let anna = bed.enter("anna", "viewer").await;
    let token = bed.token(&anna).await;
    let long = "x".repeat(20_000);
    let fields = [("form", token.as_str()), ("reason", &long)];
    assert_eq!(bed.post("/account/emergency", &anna, &fields).await.status, StatusCode::BAD_REQUEST);
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'a'; 1_000]));
    let request = Request::post("/account/emergency").header("cookie", &anna);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = bed.send(request.body(Body::from_stream(endless)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let many: Vec<(String, String)> = (0..2_000).map(|at| (at.to_string(), String::new())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(bed.post("/account/emergency", &anna, &many).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn a_form_that_does_not_come_is_not_waited_for() {
    let bed = Bed::new();
    let page = bed.get("/login", "").await;
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = Request::post("/login").header("cookie", page.cookies());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = bed.send(request.body(Body::from_stream(never)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

/// Slowloris: heads that come a byte at a time hold no place for long. The clock is the test's: it goes on by itself
/// whenever all wait.
#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_ends_its_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let bed = Bed::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let ended = async move { drop(ended.await) };
    let server = tokio::spawn(klinke_console::server::run(listener, None, bed.routes.clone(), ended));
    let begun = tokio::time::Instant::now();
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ").await.unwrap();
    let mut rest = Vec::new();
    let read = tokio::time::timeout(std::time::Duration::from_secs(120), slow.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the connection was kept");
    assert!(begun.elapsed() <= std::time::Duration::from_secs(30), "{:?}", begun.elapsed());
    drop(end);
    server.await.unwrap();
}

#[tokio::test]
async fn rights_are_held_on_every_page() {
    let bed = Bed::new();
    let viewer = bed.enter("vera", "viewer").await;
    for path in ["/users", "/audit", "/audit/patient?patient=1", "/audit/verify", "/audit/export"] {
        assert_eq!(bed.get(path, &viewer).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let page = bed.get("/account", &viewer).await;
    assert!(!page.text.contains("href=\"/users\"") && !page.text.contains("href=\"/audit\""));
    let message = bed.get("/messages/1", &viewer).await;
    assert_eq!(message.status, StatusCode::OK, "how it went may be seen");
    for secret in ["4711", "Mustermann", "TVNI"] {
        assert!(!message.text.contains(secret), "{secret}");
    }
    let auditor = bed.enter("cora", "auditor").await;
    assert_eq!(bed.get("/audit", &auditor).await.status, StatusCode::OK);
    assert_eq!(bed.get("/users", &auditor).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_emergency_opens_messages_and_administrators_are_shown_it() {
    let bed = Bed::new();
    let viewer = bed.enter("vera", "viewer").await;
    let token = bed.token(&viewer).await;
    let fields = [("form", token.as_str()), ("reason", "Reanimation Zimmer zwölf"), ("to", "/messages/1")];
    let answer = bed.post("/account/emergency", &viewer, &fields).await;
    assert_eq!(answer.place(), "/messages/1");
    assert!(bed.get("/messages/1", &viewer).await.text.contains("Mustermann"));
    let boss = bed.enter("boss", "administrator").await;
    for path in ["/users", "/audit"] {
        assert!(bed.get(path, &boss).await.text.contains("Reanimation Zimmer zwölf"), "{path}");
    }
    bed.clock.fetch_add(31 * 60 * 1_000_000, Ordering::Relaxed);
    assert_eq!(
        bed.get("/messages/1", &viewer).await.status,
        StatusCode::SEE_OTHER,
        "the session is over as well"
    );
}

#[tokio::test]
async fn a_purpose_is_asked_for_and_stands_in_the_report() {
    let bed = Bed::new();
    let anna = bed.enter("anna", "asked").await;
    let page = bed.get("/messages/1", &anna).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("action=\"/account/purpose\"") && !page.text.contains("Mustermann"));
    let fields =
        [("form", &*page.field("form")), ("purpose", "Rückfrage der Station"), ("to", "/messages/1")];
    assert_eq!(bed.post("/account/purpose", &anna, &fields).await.place(), "/messages/1");
    assert!(bed.get("/messages/1", &anna).await.text.contains("Mustermann"));
    let auditor = bed.enter("cora", "auditor").await;
    let report = bed.get("/audit/patient?patient=4711&lang=de", &auditor).await;
    assert!(report.text.contains("Rückfrage der Station") && report.text.contains("anna"), "{}", report.text);
    bed.clock.fetch_add(16 * 60 * 1_000_000, Ordering::Relaxed);
    assert_eq!(bed.get("/messages/1", &anna).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_program_comes_in_with_a_token_alone() {
    let bed = Bed::new();
    let anna = bed.enter("anna", "operator").await;
    let token = bed.token(&anna).await;
    let fields = [
        ("form", token.as_str()),
        ("what", "make"),
        ("title", "monitor"),
        ("right", "view-state"),
        ("days", "30"),
        ("password", GOOD),
    ];
    let page = bed.post("/account/tokens", &anna, &fields).await;
    let at = page.text.find("klinke_").unwrap();
    let secret = page.text[at..].split('<').next().unwrap().trim().to_owned();
    assert!(!bed.get("/account", &anna).await.text.contains(&secret), "it is shown once");
    let with = |secret: String, cookies: String, path: &'static str| {
        Request::get(path)
            .header("authorization", format!("Bearer {secret}"))
            .header("cookie", cookies)
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(bed.send(with(secret.clone(), String::new(), "/messages")).await.status, StatusCode::OK);
    assert_eq!(bed.send(with(secret.clone(), String::new(), "/account")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bed.send(with(secret.clone(), String::new(), "/audit")).await.status, StatusCode::FORBIDDEN);
    let wrong = format!("{}x", &secret[..secret.len() - 1]);
    assert_eq!(
        bed.send(with(wrong, anna.clone(), "/messages")).await.status,
        StatusCode::UNAUTHORIZED,
        "no second chance by a cookie"
    );
    let request = Request::post("/users").header("authorization", format!("Bearer {secret}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = bed.send(request.body(Body::from("form=&what=lock&name=anna")).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "forms are for people");
}

#[tokio::test]
async fn exports_hold_no_formula() {
    let bed = Bed::new();
    let anna = bed.enter("anna", "asked").await;
    let token = bed.token(&anna).await;
    let fields = [("form", token.as_str()), ("purpose", "=HYPERLINK(\"http://evil\")"), ("to", "/")];
    bed.post("/account/purpose", &anna, &fields).await;
    bed.get("/messages/1", &anna).await;
    let auditor = bed.enter("cora", "auditor").await;
    let table = bed.get("/audit/export?format=csv", &auditor).await;
    assert!(table.text.contains("\"'=HYPERLINK(\"\"http://evil\"\")\""), "{}", table.text);
    assert!(table.heads[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    let lines = bed.get("/audit/export?format=syslog", &auditor).await;
    assert!(lines.text.lines().all(|line| line.starts_with("<85>1 ")), "{}", lines.text);
}

#[tokio::test]
async fn who_goes_is_gone() {
    let bed = Bed::new();
    let anna = bed.enter("anna", "viewer").await;
    let token = bed.token(&anna).await;
    let answer = bed.post("/logout", &anna, &[("form", &token)]).await;
    assert_eq!(answer.place(), "/login");
    assert!(answer.heads[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(bed.get("/account", &anna).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_page_of_the_door_is_there_in_both_languages() {
    let bed = Bed::new();
    let boss = bed.enter("boss", "administrator").await;
    for (path, english, german) in [
        ("/login", "Log in", "Anmelden"),
        ("/welcome", "Welcome", "Willkommen"),
        ("/account", "Your account", "Ihr Konto"),
        ("/users", "Users", "Benutzer"),
        ("/audit", "Audit log", "Protokoll"),
        ("/audit/verify", "Is the audit log whole?", "Ist das Protokoll unversehrt?"),
        ("/audit/patient?patient=1", "Who has seen this patient?", "Wer hat diesen Patienten gesehen?"),
    ] {
        for (lang, words) in [("en", english), ("de", german)] {
            let mark = if path.contains('?') { '&' } else { '?' };
            let page = bed.get(&format!("{path}{mark}lang={lang}"), &boss).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(
                page.text.contains(words) && page.text.contains(&format!("<html lang=\"{lang}\"")),
                "{path} {lang}"
            );
            assert!(
                page.text.len() < 300_000
                    && !page.text.contains(" style=\"")
                    && !page.text.contains("onclick")
            );
        }
    }
}
