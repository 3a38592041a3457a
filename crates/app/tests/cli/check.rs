//! `klinke check`: each fault with its file, line and column, and the nearest right word.

use crate::support::{Site, klinke};

const KLINKE: &str = "name = \"T\"\n";
const SYSTEMS: &str = "[kis]\ntitle = \"KIS\"\n[ris]\nmllp = \"127.0.0.1:1\"\n";
const CHANNEL: &str = r#"title = "X"
[source]
mllp = { listen = "127.0.0.1:0", from = "kis" }
[[step]]
only = { "MSH-9.1" = ["ADT"] }
[[step]]
lookup = { field = "PV1-3.1", table = "wards", missing = "keep" }
[[step]]
script = "a.ts"
[[destination]]
to = "ris"
retry = { first = "1s", most = "2s" }
on = { AE = "retry" }
"#;
const SCRIPT: &str = "export default (msg: Message) => { return msg; };\n";
const TABLE: &str = "from,to\nA,B\n";

const FILES: [(&str, &str); 5] = [
    ("klinke.toml", KLINKE),
    ("systems.toml", SYSTEMS),
    ("channels/adt.toml", CHANNEL),
    ("channels/a.ts", SCRIPT),
    ("tables/wards.csv", TABLE),
];

/// A site that is sound but for one change to one file.
fn spoiled(file: &str, right: &str, wrong: &str) -> Site {
    let site = Site::new();
    for (name, text) in FILES {
        let text = match name == file {
            true => {
                assert!(text.contains(right), "{file} has no {right:?}");
                text.replacen(right, wrong, 1)
            }
            false => text.to_owned(),
        };
        site.write(name, &text);
    }
    site
}

/// The faults of such a site.
fn faults(file: &str, right: &str, wrong: &str) -> String {
    let run = spoiled(file, right, wrong).klinke("check", &[]).ended(1);
    let (faults, last) = run.out.trim_end().rsplit_once('\n').expect("faults and a summary");
    assert!(last.ends_with("fault") || last.ends_with("faults"), "{last}");
    faults.to_owned()
}

/// Asserts on each: what is right, what stands instead, and what is said.
#[track_caller]
fn assert_faults(file: &str, cases: &[(&str, &str, &str)]) {
    for (right, wrong, said) in cases {
        assert_eq!(&faults(file, right, wrong), said, "{file}: {wrong}");
    }
}

#[test]
fn a_sound_site_is_sound() {
    let site = spoiled("klinke.toml", "T", "T");
    let run = site.klinke("check", &[]).ended(0);
    assert_eq!(run.out, "all is well: 1 channels\n");
    assert_eq!(klinke(&["check", "--lang", "de", site.path()]).out, "alles in Ordnung: 1 Kanäle\n");
    assert_eq!(site.json("check", &[])["faults"], serde_json::json!([]));
}

#[test]
fn wrong_keys_of_the_node_are_named_with_the_nearest_right_one() {
    let after = |text: &str| format!("name = \"T\"\n{text}");
    assert_faults(
        "klinke.toml",
        &[
            ("name", "nmae", "klinke.toml:1:1: the key `nmae` does not exist; did you mean `name`?"),
            (
                KLINKE,
                &after("[stroe]\npath = \"x\"\n"),
                "klinke.toml:2:2: the key `stroe` does not exist; did you mean `store`?",
            ),
            (
                KLINKE,
                &after("[store]\npaht = \"x\"\n"),
                "klinke.toml:3:1: the key `paht` does not exist; did you mean `path`?",
            ),
        ],
    );
}

