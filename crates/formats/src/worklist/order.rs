//! Orders: ORM^O01, OMG^O19, OMI^O23.

use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, tags};
use klinke_hl7v2::Message;
use klinke_hl7v2::message::Segment;

use super::fill::{code, first, moment, put, put_all, text};
use super::people::{patient, person};
use super::table::Procedures;
use super::{Fault, Items};

/// The segments of one order.
#[derive(Default)]
struct Order<'a> {
    orc: Option<Segment<'a>>,
    obr: Option<Segment<'a>>,
    tq1: Option<Segment<'a>>,
    ipc: Option<Segment<'a>>,
    zds: Option<Segment<'a>>,
}

/// What the placer wants of an order.
enum Control {
    Wanted(Option<&'static str>),
    /// An answer, or something that is no order.
    Nothing,
}

/// The items of an order's message.
pub(super) fn items(
    message: &Message,
    accession: Option<&str>,
    procedures: &Procedures,
) -> Result<Items, Fault> {
    let patient = patient(message)?;
    let mut items = Items::default();
    for order in orders(message) {
        match order.control()? {
            Control::Nothing => items.note("ORC-1: it is no order and was passed over"),
            Control::Wanted(status) => {
                let item = order.item(&patient, accession, procedures, status, &mut items)?;
                items.push(item)?;
            }
        }
    }
    Ok(items)
}

/// An ORC begins an order, an OBR too where the one before has one; an ORC holds for all OBR behind it.
fn orders(message: &Message) -> Vec<Order<'_>> {
    let mut all: Vec<Order<'_>> = Vec::new();
    for segment in message.segments() {
        match segment.name() {
            "ORC" => all.push(Order { orc: Some(segment), ..Order::default() }),
            "OBR" => match all.last_mut() {
                Some(last) if last.obr.is_none() => last.obr = Some(segment),
                last => {
                    let (orc, tq1, zds) =
                        last.map_or((None, None, None), |last| (last.orc, last.tq1, last.zds));
                    all.push(Order { orc, tq1, zds, obr: Some(segment), ipc: None });
                }
            },
            name @ ("TQ1" | "IPC" | "ZDS") => {
                let Some(last) = all.last_mut() else { continue };
                let place = match name {
                    "TQ1" => &mut last.tq1,
                    "IPC" => &mut last.ipc,
                    _ => &mut last.zds,
                };
                place.get_or_insert(segment);
            }
            _ => {}
        }
    }
    // Some send ZDS once, behind the last order.
    let study = all.iter().rev().find_map(|order| order.zds);
    for order in &mut all {
        order.zds = order.zds.or(study);
    }
    all.retain(|order| order.obr.is_some() || order.is_cancelled());
    all
}

