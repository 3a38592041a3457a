//! Pages that show the pictures of a medium: in any browser, from a disc, without a server, with nothing from elsewhere.
//!
//! The pictures are made here, with the window that each instance says. They are to look at: who finds by them uses the instances.

use std::fmt::Write;

use anyhow::Result;
use klinke_archive::index::Instance;
use klinke_dimse::charset::Rules;
use klinke_dimse::data::DataSet;
use klinke_dimse::dictionary::Path;
use klinke_dimse::name::PersonName;
use klinke_dimse::pixel::render::{Options, render};
use klinke_dimse::pixel::{Limits, PixelData};

use super::target::Target;
use crate::html::escaped;
use crate::lang::{Language, Pick};

/// A picture is at most so wide and high.
const SIDE_MAX: u32 = 1_024;
/// Quality of a JPEG.
const QUALITY: u8 = 88;
/// So many frames of one instance are shown: those of a long run, spread over it.
const FRAMES_MAX: u32 = 60;
/// More pictures are not made for one medium.
const PICTURES_MAX: u64 = 20_000;

/// The pages in the making.
pub struct Viewer {
    lang: Language,
    series: Vec<Series>,
    pictures: u64,
}

/// What is shown of a series.
struct Series {
    uid: String,
    study: String,
    patient: String,
    study_words: String,
    words: String,
    pictures: Vec<String>,
    /// Instances that have no picture.
    others: u64,
}

impl Viewer {
    /// Pages in a language.
    pub fn new(lang: Language) -> Self {
        Viewer { lang, series: Vec::new(), pictures: 0 }
    }

    /// Makes the pictures of an instance; gives how many.
    pub fn add(
        &mut self,
        (set, syntax): (&DataSet, &str),
        instance: &Instance,
        target: &mut Target,
    ) -> Result<u64> {
        let index =
            self.series.iter().position(|one| one.uid == instance.series && one.study == instance.study);
        let index = index.unwrap_or_else(|| {
            self.series.push(Viewer::begin(set, instance));
            self.series.len() - 1
        });
        let mut made = 0;
        for jpeg in pictures(set, syntax) {
            if self.pictures >= PICTURES_MAX {
                break;
            }
            self.pictures += 1;
            made += 1;
            let name = format!("P{:07}.JPG", self.pictures);
            target.put(&format!("VIEWER/{name}"), &[&jpeg])?;
            self.series[index].pictures.push(name);
        }
        if made == 0 {
            self.series[index].others += 1;
        }
        Ok(made)
    }

    fn begin(set: &DataSet, instance: &Instance) -> Series {
        let text = |name: &str| texts(set, name);
        let name = PersonName::parse(&text("PatientName")).for_people();
        let patient = [name, day(&text("PatientBirthDate")), text("PatientID")];
        let study = [day(&text("StudyDate")), text("StudyDescription"), text("AccessionNumber")];
        let series = [text("Modality"), text("SeriesNumber"), text("SeriesDescription")];
        Series {
            uid: instance.series.clone(),
            study: instance.study.clone(),
            patient: joined(&patient),
            study_words: joined(&study),
            words: joined(&series),
            pictures: Vec::new(),
            others: 0,
        }
    }

    /// Writes the page.
    pub fn finish(self, target: &mut Target) -> Result<()> {
        target.put("INDEX.HTM", &[self.page().as_bytes()])
    }

