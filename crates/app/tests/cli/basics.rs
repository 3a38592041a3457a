//! The verbs that need no running site.

use crate::support::partner::Sink;
use crate::support::{Site, adt, klinke, klinke_with, program};
use klinke_hl7v2::ack::Code;

#[test]
fn a_new_site_is_sound_and_passes_its_own_example() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("hospital");
    let path = site.to_str().expect("UTF-8");
    let run = klinke(&["new", path]).ended(0);
    assert!(run.out.contains(&format!("klinke serve {path}")), "{}", run.out);
    klinke(&["check", path]).ended(0);
    let run = klinke(&["test", path]).ended(0);
    assert_eq!(run.out, "✓ examples/adt-to-ris/a01.hl7\n1 as expected, 0 not\n");
    for file in [".gitignore", "lib/klinke.d.ts", ".schema/channel.schema.json"] {
        assert!(site.join(file).is_file(), "{file}");
    }
    let run = klinke(&["new", path]).ended(2);
    assert_eq!(run.err, format!("klinke: {path} is a site already\n"));
}

#[test]
fn an_example_that_differs_is_shown_by_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hospital");
    let path = path.to_str().expect("UTF-8");
    klinke(&["new", path]).ended(0);
    let table = format!("{path}/tables/wards.csv");
    std::fs::write(&table, "from,to\nCHI1,Surgery\n").expect("written");
    let run = klinke(&["test", path]).ended(1);
    assert!(
        run.out.contains("ris: PV1-3: expected \"Chirurgie 1^12^2^KH\", came \"Surgery^12^2^KH\""),
        "{}",
        run.out
    );
    assert!(run.out.ends_with("0 as expected, 1 not\n"), "{}", run.out);
    klinke(&["test", path, "--update"]).ended(0);
    klinke(&["test", path]).ended(0);
    let json = klinke(&["--json", "test", path]).ended(0).json();
    assert_eq!(json[0]["passed"], true);
}

#[test]
fn explain_says_it_in_words_and_by_its_exit_status() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a08.hl7");
    std::fs::write(&file, adt("MSG1", "4711")).expect("written");
    let file = file.to_str().expect("UTF-8");
    let english = klinke(&["explain", file]);
    assert!(english.code < 2, "{}", english.err);
    assert!(english.out.contains("Berta Beispiel") && english.out.contains("PID-5"), "{}", english.out);
    let german = klinke(&["explain", "--lang", "de", "--short", file]);
    assert_ne!(german.out, english.out);
    assert!(german.out.contains("4711") && !german.out.contains("PID-5"), "{}", german.out);
    let by_environment = program().args(["explain", "--short", file]).env("LANG", "de_DE.UTF-8").output();
    assert_eq!(String::from_utf8_lossy(&by_environment.expect("runs").stdout), german.out);
    let piped = klinke_with(&["explain", "-"], &adt("MSG1", "4711"));
    assert_eq!(piped.out, english.out);
    assert!(klinke(&["--json", "explain", file]).json()["summary"].is_string());
    let run = klinke_with(&["explain", "-"], b"Dear colleague, the patient Beispiel").ended(3);
    assert!(run.out.is_empty() && run.err.contains("no HL7"), "{}{}", run.out, run.err);
    assert!(!run.err.contains("Beispiel"), "{}", run.err);
    let odd = String::from_utf8(adt("MSG1", "4711")).expect("UTF-8").replace("19640812", "19641399");
    klinke_with(&["explain", "-"], odd.as_bytes()).ended(1);
    klinke(&["explain", "no/such/file"]).ended(2);
}

#[test]
fn send_and_listen_talk_to_each_other() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept");
    for (answer, code, word) in [
        ("AA", 0, "AA accepted"),
        ("AE", 1, "AE not accepted"),
        ("AR", 1, "AR not accepted"),
        ("CA", 0, "CA accepted"),
        ("late:50ms", 0, "AA accepted"),
        ("wrong", 1, "answers another message"),
    ] {
        let mut listen = program();
        listen.args(["listen", "0", "--answer", answer, "--count", "2", "--save"]).arg(&kept);
        let mut listen = listen.stdout(std::process::Stdio::piped()).spawn().expect("klinke runs");
        let mut lines = BufReader::new(listen.stdout.take().expect("standard output")).lines();
        let first = lines.next().expect("a line").expect("text");
        let address = first.strip_prefix("listening on ").expect("an address");
        let run = klinke_with(&["send", address, "-", "--count", "2"], &adt("MSG1", "4711")).ended(code);
        assert!(run.out.contains("MSG1") && run.out.contains(word), "{answer}: {}", run.out);
        assert!(listen.wait().expect("waited").success());
        assert_eq!(lines.map_while(Result::ok).count(), 2);
    }
    assert_eq!(std::fs::read(kept.join("000001.hl7")).expect("kept"), adt("MSG1", "4711"));
    for (behaviour, said) in [("never", "no answer within 0.2 s"), ("close", "closed before an answer came")]
    {
        let mut listen = program();
        listen.args(["listen", "0", "--answer", behaviour, "--for", "2s"]);
        let mut listen = listen.stdout(std::process::Stdio::piped()).spawn().expect("klinke runs");
        let mut first = String::new();
        BufReader::new(listen.stdout.take().expect("standard output")).read_line(&mut first).expect("a line");
        let address = first.trim().strip_prefix("listening on ").expect("an address");
        let run = klinke_with(&["send", address, "-", "--timeout", "200ms"], &adt("MSG1", "4711")).ended(2);
        assert!(run.err.contains(said), "{}", run.err);
        listen.kill().expect("killed");
        listen.wait().expect("waited");
    }
}

