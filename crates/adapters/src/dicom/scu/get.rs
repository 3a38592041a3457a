//! C-GET at a partner: instances come back over the same association (PS3.4, C.4.3).

use bytes::Bytes;
use klinke_dimse::data::DataSet;
use klinke_dimse::message::{Command, Kind, Priority, Status};
use klinke_dimse::pdu::{AssociateRequest, RoleSelection};
use klinke_dimse::session::Event;
use klinke_dimse::uids;

use super::super::line::{Broken, Line};
use super::super::peer::Peer;
use super::find::Root;
use super::retrieve::Moved;
use super::{CallError, ask, no_context, plain, speak_over};

/// One context is the retrieval's own.
const STORAGE_CONTEXTS_MAX: usize = 127;

/// What takes the instances of a retrieval.
pub trait Keep: Send {
    /// An instance begins: SOP class, SOP instance, transfer syntax.
    fn begin(&mut self, class: &str, uid: &str, syntax: &str);
    /// The next bytes of its data set.
    fn bytes(&mut self, bytes: Bytes) -> impl Future<Output = ()> + Send;
    /// It is complete; gives what the partner is answered.
    fn end(&mut self) -> impl Future<Output = Status> + Send;
}

/// A retrieval that runs at a partner.
#[derive(Debug)]
pub struct Getting {
    line: Line,
    is_over: bool,
}

impl Getting {
    /// Asks a partner for what the identifier says. `classes` are the SOP classes that may come; those of the
    /// dictionary where there are none.
    pub async fn begin(
        peer: &Peer,
        calling: &str,
        root: Root,
        identifier: &DataSet,
        classes: &[String],
    ) -> Result<Self, CallError> {
        const WHAT: &str = "C-GET";
        let class = root.retrieve_by_get().ok_or_else(|| no_context(peer, WHAT))?;
        let mut request = AssociateRequest::new(peer.ae_title.clone(), calling);
        request.propose(class, &plain());
        let wanted: Vec<&str> = match classes {
            [] => STORAGE.to_vec(),
            some => some.iter().map(String::as_str).collect(),
        };
        let syntaxes: Vec<&str> = match &peer.transfer_syntaxes[..] {
            [] => SYNTAXES.to_vec(),
            some => some.iter().map(String::as_str).collect(),
        };
        for storage in wanted.into_iter().take(STORAGE_CONTEXTS_MAX) {
            request.propose(storage, &syntaxes);
            let sop_class = storage.to_owned();
            request.user.roles.push(RoleSelection { sop_class, user: false, provider: true });
        }
        let (mut line, context) = speak_over(ask(peer, request).await?, peer, class, WHAT).await?;
        let message = line.session().next_message_id();
        let request = Command::get_request(message, class, Priority::Medium);
        line.send_set(context, &request, identifier).await?;
        Ok(Getting { line, is_over: false })
    }

