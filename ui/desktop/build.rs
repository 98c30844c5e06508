//! Takes in Tauri's configuration.

fn main() {
    tauri_build::build();
}
