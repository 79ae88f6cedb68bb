//! A client's frame is read or refused, and one that is read is written and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use papo_protocol::{ServerFrame, parse_client_frame};

fuzz_target!(|text: &str| {
    if let Ok(frame) = parse_client_frame(text) {
        let written = serde_json::to_string(&frame).expect("a frame can be written");
        assert_eq!(parse_client_frame(&written), Ok(frame));
    }
    // Our own client and tests read these.
    if let Ok(frame) = serde_json::from_str::<ServerFrame>(text) {
        assert!(!papo_protocol::encode(&frame).is_empty());
    }
});