#[test]
fn wrong_values_of_the_node_are_named_where_they_stand() {
    let after = |text: &str| format!("name = \"T\"\n{text}\n");
    assert_faults(
        "klinke.toml",
        &[
            ("\"T\"", "3", "klinke.toml:1:1: invalid type: integer `3`, expected a string"),
            ("\"T\"", "\"T", "klinke.toml:1:10: invalid basic string, expected `\"`"),
            (
                KLINKE,
                &after("zone = \"Europe/Berln\""),
                "klinke.toml:2:1: there is no time zone `Europe/Berln`; write Europe/Berlin",
            ),
            (
                KLINKE,
                &after("search = [\"OBR-\"]"),
                "klinke.toml:2:1: `OBR-`: path, character 5: a number from 1 is expected",
            ),
            (
                KLINKE,
                &after("[log]\nlevel = \"inf\""),
                "klinke.toml:3:1: `inf` is not known; did you mean `info`?",
            ),
            (KLINKE, &after("[log]\nformat = \"xml\""), "klinke.toml:3:1: `xml` is none of text, json"),
            (
                KLINKE,
                &after("[store]\nreserve = \"12 parsecs\""),
                "klinke.toml:3:1: \"12 parsecs\" is no size: write 500B, 64KiB, 70MB or 1GiB",
            ),
        ],
    );
}

#[test]
fn faults_of_systems_are_named() {
    assert_faults(
        "systems.toml",
        &[
            ("title", "titel", "systems.toml:2:1: the key `titel` does not exist; did you mean `title`?"),
            ("mllp", "mlpp", "systems.toml:4:1: the key `mlpp` does not exist; did you mean `mllp`?"),
            (
                "127.0.0.1:1",
                "127.0.0.1",
                "systems.toml:4:1: \"127.0.0.1\" is no address: write host:port or a port alone",
            ),
            (
                "\"127.0.0.1:1\"",
                "{ adress = \"127.0.0.1:1\" }",
                "systems.toml:4:10: the key `adress` does not exist; did you mean `address`?",
            ),
            (
                "title = \"KIS\"",
                "charset = \"8859/77\"",
                "systems.toml:2:1: `8859/77` is no character set; write 8859/1 or UNICODE UTF-8",
            ),
        ],
    );
}

#[test]
fn faults_of_a_source_are_named() {
    let file = "channels/adt.toml";
    assert_faults(
        file,
        &[
            (
                "title",
                "titel",
                "channels/adt.toml:1:1: the key `titel` does not exist; did you mean `title`?",
            ),
            (
                "[source]",
                "[sorce]",
                "channels/adt.toml:2:2: the key `sorce` does not exist; did you mean `source`?",
            ),
            ("mllp", "mllpp", "channels/adt.toml:3:1: the key `mllpp` does not exist; did you mean `mllp`?"),
            (
                "listen",
                "lisen",
                "channels/adt.toml:3:10: the key `lisen` does not exist; did you mean `listen`?",
            ),
            ("\"kis\"", "\"ksi\"", "channels/adt.toml:3:34: systems.toml has no `ksi`; did you mean `kis`?"),
            (
                "127.0.0.1:0",
                "127.0.0.1:x",
                "channels/adt.toml:3:10: \"127.0.0.1:x\" is no address: write host:port or a port alone",
            ),
            (
                "[[step]]\nonly",
                "akc = \"stored\"\n[[step]]\nonly",
                "channels/adt.toml:4:1: the key `akc` does not exist; did you mean `ack`?",
            ),
            (
                "[[step]]\nonly",
                "ack = \"strored\"\n[[step]]\nonly",
                "channels/adt.toml:4:1: `strored` is not known; did you mean `stored`?",
            ),
            (
                "mllp = {",
                "file = { folder = \"in\" }\nmllp = {",
                "channels/adt.toml:2:2: a channel has one source; make another channel",
            ),
        ],
    );
    assert!(
        faults(file, "title = \"X\"", "format = \"hl7\"").contains("there are bytes, dicom, hl7v2, text")
    );
}

#[test]
fn faults_of_steps_are_named() {
    let before = |step: &str| format!("[[step]]\n{step}\n[[step]]\nonly");
    assert_faults(
        "channels/adt.toml",
        &[
            ("only", "onyl", "channels/adt.toml:5:1: this step does not exist; did you mean `only`?"),
            (
                "\"MSH-9.1\"",
                "\"MSH-9.1.1.1\"",
                "channels/adt.toml:5:10: path, character 10: not expected here",
            ),
            ("field", "feild", "channels/adt.toml:7:12: this key does not exist; did you mean `field`?"),
            (
                "\"wards\"",
                "\"wrads\"",
                "channels/adt.toml:7:31: there is no table `wrads`; did you mean `wards`?",
            ),
            (
                "\"keep\"",
                "\"keeep\"",
                "channels/adt.toml:7:48: `keeep` is none of keep, empty, default, fail",
            ),
            (
                "\"a.ts\"",
                "\"b.ts\"",
                "channels/adt.toml:9:1: there is no script `channels/b.ts`; did you mean `a.ts`?",
            ),
            (
                "[[step]]\nonly",
                &before("set = { \"PID-2\" = \"{PID-3.1|uper}\" }"),
                "channels/adt.toml:5:9: there is no function `uper`; did you mean `upper`? (at character 10)",
            ),
        ],
    );
}

