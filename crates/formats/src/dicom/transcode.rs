//! `transcode`: instances in another transfer syntax, without loss.

use klinke_dimse::pixel;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::uids;
use klinke_engine::document::Document;
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Built, Reader, Spec, SpecError, StepKind, Workshop, nearest, spec};

use super::DicomDocument;

pub(super) const TRANSCODE: StepKind = StepKind {
    name: "transcode",
    about: "Brings instances into another transfer syntax, without loss.",
    example: r#"transcode = { to = "jpeg-ls", broken = "keep" }"#,
    build,
    keys: &[
        (
            "to",
            "`implicit`, `explicit`, `deflated`, `rle`, `jpeg-lossless`, `jpeg-ls`, or the UID of one of these",
        ),
        (
            "broken",
            "what becomes of pixel data that can't be decoded or encoded: `fail` (unless said), `keep`",
        ),
    ],
    any_format: false,
};

/// The words of site files.
const WORDS: &[(&str, &str)] = &[
    ("implicit", uids::IMPLICIT_VR_LITTLE_ENDIAN),
    ("explicit", uids::EXPLICIT_VR_LITTLE_ENDIAN),
    ("deflated", uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    ("rle", uids::RLE_LOSSLESS),
    ("jpeg-lossless", uids::JPEG_LOSSLESS_SV1),
    ("jpeg-ls", uids::JPEGLS_LOSSLESS),
];

#[derive(Debug)]
struct Transcode {
    to: TransferSyntax,
    lenient: bool,
}

fn build(spec: &Spec, _: &Workshop<'_>) -> Built {
    let (to, lenient) = match spec {
        toml::Value::Table(_) => {
            let mut reader = Reader::new(spec)?;
            let to = reader.need("to", syntax)?;
            let broken = reader.word("broken", &["fail", "keep"], "fail")?;
            reader.end()?;
            (to, broken == "keep")
        }
        _ => (syntax(spec)?, false),
    };
    Ok(Box::new(Transcode { to, lenient }))
}

fn syntax(spec: &Spec) -> Result<TransferSyntax, SpecError> {
    let word = spec::text(spec)?;
    let known = WORDS.iter().find(|(name, uid)| *name == word || *uid == word);
    known.map(|(_, uid)| TransferSyntax::by_uid(uid)).ok_or_else(|| {
        let names = WORDS.iter().map(|(name, _)| *name);
        let hint = match nearest(&word, names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
        };
        SpecError::here(format!("nothing can be transcoded to `{word}`; {hint}"))
    })
}

impl Step for Transcode {
    fn kind(&self) -> &'static str {
        TRANSCODE.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let Some(dicom) = DicomDocument::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        let Some(from) = dicom.syntax().cloned() else {
            return Err(StepError::new("DICOM JSON has no transfer syntax that could be another one"));
        };
        if from == self.to {
            return Ok(Yield::One(document));
        }
        dicom.check_whole()?;
        let mut set = dicom.data_set().clone();
        match pixel::transcode(&set, from.uid(), self.to.uid(), &pixel::Limits::default()) {
            Ok(changed) => changed.apply(&mut set),
            Err(error) if self.lenient => {
                context.note(format!("it stays in {}: {error}", from.name()));
                return Ok(Yield::One(document));
            }
            Err(error) => return Err(StepError::at("PixelData", error.to_string())),
        }
        dicom.replace(set, self.to.clone());
        Ok(Yield::One(document))
    }
}
