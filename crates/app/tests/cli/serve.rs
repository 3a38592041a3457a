//! `klinke serve`: start, reload, stop, and what happens when it is taken away.

use crate::support::partner::{Line, Sink, code};
use crate::support::{Site, adt, channel, wait_for};
use klinke_hl7v2::ack::Code;

#[test]
fn a_message_goes_its_whole_way() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let answer = Line::open(&serve.address("adt")).send(&adt("MSG1", "4711")).expect("an answer");
    assert_eq!(code(&answer), "AA");
    assert!(String::from_utf8_lossy(&answer).contains("MSA|AA|MSG1"));
    assert_eq!(sink.wait_for(1), [adt("MSG1", "4711")]);
    assert_eq!(serve.stop(), 0);
    let status = site.json("status", &[]);
    assert_eq!((&status["serving"], &status["channels"][0]["received"]), (&false.into(), &1.into()));
}

#[test]
fn steps_are_changed_by_sighup_without_cutting_a_connection() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("MSG1", "4711")).expect("an answer");
    site.write("channels/adt.toml", &format!("{}\n[[step]]\nset = {{ \"MSH-5\" = \"NEW\" }}\n", channel("")));
    serve.signal("HUP");
    wait_for("the reload", || serve.log().contains("the site's files were read again"));
    assert_eq!(code(&line.send(&adt("MSG2", "4711")).expect("the connection lives")), "AA");
    let arrivals = sink.wait_for(2);
    assert!(String::from_utf8_lossy(&arrivals[1]).starts_with("MSH|^~\\&|KIS|KH|NEW|"));
    assert_eq!(serve.stop(), 0);
}

#[test]
fn faulty_files_leave_everything_as_it_runs() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    for (file, text) in [
        ("channels/adt.toml", "titel = \"?\"\n"),
        ("channels/more.toml", "[source\n"),
        ("tables/wards.csv", "from,to\nA\n"),
        ("systems.toml", "[ris]\nmlpp = 1\n"),
    ] {
        let before = std::fs::read_to_string(site.folder().join(file)).ok();
        let faults = serve.log().matches("all runs as before").count();
        site.write(file, text);
        serve.signal("HUP");
        wait_for(file, || serve.log().matches("all runs as before").count() > faults);
        assert!(serve.log().contains(file), "the log names the file");
        assert_eq!(code(&line.send(&adt("MSG", "4711")).expect("the connection lives")), "AA");
        match before {
            Some(text) => drop(site.write(file, &text)),
            None => std::fs::remove_file(site.folder().join(file)).expect("removed"),
        }
    }
    sink.wait_for(4);
    assert_eq!(serve.stop(), 0);
}

#[test]
fn channels_come_and_go_by_sighup() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&adt("MSG1", "1")).expect("an answer");
    site.write("channels/second.toml", &channel(""));
    serve.signal("HUP");
    wait_for("the second channel", || {
        site.json("status", &[])["channels"].as_array().is_some_and(|all| all.len() == 2)
    });
    assert!(line.is_open(), "the first channel's connection lives");
    Line::open(&serve.address("second")).send(&adt("MSG2", "2")).expect("an answer");
    sink.wait_for(2);
    std::fs::remove_file(site.folder().join("channels/second.toml")).expect("removed");
    serve.signal("HUP");
    wait_for("the second channel to go", || {
        let status = site.json("status", &[]);
        let all = status["channels"].as_array().expect("channels").clone();
        all.iter().any(|one| one["name"] == "second" && one["runs"] == false)
    });
    assert_eq!(code(&line.send(&adt("MSG3", "3")).expect("the connection lives")), "AA");
    sink.wait_for(3);
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_second_serve_on_the_same_store_is_refused_plainly() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let run = site.klinke("serve", &[]).ended(2);
    assert!(run.err.contains("the store is in use: "), "{}", run.err);
    let address = serve.address("adt");
    assert_eq!(code(&Line::open(&address).send(&adt("MSG1", "1")).expect("an answer")), "AA");
    assert_eq!(serve.stop(), 0);
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    // Nobody listens at first: all waits.
    let site = Site::to_partner(1, "");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    for number in 0..20 {
        assert_eq!(code(&line.send(&adt(&format!("MSG{number}"), "1")).expect("an answer")), "AA");
    }
    serve.kill();
    let sink = Sink::open();
    site.write("systems.toml", &format!("[kis]\n[ris]\nmllp = \"127.0.0.1:{}\"\n", sink.port));
    let serve = site.serve();
    let arrivals = sink.wait_for(20);
    let expected: Vec<_> = (0..20).map(|number| adt(&format!("MSG{number}"), "1")).collect();
    assert_eq!(arrivals, expected, "all, and in order");
    wait_for("the books", || site.json("status", &[])["channels"][0]["destinations"][0]["delivered"] == 20);
    assert_eq!(serve.stop(), 0);
    site.klinke("verify", &[]).ended(0);
}

