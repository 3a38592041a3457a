//! Appointments: SIU^S12 to S15 and S17.

use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, tags};
use klinke_hl7v2::Message;
use klinke_hl7v2::message::Segment;

use super::fill::{code, first, moment, put, put_all, text};
use super::people::{patient, person};
use super::table::Procedures;
use super::{Fault, Items};

/// What holds for all services of an appointment.
struct Appointment<'a> {
    sch: Segment<'a>,
    start: String,
    location: String,
    performer: Option<Segment<'a>>,
    cancels: bool,
}

/// The items of an appointment's message.
pub(super) fn items(
    message: &Message,
    cancels: bool,
    accession: Option<&str>,
    procedures: &Procedures,
) -> Result<Items, Fault> {
    let patient = patient(message)?;
    let named = |name: &'static str| message.segments().filter(move |segment| segment.name() == name);
    let Some(sch) = named("SCH").next() else {
        return Err(Fault::at("SCH", "the message has no appointment"));
    };
    let of = |name, field, component| {
        named(name).next().map(|one| text(&one, field, component)).unwrap_or_default()
    };
    let appointment = Appointment {
        sch,
        start: first([of("TQ1", 7, 1), text(&sch, 11, 4)]),
        location: first([of("AIL", 3, 1), of("AIL", 3, 4)]),
        performer: named("AIP").next(),
        cancels: cancels || matches!(text(&sch, 25, 1).to_uppercase().as_str(), "CANCELLED" | "CANCELED"),
    };
    let mut items = Items::default();
    let services: Vec<Segment<'_>> = named("AIS").collect();
    let count = services.len().max(1);
    for number in 0..count {
        let service = services.get(number);
        let item = appointment.item(&patient, service, number, accession, procedures, &mut items)?;
        items.push(item)?;
    }
    Ok(items)
}

impl Appointment<'_> {
    fn item(
        &self,
        patient: &DataSet,
        service: Option<&Segment<'_>>,
        number: usize,
        accession: Option<&str>,
        procedures: &Procedures,
        items: &mut Items,
    ) -> Result<DataSet, Fault> {
        let mut set = patient.clone();
        let sch = |field| text(&self.sch, field, 1);
        let (placer, filler) = (first([sch(26), sch(1)]), first([sch(27), sch(2)]));
        let accession = match accession {
            Some(accession) => accession.to_owned(),
            None => first([filler.clone(), placer.clone()]),
        };
        let appointment = first([sch(2), sch(1)]);
        if accession.is_empty() || appointment.is_empty() {
            return Err(Fault::at("SCH-2", "no number of the appointment (SCH-2 or SCH-1)"));
        }
        if accession.chars().count() > 16 {
            items.note("the accession number has more than the 16 characters that DICOM allows");
        }
        put(&mut set, tags::ACCESSION_NUMBER, VR::SH, &accession);
        put(&mut set, tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, VR::LO, &placer);
        put(&mut set, tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, VR::LO, &filler);
        put(&mut set, tags::REQUESTED_PROCEDURE_ID, VR::SH, &appointment);
        person(&mut set, tags::REQUESTING_PHYSICIAN, &self.sch, 16);
        let (code_value, meaning, scheme, field) = self.procedure(service);
        put(
            &mut set,
            tags::REQUESTED_PROCEDURE_DESCRIPTION,
            VR::LO,
            if meaning.is_empty() { &code_value } else { &meaning },
        );
        let coded = code(&code_value, &meaning, &scheme);
        if let Some(coded) = &coded {
            set.put_items(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE, vec![coded.clone()]);
        }
        let mut item = DataSet::new();
        let id = if number == 0 { appointment } else { format!("{appointment}-{}", number + 1) };
        put(&mut item, tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, &id);
        if self.cancels {
            put(&mut item, tags::SCHEDULED_PROCEDURE_STEP_STATUS, VR::CS, "CANCELED");
        } else {
            self.step(&mut item, service, (&code_value, field), procedures, items)?;
            put_description(&mut item, &meaning);
            if let Some(coded) = coded {
                item.put_items(tags::SCHEDULED_PROTOCOL_CODE_SEQUENCE, vec![coded]);
            }
        }
        set.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
        Ok(set)
    }

    /// Code, meaning and scheme of what is to be done, and where the code stands.
    fn procedure(&self, service: Option<&Segment<'_>>) -> (String, String, String, &'static str) {
        let of = |segment: &Segment<'_>, field| [1, 2, 3].map(|component| text(segment, field, component));
        let ([value, meaning, scheme], field) = match service {
            Some(service) => (of(service, 3), "AIS-3.1"),
            None => (of(&self.sch, 7), "SCH-7.1"),
        };
        (value, meaning, scheme, field)
    }

    fn step(
        &self,
        item: &mut DataSet,
        service: Option<&Segment<'_>>,
        (code_value, field): (&str, &'static str),
        procedures: &Procedures,
        items: &mut Items,
    ) -> Result<(), Fault> {
        let row = procedures.row(code_value, field)?;
        if row.modality.is_empty() {
            return Err(Fault::at(field, "no table says the modality of its code"));
        }
        put(item, tags::MODALITY, VR::CS, &row.modality);
        let stations: Vec<String> = row.station.split('\\').map(str::to_owned).collect();
        put_all(item, tags::SCHEDULED_STATION_AE_TITLE, VR::AE, &stations);
        put(item, tags::SCHEDULED_STATION_NAME, VR::SH, &row.station_name);
        put(
            item,
            tags::SCHEDULED_PROCEDURE_STEP_LOCATION,
            VR::SH,
            &first([row.location, self.location.clone()]),
        );
        put(item, tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION, VR::LO, &row.description);
        let own = service.map(|service| text(service, 4, 1)).unwrap_or_default();
        let (date, time) = moment(&first([own, self.start.clone()]));
        if date.is_empty() {
            items.note("no start (AIS-4, TQ1-7, SCH-11.4): a query with a date does not find the step");
        }
        put(item, tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, &date);
        put(item, tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM, &time);
        if let Some(performer) = &self.performer {
            person(item, tags::SCHEDULED_PERFORMING_PHYSICIAN_NAME, performer, 3);
        }
        Ok(())
    }
}

fn put_description(item: &mut DataSet, meaning: &str) {
    if item.get(tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION).is_none() {
        put(item, tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION, VR::LO, meaning);
    }
}
