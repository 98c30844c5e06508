#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hushwing_corpora::vault::backup_archive(input));