#[test]
fn a_stop_drains_what_is_under_way_and_keeps_what_waits() {
    let sink = Sink::answering(Some(Code::ApplicationError));
    let site = Site::to_partner(sink.port, "on = { AE = \"retry\" }\n");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    for number in 0..5 {
        line.send(&adt(&format!("MSG{number}"), "1")).expect("an answer");
    }
    sink.wait_for(1);
    assert_eq!(serve.stop(), 0);
    let status = site.json("status", &[]);
    assert_eq!(status["channels"][0]["destinations"][0]["waiting"], 5);
    sink.answer(Some(Code::ApplicationAccept));
    let serve = site.serve();
    wait_for("all to be delivered", || {
        site.json("status", &[])["channels"][0]["destinations"][0]["delivered"] == 5
    });
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_full_disk_is_said_to_the_sender_and_to_people() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    // A reserve that no disk has stands for a disk that is full.
    site.write("klinke.toml", "name = \"Full\"\n[store]\nreserve = \"900000GB\"\n");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    let answer = line.send(&adt("MSG1", "4711")).expect("an answer");
    assert_eq!(code(&answer), "AE", "{}", String::from_utf8_lossy(&answer));
    let run = site.klinke("status", &[]).ended(1);
    assert!(run.out.contains("refuses"), "{}", run.out);
    let status = site.json("status", &[]);
    assert_eq!(status["channels"][0]["received"], 0);
    assert!(sink.arrivals().is_empty());
    drop(serve);
    // With room again, the same message is taken.
    site.write("klinke.toml", "name = \"Full\"\n[store]\nreserve = \"1MB\"\n");
    let serve = site.serve();
    let answer = Line::open(&serve.address("adt")).send(&adt("MSG1", "4711")).expect("an answer");
    assert_eq!(code(&answer), "AA");
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_queue_at_its_limit_refuses_its_source_and_nothing_else() {
    let site = Site::to_partner(1, "\n[limits]\nwaiting = 3\n");
    site.write("channels/other.toml", &channel(""));
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    let mut refused = 0;
    for number in 0..8 {
        let answer = line.send(&adt(&format!("MSG{number}"), "1")).expect("an answer");
        match code(&answer).as_str() {
            "AA" => assert_eq!(refused, 0, "what was refused stays refused while the queue is full"),
            "AE" => refused += 1,
            other => panic!("{other}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!((1..=5).contains(&refused), "{refused} of 8 were refused");
    assert!(site.klinke("status", &[]).ended(1).out.contains("adt"));
    assert!(
        site.json("status", &[])["channels"]
            .as_array()
            .expect("channels")
            .iter()
            .any(|one| one["refuses"].is_string())
    );
    let answer = Line::open(&serve.address("other")).send(&adt("MSG", "1")).expect("an answer");
    assert_eq!(code(&answer), "AA", "another channel goes on");
    // With the partner back the queue empties, and the source takes messages again.
    let sink = Sink::open();
    site.write("systems.toml", &format!("[kis]\n[ris]\nmllp = \"127.0.0.1:{}\"\n", sink.port));
    serve.signal("HUP");
    sink.wait_for(8 - refused);
    serve.wait_for("the source to take messages again", || {
        let answer = Line::open(&serve.address("adt")).send(&adt("LATER", "1"));
        answer.is_ok_and(|answer| code(&answer) == "AA")
    });
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_reload_takes_over_titles_and_retention() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    Line::open(&serve.address("adt")).send(&adt("MSG1", "1")).expect("an answer");
    sink.wait_for(1);
    wait_for("the books", || site.json("status", &[])["channels"][0]["destinations"][0]["delivered"] == 1);
    assert!(site.klinke("prune", &[]).ended(0).out.contains("names no retention"));
    site.write("klinke.toml", "name = \"Renamed\"\n[retention]\nage = \"0s\"\n");
    site.write("channels/adt.toml", &format!("title = \"Patients\"\n{}", channel("")));
    serve.signal("HUP");
    wait_for("the new title", || site.json("status", &[])["channels"][0]["title"] == "Patients");
    assert_eq!(site.json("status", &[])["site"], "Renamed");
    assert_eq!(site.json("prune", &[])["envelopes"], 1);
    assert_eq!(serve.stop(), 0);
}

#[test]
fn a_store_that_a_tool_looks_into_is_waited_for() {
    let site = Site::to_partner(1, "");
    assert_eq!(site.serve().stop(), 0);
    let lock = std::fs::File::open(site.folder().join("data/LOCK")).expect("a lock");
    lock.lock().expect("locked");
    let release = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(500));
        drop(lock);
    });
    assert_eq!(site.serve().stop(), 0);
    release.join().expect("released");
}

#[test]
fn a_port_that_is_taken_stops_its_channel_alone() {
    let (sink, other) = (Sink::open(), Sink::open());
    let site = Site::to_partner(sink.port, "");
    site.write(
        "channels/taken.toml",
        &channel("").replace("127.0.0.1:0", &format!("127.0.0.1:{}", other.port)),
    );
    let serve = site.serve();
    assert_eq!(code(&Line::open(&serve.address("adt")).send(&adt("MSG1", "1")).expect("an answer")), "AA");
    let run = site.klinke("status", &[]).ended(1);
    assert!(run.out.contains("does not run") && run.out.contains("in use"), "{}", run.out);
    assert!(serve.log().contains("taken") && serve.log().contains("in use"), "{}", serve.log());
}

#[test]
fn a_partner_that_goes_and_comes_is_logged_once_each() {
    let port = klinke_testkit::free_port();
    let site = Site::to_partner(port, "");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    for number in 0..5 {
        line.send(&adt(&format!("MSG{number}"), "1")).expect("an answer");
    }
    serve.wait_for("the partner to be down", || serve.log().contains("the partner counts as down"));
    let sink = Sink::at(port);
    sink.wait_for(5);
    serve.wait_for("the partner to be back", || serve.log().contains("the partner answers again"));
    assert_eq!(serve.log().matches("the partner ").count(), 2, "{}", serve.log());
    assert_eq!(serve.stop(), 0);
}

#[test]
fn systemd_is_told() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let path = site.folder().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(crate::support::LIMIT)).expect("a limit");
    let serve = site
        .serve_with(&[("NOTIFY_SOCKET", path.to_str().expect("UTF-8")), ("WATCHDOG_USEC", "200000")], &[]);
    let next = || {
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes).expect("told");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let first: Vec<String> = (0..3).map(|_| next()).collect();
    assert!(first.contains(&"READY=1".to_owned()) && first.contains(&"WATCHDOG=1".to_owned()), "{first:?}");
    assert_eq!(serve.stop(), 0);
    let last = std::iter::from_fn(|| Some(next())).take(50).find(|text| text == "STOPPING=1");
    assert!(last.is_some());
}

