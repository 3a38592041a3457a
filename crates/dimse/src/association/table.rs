//! The state transition table (PS3.8, Table 9-10) as data, to be read against the standard.
//!
//! Rows are events, columns are states. What the actions do (Tables 9-6 to 9-9) is in
//! [`Association`](super::Association).

use super::State;

/// What makes a transition; the numbers are the standard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Trigger {
    /// Evt1: the local user requests an association.
    AssociateRequest = 1,
    /// Evt2: the transport is open, as we asked.
    TransportConfirmed = 2,
    /// Evt3: A-ASSOCIATE-AC came.
    AssociateAcceptPdu = 3,
    /// Evt4: A-ASSOCIATE-RJ came.
    AssociateRejectPdu = 4,
    /// Evt5: the peer opened a transport.
    TransportIndicated = 5,
    /// Evt6: A-ASSOCIATE-RQ came.
    AssociateRequestPdu = 6,
    /// Evt7: the local user accepts.
    AssociateAccept = 7,
    /// Evt8: the local user rejects.
    AssociateReject = 8,
    /// Evt9: the local user sends data.
    Data = 9,
    /// Evt10: P-DATA-TF came.
    DataPdu = 10,
    /// Evt11: the local user requests release.
    ReleaseRequest = 11,
    /// Evt12: A-RELEASE-RQ came.
    ReleaseRequestPdu = 12,
    /// Evt13: A-RELEASE-RP came.
    ReleaseResponsePdu = 13,
    /// Evt14: the local user answers a release request.
    ReleaseResponse = 14,
    /// Evt15: the local user aborts.
    Abort = 15,
    /// Evt16: A-ABORT came.
    AbortPdu = 16,
    /// Evt17: the transport was closed.
    TransportClosed = 17,
    /// Evt18: the ARTIM timer expired.
    TimerExpired = 18,
    /// Evt19: a PDU came that is unknown or invalid.
    InvalidPdu = 19,
}

/// What is done (PS3.8, Tables 9-6 to 9-9); names are the standard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Open the transport.
    AE1,
    /// Send A-ASSOCIATE-RQ.
    AE2,
    /// Tell that the peer accepted.
    AE3,
    /// Tell that the peer rejected, and close the transport.
    AE4,
    /// Start ARTIM.
    AE5,
    /// Stop ARTIM and tell what the peer requests.
    AE6,
    /// Send A-ASSOCIATE-AC.
    AE7,
    /// Send A-ASSOCIATE-RJ and start ARTIM.
    AE8,
    /// Send P-DATA-TF.
    DT1,
    /// Tell the data.
    DT2,
    /// Send A-RELEASE-RQ.
    AR1,
    /// Tell that the peer wants to release.
    AR2,
    /// Tell that it is released, and close the transport.
    AR3,
    /// Send A-RELEASE-RP and start ARTIM.
    AR4,
    /// Stop ARTIM.
    AR5,
    /// Tell the data, though release was requested.
    AR6,
    /// Send P-DATA-TF, though release was requested.
    AR7,
    /// Tell that the peer wants to release as well.
    AR8,
    /// Send A-RELEASE-RP, as the requestor in a collision.
    AR9,
    /// Tell that the peer agreed to release, as the acceptor in a collision.
    AR10,
    /// Send A-ABORT and start ARTIM.
    AA1,
    /// Stop ARTIM and close the transport.
    AA2,
    /// Tell that the peer aborted, and close the transport.
    AA3,
    /// Tell that the transport is gone.
    AA4,
    /// Stop ARTIM, as the transport is gone.
    AA5,
    /// Pass over the PDU.
    AA6,
    /// Send A-ABORT again.
    AA7,
    /// Send A-ABORT as service provider, tell it, and start ARTIM.
    AA8,
}

/// The action for an event in a state, or `None` where the standard has an empty cell: that can't happen.
pub const fn action(trigger: Trigger, state: State) -> Option<Action> {
    TABLE[trigger as usize - 1][state as usize - 1]
}

