//! Log-in with a directory of others: OpenLDAP's `slapd`, started for the test with people and groups of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::is_there;
use crate::support::browser::{Answer, Browser};
use crate::support::{Serve, Site, klinke, wait_for};

const SLAPD: &str = "/usr/sbin/slapd";
const HERE: &str = "fünf Kühe im Garten";
const READER: &str = "liest mit und weiß nichts";

/// The directory; ended when it is dropped.
struct Directory {
    child: Child,
    folder: tempfile::TempDir,
    plain: u16,
    tls: u16,
    /// Where a referral within it leads to.
    trap: TcpListener,
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Directory {
    fn start() -> Option<Directory> {
        let mut trial = Command::new(SLAPD);
        trial.arg("-VV");
        if !is_there("slapd", trial) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let trap = TcpListener::bind("127.0.0.1:0").expect("a port");
        trap.set_nonblocking(true).expect("no waiting");
        certify(folder.path());
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::create_dir(at("db")).expect("a folder");
        std::fs::write(at("slapd.conf"), configuration(folder.path())).expect("written");
        std::fs::write(at("people.ldif"), people(trap.local_addr().expect("an address").port()))
            .expect("written");
        let loaded = Command::new(SLAPD)
            .args(["-T", "add", "-f", &at("slapd.conf"), "-l", &at("people.ldif")])
            .output();
        let loaded = loaded.expect("slapadd runs");
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        let (plain, tls) = (klinke_testkit::free_port(), klinke_testkit::free_port());
        let urls = format!("ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{tls}/");
        let mut command = Command::new(SLAPD);
        command.args(["-h", &urls, "-f", &at("slapd.conf"), "-d", "0"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("slapd starts");
        let directory = Directory { child, folder, plain, tls, trap };
        wait_for("slapd", || std::net::TcpStream::connect(("127.0.0.1", tls)).is_ok());
        Some(directory)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A site whose people are in it; `more` stands in `[console.ldap]`.
    fn site(&self, url: &str, more: &str) -> Site {
        let site = Site::to_partner(1, "");
        site.write("secrets/reader", READER);
        let node = std::fs::read_to_string(site.folder().join("klinke.toml")).expect("klinke.toml");
        let authorities = self.file("authority.pem").display().to_string();
        let tls = if more.contains("tls = {") {
            String::new()
        } else {
            format!("tls = {{ authorities = \"{authorities}\" }}\n")
        };
        site.write(
            "klinke.toml",
            &format!(
                "{node}\n[console]\nlisten = \"127.0.0.1:0\"\n[console.ldap]\ntitle = \"Haus-Verzeichnis\"\nurl = \"{url}\"\n\
                 base = \"dc=kh,dc=example\"\ncalled = \"cn\"\ngroup-base = \"ou=groups,dc=kh,dc=example\"\n{tls}{more}\
                 [console.ldap.roles]\noperator = [\"cn=integration,ou=groups,dc=kh,dc=example\"]\n\
                 viewer = [\"cn=wards,ou=groups,dc=kh,dc=example\"]\n"
            ),
        );
        site.klinke("check", &[]).ended(0);
        site
    }

    fn ldaps(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls)
    }

    fn starttls(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.plain)
    }
}

const BY_READER: &str = "reader = \"cn=reader,dc=kh,dc=example\"\nsecret = { file = \"secrets/reader\" }\n";
const BY_NAME: &str = "bind = \"uid={name},ou=people,dc=kh,dc=example\"\nstarttls = true\n";

/// A certificate for 127.0.0.1, and who vouches for it; and another one who does not.
fn certify(folder: &Path) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let authority = || {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        (params.self_signed(&key).expect("a certificate"), Issuer::new(params, key))
    };
    let (certificate, issuer) = authority();
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let own = own.signed_by(&key, &issuer).expect("a certificate");
    let files = [
        ("authority.pem", certificate.pem()),
        ("stranger.pem", authority().0.pem()),
        ("own.pem", own.pem()),
        ("own.key", key.serialize_pem()),
    ];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("written");
    }
}

