//! The document and the TypeScript of the API are those that its types make.
//! `BLESS=1` writes them anew.

#![allow(clippy::unwrap_used)] // Helpers fail a test as an assertion does.

use std::{env, fs, path::Path};

use hushwing_api::described;

fn is_what_is_checked_in(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, made).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == made,
        "{file} is not what the types make; write it anew with: BLESS=1 cargo nextest run \
         --workspace -E 'package(hushwing-api) and binary(described)'"
    );
}

#[test]
fn the_document_is_that_of_the_types() {
    let text = serde_json::to_string_pretty(&described::open_api()).unwrap();
    is_what_is_checked_in("docs/spec/openapi.json", &format!("{text}\n"));
}

#[test]
fn the_type_script_is_that_of_the_types() {
    is_what_is_checked_in("ui/web/src/api/schema.ts", &described::type_script());
}
