//! Workitems over HTTP: their life, every fault of the tables, searching, and what comes in that is none.

use klinke_adapters::dicomweb::Deed;
use serde_json::{Value, json};

use crate::support::{Answer, Doorman, JSON, Running, config, start, start_with};

pub const BODY: &str = "Content-Type: application/dicom+json\r\n";
const AT: &str = "/dicom-web/workitems";

/// A code sequence with one entry.
pub fn code(value: &str) -> Value {
    json!({"vr": "SQ", "Value": [{
        "00080100": {"vr": "SH", "Value": [value]},
        "00080102": {"vr": "SH", "Value": ["99KLINKE"]},
        "00080104": {"vr": "LO", "Value": [format!("meaning of {value}")]},
    }]})
}

/// A workitem that says what it has to.
pub fn workitem(label: &str) -> Value {
    json!({
        "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
        "00741200": {"vr": "CS", "Value": ["HIGH"]},
        "00741204": {"vr": "LO", "Value": ["Lunge segmentieren für Dr. Müller"]},
        "00741202": {"vr": "LO", "Value": [label]},
        "00404005": {"vr": "DT", "Value": ["20261130101500"]},
        "00404041": {"vr": "CS", "Value": ["READY"]},
        "00404018": code("SEG"),
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Jörg"}]},
        "00100020": {"vr": "LO", "Value": ["4711"]},
    })
}

/// What is told when a step is claimed, done or cancelled.
pub fn state(state: &str, claim: &str) -> Value {
    json!({
        "00741000": {"vr": "CS", "Value": [state]},
        "00081195": {"vr": "UI", "Value": [claim]},
    })
}

/// What `COMPLETED` needs.
pub fn performed() -> Value {
    json!({"00741216": {"vr": "SQ", "Value": [{
        "00404028": code("GPU1"),
        "00404019": code("SEG"),
        "00404050": {"vr": "DT", "Value": ["20261130101600"]},
        "00404051": {"vr": "DT", "Value": ["20261130101700"]},
    }]}})
}

/// What `CANCELED` needs.
fn canceled() -> Value {
    json!({"00741002": {"vr": "SQ", "Value": [{
        "00404052": {"vr": "DT", "Value": ["20261130101700"]},
        "0074100E": code("110501"),
    }]}})
}

impl Running {
    pub async fn tell(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask(method, &format!("{AT}{path}"), BODY, body.to_string().as_bytes()).await
    }

    pub async fn put_state(&self, uid: &str, to: &str, claim: &str) -> Answer {
        self.tell("PUT", &format!("/{uid}/state"), &state(to, claim)).await
    }

