//! The API's types as an OpenAPI document and as TypeScript, both made of the Rust types.
//! Only with the feature `schema`, which no program turns on.
//!
//! `[HW-API-20]` What is checked in of both is what this makes: a test compares them.

use std::{collections::BTreeMap, fmt::Write};

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    opening::{Code, Judged},
    pages::Opened,
    passphrase::Strength,
    ring::Frame,
    schema::{Command, CommandError, Reply},
    spool::Uploaded,
};

/// Where the document keeps its types.
const TYPES: &str = "/components/schemas";

/// Indentation of one level of the TypeScript.
const INDENT: &str = "  ";

type Definitions = BTreeMap<String, Value>;

/// The OpenAPI 3.1 document of version 0.
///
/// # Panics
/// When two types share a name and differ: a mistake in the program.
#[must_use]
pub fn open_api() -> Value {
    let definitions = definitions();
    let refer = |name: &str| json!({ "$ref": format!("#{TYPES}/{name}") });
    let body = |name: &str| json!({ "application/json": { "schema": refer(name) } });
    let failed = json!({
        "401": { "description": "The secret or the token is missing, wrong or over. No body." },
        "403": { "description": "From another web page, or for programs alone. No body." },
        "default": {
            "description": "It was not done; why, for programs and for people.",
            "content": body("CommandError"),
        },
    });
    let answers = |description: &str, content: Value| {
        let mut all = failed.clone();
        all["200"] = json!({ "description": description, "content": content });
        all
    };
    let bytes = json!({
        "application/octet-stream": { "schema": { "type": "string", "format": "binary" } }
    });
    let id = json!([{
        "name": "id", "in": "path", "required": true,
        "description": "32 hexadecimal digits, chosen at random by whoever asks.",
        "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
    }]);
    let post = |what: &str, question: Option<&str>, description: &str, answer: &str| {
        let mut operation =
            json!({ "summary": what, "responses": answers(description, body(answer)) });
        if let Some(question) = question {
            operation["requestBody"] = json!({ "required": true, "content": body(question) });
        }
        json!({ "post": operation })
    };
    let mut open = post(
        "Exchange a code for a token. Needs no secret; each code works once.",
        Some("Code"),
        "The page is open.",
        "Opened",
    );
    open["post"]["security"] = json!([]);
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Hushwing, local API",
            "version": "0",
            "description": "On 127.0.0.1 only. Rules and words: docs/spec/8-local-interfaces.md.",
            "license": { "name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later" },
        },
        "servers": [{
            "url": "http://127.0.0.1:{port}",
            "variables": { "port": { "default": "0", "description": "As `api.json` tells it." } },
        }],
        "security": [{ "secret": [] }],
        "paths": {
            "/v0/command": post(
                "Carry out one command.", Some("Command"), "It was carried out.", "Reply",
            ),
            "/v0/session": open,
            "/v0/codes": post(
                "A new code that opens the app once. For programs alone.",
                None, "The code.", "Code",
            ),
            "/v0/strength": post(
                "How hard a passphrase is to guess.", Some("Judged"), "The estimate.", "Strength",
            ),
            "/v0/files/{id}": {
                "parameters": id,
                "put": {
                    "summary": "Hand a file in, which commands then name as spool:ID.",
                    "requestBody": { "required": true, "content": bytes.clone() },
                    "responses": answers("It is here.", body("Uploaded")),
                },
                "get": {
                    "summary": "Fetch a file that a command has made.",
                    "responses": answers("The file.", bytes),
                },
                "delete": {
                    "summary": "Delete a file.",
                    "responses": {
                        "204": { "description": "It is not there any more." },
                        "401": failed["401"], "403": failed["403"], "default": failed["default"],
                    },
                },
            },
            "/v0/events": { "get": {
                "summary": "A WebSocket with one Frame a text frame.",
                "parameters": [
                    { "name": "run", "in": "query", "schema": { "type": "string" },
                      "description": "With `after`: the run of the daemon that was listened to." },
                    { "name": "after", "in": "query", "schema": { "type": "integer" },
                      "description": "The serial of the last event that is known." },
                ],
                "responses": {
                    "101": { "description": "The stream.", "content": body("Frame") },
                    "401": failed["401"], "403": failed["403"], "default": failed["default"],
                },
            }},
        },
        "components": {
            "securitySchemes": { "secret": {
                "type": "http", "scheme": "bearer",
                "description": "The session's secret, or the token of an open page. A page's \
                    WebSocket offers the subprotocols hushwing.v0 and hushwing.token.TOKEN.",
            }},
            "schemas": definitions,
        },
    })
}

/// The types as TypeScript.
///
/// # Panics
/// When a type is described in a way that is not known here: then this must learn it.
#[must_use]
pub fn type_script() -> String {
    let mut text = String::from(
        "// Made of the Rust types of the local API by crates/api/src/described.rs; do not edit.\n",
    );
    for (name, schema) in definitions() {
        text.push('\n');
        comment(&mut text, "", &schema);
        let written = type_of(&schema, 0);
        let space = if written.starts_with('\n') { "" } else { " " };
        writeln!(text, "export type {name} ={space}{written};").expect("a String takes all");
    }
    text
}

/// Every type that is said over the API, by its name.
fn definitions() -> Definitions {
    let mut all = Definitions::new();
    let asked = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = TYPES.into();
    });
    let told = asked.clone().for_serialize();
    let mut add = |more: Definitions| {
        for (name, schema) in more {
            if let Some(other) = all.get(&name) {
                assert_eq!(*other, schema, "two types are called {name}");
            }
            all.insert(name, schema);
        }
    };
    add(described::<Command>(&asked));
    add(described::<Judged>(&asked));
    add(described::<Code>(&asked));
    add(described::<Reply>(&told));
    add(described::<Frame>(&told));
    add(described::<CommandError>(&told));
    add(described::<Opened>(&told));
    add(described::<Strength>(&told));
    add(described::<Uploaded>(&told));
    all
}

