//! For tests: pretends to be the tray of a desktop, as `org.kde.StatusNotifierWatcher` on the
//! session bus. Each line on standard output tells what the window's sign says; a line on
//! standard input, `click LABEL`, chooses an item of its menu; the end of input ends it.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test's tool: what goes wrong ends it, and the test sees that"
)]

use std::{
    io::{self, BufRead},
    sync::{Arc, Mutex, mpsc},
    thread,
};

use gtk::{
    gio::{self, prelude::*},
    glib::{self, MainLoop, Variant, VariantDict},
};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
const WATCHER_XML: &str = "<node><interface name='org.kde.StatusNotifierWatcher'>\
    <method name='RegisterStatusNotifierItem'><arg type='s' direction='in'/></method>\
    <method name='RegisterStatusNotifierHost'><arg type='s' direction='in'/></method>\
    <property name='IsStatusNotifierHostRegistered' type='b' access='read'/>\
    <property name='ProtocolVersion' type='i' access='read'/>\
    <property name='RegisteredStatusNotifierItems' type='as' access='read'/>\
    </interface></node>";

/// Who registered a sign, and where on its connection it is.
type Sign = Arc<Mutex<Option<(String, String)>>>;

fn main() {
    let bus = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE).unwrap();
    let interface = gio::DBusNodeInfo::for_xml(WATCHER_XML)
        .unwrap()
        .lookup_interface(WATCHER)
        .unwrap();
    let sign: Sign = Arc::default();
    let registered = sign.clone();
    let _object = bus
        .register_object(
            "/StatusNotifierWatcher",
            &interface,
            move |_, sender, _, _, method, arguments, answer| {
                let named: String = arguments.child_value(0).get().unwrap();
                answer.return_value(None);
                if method != "RegisterStatusNotifierItem" {
                    return;
                }
                let (name, path) = if named.starts_with('/') {
                    (sender.to_owned(), named)
                } else {
                    (named, "/StatusNotifierItem".to_owned())
                };
                *registered.lock().unwrap() = Some((name, path));
                println!("registered");
            },
            |_, _, _, _, property| match property {
                "IsStatusNotifierHostRegistered" => true.to_variant(),
                "ProtocolVersion" => 0_i32.to_variant(),
                _ => Vec::<String>::new().to_variant(),
            },
            |_, _, _, _, _, _| false,
        )
        .unwrap();
    let _name = gio::bus_own_name_on_connection(
        &bus,
        WATCHER,
        gio::BusNameOwnerFlags::NONE,
        |_, _| println!("ready"),
        |_, _| panic!("another tray is there"),
    );
    let (say, said) = async_lines();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let _ = say(line.unwrap());
        }
        let _ = say("end".to_owned());
    });
    let main_loop = MainLoop::new(None, false);
    let ending = main_loop.clone();
    glib::timeout_add_local(std::time::Duration::from_millis(30), move || {
        while let Some(line) = said() {
            if line == "end" {
                ending.quit();
            } else if line == "tell" {
                tell(&bus, &sign);
            } else if let Some(label) = line.strip_prefix("click ") {
                click(&bus, &sign, label);
            }
        }
        glib::ControlFlow::Continue
    });
    main_loop.run();
}

fn async_lines() -> (
    impl Fn(String) -> Result<(), mpsc::SendError<String>>,
    impl Fn() -> Option<String>,
) {
    let (sender, receiver) = mpsc::channel();
    (
        move |line| sender.send(line),
        move || receiver.try_recv().ok(),
    )
}

fn call(
    bus: &gio::DBusConnection,
    to: &str,
    at: &str,
    of: &str,
    method: &str,
    with: Variant,
) -> Variant {
    bus.call_sync(
        Some(to),
        at,
        of,
        method,
        Some(&with),
        None,
        gio::DBusCallFlags::NONE,
        5_000,
        gio::Cancellable::NONE,
    )
    .unwrap()
}

fn property(bus: &gio::DBusConnection, (name, path): &(String, String), key: &str) -> Variant {
    let asked = (ITEM, key).to_variant();
    let answer = call(
        bus,
        name,
        path,
        "org.freedesktop.DBus.Properties",
        "Get",
        asked,
    );
    answer.child_value(0).as_variant().unwrap()
}

/// The items of the menu: number and label.
fn items(bus: &gio::DBusConnection, sign: &(String, String)) -> (String, Vec<(i32, String)>) {
    let menu = property(bus, sign, "Menu").str().unwrap().to_owned();
    let asked = (0_i32, -1_i32, Vec::<String>::new()).to_variant();
    let layout = call(bus, &sign.0, &menu, MENU, "GetLayout", asked).child_value(1);
    let children = layout.child_value(2);
    let items = (0..children.n_children())
        .map(|n| {
            let item = children.child_value(n).as_variant().unwrap();
            let of_item = VariantDict::new(Some(&item.child_value(1)));
            let label: Option<String> = of_item.lookup("label").unwrap();
            (
                item.child_value(0).get().unwrap(),
                label.unwrap_or_default(),
            )
        })
        .collect();
    (menu, items)
}

fn tell(bus: &gio::DBusConnection, sign: &Sign) {
    let sign = sign.lock().unwrap();
    let sign = sign.as_ref().unwrap();
    let labels: Vec<String> = items(bus, sign).1.into_iter().map(|item| item.1).collect();
    println!("menu {}", labels.join("|"));
    for key in ["Id", "Title", "IconName"] {
        println!("{key} {}", property(bus, sign, key).str().unwrap_or(""));
    }
}

fn click(bus: &gio::DBusConnection, sign: &Sign, label: &str) {
    let sign = sign.lock().unwrap();
    let sign = sign.as_ref().unwrap();
    let (menu, items) = items(bus, sign);
    let number = items.iter().find(|item| item.1 == label).unwrap().0;
    let event = (number, "clicked", 0_i32.to_variant(), 0_u32).to_variant();
    call(bus, &sign.0, &menu, MENU, "Event", event);
    println!("clicked {label}");
}