    pub async fn create(&self, uid: &str, body: &Value) {
        let answer = self.tell("POST", &format!("?workitem={uid}"), body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    async fn workitem(&self, uid: &str) -> Value {
        let answer = self.get(&format!("{AT}/{uid}"), JSON).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()[0].clone()
    }

    async fn is(&self, uid: &str) -> String {
        self.workitem(uid).await["00741000"]["Value"][0].as_str().expect("a state").to_owned()
    }
}

#[track_caller]
fn refused(answer: &Answer, status: u16, text: &str, warning: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(text), "{}", answer.text());
    let expected = if warning.is_empty() { String::new() } else { format!("299 klinke \"{warning}\"") };
    assert_eq!(answer.header("warning"), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_workitem() {
    let running = start().await;
    let created = running.tell("POST", "", &workitem("AI")).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.header("warning"), "299 klinke \"The Workitem was created with modifications.\"");
    let place = created.header("location").to_owned();
    let uid = place.rsplit('/').next().expect("a UID").to_owned();
    assert!(uid.starts_with("2.25."), "{uid}");
    assert_eq!(place, format!("http://pacs/dicom-web/workitems/{uid}"));
    assert_eq!(created.header("content-location"), place);

    let kept = running.workitem(&uid).await;
    assert_eq!(kept["00080016"]["Value"][0], "1.2.840.10008.5.1.4.34.6.1");
    assert_eq!(kept["00080018"]["Value"][0], uid.as_str());
    assert_eq!(kept["00741000"]["Value"][0], "SCHEDULED");
    assert_eq!(kept["00100010"]["Value"][0]["Alphabetic"], "Müller^Jörg");
    assert_eq!(kept["00741204"]["Value"][0], "Lunge segmentieren für Dr. Müller");
    assert!(kept["00404010"]["Value"][0].as_str().is_some_and(|at| at.ends_with("+0000")), "{kept}");
    // Places that were left out are there and empty.
    assert_eq!(kept["00404021"], json!({"vr": "SQ"}));

    let update = json!({"00741202": {"vr": "LO", "Value": ["AI later"]}});
    assert_eq!(running.tell("POST", &format!("/{uid}"), &update).await.status, 200);
    assert_eq!(running.workitem(&uid).await["00741202"]["Value"][0], "AI later");

    let claimed = running.put_state(&uid, "IN PROGRESS", "1.2.3").await;
    assert_eq!((claimed.status, claimed.header("warning")), (200, ""));
    assert_eq!(running.is(&uid).await, "IN PROGRESS");
    let progress = json!({"00741002": {"vr": "SQ", "Value": [{"00741004": {"vr": "DS", "Value": [50]}}]}});
    assert_eq!(running.tell("POST", &format!("/{uid}?transaction-uid=1.2.3"), &progress).await.status, 200);
    assert_eq!(running.tell("POST", &format!("/{uid}?1.2.3"), &performed()).await.status, 200);
    assert_eq!(running.put_state(&uid, "COMPLETED", "1.2.3").await.status, 200);
    let done = running.workitem(&uid).await;
    assert_eq!(done["00741000"]["Value"][0], "COMPLETED");
    assert_eq!(done["00741002"]["Value"][0]["00741004"]["Value"][0], 50);
    assert_eq!(done["00741216"]["Value"][0]["00404028"]["Value"][0]["00080100"]["Value"][0], "GPU1");
    // Nobody is told by what it was claimed.
    assert!(!done.to_string().contains("00081195") && !done.to_string().contains("\"1.2.3\""), "{done}");

    let again = running.put_state(&uid, "COMPLETED", "1.2.3").await;
    assert_eq!(again.status, 200);
    assert_eq!(
        again.header("warning"),
        "299 klinke \"The UPS is already in the requested state of COMPLETED.\""
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_workitem_is_named() {
    let running = start().await;
    let mut with_uid = workitem("A");
    with_uid["00080018"] = json!({"vr": "UI", "Value": ["1.5"]});
    for (path, body, uid) in [
        ("?1.1", &workitem("A"), "1.1"),
        ("?workitem=1.2", &workitem("A"), "1.2"),
        ("?AffectedSOPInstanceUID=1.3", &workitem("A"), "1.3"),
        ("/1.4", &workitem("A"), "1.4"),
        ("", &with_uid, "1.5"),
    ] {
        let answer = running.tell("POST", path, body).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.text());
        assert!(answer.header("location").ends_with(&format!("/{uid}")), "{path}");
        assert_eq!(running.is(uid).await, "SCHEDULED");
    }
    refused(&running.tell("POST", "?workitem=1.6", &with_uid).await, 400, "several UIDs", "");
    refused(&running.tell("POST", "?workitem=1.02", &workitem("A")).await, 400, "UID", "");
    for path in ["?workitem=1.1", "/1.1"] {
        refused(&running.tell("POST", path, &workitem("A")).await, 409, "0111H", "");
    }
    let update = json!({"00741202": {"vr": "LO", "Value": ["B"]}});
    refused(&running.tell("POST", "/1.99", &update).await, 404, "C307H", "");
    assert_eq!(running.get(&format!("{AT}/1.99"), JSON).await.status, 404);
    // What was told to be there, as XML and as JSON.
    let xml = "Accept: multipart/related; type=\"application/dicom+xml\"\r\n";
    let answer = running.get(&format!("{AT}/1.1"), xml).await;
    let parts = answer.parts();
    assert_eq!((answer.status, parts.len(), parts[0].0.as_str()), (200, 1, "application/dicom+xml"));
    // And as XML back again, under another UID.
    let text = String::from_utf8(parts[0].1.clone()).expect("UTF-8").replace(">1.1<", ">1.7<");
    let body = "Content-Type: application/dicom+xml\r\n";
    let answer = running.ask("POST", AT, body, text.as_bytes()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(running.workitem("1.7").await["00100010"]["Value"][0]["Alphabetic"], "Müller^Jörg");
    let known = running.get(&format!("{AT}/1.1"), JSON).await.header("etag").to_owned();
    let same = running.get(&format!("{AT}/1.1"), &format!("If-None-Match: {known}\r\n")).await;
    assert_eq!(same.status, 304);
}

/// PS3.4, Table CC.2.5-3, by the place that each fault names.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_workitem_has_to_say() {
    let running = start().await;
    let without = |tag: &str| {
        let mut set = workitem("A");
        set.as_object_mut().expect("an object").remove(tag);
        set
    };
    let with = |tag: &str, element: Value| {
        let mut set = workitem("A");
        set[tag] = element;
        set
    };
    let text = |vr: &str, value: &str| json!({"vr": vr, "Value": [value]});
    let items = |item: Value| json!({"vr": "SQ", "Value": [item]});
    for (set, named) in [
        (without("00741000"), "ProcedureStepState (0074,1000) is missing"),
        (with("00741000", text("CS", "IN PROGRESS")), "(C309H)"),
        (without("00741200"), "ScheduledProcedureStepPriority (0074,1200) is missing"),
        (with("00741200", json!({"vr": "CS"})), "ScheduledProcedureStepPriority (0074,1200) has no value"),
        (with("00741200", text("CS", "URGENT")), "(0074,1200) is one of HIGH, MEDIUM, LOW"),
        (without("00741204"), "ProcedureStepLabel (0074,1204) is missing"),
        (without("00404005"), "ScheduledProcedureStepStartDateTime (0040,4005) is missing"),
        (with("00404005", text("DT", "tomorrow")), "(0040,4005) is no date and time"),
        (without("00404041"), "InputReadinessState (0040,4041) is missing"),
        (with("00404041", text("CS", "MAYBE")), "(0040,4041) is one of INCOMPLETE, UNAVAILABLE, READY"),
        (with("00081195", text("UI", "1.2")), "TransactionUID (0008,1195) is not told here"),
        (with("0020000D", text("UI", "x")), "StudyInstanceUID (0020,000D) is no UID"),
        (
            with("00404018", items(json!({"00080104": {"vr": "LO", "Value": ["a meaning alone"]}}))),
            "ScheduledWorkitemCodeSequence (0040,4018)[0].CodeValue (0008,0100) is missing",
        ),
        (
            with("00404034", items(json!({"00404037": {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]}}))),
            "ScheduledHumanPerformersSequence (0040,4034)[0].HumanPerformerCodeSequence (0040,4009) is missing",
        ),
        (
            with("0040A370", items(json!({"00080050": {"vr": "SH", "Value": ["ACC"]}}))),
            "ReferencedRequestSequence (0040,A370)[0].StudyInstanceUID (0020,000D) is missing",
        ),
        (
            with("00404021", items(json!({"0040E020": {"vr": "CS", "Value": ["DICOM"]}}))),
            "InputInformationSequence (0040,4021)[0].ReferencedSOPSequence (0008,1199) is missing",
        ),
        (
            with("00741002", items(json!({"00741004": {"vr": "DS", "Value": [1]}}))),
            "ProcedureStepProgressInformationSequence (0074,1002)[0].ProcedureStepProgress (0074,1004) is not told here",
        ),
        (
            with("7FE00010", json!({"vr": "OW", "InlineBinary": "AAAA"})),
            "PixelData (7FE0,0010) is nothing of a workitem",
        ),
        (with("00404018", text("SQ", "x")), "metadata"),
    ] {
        let answer = running.tell("POST", "?workitem=1.1", &set).await;
        refused(&answer, 400, named, "");
        // Values are not repeated.
        assert!(
            !answer.text().contains("tomorrow") && !answer.text().contains("URGENT"),
            "{}",
            answer.text()
        );
    }
    assert_eq!(running.get(&format!("{AT}/1.1"), JSON).await.status, 404);
}

/// PS3.4, Table CC.1.1-2, by what the answers say.
#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_table_of_states() {
    const MISSING: &str = "The Transaction UID is missing.";
    const INCORRECT: &str = "The Transaction UID is incorrect.";
    const INCONSISTENT: &str = "The submitted request is inconsistent with the state of the UPS Instance.";
    let running = start().await;
    let uid = "1.1";
    running.create(uid, &workitem("A")).await;
    refused(&running.put_state("1.9", "IN PROGRESS", "1.2").await, 404, "C307H", "");
    refused(&running.put_state(uid, "SCHEDULED", "1.2").await, 400, "C303H", INCONSISTENT);
    refused(&running.put_state(uid, "COMPLETED", "1.2").await, 409, "C310H", INCONSISTENT);
    refused(&running.put_state(uid, "CANCELED", "1.2").await, 409, "C310H", INCONSISTENT);
    refused(&running.put_state(uid, "DONE", "1.2").await, 400, "is one of", "");
    let unclaimed = json!({"00741000": {"vr": "CS", "Value": ["IN PROGRESS"]}});
    refused(&running.tell("PUT", "/1.1/state", &unclaimed).await, 400, "C301H", MISSING);
    refused(&running.put_state(uid, "IN PROGRESS", "no UID").await, 400, "no UID", INCORRECT);
    assert_eq!(running.is(uid).await, "SCHEDULED");

    assert_eq!(running.put_state(uid, "IN PROGRESS", "1.2").await.status, 200);
    refused(&running.put_state(uid, "IN PROGRESS", "1.2").await, 409, "C302H", INCONSISTENT);
    refused(&running.put_state(uid, "IN PROGRESS", "1.3").await, 400, "C301H", INCORRECT);
    refused(&running.put_state(uid, "COMPLETED", "1.3").await, 400, "C301H", INCORRECT);
    refused(&running.put_state(uid, "CANCELED", "1.3").await, 400, "C301H", INCORRECT);
    // What a final state needs is named, one after the other.
    let needs = async |to: &str, named: &str| {
        refused(&running.put_state(uid, to, "1.2").await, 409, named, INCONSISTENT);
    };
    needs("COMPLETED", "UnifiedProcedureStepPerformedProcedureSequence (0074,1216) is needed").await;
    for (tag, named) in [
        ("00404028", "PerformedStationNameCodeSequence (0040,4028)"),
        ("00404050", "PerformedProcedureStepStartDateTime (0040,4050)"),
        ("00404019", "PerformedWorkitemCodeSequence (0040,4019)"),
        ("00404051", "PerformedProcedureStepEndDateTime (0040,4051)"),
    ] {
        let mut part = performed();
        part["00741216"]["Value"][0].as_object_mut().expect("an item").remove(tag);
        assert_eq!(running.tell("POST", "/1.1?transaction-uid=1.2", &part).await.status, 200);
        needs("COMPLETED", named).await;
    }
    needs("CANCELED", "ProcedureStepProgressInformationSequence (0074,1002) is needed").await;
    for (tag, named) in [
        ("00404052", "ProcedureStepCancellationDateTime (0040,4052)"),
        ("0074100E", "ProcedureStepDiscontinuationReasonCodeSequence (0074,100E)"),
    ] {
        let mut part = canceled();
        part["00741002"]["Value"][0].as_object_mut().expect("an item").remove(tag);
        assert_eq!(running.tell("POST", "/1.1?transaction-uid=1.2", &part).await.status, 200);
        needs("CANCELED", named).await;
    }
    assert_eq!(running.is(uid).await, "IN PROGRESS");
    assert_eq!(running.tell("POST", "/1.1?transaction-uid=1.2", &canceled()).await.status, 200);
    assert_eq!(running.put_state(uid, "CANCELED", "1.2").await.status, 200);
    let again = running.put_state(uid, "CANCELED", "1.2").await;
    assert_eq!(again.status, 200);
    assert_eq!(
        again.header("warning"),
        "299 klinke \"The UPS is already in the requested state of CANCELED.\""
    );
    refused(&running.put_state(uid, "COMPLETED", "1.2").await, 409, "C300H", INCONSISTENT);
    refused(&running.put_state(uid, "IN PROGRESS", "1.2").await, 409, "C300H", INCONSISTENT);
    refused(&running.put_state(uid, "IN PROGRESS", "1.3").await, 400, "C301H", INCORRECT);
    refused(&running.put_state(uid, "CANCELED", "1.3").await, 400, "C301H", INCORRECT);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_update_may_not_do() {
    const UNCLAIMED: &str = "The target URI did not reference a claimed Workitem.";
    let running = start().await;
    running.create("1.1", &workitem("A")).await;
    let label = json!({"00741202": {"vr": "LO", "Value": ["B"]}});
    refused(&running.tell("POST", "/1.1?transaction-uid=1.2", &label).await, 400, "C310H", UNCLAIMED);
    for (update, named) in [
        (
            json!({"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Other"}]}}),
            "PatientName (0010,0010) is not told here",
        ),
        (json!({"00741200": {"vr": "CS"}}), "(0074,1200) has no value"),
        (json!({"00080018": {"vr": "UI", "Value": ["1.9"]}}), "SOPInstanceUID (0008,0018) is not told here"),
        (
            json!({"00741002": {"vr": "SQ", "Value": [{}, {}]}}),
            "ProcedureStepProgressInformationSequence (0074,1002) has more than one item",
        ),
    ] {
        refused(&running.tell("POST", "/1.1", &update).await, 400, named, "");
    }
    // What is sent back as it is asks for no change.
    let mut same = running.workitem("1.1").await;
    same.as_object_mut().expect("an object").remove("00741000");
    same["00741202"] = json!({"vr": "LO", "Value": ["C"]});
    let answer = running.tell("POST", "/1.1", &same).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    running.put_state("1.1", "IN PROGRESS", "1.2").await;
    refused(&running.tell("POST", "/1.1", &label).await, 400, "C301H", UNCLAIMED);
    refused(&running.tell("POST", "/1.1?transaction-uid=1.3", &label).await, 400, "C301H", UNCLAIMED);
    let mut within = label.clone();
    within["00081195"] = json!({"vr": "UI", "Value": ["1.2"]});
    assert_eq!(running.tell("POST", "/1.1", &within).await.status, 200);
    assert!(running.workitem("1.1").await.get("00081195").is_none());
    refused(&running.tell("POST", "/1.1?transaction-uid=1.3", &within).await, 400, "C301H", UNCLAIMED);
    let mut moved = within.clone();
    moved["00741000"] = json!({"vr": "CS", "Value": ["COMPLETED"]});
    refused(
        &running.tell("POST", "/1.1", &moved).await,
        400,
        "ProcedureStepState (0074,1000) is not told here",
        "",
    );
    assert_eq!(running.workitem("1.1").await["00741202"]["Value"][0], "B");
    running.tell("POST", "/1.1?1.2", &performed()).await;
    assert_eq!(running.put_state("1.1", "COMPLETED", "1.2").await.status, 200);
    let over = "The submitted request is inconsistent with the current state of the Workitem.";
    refused(&running.tell("POST", "/1.1?1.2", &label).await, 409, "C300H", over);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_performers_who_compete_one_wins() {
    let running = std::sync::Arc::new(start().await);
    for round in 0..5 {
        let uid = format!("1.{round}");
        running.create(&uid, &workitem("A")).await;
        let claims = (1..=8).map(|who| {
            let (running, uid) = (running.clone(), uid.clone());
            tokio::spawn(
                async move { running.put_state(&uid, "IN PROGRESS", &format!("2.{who}")).await.status },
            )
        });
        let mut won = Vec::new();
        for (who, claim) in claims.collect::<Vec<_>>().into_iter().enumerate() {
            match claim.await.expect("no panic") {
                200 => won.push(who + 1),
                status => assert_eq!(status, 400),
            }
        }
        let [winner] = won[..] else { panic!("{won:?} have won") };
        // The one who won can go on, the others can't.
        for who in 1..=8 {
            let status = running.tell("POST", &format!("/{uid}?2.{who}"), &performed()).await.status;
            assert_eq!(status, if who == winner { 200 } else { 400 });
        }
        assert_eq!(running.put_state(&uid, "COMPLETED", &format!("2.{winner}")).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_a_cancellation() {
    let running = start().await;
    running.create("1.1", &workitem("A")).await;
    let path = format!("{AT}/1.1/cancelrequest");
    // Nobody has claimed it: it is cancelled, with all that this needs.
    assert_eq!(running.ask("POST", &path, "", &[]).await.status, 202);
    let kept = running.workitem("1.1").await;
    assert_eq!(kept["00741000"]["Value"][0], "CANCELED");
    let item = &kept["00741002"]["Value"][0];
    assert_eq!(item["0074100E"]["Value"][0]["00080100"]["Value"][0], "110513");
    assert!(item["00404052"]["Value"][0].is_string(), "{item}");
    let again = running.ask("POST", &path, "", &[]).await;
    assert_eq!(again.status, 202);
    assert_eq!(
        again.header("warning"),
        "299 klinke \"The UPS is already in the requested state of CANCELED.\""
    );
    // With reasons of its own.
    running.create("1.2", &workitem("A")).await;
    let reasons = json!({
        "00741238": {"vr": "LT", "Value": ["patient went home"]},
        "0074100E": code("110501"),
        "0074100A": {"vr": "UR", "Value": ["tel:+49301234"]},
        "0074100C": {"vr": "LO", "Value": ["Ward 3"]},
    });
    assert_eq!(running.tell("POST", "/1.2/cancelrequest", &reasons).await.status, 202);
    let item = running.workitem("1.2").await["00741002"]["Value"][0].clone();
    assert_eq!(item["00741238"]["Value"][0], "patient went home");
    assert_eq!(item["0074100E"]["Value"][0]["00080100"]["Value"][0], "110501");
    assert_eq!(item["00741008"]["Value"][0]["0074100A"]["Value"][0], "tel:+49301234");
    // Somebody performs it: whoever watches is told, nothing else changes; where nobody watches, nobody can be told.
    running.create("1.3", &workitem("A")).await;
    running.put_state("1.3", "IN PROGRESS", "1.9").await;
    let told = running.tell("POST", "/1.3/cancelrequest", &reasons).await;
    refused(&told, 409, "C312H", "The performer cannot be contacted.");
    assert_eq!(running.ask("POST", &format!("{AT}/1.3/subscribers/AI"), "", &[]).await.status, 201);
    assert_eq!(running.tell("POST", "/1.3/cancelrequest", &reasons).await.status, 202);
    assert_eq!(running.is("1.3").await, "IN PROGRESS");
    running.tell("POST", "/1.3?1.9", &performed()).await;
    running.put_state("1.3", "COMPLETED", "1.9").await;
    let late = running.tell("POST", "/1.3/cancelrequest", &reasons).await;
    refused(&late, 409, "C311H", "The UPS is already COMPLETED.");
    refused(&running.tell("POST", "/1.9/cancelrequest", &reasons).await, 404, "C307H", "");
    let odd = running.ask("POST", &path, "", b"what is this").await;
    assert_eq!(odd.status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn searching() {
    let running = start().await;
    for (uid, label, start, station) in [
        ("1.1", "AI chest", "20261130100000", "GPU1"),
        ("1.2", "AI chest", "20261130110000", "GPU2"),
        ("1.3", "Planning", "20261201080000", "GPU1"),
    ] {
        let mut set = workitem(label);
        set["00404005"] = json!({"vr": "DT", "Value": [start]});
        set["00404025"] = code(station);
        running.create(uid, &set).await;
    }
    running.put_state("1.2", "IN PROGRESS", "9.1").await;
    let find = async |query: &str| -> Vec<String> {
        let answer = running.get(&format!("{AT}?{query}"), JSON).await;
        match answer.status {
            204 => Vec::new(),
            200 => {
                let found = answer.json();
                let uid = |one: &Value| one["00080018"]["Value"][0].as_str().expect("a UID").to_owned();
                found.as_array().expect("a list").iter().map(uid).collect()
            }
            status => panic!("{status}: {}", answer.text()),
        }
    };
    for (query, uids) in [
        ("", &["1.1", "1.2", "1.3"][..]),
        ("ProcedureStepState=SCHEDULED", &["1.1", "1.3"]),
        ("00741000=SCHEDULED,IN%20PROGRESS", &["1.1", "1.2", "1.3"]),
        ("WorklistLabel=AI*", &["1.1", "1.2"]),
        ("WorklistLabel=plan*", &[]),
        ("SOPInstanceUID=1.3,1.1", &["1.1", "1.3"]),
        ("ScheduledProcedureStepStartDateTime=20261130-20261130", &["1.1", "1.2"]),
        ("ScheduledProcedureStepStartDateTime=2026113010-202611301030", &["1.1"]),
        ("ScheduledStationNameCodeSequence.CodeValue=GPU1", &["1.1", "1.3"]),
        (
            "ScheduledStationNameCodeSequence.CodeValue=GPU1&ScheduledStationNameCodeSequence.CodingSchemeDesignator=DCM",
            &[],
        ),
        ("PatientName=m%C3%BCller*", &["1.1", "1.2", "1.3"]),
        ("PatientName=joerg%20muller&fuzzymatching=true", &["1.1", "1.2", "1.3"]),
        ("PatientName=joerg%20muller", &[]),
        ("PatientID=4712", &[]),
        ("ReferencedRequestSequence.AccessionNumber=A", &[]),
        ("CommentsOnTheScheduledProcedureStep=%22%22", &["1.1", "1.2", "1.3"]),
        ("limit=2", &["1.1", "1.2"]),
        ("limit=2&offset=2", &["1.3"]),
    ] {
        assert_eq!(find(query).await, uids, "{query}");
    }
    let cut = running.get(&format!("{AT}?limit=1"), JSON).await;
    assert_eq!(cut.header("warning"), "299 klinke \"There are additional results that can be requested\"");
    let one = running.get(&format!("{AT}?SOPInstanceUID=1.1"), JSON).await.json()[0].clone();
    assert!(one.get("00741204").is_some() && one.get("00404021").is_none(), "{one}");
    let more =
        running.get(&format!("{AT}?SOPInstanceUID=1.1&includefield=InputInformationSequence"), JSON).await;
    assert!(more.json()[0].get("00404021").is_some());
    let all = running.get(&format!("{AT}?SOPInstanceUID=1.2&includefield=all"), JSON).await;
    assert!(all.json()[0].get("00741216").is_some() && !all.text().contains("9.1"), "{}", all.text());
    for (query, named) in [
        ("limit=x", "limit"),
        ("Nothing=1", "Nothing"),
        ("PatientID.CodeValue=1", "PatientID"),
        ("ScheduledProcedureStepStartDateTime=tomorrow", "ScheduledProcedureStepStartDateTime"),
        ("TransactionUID=9.1", "TransactionUID"),
        ("includefield=Nothing", "includefield"),
    ] {
        refused(&running.get(&format!("{AT}?{query}"), JSON).await, 400, named, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_none() {
    let mut small = config();
    small.limits.workitem = klinke_adapters::units::Bytes(64 << 10);
    let running = start_with(small, Doorman::default()).await;
    let good = workitem("A").to_string();
    let send = async |headers: &str, body: &[u8]| running.ask("POST", AT, headers, body).await;
    let huge = good.replace("READY", &"x".repeat(65 << 10));
    assert_eq!(send(BODY, huge.as_bytes()).await.status, 413);
    let deep = format!(
        "{{{}\"00080100\":{{\"vr\":\"SH\"}}{}}}",
        "\"00404018\":{\"vr\":\"SQ\",\"Value\":[{".repeat(1000),
        "}]}".repeat(1000)
    );
    let answer = send(BODY, deep.as_bytes()).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let latin = good.replace("Müller", "M\u{1}ller").into_bytes();
    let latin: Vec<u8> = latin.into_iter().map(|byte| if byte == 1 { 0xFC } else { byte }).collect();
    refused(&send(BODY, &latin).await, 400, "UTF-8", "");
    for body in
        ["", "{", "[]", "null", "12", "[{},{}]", "{\"00741000\":[]}", "{\"zz\":1}", "<NativeDicomModel"]
    {
        let answer = send(BODY, body.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 415), "{body}: {} {}", answer.status, answer.text());
    }
    let bulk = json!({"00404005": {"vr": "DT", "BulkDataURI": "file:///etc/passwd"}}).to_string();
    refused(&send(BODY, bulk.as_bytes()).await, 400, "no part came", "");
    for headers in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/dicom\r\n",
        "Content-Type: application/dicom+json; charset=iso-8859-1\r\n",
        "Content-Type: application/dicom+json\r\nContent-Encoding: gzip\r\n",
    ] {
        assert_eq!(send(headers, good.as_bytes()).await.status, 415, "{headers}");
    }
    // A value of 60 KiB in an element whose VR has a short length: kept whole.
    let long = "x".repeat(60 << 10);
    let mut set = workitem("A");
    set["00741204"] = json!({"vr": "LO", "Value": [long]});
    running.create("1.1", &set).await;
    assert_eq!(running.workitem("1.1").await["00741204"]["Value"][0], long.as_str());
    for (method, path) in [
        ("PUT", "/1.1"),
        ("DELETE", "/1.1"),
        ("PATCH", "/1.1"),
        ("GET", "/1.1/state"),
        ("POST", "/1.1/state"),
    ] {
        let answer = running.ask(method, &format!("{AT}{path}"), "", &[]).await;
        assert_eq!(answer.status, 405, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_work_and_what_is_told_of_it() {
    let running = start_with(config(), Doorman { closed: true, ..Doorman::default() }).await;
    let (all, read) = ("Authorization: Bearer all\r\n", "Authorization: Bearer read\r\n");
    let body = workitem("A").to_string();
    let post = async |path: &str, who: &str| {
        running.ask("POST", &format!("{AT}{path}"), &format!("{BODY}{who}"), body.as_bytes()).await.status
    };
    assert_eq!((post("/1.1", "").await, post("/1.1", read).await, post("/1.1", all).await), (401, 403, 201));
    let put = state("IN PROGRESS", "1.2").to_string();
    let put = async |who: &str| {
        let headers = format!("{BODY}{who}");
        running.ask("PUT", &format!("{AT}/1.1/state"), &headers, put.as_bytes()).await.status
    };
    assert_eq!((put("").await, put(read).await, put(all).await), (401, 403, 200));
    assert_eq!(post("/1.1/cancelrequest", read).await, 403);
    // Watching is reading.
    let watch = async |method: &str, who: &str| {
        running.ask(method, &format!("{AT}/1.1/subscribers/AI"), who, &[]).await.status
    };
    assert_eq!((watch("POST", "").await, watch("POST", read).await), (401, 201));
    assert_eq!((watch("DELETE", "").await, watch("DELETE", read).await), (401, 200));
    assert_eq!(running.get(&format!("{AT}/1.1"), read).await.status, 200);
    assert_eq!(running.get(AT, read).await.status, 200);
    let opened = running.gate.opened.lock().expect("no panic").clone();
    let told: Vec<_> =
        opened.iter().map(|one| (&*one.who, one.deed, one.instances.concat(), one.count)).collect();
    let uid = || "1.1".to_owned();
    assert_eq!(
        told,
        [
            ("alice", Deed::WorkitemWritten, uid(), 1),
            ("alice", Deed::WorkitemWritten, uid(), 1),
            ("bob", Deed::WorkitemRetrieved, uid(), 1),
            ("bob", Deed::Searched, String::new(), 1),
        ]
    );
}