#[test]
fn faults_of_destinations_are_named() {
    assert_faults(
        "channels/adt.toml",
        &[
            (
                "to = \"ris\"",
                "to = \"rsi\"",
                "channels/adt.toml:11:1: systems.toml has no `rsi`; did you mean `ris`?",
            ),
            (
                "to = \"ris\"",
                "too = \"ris\"",
                "channels/adt.toml:11:1: the key `too` does not exist; did you mean `to`?",
            ),
            (
                "to = \"ris\"",
                "channel = \"adtt\"",
                "channels/adt.toml:11:1: there is no channel `adtt`; did you mean `adt`?",
            ),
            (
                "to = \"ris\"",
                "to = \"ris\"\nvia = \"http\"",
                "channels/adt.toml:12:1: it takes nothing over `http`, only mllp",
            ),
            (
                "to = \"ris\"",
                "to = \"ris\"\nrate = \"10/d\"",
                "channels/adt.toml:12:1: `10/d` is no rate; write `10/s`, `600/m` or `5000/h`",
            ),
            (
                "to = \"ris\"",
                "mllp = { address = \"127.0.0.1:4\", answer_timout = \"1s\" }",
                "channels/adt.toml:11:35: the key `answer_timout` does not exist; did you mean `answer_timeout`?",
            ),
            (
                "first",
                "frist",
                "channels/adt.toml:12:11: the key `frist` does not exist; did you mean `first`?",
            ),
            (
                "\"1s\"",
                "\"1 parsec\"",
                "channels/adt.toml:12:11: \"1 parsec\" is no length of time: write 200ms, 2s, 10m, 1h or 7d",
            ),
            ("\"retry\"", "\"rety\"", "channels/adt.toml:13:8: `rety` is not known; did you mean `retry`?"),
        ],
    );
}

#[test]
fn faults_of_scripts_name_the_scripts_line() {
    let file = "channels/a.ts";
    for (wrong, said) in [
        ("export default (msg) => {\n  return msg\n", "channels/a.ts:3:1: expected `}`"),
        ("export defalt (msg) => msg;\n", "channels/a.ts:1:8: unexpected token"),
        (
            "import { x } from \"lib/nope.ts\";\nexport default (msg) => msg;\n",
            "channels/a.ts:1:19: there is no script lib/nope.ts",
        ),
        ("export default (msg) => msg;\nenum A { B }\n", "channels/a.ts:2:1: enum needs code of its own"),
        ("const x = 1;\n", "channels/a.ts:1:1: the script has no `export default"),
    ] {
        let found = faults(file, SCRIPT, wrong);
        assert!(found.starts_with("channels/adt.toml:9:1: ") && found.contains(said), "{found}");
    }
}

#[test]
fn faults_of_tables_name_their_line() {
    assert_faults(
        "tables/wards.csv",
        &[
            ("A,B", "A", "tables/wards.csv:2:1: 1 cells where the first line names 2 columns"),
            ("A,B", "A,B\nA,C", "tables/wards.csv:3:1: the same `from` is there a second time"),
            ("A,B", "A,\"B", "tables/wards.csv:2:1: a quotation mark is not closed by a second one"),
            (
                TABLE,
                "",
                "tables/wards.csv:1:1: the first line must name at least two columns, as in `from,to`",
            ),
        ],
    );
}

