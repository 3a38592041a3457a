//! The worklist over DIMSE: DCMTK's findscu asks ours, and we ask DCMTK's.

use klinke_adapters::dicom::scu::{Finding, Root};
use klinke_adapters::dicom::{Accept, Peer, Service};
use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, VR, tags};
use klinke_model::Timestamp;
use klinke_testkit::free_port;

use crate::support::{Running, Server, config, dcmtk, host, start, strings, succeeded};

const EXAMPLES: &str = "/usr/share/doc/dcmtk/examples";

/// A step for the worklist; what is of its item is told by its tag.
pub fn step(accession: &str, id: &str, fields: &[(Tag, VR, &str)]) -> DataSet {
    let (mut set, mut item) = (DataSet::new(), DataSet::new());
    set.put_ascii(tags::ACCESSION_NUMBER, VR::SH, accession);
    set.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
    set.put_text(tags::PATIENT_NAME, VR::PN, "Müller^Jörg", &Charset::UTF_8);
    set.put_ascii(tags::REQUESTED_PROCEDURE_ID, VR::SH, "RP1");
    let mut code = DataSet::new();
    code.put_ascii(tags::CODE_VALUE, VR::SH, "CTTHX");
    code.put_ascii(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "99KLINKE");
    code.put_ascii(tags::CODE_MEANING, VR::LO, "CT Thorax");
    set.put_items(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE, vec![code.clone()]);
    item.put_items(tags::SCHEDULED_PROTOCOL_CODE_SEQUENCE, vec![code]);
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, id);
    item.put_ascii(tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "DCMTK");
    item.put_ascii(tags::MODALITY, VR::CS, "CT");
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, "20261129");
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM, "1015");
    for (tag, vr, text) in fields {
        let is_of_step = tag.0 == 0x0040 && tag.1 < 0x0100 || *tag == tags::MODALITY;
        let target = if is_of_step { &mut item } else { &mut set };
        target.put_text(*tag, *vr, text, &Charset::UTF_8);
    }
    set.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
    set
}

pub fn schedule(running: &Running, steps: &[DataSet]) {
    for step in steps {
        running.node.archive.schedule(step, Timestamp::now()).expect("a worklist");
    }
}

/// What findscu prints, and its answers as files in the folder.
async fn ask(running: &Running, title: &str, folder: &std::path::Path, keys: &[&str]) -> Option<String> {
    let mut arguments = strings(&["-W", "-X"]);
    for key in keys {
        arguments.extend(strings(&["-k", key]));
    }
    arguments.extend(running.called());
    for argument in &mut arguments {
        if argument == "DCMTK" {
            *argument = title.to_owned();
        }
    }
    dcmtk("findscu", &arguments, folder).await.map(|output| succeeded(&output))
}