fn described<T: JsonSchema>(settings: &SchemaSettings) -> Definitions {
    let mut generator = settings.clone().into_generator();
    let _ = generator.subschema_for::<T>();
    let definitions = generator.take_definitions(true);
    definitions.into_iter().collect()
}

/// What a schema says in words, as a comment in front of what it describes.
fn comment(text: &mut String, indent: &str, schema: &Value) {
    let Some(description) = schema["description"].as_str() else {
        return;
    };
    let mut lines = description.lines().map(|line| line.replace("*/", "* /"));
    let first = lines.next().unwrap_or_default();
    let rest: Vec<_> = lines.collect();
    if rest.is_empty() {
        writeln!(text, "{indent}/** {first} */").expect("a String takes all");
        return;
    }
    writeln!(text, "{indent}/**").expect("a String takes all");
    for line in std::iter::once(first).chain(rest) {
        writeln!(text, "{}", format!("{indent} * {line}").trim_end()).expect("a String takes all");
    }
    writeln!(text, "{indent} */").expect("a String takes all");
}

/// Keywords that say nothing about the form of a value in TypeScript.
const PASSED_OVER: &[&str] = &["description", "format", "minimum", "maximum", "default"];

/// A schema as a type, `depth` levels deep.
fn type_of(schema: &Value, depth: usize) -> String {
    let Some(schema) = schema.as_object() else {
        assert_eq!(
            *schema,
            Value::Bool(true),
            "a schema of this form is not known"
        );
        return "unknown".to_owned();
    };
    let mut parts = Vec::new();
    for (keyword, value) in schema {
        match keyword.as_str() {
            "$ref" => {
                let path = value.as_str().unwrap_or_default();
                parts.push(path.rsplit('/').next().unwrap_or_default().to_owned());
            }
            "const" => parts.push(value.to_string()),
            "enum" => parts.push(union(list(value).iter().map(Value::to_string))),
            "oneOf" | "anyOf" => parts.push(alternatives(value, depth)),
            "allOf" => parts.extend(list(value).iter().map(|part| type_of(part, depth))),
            // A constant or a list of them says its type itself.
            "type" if schema.contains_key("const") || schema.contains_key("enum") => {}
            "type" => parts.extend(of_kind(value, schema, depth)),
            // Parts of an object or of an array.
            "properties" | "required" | "items" | "minItems" | "maxItems" => {}
            keyword => assert!(PASSED_OVER.contains(&keyword), "{keyword} is not known"),
        }
    }
    match parts.len() {
        0 => "unknown".to_owned(),
        1 => parts.remove(0),
        _ => {
            let parts: Vec<_> = parts.into_iter().map(bracketed).collect();
            parts.join(" & ")
        }
    }
}

/// What `type` says; nothing for an object without fields of its own beside alternatives.
fn of_kind(kind: &Value, schema: &Map<String, Value>, depth: usize) -> Option<String> {
    if let Value::Array(kinds) = kind {
        return Some(union(
            kinds.iter().filter_map(|kind| of_kind(kind, schema, depth)),
        ));
    }
    Some(match kind.as_str().unwrap_or_default() {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => array(schema, depth),
        "object" => return object(schema, depth),
        kind => panic!("the type {kind} is not known"),
    })
}

/// An array, or as many values as there always are.
fn array(schema: &Map<String, Value>, depth: usize) -> String {
    let of = type_of(&schema["items"], depth);
    let bound = |name| schema.get(name).and_then(Value::as_u64);
    match (bound("minItems"), bound("maxItems")) {
        (Some(least), Some(most)) if least == most => {
            let all: Vec<_> = (0..most).map(|_| of.as_str()).collect();
            format!("[{}]", all.join(", "))
        }
        _ => format!("{}[]", bracketed(of)),
    }
}

fn object(schema: &Map<String, Value>, depth: usize) -> Option<String> {
    let fields = schema.get("properties")?.as_object()?;
    let required = schema.get("required").map(list).unwrap_or_default();
    let mut text = String::from("{\n");
    let indent = INDENT.repeat(depth + 1);
    for (name, field) in fields {
        comment(&mut text, &indent, field);
        let mark = if required.iter().any(|other| other == name) {
            ""
        } else {
            "?"
        };
        let of = type_of(field, depth + 1);
        writeln!(text, "{indent}{name}{mark}: {of};").expect("a String takes all");
    }
    text += &INDENT.repeat(depth);
    text.push('}');
    Some(text)
}

/// Alternatives, each on a line of its own with its words where it has some.
fn alternatives(all: &Value, depth: usize) -> String {
    let all = list(all);
    if all.iter().all(|one| one["description"].is_null()) {
        return union(all.iter().map(|one| type_of(one, depth)));
    }
    let indent = INDENT.repeat(depth + 1);
    let mut text = String::new();
    for one in all {
        text.push('\n');
        comment(&mut text, &indent, one);
        let of = type_of(one, depth + 1);
        write!(text, "{indent}| {of}").expect("a String takes all");
    }
    text
}

fn union(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join(" | ")
}

/// `part` so that it can stand beside others.
fn bracketed(part: String) -> String {
    if part.contains('|') {
        format!("({part})")
    } else {
        part
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
