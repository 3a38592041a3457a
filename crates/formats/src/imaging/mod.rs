//! Between imaging and the rest of the house: DICOM as HL7 v2, and HL7 v2 as DICOM.
//!
//! | step | from | to |
//! |---|---|---|
//! | [`to_hl7`] | a study that is complete, a performed procedure step, a structured report | ORU^R01, ORM^O01, OMG^O19, MDM^T02 |
//! | [`to_dicom`] | ORU and MDM with a document or with text | Encapsulated PDF, Basic Text SR |

mod document;
mod instance;
mod line;
mod notification;
mod performed;
mod report;
mod request;
mod study;
mod texts;
mod to_dicom;
mod to_hl7;

pub(crate) use to_dicom::TO_DICOM;
pub(crate) use to_hl7::TO_HL7;

#[cfg(test)]
mod tests;
