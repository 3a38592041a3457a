//! We call DCMTK's servers.

use klinke_adapters::dicom::Peer;
use klinke_adapters::dicom::scu::{self, Carried, Load, Origin, Sender};
use klinke_testkit::free_port;

use crate::support::{Server, dcmtk, host, image, strings, write_file};

async fn storescp(folder: &std::path::Path, options: &[&str]) -> Option<(Server, Peer)> {
    // Whether it is there at all is said by asking for its version.
    dcmtk("storescp", &["--version".to_owned()], folder).await?;
    let port = free_port();
    let mut arguments = strings(options);
    arguments.extend(strings(&["-aet", "STORE", "-od", ".", &port.to_string()]));
    let server = Server::start("storescp", &arguments, folder, port).await;
    Some((server, Peer::at("STORE", host(port))))
}

#[tokio::test(flavor = "multi_thread")]
async fn echo_and_store_at_storescp() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some((_server, peer)) = storescp(folder.path(), &["--fork"]).await else { return };
    let status = scu::echo(&peer, "KLINKE").await.expect("an answer");
    assert_eq!(status.code(), 0);
    let files = tempfile::tempdir().expect("a folder");
    let mut sender =
        Sender::new(std::sync::Arc::new(peer), Origin { calling: "KLINKE".to_owned(), mover: None });
    for number in 0..5 {
        let path =
            write_file(files.path(), "one.dcm", &image("1", "1.1", "1.1.1", &format!("1.1.1.{number}")));
        let load = Load::open(&path).expect("a file");
        assert_eq!(sender.carry(&load).await, Carried::Done);
    }
    sender.release().await;
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_partner_does_not_take_as_it_is_goes_in_another_transfer_syntax() {
    let folder = tempfile::tempdir().expect("a folder");
    // It takes implicit VR little endian alone.
    let Some((_server, peer)) = storescp(folder.path(), &["--fork", "+xi"]).await else { return };
    let files = tempfile::tempdir().expect("a folder");
    let path = write_file(files.path(), "one.dcm", &image("1", "1.1", "1.1.1", "1.1.1.1"));
    let load = Load::open(&path).expect("a file");
    let mut sender =
        Sender::new(std::sync::Arc::new(peer), Origin { calling: "KLINKE".to_owned(), mover: None });
    assert_eq!(sender.carry(&load).await, Carried::Done);
    sender.release().await;
    let kept =
        std::fs::read_dir(folder.path()).expect("a folder").next().expect("a file").expect("a file").path();
    let bytes = std::fs::read(kept).expect("a file");
    let limits = klinke_dimse::data::Limits::default();
    let opened = klinke_dimse::file::open(bytes, &limits, Default::default()).expect("a file");
    assert_eq!(opened.syntax.uid(), "1.2.840.10008.1.2");
    let original = image("1", "1.1", "1.1.1", "1.1.1.1");
    assert_eq!(opened.set.raw(klinke_dimse::tags::PIXEL_DATA), original.raw(klinke_dimse::tags::PIXEL_DATA));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_not_there_fails_each_instance_and_is_named() {
    let files = tempfile::tempdir().expect("a folder");
    let path = write_file(files.path(), "one.dcm", &image("1", "1.1", "1.1.1", "1.1.1.1"));
    let load = Load::open(&path).expect("a file");
    let peer = Peer::at("GONE", host(free_port()));
    let mut sender = Sender::new(std::sync::Arc::new(peer), Origin::default());
    let Carried::Unreachable(why) = sender.carry(&load).await else { panic!("nobody is there") };
    assert!(why.contains("127.0.0.1"), "{why}");
}
