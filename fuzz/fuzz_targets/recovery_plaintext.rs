#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hushwing_corpora::wire::recovery_plaintext(input));
