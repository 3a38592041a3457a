//! Whether a partner takes an association by the AE titles with which deliveries come: verification is asked for (PS3.4, Annex A), and
//! released again. It is about nobody.

use std::sync::Arc;
use std::time::Duration;

use klinke_diagnosis::{Rejection, Seen, Speech};
use klinke_dimse::association::{Ending, Settings};
use klinke_dimse::pdu::{AssociateReject, AssociateRequest};
use klinke_dimse::uids;

use super::line::{Line, RequestError};
use super::peer::Peer;
use super::scu;
use crate::net::Stream;
use crate::probe::{Dialled, Entity, Probe};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take where the partner has no time of its own.
const ANSWER: Duration = Duration::from_secs(60);

/// What can be asked of a partner; nothing where it has no address.
pub(super) fn of(peer: &Peer, calling: &str) -> Option<Arc<dyn Probe>> {
    let host = peer.address.clone()?;
    let (called, calling) = (peer.ae_title.trim().to_owned(), calling.to_owned());
    let (to, by, settings) = (called.clone(), calling.clone(), peer.settings());
    let ask = move |stream: Stream| {
        let mut request = AssociateRequest::new(to.clone(), by.clone());
        request.propose(uids::VERIFICATION, &scu::plain());
        let asked = associate(stream, settings.clone(), request);
        Box::pin(asked) as klinke_engine::BoxFuture<'static, Option<Seen>>
    };
    Some(Arc::new(Dialled {
        host,
        tls: peer.tls.clone(),
        speech: Some(Speech::Dicom),
        connect: CONNECT,
        answer: peer.response.map_or(ANSWER, |period| period.0),
        echo: None,
        entity: Some(Entity { called, calling, ask: Arc::new(ask) }),
    }))
}

async fn associate(stream: Stream, settings: Settings, request: AssociateRequest) -> Option<Seen> {
    match Line::request(stream, settings, request).await {
        Ok(line) => {
            line.release().await;
            Some(Seen::Accepted)
        }
        Err(RequestError::Ended(Ending::Rejected(reject))) => Some(Seen::Rejected(rejection(reject))),
        Err(RequestError::Ended(Ending::Aborted(abort))) => {
            Some(Seen::Rejected(Rejection::Other(abort.to_string())))
        }
        Err(_) => None,
    }
}

fn rejection(reject: AssociateReject) -> Rejection {
    match reject {
        _ if reject.is_transient() => Rejection::Busy(reject.text().to_owned()),
        AssociateReject { source: 1, reason: 7, .. } => Rejection::Called,
        AssociateReject { source: 1, reason: 3, .. } => Rejection::Calling,
        _ => Rejection::Other(reject.text().to_owned()),
    }
}