/// One fragment of a long message (HL7 v2.5.1, section 2.10.2).
fn fragment(control: &str, continues: &str, body: &str) -> Vec<u8> {
    format!("MSH|^~\\&|LIS|KH|KIS|KH|20261124081500||ORU^R01|{control}|P|2.5||{continues}\r{body}\r")
        .into_bytes()
}

#[test]
fn fragments_become_one_message_though_serve_is_taken_away_between_them() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let fragments = [
        fragment("F1", "", "PID|1||4711\rOBX|1|TX|||first half\rADD\rDSC|P1|F"),
        fragment("F2", "P1", "ADD|, second half\rOBX|2|TX|||more\rDSC|P2|F"),
        fragment("F3", "P2", "OBX|3|TX|||end"),
    ];
    for (number, one) in fragments.iter().enumerate() {
        let serve = site.serve();
        let answer = Line::open(&serve.address("adt")).send(one).expect("an answer");
        assert!(String::from_utf8_lossy(&answer).contains(&format!("MSA|AA|F{}", number + 1)));
        if number < 2 {
            let status = site.json("status", &[]);
            assert_eq!(status["channels"][0]["unfinished"], 1);
            let text = site.klinke("status", &[]).out;
            assert!(text.contains("one message waits for its next fragment"), "{text}");
            serve.kill();
        } else {
            // The last answer was lost, the sender sends again; and something else comes behind.
            let mut line = Line::open(&serve.address("adt"));
            assert_eq!(code(&line.send(one).expect("an answer")), "AA");
            assert_eq!(code(&line.send(&adt("M1", "4711")).expect("an answer")), "AA");
            let whole = fragment(
                "F1",
                "",
                "PID|1||4711\rOBX|1|TX|||first half, second half\rOBX|2|TX|||more\rOBX|3|TX|||end",
            );
            assert_eq!(sink.wait_for(2), [whole, adt("M1", "4711")]);
            assert_eq!(site.json("status", &[])["channels"][0]["unfinished"], 0);
            assert_eq!(serve.stop(), 0);
        }
    }
    let first = site.json("messages", &["show", "1"]);
    assert_eq!((&first["origin"], &first["children"]), (&"fragment".into(), &serde_json::json!([2, 3, 4])));
    assert_eq!(site.klinke("verify", &[]).code, 0);
}