fn configuration(folder: &Path) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    let schemas =
        ["core", "cosine", "inetorgperson"].map(|name| format!("include /etc/ldap/schema/{name}.schema\n"));
    format!(
        "{}modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {}\nTLSCertificateFile {}\nTLSCertificateKeyFile {}\n\
         TLSCACertificateFile {}\nsecurity simple_bind=128\ndatabase mdb\nsuffix dc=kh,dc=example\ndirectory {}\nmaxsize 10485760\n\
         access to attrs=userPassword by anonymous auth by * none\naccess to * by users read by * none\n",
        schemas.concat(),
        at("slapd.pid"),
        at("own.pem"),
        at("own.key"),
        at("authority.pem"),
        at("db"),
    )
}

fn people(trap: u16) -> String {
    let person = |uid: &str, cn: &str| {
        format!(
            "dn: uid={uid},ou=people,dc=kh,dc=example\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {cn}\nsn: {cn}\n\
             userPassword:: {}\n\n",
            BASE64_STANDARD.encode(HERE),
        )
    };
    let group = |cn: &str, member: &str| {
        format!(
            "dn: cn={cn},ou=groups,dc=kh,dc=example\nobjectClass: groupOfNames\ncn: {cn}\n\
             member: uid={member},ou=people,dc=kh,dc=example\n\n"
        )
    };
    [
        "dn: dc=kh,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: KH\ndc: kh\n\n".to_owned(),
        format!("dn: cn=reader,dc=kh,dc=example\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword:: {}\n\n", BASE64_STANDARD.encode(READER)),
        "dn: ou=people,dc=kh,dc=example\nobjectClass: organizationalUnit\nou: people\n\n".to_owned(),
        "dn: ou=groups,dc=kh,dc=example\nobjectClass: organizationalUnit\nou: groups\n\n".to_owned(),
        format!(
            "dn: ou=elsewhere,dc=kh,dc=example\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n\
             ref: ldap://127.0.0.1:{trap}/ou=people,dc=kh,dc=example\n\n"
        ),
        person("anna", "Anna Muster"),
        person("bert", "Bert Muster"),
        person("cora", "Cora Muster"),
        person("boss", "Boss Muster"),
        group("integration", "anna"),
        group("wards", "bert"),
        group("everybody", "cora"),
    ]
    .concat()
}

fn log_in(serve: &Serve<'_>, from: u8, name: &str, password: &str) -> (Browser, Answer) {
    let mut browser = Browser::fresh(serve, from);
    let answer = browser.submit("/login", "/login", &[("name", name), ("password", password)]);
    (browser, answer)
}

fn account(site: &Site, name: &str) -> Value {
    let all = klinke(&["--json", "people", "list", site.path()]).json();
    all.as_array().expect("a list").iter().find(|one| one["name"] == name).cloned().unwrap_or_default()
}

#[test]
fn slapd_lets_people_in_with_the_role_of_their_group() {
    let Some(directory) = Directory::start() else { return };
    for (url, how) in [(directory.ldaps(), BY_READER), (directory.starttls(), BY_NAME)] {
        let site = directory.site(&url, how);
        let serve = site.serve();
        let (mut anna, answer) = log_in(&serve, 1, "Anna", HERE);
        assert_eq!(answer.status, 303, "{how}: {}\n{}", answer.body, serve.log());
        let page = anna.get("/account").ended(200).body;
        assert!(page.contains("Anna Muster") && page.contains("Haus-Verzeichnis"), "{page}");
        let kept = account(&site, "anna");
        assert_eq!((&kept["roles"], &kept["factors"]), (&json!(["operator"]), &json!(["ldap"])));
        log_in(&serve, 2, "bert", HERE).1.ended(303);
        assert_eq!(account(&site, "bert")["roles"], json!(["viewer"]));
        log_in(&serve, 3, "cora", HERE).1.ended(403);
        assert_eq!(account(&site, "cora"), Value::Null, "none of her groups has a role");
        // A password is kept nowhere, and reaches no log.
        let journal = std::fs::read(site.folder().join("data/journal.db")).expect("the journal");
        let has = |text: &str| journal.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!has(HERE) && !serve.log().contains(HERE) && !serve.log().contains(READER));
        assert!(directory.trap.accept().is_err(), "a referral was followed");
        assert_eq!(serve.stop(), 0);
    }
}

