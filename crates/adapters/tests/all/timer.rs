//! The clock as a source.

use std::time::Duration;

use klinke_adapters::timer::Source;
use serde_json::json;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn an_empty_envelope_every_so_often() {
    let desk = Desk::open();
    let source = run(Source::new(config(json!({ "every": "1h" }))).unwrap(), &desk).await;
    assert_eq!(source.address, "every 1h");
    tokio::time::sleep(Duration::from_secs(3 * 3600 + 1)).await;
    assert_eq!(desk.payloads(), ["", "", ""]);
    source.end().await;
}

#[tokio::test]
async fn settings_that_can_not_be_right() {
    for settings in [json!({}), json!({ "every": "10ms" }), json!({ "every": "1h", "daily": "03:30" })] {
        assert!(Source::new(config(settings)).is_err());
    }
}