#[test]
fn a_message_whose_end_does_not_come_is_kept_for_a_person() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let channel = channel("").replace("[[destination]]", "join = { wait = \"200ms\" }\n[[destination]]");
    site.write("channels/adt.toml", &channel);
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    let first = fragment("F1", "", "PID|1||4711\rOBX|1|TX|||half\rDSC|P1|F");
    assert_eq!(code(&line.send(&first).expect("an answer")), "AA");
    serve.wait_for("it to be kept as failed", || site.json("status", &[])["channels"][0]["failed"] == 1);
    let kept = site.json("messages", &["show", "2"]);
    assert_eq!((&kept["origin"], &kept["parent"]), (&"joined".into(), &1.into()));
    assert!(kept["ended"]["reason"].as_str().expect("a reason").contains("did not come"));
    // What comes too late continues nothing.
    let late = fragment("F2", "P1", "OBX|2|TX|||late");
    assert_eq!(code(&line.send(&late).expect("an answer")), "AA");
    assert_eq!(sink.wait_for(1), [late]);
    assert_eq!(site.json("status", &[])["channels"][0]["stray_fragments"], 1);
    assert_eq!(serve.stop(), 0);
}

/// A message under a sequence number (MSH-13).
fn numbered(control: &str, number: i64) -> Vec<u8> {
    let text = String::from_utf8(adt(control, "4711")).expect("text");
    text.replacen("|P|2.5\r", &format!("|P|2.5|{number}\r"), 1).into_bytes()
}

#[test]
fn the_expected_sequence_number_survives_a_kill() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    site.write(
        "channels/adt.toml",
        &channel("").replace("from = \"kis\"", "from = \"kis\", sequence = true"),
    );
    let msa = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer).into_owned();
        let line = text.split('\r').find(|line| line.starts_with("MSA")).expect("an MSA").to_owned();
        let fields: Vec<_> = line.split('|').collect();
        (fields[1].to_owned(), fields[4].to_owned())
    };
    let expect = |line: &mut Line, control: &str, number: i64, code: &str, next: i64| {
        let answer = line.send(&numbered(control, number)).expect("an answer");
        assert_eq!(msa(&answer), (code.to_owned(), next.to_string()), "{control}");
    };
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    expect(&mut line, "M1", 7, "AA", 8);
    expect(&mut line, "M2", 8, "AA", 9);
    serve.kill();
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    expect(&mut line, "ask", 0, "AA", 9);
    expect(&mut line, "M2", 8, "AA", 9);
    expect(&mut line, "M4", 10, "AE", 9);
    expect(&mut line, "M3", 9, "AA", 10);
    // The sender begins anew; that survives as well.
    expect(&mut line, "anew", -1, "AA", -1);
    serve.kill();
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    expect(&mut line, "M4", 1, "AA", 2);
    // Deliveries whose answers a kill took with it are sent again; else each comes once, in order.
    let distinct = || {
        let mut seen = Vec::<Vec<u8>>::new();
        for one in sink.arrivals() {
            if !seen.contains(&one) {
                seen.push(one);
            }
        }
        seen
    };
    wait_for("the last one", || distinct().len() >= 4);
    let expected = [numbered("M1", 7), numbered("M2", 8), numbered("M3", 9), numbered("M4", 1)];
    assert_eq!(distinct(), expected, "in order");
    assert_eq!(serve.stop(), 0);
}
