//! Files of an old archive that is taken from its files.

use std::path::PathBuf;

use rusqlite::TransactionBehavior;

use super::Ledger;
use crate::error::Result;
use crate::migrate::Named;

/// A file with an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Study Instance UID.
    pub study: String,
    /// The instance.
    pub named: Named,
    /// The file, below the folder of the old archive.
    pub path: PathBuf,
    /// Its bytes.
    pub size: u64,
}

impl Ledger {
    /// Notes files. Where two hold the same instance the longer one counts: the other lacks something.
    pub fn see_files(&self, files: &[FileRow]) -> Result<()> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for file in files {
                transaction
                    .prepare_cached(
                        "INSERT INTO file(instance, study, series, path, size) VALUES (?1, ?2, ?3, ?4, ?5)
                        ON CONFLICT(instance) DO UPDATE SET study = excluded.study, series = excluded.series,
                            path = excluded.path, size = excluded.size WHERE excluded.size > size",
                    )?
                    .execute((
                        &file.named.instance,
                        &file.study,
                        &file.named.series,
                        file.path.to_string_lossy(),
                        file.size.cast_signed(),
                    ))?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// The files of a study.
    pub fn files(&self, study: &str) -> Result<Vec<FileRow>> {
        self.with(|connection| {
            let sql = "SELECT study, series, instance, path, size FROM file WHERE study = ?1 ORDER BY path";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([study], |row| {
                Ok(FileRow {
                    study: row.get(0)?,
                    named: Named { series: row.get(1)?, instance: row.get(2)? },
                    path: PathBuf::from(row.get::<_, String>(3)?),
                    size: row.get::<_, i64>(4)?.cast_unsigned(),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Counts series and instances of each study anew from the files.
    pub fn count_files(&self) -> Result<()> {
        self.with(|connection| {
            connection.execute(
                "UPDATE study SET (series, instances) =
                    (SELECT count(DISTINCT file.series), count(*) FROM file WHERE file.study = study.uid)",
                [],
            )?;
            Ok(())
        })
    }
}
