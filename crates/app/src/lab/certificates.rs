//! Certificates of the laboratory, made anew each time: good ones, and each of the wrong ways.

use std::path::Path;

use anyhow::Result;
use klinke_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};

/// The name in the partner's certificates.
pub const NAME: &str = "ris.hospital.example";

const DAY: i64 = 86_400_000_000;

/// Makes all of them in a folder: `ca.pem`, and `<name>.pem` with `<name>.key`.
pub fn make(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let (own, strange) = (authority("Hospital")?, authority("Somebody")?);
    std::fs::write(folder.join("ca.pem"), own.pem())?;
    let write = |name: &str, issuer: &CertifiedIssuer<'static, KeyPair>, of: &str, from: i64, until: i64| {
        one(folder, name, issuer, of, (from, until))
    };
    write("good", &own, NAME, -30, 400)?;
    write("soon", &own, NAME, -30, 5)?;
    write("expired", &own, NAME, -400, -10)?;
    write("not-yet", &own, NAME, 10, 400)?;
    write("other-name", &own, "pacs.elsewhere.example", -30, 400)?;
    write("unknown", &strange, NAME, -30, 400)
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, format!("{name} CA"));
    Ok(CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?)
}

fn one(
    folder: &Path,
    name: &str,
    issuer: &CertifiedIssuer<'static, KeyPair>,
    of: &str,
    (from, until): (i64, i64),
) -> Result<()> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(vec![of.to_owned()])?;
    parameters.distinguished_name.push(DnType::CommonName, of);
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let ((year, month, day), (last_year, last_month, last_day)) = (date(from), date(until));
    parameters.not_before = rcgen::date_time_ymd(year, month, day);
    parameters.not_after = rcgen::date_time_ymd(last_year, last_month, last_day);
    let certificate = parameters.signed_by(&key, issuer)?;
    std::fs::write(folder.join(format!("{name}.pem")), certificate.pem())?;
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem())?;
    Ok(())
}

/// The date so many days from now.
fn date(from_now: i64) -> (i32, u8, u8) {
    let (year, month, day, ..) = Timestamp(Timestamp::now().0 + from_now * DAY).parts();
    let small = |number: u32| u8::try_from(number).unwrap_or(1);
    (i32::try_from(year).unwrap_or(2_000), small(month), small(day))
}
