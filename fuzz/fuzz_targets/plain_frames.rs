//! A plain client's frame is read as serde_json alone would read it, or refused for its depth.
#![no_main]

use libfuzzer_sys::fuzz_target;
use papo_protocol::parse_plain_frame;

fuzz_target!(|text: &str| {
    match parse_plain_frame(text) {
        Ok(frame) => {
            let again = serde_json::json!({"message": frame.message, "username": frame.username}).to_string();
            assert_eq!(parse_plain_frame(&again), Ok(frame));
        }
        Err(why) => assert!(!why.is_empty()),
    }
});
