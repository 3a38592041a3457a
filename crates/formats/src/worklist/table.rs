//! The site's table of procedures: on which modality, at which station.

use std::sync::Arc;

use klinke_engine::steps::{SpecError, nearest};
use klinke_engine::table::{Table, Tables};

use super::Fault;

/// The table, and what becomes of codes that it does not have.
#[derive(Debug, Default)]
pub(super) struct Procedures {
    table: Option<Arc<Table>>,
    name: String,
    keeps_unknown: bool,
}

/// How and where a procedure is done; empty where the table does not say it.
#[derive(Debug, Default)]
pub(super) struct Procedure {
    pub modality: String,
    /// AE titles, as values of an AE.
    pub station: String,
    pub station_name: String,
    pub location: String,
    pub description: String,
}

impl Procedures {
    /// The table of a name.
    pub(super) fn find(tables: &Tables, name: &str) -> Result<Self, SpecError> {
        let table = tables.get(name).cloned().ok_or_else(|| {
            let near = nearest(name, tables.names());
            let file = || format!("; it would be the file tables/{name}.csv");
            let hint = near.map_or_else(file, |near| format!("; did you mean `{near}`?"));
            SpecError::here(format!("there is no table `{name}`{hint}"))
        })?;
        Ok(Procedures { table: Some(table), name: name.to_owned(), keeps_unknown: false })
    }

    /// The same, with codes that have no row kept as the message has them, or not.
    pub(super) fn keeping_unknown(self, keeps_unknown: bool) -> Self {
        Procedures { keeps_unknown, ..self }
    }

    /// The row of a code that stands in a field.
    pub(super) fn row(&self, code: &str, field: &'static str) -> Result<Procedure, Fault> {
        let Some(table) = &self.table else { return Ok(Procedure::default()) };
        if !table.contains(code) {
            return match self.keeps_unknown {
                true => Ok(Procedure::default()),
                false => Err(Fault::at(field, format!("table {} has no row for its code", self.name))),
            };
        }
        let cell = |name: &str| {
            let column = table.column(name);
            column.and_then(|column| table.get(code, column)).unwrap_or_default().trim().to_owned()
        };
        let stations = cell("station");
        let stations: Vec<&str> = stations.split('+').map(str::trim).collect();
        Ok(Procedure {
            modality: cell("modality"),
            station: stations.join("\\"),
            station_name: cell("station-name"),
            location: cell("location"),
            description: cell("description"),
        })
    }
}
