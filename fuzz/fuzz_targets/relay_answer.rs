#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hushwing_corpora::calls::relay_answer(input));
