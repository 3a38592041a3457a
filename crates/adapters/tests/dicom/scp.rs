//! DCMTK's tools call the archive.

use klinke_adapters::dicom::{Accept, Peer};
use klinke_archive::Level;
use klinke_archive::find::Query;
use klinke_dimse::{VR, tags};

use crate::support::{Running, config, dcmtk, host, image, start, strings, succeeded, write_file};

async fn running() -> Running {
    start(config(Accept::Any), Vec::new()).await
}

/// Sends instances with storescu; false where it is not there.
async fn store(running: &Running, options: &[&str], instances: &[klinke_dimse::data::DataSet]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let mut arguments = strings(options);
    arguments.extend(running.called());
    for (number, set) in instances.iter().enumerate() {
        arguments.push(write_file(folder.path(), &format!("{number}.dcm"), set).display().to_string());
    }
    let Some(output) = dcmtk("storescu", &arguments, folder.path()).await else { return false };
    succeeded(&output);
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn echo_answers() {
    let running = running().await;
    let Some(output) = dcmtk("echoscu", &running.called(), running.folder.path()).await else { return };
    succeeded(&output);
    // Small and large PDUs, and many contexts.
    for options in [["-pdu", "4096"], ["-ppc", "128"], ["-pts", "38"]] {
        let mut arguments = strings(&options);
        arguments.extend(running.called());
        succeeded(&dcmtk("echoscu", &arguments, running.folder.path()).await.expect("it is there"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_storescu_sends_is_kept_byte_for_byte() {
    let running = running().await;
    let set = image("4711", "1.2.3", "1.2.3.4", "1.2.3.4.5");
    if !store(&running, &[], std::slice::from_ref(&set)).await {
        return;
    }
    let archive = &running.node.archive;
    let kept = archive.instance("1.2.3.4.5").expect("an index").expect("an instance");
    let bytes = std::fs::read(archive.path(&kept)).expect("a file");
    let sent =
        klinke_dimse::data::write(&set, &klinke_dimse::syntax::TransferSyntax::EXPLICIT).expect("bytes");
    assert_eq!(bytes[kept.file.data_offset as usize..], sent);
    assert_eq!(kept.file.from, "DCMTK");
    // In implicit VR as well, under another UID.
    assert!(store(&running, &["-xi"], &[image("4711", "1.2.3", "1.2.3.4", "1.2.3.4.6")]).await);
    let implicit = archive.instance("1.2.3.4.6").expect("an index").expect("an instance");
    assert_eq!(implicit.file.syntax, "1.2.840.10008.1.2");
    let verified = archive.verify(&mut |_, _| {}).expect("a check");
    assert_eq!((verified.sound, verified.damaged), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn findscu_finds_what_is_there_at_every_level() {
    let running = running().await;
    let instances = [
        image("100", "1.1", "1.1.1", "1.1.1.1"),
        image("100", "1.1", "1.1.1", "1.1.1.2"),
        image("200", "1.2", "1.2.1", "1.2.1.1"),
    ];
    if !store(&running, &[], &instances).await {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let find = async |options: &[&str], keys: &[&str]| -> String {
        let mut arguments = strings(options);
        for key in keys {
            arguments.extend(strings(&["-k", key]));
        }
        arguments.extend(running.called());
        succeeded(&dcmtk("findscu", &arguments, folder.path()).await.expect("it is there"))
    };
    let studies = find(
        &["-S"],
        &[
            "QueryRetrieveLevel=STUDY",
            "PatientName=muster*",
            "StudyInstanceUID",
            "NumberOfStudyRelatedInstances",
            "ModalitiesInStudy",
        ],
    )
    .await;
    assert!(
        studies.contains("[1.1]") && studies.contains("[1.2]") && studies.contains("[Muster^100]"),
        "{studies}"
    );
    assert!(
        studies.contains("IS [2 ]") && studies.contains("CS [CT]") && studies.contains("[KLINKE]"),
        "{studies}"
    );
    let one = find(&["-P"], &["QueryRetrieveLevel=STUDY", "PatientID=200", "StudyInstanceUID"]).await;
    assert!(one.contains("[1.2]") && !one.contains("[1.1]"), "{one}");
    let patients =
        find(&["-P"], &["QueryRetrieveLevel=PATIENT", "PatientID=", "NumberOfPatientRelatedStudies"]).await;
    assert_eq!(patients.matches(" PatientID").count(), 2, "{patients}");
    let images = find(
        &["-S"],
        &[
            "QueryRetrieveLevel=IMAGE",
            "StudyInstanceUID=1.1",
            "SeriesInstanceUID=1.1.1",
            "SOPInstanceUID",
            "Rows",
        ],
    )
    .await;
    assert!(
        images.contains("[1.1.1.1]") && images.contains("[1.1.1.2]") && images.contains("US 64"),
        "{images}"
    );
    let none = find(&["-S"], &["QueryRetrieveLevel=STUDY", "PatientName=Niemand", "StudyInstanceUID"]).await;
    assert!(!none.contains("[1.1]"), "{none}");
    // Cancelled after the first answer.
    find(&["-S", "--cancel", "1"], &["QueryRetrieveLevel=STUDY", "StudyInstanceUID"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn getscu_gets_a_study_and_movescu_has_it_sent() {
    // The receiver of the move is the archive of somebody else.
    let other = start(config(Accept::Any), Vec::new()).await;
    let receiver = Peer { ae_title: "OTHER".to_owned(), ..Peer::at("KLINKE", host(other.port)) };
    let receiver_called = Peer { ..receiver.clone() };
    let mut other_title = config(Accept::Any);
    other_title.any_called_title = true;
    let other = start(other_title, Vec::new()).await;
    let receiver = Peer { address: Some(host(other.port)), ..receiver_called };
    let running = start(config(Accept::Any), vec![receiver]).await;
    let instances: Vec<_> =
        (1..=12).map(|number| image("1", "1.1", "1.1.1", &format!("1.1.1.{number}"))).collect();
    if !store(&running, &[], &instances).await {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.1"];
    let mut arguments = strings(&["-S", "-v"]);
    arguments.extend(strings(&keys));
    arguments.extend(running.called());
    let text = succeeded(&dcmtk("getscu", &arguments, folder.path()).await.expect("it is there"));
    let files = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(files, 12, "{text}");

    let mut arguments = strings(&["-S", "-v", "-aem", "OTHER"]);
    arguments.extend(strings(&keys));
    arguments.extend(running.called());
    let text = succeeded(&dcmtk("movescu", &arguments, folder.path()).await.expect("it is there"));
    assert_eq!(other.node.archive.totals().expect("totals").instances, 12, "{text}");
    let one = other.node.archive.instance("1.1.1.7").expect("an index").expect("an instance");
    assert_eq!(one.file.from, "KLINKE");
    // To nobody whom we know.
    let mut arguments = strings(&["-S", "-v", "-aem", "NOBODY"]);
    arguments.extend(strings(&keys));
    arguments.extend(running.called());
    let output = dcmtk("movescu", &arguments, folder.path()).await.expect("it is there");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.to_lowercase().contains("destination"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_stays_outside_and_is_noted() {
    let running = start(config(Accept::Known), vec![Peer::unknown("FRIEND")]).await;
    let Some(output) = dcmtk("echoscu", &running.called(), running.folder.path()).await else { return };
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("Calling AE Title Not Recognized"), "{text}");
    let unknown = running.node.peers.inbox().all();
    assert_eq!(
        (unknown.len(), unknown[0].calling.as_str(), unknown[0].host.as_str()),
        (1, "DCMTK", "127.0.0.1")
    );
    let friend = strings(&["-aec", "klinke ", "-aet", "friend", &running.host, &running.port.to_string()]);
    succeeded(&dcmtk("echoscu", &friend, running.folder.path()).await.expect("it is there"));
    let wrong = strings(&["-aec", "SOMEBODY", "-aet", "FRIEND", &running.host, &running.port.to_string()]);
    let output = dcmtk("echoscu", &wrong, running.folder.path()).await.expect("it is there");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Called AE Title Not Recognized"));
    // Who is named from now on is let in, from where the site says, and waits no more.
    let from = |network: &str| vec![network.parse().expect("a network")];
    running.node.peers.set([Peer { from: from("10.0.0.0/8"), ..Peer::unknown("DCMTK") }]);
    assert_eq!(running.node.peers.inbox().all().len(), 1);
    running.node.peers.set([Peer { from: from("127.0.0.1"), ..Peer::unknown("DCMTK") }]);
    assert!(running.node.peers.inbox().all().is_empty());
    succeeded(&dcmtk("echoscu", &running.called(), running.folder.path()).await.expect("it is there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_answered_a700_and_the_association_lives() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = klinke_archive::Options { reserve_bytes: u64::MAX, ..Default::default() };
    let archive = klinke_archive::Archive::open(folder.path(), options).expect("an archive");
    let node = klinke_adapters::dicom::Node::new(config(Accept::Any), archive, Default::default());
    let open = node.open().await.expect("a port");
    let port = open.address().rsplit(':').next().expect("a port").to_owned();
    let (_stopper, stop) = klinke_engine::source::Stop::new();
    tokio::spawn(open.run(stop));
    let mut arguments = strings(&["-v", "-nh", "-aec", "KLINKE", "127.0.0.1", &port]);
    for number in 0..2 {
        let set = image("1", "1.1", "1.1.1", &format!("1.1.1.{number}"));
        arguments.push(write_file(folder.path(), &format!("{number}.dcm"), &set).display().to_string());
    }
    let Some(output) = dcmtk("storescu", &arguments, folder.path()).await else { return };
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.matches("OutOfResources").count() + text.matches("0xa700").count(), 2, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_other_character_sets_are_found_and_answered_in_the_partners_own() {
    let latin = Peer { charset: Some("ISO_IR 100".to_owned()), ..Peer::unknown("DCMTK") };
    let running = start(config(Accept::Known), vec![latin]).await;
    let mut set = image("1", "1.1", "1.1.1", "1.1.1.1");
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    set.put(klinke_dimse::data::Element::bytes(
        tags::PATIENT_NAME,
        VR::PN,
        "Müller^Jörg ".as_bytes().to_vec(),
    ));
    if !store(&running, &[], &[set]).await {
        return;
    }
    let mut found = Vec::new();
    let mut each = |one: klinke_archive::index::Found| {
        found.push(one);
        std::ops::ControlFlow::Continue(())
    };
    running.node.archive.find(&Query::at(Level::Patient), &mut each).expect("an index");
    assert_eq!(found[0].attributes[0].raw(tags::PATIENT_NAME), Some("Müller^Jörg".as_bytes()));
    let mut arguments = strings(&["-S", "-X", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientName=*"]);
    arguments.extend(running.called());
    let folder = tempfile::tempdir().expect("a folder");
    succeeded(&dcmtk("findscu", &arguments, folder.path()).await.expect("it is there"));
    let answer = std::fs::read(folder.path().join("rsp0001.dcm")).expect("an answer");
    let has = |bytes: &[u8]| answer.windows(bytes.len()).any(|part| part == bytes);
    assert!(has(b"ISO_IR 100") && has(b"M\xFCller^J\xF6rg"));
}
