#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hushwing_corpora::link::tls_raw_key(input));