fn answers(folder: &std::path::Path) -> Vec<DataSet> {
    let limits = klinke_dimse::data::Limits::default();
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "dcm"))
        .collect();
    paths.sort();
    let open = |path| {
        let bytes = std::fs::read(path).expect("a file");
        klinke_dimse::file::open(bytes, &limits, Default::default()).expect("a file").set
    };
    paths.into_iter().map(open).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn findscu_is_answered_what_it_asks_for_and_no_more() {
    let running = start(config(Accept::Any), Vec::new()).await;
    schedule(
        &running,
        &[step("A1", "S1", &[]), step("A2", "S2", &[(tags::MODALITY, VR::CS, "MR")]), step("A3", "S3", &[])],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let keys = [
        "AccessionNumber",
        "PatientName=m*",
        "AdmissionID",
        "RequestedProcedureCodeSequence[0].CodeValue",
        "ScheduledProcedureStepSequence[0].Modality=CT",
        "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20261129-",
        "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus=",
        "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence",
    ];
    if ask(&running, "DCMTK", folder.path(), &keys).await.is_none() {
        return;
    }
    let answers = answers(folder.path());
    let accessions: Vec<_> = answers.iter().filter_map(|one| one.ascii(tags::ACCESSION_NUMBER)).collect();
    assert_eq!(accessions, ["A1", "A3"]);
    let one = &answers[0];
    assert_eq!(one.ascii(tags::SPECIFIC_CHARACTER_SET), Some("ISO_IR 192"));
    assert_eq!(one.text(tags::PATIENT_NAME, &Charset::UTF_8).as_deref(), Some("Müller^Jörg"));
    assert!(
        one.get(tags::ADMISSION_ID).is_some_and(|element| element.as_bytes().is_some_and(|b| b.is_empty()))
    );
    assert!(one.get(tags::PATIENT_ID).is_none() && one.get(tags::STUDY_INSTANCE_UID).is_none());
    let code = &one.items(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE)[0];
    assert_eq!((code.len(), code.ascii(tags::CODE_VALUE)), (1, Some("CTTHX")));
    let item = &one.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)[0];
    assert_eq!(item.ascii(tags::SCHEDULED_PROCEDURE_STEP_STATUS), Some("SCHEDULED"));
    assert_eq!(item.items(tags::SCHEDULED_PROTOCOL_CODE_SEQUENCE)[0].len(), 3, "all of it");
    assert_eq!(item.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_is_answered_in_its_character_set_and_may_see_its_own_steps_alone() {
    let peers = vec![
        Peer { charset: Some("ISO_IR 100".to_owned()), ..Peer::unknown("LATIN") },
        Peer { charset: Some("ISO_IR 6".to_owned()), worklist_own: true, ..Peer::unknown("DCMTK") },
        Peer { may: vec![Service::Find], ..Peer::unknown("FINDER") },
    ];
    let running = start(config(Accept::Known), peers).await;
    let other = step("A2", "S2", &[(tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "CT9")]);
    schedule(&running, &[step("A1", "S1", &[]), other]);
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let keys = ["PatientName", "ScheduledProcedureStepSequence"];
    if ask(&running, "LATIN", folders[0].path(), &keys).await.is_none() {
        return;
    }
    let latin = answers(folders[0].path());
    assert_eq!((latin.len(), latin[0].raw(tags::PATIENT_NAME)), (2, Some(&b"M\xFCller^J\xF6rg"[..])));
    ask(&running, "DCMTK", folders[1].path(), &keys).await;
    let own = answers(folders[1].path());
    assert_eq!((own.len(), own[0].ascii(tags::PATIENT_NAME)), (1, Some("Mueller^Joerg")));
    // Whoever may not ask finds no context for it.
    let mut arguments = strings(&["-W", "-k", "PatientName"]);
    arguments.extend(running.called());
    arguments.iter_mut().filter(|one| *one == "DCMTK").for_each(|one| *one = "FINDER".to_owned());
    let refused = dcmtk("findscu", &arguments, folders[0].path()).await.expect("it is there");
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("No Acceptable Presentation Contexts"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_questions_to_dcmtks_worklist_and_to_ours_find_the_same_steps() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path();
    if dcmtk("wlmscpfs", &strings(&["--version"]), base).await.is_none() {
        return;
    }
    let entries = dumps(&format!("{EXAMPLES}/wlistdb/OFFIS"), base, "wl").await;
    let questions = dumps(&format!("{EXAMPLES}/wlistqry"), base, "dcm").await;
    if entries.is_empty() || questions.is_empty() {
        let text = "NOT RUN: DCMTK's example worklist is not installed";
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "{text}");
        return eprintln!("{text}");
    }
    std::fs::create_dir(base.join("OFFIS")).expect("a folder");
    std::fs::write(base.join("OFFIS/lockfile"), "").expect("a file");
    for (number, path) in entries.iter().enumerate() {
        std::fs::copy(path, base.join(format!("OFFIS/{number}.wl"))).expect("a file");
    }
    let port = free_port();
    let _server = Server::start(
        "wlmscpfs",
        &strings(&["-dfp", ".", "-csk", "--single-process", &port.to_string()]),
        base,
        port,
    )
    .await;
    let theirs = Peer::at("OFFIS", host(port));
    let running = start(config(Accept::Any), Vec::new()).await;
    let open = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).expect("a file");
        klinke_dimse::file::open(bytes, &Default::default(), Default::default()).expect("a file").set
    };
    let entries: Vec<DataSet> = entries.iter().map(open).collect();
    schedule(&running, &entries);
    let mut total = 0;
    for path in &questions {
        let question = open(path);
        let (mut expected, mut got) =
            (keys_of(&theirs, &question).await, keys_of(&running.as_peer(), &question).await);
        expected.sort();
        got.sort();
        total += got.len();
        assert_eq!(got, expected, "{}", path.display());
    }
    assert!(total > 10, "{total} answers");
}

/// Dumps of a folder, made to files.
async fn dumps(from: &str, to: &std::path::Path, extension: &str) -> Vec<std::path::PathBuf> {
    let Ok(all) = std::fs::read_dir(from) else { return Vec::new() };
    let mut paths: Vec<_> = all.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "dump"));
    paths.sort();
    let mut made = Vec::new();
    for path in paths {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let target = to.join(format!("{name}.{extension}"));
        let arguments = [path.display().to_string(), target.display().to_string()];
        succeeded(&dcmtk("dump2dcm", &arguments, to).await.expect("it is there"));
        made.push(target);
    }
    made
}

/// What a worklist answers, each as a text of what must be the same.
async fn keys_of(peer: &Peer, question: &DataSet) -> Vec<String> {
    let mut finding =
        Finding::begin(peer, "ANYTITLE", Root::Worklist, question).await.expect("an association");
    let mut all = Vec::new();
    while let Some(one) = finding.next().await.expect("an answer") {
        let text = |set: &DataSet, tag| set.text(tag, &Charset::LATIN_1).unwrap_or_default().into_owned();
        let item = one.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).first().cloned().unwrap_or_default();
        let mut line: Vec<String> =
            [tags::PATIENT_NAME, tags::PATIENT_ID, tags::ACCESSION_NUMBER, tags::STUDY_INSTANCE_UID]
                .map(|tag| text(&one, tag))
                .to_vec();
        for tag in [tags::SCHEDULED_PROCEDURE_STEP_ID, tags::MODALITY, tags::SCHEDULED_STATION_AE_TITLE] {
            line.push(text(&item, tag));
        }
        all.push(line.join("|"));
    }
    finding.end().await;
    all
}
