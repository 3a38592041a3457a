//! Reads a site's folder. All faults are found in one go, not one a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use klinke_archive::migrate::Day;
use klinke_diagnosis::alert::Plan;
use klinke_diagnosis::dialect::Dialect;
use klinke_engine::table::{Table, Tables};
use klinke_engine::template::Zone;
use klinke_formats::SearchKeys;
use klinke_hl7v2::charset::Charset;
use klinke_hl7v2::definitions::Local;
use klinke_model::Timestamp;
use serde::de::DeserializeOwned;

use super::adapters::{Adapters, Side, take};
use super::alerts::{self, Alerts};
use super::definitions::Definitions;
use super::fault::Fault;
use super::migration::{Migration, Patients, Way};
use super::source::SourceFile;
use super::{Channel, ChannelFile, Node, Site, System, priors, secrets};
use crate::migrate::patients::{PatientList, Wrong};

/// The largest file of a site that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Reads the site in a folder, with the overlay of an environment.
pub fn load(folder: &Path, environment: Option<&str>) -> Result<Site, Vec<Fault>> {
    load_beside(folder, folder, environment)
}

/// Reads a site whose data and secrets lie in another folder than its files.
pub fn load_beside(folder: &Path, home: &Path, environment: Option<&str>) -> Result<Site, Vec<Fault>> {
    Loader { folder, home, faults: Vec::new() }.load(environment)
}

/// Reads `klinke.toml` alone: enough for the tools, which work while channels have faults.
pub fn node(folder: &Path, environment: Option<&str>) -> Result<Node, Vec<Fault>> {
    let mut loader = Loader { folder, home: folder, faults: Vec::new() };
    let mut file = loader.parse(Path::new("klinke.toml"));
    let mut overlay = environment.and_then(|name| loader.overlay(name));
    let node = file.as_mut().and_then(|file| loader.node(file, overlay.as_mut()));
    node.filter(|_| loader.faults.is_empty()).ok_or(loader.faults)
}

/// Hours at which nobody would be told of an alert. A site runs in spite of them: only `check` tells.
pub fn holes(site: &Site, zone: &Zone) -> Vec<Fault> {
    let name = Path::new("alerts.toml");
    let text = std::fs::read_to_string(site.folder.join(name)).unwrap_or_default();
    let Ok(file) = SourceFile::parse(name, text) else { return Vec::new() };
    let holes = alerts::holes(&site.plan, zone, klinke_model::Timestamp::now());
    holes.into_iter().map(|(path, text)| file.fault(&path, text)).collect()
}

struct Loader<'a> {
    folder: &'a Path,
    home: &'a Path,
    faults: Vec<Fault>,
}

/// What is wrong with the lists of patients that migrations name. They may be long: they are read by who checks, and by who takes over.
pub fn lists(site: &Site) -> Vec<Fault> {
    let lists = site.migrations.values().filter_map(|migration| migration.patients.as_ref());
    let faults = lists.filter_map(|list| Some((list, PatientList::read(list).err()?)));
    let fault = |(list, wrong): (&Patients, Vec<Wrong>)| {
        let file = list.file.strip_prefix(&site.home).unwrap_or(&list.file).to_path_buf();
        let line = |line: u64| usize::try_from(line).unwrap_or(usize::MAX);
        wrong.into_iter().map(move |one| {
            let line = one.line.map(line);
            Fault { file: file.clone(), line, column: line.map(|_| 1), text: one.text }
        })
    };
    faults.flat_map(fault).collect()
}