#[test]
fn all_faults_are_found_in_one_go() {
    let site = spoiled("systems.toml", "title", "titel");
    site.write("channels/adt.toml", &CHANNEL.replace("title", "titel"));
    site.write("tables/wards.csv", "from,to\nA\n");
    let run = site.klinke("check", &[]).ended(1);
    assert_eq!(run.out.lines().last(), Some("3 faults"), "{}", run.out);
    let json = site.json("check", &[]);
    let lines: Vec<_> =
        json["faults"].as_array().expect("faults").iter().map(|fault| &fault["line"]).collect();
    assert_eq!(lines, [2, 1, 2]);
}

#[test]
fn a_folder_that_is_no_site_is_said_plainly() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = klinke(&["check".as_ref(), folder.path().as_os_str()]).ended(1);
    assert!(run.out.starts_with("klinke.toml: No such file or directory"), "{}", run.out);
    let run = klinke(&["status".as_ref(), folder.path().as_os_str()]).ended(2);
    assert!(run.err.starts_with("klinke: klinke.toml: No such file"), "{}", run.err);
}

#[test]
fn secrets_are_put_in_and_never_shown() {
    let site = spoiled("systems.toml", "title = \"KIS\"", "title = \"${file:secrets/title}\"");
    assert!(
        site.klinke("check", &[]).ended(1).out.starts_with("systems.toml:2:1: secrets/title: No such file")
    );
    site.write("secrets/title", "hush-hush\n");
    site.klinke("check", &[]).ended(0);
    // Where a secret is wrong, the fault names its place and not what it holds.
    for (right, wrong) in [
        ("\"127.0.0.1:1\"", "\"${file:secrets/title}\""),
        ("\"127.0.0.1:1\"", "{ address = \"127.0.0.1:1\", connections = \"${file:secrets/title}\" }"),
        ("\"127.0.0.1:1\"", "{ address = \"127.0.0.1:1\", connection = \"${file:secrets/title}\" }"),
    ] {
        site.write("systems.toml", &SYSTEMS.replace(right, wrong));
        for arguments in
            [&["check", site.path()][..], &["--json", "check", site.path()], &["serve", site.path()]]
        {
            let run = klinke(arguments);
            assert_ne!(run.code, 0);
            let said = run.out + &run.err;
            assert!(said.contains("systems.toml") && !said.contains("hush"), "{said}");
        }
    }
}

#[test]
fn variables_are_put_in_and_a_missing_one_is_named() {
    let site = spoiled("klinke.toml", "\"T\"", "\"${KLINKE_TEST_NAME}\"");
    let run = site.klinke("check", &[]).ended(1);
    assert!(run.out.starts_with("klinke.toml:1:1: the environment has no `KLINKE_TEST_NAME`"), "{}", run.out);
    let run = crate::support::program()
        .args(["check", site.path()])
        .env("KLINKE_TEST_NAME", "St. Elisabeth")
        .output()
        .expect("klinke runs");
    assert!(run.status.success());
}

#[test]
fn an_environment_is_laid_over_the_site() {
    let site = spoiled("klinke.toml", "T", "T");
    site.write("klinke.test.toml", "zone = \"Europe/Vienna\"\n[systems.ris]\nmllp = \"127.0.0.1\"\n");
    site.klinke("check", &[]).ended(0);
    let run = site.klinke("check", &["--env", "test"]).ended(1);
    assert!(run.out.contains("\"127.0.0.1\" is no address"), "{}", run.out);
    site.write("klinke.test.toml", "zon = \"Europe/Vienna\"\n");
    let run = site.klinke("check", &["--env", "test"]).ended(1);
    assert!(run.out.starts_with("klinke.test.toml:1:1: the key `zon` does not exist"), "{}", run.out);
    let run = site.klinke("check", &["--env", "tset"]).ended(1);
    assert!(run.out.starts_with("klinke.tset.toml: No such file"), "{}", run.out);
}

#[test]
fn limits_with_which_nothing_could_pass_are_faults() {
    let site = Site::new();
    site.write("klinke.toml", "name = \"S\"\n");
    let adapter = "mllp = { listen = \"127.0.0.1:0\", limits = { frame = \"0B\" } }";
    site.write("channels/a.toml", &format!("[source]\n{adapter}\n"));
    site.write("channels/b.toml", "[limits]\nwaiting = 0\n");
    let run = site.klinke("check", &[]).ended(1);
    assert_eq!(run.out.matches("with 0 nothing could pass").count(), 1, "{}", run.out);
    assert!(run.out.contains("channels/b.toml:2:1"), "{}", run.out);
    site.write("channels/b.toml", "enabled = false\n");
    let run = site.klinke("check", &[]).ended(1);
    assert!(run.out.contains("with 0 nothing could pass") && run.out.contains("1 fault\n"), "{}", run.out);
}

