//! Only what is signed by somebody of the site's list goes live: with real keys of ssh-keygen and gpg.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::deploy::{deployed, followed, git, marked, wait_live};
use crate::support::Site;
use crate::support::adt;
use crate::support::partner::{Line, Sink};

/// True when a tool is there; says aloud when it is not.
#[allow(clippy::print_stderr, reason = "a test that does not run says so")]
fn is_there(tool: &str) -> bool {
    // ssh-keygen knows no option that only asks for its version.
    let there = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
    let there = there.is_ok_and(|output| output.status.success());
    if !there {
        let text = format!("{tool} is not installed: its test DID NOT RUN");
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
        eprintln!("{text}");
    }
    there
}

/// A new key of SSH; gives its file.
fn key(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
        .arg(&file)
        .output()
        .expect("ssh-keygen runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    file
}

fn allowed(site: &Site, names: &[(&str, &Path)]) {
    let line = |(who, key): &(&str, &Path)| {
        let public = std::fs::read_to_string(key.with_extension("pub")).expect("a public key");
        format!("{who} namespaces=\"git\" {public}")
    };
    site.write("data/signers", &names.iter().map(line).collect::<String>());
}

fn verifies(site: &Site, how: &str) {
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).expect("klinke.toml");
    site.write("klinke.toml", &format!("{node}verify = {{ {how} }}\n"));
}

/// Commits another mark, signed by a key or by nobody.
fn commit(site: &Site, text: &str, key: Option<&Path>) -> String {
    let channel = crate::support::channel(&crate::deploy::steps(text));
    site.write("channels/adt.toml", &channel);
    let example = String::from_utf8(adt("EX1", "1")).expect("text");
    site.write("examples/adt/a.ris.hl7", &example.replace("|RIS|KH|", &format!("|RIS|{text}|")));
    git(site, &["add", "--all"]);
    match key {
        None => git(site, &["commit", "--quiet", "--no-gpg-sign", "-m", text]),
        Some(key) => {
            let key = format!("user.signingKey={}", key.display());
            git(site, &["-c", "gpg.format=ssh", "-c", &key, "commit", "--quiet", "-S", "-m", text])
        }
    };
    git(site, &["rev-parse", "HEAD"])
}

#[test]
fn commits_and_tags_of_allowed_signers_go_live_and_no_others() {
    if !is_there("ssh-keygen") {
        return;
    }
    let sink = Sink::open();
    let (site, _) = followed(&sink);
    let keys = tempfile::tempdir().expect("a folder");
    let (anna, mallory) = (key(keys.path(), "anna"), key(keys.path(), "mallory"));
    verifies(&site, "ssh = \"data/signers\"");
    allowed(&site, &[("anna@kh.example", &anna)]);
    // The first start already takes nothing that is not signed.
    let refused = site.klinke("serve", &[]);
    assert!(refused.code != 0 && refused.err.contains("does not go live"), "{}", refused.err);
    let first = commit(&site, "ONE", Some(&anna));
    let serve = site.serve();
    wait_live(&serve, &site, &first);
    let mut line = Line::open(&serve.address("adt"));
    let mut came = 0;
    let mut mark = || {
        came += 1;
        line.send(&adt(&format!("M{came}"), "1")).expect("the connection lives");
        marked(&sink, came)
    };
    let told = |commit: &str| {
        serve.wait_for("the refusal", || deployed(&site)["refused"]["revision"] == commit);
        deployed(&site)["refused"]["faults"][0].as_str().expect("a fault").to_owned()
    };

    let unsigned = commit(&site, "TWO", None);
    let why = told(&unsigned);
    assert!(why.contains("is signed by a key of the file of allowed signers data/signers"), "{why}");
    assert_eq!(mark(), "ONE");
    let by_another = commit(&site, "THREE", Some(&mallory));
    told(&by_another);
    assert_eq!(mark(), "ONE");
    // Neither deploy nor a trial nor going back leads around it.
    for run in [
        site.klinke("deploy", &[&by_another]),
        site.klinke("rollback", &[&unsigned, "--reason", "x"]),
        site.klinke("shadow", &["--channel", "adt", "--against", &by_another]),
        site.klinke("canary", &["--channel", "adt", "--against", &by_another, "--share", "100%"]),
    ] {
        assert!(run.code != 0 && (run.out + &run.err).contains("is signed by a key"), "one way goes around");
    }
    let other = Site::to_partner(sink.port, &crate::deploy::steps("FOLDER"));
    let folder =
        site.klinke("canary", &["--channel", "adt", "--against", other.path(), "--share", "100%"]).ended(2);
    assert!(folder.err.contains("signed by nobody"), "{}", folder.err);
    assert_eq!(mark(), "ONE");

    // A tag of somebody who may vouches for a commit that is signed by nobody; one of another does not.
    let tag = |key: &Path, name: &str, commit: &str| {
        let key = format!("user.signingKey={}", key.display());
        git(&site, &["-c", "gpg.format=ssh", "-c", &key, "tag", "-s", "-m", name, name, commit]);
    };
    tag(&mallory, "evil", &by_another);
    site.klinke("deploy", &[&by_another]).ended(1);
    tag(&anna, "v4", &by_another);
    site.klinke("deploy", &[&by_another]).ended(0);
    wait_live(&serve, &site, &by_another);
    assert_eq!(mark(), "THREE");

    // Who is taken off the list brings nothing more to life; what runs goes on, also over a restart.
    allowed(&site, &[("mallory@kh.example", &mallory)]);
    site.klinke("deploy", &[]).ended(0);
    let no_more = commit(&site, "FIVE", Some(&anna));
    told(&no_more);
    std::fs::remove_file(site.folder().join("data/signers")).expect("removed");
    let no_list = commit(&site, "SIX", Some(&anna));
    assert!(told(&no_list).contains("can't be read"), "{}", told(&no_list));
    drop(line);
    serve.stop();
    let serve = site.serve();
    assert_eq!(deployed(&site)["revision"], by_another.as_str());
    serve.stop();
}