impl Loader<'_> {
    fn load(mut self, environment: Option<&str>) -> Result<Site, Vec<Fault>> {
        let mut node_file = self.parse(Path::new("klinke.toml"));
        let mut overlay = environment.and_then(|name| self.overlay(name));
        let mut systems_file = match self.folder.join("systems.toml").exists() {
            true => self.parse(Path::new("systems.toml")),
            false => SourceFile::parse(Path::new("systems.toml"), String::new()).ok(),
        };
        let node = node_file.as_mut().and_then(|file| self.node(file, overlay.as_mut()));
        let systems =
            systems_file.as_mut().map(|file| self.systems(file, overlay.as_mut())).unwrap_or_default();
        if let Some(node) = &node {
            self.priors(node, &systems, node_file.as_ref(), overlay.as_ref());
        }
        let channels = self.channels();
        if let Some(node) = &node {
            self.sent(node, &channels, node_file.as_ref(), overlay.as_ref());
        }
        let (alerts, plan) = self.alerts(node.as_ref(), &systems);
        let local = self.local();
        let dialects = self.dialects(systems_file.as_ref().map(|_| &systems));
        let migrations = self.migrations(&systems);
        let (tables, table_texts) = self.tables();
        let templates = self.templates();
        let mut scripts = BTreeMap::new();
        for part in ["channels", "lib"] {
            self.scripts(part, &mut scripts);
        }
        match (node, systems_file) {
            (Some(node), Some(systems_file)) if self.faults.is_empty() => Ok(Site {
                folder: self.folder.to_owned(),
                home: self.home.to_owned(),
                revision: None,
                taken: BTreeMap::new(),
                canaries: BTreeMap::new(),
                environment: environment.map(str::to_owned),
                node,
                systems,
                systems_file,
                alerts,
                plan,
                channels,
                local,
                dialects,
                migrations,
                tables,
                table_texts,
                templates,
                scripts,
            }),
            _ => Err(self.faults),
        }
    }

    fn note<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.faults.push(fault)).ok()
    }

    fn text(&mut self, file: &Path) -> Option<String> {
        let path = self.folder.join(file);
        let read = || -> std::io::Result<String> {
            let size = std::fs::metadata(&path)?.len();
            if size > FILE_BYTES_MAX {
                return Err(std::io::Error::other(format!("{size} bytes are too many")));
            }
            std::fs::read_to_string(&path)
        };
        let text = read().map_err(|error| Fault::of_file(file, error.to_string()));
        self.note(text)
    }

    fn parse(&mut self, file: &Path) -> Option<SourceFile> {
        let text = self.text(file)?;
        let parsed = SourceFile::parse(file, text);
        self.note(parsed)
    }

    fn overlay(&mut self, environment: &str) -> Option<SourceFile> {
        self.parse(&PathBuf::from(format!("klinke.{environment}.toml")))
    }

    /// A file's values with secrets put in.
    fn expanded(&mut self, file: &mut SourceFile) -> Option<toml::Table> {
        let mut values = file.values.clone();
        let mut hidden = Vec::new();
        let expanded = secrets::expand(&mut values, self.home, &mut hidden);
        file.hidden.extend(hidden);
        self.note(expanded.map_err(|(path, text)| file.fault(&path, text)))?;
        Some(values)
    }

    fn read<T: DeserializeOwned>(&mut self, file: &SourceFile, values: toml::Table) -> Option<T> {
        let read = file.read(values);
        self.note(read)
    }

    fn node(&mut self, file: &mut SourceFile, overlay: Option<&mut SourceFile>) -> Option<Node> {
        let mut values = self.expanded(file)?;
        let mut told: &SourceFile = file;
        if let Some(overlay) = overlay {
            let mut above = self.expanded(overlay)?;
            above.remove("systems");
            let before = values.clone();
            lay_over(&mut values, above);
            overlay.hidden.extend_from_slice(&file.hidden);
            // A fault of the overlay has no line in klinke.toml; it is told by its key.
            if before != values {
                told = overlay;
            }
        }
        let mut node: Node = self.read(told, values)?;
        node.console.iter_mut().for_each(|console| console.resolve(self.home));
        node.archive.iter_mut().for_each(|archive| archive.resolve(self.home));
        let sound = sound(&node).map_err(|(path, text)| match told.values.contains_key(&path[0]) {
            true => told.fault(&path, text),
            false => file.fault(&path, text),
        });
        self.note(sound)?;
        Some(node)
    }

    fn systems(
        &mut self,
        file: &mut SourceFile,
        overlay: Option<&mut SourceFile>,
    ) -> BTreeMap<String, System> {
        let Some(mut values) = self.expanded(file) else { return BTreeMap::new() };
        if let Some(overlay) = overlay
            && let Some(mut above) = self.expanded(overlay)
            && let Some(toml::Value::Table(systems)) = above.remove("systems")
        {
            lay_over(&mut values, systems);
            file.hidden.extend_from_slice(&overlay.hidden);
        }
        let mut systems = BTreeMap::new();
        for (name, mut value) in values {
            let endpoints =
                value.as_table_mut().map(|table| take(table, Side::Destination)).unwrap_or_default();
            let read = file.read_at::<System>(std::slice::from_ref(&name), value);
            let Some(system) = self.note(read) else { continue };
            if let Some(charset) = system.charset.as_ref().filter(|name| Charset::by_name(name).is_none()) {
                let text = format!("`{charset}` is no character set; write 8859/1 or UNICODE UTF-8");
                self.faults.push(file.fault(&[name.clone(), "charset".to_owned()], text));
            }
            systems.insert(name, System { adapters: endpoints, ..system });
        }
        systems
    }

    /// Other archives from which earlier studies come; each is a system.
    fn priors(
        &mut self,
        node: &Node,
        systems: &BTreeMap<String, System>,
        file: Option<&SourceFile>,
        overlay: Option<&SourceFile>,
    ) {
        let all = node.archive.as_ref().map(|archive| archive.priors.as_slice()).unwrap_or_default();
        let Some(told) = told_by("priors", file, overlay) else { return };
        for (number, key, text) in priors::faults(all, systems) {
            let path = ["archive".to_owned(), "priors".to_owned(), format!("[{number}]"), key.to_owned()];
            self.faults.push(told.fault(&path, text));
        }
    }

    /// Channels that rules of retention wait for: they take instances from the archive.
    fn sent(
        &mut self,
        node: &Node,
        channels: &BTreeMap<String, ChannelFile>,
        file: Option<&SourceFile>,
        overlay: Option<&SourceFile>,
    ) {
        let rules = node.archive.as_ref().map(|archive| archive.retention.as_slice()).unwrap_or_default();
        let Some(told) = told_by("retention", file, overlay) else { return };
        let takes_instances = |file: &ChannelFile| {
            let archive = file.values.get("source").and_then(|source| source.get("archive"));
            archive.and_then(|archive| archive.get("on")?.as_str()) == Some("instance")
        };
        for (number, rule) in rules.iter().enumerate() {
            for (place, channel) in rule.sent.iter().enumerate() {
                let text = match channels.get(channel) {
                    Some(file) if takes_instances(file) => continue,
                    Some(_) => {
                        format!("`{channel}` does not take instances: archive = {{ on = \"instance\" }}")
                    }
                    None => format!("there is no channel `{channel}`"),
                };
                let path = ["archive", "retention", &format!("[{number}]"), "sent", &format!("[{place}]")];
                self.faults.push(told.fault(&path.map(str::to_owned), text));
            }
        }
    }

    fn channels(&mut self) -> BTreeMap<String, ChannelFile> {
        let mut channels = BTreeMap::new();
        for file in self.files("channels", &["toml"]) {
            let Some(name) = file.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned) else {
                continue;
            };
            let Some(mut source) = self.parse(&file) else { continue };
            let Some(values) = self.expanded(&mut source) else { continue };
            if let Some(channel) = self.channel(&source, values.clone())
                && channel.enabled
            {
                channels.insert(name, ChannelFile { channel, source, values });
            }
        }
        channels
    }

    /// Who is told.
    fn alerts(&mut self, node: Option<&Node>, systems: &BTreeMap<String, System>) -> (Alerts, Plan) {
        let name = Path::new("alerts.toml");
        let zone = node.and_then(|node| Zone::named(&node.zone));
        let (true, Some(zone)) = (self.folder.join(name).exists(), zone) else { return Default::default() };
        let Some(mut file) = self.parse(name) else { return Default::default() };
        let Some(values) = self.expanded(&mut file) else { return Default::default() };
        let Some(mut alerts) = self.read::<Alerts>(&file, values) else { return Default::default() };
        alerts.resolve(self.home);
        let mut wrong = Vec::new();
        let plan = alerts.plan(&zone, &systems.keys().cloned().collect(), &mut wrong);
        self.faults.extend(wrong.into_iter().map(|(path, text)| file.fault(&path, text)));
        (alerts, plan)
    }

    fn local(&mut self) -> Local {
        let name = Path::new("definitions.toml");
        if !self.folder.join(name).exists() {
            return Local::new();
        }
        let Some(file) = self.parse(name) else { return Local::new() };
        let Some(definitions) = self.read::<Definitions>(&file, file.values.clone()) else {
            return Local::new();
        };
        let local = definitions.local().map_err(|path| {
            file.fault(&["field".to_owned(), path.clone()], format!("`{path}` is no field; write `PID-30`"))
        });
        self.note(local).unwrap_or_default()
    }

    /// The dialects; each belongs to a system, whose name its file has.
    fn dialects(&mut self, systems: Option<&BTreeMap<String, System>>) -> BTreeMap<String, Dialect> {
        let mut dialects = BTreeMap::new();
        for path in self.files("dialects", &["toml"]) {
            let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
            let (Some(name), Some(file)) = (name, self.parse(&path)) else { continue };
            let Some(dialect) = self.read::<Dialect>(&file, file.values.clone()) else { continue };
            let key = ["system".to_owned()];
            if dialect.system != name {
                let text = format!("the file of `{}` is dialects/{}.toml", dialect.system, dialect.system);
                self.faults.push(file.fault(&key, text));
            } else if systems.is_some_and(|systems| !systems.contains_key(&name)) {
                let known = systems.into_iter().flatten().map(|(name, _)| name.as_str());
                let hint = klinke_engine::steps::nearest(&name, known);
                let hint = hint.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                self.faults.push(file.fault(&key, format!("systems.toml has no `{name}`{hint}")));
            }
            dialects.insert(name, dialect);
        }
        dialects
    }

    /// The old archives; each is a system.
    fn migrations(&mut self, systems: &BTreeMap<String, System>) -> BTreeMap<String, Migration> {
        let mut migrations = BTreeMap::new();
        let today = Day::of(Timestamp::now());
        for path in self.files("migrations", &["toml"]) {
            let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
            let (Some(name), Some(mut file)) = (name, self.parse(&path)) else { continue };
            let Some(values) = self.expanded(&mut file) else { continue };
            let Some(mut migration) = self.read::<Migration>(&file, values) else { continue };
            migration.resolve(self.home);
            let of_system = match systems.get(&migration.system) {
                None => Err(("system", format!("systems.toml has no `{}`", migration.system))),
                Some(system) if matches!(migration.way, Way::Move | Way::Get) => {
                    match system.adapters.get("dicom") {
                        Some(_) => Ok(()),
                        None => Err(("system", format!("`{}` has no `dicom` entry", migration.system))),
                    }
                }
                Some(_) => Ok(()),
            };
            if let Err((key, text)) = of_system.and_then(|()| migration.sound(today)) {
                self.faults.push(file.fault(&[key.to_owned()], text));
            }
            migrations.insert(name, migration);
        }
        migrations
    }

    /// Reads a channel's values: what is said to adapters first, then the rest.
    fn channel(&mut self, source: &SourceFile, mut values: toml::Table) -> Option<Channel> {
        let way_in = values.get_mut("source").and_then(toml::Value::as_table_mut);
        let way_in = way_in.map(|table| take(table, Side::Source));
        let ways_out = values.get_mut("destination").and_then(toml::Value::as_array_mut);
        let ways_out: Vec<Adapters> = ways_out
            .into_iter()
            .flatten()
            .map(|value| value.as_table_mut().map(|table| take(table, Side::Destination)).unwrap_or_default())
            .collect();
        let mut channel = self.read::<Channel>(source, values)?;
        if let (Some(table), Some(adapters)) = (&mut channel.source, way_in) {
            table.adapters = adapters;
        }
        for (destination, adapters) in channel.destination.iter_mut().zip(ways_out) {
            destination.adapters = adapters;
        }
        Some(channel)
    }

    fn tables(&mut self) -> (Tables, BTreeMap<String, String>) {
        let (mut tables, mut texts) = (Tables::new(), BTreeMap::new());
        for file in self.files("tables", &["csv"]) {
            let Some(name) = file.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned) else {
                continue;
            };
            let Some(text) = self.text(&file) else { continue };
            match Table::parse(&text) {
                Ok(table) => {
                    tables.insert(name.clone(), table);
                    texts.insert(name, text);
                }
                Err(error) => self.faults.push(Fault {
                    file,
                    line: usize::try_from(error.line).ok(),
                    column: Some(1),
                    text: error.text,
                }),
            }
        }
        (tables, texts)
    }

    fn templates(&mut self) -> BTreeMap<String, String> {
        let mut templates = BTreeMap::new();
        for file in self.files("templates", &["hl7", "txt", "csv", "xml", "json"]) {
            let Some(name) = file.file_name().and_then(|name| name.to_str()).map(str::to_owned) else {
                continue;
            };
            if let Some(text) = self.text(&file) {
                templates.insert(name, text);
            }
        }
        templates
    }

    fn scripts(&mut self, part: &str, scripts: &mut BTreeMap<String, String>) {
        for file in self.files(part, &["ts", "js", "mts", "mjs"]) {
            if file.to_string_lossy().ends_with(".d.ts") {
                continue;
            }
            if let Some(text) = self.text(&file) {
                scripts.insert(file.to_string_lossy().replace('\\', "/"), text);
            }
        }
    }

    /// Files of a folder with one of these endings, sorted; none when the folder does not exist.
    fn files(&mut self, folder: &str, endings: &[&str]) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.folder.join(folder)) else { return Vec::new() };
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(Path::new(folder).join(entry.ok()?.file_name())))
            .filter(|file| {
                let ending = file.extension().and_then(|ending| ending.to_str());
                ending.is_some_and(|ending| endings.contains(&ending))
            })
            .collect();
        files.sort();
        files
    }
}

