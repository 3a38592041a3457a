//! The script boundary: any text compiles or fails with its place, and a script that reads and writes a
//! message leaves a message, whatever bytes the message has.
#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use klinke_engine::script::{Limits, ScriptHost};
use klinke_engine::step::Context;
use klinke_formats::all;
use klinke_model::{ChannelId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use libfuzzer_sys::fuzz_target;

const FIXED: &str = r#"export default (msg: any, ctx: any) => {
  for (const path of ["MSH-9.1", "PID-5", "PID-3[2].1", "OBX[*]-5", "ZZZ-1"]) {
    msg.set(path, String(msg.get(path)) + "ü|^");
    ctx.note(msg.get(path));
  }
  return msg;
};
"#;

fuzz_target!(|input: (bool, Vec<u8>)| {
    let (is_script, bytes) = input;
    let limits =
        Limits { time_max: Duration::from_millis(200), memory_bytes_max: 8 << 20, ..Limits::default() };
    let text = if is_script { String::from_utf8_lossy(&bytes).into_owned() } else { FIXED.to_owned() };
    let payload = match is_script {
        true => b"MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5\rPID|1||1\r".to_vec(),
        false => bytes,
    };
    let scripts: BTreeMap<String, String> = [("channels/a.ts".to_owned(), text)].into_iter().collect();
    let Ok(step) = ScriptHost::new(limits).compile(&scripts, "channels/a.ts") else { return };
    let format = all().get("hl7v2").expect("the format").clone();
    let Ok(document) = format.open(&Payload::new(payload.clone()), None) else { return };
    let envelope = Envelope {
        id: EnvelopeId(7),
        channel: ChannelId(1),
        version: VersionId(1),
        received: Timestamp(1_772_352_900_250_000),
        system: "kis".into(),
        peer: "peer".into(),
        format: "hl7v2".into(),
        origin: Origin::Received,
        fingerprint: None,
        payload: Payload::new(payload),
    };
    let _ = klinke_engine::step::Step::apply_all(&step, &mut Context::new(&envelope, "fuzz"), vec![document]);
});
