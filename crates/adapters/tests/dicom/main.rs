//! DICOM over real sockets: the archive's services with DCMTK's tools as partners, and our calls to DCMTK's servers.
//!
//! DCMTK, Orthanc, pynetdicom and dcmjs-dimse are real peers: where one is not installed, that is said aloud, and fails the test where `KLINKE_PEERS=require`.

#[cfg(test)]
mod dcmjs;
#[cfg(test)]
mod orthanc;
#[cfg(test)]
mod ours;
#[cfg(test)]
mod scp;
#[cfg(test)]
mod scu;
#[cfg(test)]
mod services;
#[cfg(test)]
mod support;
#[cfg(test)]
mod worklist;
