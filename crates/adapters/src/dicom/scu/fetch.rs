//! Studies of a partner brought here: by C-MOVE to an application entity of ours, or by C-GET into the archive.

use bytes::Bytes;
use klinke_archive::index::Added;
use klinke_archive::migrate::{Named, Trouble};
use klinke_archive::{Archive, Arrival};
use klinke_dimse::data::DataSet;
use klinke_dimse::message::{Class, Kind, Status};
use klinke_dimse::{VR, tags};

use super::super::identifier;
use super::super::taking::{self, Taking};
use super::CallError;
use super::find::Root;
use super::get::{Getting, Keep};
use super::holdings::{Holdings, is_lack, of_call};
use super::retrieve::{Moved, Moving};

/// So many instances are named in one request: longer lists of UIDs are too much for some.
const NAMED_MAX: usize = 100;

/// What came of fetching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Instances that the archive took; those that came by C-MOVE are not known here.
    pub taken: u64,
    /// What was not well, of the partner or of the archive.
    pub problem: Option<String>,
    /// The partner lacks resources.
    pub suffers: bool,
}

impl Holdings {
    /// Has the partner send a study to an AE title: all of it, or these instances alone.
    pub async fn move_to(
        &self,
        title: &str,
        study: &str,
        only: Option<&[Named]>,
    ) -> Result<Fetched, Trouble> {
        let mut fetched = Fetched::default();
        for identifier in wanted(study, only) {
            let begun = Moving::begin(&self.peer, &self.calling, Root::Study, &identifier, title).await;
            let mut moving = begun.map_err(|error| of_call(&error))?;
            let mut last = None;
            while let Some(moved) = moving.next().await.map_err(Trouble::suffers)? {
                last = Some(moved);
            }
            moving.end().await;
            fetched.note(last.as_ref(), Kind::CMoveResponse);
        }
        Ok(fetched)
    }

    /// Fetches a study into an archive: all of it, or these instances alone.
    pub async fn get_into(
        &self,
        archive: &Archive,
        study: &str,
        only: Option<&[Named]>,
    ) -> Result<Fetched, Trouble> {
        let mut keeping = Keeping { holdings: self, archive, taking: None, taken: 0, refused: None };
        let mut fetched = Fetched::default();
        for identifier in wanted(study, only) {
            let last = self.get(&identifier, &mut keeping).await?;
            fetched.note(last.as_ref(), Kind::CGetResponse);
        }
        fetched.taken = keeping.taken;
        // What the archive says is more than what the partner makes of it.
        fetched.problem = keeping.refused.or(fetched.problem);
        Ok(fetched)
    }

    /// The data set of one instance as it comes, and its transfer syntax; for comparing.
    pub async fn get_one(&self, study: &str, named: &Named) -> Result<Option<(Bytes, String)>, Trouble> {
        let mut holding = Holding::default();
        for identifier in wanted(study, Some(std::slice::from_ref(named))) {
            self.get(&identifier, &mut holding).await?;
        }
        Ok((holding.is_whole).then(|| (holding.bytes.into(), holding.syntax)))
    }

    async fn get(&self, identifier: &DataSet, keep: &mut impl Keep) -> Result<Option<Moved>, Trouble> {
        let begun = Getting::begin(&self.peer, &self.calling, Root::Study, identifier, &[]).await;
        let mut getting = begun.map_err(|error: CallError| of_call(&error))?;
        let mut last = None;
        while let Some(got) = getting.next(keep).await.map_err(Trouble::suffers)? {
            last = Some(got);
        }
        getting.end().await;
        Ok(last)
    }
}

impl Fetched {
    fn note(&mut self, last: Option<&Moved>, kind: Kind) {
        let Some(moved) = last else {
            self.problem = Some("it gave no answer".to_owned());
            return;
        };
        let failed = moved.counts.failed.unwrap_or(0);
        if moved.status.class() == Class::Success && failed == 0 {
            return;
        }
        // A comment is the partner's own words, and may name a patient.
        let status = moved.status;
        let text = format!("{:04X}H {}", status.code(), status.text(Some(kind)));
        let text = if failed > 0 { format!("{text} {failed} failed") } else { text };
        self.problem = Some(text);
        self.suffers |= is_lack(status);
    }
}

/// The identifiers that ask for a study, or for these of its instances.
fn wanted(study: &str, only: Option<&[Named]>) -> Vec<DataSet> {
    let at = |level: &str| {
        let mut set = DataSet::new();
        set.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, level);
        set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, study);
        set
    };
    let Some(only) = only else { return vec![at("STUDY")] };
    let mut all = Vec::new();
    for series in only.chunk_by(|one, other| one.series == other.series) {
        for some in series.chunks(NAMED_MAX) {
            let mut set = at("IMAGE");
            let uids: Vec<&str> = some.iter().map(|one| one.instance.as_str()).collect();
            set.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, &some[0].series);
            set.put_ascii(tags::SOP_INSTANCE_UID, VR::UI, &uids.join("\\"));
            all.push(set);
        }
    }
    all
}

/// Instances into the archive.
struct Keeping<'a> {
    holdings: &'a Holdings,
    archive: &'a Archive,
    taking: Option<Taking>,
    taken: u64,
    /// Why the archive refused the first that it refused.
    refused: Option<String>,
}

impl Keep for Keeping<'_> {
    fn begin(&mut self, class: &str, uid: &str, syntax: &str) {
        let peer = &self.holdings.peer;
        let arrival = Arrival {
            class: class.to_owned(),
            instance: uid.to_owned(),
            syntax: syntax.to_owned(),
            from: peer.ae_title.clone(),
            to: self.holdings.calling.clone(),
            clash: peer.clash(),
            charset: identifier::rules(peer),
            study: None,
            quota: None,
        };
        self.taking = Some(Taking::begin(self.archive, arrival));
    }

    async fn bytes(&mut self, bytes: Bytes) {
        if let Some(taking) = self.taking.take() {
            self.taking = Some(taking.bytes(bytes).await);
        }
    }

    async fn end(&mut self) -> Status {
        let Some(taking) = self.taking.take() else { return Status::PROCESSING_FAILURE };
        match taking.finish().await {
            Ok(received) => {
                self.taken += u64::from(received.added != Added::Same);
                Status::SUCCESS
            }
            Err(error) => {
                let status = taking::status(&error);
                self.refused.get_or_insert_with(|| error.to_string());
                status
            }
        }
    }
}

/// What is compared is held in memory; more of it is passed over.
const HELD_SIZE_BYTES_MAX: usize = 1 << 30;

/// One instance in memory.
#[derive(Default)]
struct Holding {
    bytes: Vec<u8>,
    syntax: String,
    is_whole: bool,
}

impl Keep for Holding {
    fn begin(&mut self, _class: &str, _uid: &str, syntax: &str) {
        *self = Holding { syntax: syntax.to_owned(), ..Holding::default() };
    }

    async fn bytes(&mut self, bytes: Bytes) {
        if self.bytes.len() + bytes.len() <= HELD_SIZE_BYTES_MAX {
            self.bytes.extend_from_slice(&bytes);
        }
    }

    async fn end(&mut self) -> Status {
        self.is_whole = self.bytes.len() < HELD_SIZE_BYTES_MAX;
        Status::SUCCESS
    }
}