    fn page(&self) -> String {
        let lang = self.lang;
        let mut body = String::new();
        let (mut patient, mut study) = (None, None);
        // A heading without words would leave pictures below the one before.
        let or_unnamed = |words: &str| match words {
            "" => lang.pick("unnamed", "ohne Namen").to_owned(),
            words => escaped(words),
        };
        for one in &self.series {
            if patient != Some(&one.patient) {
                body += &format!("<h1>{}</h1>\n", or_unnamed(&one.patient));
                (patient, study) = (Some(&one.patient), None);
            }
            if study != Some(&one.study) {
                body += &format!("<h2>{}</h2>\n", or_unnamed(&one.study_words));
                study = Some(&one.study);
            }
            body += &format!("<h3>{}</h3>\n", or_unnamed(&one.words));
            if one.others > 0 {
                let others = one.others;
                body += &format!(
                    "<p>{}</p>\n",
                    lang.pick(
                        format!("{others} instances without a picture are on this medium"),
                        format!("{others} Instanzen ohne Bild sind auf diesem Datenträger"),
                    )
                );
            }
            if !one.pictures.is_empty() {
                body.push_str("<div class=\"pictures\">\n");
                for (at, name) in (1..).zip(&one.pictures) {
                    let of = lang.pick("picture", "Bild");
                    let _ = writeln!(
                        body,
                        "<a href=\"VIEWER/{name}\"><img src=\"VIEWER/{name}\" loading=\"lazy\" alt=\"{of} {at}\"></a>"
                    );
                }
                body.push_str("</div>\n");
            }
        }
        let note = lang.pick(
            "The pictures are to look at. For findings open DICOMDIR with a program for radiology.",
            "Die Bilder dienen der Ansicht. Zum Befunden DICOMDIR mit einem Programm für Radiologie öffnen.",
        );
        format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<p class=\"note\">{note}</p>\n{body}\
             <dialog id=\"large\"><img alt=\"\"></dialog>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
            lang.pick("en", "de"),
            lang.pick("Pictures", "Bilder"),
        )
    }
}

/// The frames of an instance as JPEG; none where it has no pixels, or such as nothing here decodes.
fn pictures(set: &DataSet, transfer_syntax: &str) -> Vec<Vec<u8>> {
    let limits = Limits::default();
    let Ok(pixels) = PixelData::of(set, transfer_syntax, &limits) else { return Vec::new() };
    let count = pixels.frames();
    let step = count.div_ceil(FRAMES_MAX).max(1);
    let mut all = Vec::new();
    for frame in (0..count).step_by(step as usize) {
        let options =
            Options { viewport: Some((SIDE_MAX, SIDE_MAX)), overlays: true, frame, ..Options::default() };
        let picture = pixels.decode(frame).and_then(|decoded| render(&decoded, set, &options));
        if let Ok(jpeg) = picture.and_then(|picture| picture.to_jpeg(QUALITY)) {
            all.push(jpeg);
        }
    }
    all
}

fn texts(set: &DataSet, name: &str) -> String {
    let Ok(path) = name.parse::<Path>() else { return String::new() };
    path.texts(set, &Rules::default()).join(" ").trim().to_owned()
}

/// `20261129` as people write it.
fn day(text: &str) -> String {
    match text.parse::<klinke_archive::migrate::Day>() {
        Ok(day) => day.to_string(),
        Err(_) => text.to_owned(),
    }
}

fn joined(parts: &[String]) -> String {
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

const STYLE: &str = "
body { font: 16px/1.4 sans-serif; margin: 1em; color: #eee; background: #111; }
h1, h2, h3 { font-weight: normal; margin: .6em 0 .3em; } h1 { font-size: 1.4em; } h2 { font-size: 1.2em; } h3 { font-size: 1em; }
.note { color: #ccc; } .pictures { display: flex; flex-wrap: wrap; gap: 4px; }
.pictures img { height: 160px; width: auto; display: block; }
.pictures a:focus-visible { outline: 3px solid #fff; }
dialog { padding: 0; border: 0; background: #000; max-width: 100vw; max-height: 100vh; }
dialog img { max-width: 98vw; max-height: 96vh; display: block; }
dialog::backdrop { background: #000; }
";

/// A click opens a picture; arrows and the wheel go through its series, Escape closes. Without scripts links do.
const SCRIPT: &str = "
var large = document.getElementById('large'), shown = large.firstChild, at = null;
function show(link) { if (!link) return; at = link; shown.src = link.href; shown.alt = link.firstChild.alt; if (!large.open) large.showModal(); }
document.addEventListener('click', function (event) {
  var link = event.target.closest('.pictures a');
  if (link) { event.preventDefault(); show(link); } else if (large.open) large.close();
});
document.addEventListener('keydown', function (event) {
  if (!large.open) return;
  if (event.key === 'ArrowRight' || event.key === 'ArrowDown') { event.preventDefault(); show(at.nextElementSibling); }
  if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') { event.preventDefault(); show(at.previousElementSibling); }
});
large.addEventListener('wheel', function (event) {
  event.preventDefault(); show(event.deltaY > 0 ? at.nextElementSibling : at.previousElementSibling);
}, { passive: false });
large.addEventListener('close', function () { if (at) at.focus(); });
";