const fn on(action: Action) -> Option<Action> {
    Some(action)
}

const NO: Option<Action> = None;
const AE1: Option<Action> = on(Action::AE1);
const AE2: Option<Action> = on(Action::AE2);
const AE3: Option<Action> = on(Action::AE3);
const AE4: Option<Action> = on(Action::AE4);
const AE5: Option<Action> = on(Action::AE5);
const AE6: Option<Action> = on(Action::AE6);
const AE7: Option<Action> = on(Action::AE7);
const AE8: Option<Action> = on(Action::AE8);
const DT1: Option<Action> = on(Action::DT1);
const DT2: Option<Action> = on(Action::DT2);
const AR1: Option<Action> = on(Action::AR1);
const AR2: Option<Action> = on(Action::AR2);
const AR3: Option<Action> = on(Action::AR3);
const AR4: Option<Action> = on(Action::AR4);
const AR5: Option<Action> = on(Action::AR5);
const AR6: Option<Action> = on(Action::AR6);
const AR7: Option<Action> = on(Action::AR7);
const AR8: Option<Action> = on(Action::AR8);
const AR9: Option<Action> = on(Action::AR9);
const A10: Option<Action> = on(Action::AR10);
const AA1: Option<Action> = on(Action::AA1);
const AA2: Option<Action> = on(Action::AA2);
const AA3: Option<Action> = on(Action::AA3);
const AA4: Option<Action> = on(Action::AA4);
const AA5: Option<Action> = on(Action::AA5);
const AA6: Option<Action> = on(Action::AA6);
const AA7: Option<Action> = on(Action::AA7);
const AA8: Option<Action> = on(Action::AA8);

/// PS3.8, Table 9-10: a row for each event, a column for each state. `A10` is AR-10.
#[rustfmt::skip]
pub const TABLE: [[Option<Action>; 13]; 19] = [
    // Sta   1    2    3    4    5    6    7    8    9   10   11   12   13
    /* 1*/ [AE1,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO],
    /* 2*/ [ NO,  NO,  NO, AE2,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO],
    /* 3*/ [ NO, AA1, AA8,  NO, AE3, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA6],
    /* 4*/ [ NO, AA1, AA8,  NO, AE4, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA6],
    /* 5*/ [AE5,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO],
    /* 6*/ [ NO, AE6, AA8,  NO, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA7],
    /* 7*/ [ NO,  NO, AE7,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO],
    /* 8*/ [ NO,  NO, AE8,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO],
    /* 9*/ [ NO,  NO,  NO,  NO,  NO, DT1,  NO, AR7,  NO,  NO,  NO,  NO,  NO],
    /*10*/ [ NO, AA1, AA8,  NO, AA8, DT2, AR6, AA8, AA8, AA8, AA8, AA8, AA6],
    /*11*/ [ NO,  NO,  NO,  NO,  NO, AR1,  NO,  NO,  NO,  NO,  NO,  NO,  NO],
    /*12*/ [ NO, AA1, AA8,  NO, AA8, AR2, AR8, AA8, AA8, AA8, AA8, AA8, AA6],
    /*13*/ [ NO, AA1, AA8,  NO, AA8, AA8, AR3, AA8, AA8, A10, AR3, AA8, AA6],
    /*14*/ [ NO,  NO,  NO,  NO,  NO,  NO,  NO, AR4, AR9,  NO,  NO, AR4,  NO],
    /*15*/ [ NO,  NO, AA1, AA2, AA1, AA1, AA1, AA1, AA1, AA1, AA1, AA1,  NO],
    /*16*/ [ NO, AA2, AA3,  NO, AA3, AA3, AA3, AA3, AA3, AA3, AA3, AA3, AA2],
    /*17*/ [ NO, AA5, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AA4, AR5],
    /*18*/ [ NO, AA2,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO, AA2],
    /*19*/ [ NO, AA1, AA8,  NO, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA8, AA7],
];