impl Order<'_> {
    fn is_cancelled(&self) -> bool {
        matches!(self.control(), Ok(Control::Wanted(Some("CANCELED"))))
    }

    /// ORC-1 (HL7 table 0119), with ORC-5 (table 0038) where the status changes.
    fn control(&self) -> Result<Control, Fault> {
        let control = self.of_orc(1, 1);
        let status = match self.of_orc(5, 1).as_str() {
            "CM" => Some("COMPLETED"),
            "IP" => Some("STARTED"),
            "CA" => Some("CANCELED"),
            "DC" => Some("DISCONTINUED"),
            _ => None,
        };
        match control.as_str() {
            "" | "NW" | "XO" | "XX" | "RP" | "RU" | "RO" | "XR" | "SN" | "NA" | "CH" | "PA" => {
                Ok(Control::Wanted(None))
            }
            "SC" => Ok(Control::Wanted(status)),
            "CA" | "DC" | "OC" | "OD" | "CR" | "DR" => Ok(Control::Wanted(Some("CANCELED"))),
            "OK" | "OR" | "OE" | "UA" | "UC" | "UD" | "UM" | "UN" | "UX" | "RE" | "SR" | "SS" | "RQ"
            | "RR" => Ok(Control::Nothing),
            _ => Err(Fault::at("ORC-1", "a worklist knows no order control of this code")),
        }
    }

    fn of(segment: Option<&Segment<'_>>, field: usize, component: usize) -> String {
        segment.map(|segment| text(segment, field, component)).unwrap_or_default()
    }

    fn of_orc(&self, field: usize, component: usize) -> String {
        Self::of(self.orc.as_ref(), field, component)
    }

    fn of_obr(&self, field: usize, component: usize) -> String {
        Self::of(self.obr.as_ref(), field, component)
    }

    fn of_ipc(&self, field: usize, component: usize) -> String {
        Self::of(self.ipc.as_ref(), field, component)
    }

    fn item(
        &self,
        patient: &DataSet,
        accession: Option<&str>,
        procedures: &Procedures,
        status: Option<&'static str>,
        items: &mut Items,
    ) -> Result<DataSet, Fault> {
        let mut set = patient.clone();
        let placer = first([self.of_orc(2, 1), self.of_obr(2, 1)]);
        let filler = first([self.of_orc(3, 1), self.of_obr(3, 1)]);
        let usual = || first([self.of_ipc(1, 1), self.of_obr(18, 1), filler.clone(), placer.clone()]);
        let accession = accession.map_or_else(usual, str::to_owned);
        if accession.is_empty() {
            return Err(Fault::at(
                "OBR-18",
                "no accession number, and no filler's or placer's number in its place",
            ));
        }
        if accession.chars().count() > 16 {
            items.note("the accession number has more than the 16 characters that DICOM allows");
        }
        put(&mut set, tags::ACCESSION_NUMBER, VR::SH, &accession);
        put(&mut set, tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, VR::LO, &placer);
        put(&mut set, tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, VR::LO, &filler);
        let requested = first([self.of_ipc(2, 1), self.of_obr(19, 1), placer, accession]);
        put(&mut set, tags::REQUESTED_PROCEDURE_ID, VR::SH, &requested);
        let study = first([self.of_ipc(3, 1), Self::of(self.zds.as_ref(), 1, 1)]);
        put(&mut set, tags::STUDY_INSTANCE_UID, VR::UI, &study);
        let step = first([self.of_ipc(4, 1), self.of_obr(20, 1), self.numbered(&requested)]);
        self.describe(&mut set);
        let cancels = status == Some("CANCELED");
        let item = self.step(&step, procedures, status, cancels, items)?;
        set.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
        Ok(set)
    }

    /// The requested procedure with the number of the OBR, where it is not the first: several may have one order number.
    fn numbered(&self, requested: &str) -> String {
        match self.of_obr(1, 1).as_str() {
            "" | "1" => requested.to_owned(),
            number => format!("{requested}-{number}"),
        }
    }

    /// The requested procedure (PS3.3, Table C.4-11) and the request (Table C.4-12).
    fn describe(&self, set: &mut DataSet) {
        let of = |field| [1, 2, 3].map(|component| self.of_obr(field, component));
        let procedure = if self.of_obr(44, 1).is_empty() { of(4) } else { of(44) };
        let [value, meaning, scheme] = &procedure;
        put(
            set,
            tags::REQUESTED_PROCEDURE_DESCRIPTION,
            VR::LO,
            if meaning.is_empty() { value } else { meaning },
        );
        if let Some(item) = code(value, meaning, scheme) {
            set.put_items(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE, vec![item]);
        }
        let urgency =
            [Self::of(self.tq1.as_ref(), 9, 1), self.of_orc(7, 6), self.of_obr(27, 6), self.of_obr(5, 1)];
        if let Some(priority) = priority(&first(urgency)) {
            put(set, tags::REQUESTED_PROCEDURE_PRIORITY, VR::SH, priority);
        }
        for (segment, field) in [(&self.orc, 12), (&self.obr, 16)] {
            if let Some(segment) = segment {
                person(set, tags::REQUESTING_PHYSICIAN, segment, field);
            }
        }
        put(set, tags::REQUESTING_SERVICE, VR::LO, &first([self.of_orc(17, 2), self.of_orc(17, 1)]));
        put(set, tags::PATIENT_STATE, VR::LO, &first([self.of_obr(12, 2), self.of_obr(12, 1)]));
        put(set, tags::MEDICAL_ALERTS, VR::LO, &self.of_obr(13, 1));
        put(set, tags::PATIENT_TRANSPORT_ARRANGEMENTS, VR::LO, &self.of_obr(30, 1));
        let reason = first([self.of_obr(31, 2), self.of_obr(31, 1)]);
        put(set, tags::REASON_FOR_THE_REQUESTED_PROCEDURE, VR::LO, &reason);
    }

    /// The scheduled procedure step (PS3.3, Table C.4-10).
    fn step(
        &self,
        id: &str,
        procedures: &Procedures,
        status: Option<&'static str>,
        cancels: bool,
        items: &mut Items,
    ) -> Result<DataSet, Fault> {
        let mut item = DataSet::new();
        put(&mut item, tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, id);
        if let Some(status) = status {
            put(&mut item, tags::SCHEDULED_PROCEDURE_STEP_STATUS, VR::CS, status);
        }
        if cancels {
            // Where it would have been done does not matter any more.
            return Ok(item);
        }
        let value = self.of_obr(4, 1);
        let row = procedures.row(&value, "OBR-4.1")?;
        let modality = first([row.modality, self.of_ipc(5, 1), self.of_obr(24, 1)]);
        if modality.is_empty() {
            return Err(Fault::at("OBR-24", "neither the message nor a table says the modality"));
        }
        put(&mut item, tags::MODALITY, VR::CS, &modality);
        let stations: Vec<String> =
            first([row.station, self.of_ipc(9, 1)]).split('\\').map(str::to_owned).collect();
        put_all(&mut item, tags::SCHEDULED_STATION_AE_TITLE, VR::AE, &stations);
        put(&mut item, tags::SCHEDULED_STATION_NAME, VR::SH, &first([row.station_name, self.of_ipc(7, 1)]));
        let location = first([row.location, self.of_ipc(8, 2), self.of_ipc(8, 1)]);
        put(&mut item, tags::SCHEDULED_PROCEDURE_STEP_LOCATION, VR::SH, &location);
        let start = [
            Self::of(self.tq1.as_ref(), 7, 1),
            self.of_obr(36, 1),
            self.of_orc(7, 4),
            self.of_obr(27, 4),
            self.of_obr(6, 1),
        ];
        let (date, time) = moment(&first(start));
        if date.is_empty() {
            items.note("no start (TQ1-7, OBR-36, ORC-7.4, OBR-27.4, OBR-6): a query with a date does not find the step");
        }
        put(&mut item, tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, &date);
        put(&mut item, tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM, &time);
        let own = [4, 5, 6].map(|component| self.of_obr(4, component));
        let protocol = [self.ipc_protocol(), own, [1, 2, 3].map(|component| self.of_obr(4, component))];
        let [code_value, meaning, scheme] =
            protocol.into_iter().find(|code| !code[0].is_empty()).unwrap_or_default();
        put(
            &mut item,
            tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION,
            VR::LO,
            &first([row.description, meaning.clone()]),
        );
        if let Some(code) = code(&code_value, &meaning, &scheme) {
            item.put_items(tags::SCHEDULED_PROTOCOL_CODE_SEQUENCE, vec![code]);
        }
        Ok(item)
    }

    fn ipc_protocol(&self) -> [String; 3] {
        [1, 2, 3].map(|component| self.of_ipc(6, component))
    }
}

/// Requested Procedure Priority (0040,1003) of a priority (HL7 table 0485, and TQ.6).
fn priority(code: &str) -> Option<&'static str> {
    match code.chars().next()? {
        'S' => Some("STAT"),
        'A' => Some("HIGH"),
        'R' | 'C' => Some("ROUTINE"),
        'P' | 'T' => Some("MEDIUM"),
        _ => None,
    }
}