#[test]
fn send_takes_several_messages_of_one_file() {
    let sink = Sink::open();
    let two = [adt("A", "1"), adt("B", "2")].concat();
    let two = String::from_utf8(two).expect("UTF-8").replace('\r', "\n");
    let run =
        klinke_with(&["--json", "send", &format!("127.0.0.1:{}", sink.port), "-"], two.as_bytes()).ended(0);
    let controls: Vec<_> =
        run.json().as_array().expect("a list").iter().map(|one| one["control"].clone()).collect();
    assert_eq!(controls, ["A", "B"]);
    assert_eq!(sink.arrivals(), [adt("A", "1"), adt("B", "2")]);
    sink.answer(Some(Code::ApplicationReject));
    klinke_with(&["send", &format!("127.0.0.1:{}", sink.port), "-"], two.as_bytes()).ended(1);
    let run = klinke_with(&["send", "127.0.0.1:1", "-"], two.as_bytes()).ended(2);
    assert!(run.err.contains("127.0.0.1:1"), "{}", run.err);
}

#[test]
fn schemas_completions_and_man_pages_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let run = klinke(&["schema", path]).ended(0);
    for line in run.out.lines() {
        let text = std::fs::read_to_string(line).expect("written");
        let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert!(
            schema["$schema"].is_string() && schema["properties"].is_object()
                || schema["additionalProperties"].is_object(),
            "{line}"
        );
    }
    assert!(run.out.lines().count() >= 3, "{}", run.out);
    for shell in ["bash", "zsh", "fish"] {
        let run = klinke(&["completions", shell]).ended(0);
        assert!(run.out.contains("klinke") && run.out.contains("messages"), "{shell}");
    }
    let man = folder.path().join("man");
    klinke(&["man".as_ref(), man.as_os_str()]).ended(0);
    for page in ["klinke.1", "klinke-serve.1", "klinke-messages-search.1"] {
        assert!(man.join(page).is_file(), "{page}");
    }
}

#[test]
fn each_verb_has_help_with_an_example() {
    let help = klinke(&["--help"]).ended(0).out;
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    for verb in [
        "new",
        "check",
        "serve",
        "test",
        "explain",
        "send",
        "listen",
        "messages",
        "trace",
        "queue",
        "status",
        "backup",
        "restore",
        "verify",
        "prune",
        "demo",
        "completions",
        "man",
        "schema",
    ] {
        assert!(verbs.contains(&verb), "{verb} is missing");
    }
    for verb in verbs {
        let run = klinke(&[verb, "--help"]).ended(0);
        assert!(
            run.out.contains("Example") && run.out.contains(&format!("klinke {verb}")),
            "{verb}: {}",
            run.out
        );
    }
    klinke(&["no-such-verb"]).ended(2);
}

#[test]
fn help_is_german_where_german_is_asked_for() {
    let asked_by_environment = |words: &[&str]| {
        let output = program().env("LANG", "de_DE.UTF-8").args(words).output().expect("klinke runs");
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let helps = [
        klinke(&["--lang", "de", "help"]).ended(0).out,
        klinke(&["messages", "search", "--help", "--lang=de"]).ended(0).out,
        asked_by_environment(&["messages", "--help"]),
        asked_by_environment(&["help", "queue", "hold"]),
        asked_by_environment(&["completions", "-h"]),
    ];
    for help in helps {
        assert!(help.contains("Aufruf: klinke") && help.contains("Optionen:"), "{help}");
        for english in [
            "Usage",
            "Options:",
            "OPTIONS",
            "Commands:",
            "COMMAND",
            "Arguments:",
            "Print",
            "default",
            "env:",
            "possible",
            "Example",
            "Exit status",
        ] {
            assert!(!help.contains(english), "{english} in:\n{help}");
        }
    }
    let fault = klinke(&["--lang", "de", "messages", ".", "sho"]).ended(2).err;
    assert!(
        fault.contains("Fehler: ") && fault.contains("show") && fault.contains("Aufruf: klinke messages"),
        "{fault}"
    );
    // Completions and man pages are English in every surrounding.
    assert!(!asked_by_environment(&["completions", "fish"]).contains("Zeigt"));
}

#[test]
fn the_demo_ends_with_balanced_books_and_leaves_its_site() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("demo");
    let path = site.to_str().expect("UTF-8");
    let run = klinke(&["demo", "--for", "4s", "--site", path]).ended(0);
    assert!(run.out.contains("The books balance: every message is accounted for."), "{}", run.out);
    assert!(
        run.out.contains("radiology is switched off") && run.out.contains("begins it anew"),
        "{}",
        run.out
    );
    klinke(&["check", path]).ended(0);
    klinke(&["verify", path]).ended(0);
    let status = klinke(&["--json", "status", path]).json();
    assert!(status["channels"].as_array().expect("channels").iter().all(|one| one["balances"] == true));
    klinke(&["messages", path, "search", "--patient", "700012"]).ended(0);
}

#[test]
fn a_site_that_never_ran_says_so() {
    let site = Site::new();
    let run = site.klinke("status", &[]).ended(2);
    assert!(run.err.contains("the site has not run yet"), "{}", run.err);
}