/// The file that says a list of `[archive]`: that of the overlay takes the place of the one below.
fn told_by<'a>(
    key: &str,
    file: Option<&'a SourceFile>,
    overlay: Option<&'a SourceFile>,
) -> Option<&'a SourceFile> {
    let has = |file: &&SourceFile| file.values.get("archive").is_some_and(|table| table.get(key).is_some());
    overlay.filter(has).or(file)
}

/// What values can't be although they are well formed: the way to the key, and why.
fn sound(node: &Node) -> Result<(), (Vec<String>, String)> {
    let key = |key: &str| vec![key.to_owned()];
    if Zone::named(&node.zone).is_none() {
        return Err((key("zone"), format!("there is no time zone `{}`; write Europe/Berlin", node.zone)));
    }
    let paths = SearchKeys::new().with_paths(node.search.iter().map(String::as_str));
    paths.map_err(|text| (key("search"), text))?;
    let sound = node.console.as_ref().map_or(Ok(()), |console| console.sound(&node.roles()));
    sound.map_err(|(below, text)| ([key("console"), below].concat(), text))?;
    let sound = node.archive.as_ref().map_or(Ok(()), |archive| archive.sound());
    sound.map_err(|(below, text)| ([key("archive"), below].concat(), text))
}

/// Lays `above` over `below`: tables are merged, all else is replaced.
fn lay_over(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}