#[test]
fn keys_of_gnupg_count_where_the_site_says_so_and_those_of_ssh_do_not() {
    if !is_there("gpg") || !is_there("ssh-keygen") {
        return;
    }
    let sink = Sink::open();
    let (site, _) = followed(&sink);
    let keys = tempfile::tempdir().expect("a folder");
    let home = |name: &str| {
        use std::os::unix::fs::PermissionsExt;
        let folder = keys.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("rights");
        folder
    };
    let gpg = |home: &Path, arguments: &[&str]| {
        let done = Command::new("gpg")
            .arg("--homedir")
            .arg(home)
            .args(["--batch", "--quiet"])
            .args(arguments)
            .output();
        let done = done.expect("gpg runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    let (anna, mallory, list) = (home("anna"), home("mallory"), home("list"));
    let make = |home: &Path, who: &str| {
        gpg(home, &["--passphrase", "", "--quick-generate-key", who, "ed25519", "sign", "never"]);
    };
    make(&anna, "anna@kh.example");
    make(&mallory, "mallory@kh.example");
    let public = keys.path().join("anna.asc");
    std::fs::write(&public, gpg(&anna, &["--armor", "--export", "anna@kh.example"])).expect("written");
    gpg(&list, &["--import", public.to_str().expect("UTF-8")]);
    verifies(&site, &format!("gpg = \"{}\"", list.display()));
    let signed = |text: &str, home: &Path, who: &str| {
        site.write("tables/mark.csv", &format!("from,to\n{text},{text}\n"));
        git(&site, &["add", "--all"]);
        let author = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", site.path()];
        let key = format!("user.signingKey={who}");
        let done = Command::new("git")
            .args(author)
            .args(["-c", &key, "commit", "--quiet", "-S", "-m", text])
            .env("GNUPGHOME", home)
            .output()
            .expect("git runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        git(&site, &["rev-parse", "HEAD"])
    };
    let first = signed("one", &anna, "anna@kh.example");
    let serve = site.serve();
    wait_live(&serve, &site, &first);
    let by_another = signed("two", &mallory, "mallory@kh.example");
    serve.wait_for("the refusal", || deployed(&site)["refused"]["revision"] == by_another.as_str());
    // A key of SSH that is somebody's is not one of this list, whatever git knows of it.
    let ssh = key(keys.path(), "ssh");
    allowed(&site, &[("anna@kh.example", &ssh)]);
    let signers = site.folder().join("data/signers").display().to_string();
    git(&site, &["config", "gpg.ssh.allowedSignersFile", &signers]);
    let by_ssh = commit(&site, "THREE", Some(&ssh));
    serve.wait_for("the refusal", || deployed(&site)["refused"]["revision"] == by_ssh.as_str());
    assert_eq!(deployed(&site)["revision"], first.as_str());
    let again = signed("four", &anna, "anna@kh.example");
    wait_live(&serve, &site, &again);
    serve.stop();
    for home in [&anna, &mallory, &list] {
        let _ = Command::new("gpgconf").arg("--homedir").arg(home).args(["--kill", "all"]).output();
    }
}