#[test]
fn slapd_opens_nothing_to_who_guesses_or_asks_in_its_own_language() {
    let Some(directory) = Directory::start() else { return };
    for (at, (url, how)) in
        [(directory.ldaps(), BY_READER), (directory.starttls(), BY_NAME)].into_iter().enumerate()
    {
        let site = directory.site(&url, how);
        let serve = site.serve();
        let boss = Browser::enter(&serve, &site, "boss", "administrator");
        let tries = [
            ("anna", "falsch falsch falsch"),
            ("anna", ""),
            ("nobody", HERE),
            ("*", HERE),
            ("a*", HERE),
            ("anna)(objectClass=*", HERE),
            ("anna\0", HERE),
            ("uid=anna,ou=people,dc=kh,dc=example", HERE),
            ("reader", READER),
            ("", ""),
            // Somebody of that name proves themselves here: the directory's password does not open it.
            ("boss", HERE),
        ];
        for (number, (name, password)) in tries.iter().enumerate() {
            let (mut browser, answer) = log_in(&serve, (10 + 20 * at + number) as u8, name, password);
            assert_eq!(answer.status, 401, "{name} {password}: {}", answer.body);
            assert_eq!(browser.get("/account").status, 303, "{name}");
        }
        assert_eq!(account(&site, "boss")["factors"], json!(["password"]));
        log_in(&serve, 60, "boss", "vier Pferde im Regen").1.ended(303);
        drop(boss);
        assert_eq!(serve.stop(), 0);
    }
}

/// The time of a refused log-in does not tell which names have an account here, nor whom the directory knows.
#[test]
fn slapd_takes_as_long_for_whom_it_does_not_know() {
    let Some(directory) = Directory::start() else { return };
    let site = directory.site(&directory.ldaps(), BY_READER);
    let serve = site.serve();
    Browser::enter(&serve, &site, "boss", "administrator");
    log_in(&serve, 1, "anna", HERE).1.ended(303);
    let times = ["boss", "anna", "bert", "nobody"].map(|name| {
        let mut browser = Browser::fresh(&serve, 70);
        let token = browser.get("/login").ended(200).field("form");
        let begun = std::time::Instant::now();
        browser.post("/login", &[("form", &token), ("name", name), ("password", "falsch falsch")]).ended(401);
        begun.elapsed()
    });
    let (least, most) = (times.iter().min().expect("times"), times.iter().max().expect("times"));
    assert!(*least >= Duration::from_secs(1) && *most - *least < Duration::from_millis(400), "{times:?}");
}

#[test]
fn a_directory_that_can_not_be_asked_keeps_nobody_else_out() {
    let Some(directory) = Directory::start() else { return };
    let stranger = directory.file("stranger.pem").display().to_string();
    let more = format!("{BY_READER}tls = {{ authorities = \"{stranger}\" }}\n");
    let site = directory.site(&directory.ldaps(), &more);
    let serve = site.serve();
    Browser::enter(&serve, &site, "boss", "administrator");
    let (_, answer) = log_in(&serve, 1, "anna", HERE);
    assert_eq!(answer.status, 503, "its certificate is a stranger's: {}", answer.body);
    assert!(answer.body.contains("Haus-Verzeichnis") && serve.log().contains("the directory can't be asked"));
    assert!(!serve.log().contains(HERE) && !serve.log().contains(READER), "{}", serve.log());
    // The same to somebody whose account is here: nobody learns which those are.
    log_in(&serve, 2, "boss", "falsch falsch falsch").1.ended(503);
    log_in(&serve, 3, "boss", "vier Pferde im Regen").1.ended(303);
    assert_eq!(serve.stop(), 0);
    let site = directory.site("ldap://127.0.0.1:1", BY_NAME);
    let serve = site.serve();
    log_in(&serve, 1, "anna", HERE).1.ended(503);
    // A password goes over no open line: slapd itself asks for TLS here, and we do so everywhere else.
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).expect("klinke.toml");
    let open = node.replace("ldap://127.0.0.1:1", "ldap://ldap.kh.example").replace("starttls = true\n", "");
    site.write("klinke.toml", &open);
    let said = site.klinke("check", &[]).ended(1).out;
    assert!(said.contains("ldaps://"), "{said}");
}
