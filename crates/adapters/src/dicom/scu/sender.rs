//! C-STORE to a partner: an association for as long as there is something to send.

use std::collections::BTreeSet;
use std::sync::Arc;

use klinke_dimse::message::{Class, Command, Kind, Priority, Status};
use klinke_dimse::pdu::AssociateRequest;

use super::super::line::Line;
use super::super::peer::Peer;
use super::load::Load;
use super::{answer, ask};

/// A request has room for so many contexts.
const CONTEXTS_MAX: usize = 128;

/// Who sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Our AE title.
    pub calling: String,
    /// Who asked for it by C-MOVE, and the ID of that message.
    pub mover: Option<(String, u16)>,
}

/// What became of an instance that was to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The partner has it (0000).
    Done,
    /// The partner has it, with a warning (Bxxx and the like).
    Warning(Status),
    /// The partner has answered that it does not take it.
    Refused(Status),
    /// It can't be sent to this partner: no presentation context, or no way to bring it into the partner's transfer syntax.
    Unfit(String),
    /// Nothing reached the partner.
    Unreachable(String),
    /// It was sent, and no answer came.
    Unclear(String),
}

impl Carried {
    /// What a status means. An answer without one leaves it open.
    pub fn of(status: Option<Status>) -> Self {
        let Some(status) = status else { return Carried::Unclear("the answer has no status".to_owned()) };
        match status.class() {
            Class::Success => Carried::Done,
            Class::Warning => Carried::Warning(status),
            // Many archives say so of what they have, and mean that it is safe there.
            _ if status == Status::DUPLICATE_SOP_INSTANCE => Carried::Warning(status),
            _ => Carried::Refused(status),
        }
    }

    /// Whether the partner has it.
    pub fn is_there(&self) -> bool {
        matches!(self, Carried::Done | Carried::Warning(_))
    }
}

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Carried::Done => f.write_str("0000H: Done."),
            Carried::Warning(status) | Carried::Refused(status) => {
                write!(f, "{:04X}H: {}", status.code(), status.text(Some(Kind::CStoreResponse)))
            }
            Carried::Unfit(why) | Carried::Unreachable(why) | Carried::Unclear(why) => f.write_str(why),
        }
    }
}

/// Sends instances to a partner. Associations are begun when they are needed, and begun anew when an instance needs a context that
/// was not asked for.
#[derive(Debug)]
pub struct Sender {
    peer: Arc<Peer>,
    origin: Origin,
    /// SOP classes and the transfer syntaxes that instances of them lie in.
    wanted: BTreeSet<(String, String)>,
    line: Option<Line>,
    /// Why there is no association; then none is tried for each instance anew.
    refused: Option<String>,
}

impl Sender {
    /// For a partner.
    pub fn new(peer: Arc<Peer>, origin: Origin) -> Self {
        Sender { peer, origin, wanted: BTreeSet::new(), line: None, refused: None }
    }

    /// Says beforehand what will be sent, as SOP classes and transfer syntaxes, so that one association serves for all.
    pub fn expect(&mut self, pairs: &[(&str, &str)]) {
        self.wanted.extend(pairs.iter().map(|(class, syntax)| ((*class).to_owned(), (*syntax).to_owned())));
    }

    /// Sends an instance and waits for the answer.
    pub async fn carry(&mut self, load: &Load) -> Carried {
        if let Some(why) = &self.refused {
            return Carried::Unreachable(why.clone());
        }
        let pair = (load.class.clone(), load.syntax.clone());
        if self.wanted.insert(pair) {
            self.release().await;
        }
        if self.line.is_none() {
            match self.begin(load).await {
                Ok(line) => self.line = Some(line),
                Err(why) => {
                    self.refused = Some(why.clone());
                    return Carried::Unreachable(why);
                }
            }
        }
        let Some(mut line) = self.line.take() else {
            return Carried::Unreachable("no association".to_owned());
        };
        let Some((context, syntax)) = line.negotiated().and_then(|all| load.context(all)) else {
            self.line = Some(line);
            return Carried::Unfit(format!("{} accepts no presentation context for it", self.peer.ae_title));
        };
        let request = self.request(&mut line, load);
        let sent = load.send(&mut line, context, &request, &syntax).await;
        let carried = match sent {
            Ok(Err(why)) => Carried::Unfit(why),
            Err(broken) => return self.broke(line, &broken.to_string()).await,
            Ok(Ok(())) => match answer(&mut line, Kind::CStoreResponse).await {
                Ok(answer) => Carried::of(answer.status),
                Err(broken) => return self.broke(line, &broken.to_string()).await,
            },
        };
        self.line = Some(line);
        carried
    }

    /// The association is gone; the next instance begins another.
    async fn broke(&mut self, line: Line, why: &str) -> Carried {
        line.close().await;
        Carried::Unclear(why.to_owned())
    }

    fn request(&self, line: &mut Line, load: &Load) -> Command {
        let message = line.session().next_message_id();
        let mut request = Command::store_request(message, &load.class, &load.uid, Priority::Medium);
        if let Some((title, id)) = &self.origin.mover {
            request.move_originator_ae_title = Some(title.clone());
            request.move_originator_message_id = Some(*id);
        }
        request
    }

    /// Asks for an association that serves what is expected; what this instance needs stands first.
    async fn begin(&self, load: &Load) -> Result<Line, String> {
        let mut request = AssociateRequest::new(self.peer.ae_title.clone(), self.origin.calling.clone());
        let own = (load.class.clone(), load.syntax.clone());
        let others = self.wanted.iter().filter(|pair| **pair != own);
        for (class, syntax) in std::iter::once(&own).chain(others) {
            let offered = self.peer.offered(syntax);
            // One transfer syntax for each context, as the acceptor picks one of each; fallbacks share one.
            let (first, rest) =
                offered.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
            for some in [first.map(std::slice::from_ref).unwrap_or_default(), rest] {
                let some: Vec<&str> = some.iter().map(String::as_str).collect();
                let is_there = request
                    .contexts
                    .iter()
                    .any(|context| context.abstract_syntax == *class && context.transfer_syntaxes == some);
                if !some.is_empty() && !is_there && request.contexts.len() < CONTEXTS_MAX {
                    request.propose(class, &some);
                }
            }
        }
        ask(&self.peer, request).await.map_err(|error| error.to_string())
    }

    /// Tries again where there was no association.
    pub fn forgive(&mut self) {
        self.refused = None;
    }

    /// Ends the association in good order, if there is one.
    pub async fn release(&mut self) {
        if let Some(line) = self.line.take() {
            line.release().await;
        }
    }

    /// Ends the association at once.
    pub async fn abort(&mut self) {
        if let Some(line) = self.line.take() {
            line.abort().await;
        }
    }
}