    /// The next response; what comes until then is given to `keep`. Nothing after the last one.
    pub async fn next(&mut self, keep: &mut impl Keep) -> Result<Option<Moved>, Broken> {
        let mut storing: Option<(u8, Box<Command>)> = None;
        while !self.is_over {
            match self.line.next().await {
                Event::Command { command, .. } if command.kind == Kind::CGetResponse => {
                    let moved = Moved::of(&mut self.line, *command).await?;
                    self.is_over = !moved.status.is_pending();
                    return Ok(Some(moved));
                }
                Event::Command { context, command } if command.kind == Kind::CStoreRequest => {
                    let (class, instance) = (command.sop_class(), command.sop_instance());
                    let syntax = self.line.syntax(context);
                    keep.begin(class.unwrap_or_default(), instance.unwrap_or_default(), &syntax);
                    storing = Some((context, command));
                }
                Event::Data { bytes, last, .. } => {
                    keep.bytes(bytes).await;
                    if let Some((context, command)) = storing.take_if(|_| last) {
                        let status = keep.end().await;
                        if let Some(response) = command.response(status) {
                            self.line.send(context, &response).await?;
                        }
                    }
                }
                Event::Ended(ending) => return Err(self.line.ended(ending)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Ends the association.
    pub async fn end(self) {
        self.line.end(self.is_over).await;
    }
}

/// SOP classes that may come where nobody says which: those of the usual modalities and their companions.
#[rustfmt::skip]
pub(in super::super) const STORAGE: &[&str] = &[
    uids::CT_IMAGE_STORAGE, uids::MR_IMAGE_STORAGE, uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
    uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION, uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING, uids::ULTRASOUND_IMAGE_STORAGE,
    uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE, uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_SINGLE_BIT_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE, uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE,
    uids::ENHANCED_XA_IMAGE_STORAGE, uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE,
    uids::ENHANCED_XRF_IMAGE_STORAGE, uids::X_RAY3_D_ANGIOGRAPHIC_IMAGE_STORAGE,
    uids::X_RAY3_D_CRANIOFACIAL_IMAGE_STORAGE, uids::BREAST_TOMOSYNTHESIS_IMAGE_STORAGE,
    uids::BREAST_PROJECTION_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::BREAST_PROJECTION_X_RAY_IMAGE_STORAGE_FOR_PROCESSING, uids::ENHANCED_CT_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE, uids::ENHANCED_MR_IMAGE_STORAGE,
    uids::MR_SPECTROSCOPY_STORAGE, uids::ENHANCED_MR_COLOR_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_MR_IMAGE_STORAGE, uids::NUCLEAR_MEDICINE_IMAGE_STORAGE,
    uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE, uids::ENHANCED_PET_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_PET_IMAGE_STORAGE, uids::ENHANCED_US_VOLUME_STORAGE,
    uids::INTRAVASCULAR_OPTICAL_COHERENCE_TOMOGRAPHY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::PARAMETRIC_MAP_STORAGE, uids::SEGMENTATION_STORAGE, uids::SURFACE_SEGMENTATION_STORAGE,
    uids::LABEL_MAP_SEGMENTATION_STORAGE, uids::RT_IMAGE_STORAGE, uids::RT_DOSE_STORAGE,
    uids::RT_STRUCTURE_SET_STORAGE, uids::RT_PLAN_STORAGE, uids::RT_ION_PLAN_STORAGE,
    uids::RT_BEAMS_TREATMENT_RECORD_STORAGE, uids::RT_ION_BEAMS_TREATMENT_RECORD_STORAGE,
    uids::RT_BRACHY_TREATMENT_RECORD_STORAGE, uids::RT_TREATMENT_SUMMARY_RECORD_STORAGE,
    uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE, uids::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::PSEUDO_COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::BLENDING_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::XAXRF_GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::ADVANCED_BLENDING_PRESENTATION_STATE_STORAGE, uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
    uids::BASIC_TEXT_SR_STORAGE, uids::ENHANCED_SR_STORAGE, uids::COMPREHENSIVE_SR_STORAGE,
    uids::COMPREHENSIVE3_DSR_STORAGE, uids::EXTENSIBLE_SR_STORAGE, uids::PROCEDURE_LOG_STORAGE,
    uids::MAMMOGRAPHY_CADSR_STORAGE, uids::CHEST_CADSR_STORAGE, uids::COLON_CADSR_STORAGE,
    uids::X_RAY_RADIATION_DOSE_SR_STORAGE, uids::ENHANCED_X_RAY_RADIATION_DOSE_SR_STORAGE,
    uids::RADIOPHARMACEUTICAL_RADIATION_DOSE_SR_STORAGE, uids::PATIENT_RADIATION_DOSE_SR_STORAGE,
    uids::ACQUISITION_CONTEXT_SR_STORAGE, uids::SIMPLIFIED_ADULT_ECHO_SR_STORAGE,
    uids::ENCAPSULATED_PDF_STORAGE, uids::ENCAPSULATED_CDA_STORAGE, uids::ENCAPSULATED_STL_STORAGE,
    uids::RAW_DATA_STORAGE, uids::SPATIAL_REGISTRATION_STORAGE, uids::SPATIAL_FIDUCIALS_STORAGE,
    uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE, uids::REAL_WORLD_VALUE_MAPPING_STORAGE,
    uids::VL_ENDOSCOPIC_IMAGE_STORAGE, uids::VIDEO_ENDOSCOPIC_IMAGE_STORAGE,
    uids::VL_MICROSCOPIC_IMAGE_STORAGE, uids::VIDEO_MICROSCOPIC_IMAGE_STORAGE,
    uids::VL_SLIDE_COORDINATES_MICROSCOPIC_IMAGE_STORAGE, uids::VL_PHOTOGRAPHIC_IMAGE_STORAGE,
    uids::VIDEO_PHOTOGRAPHIC_IMAGE_STORAGE, uids::VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE,
    uids::DERMOSCOPIC_PHOTOGRAPHY_IMAGE_STORAGE, uids::OPHTHALMIC_PHOTOGRAPHY8_BIT_IMAGE_STORAGE,
    uids::OPHTHALMIC_PHOTOGRAPHY16_BIT_IMAGE_STORAGE, uids::OPHTHALMIC_TOMOGRAPHY_IMAGE_STORAGE,
    uids::OPHTHALMIC_THICKNESS_MAP_STORAGE, uids::CORNEAL_TOPOGRAPHY_MAP_STORAGE,
    uids::OPHTHALMIC_VISUAL_FIELD_STATIC_PERIMETRY_MEASUREMENTS_STORAGE,
    uids::TWELVE_LEAD_ECG_WAVEFORM_STORAGE, uids::GENERAL_ECG_WAVEFORM_STORAGE,
    uids::AMBULATORY_ECG_WAVEFORM_STORAGE, uids::HEMODYNAMIC_WAVEFORM_STORAGE,
    uids::CARDIAC_ELECTROPHYSIOLOGY_WAVEFORM_STORAGE, uids::BASIC_VOICE_AUDIO_WAVEFORM_STORAGE,
    uids::ARTERIAL_PULSE_WAVEFORM_STORAGE, uids::RESPIRATORY_WAVEFORM_STORAGE,
    uids::MICROSCOPY_BULK_SIMPLE_ANNOTATIONS_STORAGE, uids::CONTENT_ASSESSMENT_RESULTS_STORAGE,
];

/// Transfer syntaxes in which they may come: they are kept as they are.
#[rustfmt::skip]
const SYNTAXES: &[&str] = &[
    uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::JPEG_BASELINE8_BIT,
    uids::JPEG_EXTENDED12_BIT, uids::JPEG_LOSSLESS_SV1, uids::JPEG_LOSSLESS, uids::JPEGLS_LOSSLESS,
    uids::JPEGLS_NEAR_LOSSLESS, uids::JPEG2000_LOSSLESS, uids::JPEG2000, uids::RLE_LOSSLESS, uids::HTJ2K_LOSSLESS,
    uids::HTJ2K_LOSSLESS_RPCL, uids::HTJ2K, uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, uids::MPEG2MPML, uids::MPEG4HP41,
];