/// Files of several channels, and what is said of them.
#[track_caller]
fn assert_site(files: &[(&str, &str)], said: &[&str]) {
    let site = Site::new();
    site.write("klinke.toml", KLINKE);
    for (name, text) in files {
        site.write(name, text);
    }
    let run = site.klinke("check", &[]).ended(i32::from(!said.is_empty()));
    let mut lines: Vec<&str> = run.out.lines().collect();
    lines.pop();
    assert_eq!(lines, said, "{files:?}");
}

/// A channel from one address to another.
fn way(listen: &str, rest: &str) -> String {
    format!("[source]\nmllp = {{ listen = \"{listen}\" }}\n[[destination]]\n{rest}\n")
}

#[test]
fn a_port_that_two_want_is_named() {
    let away = "mllp = \"10.0.0.1:7\"";
    for (first, second, clash) in [
        ("127.0.0.1:6661", "localhost:6661", true),
        ("6661", "0.0.0.0:6661", true),
        ("[::]:6661", "192.0.2.1:6661", true),
        ("127.0.0.1:6661", "192.0.2.1:6661", false),
        ("6661", "6662", false),
        ("0", "0", false),
    ] {
        let files = [("channels/a.toml", way(first, away)), ("channels/b.toml", way(second, away))];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let shown = if first == "6661" { "127.0.0.1:6661" } else { first };
        let text = format!(
            "channels/b.toml:2:10: the source of `a` listens at {shown} already; give the source of `b` \
             another port"
        );
        assert_site(&files, &[text.as_str()][usize::from(!clash)..]);
    }
    let console = "name = \"T\"\n[console]\nlisten = \"6661\"\n";
    let listening = way("6662", "mllp = { listen = \"6661\" }");
    assert_site(
        &[("klinke.toml", console), ("channels/a.toml", &listening)],
        &["channels/a.toml:4:10: [console] listens at 127.0.0.1:6661 already; give a destination of `a` \
           another port"],
    );
}

#[test]
fn a_way_that_comes_back_for_ever_is_named() {
    let own = way("6661", "mllp = \"localhost:6661\"");
    let said = "channels/a.toml:4:1: what `a` sends here comes back to it for ever, by way of `a`; give a \
                destination on the way an `only` if that is meant";
    assert_site(&[("channels/a.toml", &own)], &[said]);

    let systems = "[back]\nmllp = \"127.0.0.1:6661\"\n";
    let (to_b, to_c) = (way("0.0.0.0:6661", "channel = \"b\""), "[[destination]]\nchannel = \"c\"\n");
    let to_a = "[[destination]]\nto = \"back\"\n";
    let files = |last: &'static str| {
        [
            ("systems.toml", systems),
            ("channels/a.toml", &to_b),
            ("channels/b.toml", to_c),
            ("channels/c.toml", last),
        ]
        .map(|(name, text)| (name, text.to_owned()))
    };
    let check = |last: &'static str, said: &[&str]| {
        let files = files(last);
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_site(&files, said);
    };
    let said = "channels/a.toml:4:1: what `a` sends here comes back to it for ever, by way of `b`, `c`, `a`; \
                give a destination on the way an `only` if that is meant";
    check(to_a, &[said]);
    check("[[destination]]\nto = \"back\"\nonly = { \"MSH-9.1\" = [\"ORU\"] }\n", &[]);

    let folder =
        "[source]\nfile = { folder = \"in\" }\n[[destination]]\nfile = { folder = \"in\", name = \"x\" }\n";
    let said = "channels/a.toml:4:1: what `a` sends here comes back to it for ever, by way of `a`; give a \
                destination on the way an `only` if that is meant";
    assert_site(&[("channels/a.toml", folder)], &[said]);
}
