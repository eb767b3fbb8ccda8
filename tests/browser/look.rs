//! What is wrong with a page as it is drawn: on a small screen, by light and in the dark, for the keyboard,
//! and for whoever has it read out.

use serde_json::{Value, json};

use crate::tab::Tab;

/// What somebody acts on, by its role, and so has to be told what it is.
const NAMED: [&str; 14] = [
    "button",
    "checkbox",
    "combobox",
    "DateTime",
    "DisclosureTriangle",
    "Iframe",
    "link",
    "listbox",
    "progressbar",
    "radio",
    "searchbox",
    "slider",
    "spinbutton",
    "textbox",
];

/// A screen of 360 by 740.
pub(crate) async fn on_a_small_screen(tab: &Tab) {
    let size = json!({ "width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": false });
    tab.devtools("Emulation.setDeviceMetricsOverride", size)
        .await;
}

/// Presses the key that leads on: from here on the keyboard is what the focus is shown for.
pub(crate) async fn press_tab(tab: &Tab) {
    for kind in ["rawKeyDown", "keyUp"] {
        let key = json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
        tab.devtools("Input.dispatchKeyEvent", key).await;
    }
}

/// Prefers `light` or `dark`.
pub(crate) async fn prefer(tab: &Tab, scheme: &str) {
    let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
    let features = json!({ "features": [feature] });
    tab.devtools("Emulation.setEmulatedMedia", features).await;
}

/// What is wrong with the page that is open.
pub(crate) async fn faults(tab: &Tab) -> Vec<String> {
    let mut faults = tab.complaints().await;
    press_tab(tab).await;
    for scheme in ["light", "dark"] {
        prefer(tab, scheme).await;
        let seen = tab.run(include_str!("look.js")).await;
        let seen = seen.as_array().unwrap().iter();
        faults.extend(seen.map(|fault| format!("{scheme}: {}", fault.as_str().unwrap())));
    }
    let tree = tab.devtools("Accessibility.getFullAXTree", json!({})).await;
    let nameless = tree["nodes"].as_array().unwrap().iter().filter(|node| {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        let name = node["name"]["value"].as_str().unwrap_or_default();
        node["ignored"] == Value::Bool(false) && NAMED.contains(&role) && name.is_empty()
    });
    faults.extend(nameless.map(|node| format!("has no name: {}", node["role"])));
    faults
}
